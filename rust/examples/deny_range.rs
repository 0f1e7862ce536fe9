// SPDX-License-Identifier: GPL-2.0-only

//! Denies sources in a range, IPv4 and IPv6. Packets from outside vanish; a program on this host that
//! sends from such an address is told why: "No route to host".
//!
//!     insmod nf_example_deny_range.ko
//!     ip address add 192.0.2.1/32 dev lo
//!     ping -c 1 -I 192.0.2.1 127.0.0.1     # no answer; sendto(2) fails with EHOSTUNREACH

#![deny(unsafe_code)]

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use netfilter::prelude::*;

module! {
    type: DenyRange,
    name: "nf_example_deny_range",
    description: "Example: denies source addresses in a range, with an errno",
    license: "GPL",
}

/// The addresses for documentation (RFC 5737, RFC 3849): nobody's.
fn denied(source: IpAddr) -> bool {
    match source {
        IpAddr::V4(ip) => {
            (Ipv4Addr::new(192, 0, 2, 0)..=Ipv4Addr::new(192, 0, 2, 255)).contains(&ip)
        }
        IpAddr::V6(ip) => {
            let first = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0);
            let last = Ipv6Addr::new(0x2001, 0xdb8, !0, !0, !0, !0, !0, !0);
            (first..=last).contains(&ip)
        }
    }
}

struct DenyRange {
    _registration: Registration<()>,
}

impl Hook for DenyRange {
    type Data = ();

    fn hook<'p>((): &(), packet: Packet<'p>) -> Verdict<'p> {
        if packet.ip().is_some_and(|ip| denied(ip.source())) {
            return packet.drop_with_errno(EHOSTUNREACH);
        }
        packet.accept()
    }
}

impl kernel::Module for DenyRange {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let ops = [Point::PreRouting, Point::LocalOut]
            .map(|point| Op::inet::<Self>(point, Priority::FILTER));
        Ok(Self {
            _registration: Registration::in_all_nets(&ops, ())?,
        })
    }
}
