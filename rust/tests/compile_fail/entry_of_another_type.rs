// SPDX-License-Identifier: GPL-2.0-only
// error: E0277

//! An entry's data are what its hook takes.

use netfilter::*;

pub struct H;

impl Hook for H {
    type Data = u64;

    fn hook<'p>(_: &u64, packet: Packet<'p>) -> Verdict<'p> {
        packet.accept()
    }
}

pub fn entries(net: &Net) {
    let entry = (Op::inet::<H>(Point::PreRouting, Priority::FILTER), 0_u32);
    let _ = Registration::entries_in_net(net, [entry]);
}
