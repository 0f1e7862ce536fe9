// SPDX-License-Identifier: GPL-2.0-only

//! So many lines a second, and a count of those above.

use crate::time::monotonic_ns;
use kernel::sync::atomic::{Atomic, Relaxed};

/// Limits what is printed to so many lines a second, and counts the others.
///
/// None goes uncounted. Any context but NMI.
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
    /// A second, in the upper half, and how many lines it has had: one value, so that no CPU counts a line in
    /// another second.
    used: Atomic<u64>,
    printed: Atomic<u64>,
    suppressed: Atomic<u64>,
    untold: Atomic<u64>,
}

impl RateLimit {
    /// At most `rate` lines a second; 0 is as 1.
    pub fn new(rate: u32) -> Self {
        Self {
            rate: rate.max(1),
            used: Atomic::new(0),
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
        let now = seconds();
        let mut used = self.used.load(Relaxed);
        loop {
            let (second, had) = match (used >> 32) as u32 {
                before if before < now => (now, 0),
                // Or another CPU is ahead.
                same => (same, used as u32),
            };
            let has = had.saturating_add(lines);
            if had != 0 && has > self.rate {
                self.suppressed.add(lines.into(), Relaxed);
                self.untold.add(lines.into(), Relaxed);
                return false;
            }
            let next = u64::from(second) << 32 | u64::from(has);
            match self.used.cmpxchg(used, next, Relaxed) {
                Ok(_) => break,
                Err(other) => used = other,
            }
        }
        self.printed.add(lines.into(), Relaxed);
        true
    }

    /// Lines that might not be printed and were not told of, once the second of that is over: they are told
    /// of now.
    pub fn untold(&self) -> Option<u64> {
        let second = (self.used.load(Relaxed) >> 32) as u32;
        if self.untold.load(Relaxed) == 0 || seconds() <= second {
            return None;
        }
        Some(self.untold.xchg(0, Relaxed)).filter(|&lines| lines != 0)
    }
}

/// A number for each second: enough for a century.
fn seconds() -> u32 {
    (monotonic_ns() / 1_000_000_000) as u32
}
