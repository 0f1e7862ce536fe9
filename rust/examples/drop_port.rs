// SPDX-License-Identifier: GPL-2.0-only

//! Drops what arrives for UDP port 9 and counts the rest: a first hook to begin from.
//!
//!     insmod nf_example_drop_port.ko
//!     ping -c 1 127.0.0.1; echo hello | nc -u -w 1 127.0.0.1 9
//!     rmmod nf_example_drop_port; dmesg | tail -n 1

#![deny(unsafe_code)]

use netfilter::prelude::*;

module! {
    type: DropPort,
    name: "nf_example_drop_port",
    description: "Example: drops UDP to port 9, counts the rest",
    license: "GPL",
}

struct DropPort(Registration<Counter>);

impl Hook for DropPort {
    type Data = Counter;

    fn hook<'p>(rest: &Counter, packet: Packet<'p>) -> Verdict<'p> {
        match packet.udp().map(|udp| udp.destination()) {
            Some(9) => packet.drop(),
            _ => packet.count(rest).accept(),
        }
    }
}

impl kernel::Module for DropPort {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let op = Op::inet::<Self>(Point::LocalIn, Priority::FILTER);
        Registration::in_all_nets(&[op], Counter::new()?).map(Self)
    }
}

impl Drop for DropPort {
    fn drop(&mut self) {
        pr_info!("{} other packets\n", self.0.sum());
    }
}
