// SPDX-License-Identifier: GPL-2.0-only
// error: E0382

//! A packet that is stolen cannot go on as well.

use netfilter::*;

pub fn both<'p>(packet: Packet<'p>) -> Verdict<'p> {
    if let Ok((_verdict, stolen)) = packet.steal() {
        stolen.resume();
    }
    packet.accept()
}
