// SPDX-License-Identifier: GPL-2.0-only

//! Prints each packet that arrives, IPv4 and IPv6: addresses, protocol, ports.
//!
//!     insmod nf_example_print_packets.ko
//!     ping -c 1 127.0.0.1
//!     dmesg | tail -n 2
//!
//! A line a packet is for trying things out: on a busy machine it drowns the log.

#![deny(unsafe_code)]

use netfilter::prelude::*;

module! {
    type: PrintPackets,
    name: "nf_example_print_packets",
    description: "Example: prints each packet that arrives",
    license: "GPL",
}

struct PrintPackets {
    _registration: Registration<()>,
}

impl Hook for PrintPackets {
    type Data = ();

    fn hook<'p>((): &(), packet: Packet<'p>) -> Verdict<'p> {
        // None of either: malformed. What is printed of packets has gone through these checks.
        if let (Some(ip), Some(transport)) = (packet.ip(), packet.transport()) {
            pr_info!("{} {}\n", ip, transport);
        }
        packet.accept()
    }
}

impl kernel::Module for PrintPackets {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let op = Op::inet::<Self>(Point::PreRouting, Priority::FIRST);
        Ok(Self {
            _registration: Registration::in_all_nets(&[op], ())?,
        })
    }
}
