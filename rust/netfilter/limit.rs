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
/// if let Some(missed) = limit.untold() {
///     pr_info!("{missed} lines not printed\n");
/// }
/// if limit.take(1) {
///     pr_info!("...\n");
/// }
/// ```
pub struct RateLimit {
    rate: u32,
    second: Atomic<u64>,
    taken: Atomic<u32>,
    printed: Atomic<u64>,
    suppressed: Atomic<u64>,
    untold: Atomic<u64>,
}

impl RateLimit {
    /// At most `rate` lines a second.
    pub fn new(rate: u32) -> Self {
        Self {
            rate,
            second: Atomic::new(0),
            taken: Atomic::new(0),
            printed: Atomic::new(0),
            suppressed: Atomic::new(0),
            untold: Atomic::new(0),
        }
    }

    /// Lines a second.
    pub fn rate(&self) -> u32 {
        self.rate
    }

    /// Lines that might be printed, in all.
    pub fn printed(&self) -> u64 {
        self.printed.load(Relaxed)
    }

    /// Lines that might not, in all.
    pub fn suppressed(&self) -> u64 {
        self.suppressed.load(Relaxed)
    }

    /// Whether so many lines, all or none, may be printed now. More than a second has may be in one that
    /// has no others.
    pub fn take(&self, lines: u32) -> bool {
        let now = monotonic_ns() / NS_PER_SEC;
        let second = self.second.load(Relaxed);
        if now != second && self.second.cmpxchg(second, now, Relaxed).is_ok() {
            self.taken.store(0, Relaxed);
        }
        let before = self.taken.fetch_add(lines, Relaxed);
        let fits = before == 0 || before.saturating_add(lines) <= self.rate;
        if fits {
            self.printed.add(lines.into(), Relaxed);
        } else {
            self.taken.add(lines.wrapping_neg(), Relaxed);
            self.suppressed.add(lines.into(), Relaxed);
            self.untold.add(lines.into(), Relaxed);
        }
        fits
    }

    /// Lines that might not be printed and were not told of, once the second of that is over: they are told
    /// of now.
    pub fn untold(&self) -> Option<u64> {
        if self.untold.load(Relaxed) == 0
            || monotonic_ns() / NS_PER_SEC == self.second.load(Relaxed)
        {
            return None;
        }
        Some(self.untold.xchg(0, Relaxed)).filter(|&lines| lines != 0)
    }
}
