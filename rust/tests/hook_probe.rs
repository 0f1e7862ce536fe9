// SPDX-License-Identifier: GPL-2.0-only

//! A test's module: what the hooks at IPv4's `FORWARD` return for UDP to port 4444, in the namespace of
//! insmod.

// Not `forbid`: `module!` contains `unsafe` of its own.
#![deny(unsafe_code)]

use core::mem;
use kernel::{
    prelude::*,
    sync::{
        atomic::{Atomic, Relaxed},
        rcu, Arc,
    },
};
use netfilter::{
    Chain, Hook, HookCall, HookProbe, HookProbeRegistration, HookReturn, NetRef, Op, Packet, Point,
    Priority, Registration, Verdict,
};

module! {
    type: HookProbeTest,
    name: "nf_test_hook_probe",
    authors: ["The rust-netfilter authors"],
    description: "Test: being told what hooks return",
    license: "GPL",
    params: {
        leak: u8 {
            default: 0,
            description: "1: leak the probes",
        },
    },
}

struct HookProbeTest {
    probes: KVec<HookProbeRegistration<Arc<Told>>>,
    _hook: Registration<Arc<Told>>,
}

struct Told {
    net: NetRef,
    /// The id of the packet that is at the point; one at a time.
    packet: Atomic<u64>,
}

struct First;

impl Hook for First {
    type Data = Arc<Told>;

    fn hook<'p>(told: &Arc<Told>, packet: Packet<'p>) -> Verdict<'p> {
        if packet.transport().and_then(|t| t.destination_port()) == Some(4444) {
            told.packet.store(packet.id().get().get(), Relaxed);
        }
        packet.accept()
    }
}

struct Tell;

impl HookProbe for Tell {
    type Data = Arc<Told>;

    /// Only the packet that is at the point, and what it is known by is the tag.
    fn called(told: &Arc<Told>, call: HookCall) -> Option<u64> {
        let packet = told.packet.load(Relaxed);
        (call.packet()?.get().get() == packet).then_some(packet)
    }

    fn returned(told: &Arc<Told>, returned: HookReturn) {
        if returned.packet().map(|id| id.get().get()) != Some(returned.tag()) {
            pr_err!("the tag of another call\n");
            return;
        }
        let rcu = rcu::read_lock();
        if let Some(entry) =
            Chain::ipv4(&told.net, Point::Forward, &rcu).find(|entry| entry.id() == returned.hook())
        {
            pr_info!(
                "{} {} {} {}: {}\n",
                entry.priority(),
                entry.function(),
                entry.kind(),
                if returned.ns() < 1_000_000_000 {
                    "quick"
                } else {
                    "slow"
                },
                returned.verdict()
            );
        }
    }
}

/// Probes on all functions at the point, each once, but those that cannot be traced.
fn probes(told: &Arc<Told>) -> Result<KVec<HookProbeRegistration<Arc<Told>>>> {
    let mut functions = KVec::with_capacity(16, GFP_KERNEL)?;
    for entry in Chain::ipv4(&told.net, Point::Forward, &rcu::read_lock()) {
        let function = entry.hook_function();
        if !functions.contains(&function) {
            functions.push(function, GFP_ATOMIC)?;
        }
    }
    let mut probes = KVec::new();
    for function in functions {
        match HookProbeRegistration::new::<Tell, _>(function, told.clone()) {
            Ok(probe) => probes.push(probe, GFP_KERNEL)?,
            Err(error) if error == ENOENT => pr_info!("one that cannot be traced\n"),
            Err(error) => return Err(error),
        }
    }
    Ok(probes)
}

impl kernel::Module for HookProbeTest {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let net = NetRef::current().ok_or(ESRCH)?;
        let op = Op::ipv4::<First>(Point::Forward, Priority::FIRST);
        let told = Arc::new(
            Told {
                net: NetRef::by_inode(net.inode()).ok_or(ENOENT)?,
                packet: Atomic::new(0),
            },
            GFP_KERNEL,
        )?;
        let hook = Registration::in_net(&net, &[op], told.clone())?;
        let mut probes = probes(&told)?;
        pr_info!("{} functions\n", probes.len());
        if module_parameters::leak.value() == 1 {
            mem::forget(mem::take(&mut probes));
        }
        Ok(Self {
            probes,
            _hook: hook,
        })
    }
}

impl Drop for HookProbeTest {
    fn drop(&mut self) {
        let missed: u64 = self.probes.iter().map(|probe| probe.missed()).sum();
        pr_info!("{} missed\n", missed);
    }
}
