// SPDX-License-Identifier: GPL-2.0-only

use crate::bindings;
use core::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr}, //
};

/// What tells the packets of one direction of a connection from all others.
///
/// C: `struct nf_conntrack_tuple`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tuple {
    /// Source address.
    pub source: IpAddr,
    /// Destination address.
    pub destination: IpAddr,
    /// What IP carries: `IPPROTO_*`.
    pub protocol: u8,
    /// What that protocol tells connections apart by.
    pub l4: L4,
}

/// What a protocol tells connections apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum L4 {
    /// TCP, UDP, UDP-Lite, SCTP and DCCP.
    Ports {
        /// Source port.
        source: u16,
        /// Destination port.
        destination: u16,
    },
    /// ICMP and ICMPv6.
    Icmp {
        /// Type.
        kind: u8,
        /// Code.
        code: u8,
        /// Identifier.
        id: u16,
    },
    /// GRE.
    Gre {
        /// Source key.
        source: u16,
        /// Destination key.
        destination: u16,
    },
    /// Any other: nothing.
    None,
}

impl Tuple {
    pub(super) fn read(fill: impl FnOnce(&mut bindings::nf_helper_tuple)) -> Self {
        let mut raw = bindings::nf_helper_tuple::default();
        fill(&mut raw);
        // IPv4's four bytes are the first.
        let address = |bytes: [u8; 16]| -> IpAddr {
            let [a, b, c, d, ..] = bytes;
            if raw.ipv4 {
                Ipv4Addr::new(a, b, c, d).into()
            } else {
                Ipv6Addr::from(bytes).into()
            }
        };
        Self {
            source: address(raw.source),
            destination: address(raw.destination),
            protocol: raw.protocol,
            l4: match raw.protocol.into() {
                bindings::IPPROTO_TCP
                | bindings::IPPROTO_UDP
                | bindings::IPPROTO_UDPLITE
                | bindings::IPPROTO_SCTP
                | bindings::IPPROTO_DCCP => L4::Ports {
                    source: raw.source_port,
                    destination: raw.destination_port,
                },
                bindings::IPPROTO_ICMP | bindings::IPPROTO_ICMPV6 => L4::Icmp {
                    kind: raw.icmp_type,
                    code: raw.icmp_code,
                    id: raw.source_port,
                },
                bindings::IPPROTO_GRE => L4::Gre {
                    source: raw.source_port,
                    destination: raw.destination_port,
                },
                _ => L4::None,
            },
        }
    }
}

/// Writes it as `conntrack -L` does: `src=10.0.1.2 dst=10.0.2.2 sport=40004 dport=80`.
impl fmt::Display for Tuple {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "src={} dst={}", self.source, self.destination)?;
        match self.l4 {
            L4::Ports {
                source,
                destination,
            } => write!(f, " sport={source} dport={destination}"),
            L4::Icmp { kind, code, id } => write!(f, " type={kind} code={code} id={id}"),
            L4::Gre {
                source,
                destination,
            } => write!(f, " srckey={source:#x} dstkey={destination:#x}"),
            L4::None => Ok(()),
        }
    }
}
