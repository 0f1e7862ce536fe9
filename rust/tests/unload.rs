// SPDX-License-Identifier: GPL-2.0-only

//! A test's module: safe code that runs, and leaves more to be done, while the module is unloaded.

// Not `forbid`: `module!` contains `unsafe` of its own.
#![deny(unsafe_code)]

use core::mem;
use kernel::{
    prelude::*,
    sync::{new_spinlock_irq, rcu, Arc, SpinLockIrq},
    time::{delay::fsleep, Delta},
};
use netfilter::{
    time::monotonic_ns, FreeProbe, FreeRegistration, Freed, Hook, Op, Packet, Point, Priority,
    Registration, Stolen, Verdict, Work, Worker,
};

module! {
    type: Unload,
    name: "nf_test_unload",
    authors: ["The rust-netfilter authors"],
    description: "Test: safe code that runs while the module is unloaded",
    license: "GPL",
    params: {
        case: u8 {
            default: 0,
            description: "1 a worker begins another, 2 data begin a worker, 3 data drop more, 4 a probe drops packets",
        },
    },
}

/// Leaks another worker each time.
struct Another;

impl Work for Another {
    fn run(&self) {
        fsleep(Delta::from_millis(20));
        begin_another();
    }
}

fn begin_another() {
    if let Ok(worker) = Another::begin() {
        mem::forget(worker);
    }
}

impl Another {
    fn begin() -> Result<Worker<Self>> {
        Worker::every(10_000, KBox::pin(Another, GFP_KERNEL)?)
    }
}

/// Data that leave something to be done when they are dropped.
enum Last {
    Worker,
    More(Option<Registration<Last>>),
}

impl Drop for Last {
    fn drop(&mut self) {
        match self {
            Self::Worker => {
                fsleep(Delta::from_millis(500));
                begin_another();
            }
            Self::More(more) => {
                let _guard = rcu::read_lock();
                drop(more.take());
            }
        }
    }
}

struct Accept;

impl Hook for Accept {
    type Data = Last;

    fn hook<'p>(_: &Last, packet: Packet<'p>) -> Verdict<'p> {
        packet.accept()
    }
}

const ACCEPT: [Op<Last>; 1] = [Op::ipv4::<Accept>(Point::Forward, Priority::FIRST)];

#[pin_data]
struct Kept {
    #[pin]
    packets: SpinLockIrq<(u64, KVec<Stolen>)>,
}

struct Keep;

impl Hook for Keep {
    type Data = Arc<Kept>;

    fn hook<'p>(kept: &Arc<Kept>, packet: Packet<'p>) -> Verdict<'p> {
        if packet.transport().and_then(|t| t.destination_port()) != Some(4444) {
            return packet.accept();
        }
        match packet.steal() {
            Ok((verdict, stolen)) => {
                let mut all = kept.packets.lock();
                if all.1.len() < all.1.capacity() {
                    let _ = all.1.push(stolen, GFP_ATOMIC);
                }
                verdict
            }
            Err(packet) => packet.accept(),
        }
    }
}

impl FreeProbe for Keep {
    type Data = Arc<Kept>;

    fn freed(kept: &Arc<Kept>, _: Freed) {
        let now = monotonic_ns();
        let mut all = kept.packets.lock();
        let stolen = if all.0 != 0 && now.saturating_sub(all.0) > 200_000 {
            all.0 = now;
            all.1.pop()
        } else {
            None
        };
        drop(all);
        drop(stolen);
    }
}

struct Unload {
    last: Option<Registration<Last>>,
    kept: Option<Arc<Kept>>,
}

impl kernel::Module for Unload {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let mut new = Self {
            last: None,
            kept: None,
        };
        match module_parameters::case.value() {
            1 => begin_another(),
            2 => new.last = Some(Registration::in_all_nets(&ACCEPT, Last::Worker)?),
            3 => {
                for _ in 0..30 {
                    let data = Last::More(new.last.take());
                    new.last = Some(Registration::in_all_nets(&ACCEPT, data)?);
                }
            }
            4 => {
                let packets = KVec::with_capacity(2000, GFP_KERNEL)?;
                let kept = Arc::pin_init(
                    pin_init!(Kept { packets <- new_spinlock_irq!((0, packets)) }),
                    GFP_KERNEL,
                )?;
                let ops = [Op::ipv4::<Keep>(Point::LocalIn, Priority::FIRST)];
                mem::forget(Registration::in_all_nets(&ops, kept.clone())?);
                mem::forget(FreeRegistration::new::<Keep, _>(kept.clone())?);
                new.kept = Some(kept);
            }
            _ => return Err(EINVAL),
        }
        Ok(new)
    }
}

impl Drop for Unload {
    fn drop(&mut self) {
        if let Some(kept) = &self.kept {
            let mut all = kept.packets.lock();
            all.0 = monotonic_ns();
            pr_info!("{} kept\n", all.1.len());
        }
        let _guard = rcu::read_lock();
        drop(self.last.take());
    }
}
