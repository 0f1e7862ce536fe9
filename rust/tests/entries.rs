// SPDX-License-Identifier: GPL-2.0-only

//! A test's module: hooks with data of their own each, and registrations that end together.
//!
//! Entries of the same hook function stand before and behind priority 0 of LOCAL_OUT; each counts what it
//! sees, and the last two keep UDP for port 4444 for a moment. `more` further registrations end at the
//! latest with the module.

#![deny(unsafe_code)]

use core::mem;
use kernel::{
    prelude::*,
    sync::{
        atomic::{Atomic, Relaxed},
        new_spinlock_irq, SpinLockIrq,
    },
    time::{Instant, Monotonic},
};
use netfilter::{Counter, Hook, NetRef, Op, Packet, Point, Priority, Registration, Verdict};

module! {
    type: Entries,
    name: "nf_test_entries",
    description: "Test: data per entry, registrations that end together",
    license: "GPL",
    params: {
        more: u16 {
            default: 0,
            description: "More registrations, of two entries each",
        },
        together: bool {
            default: true,
            description: "They end together, not one by one",
        },
    },
}

static DROPPED: Atomic<u64> = Atomic::new(0);

/// An entry's.
struct Seen {
    priority: i32,
    packets: Counter,
    kept: Counter,
}

impl Seen {
    fn entry<H: Hook<Data = Self>>(priority: i32) -> Result<(Op<Self>, Self)> {
        let seen = Self {
            priority,
            packets: Counter::new()?,
            kept: Counter::new()?,
        };
        let op = Op::ipv4::<H>(Point::LocalOut, Priority::new(priority));
        Ok((op, seen))
    }
}

impl Drop for Seen {
    fn drop(&mut self) {
        DROPPED.add(1, Relaxed);
    }
}

fn port(packet: &Packet<'_>) -> Option<u16> {
    packet.transport()?.destination_port()
}

struct Count;

impl Hook for Count {
    type Data = Seen;

    fn hook<'p>(seen: &Seen, packet: Packet<'p>) -> Verdict<'p> {
        seen.packets.inc();
        packet.accept()
    }
}

struct Keep;

impl Hook for Keep {
    type Data = Seen;

    fn hook<'p>(seen: &Seen, packet: Packet<'p>) -> Verdict<'p> {
        seen.packets.inc();
        if port(&packet) != Some(4444) {
            return packet.accept();
        }
        match packet.steal() {
            Ok((verdict, stolen)) => {
                seen.kept.inc();
                stolen.resume();
                verdict
            }
            Err(packet) => packet.drop(),
        }
    }
}

/// Ends the further registrations on UDP for port 4445, where one may not sleep.
struct End;

type More = SpinLockIrq<KVec<Registration<[Seen]>>>;

impl Hook for End {
    type Data = More;

    fn hook<'p>(more: &More, packet: Packet<'p>) -> Verdict<'p> {
        if port(&packet) == Some(4445) {
            Registration::drop_all(mem::take(&mut *more.lock()));
        }
        packet.accept()
    }
}

struct Entries {
    entries: Option<Registration<[Seen]>>,
    more: Registration<More>,
}

impl kernel::Module for Entries {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let net = NetRef::current().ok_or(ESRCH)?;
        // In no order: the core sorts.
        let entries = [
            Seen::entry::<Keep>(20)?,
            Seen::entry::<Count>(-10)?,
            Seen::entry::<Keep>(20)?,
            Seen::entry::<Count>(-20)?,
        ];
        let end = Op::ipv4::<End>(Point::LocalOut, Priority::LAST);
        let module = Self {
            entries: Some(Registration::entries_in_net(&net, entries)?),
            more: Registration::in_net(&net, &[end], new_spinlock_irq!(KVec::new()))?,
        };
        let mut more = KVec::new();
        for _ in 0..module_parameters::more.value() {
            let two = [Seen::entry::<Count>(30)?, Seen::entry::<Count>(40)?];
            more.push(Registration::entries_in_net(&net, two)?, GFP_KERNEL)?;
        }
        *module.more.lock() = more;
        Ok(module)
    }
}

impl Drop for Entries {
    fn drop(&mut self) {
        for seen in self.entries.iter().flat_map(|entries| entries.iter()) {
            pr_info!(
                "at {}: {} packets, kept {}\n",
                seen.priority,
                seen.packets.sum(),
                seen.kept.sum()
            );
        }
        let more = mem::take(&mut *self.more.lock());
        let start = Instant::<Monotonic>::now();
        if module_parameters::together.value() {
            Registration::drop_all(more);
        } else {
            drop(more);
        }
        pr_info!("more ended in {} us\n", start.elapsed().as_nanos() / 1000);
        drop(self.entries.take());
        pr_info!("dropped {} of their data\n", DROPPED.load(Relaxed));
    }
}
