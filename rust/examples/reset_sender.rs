// SPDX-License-Identifier: GPL-2.0-only

//! Who sent this reset? Prints the stack of functions that led to each TCP reset that this host sends.
//!
//!     insmod nf_example_reset_sender.ko
//!     nc -z 127.0.0.1 9; dmesg | tail -n 20      # nobody listens there

#![deny(unsafe_code)]

use kernel::prelude::*;
use netfilter::{Hook, Op, Packet, Point, Priority, Registration, Stack, Transport, Verdict};

module! {
    type: ResetSender,
    name: "nf_example_reset_sender",
    description: "Example: the stack that sent a TCP reset",
    license: "GPL",
}

struct Print;

impl Hook for Print {
    type Data = ();

    fn hook<'p>((): &(), packet: Packet<'p>) -> Verdict<'p> {
        if let (Some(ip), Some(Transport::Tcp(tcp))) = (packet.ip(), packet.transport()) {
            if tcp.flags().rst() {
                pr_info!(
                    "reset {} port {}>{}, sent by\n",
                    ip,
                    tcp.source(),
                    tcp.destination()
                );
                for frame in Stack::save().frames() {
                    pr_info!("  {}\n", frame);
                }
            }
        }
        packet.accept()
    }
}

struct ResetSender {
    _registration: Registration<()>,
}

impl kernel::Module for ResetSender {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let op = Op::inet::<Print>(Point::LocalOut, Priority::FIRST);
        Ok(Self {
            _registration: Registration::in_all_nets(&[op], ())?,
        })
    }
}
