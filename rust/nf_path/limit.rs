// SPDX-License-Identifier: GPL-2.0-only

//! So many lines a second, and a count of those above.

use kernel::sync::atomic::{Atomic, Relaxed};
use netfilter::time::monotonic_ns;

const NS_PER_SEC: u64 = 1_000_000_000;

/// Counts the lines of each second. CPUs may race at the turn of a second: then it has a few lines
/// more or less than it should. None goes uncounted.
pub(crate) struct Limit {
    rate: u32,
    second: Atomic<u64>,
    printed: Atomic<u32>,
    suppressed: Atomic<u64>,
    pending: Atomic<u64>,
}

impl Limit {
    pub(crate) fn new(rate: u32) -> Self {
        Self {
            rate,
            second: Atomic::new(0),
            printed: Atomic::new(0),
            suppressed: Atomic::new(0),
            pending: Atomic::new(0),
        }
    }

    pub(crate) fn rate(&self) -> u32 {
        self.rate
    }

    /// Lines suppressed in all.
    pub(crate) fn suppressed(&self) -> u64 {
        self.suppressed.load(Relaxed)
    }

    /// Asks to print a line. If it may be printed: how many were suppressed and not yet reported.
    pub(crate) fn take(&self) -> Option<u64> {
        let now = monotonic_ns() / NS_PER_SEC;
        let second = self.second.load(Relaxed);
        let new_second = now != second && self.second.cmpxchg(second, now, Relaxed).is_ok();
        if new_second {
            self.printed.store(0, Relaxed);
        }
        if self.printed.fetch_add(1, Relaxed) >= self.rate {
            self.suppressed.add(1, Relaxed);
            self.pending.add(1, Relaxed);
            return None;
        }
        Some(if new_second {
            self.pending.xchg(0, Relaxed)
        } else {
            0
        })
    }
}
