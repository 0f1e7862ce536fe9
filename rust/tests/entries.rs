// SPDX-License-Identifier: GPL-2.0-only

//! A test's module: hooks with data of their own each, in a namespace, in all, and on a device; and
//! registrations that end together.
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
        new_spinlock_irq, rcu, SpinLockIrq,
    },
    time::{Instant, Monotonic},
};
use netfilter::{
    Counter, DeviceOp, Family, Hook, NetRef, Op, Packet, Point, Priority, Registration, Verdict,
};

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

/// Counts UDP to its own port.
struct Tally {
    place: &'static str,
    port: u16,
    packets: Counter,
}

impl Tally {
    fn new(place: &'static str, port: u16) -> Result<Self> {
        let packets = Counter::new()?;
        Ok(Self {
            place,
            port,
            packets,
        })
    }
}

impl Drop for Tally {
    fn drop(&mut self) {
        let (place, port, packets) = (self.place, self.port, self.packets.sum());
        pr_info!("{place}, port {port}: {packets}\n");
    }
}

struct ByPort;

impl<F: Family> Hook<F> for ByPort {
    type Data = Tally;

    fn hook<'p>(tally: &Tally, packet: Packet<'p, F>) -> Verdict<'p> {
        if packet.udp().map(|udp| udp.destination()) == Some(tally.port) {
            return packet.count(&tally.packets).accept();
        }
        packet.accept()
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
    _all: Registration<[Tally]>,
    _device: Registration<[Tally]>,
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
        let everywhere = || Op::inet::<ByPort>(Point::LocalIn, Priority::FILTER);
        let all = [
            (everywhere(), Tally::new("all", 4446)?),
            (everywhere(), Tally::new("all", 4447)?),
        ];
        let on_device = [
            (
                DeviceOp::egress::<ByPort>(Priority::FILTER),
                Tally::new("egress", 4446)?,
            ),
            (
                DeviceOp::ingress::<ByPort>(Priority::FILTER),
                Tally::new("ingress", 4448)?,
            ),
        ];
        let module = Self {
            entries: Some(Registration::entries_in_net(&net, entries)?),
            more: Registration::in_net(&net, &[end], new_spinlock_irq!(KVec::new()))?,
            _all: Registration::entries_in_all_nets(all)?,
            _device: Registration::entries_on_device(&net, c"eth0", on_device)?,
        };
        let guard = rcu::read_lock();
        let under_rcu = module.more.is_registered();
        drop(guard);
        let now = module.more.is_registered();
        pr_info!("is_registered under RCU: {under_rcu:?}, now: {now:?}\n");
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
