// SPDX-License-Identifier: GPL-2.0-only

//! All gaps between rungs that there are, by their numbers.

use crate::{
    chain::{Chain, Gap, Owner},
    path::Path,
    stats::Stats,
};
use kernel::{prelude::*, sync::Arc};

/// In ascending order of their numbers.
pub(crate) struct Gaps {
    all: KVec<Known>,
    next: u32,
}

struct Known {
    gap: Arc<Gap>,
    /// When it was last in a layout.
    used: u64,
    stats: Stats,
}

/// Paths are at most half as long on their way.
const KEPT_NS: u64 = 60_000_000_000;

impl Gaps {
    pub(crate) fn new() -> Self {
        Self {
            all: KVec::new(),
            next: 1,
        }
    }

    pub(crate) fn get(&self, number: u32) -> Option<&Gap> {
        let at = self.place(number)?;
        self.all.get(at).map(|known| &*known.gap)
    }

    /// What has been counted of a gap.
    pub(crate) fn stats(&self, number: u32) -> Option<&Stats> {
        let at = self.place(number)?;
        self.all.get(at).map(|known| &known.stats)
    }

    fn stats_mut(&mut self, number: Option<u32>) -> Option<&mut Stats> {
        let at = self.place(number?)?;
        self.all.get_mut(at).map(|known| &mut known.stats)
    }

    fn place(&self, number: u32) -> Option<usize> {
        self.all
            .binary_search_by_key(&number, |known| known.gap.number)
            .ok()
    }

    /// Counts a path that has ended.
    pub(crate) fn count(&mut self, path: &Path) {
        for step in path.steps.iter() {
            if let Some(stats) = self.stats_mut(step.gap) {
                stats.pass(step.ns, step.change.is_some());
            }
        }
        // In whose hands it was at the end.
        if let Some(stats) = self.stats_mut(path.at.gap) {
            if path.is_dropped_in_hooks() {
                stats.drop();
            } else if path.is_taken() {
                stats.take();
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
        let known = Known {
            gap: gap.clone(),
            used: now,
            stats: Stats::default(),
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
