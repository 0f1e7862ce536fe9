// SPDX-License-Identifier: GPL-2.0-only

//! What hooks have done with the packets that were followed: figures of one gap, or of a hook that shares one. Pure.

use core::fmt;

/// Times of 2^31 ns and more are all in the last.
const BUCKETS: usize = 32;

#[derive(Default)]
pub(crate) struct Stats {
    passed: u64,
    dropped: u64,
    taken: u64,
    /// None: nobody can tell.
    changed: Option<u64>,
    /// Of how many the time is known, and how long they took.
    timed: u64,
    ns: u64,
    /// How many took 2^n ns and more, but not 2^(n+1).
    log2: [u64; BUCKETS],
}

impl Stats {
    /// A gap's: what is different behind it is looked at.
    pub(crate) fn of_gap() -> Self {
        Self {
            changed: Some(0),
            ..Self::default()
        }
    }

    /// A packet has got through.
    pub(crate) fn pass(&mut self, ns: Option<u64>, changed: bool) {
        self.passed = self.passed.wrapping_add(1);
        self.changed = self.changed.map(|count| count.wrapping_add(changed.into()));
        let Some(ns) = ns else { return };
        self.timed = self.timed.wrapping_add(1);
        self.ns = self.ns.wrapping_add(ns);
        let bucket = ns.checked_ilog2().unwrap_or(0) as usize;
        if let Some(count) = self.log2.get_mut(bucket.min(BUCKETS - 1)) {
            *count = count.wrapping_add(1);
        }
    }

    /// A packet was dropped.
    pub(crate) fn drop(&mut self) {
        self.dropped = self.dropped.wrapping_add(1);
    }

    /// A packet was taken, and did not come back.
    pub(crate) fn take(&mut self) {
        self.taken = self.taken.wrapping_add(1);
    }

    fn mean_ns(&self) -> Option<u64> {
        self.ns.checked_div(self.timed)
    }
}

/// The columns' heads, as [`Stats`] are written.
pub(crate) const HEAD: &str = " packets   accept     drop    taken  changed  mean ns";

/// Packets, of these accepted, dropped, taken and changed, and mean nanoseconds.
impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let packets = self
            .passed
            .wrapping_add(self.dropped)
            .wrapping_add(self.taken);
        write!(
            f,
            "{packets:8} {:8} {:8} {:8} {} {}",
            self.passed,
            self.dropped,
            self.taken,
            Known(self.changed),
            Known(self.mean_ns())
        )
    }
}

/// A number, or `-`.
struct Known(Option<u64>);

impl fmt::Display for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(number) => write!(f, "{number:8}"),
            None => write!(f, "{:>8}", '-'),
        }
    }
}

/// How many packets took how long: `; 1024:3 2048:17`, three from 1024 ns on and seventeen from 2048 ns on; or
/// nothing.
pub(crate) struct Histogram<'a>(pub(crate) &'a Stats);

impl fmt::Display for Histogram<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "; ";
        let mut from = 1u64;
        for &count in &self.0.log2 {
            if count > 0 {
                write!(f, "{separator}{from}:{count}")?;
                separator = " ";
            }
            from = from.wrapping_mul(2);
        }
        Ok(())
    }
}
