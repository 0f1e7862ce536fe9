// SPDX-License-Identifier: GPL-2.0-only

//! Limits how many TCP connections a source may have open. What counts is what passes: a SYN opens one, a
//! FIN or RST of its client closes it. One that ends without either stays counted: an example. So that those do not
//! fill the memory, nobody is let in once 4096 are open.
//!
//!     insmod nf_example_connection_limit.ko limit=2
//!     for i in 1 2 3; do nc 127.0.0.1 22 & done     # two are answered

#![deny(unsafe_code)]

use core::net::IpAddr;
use kernel::rbtree::RBTree;
use netfilter::prelude::*;

module! {
    type: ConnectionLimit,
    name: "nf_example_connection_limit",
    description: "Example: limits the TCP connections of a source",
    license: "GPL",
    params: {
        limit: u32 {
            default: 10,
            description: "At most so many",
        },
    },
}

/// So many in all.
const MAX: usize = 4096;

/// The connections: source address, source port, destination port.
type Open = SpinLockIrq<RBTree<(IpAddr, u16, u16), ()>>;

struct ConnectionLimit {
    _registration: Registration<Open>,
}

impl Hook for ConnectionLimit {
    type Data = Open;

    fn hook<'p>(open: &Open, packet: Packet<'p>) -> Verdict<'p> {
        let (Some(ip), Some(tcp)) = (packet.ip(), packet.tcp()) else {
            return packet.accept();
        };
        let (key, flags) = ((ip.source(), tcp.source(), tcp.destination()), tcp.flags());
        let mut open = open.lock();
        if flags.fin() || flags.rst() {
            open.remove(&key);
        } else if flags.opens() {
            let added = open.try_create_and_insert(key, (), GFP_ATOMIC).is_ok();
            let limit = module_parameters::limit.value() as usize;
            let more = open.keys().filter(|k| k.0 == key.0).nth(limit).is_some();
            if !added || more || open.keys().nth(MAX).is_some() {
                open.remove(&key);
                return packet.drop();
            }
        }
        packet.accept()
    }
}

impl kernel::Module for ConnectionLimit {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let op = Op::inet::<Self>(Point::LocalIn, Priority::FILTER);
        let _registration = Registration::in_all_nets(&[op], new_spinlock_irq!(RBTree::new()))?;
        Ok(Self { _registration })
    }
}
