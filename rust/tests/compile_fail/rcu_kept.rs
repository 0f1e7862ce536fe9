// SPDX-License-Identifier: GPL-2.0-only
// error: lifetime may not live long enough

//! That RCU is locked ends with the hook.

use netfilter::{prelude::*, RcuCell};

struct Keep;

impl Hook for Keep {
    type Data = RcuCell<u32>;

    fn hook<'p>(cell: &RcuCell<u32>, packet: Packet<'p>) -> Verdict<'p> {
        let _kept: &'static u32 = cell.read(packet.rcu());
        packet.accept()
    }
}
