// SPDX-License-Identifier: GPL-2.0-only

//! What a probe has seen.

use crate::{action::Given, record::Record};
use core::fmt;
use kernel::{
    prelude::*,
    sync::{new_spinlock_irq, SpinLockIrq},
};
use netfilter::{conntrack::State, Family, Packet};

/// The figures of a probe; they stay when it is not active.
#[pin_data]
pub(crate) struct Seen {
    #[pin]
    inner: SpinLockIrq<Inner>,
}

struct Inner {
    counts: Counts,
    first: Capture,
    last: Capture,
}

/// A packet that is counted and has not yet got its verdict is in the former and not in the latter.
#[derive(Clone, Copy, Default)]
pub(crate) struct Counts {
    packets: u64,
    bytes: u64,
    /// Packets and bytes, by the place of their state in `STATES`.
    conntrack: [(u64, u64); 8],
    /// The same by verdict.
    accept: (u64, u64),
    drop: (u64, u64),
    queue: (u64, u64),
    stolen: (u64, u64),
    spared: u64,
    failed: u64,
    unprinted: u64,
    ns: u64,
}

const STATES: [(Option<State>, &str); 8] = [
    (None, "none"),
    (Some(State::Template), "template"),
    (Some(State::Untracked), "untracked"),
    (Some(State::New), "new"),
    (Some(State::Established), "established"),
    (Some(State::Related), "related"),
    (Some(State::EstablishedReply), "established-reply"),
    (Some(State::RelatedReply), "related-reply"),
];

/// As much of a packet as a page can show in hexadecimal.
const CAPTURED: usize = 1536;

struct Capture {
    record: Option<Record>,
    /// `CAPTURED` of them.
    bytes: KVec<u8>,
    len: usize,
}

impl Capture {
    fn new() -> Result<Self> {
        let mut bytes = KVec::new();
        bytes.resize(CAPTURED, 0, GFP_KERNEL)?;
        Ok(Self {
            record: None,
            bytes,
            len: 0,
        })
    }

    fn set<F: Family>(&mut self, record: &Record, packet: &Packet<'_, F>) {
        let len = record.len.min(CAPTURED);
        let copied = self
            .bytes
            .get_mut(..len)
            .is_some_and(|to| packet.copy(0, to));
        self.len = if copied { len } else { 0 };
        self.record = Some(*record);
    }

    /// In memory that is there already.
    fn copy_to(&self, other: &mut Self) {
        other.record = self.record;
        other.len = self.len;
        let pairs = other.bytes.iter_mut().zip(&self.bytes);
        pairs.take(self.len).for_each(|(to, from)| *to = *from);
    }
}

impl Seen {
    pub(crate) fn new() -> impl PinInit<Self, Error> {
        pin_init::pin_init_scope(|| {
            let inner = Inner {
                counts: Counts::default(),
                first: Capture::new()?,
                last: Capture::new()?,
            };
            Ok(try_pin_init!(Self {
                inner <- new_spinlock_irq!(inner),
            }? Error))
        })
    }

    /// A packet has come.
    pub(crate) fn packet<F: Family>(&self, record: &Record, packet: &Packet<'_, F>) {
        let mut inner = self.inner.lock();
        let Inner {
            counts,
            first,
            last,
        } = &mut *inner;
        let len = record.len as u64;
        add(&mut counts.packets, 1);
        add(&mut counts.bytes, len);
        let place = STATES
            .iter()
            .position(|(state, _)| *state == record.conntrack);
        if let Some((packets, bytes)) = place.and_then(|at| counts.conntrack.get_mut(at)) {
            add(packets, 1);
            add(bytes, len);
        }
        if first.record.is_none() {
            first.set(record, packet);
        }
        last.set(record, packet);
    }

    /// It has got its verdict; none where it was spared.
    pub(crate) fn verdict(&self, record: &Record, given: Option<Given>, ns: u64) {
        let counts = &mut self.inner.lock().counts;
        let (packets, bytes) = match given {
            None | Some(Given::Accept | Given::Failed) => &mut counts.accept,
            Some(Given::Drop) => &mut counts.drop,
            Some(Given::Queue) => &mut counts.queue,
            Some(Given::Stolen) => &mut counts.stolen,
        };
        add(packets, 1);
        add(bytes, record.len as u64);
        match given {
            None => add(&mut counts.spared, 1),
            Some(Given::Failed) => add(&mut counts.failed, 1),
            Some(_) => {}
        }
        add(&mut counts.ns, ns);
    }

    /// A line was not printed.
    pub(crate) fn unprinted(&self) {
        add(&mut self.inner.lock().counts.unprinted, 1);
    }

    pub(crate) fn counts(&self) -> Counts {
        self.inner.lock().counts
    }

    pub(crate) fn first(&self) -> Result<impl fmt::Display> {
        self.copy(|inner| &inner.first)
    }

    pub(crate) fn last(&self) -> Result<impl fmt::Display> {
        self.copy(|inner| &inner.last)
    }

    fn copy(&self, which: impl FnOnce(&Inner) -> &Capture) -> Result<Capture> {
        let mut copy = Capture::new()?;
        which(&self.inner.lock()).copy_to(&mut copy);
        Ok(copy)
    }

    /// Begins anew.
    pub(crate) fn reset(&self) {
        let mut inner = self.inner.lock();
        inner.counts = Counts::default();
        inner.first.record = None;
        inner.last.record = None;
    }
}

fn add(count: &mut u64, by: u64) {
    *count = count.wrapping_add(by);
}

/// A line for each figure that is not always 0: name, then packets, or packets and bytes.
impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "packets {}", self.packets)?;
        writeln!(f, "bytes {}", self.bytes)?;
        writeln!(f, "ns {}", self.ns)?;
        for ((_, name), (packets, bytes)) in STATES.iter().zip(self.conntrack) {
            if packets != 0 {
                writeln!(f, "ct {name} {packets} {bytes}")?;
            }
        }
        for (name, (packets, bytes)) in [
            ("accept", self.accept),
            ("drop", self.drop),
            ("queue", self.queue),
            ("stolen", self.stolen),
        ] {
            if packets != 0 {
                writeln!(f, "verdict {name} {packets} {bytes}")?;
            }
        }
        for (name, packets) in [
            ("spared", self.spared),
            ("failed", self.failed),
            ("unprinted", self.unprinted),
        ] {
            if packets != 0 {
                writeln!(f, "{name} {packets}")?;
            }
        }
        Ok(())
    }
}

/// The line about it, its bytes in hexadecimal, 32 a line, and how many more there are.
impl fmt::Display for Capture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(record) = &self.record else {
            return Ok(());
        };
        writeln!(f, "{record}")?;
        let bytes = self.bytes.get(..self.len).unwrap_or_default();
        for line in bytes.chunks(32) {
            line.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
            writeln!(f)?;
        }
        match record.len.saturating_sub(self.len) {
            0 => Ok(()),
            more => writeln!(f, "and {more} bytes more"),
        }
    }
}
