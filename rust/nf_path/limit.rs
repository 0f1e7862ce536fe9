// SPDX-License-Identifier: GPL-2.0-only

//! So many lines a second, and a count of those above.

const NS_PER_SEC: u64 = 1_000_000_000;

pub(crate) struct Limit {
    /// Lines a second.
    rate: usize,
    second: u64,
    left: usize,
    printed: u64,
    suppressed: u64,
    /// Of these not told yet.
    pending: u64,
}

impl Limit {
    pub(crate) fn new(rate: usize) -> Self {
        Self {
            rate,
            second: 0,
            left: rate,
            printed: 0,
            suppressed: 0,
            pending: 0,
        }
    }

    pub(crate) fn rate(&self) -> usize {
        self.rate
    }

    /// Lines in all: printed and not.
    pub(crate) fn totals(&self) -> (u64, u64) {
        (self.printed, self.suppressed)
    }

    /// Whether so many lines, all or none, may be printed now.
    pub(crate) fn take(&mut self, lines: usize, now_ns: u64) -> bool {
        let second = now_ns / NS_PER_SEC;
        if self.second != second {
            self.second = second;
            self.left = self.rate;
        }
        // A packet of more lines than a second has is not kept back for ever.
        let fits = lines <= self.left || self.left == self.rate;
        let count = lines as u64;
        if fits {
            self.left = self.left.saturating_sub(lines);
            self.printed = self.printed.saturating_add(count);
        } else {
            self.suppressed = self.suppressed.saturating_add(count);
            self.pending = self.pending.saturating_add(count);
        }
        fits
    }

    /// Lines that were suppressed and not told of, once the second of that is over.
    pub(crate) fn untold(&mut self, now_ns: u64) -> Option<u64> {
        if self.pending == 0 || now_ns / NS_PER_SEC == self.second {
            return None;
        }
        Some(core::mem::take(&mut self.pending))
    }
}
