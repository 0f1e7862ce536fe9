// SPDX-License-Identifier: GPL-2.0-only

//! Who sent this reset? Prints the stack of functions that led to each TCP reset that this host sends.
//!
//!     insmod nf_example_reset_sender.ko
//!     nc -z 127.0.0.1 9; dmesg | tail -n 20      # nobody listens there

#![deny(unsafe_code)]

use netfilter::prelude::*;
use netfilter::Stack;

module! {
    type: ResetSender,
    name: "nf_example_reset_sender",
    description: "Example: the stack that sent a TCP reset",
    license: "GPL",
}

struct ResetSender {
    _registration: Registration<()>,
}

impl Hook for ResetSender {
    type Data = ();

    fn hook<'p>((): &(), packet: Packet<'p>) -> Verdict<'p> {
        if let (Some(ip), Some(tcp)) = (packet.ip(), packet.tcp()) {
            if tcp.flags().rst() {
                let (source, destination) = (tcp.source(), tcp.destination());
                pr_info!("reset {} port {}>{}, sent by\n", ip, source, destination);
                for frame in Stack::save().frames() {
                    pr_info!("  {}\n", frame);
                }
            }
        }
        packet.accept()
    }
}

impl kernel::Module for ResetSender {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let op = Op::inet::<Self>(Point::LocalOut, Priority::FIRST);
        Ok(Self {
            _registration: Registration::in_all_nets(&[op], ())?,
        })
    }
}
