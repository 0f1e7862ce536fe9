// SPDX-License-Identifier: GPL-2.0-only

//! All gaps between rungs that there are, by their numbers.

use crate::{
    chain::{Chain, Gap, Owner},
    path::{Dropped, Path},
    stats::Stats,
};
use kernel::{prelude::*, sync::Arc};

/// In ascending order of their numbers.
pub(crate) struct Gaps {
    /// Too large for `kmalloc()` where there are a thousand namespaces.
    all: KVVec<Known>,
    next: u32,
}

struct Known {
    gap: Arc<Gap>,
    /// When it was last in a layout.
    used: u64,
    stats: Stats,
    /// Where several share it, also of each.
    each: KVec<Stats>,
}

impl Known {
    /// The packet has got through so many of the hooks at that step.
    fn pass_each(&mut self, path: &Path, step: usize, hooks: usize) {
        for (hook, stats) in self.each.iter_mut().enumerate().take(hooks) {
            stats.pass(path.time_of(step, hook), false);
        }
    }
}

/// Paths are at most half as long on their way.
const KEPT_NS: u64 = 60_000_000_000;

impl Gaps {
    pub(crate) fn new() -> Self {
        Self {
            all: KVVec::new(),
            next: 1,
        }
    }

    pub(crate) fn get(&self, number: u32) -> Option<&Gap> {
        let at = self.place(number)?;
        self.all.get(at).map(|known| &*known.gap)
    }

    /// A step's; or why that is not known.
    pub(crate) fn of(&self, step: Option<u32>) -> Result<&Gap, &'static str> {
        let number = step.ok_or("hooks were changing")?;
        self.get(number).ok_or("forgotten")
    }

    /// What has been counted of a gap; and, where several share it, of each.
    pub(crate) fn stats(&self, number: u32) -> Option<(&Stats, &[Stats])> {
        let at = self.place(number)?;
        let known = self.all.get(at)?;
        Some((&known.stats, &known.each))
    }

    fn known_mut(&mut self, number: Option<u32>) -> Option<&mut Known> {
        let at = self.place(number?)?;
        self.all.get_mut(at)
    }

    fn place(&self, number: u32) -> Option<usize> {
        self.all
            .binary_search_by_key(&number, |known| known.gap.number)
            .ok()
    }

    /// Counts a path that has ended.
    pub(crate) fn count(&mut self, path: &Path) {
        for (number, step) in path.steps.iter().enumerate() {
            if let Some(known) = self.known_mut(step.gap) {
                let ns = path.ns_of(number, step, known.gap.owners.len());
                known.stats.pass(ns, step.change.is_some());
                known.pass_each(path, number, usize::MAX);
            }
        }
        // In whose hands it was at the end.
        let end: fn(&mut Stats) = if path.dropped == Some(Dropped::InHook) {
            Stats::drop
        } else if path.is_taken() {
            Stats::take
        } else {
            return;
        };
        if let Some(known) = self.known_mut(path.at.gap) {
            end(&mut known.stats);
            let Some(holder) = path.holder else { return };
            known.pass_each(path, path.steps.count(), holder);
            if let Some(stats) = known.each.get_mut(holder) {
                end(stats);
            }
        }
    }

    /// The gap of a chain in which these stand: the same as before, if there was one.
    pub(crate) fn find(
        &mut self,
        chain: &Chain,
        owners: KVec<Owner>,
        now: u64,
    ) -> Result<Arc<Gap>> {
        let known = self.all.iter_mut().find(|known| {
            let gap = &known.gap;
            gap.net == chain.net
                && gap.version == chain.version
                && gap.point == chain.point
                && *gap.owners == *owners
        });
        if let Some(known) = known {
            known.used = now;
            return Ok(known.gap.clone());
        }
        let gap = Arc::new(
            Gap {
                number: self.next,
                net: chain.net,
                version: chain.version,
                point: chain.point,
                owners,
            },
            GFP_KERNEL,
        )?;
        let mut each = KVec::new();
        if gap.owners.len() > 1 {
            for _ in &gap.owners {
                each.push(Stats::default(), GFP_KERNEL)?;
            }
        }
        let known = Known {
            gap: gap.clone(),
            used: now,
            stats: Stats::of_gap(),
            each,
        };
        self.all.push(known, GFP_KERNEL)?;
        self.next = self.next.wrapping_add(1);
        Ok(gap)
    }

    /// It is in a layout.
    pub(crate) fn touch(&mut self, gap: &Gap, now: u64) {
        if let Some(at) = self.place(gap.number) {
            if let Some(known) = self.all.get_mut(at) {
                known.used = now;
            }
        }
    }

    /// Forgets those that have been in no layout for long.
    pub(crate) fn forget(&mut self, now: u64) {
        self.all
            .retain(|known| now.saturating_sub(known.used) < KEPT_NS);
    }
}
