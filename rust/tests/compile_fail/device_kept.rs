// SPDX-License-Identifier: GPL-2.0-only
// error: E0521

//! A device is not kept beyond the call.

use netfilter::*;

use kernel::sync::SpinLock;

pub fn keep(kept: &SpinLock<Option<&'static Device>>, packet: &Packet<'_>) {
    *kept.lock() = packet.state().in_device();
}
