// SPDX-License-Identifier: GPL-2.0-only

//! The packets that are being followed: from which sk_buff to which path.
//!
//! Two tables of fixed size. In the index an id stands in one of the few places that it hashes to, and with
//! it the slot that its path is in: any that was free. Both are found and claimed by atomic operations. A slot's
//! lock is taken by the one CPU that has the packet, and now and then by the manager; nobody ever waits for it.
//! The atomics are Rust's own, which are no calls as the kernel crate's are; nothing else accesses them.
//! A path that has ended leaves the index at once, and its slot when the manager has printed it.

use crate::path::Path;
use core::sync::atomic::{
    AtomicI64, AtomicU32, AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};
use kernel::{
    new_spinlock,
    prelude::*,
    processor::cpu_relax,
    sync::{
        lock::{spinlock::SpinLockBackend, Guard},
        SpinLock, //
    },
};
use netfilter::{time::monotonic_ns, PacketId};

/// So many packets can be under way, or ended and not printed, at the same time: some 7 MB.
pub(crate) const SLOTS: usize = 1024;
/// A packet's id is in one of so many places of the index: of those in its bucket.
const WAYS: usize = 8;
const BUCKETS: usize = 2 * SLOTS / WAYS;
/// Of a lock that somebody has: some microseconds.
const TRIES: usize = 100;
/// At measuring.
const ATTEMPTS: usize = 64;

/// No packet's id.
const NONE: u64 = 0;

/// States of a slot.
const FREE: u32 = 0;
const USED: u32 = 1;
const ENDED: u32 = 2;

#[pin_data]
pub(crate) struct Paths {
    index: [[Place; WAYS]; BUCKETS],
    states: [AtomicU32; SLOTS],
    /// When to look after each path: the manager takes a lock only then, so that packets hardly ever find one
    /// taken.
    due: [AtomicU64; SLOTS],
    #[pin]
    paths: [SpinLock<Path>; SLOTS],
    /// How many places of the index are taken. A packet that is followed comes to each CPU after its own place has
    /// been counted.
    taken: AtomicI64,
    /// Where the search for a free slot begins.
    next: AtomicU64,
    /// Found no slot.
    overflow: AtomicU64,
    /// How often something of a packet was not seen: its slot was locked.
    busy: AtomicU64,
}

struct Place {
    id: AtomicU64,
    slot: AtomicU64,
}

impl Place {
    const fn new() -> Self {
        Self {
            id: AtomicU64::new(NONE),
            slot: AtomicU64::new(0),
        }
    }

    #[inline]
    fn slot(&self) -> usize {
        self.slot.load(Relaxed) as usize
    }
}

/// A path that is being followed, and nobody else's as long as one has this.
pub(crate) struct Slot<'a> {
    paths: &'a Paths,
    place: &'a Place,
    path: Guard<'a, Path, SpinLockBackend>,
}

impl Slot<'_> {
    pub(crate) fn path(&mut self) -> &mut Path {
        &mut self.path
    }

    /// The packet goes on from its rung: see [`Path::leave`].
    pub(crate) fn leave(mut self, now: u64, missed: u64) {
        self.path.leave(now, missed);
        if let Some(due) = self.paths.due.get(self.place.slot()) {
            due.store(now.saturating_add(self.path.patience_ns()), Relaxed);
        }
    }

    /// The path is the manager's from now on.
    pub(crate) fn end(self) {
        self.end_as(ENDED);
    }

    fn end_as(self, end: u32) {
        let Self {
            paths,
            place,
            mut path,
        } = self;
        let slot = place.slot();
        path.id = NONE;
        place.id.store(NONE, Relaxed);
        paths.taken.fetch_sub(1, Relaxed);
        drop(path);
        if let Some(state) = paths.states.get(slot) {
            state.store(end, Release);
        }
    }
}

/// Whether a packet is being followed.
pub(crate) enum Found<'a> {
    Yes(Slot<'a>),
    No,
    /// It is, but the manager has its slot.
    Busy,
}

impl Paths {
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            index <- pin_init::init_array_from_fn(|_| [const { Place::new() }; WAYS]),
            states <- pin_init::init_array_from_fn(|_| AtomicU32::new(FREE)),
            due <- pin_init::init_array_from_fn(|_| AtomicU64::new(0)),
            paths <- pin_init::pin_init_array_from_fn(|_| new_spinlock!(Path::init())),
            taken: AtomicI64::new(0),
            next: AtomicU64::new(0),
            overflow: AtomicU64::new(0),
            busy: AtomicU64::new(0),
        })
    }

    pub(crate) fn overflow(&self) -> u64 {
        self.overflow.load(Relaxed)
    }

    pub(crate) fn busy(&self) -> u64 {
        self.busy.load(Relaxed)
    }

    /// Where a packet's id may be. Ids are well mixed.
    #[inline]
    fn ways(&self, id: u64) -> impl Iterator<Item = &Place> {
        let [first, ..] = &self.index;
        self.index
            .get(id as usize % BUCKETS)
            .unwrap_or(first)
            .iter()
    }

    /// Whether no packet is followed: for most packets there is nothing else to know.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.taken.load(Relaxed) == 0
    }

    /// The path of a packet. Where its slot is locked that is tried again, and counted as missed in the end.
    #[inline(always)]
    pub(crate) fn find_soon(&self, packet: PacketId) -> Found<'_> {
        self.find(packet.get().get())
    }

    #[inline(always)]
    fn find(&self, packet: u64) -> Found<'_> {
        match self
            .ways(packet)
            .find(|place| place.id.load(Relaxed) == packet)
        {
            Some(place) => self.lock(place, packet),
            None => Found::No,
        }
    }

    /// The slot that the place of `packet` leads to.
    #[inline(always)]
    fn lock<'a>(&'a self, place: &'a Place, packet: u64) -> Found<'a> {
        let Some(slot) = self.paths.get(place.slot()) else {
            return Found::No;
        };
        let mut tries = 0;
        let path = loop {
            if let Some(path) = slot.try_lock() {
                break path;
            }
            if tries == TRIES {
                self.busy.fetch_add(1, Relaxed);
                return Found::Busy;
            }
            // The manager is ending it just now, in most cases.
            cpu_relax();
            tries += 1;
        };
        // Then it is no more.
        if place.id.load(Relaxed) != packet || path.id != packet {
            return Found::No;
        }
        Found::Yes(Slot {
            paths: self,
            place,
            path,
        })
    }

    /// A slot for a packet that is not being followed yet; its path is what another one has left there.
    pub(crate) fn claim(&self, packet: PacketId) -> Option<Slot<'_>> {
        let packet = packet.get().get();
        let slot = self.try_claim(packet);
        if slot.is_none() {
            self.overflow.fetch_add(1, Relaxed);
        }
        slot
    }

    fn try_claim(&self, packet: u64) -> Option<Slot<'_>> {
        let place = self.ways(packet).find(|place| {
            place.id.load(Relaxed) == NONE
                && place
                    .id
                    .compare_exchange(NONE, packet, Relaxed, Relaxed)
                    .is_ok()
        })?;
        self.taken.fetch_add(1, Relaxed);
        let Some((at, mut path)) = self.free_slot() else {
            place.id.store(NONE, Relaxed);
            self.taken.fetch_sub(1, Relaxed);
            return None;
        };
        path.id = packet;
        place.slot.store(at as u64, Relaxed);
        Some(Slot {
            paths: self,
            place,
            path,
        })
    }

    /// Takes a slot that is free, if there is one.
    fn free_slot(&self) -> Option<(usize, Guard<'_, Path, SpinLockBackend>)> {
        let from = self.next.fetch_add(1, Relaxed) as usize % SLOTS;
        (0..SLOTS).find_map(|by| {
            let at = (from + by) % SLOTS;
            let (state, path) = (self.states.get(at)?, self.paths.get(at)?);
            let free = state.load(Relaxed) == FREE
                && state.compare_exchange(FREE, USED, Acquire, Relaxed).is_ok();
            if !free {
                return None;
            }
            let Some(path) = path.try_lock() else {
                state.store(FREE, Release);
                return None;
            };
            Some((at, path))
        })
    }

    /// Nanoseconds that two rungs have between them to do for themselves, from the clock that a packet leaves the
    /// first by to that which it comes to the next by: the least of some attempts. For the beginning, when no
    /// packet is followed.
    pub(crate) fn cost_ns(&self) -> u64 {
        const NOBODY: u64 = 1;
        let mut least = None;
        let mut slot = self.try_claim(NOBODY);
        for _ in 0..ATTEMPTS {
            let Some(left) = slot.take() else { break };
            let from = monotonic_ns();
            left.leave(from, self.busy());
            if let Found::Yes(found) = self.find(NOBODY) {
                let ns = monotonic_ns().saturating_sub(from);
                least = Some(least.map_or(ns, |least| ns.min(least)));
                slot = Some(found);
            }
        }
        if let Some(slot) = slot {
            slot.end_as(FREE);
        }
        least.unwrap_or(0)
    }

    /// For the manager: puts each path that has ended into `path`, for `print`, and frees its slot; in the
    /// order of their numbers, which `order` is for.
    pub(crate) fn drain(
        &self,
        order: &mut KVec<(u64, usize)>,
        path: &mut Path,
        mut print: impl FnMut(&mut Path),
    ) {
        order.clear();
        for (at, (state, slot)) in self.states.iter().zip(&self.paths).enumerate() {
            if state.load(Acquire) == ENDED {
                if let Some(ended) = slot.try_lock() {
                    let entry = (ended.number, at);
                    let place = order.partition_point(|other| *other < entry);
                    // Without room: next time.
                    let _ = order.insert_within_capacity(place, entry);
                }
            }
        }
        for &(_, at) in order.iter() {
            let (Some(state), Some(slot)) = (self.states.get(at), self.paths.get(at)) else {
                continue;
            };
            if let Some(mut ended) = slot.try_lock() {
                core::mem::swap(path, &mut *ended);
                drop(ended);
                state.store(FREE, Release);
                print(path);
            }
        }
    }

    /// For the manager: `look`s after each path for which it is time, and ends those that it has not given
    /// more time.
    pub(crate) fn look_after(&self, now: u64, mut look: impl FnMut(&mut Path) -> Option<u64>) {
        for place in self.index.as_flattened() {
            let packet = place.id.load(Relaxed);
            let at = place.slot();
            let (Some(due), Some(path)) = (self.due.get(at), self.paths.get(at)) else {
                continue;
            };
            if packet == NONE || due.load(Relaxed) > now {
                continue;
            }
            let Some(mut path) = path.try_lock() else {
                continue;
            };
            if place.id.load(Relaxed) != packet || path.id != packet || due.load(Relaxed) > now {
                continue;
            }
            match look(&mut path) {
                Some(more_ns) => due.store(now.saturating_add(more_ns), Relaxed),
                None => Slot {
                    paths: self,
                    place,
                    path,
                }
                .end(),
            }
        }
    }
}
