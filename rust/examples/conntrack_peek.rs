// SPDX-License-Identifier: GPL-2.0-only

//! What connection tracking says of a packet, just before and just after its hook at -200.
//!
//!     insmod nf_example_conntrack_peek.ko
//!     nft add table t; nft add chain t c '{ type filter hook output priority 0; }'
//!     nft add rule t c ct state new     # without such a rule nothing is tracked
//!     ping -c 1 127.0.0.1; dmesg | tail

#![deny(unsafe_code)]

use netfilter::prelude::*;

module! {
    type: ConntrackPeek,
    name: "nf_example_conntrack_peek",
    description: "Example: connection tracking, before and after",
    license: "GPL",
}

struct Peek<const AFTER: bool>;

impl<const AFTER: bool> Hook for Peek<AFTER> {
    type Data = ();

    fn hook<'p>((): &(), packet: Packet<'p>) -> Verdict<'p> {
        if let (Some(ip), Some(transport)) = (packet.ip(), packet.transport()) {
            let when = if AFTER { "after" } else { "before" };
            match packet.conntrack() {
                Some(ct) => pr_info!("{} {} {}: {}\n", ip, transport, when, ct.state()),
                None => pr_info!("{} {} {}: none\n", ip, transport, when),
            }
        }
        packet.accept()
    }
}

/// Connection tracking stands where packets come into a host's view: received, or sent by itself.
const OPS: [Op<()>; 4] = [
    Op::inet::<Peek<false>>(Point::PreRouting, Priority::CONNTRACK.before()),
    Op::inet::<Peek<true>>(Point::PreRouting, Priority::CONNTRACK.after()),
    Op::inet::<Peek<false>>(Point::LocalOut, Priority::CONNTRACK.before()),
    Op::inet::<Peek<true>>(Point::LocalOut, Priority::CONNTRACK.after()),
];

struct ConntrackPeek {
    _registration: Registration<()>,
}

impl kernel::Module for ConntrackPeek {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        Ok(Self {
            _registration: Registration::in_all_nets(&OPS, ())?,
        })
    }
}
