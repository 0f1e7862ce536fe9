// SPDX-License-Identifier: GPL-2.0-only

//! A test's module: counts packets and bytes at two points, one reached from tasks and one from
//! softirqs, in the namespace of insmod.

// Not `forbid`: `module!` contains `unsafe` of its own.
#![deny(unsafe_code)]

use kernel::prelude::*;
use netfilter::{
    Counter,
    Hook,
    NetRef,
    Op,
    Packet,
    Point,
    Priority,
    Registration,
    Verdict, //
};

module! {
    type: CounterTest,
    name: "nf_test_counter",
    authors: ["The rust-netfilter authors"],
    description: "Test: counters",
    license: "GPL",
}

struct CounterTest {
    _registration: Registration<Counts>,
}

struct Counts {
    packets: Counter,
    bytes: Counter,
}

/// Runs once the hooks are gone.
impl Drop for Counts {
    fn drop(&mut self) {
        pr_info!(
            "packets {} bytes {}\n",
            self.packets.sum(),
            self.bytes.sum()
        );
    }
}

struct Count;

impl Hook for Count {
    type Data = Counts;

    fn hook<'p>(counts: &Counts, packet: Packet<'p>) -> Verdict<'p> {
        counts.packets.inc();
        counts.bytes.add(packet.len() as u64);
        // A hook may not sleep, and so it gets no counter: an error, not a crash.
        if Counter::new().is_ok() {
            pr_err!("a hook got a counter\n");
        }
        packet.accept()
    }
}

impl kernel::Module for CounterTest {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        const OPS: [Op<Counts>; 2] = [
            Op::inet::<Count>(Point::LocalOut, Priority::FILTER),
            Op::inet::<Count>(Point::LocalIn, Priority::FILTER),
        ];
        let counts = Counts {
            packets: Counter::new()?,
            bytes: Counter::new()?,
        };
        let net = NetRef::current().ok_or(ESRCH)?;
        Ok(Self {
            _registration: Registration::in_net(&net, &OPS, counts)?,
        })
    }
}
