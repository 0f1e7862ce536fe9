// SPDX-License-Identifier: GPL-2.0-only

//! Drops what arrives for UDP port 9 and counts the rest: a first hook to begin from.
//!
//!     insmod nf_example_drop_port.ko
//!     ping -c 1 127.0.0.1; echo hello | nc -u -w 1 127.0.0.1 9
//!     rmmod nf_example_drop_port; dmesg | tail -n 1

#![deny(unsafe_code)]

use kernel::prelude::*;
use kernel::sync::atomic::{Atomic, Relaxed};
use netfilter::{Hook, Op, Packet, Point, Priority, Registration, Transport, Verdict};

module! {
    type: DropPort,
    name: "nf_example_drop_port",
    description: "Example: drops UDP to port 9, counts the rest",
    license: "GPL",
}

struct DropPort(Registration<Atomic<u64>>);

impl Hook for DropPort {
    type Data = Atomic<u64>;

    fn hook<'p>(rest: &Atomic<u64>, packet: Packet<'p>) -> Verdict<'p> {
        match packet.transport() {
            Some(Transport::Udp(udp)) if udp.destination() == 9 => return packet.drop(),
            _ => rest.add(1, Relaxed),
        }
        packet.accept()
    }
}

impl kernel::Module for DropPort {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let op = Op::inet::<Self>(Point::LocalIn, Priority::FILTER);
        Registration::in_all_nets(&[op], Atomic::new(0)).map(Self)
    }
}

impl Drop for DropPort {
    fn drop(&mut self) {
        pr_info!("{} other packets\n", self.0.load(Relaxed));
    }
}
