// SPDX-License-Identifier: GPL-2.0-only

//! Rewrites TTL (hop limit) and DSCP of what leaves; checksums are repaired. A hop limit of 255 stays:
//! neighbour discovery takes no other.
//!
//!     insmod nf_example_set_ttl_dscp.ko ttl=9 dscp=46
//!     tcpdump -v -i lo icmp & ping -c 1 127.0.0.1

#![deny(unsafe_code)]

use netfilter::prelude::*;

module! {
    type: SetTtlDscp,
    name: "nf_example_set_ttl_dscp",
    description: "Example: rewrites TTL and DSCP",
    license: "GPL",
    params: {
        ttl: u8 {
            default: 64,
            description: "Time to live, hop limit",
        },
        dscp: u8 {
            default: 46,
            description: "Differentiated services code point, 0 to 63 (46: expedited forwarding)",
        },
    },
}

struct SetTtlDscp {
    _registration: Registration<()>,
}

impl Hook for SetTtlDscp {
    type Data = ();

    fn hook<'p>((): &(), mut packet: Packet<'p>) -> Verdict<'p> {
        if packet.ip().is_none_or(|ip| ip.ttl() == 255) {
            return packet.accept();
        }
        let ttl = packet.set_ttl(module_parameters::ttl.value());
        match ttl.and_then(|()| packet.set_dscp(module_parameters::dscp.value())) {
            Ok(()) => packet.accept(),
            Err(_) => packet.drop(),
        }
    }
}

impl kernel::Module for SetTtlDscp {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let op = Op::inet::<Self>(Point::PostRouting, Priority::MANGLE);
        Ok(Self {
            _registration: Registration::in_all_nets(&[op], ())?,
        })
    }
}
