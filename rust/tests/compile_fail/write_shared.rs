// SPDX-License-Identifier: GPL-2.0-only
// error: E0596

//! A packet that is only borrowed is not changed.

use netfilter::*;

pub fn write(packet: &Packet<'_>) {
    packet.set_mark(1);
}
