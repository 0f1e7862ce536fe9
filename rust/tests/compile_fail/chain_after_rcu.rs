// SPDX-License-Identifier: GPL-2.0-only
// error: E0505

//! What is read of a chain ends with the RCU lock that it was read under.

use netfilter::*;

use kernel::sync::rcu;

pub fn read(net: &Net) -> Option<Priority> {
    let rcu = rcu::read_lock();
    let entry = Chain::ipv4(net, Point::Forward, &rcu).next()?;
    rcu.unlock();
    Some(entry.priority())
}
