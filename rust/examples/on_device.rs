// SPDX-License-Identifier: GPL-2.0-only

//! Hooks on a device, by its name: what `eth0` receives, before any protocol sees it, and what it is
//! about to send.
//!
//!     insmod nf_example_on_device.ko
//!     ping -c 1 ...; dmesg | tail     # ENODEV where there is no eth0

#![deny(unsafe_code)]

use netfilter::prelude::*;
use netfilter::{DeviceOp, NetRef, Netdev, NetdevPoint};

module! {
    type: OnDevice,
    name: "nf_example_on_device",
    description: "Example: prints what eth0 receives and sends",
    license: "GPL",
}

struct OnDevice {
    _registration: Registration<()>,
}

impl Hook<Netdev> for OnDevice {
    type Data = ();

    fn hook<'p>((): &(), packet: Packet<'p, Netdev>) -> Verdict<'p> {
        let way = match packet.point() {
            NetdevPoint::Ingress => "in",
            NetdevPoint::Egress => "out",
        };
        match (packet.ip(), packet.transport()) {
            (Some(ip), Some(transport)) => pr_info!("{} {} {}\n", way, ip, transport),
            _ => pr_info!("{} ethertype {:#06x}\n", way, packet.ethertype()),
        }
        packet.accept()
    }
}

impl kernel::Module for OnDevice {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let net = NetRef::current().ok_or(ESRCH)?;
        let ops = [
            DeviceOp::ingress::<Self>(Priority::FILTER),
            DeviceOp::egress::<Self>(Priority::FILTER),
        ];
        Ok(Self {
            _registration: Registration::on_device(&net, c"eth0", &ops, ())?,
        })
    }
}
