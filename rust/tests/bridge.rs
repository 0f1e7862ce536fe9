// SPDX-License-Identifier: GPL-2.0-only

//! A test's module: at a point of the bridges it keeps IP for a while, or queues UDP.

// Not `forbid`: `module!` contains `unsafe` of its own.
#![deny(unsafe_code)]

use netfilter::{prelude::*, Bridge};

module! {
    type: BridgeTest,
    name: "nf_test_bridge",
    authors: ["The rust-netfilter authors"],
    description: "Test: packets that are taken from a bridge",
    license: "GPL",
    params: {
        point: u8 {
            default: 0,
            description: "Which of the five",
        },
        ms: u64 {
            default: 0,
            description: "So many milliseconds",
        },
        queue: u16 {
            default: 0,
            description: "To that queue, and nothing is kept",
        },
    },
}

struct Seen {
    kept: Counter,
    refused: Counter,
}

struct Keep;

impl Hook<Bridge> for Keep {
    type Data = Seen;

    fn hook<'p>(seen: &Seen, packet: Packet<'p, Bridge>) -> Verdict<'p> {
        let queue = module_parameters::queue.value();
        if queue != 0 && packet.udp().is_some() {
            return packet.queue(queue);
        }
        if queue != 0 || packet.ip().is_none() {
            return packet.accept();
        }
        match packet.steal() {
            Ok((verdict, stolen)) => {
                seen.kept.inc();
                stolen.resume_after_ns(module_parameters::ms.value().saturating_mul(1_000_000));
                verdict
            }
            Err(packet) => packet.count(&seen.refused).accept(),
        }
    }
}

struct BridgeTest(Registration<Seen>);

impl kernel::Module for BridgeTest {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let point = usize::from(module_parameters::point.value());
        let point = *Point::ALL.get(point).ok_or(EINVAL)?;
        let seen = Seen {
            kept: Counter::new()?,
            refused: Counter::new()?,
        };
        let op = Op::bridge::<Keep>(point, Priority::FILTER);
        Registration::in_all_nets(&[op], seen).map(Self)
    }
}

impl Drop for BridgeTest {
    fn drop(&mut self) {
        let (kept, refused) = (self.0.kept.sum(), self.0.refused.sum());
        pr_info!("kept {kept}, refused {refused}\n");
    }
}
