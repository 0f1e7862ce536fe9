// SPDX-License-Identifier: GPL-2.0-only

//! `make bench`: the hook bodies in Rust, as a module with this library has them.
//!
//! `body=` says which (`nf_bench.h`), `count=` how many hooks there are. All are at FORWARD of IPv4, in
//! insmod's namespace. How many packets matched is printed when the module goes.
//!
//! With `each=1` each namespace that there is has a registration of its own, and how long it took to make
//! them all, and to remove them together, is printed; with `each=2` they are removed one by one.

// Not `forbid`: `module!` contains `unsafe` of its own.
#![deny(unsafe_code)]

use kernel::prelude::*;
use netfilter::{
    conntrack::State, time::monotonic_ns, Counter, Hook, IpHeader, NetRef, Op, Packet, Point,
    Priority, Registration, Verdict,
};

module! {
    type: Bench,
    name: "nf_bench_rust",
    authors: ["The rust-netfilter authors"],
    description: "Benchmark: hooks in Rust",
    license: "GPL",
    params: {
        body: u8 {
            default: 0,
            description: "Which hook function",
        },
        count: u16 {
            default: 1,
            description: "How many hooks",
        },
        each: u8 {
            default: 0,
            description: "1, 2: in each namespace that there is",
        },
    },
}

struct Bench(KVec<Registration<Counter>>);

struct Accept;

impl Hook for Accept {
    type Data = Counter;

    #[inline]
    fn hook<'p>(_: &Counter, packet: Packet<'p>) -> Verdict<'p> {
        packet.accept()
    }
}

struct UdpPort;

impl Hook for UdpPort {
    type Data = Counter;

    #[inline]
    fn hook<'p>(matched: &Counter, packet: Packet<'p>) -> Verdict<'p> {
        if packet.udp().is_some_and(|udp| udp.destination() == 53) {
            matched.inc();
        }
        packet.accept()
    }
}

struct PrefixDrop;

impl Hook for PrefixDrop {
    type Data = Counter;

    #[inline]
    fn hook<'p>(_: &Counter, packet: Packet<'p>) -> Verdict<'p> {
        match packet.ip() {
            Some(IpHeader::V4(ip)) if ip.source().to_bits() >> 16 == 0x0a09 => packet.drop(),
            _ => packet.accept(),
        }
    }
}

struct TcpFlags;

impl Hook for TcpFlags {
    type Data = Counter;

    #[inline]
    fn hook<'p>(matched: &Counter, packet: Packet<'p>) -> Verdict<'p> {
        let begins = |flags: netfilter::TcpFlags| flags.syn() && !flags.ack();
        if packet.tcp().is_some_and(|tcp| begins(tcp.flags())) {
            matched.inc();
        }
        packet.accept()
    }
}

struct CtState;

impl Hook for CtState {
    type Data = Counter;

    #[inline]
    fn hook<'p>(matched: &Counter, packet: Packet<'p>) -> Verdict<'p> {
        let state = packet.conntrack().map(|conntrack| conntrack.state());
        if let Some(State::Established | State::EstablishedReply) = state {
            matched.inc();
        }
        packet.accept()
    }
}

struct Search;

impl Hook for Search {
    type Data = Counter;

    #[inline]
    fn hook<'p>(matched: &Counter, packet: Packet<'p>) -> Verdict<'p> {
        let payload = packet.payload();
        if payload.is_some_and(|range| packet.find(range, b"NEEDLE42").is_some()) {
            matched.inc();
        }
        packet.accept()
    }
}

struct SetTtl;

impl Hook for SetTtl {
    type Data = Counter;

    #[inline]
    fn hook<'p>(_: &Counter, mut packet: Packet<'p>) -> Verdict<'p> {
        match packet.set_ttl(63) {
            Ok(()) => packet.accept(),
            Err(_) => packet.drop(),
        }
    }
}

impl kernel::Module for Bench {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let op = match module_parameters::body.value() {
            0 => Op::ipv4::<Accept>,
            1 => Op::ipv4::<UdpPort>,
            2 => Op::ipv4::<PrefixDrop>,
            3 => Op::ipv4::<TcpFlags>,
            4 => Op::ipv4::<CtState>,
            5 => Op::ipv4::<Search>,
            6 => Op::ipv4::<SetTtl>,
            _ => return Err(EINVAL),
        };
        let mut ops = KVec::new();
        for priority in 0..module_parameters::count.value().into() {
            ops.push(op(Point::Forward, Priority::new(priority)), GFP_KERNEL)?;
        }
        let nets = match module_parameters::each.value() {
            0 => {
                let mut nets = KVec::new();
                nets.push(NetRef::current().ok_or(ESRCH)?, GFP_KERNEL)?;
                nets
            }
            _ => NetRef::all()?,
        };
        let mut registrations = KVec::with_capacity(nets.len(), GFP_KERNEL)?;
        let begin = monotonic_ns();
        for net in nets.iter() {
            let registration = Registration::in_net(net, &ops, Counter::new()?)?;
            registrations.push(registration, GFP_KERNEL)?;
        }
        let ns = monotonic_ns().saturating_sub(begin);
        pr_info!("{} namespaces, {} ns\n", nets.len(), ns);
        Ok(Self(registrations))
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let matched: u64 = self.0.iter().map(|registration| registration.sum()).sum();
        let registrations = core::mem::take(&mut self.0);
        let begin = monotonic_ns();
        match module_parameters::each.value() {
            2 => drop(registrations),
            _ => Registration::drop_all(registrations),
        }
        let ns = monotonic_ns().saturating_sub(begin);
        pr_info!("{} matched, {} ns to remove\n", matched, ns);
    }
}
