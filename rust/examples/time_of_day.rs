// SPDX-License-Identifier: GPL-2.0-only

//! Lets new TCP connections in at certain hours of the day only (UTC).
//!
//!     insmod nf_example_time_of_day.ko from=9 to=17
//!     date --utc; nc -z -w 1 127.0.0.1 22

#![deny(unsafe_code)]

use netfilter::prelude::*;
use netfilter::time;

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

struct TimeOfDay {
    _registration: Registration<()>,
}

fn open(hour: u8) -> bool {
    let from = module_parameters::from.value();
    let to = module_parameters::to.value();
    (from.min(to)..from.max(to)).contains(&hour) == (from <= to)
}

impl Hook for TimeOfDay {
    type Data = ();

    fn hook<'p>((): &(), packet: Packet<'p>) -> Verdict<'p> {
        let opens = packet.tcp().is_some_and(|tcp| tcp.flags().opens());
        if opens && !open((time::unix_seconds() / 3600 % 24) as u8) {
            return packet.drop();
        }
        packet.accept()
    }
}

impl kernel::Module for TimeOfDay {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let op = Op::inet::<Self>(Point::LocalIn, Priority::FILTER);
        Ok(Self {
            _registration: Registration::in_all_nets(&[op], ())?,
        })
    }
}
