// SPDX-License-Identifier: GPL-2.0-only

//! Delays every packet that leaves: the hook takes it, and it goes on some milliseconds later.
//!
//!     insmod nf_example_delay.ko ms=50
//!     ping -c 3 127.0.0.1     # 100 ms: there and back

#![deny(unsafe_code)]

use netfilter::prelude::*;

module! {
    type: Delay,
    name: "nf_example_delay",
    description: "Example: packets leave later",
    license: "GPL",
    params: {
        ms: u32 {
            default: 50,
            description: "For how many milliseconds",
        },
    },
}

/// Its data are nanoseconds.
struct Delay {
    _registration: Registration<u64>,
}

impl Hook for Delay {
    type Data = u64;

    fn hook<'p>(ns: &u64, packet: Packet<'p>) -> Verdict<'p> {
        match packet.steal() {
            Ok((verdict, stolen)) => {
                stolen.resume_after_ns(*ns);
                verdict
            }
            // No memory: then without a delay.
            Err(packet) => packet.accept(),
        }
    }
}

impl kernel::Module for Delay {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let op = Op::inet::<Self>(Point::PostRouting, Priority::FILTER);
        let ns = u64::from(module_parameters::ms.value()) * 1_000_000;
        Ok(Self {
            _registration: Registration::in_all_nets(&[op], ns)?,
        })
    }
}
