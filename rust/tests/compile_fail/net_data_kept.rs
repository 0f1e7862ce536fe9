// SPDX-License-Identifier: GPL-2.0-only
// error: E0505

//! The data of a namespace go with it: they are had under RCU.

use kernel::sync::rcu;
use netfilter::*;

pub fn kept(registration: &Registration<PerNet<u64>>, net: &Net) -> Option<u64> {
    let guard = rcu::read_lock();
    let data = registration.get(net, &guard);
    drop(guard);
    data.copied()
}
