// SPDX-License-Identifier: GPL-2.0-only

//! Lets new TCP connections in at certain hours of the day only (UTC).
//!
//!     insmod nf_example_time_of_day.ko from=9 to=17
//!     date --utc; nc -z -w 1 127.0.0.1 22

#![deny(unsafe_code)]

use kernel::prelude::*;
use netfilter::{time, Hook, Op, Packet, Point, Priority, Registration, Transport, Verdict};

module! {
    type: TimeOfDay,
    name: "nf_example_time_of_day",
    description: "Example: new TCP connections at certain hours only",
    license: "GPL",
    params: {
        from: u8 {
            default: 9,
            description: "The first hour",
        },
        to: u8 {
            default: 17,
            description: "The hour after the last; may be smaller than the first: over midnight",
        },
    },
}

struct Open;

impl Hook for Open {
    type Data = ();

    fn hook<'p>((): &(), packet: Packet<'p>) -> Verdict<'p> {
        let begins = match packet.transport() {
            Some(Transport::Tcp(tcp)) => tcp.flags().syn() && !tcp.flags().ack(),
            _ => false,
        };
        let (from, to) = (
            module_parameters::from.value(),
            module_parameters::to.value(),
        );
        let hour = (time::unix_seconds() / 3600 % 24) as u8;
        let open = if from <= to {
            (from..to).contains(&hour)
        } else {
            !(to..from).contains(&hour)
        };
        if begins && !open {
            return packet.drop();
        }
        packet.accept()
    }
}

struct TimeOfDay {
    _registration: Registration<()>,
}

impl kernel::Module for TimeOfDay {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let op = Op::inet::<Open>(Point::LocalIn, Priority::FILTER);
        Ok(Self {
            _registration: Registration::in_all_nets(&[op], ())?,
        })
    }
}
