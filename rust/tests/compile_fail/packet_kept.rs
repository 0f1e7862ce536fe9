// SPDX-License-Identifier: GPL-2.0-only
// error: lifetime may not live long enough

//! A packet does not outlive the call of its hook.

use netfilter::*;

pub fn keep(kept: &mut Option<Packet<'static>>, packet: Packet<'_>) {
    *kept = Some(packet);
}
