// SPDX-License-Identifier: GPL-2.0-only
// error: E0521

//! A namespace is not kept beyond the call.

use netfilter::*;

use kernel::sync::SpinLock;

pub fn keep(kept: &SpinLock<Option<&'static Net>>, packet: &Packet<'_>) {
    *kept.lock() = Some(packet.state().net());
}
