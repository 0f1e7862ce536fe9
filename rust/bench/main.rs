// SPDX-License-Identifier: GPL-2.0-only

//! `make bench`: the hook bodies in Rust, as a module with this library has them.
//!
//! `body=` says which (`nf_bench.h`), `count=` how many hooks there are. All are at FORWARD of IPv4, in
//! insmod's namespace. How many packets matched is printed when the module goes.

// Not `forbid`: `module!` contains `unsafe` of its own.
#![deny(unsafe_code)]

use kernel::prelude::*;
use netfilter::{
    conntrack::State, Counter, Hook, IpHeader, NetRef, Op, Packet, Point, Priority, Registration,
    Verdict,
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
    },
}

struct Bench {
    registration: Registration<Counter>,
}

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
        let net = NetRef::current().ok_or(ESRCH)?;
        Ok(Self {
            registration: Registration::in_net(&net, &ops, Counter::new()?)?,
        })
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        pr_info!("{} matched\n", self.registration.sum());
    }
}
