// SPDX-License-Identifier: GPL-2.0-only

//! What is kept of a packet.

use core::{
    fmt,
    net::{IpAddr, SocketAddr},
};
use netfilter::{
    conntrack::State, time::monotonic_ns, DeviceName, Family, Fragment, Packet, TcpFlags, Transport,
};

/// A packet at the moment that the probe saw it, in what a line about it says.
#[derive(Clone, Copy)]
pub(crate) struct Record {
    /// On the monotonic clock.
    at_ns: u64,
    net: u32,
    in_device: Option<DeviceName>,
    out_device: Option<DeviceName>,
    ethertype: u16,
    headers: Headers,
    pub(crate) len: usize,
    mark: u32,
    pub(crate) conntrack: Option<State>,
}

#[derive(Clone, Copy)]
enum Headers {
    Ip {
        source: IpAddr,
        destination: IpAddr,
        protocol: u8,
        ttl: u8,
        dscp: u8,
        fragment: Option<Fragment>,
        carried: Carried,
    },
    Arp {
        operation: u16,
        sender: IpAddr,
        target: IpAddr,
    },
    /// None that is known here, or malformed.
    None,
}

#[derive(Clone, Copy)]
enum Carried {
    Tcp(u16, u16, TcpFlags),
    Udp(u16, u16),
    Sctp(u16, u16),
    Icmp(u8, u8, Option<(u16, u16)>),
    Other,
    /// Cut off.
    None,
}

impl Record {
    pub(crate) fn new<F: Family>(packet: &Packet<'_, F>) -> Self {
        let state = packet.state();
        Self {
            at_ns: monotonic_ns(),
            net: state.net().inode(),
            in_device: state.in_device().map(|device| device.name()),
            out_device: state.out_device().map(|device| device.name()),
            ethertype: packet.ethertype(),
            headers: Headers::new(packet),
            len: packet.len(),
            mark: packet.mark(),
            conntrack: packet.conntrack().map(|conntrack| conntrack.state()),
        }
    }
}

impl Headers {
    fn new<F: Family>(packet: &Packet<'_, F>) -> Self {
        if let Some(ip) = packet.ip() {
            return Self::Ip {
                source: ip.source(),
                destination: ip.destination(),
                protocol: ip.protocol(),
                ttl: ip.ttl(),
                dscp: ip.dscp(),
                fragment: ip.fragment(),
                carried: Carried::new(packet.transport()),
            };
        }
        match packet.arp() {
            Some(arp) => Self::Arp {
                operation: arp.operation(),
                sender: arp.sender().into(),
                target: arp.target().into(),
            },
            None => Self::None,
        }
    }
}

impl Carried {
    fn new(transport: Option<Transport<'_>>) -> Self {
        match transport {
            None => Self::None,
            Some(Transport::Tcp(tcp)) => Self::Tcp(tcp.source(), tcp.destination(), tcp.flags()),
            Some(Transport::Udp(udp)) => Self::Udp(udp.source(), udp.destination()),
            Some(Transport::Sctp(sctp)) => Self::Sctp(sctp.source(), sctp.destination()),
            Some(Transport::Icmp(icmp)) => Self::Icmp(icmp.kind(), icmp.code(), icmp.echo()),
            Some(Transport::Icmpv6(icmp)) => Self::Icmp(icmp.kind(), icmp.code(), icmp.echo()),
            Some(Transport::Fragment | Transport::Other(_)) => Self::Other,
        }
    }

    fn ports(&self) -> Option<(u16, u16)> {
        match *self {
            Self::Tcp(source, destination, _)
            | Self::Udp(source, destination)
            | Self::Sctp(source, destination) => Some((source, destination)),
            _ => None,
        }
    }
}

/// One line; the fields are those of nf_path.
impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A microsecond is a thousand nanoseconds, and a second a million of those.
        let us = self.at_ns / 1000;
        let (seconds, us) = (us / 1_000_000, us % 1_000_000);
        write!(f, "at={seconds}.{us:06} ns={}", self.net)?;
        write!(
            f,
            " in={} out={}",
            Name(&self.in_device),
            Name(&self.out_device)
        )?;
        match &self.headers {
            Headers::Ip {
                source,
                destination,
                protocol,
                ttl,
                dscp,
                fragment,
                carried,
            } => {
                let version = if source.is_ipv4() { "IPv4" } else { "IPv6" };
                let ports = carried.ports();
                let source = Endpoint(*source, ports.map(|ports| ports.0));
                let destination = Endpoint(*destination, ports.map(|ports| ports.1));
                write!(f, " {version} {source}>{destination}")?;
                carried.write(f, *protocol)?;
                if let Some(fragment) = fragment {
                    write!(f, " frag={}", fragment.offset)?;
                }
                write!(f, " ttl={ttl} dscp={dscp}")?;
            }
            Headers::Arp {
                operation,
                sender,
                target,
            } => write!(f, " ARP op={operation} {sender}>{target}")?,
            Headers::None => write!(f, " ethertype={:#06x}", self.ethertype)?,
        }
        write!(f, " len={} mark={:#x} ct=", self.len, self.mark)?;
        match self.conntrack {
            Some(state) => write!(f, "{state}"),
            None => f.write_str("none"),
        }
    }
}

impl Carried {
    fn write(&self, f: &mut fmt::Formatter<'_>, protocol: u8) -> fmt::Result {
        match self {
            Self::Tcp(_, _, flags) => write!(f, " TCP flags={flags}"),
            Self::Udp(..) => f.write_str(" UDP"),
            Self::Sctp(..) => f.write_str(" SCTP"),
            Self::Icmp(kind, code, echo) => {
                let v6 = if protocol == 1 { "" } else { "v6" };
                write!(f, " ICMP{v6} type={kind} code={code}")?;
                match echo {
                    Some((id, seq)) => write!(f, " id={id} seq={seq}"),
                    None => Ok(()),
                }
            }
            Self::Other => write!(f, " PROTO={protocol}"),
            Self::None => write!(f, " PROTO={protocol} truncated"),
        }
    }
}

/// A device's name, or `-`.
struct Name<'a>(&'a Option<DeviceName>);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(name) => write!(f, "{name}"),
            None => f.write_str("-"),
        }
    }
}

/// An address and perhaps a port: `10.0.1.2:80`, `[fd00::1]:80`.
struct Endpoint(IpAddr, Option<u16>);

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.1 {
            Some(port) => SocketAddr::new(self.0, port).fmt(f),
            None => self.0.fmt(f),
        }
    }
}
