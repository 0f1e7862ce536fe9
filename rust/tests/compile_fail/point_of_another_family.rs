// SPDX-License-Identifier: GPL-2.0-only
// error: E0308

//! A family has its own points.

use netfilter::*;

pub struct H;

impl Hook<Arp> for H {
    type Data = ();

    fn hook<'p>((): &(), packet: Packet<'p, Arp>) -> Verdict<'p> {
        packet.accept()
    }
}

pub const OP: Op<()> = Op::arp::<H>(Point::PreRouting, Priority::FILTER);
