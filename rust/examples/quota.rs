// SPDX-License-Identifier: GPL-2.0-only

//! Lets so many bytes of UDP arrive, headers included, and drops what comes after them.
//!
//!     insmod nf_example_quota.ko bytes=100
//!     for i in 1 2 3; do echo "hello $i" | nc -u -w 1 127.0.0.1 9; done     # 36 bytes each

#![deny(unsafe_code)]

use netfilter::prelude::*;

module! {
    type: Quota,
    name: "nf_example_quota",
    description: "Example: drops UDP when a quota is used up",
    license: "GPL",
    params: {
        bytes: u64 {
            default: 1_000_000,
            description: "The quota",
        },
    },
}

/// Its data are the bytes that are left.
struct Quota {
    _registration: Registration<Atomic<u64>>,
}

impl Hook for Quota {
    type Data = Atomic<u64>;

    fn hook<'p>(left: &Atomic<u64>, packet: Packet<'p>) -> Verdict<'p> {
        if packet.udp().is_none() {
            return packet.accept();
        }
        // Another CPU may spend at the same time: then again.
        let mut now = left.load(Relaxed);
        while let Some(then) = now.checked_sub(packet.len() as u64) {
            match left.cmpxchg(now, then, Relaxed) {
                Ok(_) => return packet.accept(),
                Err(other) => now = other,
            }
        }
        packet.drop()
    }
}

impl kernel::Module for Quota {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let op = Op::inet::<Self>(Point::LocalIn, Priority::FILTER);
        let bytes = Atomic::new(module_parameters::bytes.value());
        Ok(Self {
            _registration: Registration::in_all_nets(&[op], bytes)?,
        })
    }
}
