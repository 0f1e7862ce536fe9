// SPDX-License-Identifier: GPL-2.0-only

//! A test's module: prints what connection tracking says of each packet, before and after its hook
//! and at the end of the way.

// Not `forbid`: `module!` contains `unsafe` of its own.
#![deny(unsafe_code)]

use kernel::prelude::*;
use netfilter::{
    conntrack::Direction, Conntrack, Hook, Op, Packet, Point, Priority, Registration, Transport,
    Verdict,
};

module! {
    type: ConntrackTest,
    name: "nf_test_conntrack",
    authors: ["The rust-netfilter authors"],
    description: "Test: what connection tracking says of packets",
    license: "GPL",
}

struct ConntrackTest {
    _registration: Registration<()>,
}

struct Before;
struct After;
struct End;

impl Hook for Before {
    type Data = ();

    fn hook<'p>((): &(), packet: Packet<'p>) -> Verdict<'p> {
        print("before", &packet);
        packet.accept()
    }
}

impl Hook for After {
    type Data = ();

    fn hook<'p>((): &(), packet: Packet<'p>) -> Verdict<'p> {
        print("after", &packet);
        packet.accept()
    }
}

impl Hook for End {
    type Data = ();

    fn hook<'p>((): &(), packet: Packet<'p>) -> Verdict<'p> {
        print("end", &packet);
        packet.accept()
    }
}

/// Neighbour discovery is left out: it comes when it likes.
fn print(place: &str, packet: &Packet<'_>) {
    if matches!(packet.transport(), Some(Transport::Icmpv6(icmp)) if icmp.kind() >= 133) {
        return;
    }
    let ns = packet.state().net().inode();
    match packet.conntrack() {
        None => pr_info!("ns={} {} none\n", ns, place),
        Some(Conntrack::Untracked) => pr_info!("ns={} {} untracked\n", ns, place),
        Some(Conntrack::Template(template)) => {
            pr_info!(
                "ns={} {} template zone={}/{}\n",
                ns,
                place,
                template.zone(Direction::Original),
                template.zone(Direction::Reply)
            );
        }
        Some(Conntrack::Entry(entry)) => {
            pr_info!(
                "ns={} {} {} {} {} {} {} mark={} zone={}/{} {}\n",
                ns,
                place,
                entry.state(),
                entry.direction(),
                entry.tuple(Direction::Original).protocol,
                entry.original(),
                entry.reply(),
                entry.mark(),
                entry.zone(Direction::Original),
                entry.zone(Direction::Reply),
                entry.status()
            );
            if let Some(helper) = entry.helper() {
                pr_info!("ns={} {} helper={}\n", ns, place, helper);
            }
        }
    }
}

impl kernel::Module for ConntrackTest {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        const OPS: [Op<()>; 3] = [
            Op::inet::<Before>(Point::PreRouting, Priority::CONNTRACK.before()),
            Op::inet::<After>(Point::PreRouting, Priority::CONNTRACK.after()),
            Op::inet::<End>(Point::PostRouting, Priority::LAST),
        ];
        Ok(Self {
            _registration: Registration::in_all_nets(&OPS, ())?,
        })
    }
}
