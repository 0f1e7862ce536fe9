// SPDX-License-Identifier: GPL-2.0-only
// error: E0505

//! A connection is not looked at when its packet has gone on.

use netfilter::*;

pub fn read(packet: Packet<'_>) -> Verdict<'_> {
    let conntrack = packet.conntrack();
    let verdict = packet.accept();
    let _state = conntrack.map(|conntrack| conntrack.state());
    verdict
}
