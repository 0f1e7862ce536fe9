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
    /// The last packet that came of a connection, that way, in a namespace, for a few of these: 24 bits to compare, 16 of
    /// the time, 24 of its number.
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
    pub(crate) fn remember(&self, net: u32, seen: &Seen, number: u64) {
        if let Some([flow, _]) = seen.flow(net) {
            let entry = flow & SUM | (soon() & TIME) << NUMBER_BITS | number & NUMBER;
            self.recent(flow).store(entry, Relaxed);
        }
    }

    /// The packet of the other direction that has just come in, there: what a reset answers. None if that is longer ago.
    pub(crate) fn provoker(&self, net: u32, reset: &Seen) -> Option<u64> {
        let [_, flow] = reset.flow(net)?;
        let found = self.recent(flow).load(Relaxed);
        let age = soon().wrapping_sub(found >> NUMBER_BITS) & TIME;
        // Numbers are told by their lower part, and it is a recent one.
        let last = self.packets();
        let back = last.wrapping_sub(found) & NUMBER;
        (found & SUM == flow & SUM && age <= RECENTLY).then(|| last.saturating_sub(back))
    }

    /// Where that stands.
    fn recent(&self, flow: u64) -> &Atomic<u64> {
        let [first, ..] = &self.recent;
        // Other bits than those that are compared.
        let at = (flow >> 32) as usize % RECENT;
        self.recent.get(at).unwrap_or(first)
    }
}

const NUMBER_BITS: u32 = 24;
const NUMBER: u64 = (1 << NUMBER_BITS) - 1;
const TIME: u64 = 0xffff;
const SUM: u64 = !0 << 40;
/// One second, in the unit of `soon`.
const RECENTLY: u64 = 15;

/// The time in steps of 2^26 ns: a fifteenth of a second.
fn soon() -> u64 {
    monotonic_ns() >> 26
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
