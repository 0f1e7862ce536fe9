// SPDX-License-Identifier: GPL-2.0-only
// error: E0599

//! The core cannot send on what it queues of ARP.

use netfilter::*;

pub fn queue<'p>(packet: Packet<'p, Arp>) -> Verdict<'p> {
    packet.queue(0)
}
