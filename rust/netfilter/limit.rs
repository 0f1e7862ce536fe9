// SPDX-License-Identifier: GPL-2.0-only

//! So many lines a second, and a count of those above.

use crate::time::monotonic_ns;
use kernel::sync::atomic::{Atomic, Relaxed};

const NS_PER_SEC: u64 = 1_000_000_000;

/// Limits what is printed to so many lines a second, and counts the others.
///
/// CPUs may race at the turn of a second: then it has a few lines more or less than it should. None
/// goes uncounted. Any context but NMI.
///
/// ```ignore
/// match limit.take() {
///     Some(0) => pr_info!("...\n"),
///     Some(missed) => pr_info!("...; {missed} lines not printed\n"),
///     None => {}
/// }
/// ```
pub struct RateLimit {
    rate: u32,
    second: Atomic<u64>,
    printed: Atomic<u32>,
    suppressed: Atomic<u64>,
    pending: Atomic<u64>,
}

impl RateLimit {
    /// At most `rate` lines a second.
    pub fn new(rate: u32) -> Self {
        Self {
            rate,
            second: Atomic::new(0),
            printed: Atomic::new(0),
            suppressed: Atomic::new(0),
            pending: Atomic::new(0),
        }
    }

    /// Lines a second.
    pub fn rate(&self) -> u32 {
        self.rate
    }

    /// Lines suppressed in all.
    pub fn suppressed(&self) -> u64 {
        self.suppressed.load(Relaxed)
    }

    /// Asks to print a line. If it may be printed: how many were suppressed and not yet reported.
    pub fn take(&self) -> Option<u64> {
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
