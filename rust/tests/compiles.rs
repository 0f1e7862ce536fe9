// SPDX-License-Identifier: GPL-2.0-only

//! What `compile-fail-test` compiles first: with the same flags, a hook as it should be.

use netfilter::*;

/// Drops, or keeps for a second.
pub struct H;

impl Hook for H {
    type Data = ();

    fn hook<'p>((): &(), mut packet: Packet<'p>) -> Verdict<'p> {
        packet.set_mark(1);
        match packet.steal() {
            Ok((verdict, stolen)) => {
                stolen.resume_after_ns(1_000_000_000);
                verdict
            }
            Err(packet) => packet.drop(),
        }
    }
}

/// Where it is.
pub const OP: Op<()> = Op::inet::<H>(Point::PreRouting, Priority::FILTER);
