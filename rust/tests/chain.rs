// SPDX-License-Identifier: GPL-2.0-only

//! A test's module: at each echo request that comes in, says who is registered where.

// Not `forbid`: `module!` contains `unsafe` of its own.
#![deny(unsafe_code)]

use core::fmt::Display;
use kernel::{
    prelude::*,
    sync::rcu, //
};
use netfilter::{
    chain::Kind, ArpPoint, Chain, Hook, Op, Packet, Point, Priority, Registration, Transport,
    Verdict,
};

module! {
    type: ChainTest,
    name: "nf_test_chain",
    authors: ["The rust-netfilter authors"],
    description: "Test: who is registered where",
    license: "GPL",
}

struct ChainTest {
    _registration: Registration<()>,
}

struct List;

impl Hook for List {
    type Data = ();

    fn hook<'p>((): &(), packet: Packet<'p>) -> Verdict<'p> {
        match packet.transport() {
            Some(Transport::Icmp(icmp)) if icmp.kind() == 8 => {}
            Some(Transport::Icmpv6(icmp)) if icmp.kind() == 128 => {}
            _ => return packet.accept(),
        }
        let net = packet.state().net();
        let rcu = rcu::read_lock();
        for point in Point::ALL {
            list("ip", point.name(), Chain::ipv4(net, point, &rcu));
            list("ip6", point.name(), Chain::ipv6(net, point, &rcu));
            list("bridge", point.name(), Chain::bridge(net, point, &rcu));
        }
        list("arp", "IN", Chain::arp(net, ArpPoint::In, &rcu));
        list("arp", "OUT", Chain::arp(net, ArpPoint::Out, &rcu));
        list("arp", "FORWARD", Chain::arp(net, ArpPoint::Forward, &rcu));
        if let Some(device) = packet.state().in_device() {
            let name = device.name();
            list(name, "INGRESS", Chain::ingress(device, &rcu));
            list(name, "EGRESS", Chain::egress(device, &rcu));
        }
        packet.accept()
    }
}

fn list(family: impl Display + kernel::fmt::Display + Copy, point: &str, chain: Chain<'_>) {
    for entry in chain {
        let (priority, function, kind) = (entry.priority(), entry.function(), entry.kind());
        let number = priority.get();
        pr_info!("{} {} {} {} {}\n", family, point, number, function, kind);
        if let Kind::Nat(inner) = kind {
            for entry in inner {
                let (function, kind) = (entry.function(), entry.kind());
                pr_info!(
                    "{} {} {} in nat: {} {}\n",
                    family,
                    point,
                    number,
                    function,
                    kind
                );
            }
        }
    }
}

impl kernel::Module for ChainTest {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        Ok(Self {
            _registration: Registration::in_all_nets(
                &[Op::inet::<List>(Point::LocalIn, Priority::FILTER)],
                (),
            )?,
        })
    }
}
