// SPDX-License-Identifier: GPL-2.0-only
// error: E0277

//! A packet belongs to the CPU that the hook runs on.

use netfilter::*;

fn send<T: Send>(_: T) {}

pub fn elsewhere(packet: Packet<'_>) {
    send(packet);
}
