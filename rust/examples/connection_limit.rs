// SPDX-License-Identifier: GPL-2.0-only

//! Limits how many TCP connections a source may have open. What counts is what passes: a SYN opens one, a
//! FIN or RST of its client closes it. One that ends without either stays counted: an example.
//!
//!     insmod nf_example_connection_limit.ko limit=2
//!     for i in 1 2 3; do nc 127.0.0.1 22 & done     # two are answered

#![deny(unsafe_code)]

use core::net::IpAddr;
use kernel::{
    prelude::*,
    rbtree::RBTree,
    sync::{new_spinlock_irq, SpinLockIrq},
};
use netfilter::{Hook, Op, Packet, Point, Priority, Registration, Transport, Verdict};

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

/// The connections: source address, source port, destination port.
type Open = RBTree<(IpAddr, u16, u16), ()>;

struct Limit;

impl Hook for Limit {
    type Data = SpinLockIrq<Open>;

    fn hook<'p>(open: &SpinLockIrq<Open>, packet: Packet<'p>) -> Verdict<'p> {
        let (Some(ip), Some(Transport::Tcp(tcp))) = (packet.ip(), packet.transport()) else {
            return packet.accept();
        };
        let key = (ip.source(), tcp.source(), tcp.destination());
        let flags = tcp.flags();
        let mut open = open.lock();
        if flags.fin() || flags.rst() {
            open.remove(&key);
        } else if flags.syn() && open.get(&key).is_none() {
            let of_source = open.keys().filter(|other| other.0 == key.0);
            let count = of_source.fold(0u32, |count, _| count.saturating_add(1));
            if count >= module_parameters::limit.value()
                || open.try_create_and_insert(key, (), GFP_ATOMIC).is_err()
            {
                return packet.drop();
            }
        }
        packet.accept()
    }
}

struct ConnectionLimit {
    _registration: Registration<SpinLockIrq<Open>>,
}

impl kernel::Module for ConnectionLimit {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let op = Op::inet::<Limit>(Point::LocalIn, Priority::FILTER);
        Ok(Self {
            _registration: Registration::in_all_nets(&[op], new_spinlock_irq!(RBTree::new()))?,
        })
    }
}
