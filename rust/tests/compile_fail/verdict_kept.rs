// SPDX-License-Identifier: GPL-2.0-only
// error: E0521

//! A verdict is not kept for another packet.

use netfilter::*;

use kernel::sync::SpinLock;

pub struct H;

impl Hook for H {
    type Data = SpinLock<Option<Verdict<'static>>>;

    fn hook<'p>(kept: &Self::Data, packet: Packet<'p>) -> Verdict<'p> {
        match kept.lock().replace(packet.accept()) {
            Some(verdict) => verdict,
            None => loop {},
        }
    }
}
