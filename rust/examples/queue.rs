// SPDX-License-Identifier: GPL-2.0-only

//! Lets a user-space program decide on UDP that arrives for port 9: it is queued to the program that
//! listens on queue 7, and accepted where none does.
//!
//!     insmod nf_example_queue.ko
//!     qemu/nfqueue 7 drop &     # any program will do that uses nfnetlink_queue
//!     echo hello | nc -u -w 1 127.0.0.1 9

#![deny(unsafe_code)]

use netfilter::prelude::*;

module! {
    type: Queue,
    name: "nf_example_queue",
    description: "Example: user space decides on UDP to port 9",
    license: "GPL",
}

struct Queue {
    _registration: Registration<()>,
}

impl Hook for Queue {
    type Data = ();

    fn hook<'p>((): &(), packet: Packet<'p>) -> Verdict<'p> {
        if packet.udp().is_some_and(|udp| udp.destination() == 9) {
            return packet.queue_or_accept(7);
        }
        packet.accept()
    }
}

impl kernel::Module for Queue {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let op = Op::inet::<Self>(Point::LocalIn, Priority::FILTER);
        Ok(Self {
            _registration: Registration::in_all_nets(&[op], ())?,
        })
    }
}
