// SPDX-License-Identifier: GPL-2.0-only

//! A test's module: data for each namespace, which say in the log when they begin and end, and what they
//! have counted.

#![deny(unsafe_code)]

use core::{mem, ptr};
use kernel::{
    new_mutex,
    prelude::*,
    sync::{
        atomic::{Atomic, Relaxed},
        rcu, Arc, Mutex,
    },
};
use netfilter::{
    Counter, Hook, Net, NetRef, Op, Packet, PerNet, Point, Priority, Registration, Verdict,
};

module! {
    type: Test,
    name: "nf_test_per_net",
    description: "Test: data for each namespace",
    license: "GPL",
    params: {
        fail: u32 {
            default: 0,
            description: "Fail in this call, counted from one",
        },
        misuse: bool {
            default: false,
            description: "In each call register something, drop a registration, and keep one in the data",
        },
        suicide: u32 {
            default: 0,
            description: "Drop the own registration in this call",
        },
        leak: bool {
            default: false,
            description: "Forget the registration and fail to load",
        },
    },
}

static CALLS: Atomic<u32> = Atomic::new(0);

struct Seen {
    inode: u32,
    packets: Counter,
    _other: Option<Registration<()>>,
}

impl Drop for Seen {
    fn drop(&mut self) {
        pr_info!("ns={} ends: {}\n", self.inode, self.packets.sum());
    }
}

struct Count;

impl Hook for Count {
    type Data = Seen;

    fn hook<'p>(seen: &Seen, packet: Packet<'p>) -> Verdict<'p> {
        if packet.state().net().inode() == seen.inode {
            seen.packets.inc();
        }
        packet.accept()
    }
}

struct Nothing;

impl Hook for Nothing {
    type Data = ();

    fn hook<'p>((): &(), packet: Packet<'p>) -> Verdict<'p> {
        packet.accept()
    }
}

#[pin_data]
struct Shared {
    #[pin]
    own: Mutex<Option<Registration<PerNet<Seen>>>>,
    #[pin]
    spare: Mutex<KVec<Registration<()>>>,
}

impl Shared {
    fn make(&self, net: &Net) -> Result<Seen> {
        let call = CALLS.fetch_add(1, Relaxed).wrapping_add(1);
        if call == module_parameters::fail.value() {
            pr_info!("ns={} fails\n", net.inode());
            return Err(EXFULL);
        }
        if call == module_parameters::suicide.value() {
            pr_info!("drops itself\n");
            drop(self.own.lock().take());
        }
        if module_parameters::misuse.value() {
            let op = Op::inet::<Nothing>(Point::LocalIn, Priority::FILTER);
            let error = Registration::in_net(net, &[op], ()).err();
            let all = Registration::in_all_nets(&[op], ()).err();
            let spare = self.spare.lock().pop();
            let registered = spare.as_ref().map(Registration::is_registered);
            pr_info!("registering in it: {error:?} {all:?} {registered:?}\n");
        }
        pr_info!("ns={} begins\n", net.inode());
        Ok(Seen {
            inode: net.inode(),
            packets: Counter::new()?,
            _other: self.spare.lock().pop(),
        })
    }
}

struct Test(Arc<Shared>);

impl kernel::Module for Test {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let shared = Arc::pin_init(
            pin_init!(Shared {
                own <- new_mutex!(None),
                spare <- new_mutex!(KVec::new()),
            }),
            GFP_KERNEL,
        )?;
        if module_parameters::misuse.value() {
            let op = Op::inet::<Nothing>(Point::LocalIn, Priority::FILTER);
            for _ in 0..12 {
                let spare = Registration::in_all_nets(&[op], ())?;
                shared.spare.lock().push(spare, GFP_KERNEL)?;
            }
        }
        // Both of one packet count: what a hook of another namespace's data would count is missing.
        let op = |priority| Op::ipv4::<Count>(Point::LocalOut, priority);
        let ops = [op(Priority::FIRST), op(Priority::LAST)];
        let maker = shared.clone();
        let own = Registration::per_net(&ops, move |net: &Net| maker.make(net))?;
        if module_parameters::leak.value() {
            mem::forget(own);
            return Err(EIO);
        }
        let net = NetRef::current().ok_or(ESRCH)?;
        if own.get(&net, &rcu::read_lock()).map(|seen| seen.inode) != Some(net.inode()) {
            pr_err!("this namespace has no data\n");
        }
        *shared.own.lock() = Some(own);
        Ok(Self(shared))
    }
}

impl Drop for Test {
    fn drop(&mut self) {
        let own = self.0.own.lock().take();
        if let Some(own) = &own {
            let guard = rcu::read_lock();
            let same = |net, seen| own.get(net, &guard).is_some_and(|got| ptr::eq(got, seen));
            let all = own.iter(&guard).all(|(net, seen)| same(net, seen));
            pr_info!(
                "{} namespaces, all found: {all}\n",
                own.iter(&guard).count()
            );
        }
        drop(own);
        pr_info!("registration dropped\n");
        drop(mem::take(&mut *self.0.spare.lock()));
    }
}
