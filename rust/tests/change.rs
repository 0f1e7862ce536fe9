// SPDX-License-Identifier: GPL-2.0-only

//! A test's module: at `PRE_ROUTING` of insmod's namespace, behind connection tracking, sets the MSS of
//! TCP SYNs, or replaces the first "forbidden" of a payload and the source address of VXLAN.

#![deny(unsafe_code)]

use core::net::IpAddr;
use kernel::prelude::*;
use netfilter::{Hook, NetRef, Op, Packet, Point, Priority, Registration, Transport, Verdict};

module! {
    type: TestChange,
    name: "nf_test_change",
    description: "Test: sets the MSS, replaces payload",
    license: "GPL",
    params: {
        mss: u16 {
            default: 0,
            description: "The maximum segment size; 0: replace payload",
        },
        priority: u32 {
            default: 0,
            description: "Give packets that priority, and change nothing else",
        },
    },
}

struct Change;

impl Hook for Change {
    type Data = ();

    fn hook<'p>((): &(), mut packet: Packet<'p>) -> Verdict<'p> {
        let priority = module_parameters::priority.value();
        if priority > 0 {
            packet.set_priority(priority);
            return packet.accept();
        }
        let mss = module_parameters::mss.value();
        let syn = matches!(packet.transport(), Some(Transport::Tcp(tcp)) if tcp.flags().syn());
        let word = packet
            .payload()
            .and_then(|range| packet.find(range, b"forbidden"));
        let vxlan =
            matches!(packet.transport(), Some(Transport::Udp(udp)) if udp.destination() == 4789);
        let changed = match word {
            _ if vxlan => packet.set_source(IpAddr::from([192, 0, 2, 1])),
            _ if mss > 0 && syn => packet.set_tcp_mss(mss),
            Some(at) if mss == 0 => packet.replace_payload(at, b"permitted"),
            _ => return packet.accept(),
        };
        match changed {
            Ok(()) => pr_info!(
                "changed len={} gso={}\n",
                packet.len(),
                packet.gso().is_some()
            ),
            Err(error) => pr_info!("errno {}\n", error.to_errno()),
        }
        packet.accept()
    }
}

struct TestChange {
    _registration: Registration<()>,
}

impl kernel::Module for TestChange {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let net = NetRef::current().ok_or(ESRCH)?;
        let op = Op::inet::<Change>(Point::PreRouting, Priority::FILTER);
        Ok(Self {
            _registration: Registration::in_net(&net, &[op], ())?,
        })
    }
}
