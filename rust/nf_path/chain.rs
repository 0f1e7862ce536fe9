// SPDX-License-Identifier: GPL-2.0-only

//! What is known of the hooks at one point.
//!
//! # Which hooks a packet has passed
//!
//! A packet walks the array of hooks that it found when it came to the point, even if another has been put
//! in its place since. So a rung may believe a [`Layout`] only if it describes the packet's array. It does if
//!
//! - the layout was read from array P while that was at the point, at a time t0;
//! - a grace period passed after t0, and only then the layout was *settled*;
//! - at the rung, at a time t1, the layout is settled and P is at the point still ([`ChainStamp`]).
//!
//! For: the core never puts an array back that it has taken away, so P was there from t0 to t1. The packet
//! found its array under `rcu_read_lock()`, which it has held since. It cannot have taken that lock before t0:
//! the grace period, which is over, would have waited for it. So it found its array between t0 and t1, and that
//! is P. (A packet that came back from a queue found its array when it came back: also between t0 and t1,
//! as the queue was entered from a rung after t0.)
//!
//! An address that has been used again is no P: see `ChainStamp`. What stands in an array for a hook that has been
//! taken off, until a new array is made, does nothing: nothing can be attributed to it wrongly.

use crate::{name::OwnerName, shared::Shared};
use core::sync::atomic::{
    AtomicBool,
    Ordering::{Acquire, Release},
};
use kernel::{prelude::*, sync::Arc};
use netfilter::{ChainStamp, HookFunction, IpVersion, Point, Priority, RcuCell};

/// A point of one version of IP in one namespace.
pub(crate) struct Chain {
    pub(crate) net: u32,
    pub(crate) version: IpVersion,
    pub(crate) point: Point,
    pub(crate) layout: RcuCell<Layout>,
}

/// The rungs of a chain, and what stands behind each.
pub(crate) struct Layout {
    /// Tells it from all others.
    pub(crate) number: u64,
    pub(crate) stamp: Option<ChainStamp>,
    /// In their order.
    pub(crate) rungs: KVec<u32>,
    /// As many: the gap behind each.
    pub(crate) gaps: KVec<Arc<Gap>>,
    /// As many: its hooks, where several share it.
    shared: KVec<Shared>,
    /// What those in shared gaps call.
    pub(crate) functions: KVec<HookFunction>,
    settled: AtomicBool,
}

impl Layout {
    /// Without hooks.
    pub(crate) fn empty() -> Self {
        Self::new(0, None, KVec::new(), KVec::new(), KVec::new(), KVec::new())
    }

    pub(crate) fn new(
        number: u64,
        stamp: Option<ChainStamp>,
        rungs: KVec<u32>,
        gaps: KVec<Arc<Gap>>,
        shared: KVec<Shared>,
        functions: KVec<HookFunction>,
    ) -> Self {
        Self {
            number,
            stamp,
            rungs,
            gaps,
            shared,
            functions,
            settled: AtomicBool::new(false),
        }
    }

    /// A grace period has passed since this was read.
    pub(crate) fn settle(&self) {
        self.settled.store(true, Release);
    }

    /// Which rung this is, from 0 on; none if this is not what the packet walks, or nobody can tell: see
    /// above. `now` is the array that is at the point; `likely` where to look first.
    #[inline]
    pub(crate) fn position(
        &self,
        rung: u32,
        now: Option<ChainStamp>,
        likely: usize,
    ) -> Option<usize> {
        if !self.settled.load(Acquire) || self.stamp != now {
            return None;
        }
        match self.rungs.get(likely) {
            Some(&other) if other == rung => Some(likely),
            _ => self.rungs.iter().position(|&other| other == rung),
        }
    }

    /// No further rung.
    #[inline]
    pub(crate) fn is_last(&self, position: usize) -> bool {
        position.wrapping_add(1) == self.rungs.len()
    }

    #[inline]
    pub(crate) fn shared(&self, position: usize) -> Option<&Shared> {
        self.shared.get(position)
    }

    /// Whether these stand behind its rungs.
    pub(crate) fn has<'a>(&self, owners: impl Iterator<Item = &'a [Owner]>) -> bool {
        self.gaps.iter().map(|gap| &*gap.owners).eq(owners)
    }

    /// What stands behind that rung, if anything.
    #[inline]
    pub(crate) fn gap(&self, position: usize) -> Option<u32> {
        let gap = self.gaps.get(position)?;
        (!gap.owners.is_empty()).then_some(gap.number)
    }
}

/// What stands between two rungs, or behind the last: as a rule one foreign hook, none, or all those that
/// share a priority.
pub(crate) struct Gap {
    /// Never used again.
    pub(crate) number: u32,
    pub(crate) net: u32,
    pub(crate) version: IpVersion,
    pub(crate) point: Point,
    pub(crate) owners: KVec<Owner>,
}

impl Gap {
    /// Whether one of their names has `part`.
    pub(crate) fn has(&self, part: &[u8]) -> bool {
        self.owners.iter().any(|owner| owner.name.has(part))
    }

    /// Of the first of them.
    pub(crate) fn priority(&self) -> Priority {
        self.owners
            .first()
            .map_or(Priority::LAST, |owner| owner.priority)
    }
}

/// A foreign hook.
#[derive(PartialEq)]
pub(crate) struct Owner {
    pub(crate) priority: Priority,
    pub(crate) name: OwnerName,
}
