// SPDX-License-Identifier: GPL-2.0-only

//! The rungs of one namespace.

use crate::{
    chain::{Chain, Layout, Owner},
    gaps::Gaps,
    layout::{missing, Place},
    name::name,
    rung::Rung,
    tracer::Tracer, //
};
use core::fmt;
use kernel::{
    prelude::*,
    sync::{rcu, Arc},
};
use netfilter::{
    chain::Kind, Chain as Hooks, ChainEntry, IpVersion, Net, Op, Point, Priority, RcuCell,
    Registration,
};

/// More rungs at a point, and they are laid anew.
const MAX_RUNGS: usize = 64;

/// Numbers that are never used again.
#[derive(Default)]
pub(crate) struct Numbers {
    rung: u32,
    layout: u64,
}

/// All rungs in one namespace.
pub(crate) struct Ladders {
    /// Of the namespace.
    pub(crate) cookie: u64,
    ladders: KVec<Ladder>,
    /// Rungs are put in and never taken off one by one: whenever a hook is taken off, the core drops all
    /// packets of the namespace that wait in queues.
    registrations: KVec<Registration<[Rung]>>,
}

/// The rungs at one point.
struct Ladder {
    chain: Arc<Chain>,
    /// In the order of the core's chain: by priority, and where that is the same the newest first.
    rungs: KVec<(Priority, u32)>,
}

impl Ladder {
    fn new(net: u32, version: IpVersion, point: Point) -> Result<Self> {
        let nothing = Layout::new(0, None, KVec::new(), KVec::new());
        let chain = Chain {
            net,
            version,
            point,
            layout: RcuCell::new(KBox::new(nothing, GFP_KERNEL)?),
        };
        Ok(Self {
            chain: Arc::new(chain, GFP_KERNEL)?,
            rungs: KVec::new(),
        })
    }

    fn hooks<'rcu>(&self, net: &Net, rcu: &'rcu rcu::Guard) -> Hooks<'rcu> {
        match self.chain.version {
            IpVersion::V4 => Hooks::ipv4(net, self.chain.point, rcu),
            IpVersion::V6 => Hooks::ipv6(net, self.chain.point, rcu),
        }
    }

    /// A rung at `priority` is being put in: before those there.
    fn insert(&mut self, priority: Priority, number: u32) -> Result {
        let at = self
            .rungs
            .iter()
            .position(|&(other, _)| other >= priority)
            .unwrap_or(self.rungs.len());
        self.rungs.reserve(1, GFP_KERNEL)?;
        // There is room.
        let _ = self.rungs.insert_within_capacity(at, (priority, number));
        Ok(())
    }
}

impl Ladders {
    pub(crate) fn new(net: &Net) -> Result<Self> {
        let mut ladders = KVec::new();
        for version in [IpVersion::V4, IpVersion::V6] {
            for point in Point::ALL {
                let ladder = Ladder::new(net.inode(), version, point)?;
                ladders.push(ladder, GFP_KERNEL)?;
            }
        }
        Ok(Self {
            cookie: net.cookie(),
            ladders,
            registrations: KVec::new(),
        })
    }

    /// Puts in the rungs that are missing. False: so many that all should be laid anew.
    pub(crate) fn lay(
        &mut self,
        net: &Net,
        tracer: &Arc<Tracer>,
        numbers: &mut Numbers,
    ) -> Result<bool> {
        let mut entries = KVec::new();
        for ladder in &mut self.ladders {
            let mut wanted = KVec::new();
            {
                let rcu = rcu::read_lock();
                for priority in missing(ladder.hooks(net, &rcu).map(|hook| place(&hook))) {
                    wanted.push(Priority::new(priority), GFP_ATOMIC)?;
                }
            }
            if ladder.rungs.len() + wanted.len() > MAX_RUNGS {
                return Ok(false);
            }
            for priority in wanted {
                numbers.rung = numbers.rung.wrapping_add(1);
                let rung = Rung {
                    number: numbers.rung,
                    priority,
                    chain: ladder.chain.clone(),
                    tracer: tracer.clone(),
                };
                let op = match ladder.chain.version {
                    IpVersion::V4 => Op::ipv4::<Rung>(ladder.chain.point, priority),
                    IpVersion::V6 => Op::ipv6::<Rung>(ladder.chain.point, priority),
                };
                ladder.insert(priority, rung.number)?;
                entries.push((op, rung), GFP_KERNEL)?;
            }
        }
        if !entries.is_empty() {
            self.registrations.reserve(1, GFP_KERNEL)?;
            let registration = Registration::entries_in_net(net, entries)?;
            self.registrations.push(registration, GFP_KERNEL)?;
        }
        Ok(true)
    }

    /// Reads the chains that have changed: pushes what they are like now.
    pub(crate) fn read<'a>(
        &'a self,
        net: &Net,
        tracer: &Tracer,
        gaps: &mut Gaps,
        numbers: &mut Numbers,
        now: u64,
        changes: &mut KVec<(&'a RcuCell<Layout>, KBox<Layout>)>,
    ) -> Result {
        for ladder in &self.ladders {
            let chain = &*ladder.chain;
            let stamp = tracer.watch.stamp(net, chain.version, chain.point);
            let known = {
                let rcu = rcu::read_lock();
                let layout = chain.layout.read(&rcu);
                layout.gaps.iter().for_each(|gap| gaps.touch(gap, now));
                layout.number != 0 && layout.stamp == stamp
            };
            if known {
                continue;
            }
            let Some(owners) = ladder.owners(net)? else {
                continue;
            };
            // What has been read is what is at the point, and was all the while: see `chain.rs`.
            if tracer.watch.stamp(net, chain.version, chain.point) != stamp {
                continue;
            }
            let mut rungs = KVec::with_capacity(ladder.rungs.len(), GFP_KERNEL)?;
            for &(_, number) in &ladder.rungs {
                rungs.push(number, GFP_KERNEL)?;
            }
            let mut found = KVec::with_capacity(owners.len(), GFP_KERNEL)?;
            for owners in owners {
                found.push(gaps.find(chain, owners, now)?, GFP_KERNEL)?;
            }
            numbers.layout += 1;
            let layout = Layout::new(numbers.layout, stamp, rungs, found);
            changes.push((&chain.layout, KBox::new(layout, GFP_KERNEL)?), GFP_KERNEL)?;
        }
        Ok(())
    }

    /// A grace period has passed since the last `read`.
    pub(crate) fn settle(&self) {
        for ladder in &self.ladders {
            let rcu = rcu::read_lock();
            ladder.chain.layout.read(&rcu).settle();
        }
    }

    /// Calls `f` with each chain at which something is registered, and what is known of it.
    pub(crate) fn each(&self, mut f: impl FnMut(&Chain, &Layout) -> fmt::Result) -> fmt::Result {
        self.ladders.iter().try_for_each(|ladder| {
            let rcu = rcu::read_lock();
            f(&ladder.chain, ladder.chain.layout.read(&rcu))
        })
    }

    /// What is to be dropped at the end, and with others for one grace period.
    pub(crate) fn into_registrations(self) -> impl Iterator<Item = Registration<[Rung]>> {
        self.registrations.into_iter()
    }
}

impl Ladder {
    /// The foreign hooks behind each rung; none if the rungs are not where they should be.
    fn owners(&self, net: &Net) -> Result<Option<KVec<KVec<Owner>>>> {
        let mut gaps: KVec<KVec<Owner>> = KVec::new();
        let rcu = rcu::read_lock();
        for hook in self.hooks(net, &rcu) {
            match (place(&hook), gaps.last_mut()) {
                (Place::Rung, _) => gaps.push(KVec::new(), GFP_ATOMIC)?,
                // Before all rungs: one will be put before it.
                (Place::Foreign(_), None) => return Ok(None),
                (Place::Foreign(_), Some(gap)) => {
                    let (priority, name) = (hook.priority(), name(&hook)?);
                    gap.push(Owner { priority, name }, GFP_ATOMIC)?;
                }
            }
        }
        Ok((gaps.len() == self.rungs.len()).then_some(gaps))
    }
}

fn place(hook: &ChainEntry<'_>) -> Place {
    match hook.kind() {
        Kind::Ours => Place::Rung,
        _ => Place::Foreign(hook.priority().get()),
    }
}
