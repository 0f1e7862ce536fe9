// SPDX-License-Identifier: GPL-2.0-only
// error: E0502

//! What is read from a packet ends when the packet is changed: it may have moved.

use netfilter::*;

pub fn read(packet: &mut Packet<'_>) -> Option<u8> {
    let ip = packet.ip()?;
    packet.set_ttl(1).ok()?;
    Some(ip.ttl())
}
