// SPDX-License-Identifier: GPL-2.0-only

use super::{icmp, sctp, udp, Bytes, Icmp, Icmpv6, IpHeader, Sctp, Tcp, Udp};
use core::{fmt, ops::Range};

/// What an IP header carries.
pub enum Transport<'a> {
    /// TCP
    Tcp(Tcp<'a>),
    /// UDP
    Udp(Udp<'a>),
    /// SCTP
    Sctp(Sctp<'a>),
    /// ICMP, of IPv4.
    Icmp(Icmp<'a>),
    /// ICMP of IPv6.
    Icmpv6(Icmpv6<'a>),
    /// A fragment other than the first, which has no header.
    Fragment,
    /// A protocol that there is no view of: `IPPROTO_*`.
    Other(u8),
}

impl<'a> Transport<'a> {
    #[inline]
    pub(crate) fn read(bytes: impl Bytes<'a>, ip: &IpHeader<'_>) -> Option<Self> {
        if ip.is_later_fragment() {
            return Some(Self::Fragment);
        }
        let at = ip.header_len();
        match (ip.protocol(), ip) {
            (Tcp::PROTOCOL, _) => Tcp::read(bytes, at).map(Self::Tcp),
            (Udp::PROTOCOL, _) => Udp::read(bytes, at).map(Self::Udp),
            (sctp::PROTOCOL, _) => Sctp::read(bytes, at).map(Self::Sctp),
            (icmp::PROTOCOL, IpHeader::V4(_)) => Icmp::read(bytes, at).map(Self::Icmp),
            (icmp::PROTOCOL_V6, IpHeader::V6(_)) => Icmpv6::read(bytes, at).map(Self::Icmpv6),
            (protocol, _) => Some(Self::Other(protocol)),
        }
    }

    /// Source port, of TCP, UDP and SCTP.
    #[inline]
    pub fn source_port(&self) -> Option<u16> {
        match self {
            Self::Tcp(tcp) => Some(tcp.source()),
            Self::Udp(udp) => Some(udp.source()),
            Self::Sctp(sctp) => Some(sctp.source()),
            _ => None,
        }
    }

    /// Destination port, of TCP, UDP and SCTP.
    #[inline]
    pub fn destination_port(&self) -> Option<u16> {
        match self {
            Self::Tcp(tcp) => Some(tcp.destination()),
            Self::Udp(udp) => Some(udp.destination()),
            Self::Sctp(sctp) => Some(sctp.destination()),
            _ => None,
        }
    }

    /// Length of the header, with its options: the payload begins behind it. 0 where there is no
    /// header that is known.
    #[inline]
    pub fn header_len(&self) -> usize {
        match self {
            Self::Tcp(tcp) => tcp.header_len(),
            Self::Udp(_) => udp::HEADER_LEN,
            Self::Sctp(_) => sctp::HEADER_LEN,
            Self::Icmp(_) | Self::Icmpv6(_) => icmp::HEADER_LEN,
            Self::Fragment | Self::Other(_) => 0,
        }
    }
}

/// Where what TCP, UDP, ... carry lies: what the headers say and the packet has.
#[inline]
pub(crate) fn payload<'a>(
    bytes: impl Bytes<'a>,
    ip: &IpHeader<'_>,
    transport: &Transport<'_>,
) -> Option<Range<usize>> {
    let at = ip.header_len();
    let start = at.checked_add(transport.header_len())?;
    let mut end = ip.end().unwrap_or(usize::MAX).min(bytes.len());
    if let Transport::Udp(udp) = transport {
        if udp.datagram_len() != 0 {
            end = end.min(at.checked_add(udp.datagram_len().into())?);
        }
    }
    (start <= end).then_some(start..end)
}

/// Writes it as `TCP 40312>80 S`, `UDP 40312>53`, `ICMP type 8 code 0`.
impl fmt::Display for Transport<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(tcp) => {
                let (source, destination) = (tcp.source(), tcp.destination());
                write!(f, "TCP {source}>{destination} {}", tcp.flags())
            }
            Self::Udp(udp) => write!(f, "UDP {}>{}", udp.source(), udp.destination()),
            Self::Sctp(sctp) => write!(f, "SCTP {}>{}", sctp.source(), sctp.destination()),
            Self::Icmp(icmp) => write!(f, "ICMP type {} code {}", icmp.kind(), icmp.code()),
            Self::Icmpv6(icmp) => write!(f, "ICMPv6 type {} code {}", icmp.kind(), icmp.code()),
            Self::Fragment => f.write_str("fragment"),
            Self::Other(protocol) => write!(f, "protocol {protocol}"),
        }
    }
}
