// SPDX-License-Identifier: GPL-2.0-only

//! Limits how many TCP connections a source may have open. What counts is what passes: a SYN opens one, a
//! FIN or RST of its client closes it. One that ends without either stays counted: an example. So that those do not
//! fill the memory, no more are let in from anybody once 4096 are open.
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

/// In all.
const MAX: usize = 4096;

/// Source address, source port, destination port.
type Connection = (IpAddr, u16, u16);

struct Open {
    connections: RBTree<Connection, ()>,
    count: usize,
}

impl Open {
    /// How many a source has: no more than `max` are counted.
    fn of(&self, source: IpAddr, max: usize) -> usize {
        let all = self.connections.keys();
        all.filter(|key| key.0 == source).take(max).count()
    }

    /// Whether there is room for it: there always is for one that is known.
    fn add(&mut self, connection: Connection, limit: usize) -> bool {
        if self.connections.get(&connection).is_some() {
            return true;
        }
        let added = self.count < MAX
            && self.of(connection.0, limit) < limit
            && self
                .connections
                .try_create_and_insert(connection, (), GFP_ATOMIC)
                .is_ok();
        self.count = self.count.saturating_add(usize::from(added));
        added
    }

    fn remove(&mut self, connection: &Connection) {
        let removed = self.connections.remove(connection).is_some();
        self.count = self.count.saturating_sub(usize::from(removed));
    }
}

struct ConnectionLimit {
    _registration: Registration<SpinLockIrq<Open>>,
}

impl Hook for ConnectionLimit {
    type Data = SpinLockIrq<Open>;

    fn hook<'p>(open: &SpinLockIrq<Open>, packet: Packet<'p>) -> Verdict<'p> {
        let (Some(ip), Some(tcp)) = (packet.ip(), packet.tcp()) else {
            return packet.accept();
        };
        let connection = (ip.source(), tcp.source(), tcp.destination());
        let (flags, limit) = (tcp.flags(), module_parameters::limit.value() as usize);
        if flags.fin() || flags.rst() {
            open.lock().remove(&connection);
        } else if flags.opens() && !open.lock().add(connection, limit) {
            return packet.drop();
        }
        packet.accept()
    }
}

impl kernel::Module for ConnectionLimit {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let op = Op::inet::<Self>(Point::LocalIn, Priority::FILTER);
        let _registration = Registration::in_all_nets(
            &[op],
            new_spinlock_irq!(Open {
                connections: RBTree::new(),
                count: 0,
            }),
        )?;
        Ok(Self { _registration })
    }
}
