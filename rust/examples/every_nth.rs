// SPDX-License-Identifier: GPL-2.0-only

//! Drops every nth echo request that arrives.
//!
//!     insmod nf_example_every_nth.ko n=3
//!     ping -c 9 127.0.0.1     # 33% packet loss

#![deny(unsafe_code)]

use netfilter::prelude::*;

module! {
    type: EveryNth,
    name: "nf_example_every_nth",
    description: "Example: drops every nth echo request",
    license: "GPL",
    params: {
        n: u32 {
            default: 3,
            description: "Of how many one is dropped; 0: none",
        },
    },
}

struct EveryNth {
    _registration: Registration<Atomic<u32>>,
}

impl Hook for EveryNth {
    /// The requests so far.
    type Data = Atomic<u32>;

    fn hook<'p>(seen: &Atomic<u32>, packet: Packet<'p>) -> Verdict<'p> {
        let request = match packet.transport() {
            Some(Transport::Icmp(icmp)) => icmp.kind() == 8,
            Some(Transport::Icmpv6(icmp)) => icmp.kind() == 128,
            _ => false,
        };
        if !request {
            return packet.accept();
        }
        let number = seen.fetch_add(1, Relaxed).wrapping_add(1);
        match number.checked_rem(module_parameters::n.value()) {
            Some(0) => packet.drop(),
            _ => packet.accept(),
        }
    }
}

impl kernel::Module for EveryNth {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let op = Op::inet::<Self>(Point::LocalIn, Priority::FILTER);
        Ok(Self {
            _registration: Registration::in_all_nets(&[op], Atomic::new(0))?,
        })
    }
}
