// SPDX-License-Identifier: GPL-2.0-only

//! Watches the local network: ARP packets, and the frames that this host's bridges carry.
//!
//!     insmod nf_example_watch_lan.ko
//!     arping -c 1 -I eth0 ...     # and, on a host with a bridge, anything through it

#![deny(unsafe_code)]

use netfilter::prelude::*;
use netfilter::{Arp, ArpPoint, Bridge};

module! {
    type: WatchLan,
    name: "nf_example_watch_lan",
    description: "Example: prints ARP packets and bridged frames",
    license: "GPL",
}

struct WatchLan {
    _registration: Registration<()>,
}

impl Hook<Arp> for WatchLan {
    type Data = ();

    fn hook<'p>((): &(), packet: Packet<'p, Arp>) -> Verdict<'p> {
        if let Some(arp) = packet.arp() {
            pr_info!("{}\n", arp);
        }
        packet.accept()
    }
}

impl Hook<Bridge> for WatchLan {
    type Data = ();

    fn hook<'p>((): &(), packet: Packet<'p, Bridge>) -> Verdict<'p> {
        let state = packet.state();
        if let (Some(from), Some(to)) = (state.in_device(), state.out_device()) {
            if let Some(frame) = packet.ethernet() {
                pr_info!("{}>{} {}\n", from.name(), to.name(), frame);
            }
        }
        packet.accept()
    }
}

impl kernel::Module for WatchLan {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let ops = [
            Op::arp::<Self>(ArpPoint::In, Priority::FILTER),
            Op::arp::<Self>(ArpPoint::Out, Priority::FILTER),
            Op::bridge::<Self>(Point::Forward, Priority::FILTER),
        ];
        Ok(Self {
            _registration: Registration::in_all_nets(&ops, ())?,
        })
    }
}
