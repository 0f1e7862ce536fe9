// SPDX-License-Identifier: GPL-2.0-only
// error: E0277

//! All CPUs share the data.

use netfilter::*;

pub struct H;

impl Hook for H {
    type Data = core::cell::Cell<u32>;

    fn hook<'p>(data: &Self::Data, packet: Packet<'p>) -> Verdict<'p> {
        data.set(1);
        packet.accept()
    }
}
