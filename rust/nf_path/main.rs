// SPDX-License-Identifier: GPL-2.0-only

//! nf_path: the path of packets through netfilter's hooks, in dmesg.
//!
//! At each of the five points of IPv4 and IPv6, in every network namespace, a ladder of hooks: one before all
//! others, and one behind each hook or group of hooks that others have put there ([`ladder`]). What is different
//! from one rung to the next is what the hook in between did ([`rung`]). A packet's path is kept beside it
//! ([`paths`], [`path`]) until the packet is freed ([`end`]), and then printed ([`print`]) by a task that also
//! follows the hooks as they change ([`manager`]). Which hooks a packet has passed is never guessed: see
//! [`chain`].

// Not `forbid`: `module!` contains `unsafe` of its own.
#![deny(unsafe_code)]

mod chain;
mod end;
mod filter;
mod gaps;
mod ladder;
mod layout;
mod limit;
mod manager;
mod name;
mod path;
mod paths;
mod print;
mod rung;
mod seen;
mod trace;
mod tracer;

use end::Ends;
use filter::Filter;
use kernel::{prelude::*, sync::Arc};
use manager::{Manager, PERIOD_MS};
use netfilter::{FreeRegistration, Work, Worker};
use print::Verbosity;
use tracer::Tracer;

module! {
    type: NfPath,
    name: "nf_path",
    authors: ["The rust-netfilter authors"],
    description: "Traces the path of packets through netfilter's hooks",
    license: "GPL",
    params: {
        proto: i64 {
            default: 0,
            description: "Only this IP protocol: 1 to 255 (6 is TCP); 0, the default: all",
        },
        port: i64 {
            default: 0,
            description: "Only TCP, UDP and SCTP with this source or destination port: 1 to 65535; 0, the default: all",
        },
        netns: i64 {
            default: 0,
            description: "Only the network namespace with this inode number; 0, the default: all",
        },
        verbosity: i64 {
            default: 2,
            description: "0: one line a packet, 1: all lines of dropped packets, 2, the default: all lines",
        },
        rate: i64 {
            default: 1000,
            description: "At most so many lines a second: 1 to 1000000; the default is 1000",
        },
    },
}

/// The worker first: rungs are gone before what they need.
struct NfPath {
    _worker: Worker<Manager>,
    _ends: FreeRegistration<Arc<Tracer>>,
}

impl kernel::Module for NfPath {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let filter = Filter {
            protocol: parameter("proto", module_parameters::proto.value(), 0, u8::MAX.into())?
                as u8,
            port: parameter("port", module_parameters::port.value(), 0, u16::MAX.into())? as u16,
            net: parameter(
                "netns",
                module_parameters::netns.value(),
                0,
                u32::MAX.into(),
            )? as u32,
        };
        let verbosity = match parameter("verbosity", module_parameters::verbosity.value(), 0, 2)? {
            0 => Verbosity::Ends,
            1 => Verbosity::Drops,
            _ => Verbosity::All,
        };
        let rate = parameter("rate", module_parameters::rate.value(), 1, 1_000_000)? as usize;
        let tracer = Arc::new(Tracer::new(filter)?, GFP_KERNEL)?;
        let ends = FreeRegistration::new::<Ends, _>(tracer.clone())?;
        let manager = Manager::new(tracer, verbosity, rate)?;
        // The first rungs are there when insmod returns.
        manager.run();
        Ok(Self {
            _worker: Worker::every(PERIOD_MS, manager)?,
            _ends: ends,
        })
    }
}

/// `value` if it is between `min` and `max`; else says so.
fn parameter(name: &str, value: i64, min: i64, max: i64) -> Result<i64> {
    if (min..=max).contains(&value) {
        return Ok(value);
    }
    pr_err!("{}={}: must be {} to {}\n", name, value, min, max);
    Err(EINVAL)
}
