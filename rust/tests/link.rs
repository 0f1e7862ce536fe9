// SPDX-License-Identifier: GPL-2.0-only

//! A test's module: what eth0 of insmod's namespace receives, as the link layer tells.

#![deny(unsafe_code)]

use kernel::prelude::*;
use netfilter::{DeviceOp, Hook, NetRef, Netdev, Packet, Priority, Registration, Verdict};

module! {
    type: Link,
    name: "nf_test_link",
    description: "Test: packet type, VLAN tag, device index",
    license: "GPL",
}

struct Print;

impl Hook<Netdev> for Print {
    type Data = ();

    fn hook<'p>((): &(), packet: Packet<'p, Netdev>) -> Verdict<'p> {
        let index = packet.state().in_device().map(|device| device.index());
        let vlan = packet.vlan();
        let tag = vlan.map(|vlan| (vlan.protocol, vlan.id(), vlan.priority()));
        pr_info!(
            "{:#06x} {:?} index {:?} tag {:?}\n",
            packet.ethertype(),
            packet.packet_type(),
            index,
            tag
        );
        packet.accept()
    }
}

struct Link {
    _registration: Registration<()>,
}

impl kernel::Module for Link {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let net = NetRef::current().ok_or(ESRCH)?;
        let op = DeviceOp::ingress::<Print>(Priority::FILTER);
        Ok(Self {
            _registration: Registration::on_device(&net, c"eth0", &[op], ())?,
        })
    }
}
