// SPDX-License-Identifier: GPL-2.0-only
// error: E0308

//! Hooks get the data that they are for.

use netfilter::*;

pub struct H;

impl Hook for H {
    type Data = u64;

    fn hook<'p>(_: &u64, packet: Packet<'p>) -> Verdict<'p> {
        packet.accept()
    }
}

pub const OP: Op<u32> = Op::inet::<H>(Point::PreRouting, Priority::FILTER);
