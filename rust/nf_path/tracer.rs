// SPDX-License-Identifier: GPL-2.0-only

//! What all rungs share.

use crate::{paths::Paths, seen::Seen};
use kernel::{
    prelude::*,
    sync::atomic::{Atomic, Relaxed}, //
};
use netfilter::{time::monotonic_ns, ChainWatch, Filter, RcuCell};

pub(crate) struct Tracer {
    pub(crate) filter: RcuCell<Filter>,
    /// Inode number of the one namespace that has rungs; 0: all have.
    pub(crate) net: u32,
    pub(crate) watch: ChainWatch,
    pub(crate) paths: Pin<KVBox<Paths>>,
    /// The last packet's.
    number: Atomic<u64>,
    /// The last packet that came in of a connection, for a few connections.
    recent: [Atomic<u64>; RECENT],
    /// What it costs to look at the clock.
    clock_ns: u64,
    /// What rungs do for themselves, that included.
    rung_ns: u64,
}

const RECENT: usize = 256;

impl Tracer {
    pub(crate) fn new(filter: Filter, net: u32) -> Result<Self> {
        let watch = ChainWatch::new().inspect_err(|_| {
            pr_err!("this kernel does not tell when hooks change (a kprobe on __nf_hook_entries_free)\n")
        })?;
        let paths = KVBox::pin_init(Paths::new(), GFP_KERNEL)?;
        let rung_ns = paths.cost_ns();
        Ok(Self {
            filter: RcuCell::new(KBox::new(filter, GFP_KERNEL)?),
            net,
            watch,
            paths,
            number: Atomic::new(0),
            recent: [const { Atomic::new(0) }; RECENT],
            clock_ns: clock_ns(),
            rung_ns,
        })
    }

    /// Of a new path; they begin with 1.
    pub(crate) fn next_number(&self) -> u64 {
        self.number.fetch_add(1, Relaxed).wrapping_add(1)
    }

    /// How many paths there have been.
    pub(crate) fn packets(&self) -> u64 {
        self.number.load(Relaxed)
    }

    /// Nanoseconds that the hooks between two rungs took: from when the packet left the one to when it came to
    /// the next, without what the rungs themselves did.
    pub(crate) fn between(&self, from: u64, to: u64) -> u64 {
        to.saturating_sub(from).saturating_sub(self.rung_ns)
    }

    /// Nanoseconds that a call took, of those that a probe has measured.
    pub(crate) fn call_ns(&self, measured: u64) -> u64 {
        measured.saturating_sub(self.clock_ns)
    }

    /// A packet has come in.
    pub(crate) fn remember(&self, seen: &Seen, number: u64) {
        if let Some((slot, sum)) = self.recent(seen) {
            slot.store(sum << 32 | number & u64::from(u32::MAX), Relaxed);
        }
    }

    /// The last packet that came in of the connection that this one is of, in either direction.
    pub(crate) fn last_of(&self, seen: &Seen) -> Option<u64> {
        let (slot, sum) = self.recent(seen)?;
        let found = slot.load(Relaxed);
        // Numbers are told by their lower half, and it is a recent one.
        let last = self.packets();
        let back = (last as u32).wrapping_sub(found as u32);
        (found >> 32 == sum).then(|| last.saturating_sub(back.into()))
    }

    /// Where that stands, and 32 bits to compare.
    fn recent(&self, seen: &Seen) -> Option<(&Atomic<u64>, u64)> {
        let connection = seen.connection()?;
        let slot = self.recent.get((connection >> 56) as usize % RECENT)?;
        Some((slot, (connection & u64::from(u32::MAX)).max(1)))
    }
}

/// The least of some attempts.
fn clock_ns() -> u64 {
    (0..64)
        .map(|_| {
            let from = monotonic_ns();
            monotonic_ns().saturating_sub(from)
        })
        .min()
        .unwrap_or(0)
}
