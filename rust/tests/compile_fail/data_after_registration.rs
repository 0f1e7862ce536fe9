// SPDX-License-Identifier: GPL-2.0-only
// error: E0505

//! The data end with their registration.

use netfilter::*;

pub fn first(registration: Registration<[u64]>) -> Option<u64> {
    let first = registration.first();
    drop(registration);
    first.copied()
}
