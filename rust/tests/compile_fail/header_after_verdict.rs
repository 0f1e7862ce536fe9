// SPDX-License-Identifier: GPL-2.0-only
// error: E0505

//! What is read from a packet ends with it.

use netfilter::*;

pub fn read(packet: Packet<'_>) -> Verdict<'_> {
    let ip = packet.ip();
    let verdict = packet.accept();
    let _ttl = ip.map(|ip| ip.ttl());
    verdict
}
