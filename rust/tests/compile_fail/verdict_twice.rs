// SPDX-License-Identifier: GPL-2.0-only
// error: E0382

//! There is one verdict for a packet.

use netfilter::*;

pub fn two(packet: Packet<'_>) {
    let _accepted = packet.accept();
    let _dropped = packet.drop();
}
