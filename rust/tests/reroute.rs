// SPDX-License-Identifier: GPL-2.0-only

//! A test's module: at `LOCAL_OUT`, gives what is sent to UDP port 1001 mark 1, and to port 1002 another
//! destination, and routes it anew. To port 1003: mark 1 alone.

#![deny(unsafe_code)]

use core::net::{IpAddr, Ipv6Addr};
use kernel::prelude::*;
use netfilter::{Hook, Op, Packet, Point, Priority, Registration, Verdict};

module! {
    type: TestReroute,
    name: "nf_test_reroute",
    description: "Test: packets routed anew",
    license: "GPL",
}

struct Reroute;

impl Hook for Reroute {
    type Data = ();

    fn hook<'p>((): &(), mut packet: Packet<'p>) -> Verdict<'p> {
        let port = packet.transport().and_then(|t| t.destination_port());
        match port {
            Some(1001 | 1003) => packet.set_mark(1),
            Some(1002) => {
                let to: IpAddr = match packet.ip().map(|ip| ip.destination()) {
                    Some(IpAddr::V4(_)) => [10, 2, 0, 2].into(),
                    _ => Ipv6Addr::new(0xfd02, 0, 0, 0, 0, 0, 0, 2).into(),
                };
                if let Err(error) = packet.set_destination(to) {
                    return packet.drop_with_errno(error);
                }
            }
            _ => return packet.accept(),
        }
        if port == Some(1003) {
            return packet.accept();
        }
        match packet.reroute() {
            Ok(packet) => packet.accept(),
            Err(verdict) => verdict,
        }
    }
}

struct TestReroute {
    _registration: Registration<()>,
}

impl kernel::Module for TestReroute {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let op = Op::inet::<Reroute>(Point::LocalOut, Priority::MANGLE);
        Ok(Self {
            _registration: Registration::in_all_nets(&[op], ())?,
        })
    }
}
