// SPDX-License-Identifier: GPL-2.0-only

//! How a packet at a hook is written.

use crate::filter::ports;
use core::{fmt, net::IpAddr};
use netfilter::{Device, IpHeader, IpVersion, Packet, Priority, Transport};

/// One line: fixed fields in a fixed order, `name=value` where a value alone would not tell.
pub(crate) struct Line<'a, 'p> {
    pub(crate) packet: &'a Packet<'p>,
    pub(crate) priority: Priority,
    pub(crate) ip: Option<IpHeader<'a>>,
    pub(crate) transport: Option<Transport<'a>>,
}

impl fmt::Display for Line<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.packet.state();
        write!(
            f,
            "ns={} {} prio={} in={} out={} {}",
            state.net().inode(),
            state.point().name(),
            self.priority,
            Name(state.in_device()),
            Name(state.out_device()),
            match state.version() {
                IpVersion::V4 => "IPv4",
                IpVersion::V6 => "IPv6",
            },
        )?;
        match &self.ip {
            Some(ip) => self.headers(f, ip)?,
            None => f.write_str(" malformed")?,
        }
        write!(
            f,
            " len={} mark={:#x} ct=",
            self.packet.len(),
            self.packet.mark(),
        )?;
        match self.packet.conntrack() {
            Some(conntrack) => write!(f, "{}", conntrack.state()),
            None => f.write_str("none"),
        }
    }
}

impl Line<'_, '_> {
    fn headers(&self, f: &mut fmt::Formatter<'_>, ip: &IpHeader<'_>) -> fmt::Result {
        let ports = ports(self.transport.as_ref());
        let source = Endpoint(ip.source(), ports.map(|ports| ports[0]));
        let destination = Endpoint(ip.destination(), ports.map(|ports| ports[1]));
        write!(f, " {source}>{destination}")?;
        let echo = match &self.transport {
            None => {
                f.write_str(" truncated")?;
                None
            }
            Some(Transport::Tcp(tcp)) => {
                write!(f, " TCP flags={}", tcp.flags())?;
                None
            }
            Some(Transport::Udp(_)) => {
                f.write_str(" UDP")?;
                None
            }
            Some(Transport::Icmp(icmp)) => {
                write!(f, " ICMP type={} code={}", icmp.kind(), icmp.code())?;
                icmp.echo()
            }
            Some(Transport::Icmpv6(icmp)) => {
                write!(f, " ICMPv6 type={} code={}", icmp.kind(), icmp.code())?;
                icmp.echo()
            }
            Some(Transport::Fragment | Transport::Sctp(_) | Transport::Other(_)) => {
                write!(f, " PROTO={}", ip.protocol())?;
                None
            }
        };
        if let Some((id, seq)) = echo {
            write!(f, " id={id} seq={seq}")?;
        }
        if let Some(fragment) = ip.fragment() {
            write!(f, " frag={}", fragment.offset)?;
        }
        write!(f, " ttl={}", ip.ttl())
    }
}

impl kernel::fmt::Display for Line<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A device's name, or `-`.
struct Name<'a>(Option<&'a Device>);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(device) => write!(f, "{}", device.name()),
            None => f.write_str("-"),
        }
    }
}

/// An address and perhaps a port: `10.0.1.2:80`, `[fd00::1]:80`.
struct Endpoint(IpAddr, Option<u16>);

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0, self.1) {
            (address, None) => write!(f, "{address}"),
            (IpAddr::V4(address), Some(port)) => write!(f, "{address}:{port}"),
            (IpAddr::V6(address), Some(port)) => write!(f, "[{address}]:{port}"),
        }
    }
}
