// SPDX-License-Identifier: GPL-2.0-only
// error: E0277

//! A hook gets packets of the family that it is for.

use netfilter::*;

pub struct H;

impl Hook<Netdev> for H {
    type Data = ();

    fn hook<'p>((): &(), packet: Packet<'p, Netdev>) -> Verdict<'p> {
        packet.accept()
    }
}

pub const OP: Op<()> = Op::inet::<H>(Point::PreRouting, Priority::FILTER);
