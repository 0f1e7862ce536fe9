// SPDX-License-Identifier: GPL-2.0-only
// error: E0477

//! The data outlives the hooks, and a registration can be leaked.

use netfilter::*;

pub struct H<'a>(&'a u32);

impl<'a> Hook for H<'a> {
    type Data = &'a u32;

    fn hook<'p>(_: &Self::Data, packet: Packet<'p>) -> Verdict<'p> {
        packet.accept()
    }
}
