// SPDX-License-Identifier: GPL-2.0-only

//! nf_path: the path of packets through netfilter's hooks, in dmesg.
//!
//! At each of the five points of IPv4 and IPv6, in every network namespace, one hook before all
//! others and one after them: two lines a packet and point, and between them what the hooks in
//! between did. A packet with a first line and no last one did not get through.

// Not `forbid`: `module!` contains `unsafe` of its own.
#![deny(unsafe_code)]

mod filter;
mod line;

use filter::Filter;
use kernel::{
    prelude::*,
    sync::atomic::{Atomic, Relaxed},
};
use line::Line;
use netfilter::{Hook, Op, Packet, Point, Priority, RateLimit, Registration, Verdict};

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
        rate: i64 {
            default: 1000,
            description: "At most so many lines a second: 1 to 1000000; the default is 1000",
        },
    },
}

struct NfPath {
    _registration: Registration<Trace>,
}

/// What the hooks share.
struct Trace {
    filter: Filter,
    limit: RateLimit,
    seen: Atomic<u64>,
}

impl Trace {
    fn see(&self, packet: &Packet<'_>, priority: Priority) {
        let ip = packet.ip();
        let transport = packet.transport();
        if !self
            .filter
            .wants(packet.state().net(), ip.as_ref(), transport.as_ref())
        {
            return;
        }
        self.seen.add(1, Relaxed);
        let Some(suppressed) = self.limit.take() else {
            return;
        };
        if suppressed > 0 {
            pr_info!(
                "{} lines not printed (limit {} a second)\n",
                suppressed,
                self.limit.rate()
            );
        }
        pr_info!(
            "{}\n",
            Line {
                packet,
                priority,
                ip,
                transport
            }
        );
    }
}

/// Runs once the hooks are gone, so the figures are the last ones.
impl Drop for Trace {
    fn drop(&mut self) {
        let seen = self.seen.load(Relaxed);
        let missed = self.limit.suppressed();
        pr_info!(
            "unloaded: {} seen, {} printed, {} not printed\n",
            seen,
            seen - missed,
            missed
        );
    }
}

struct First;
struct Last;

impl Hook for First {
    type Data = Trace;

    fn hook<'p>(trace: &Trace, packet: Packet<'p>) -> Verdict<'p> {
        trace.see(&packet, Priority::FIRST);
        packet.accept()
    }
}

impl Hook for Last {
    type Data = Trace;

    fn hook<'p>(trace: &Trace, packet: Packet<'p>) -> Verdict<'p> {
        trace.see(&packet, Priority::LAST);
        packet.accept()
    }
}

const fn first(point: Point) -> Op<Trace> {
    Op::inet::<First>(point, Priority::FIRST)
}

const fn last(point: Point) -> Op<Trace> {
    Op::inet::<Last>(point, Priority::LAST)
}

const OPS: [Op<Trace>; 10] = [
    first(Point::PreRouting),
    last(Point::PreRouting),
    first(Point::LocalIn),
    last(Point::LocalIn),
    first(Point::Forward),
    last(Point::Forward),
    first(Point::LocalOut),
    last(Point::LocalOut),
    first(Point::PostRouting),
    last(Point::PostRouting),
];

impl kernel::Module for NfPath {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let trace = Trace {
            filter: Filter {
                protocol: parameter("proto", module_parameters::proto.value(), 0, u8::MAX.into())?
                    as u8,
                port: parameter("port", module_parameters::port.value(), 0, u16::MAX.into())?
                    as u16,
                net: parameter(
                    "netns",
                    module_parameters::netns.value(),
                    0,
                    u32::MAX.into(),
                )? as u32,
            },
            limit: RateLimit::new(
                parameter("rate", module_parameters::rate.value(), 1, 1_000_000)? as u32,
            ),
            seen: Atomic::new(0),
        };
        Ok(Self {
            _registration: Registration::in_all_nets(&OPS, trace)?,
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
