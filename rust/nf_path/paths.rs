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
/// Places in the index.
const PLACES: usize = 2 * SLOTS;
/// A packet's id is in one of so many places.
const WAYS: usize = 8;
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
    index: [Place; PLACES],
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

/// A path that is being followed, and nobody else's as long as one has this.
pub(crate) struct Slot<'a> {
    id: &'a AtomicU64,
    taken: &'a AtomicI64,
    state: &'a AtomicU32,
    due: &'a AtomicU64,
    path: Guard<'a, Path, SpinLockBackend>,
}

impl Slot<'_> {
    pub(crate) fn path(&mut self) -> &mut Path {
        &mut self.path
    }

    /// The packet goes on from its rung: see [`Path::leave`].
    pub(crate) fn leave(mut self, now: u64, missed: u64) {
        self.path.leave(now, missed);
        let due = now.saturating_add(self.path.patience_ns());
        self.due.store(due, Relaxed);
    }

    /// The path is the manager's from now on.
    pub(crate) fn end(self) {
        self.end_as(ENDED);
    }

    fn end_as(self, end: u32) {
        let Self {
            id,
            taken,
            state,
            mut path,
            ..
        } = self;
        path.id = NONE;
        id.store(NONE, Relaxed);
        taken.fetch_sub(1, Relaxed);
        drop(path);
        state.store(end, Release);
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
            index <- pin_init::init_array_from_fn(|_| Place {
                id: AtomicU64::new(NONE),
                slot: AtomicU64::new(0),
            }),
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

    fn ways(&self, id: u64) -> impl Iterator<Item = &Place> {
        // A multiplicative hash: its upper bits are the good ones.
        let bucket = (id.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize % (PLACES / WAYS);
        self.index.iter().skip(bucket * WAYS).take(WAYS)
    }

    /// Whether no packet is followed: for most packets there is nothing else to know.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.taken.load(Relaxed) == 0
    }

    /// The path of a packet.
    #[inline]
    fn find(&self, packet: PacketId) -> Found<'_> {
        self.find_id(packet.get().get())
    }

    #[inline]
    fn find_id(&self, packet: u64) -> Found<'_> {
        match self
            .ways(packet)
            .find(|place| place.id.load(Relaxed) == packet)
        {
            Some(place) => self.lock(place, packet),
            None => Found::No,
        }
    }

    /// The path of a packet. Where its slot is locked that is tried again, and counted as missed in the end.
    pub(crate) fn find_soon(&self, packet: PacketId) -> Found<'_> {
        let mut found = self.find(packet);
        for _ in 0..TRIES {
            if !matches!(found, Found::Busy) {
                return found;
            }
            // The manager is ending it just now, in most cases.
            cpu_relax();
            found = self.find(packet);
        }
        if matches!(found, Found::Busy) {
            self.busy.fetch_add(1, Relaxed);
        }
        found
    }

    /// The slot that the place of `packet` leads to.
    fn lock<'a>(&'a self, place: &'a Place, packet: u64) -> Found<'a> {
        let at = place.slot.load(Relaxed) as usize;
        let (Some(state), Some(due), Some(path)) = self.slot(at) else {
            return Found::No;
        };
        let Some(path) = path.try_lock() else {
            return Found::Busy;
        };
        // The manager may have ended it in between.
        if place.id.load(Relaxed) != packet || path.id != packet {
            return Found::No;
        }
        Found::Yes(Slot {
            id: &place.id,
            taken: &self.taken,
            state,
            due,
            path,
        })
    }

    fn slot(
        &self,
        at: usize,
    ) -> (
        Option<&AtomicU32>,
        Option<&AtomicU64>,
        Option<&SpinLock<Path>>,
    ) {
        (self.states.get(at), self.due.get(at), self.paths.get(at))
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
        let Some((at, state, mut path)) = self.free_slot() else {
            place.id.store(NONE, Relaxed);
            self.taken.fetch_sub(1, Relaxed);
            return None;
        };
        path.id = packet;
        place.slot.store(at as u64, Relaxed);
        Some(Slot {
            id: &place.id,
            taken: &self.taken,
            state,
            due: self.due.get(at)?,
            path,
        })
    }

    /// Takes a slot that is free, if there is one.
    fn free_slot(&self) -> Option<(usize, &AtomicU32, Guard<'_, Path, SpinLockBackend>)> {
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
            Some((at, state, path))
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
            if let Found::Yes(found) = self.find_id(NOBODY) {
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
        for place in &self.index {
            let packet = place.id.load(Relaxed);
            let at = place.slot.load(Relaxed) as usize;
            let (Some(state), Some(due), Some(path)) = self.slot(at) else {
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
                None => {
                    let id = &place.id;
                    Slot {
                        id,
                        taken: &self.taken,
                        state,
                        due,
                        path,
                    }
                    .end();
                }
            }
        }
    }
}
