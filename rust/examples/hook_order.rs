// SPDX-License-Identifier: GPL-2.0-only

//! Three hooks in one ops array: two at FORWARD with different priorities, one at LOCAL_IN. The log
//! shows in which order they are called, whatever their order in the array.
//!
//!     insmod nf_example_hook_order.ko
//!     ping -c 1 127.0.0.1     # LOCAL_IN; a packet that is forwarded: FORWARD twice
//!     dmesg | tail -n 2

#![deny(unsafe_code)]

use netfilter::prelude::*;

module! {
    type: HookOrder,
    name: "nf_example_hook_order",
    description: "Example: hooks are called in order of priority",
    license: "GPL",
}

/// Three hook functions from one: each knows its name.
struct Named<const NAME: char>;

impl<const NAME: char> Hook for Named<NAME> {
    type Data = ();

    fn hook<'p>((): &(), packet: Packet<'p>) -> Verdict<'p> {
        if let Some(ip) = packet.ip() {
            pr_info!("{} at {}: {}\n", NAME, packet.point().name(), ip);
        }
        packet.accept()
    }
}

const OPS: [Op<()>; 3] = [
    Op::inet::<Named<'B'>>(Point::Forward, Priority::FILTER.after()),
    Op::inet::<Named<'C'>>(Point::LocalIn, Priority::FILTER),
    Op::inet::<Named<'A'>>(Point::Forward, Priority::FILTER.before()),
];

struct HookOrder {
    _registration: Registration<()>,
}

impl kernel::Module for HookOrder {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        Ok(Self {
            _registration: Registration::in_all_nets(&OPS, ())?,
        })
    }
}
