// SPDX-License-Identifier: GPL-2.0-only
// error: E0423

//! A stolen packet is not made out of nothing.

use netfilter::*;

pub fn stolen() -> Stolen {
    Stolen(core::ptr::NonNull::dangling())
}
