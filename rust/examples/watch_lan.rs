// SPDX-License-Identifier: GPL-2.0-only

//! Watches the local network: ARP packets, and the frames that this host's bridges carry.
//!
//!     insmod nf_example_watch_lan.ko
//!     arping -c 1 -I eth0 ...     # and, on a host with a bridge, anything through it

#![deny(unsafe_code)]

use kernel::prelude::*;
use netfilter::{Arp, ArpPoint, Bridge, Hook, Op, Packet, Point, Priority, Registration, Verdict};

module! {
    type: WatchLan,
    name: "nf_example_watch_lan",
    description: "Example: prints ARP packets and bridged frames",
    license: "GPL",
}

struct Watch;

impl Hook<Arp> for Watch {
    type Data = ();

    fn hook<'p>((): &(), packet: Packet<'p, Arp>) -> Verdict<'p> {
        match packet.arp() {
            Some(arp) if arp.operation() == 1 => {
                let (sender, target) = (arp.sender(), arp.target());
                pr_info!("{}\n", format_args!("who has {target}? tell {sender}"));
            }
            Some(arp) => pr_info!(
                "{}\n",
                format_args!("{} is at {}", arp.sender(), arp.sender_mac())
            ),
            None => (),
        }
        packet.accept()
    }
}

impl Hook<Bridge> for Watch {
    type Data = ();

    fn hook<'p>((): &(), packet: Packet<'p, Bridge>) -> Verdict<'p> {
        let state = packet.state();
        if let (Some(frame), Some(from), Some(to)) =
            (packet.ethernet(), state.in_device(), state.out_device())
        {
            let (source, destination) = (frame.source(), frame.destination());
            pr_info!("{}>{} {}>{}\n", from.name(), to.name(), source, destination);
        }
        packet.accept()
    }
}

struct WatchLan {
    _registration: Registration<()>,
}

impl kernel::Module for WatchLan {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let ops = [
            Op::arp::<Watch>(ArpPoint::In, Priority::FILTER),
            Op::arp::<Watch>(ArpPoint::Out, Priority::FILTER),
            Op::bridge::<Watch>(Point::Forward, Priority::FILTER),
        ];
        Ok(Self {
            _registration: Registration::in_all_nets(&ops, ())?,
        })
    }
}
