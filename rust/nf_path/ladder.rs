// SPDX-License-Identifier: GPL-2.0-only

//! The rungs of one namespace.

use crate::{
    chain::{Chain, Layout, Owner},
    gaps::Gaps,
    layout::{missing, Place},
    name::name,
    rung::Rung,
    shared::{Probes, Shared},
    tracer::Tracer, //
};
use core::fmt;
use kernel::{
    prelude::*,
    sync::{rcu, Arc},
};
use netfilter::{
    chain::Kind, time::monotonic_ns, Chain as Hooks, ChainEntry, HookFunction, HookId, IpVersion,
    Net, Op, Point, Priority, RcuCell, Registration,
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
    tracer: Arc<Tracer>,
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
        let chain = Chain {
            net,
            version,
            point,
            layout: RcuCell::new(KBox::new(Layout::empty(), GFP_KERNEL)?),
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
    pub(crate) fn new(net: &Net, tracer: Arc<Tracer>) -> Result<Self> {
        let mut ladders = KVec::new();
        for version in [IpVersion::V4, IpVersion::V6] {
            for point in Point::ALL {
                let ladder = Ladder::new(net.inode(), version, point)?;
                ladders.push(ladder, GFP_KERNEL)?;
            }
        }
        Ok(Self {
            cookie: net.cookie(),
            tracer,
            ladders,
            registrations: KVec::new(),
        })
    }

    /// Puts in the rungs that are missing. False: so many that all should be laid anew.
    pub(crate) fn lay(&mut self, net: &Net, numbers: &mut Numbers) -> Result<bool> {
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
                // Anew there would be no fewer.
                if ladder.rungs.is_empty() {
                    return Err(E2BIG);
                }
                return Ok(false);
            }
            for priority in wanted {
                numbers.rung = numbers.rung.wrapping_add(1);
                let rung = Rung {
                    number: numbers.rung,
                    priority,
                    chain: ladder.chain.clone(),
                    tracer: self.tracer.clone(),
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

    /// Reads the chains that have changed: pushes what they are like now. `names`: also where only what a hook is called
    /// has changed.
    pub(crate) fn read<'a>(
        &'a self,
        net: &Net,
        gaps: &mut Gaps,
        probes: &mut Probes,
        numbers: &mut Numbers,
        names: bool,
        changes: &mut KVec<(&'a RcuCell<Layout>, KBox<Layout>)>,
    ) -> Result {
        let (now, tracer) = (monotonic_ns(), &self.tracer);
        for ladder in &self.ladders {
            let chain = &*ladder.chain;
            let stamp = || {
                let rcu = rcu::read_lock();
                tracer.watch.stamp(net, chain.version, chain.point, &rcu)
            };
            let before = stamp();
            let groups = if names { ladder.groups(net)? } else { None };
            let known = {
                let rcu = rcu::read_lock();
                let layout = chain.layout.read(&rcu);
                layout.gaps.iter().for_each(|gap| gaps.touch(gap, now));
                for &function in &layout.functions {
                    probes.touch(function, now);
                }
                layout.number != 0
                    && layout.stamp == before
                    && groups.is_none_or(|groups| layout.has(groups.iter().map(Group::owners)))
            };
            if known {
                continue;
            }
            let Some(groups) = ladder.groups(net)? else {
                continue;
            };
            // What has been read is what is at the point, and was all the while: see `chain.rs`.
            if stamp() != before {
                continue;
            }
            let mut rungs = KVec::with_capacity(ladder.rungs.len(), GFP_KERNEL)?;
            for &(_, number) in &ladder.rungs {
                rungs.push(number, GFP_KERNEL)?;
            }
            let mut found = KVec::with_capacity(groups.len(), GFP_KERNEL)?;
            let mut shared = KVec::with_capacity(groups.len(), GFP_KERNEL)?;
            let mut functions = KVec::new();
            for Group { owners, hooks } in groups {
                found.push(gaps.find(chain, owners, now)?, GFP_KERNEL)?;
                shared.push(Shared::new(&hooks, probes, tracer, now)?, GFP_KERNEL)?;
                if hooks.len() > 1 {
                    for (_, function) in hooks {
                        functions.push(function, GFP_KERNEL)?;
                    }
                }
            }
            numbers.layout += 1;
            let layout = Layout::new(numbers.layout, before, rungs, found, shared, functions);
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

/// The foreign hooks behind a rung.
#[derive(Default)]
struct Group {
    owners: KVec<Owner>,
    hooks: KVec<(HookId, HookFunction)>,
}

impl Group {
    fn owners(&self) -> &[Owner] {
        &self.owners
    }
}

impl Ladder {
    /// Those behind each rung; none if the rungs are not where they should be.
    fn groups(&self, net: &Net) -> Result<Option<KVec<Group>>> {
        let mut gaps: KVec<Group> = KVec::new();
        let rcu = rcu::read_lock();
        for hook in self.hooks(net, &rcu) {
            match (place(&hook), gaps.last_mut()) {
                (Place::Rung, _) => gaps.push(Group::default(), GFP_ATOMIC)?,
                // Before all rungs: one will be put before it.
                (Place::Foreign(_), None) => return Ok(None),
                (Place::Foreign(_), Some(gap)) => {
                    let (priority, name) = (hook.priority(), name(&hook)?);
                    gap.owners.push(Owner { priority, name }, GFP_ATOMIC)?;
                    gap.hooks
                        .push((hook.id(), hook.hook_function()), GFP_ATOMIC)?;
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
