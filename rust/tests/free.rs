// SPDX-License-Identifier: GPL-2.0-only

//! A test's module: what becomes of UDP for port 4444, and of IPv4's echo requests, from `LOCAL_IN` on.

// Not `forbid`: `module!` contains `unsafe` of its own.
#![deny(unsafe_code)]

use core::mem;
use kernel::{
    prelude::*,
    sync::{
        atomic::{Atomic, Relaxed},
        new_spinlock_irq, Arc, SpinLockIrq,
    },
};
use netfilter::{
    FreeProbe, FreeRegistration, Freed, Hook, Op, Packet, Point, Priority, Registration, Transport,
    Verdict,
};

module! {
    type: FreeTest,
    name: "nf_test_free",
    authors: ["The rust-netfilter authors"],
    description: "Test: being told of freed packets",
    license: "GPL",
    params: {
        case: u8 {
            default: 0,
            description: "1 leak the registration, 2 drop it in its own probe",
        },
    },
}

struct FreeTest {
    _hook: Registration<Arc<Seen>>,
    _probe: Option<FreeRegistration<Arc<Seen>>>,
    _own: Option<Arc<Own>>,
    seen: Arc<Seen>,
}

/// Packets on their way, by their ids, and what has become of those before them.
struct Seen {
    on_their_way: [Atomic<u64>; 64],
    hooked: Atomic<u64>,
    dropped: Atomic<u64>,
    consumed: Atomic<u64>,
}

impl Seen {
    /// Puts `new` where `old` is.
    fn replace(&self, old: u64, new: u64) -> bool {
        self.on_their_way
            .iter()
            .any(|id| id.cmpxchg(old, new, Relaxed).is_ok())
    }
}

struct Watch;

impl Hook for Watch {
    type Data = Arc<Seen>;

    fn hook<'p>(seen: &Arc<Seen>, packet: Packet<'p>) -> Verdict<'p> {
        let wanted = packet.transport().is_some_and(|t| match t {
            Transport::Udp(udp) => udp.destination() == 4444,
            Transport::Icmp(icmp) => icmp.kind() == 8,
            _ => false,
        });
        if wanted && seen.replace(0, packet.id().get().get()) {
            seen.hooked.add(1, Relaxed);
        }
        packet.accept()
    }
}

impl FreeProbe for Watch {
    type Data = Arc<Seen>;

    fn freed(seen: &Arc<Seen>, freed: Freed) {
        if !seen.replace(freed.packet().get().get(), 0) {
            return;
        }
        match freed.drop_reason() {
            Some(reason) => {
                seen.dropped.add(1, Relaxed);
                pr_info!("dropped: {} {}\n", reason, freed.location());
            }
            None => {
                seen.consumed.add(1, Relaxed);
                pr_info!("consumed: {}\n", freed.location());
            }
        }
    }
}

/// A probe that is its own data.
#[pin_data]
struct Own {
    #[pin]
    registration: SpinLockIrq<Option<FreeRegistration<Arc<Own>>>>,
}

impl Own {
    fn new() -> Result<Arc<Self>> {
        let own = Arc::pin_init(
            pin_init!(Self { registration <- new_spinlock_irq!(None) }),
            GFP_KERNEL,
        )?;
        let registration = FreeRegistration::new::<DropOwn, _>(own.clone())?;
        *own.registration.lock() = Some(registration);
        Ok(own)
    }
}

struct DropOwn;

impl FreeProbe for DropOwn {
    type Data = Arc<Own>;

    fn freed(own: &Arc<Own>, _freed: Freed) {
        let registration = own.registration.lock().take();
        if registration.is_some() {
            pr_info!("dropped in its own probe\n");
        }
    }
}

impl kernel::Module for FreeTest {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        const OPS: [Op<Arc<Seen>>; 1] = [Op::inet::<Watch>(Point::LocalIn, Priority::FIRST)];
        let case = module_parameters::case.value();
        let seen = Arc::new(
            Seen {
                on_their_way: [const { Atomic::new(0) }; 64],
                hooked: Atomic::new(0),
                dropped: Atomic::new(0),
                consumed: Atomic::new(0),
            },
            GFP_KERNEL,
        )?;
        let mut probe = Some(FreeRegistration::new::<Watch, _>(seen.clone())?);
        if case == 1 {
            mem::forget(probe.take());
        }
        Ok(Self {
            _own: (case == 2).then(Own::new).transpose()?,
            _hook: Registration::in_all_nets(&OPS, seen.clone())?,
            _probe: probe,
            seen,
        })
    }
}

impl Drop for FreeTest {
    fn drop(&mut self) {
        let seen = &self.seen;
        pr_info!(
            "hooked {} dropped {} consumed {}\n",
            seen.hooked.load(Relaxed),
            seen.dropped.load(Relaxed),
            seen.consumed.load(Relaxed)
        );
    }
}
