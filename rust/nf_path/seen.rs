// SPDX-License-Identifier: GPL-2.0-only

//! What is looked at of a packet, and how it is written.

use core::{
    fmt,
    net::{IpAddr, SocketAddr},
};
use netfilter::{
    conntrack::{Direction, State as Tracked},
    trace::{TracedHeader, TracedPacket},
    Conntrack, IpHeader, IpVersion, Layers, Packet, Point, Snapshot, TcpFlags, Transport,
};

/// A packet as it is at one moment.
#[derive(Clone, Copy, PartialEq)]
pub(crate) struct Seen {
    version: IpVersion,
    /// None: malformed.
    ip: Option<Ip>,
    len: usize,
    mark: u32,
    ct: Option<Ct>,
    /// Of identification and first bytes of TCP's options, or of the payload.
    sum: u64,
}

#[derive(Clone, Copy, PartialEq)]
struct Ip {
    source: IpAddr,
    destination: IpAddr,
    protocol: u8,
    ttl: u8,
    dscp: u8,
    fragment: Option<u16>,
    l4: L4,
}

#[derive(Clone, Copy, PartialEq)]
enum L4 {
    Truncated,
    Tcp {
        ports: [u16; 2],
        flags: TcpFlags,
        seq: u32,
        ack: u32,
        window: u16,
    },
    Udp {
        ports: [u16; 2],
    },
    Sctp {
        ports: [u16; 2],
    },
    Icmp {
        name: &'static str,
        kind: u8,
        code: u8,
        echo: Option<(u16, u16)>,
    },
    Other,
}

#[derive(Clone, Copy, PartialEq)]
struct Ct {
    state: Tracked,
    mark: u32,
    zone: u16,
}

impl Seen {
    /// No packet.
    pub(crate) const NONE: Self = Self {
        version: IpVersion::V4,
        ip: None,
        len: 0,
        mark: 0,
        ct: None,
        sum: 0,
    };

    /// Reads a packet, and takes a snapshot of all that is looked at.
    pub(crate) fn read(packet: &Packet<'_>, snapshot: &mut Snapshot) -> Self {
        let layers = packet.layers();
        let bytes = layers.as_ref().map_or(usize::MAX, |layers| {
            layers.ip.header_len().saturating_add(TCP_LEN + SUM_LEN)
        });
        snapshot.take(packet, bytes);
        Self {
            version: packet.state().version(),
            ip: layers.as_ref().map(|layers| {
                let ip = &layers.ip;
                Ip {
                    source: ip.source(),
                    destination: ip.destination(),
                    protocol: ip.protocol(),
                    ttl: ip.ttl(),
                    dscp: ip.dscp(),
                    fragment: ip.fragment().map(|fragment| fragment.offset),
                    l4: L4::read(layers.transport.as_ref()),
                }
            }),
            len: packet.len(),
            mark: packet.mark(),
            ct: packet.conntrack().map(|conntrack| {
                let entry = conntrack.entry();
                Ct {
                    state: conntrack.state(),
                    mark: entry.map_or(0, |entry| entry.mark()),
                    zone: match &conntrack {
                        Conntrack::Template(template) => template.zone(Direction::Original),
                        _ => entry.map_or(0, |entry| entry.zone(Direction::Original)),
                    },
                }
            }),
            sum: layers.map_or(0, |layers| sum(packet, &layers)),
        }
    }

    /// Whether `later` can be the same packet, at another point: what nothing changes on the way from
    /// one to the next. Routing takes one from the TTL; marks do not always cross namespaces, and
    /// connection tracking's entry never does.
    pub(crate) fn could_become(&self, later: &Self) -> bool {
        let fixed = |seen: &Self| {
            seen.ip.map(|ip| Ip {
                ttl: 0,
                dscp: 0,
                ..ip
            })
        };
        self.version == later.version
            && self.len == later.len
            && self.sum == later.sum
            && fixed(self) == fixed(later)
    }

    /// As [`could_become`](Self::could_become), for a hook that sends it elsewhere itself (IPVS).
    pub(crate) fn could_be_sent_on_as(&self, later: &Self) -> bool {
        let rest = |seen: &Self| seen.ip.map(|ip| (ip.source, ip.protocol));
        self.version == later.version && self.len == later.len && rest(self) == rest(later)
    }

    /// For a tracepoint: of packet `number`, there.
    pub(crate) fn traced(&self, number: u64, netns: u32, point: Point) -> TracedPacket {
        let ip = self.ip;
        let (ct_mark, ct_zone) = self.ct_fields();
        TracedPacket {
            number,
            netns,
            point,
            version: self.version,
            addresses: ip.map(|ip| [ip.source, ip.destination]),
            ports: ip.and_then(|ip| ip.l4.ports()),
            protocol: ip.map_or(0, |ip| ip.protocol),
            header: ip.map_or(TracedHeader::Malformed, |ip| ip.l4.traced()),
            fragment: ip.and_then(|ip| ip.fragment),
            ttl: ip.map_or(0, |ip| ip.ttl),
            dscp: ip.map_or(0, |ip| ip.dscp),
            len: self.len,
            mark: self.mark,
            ct: self.ct.map(|ct| ct.state),
            ct_mark,
            ct_zone,
        }
    }

    /// Whether this is a TCP reset.
    pub(crate) fn is_reset(&self) -> bool {
        matches!(self.ip, Some(Ip { l4: L4::Tcp { flags, .. }, .. }) if flags.rst())
    }

    /// Numbers for the packets of its connection in a namespace that go its way, and for those that go the other; none
    /// without ports.
    pub(crate) fn flow(&self, net: u32) -> Option<[u64; 2]> {
        let ip = self.ip?;
        let end = |address: IpAddr, port: u16| {
            let mut sum = u64::from(port);
            let mut add = |byte: u8| {
                sum = sum.rotate_left(9).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ u64::from(byte);
            };
            match address {
                IpAddr::V4(address) => address.octets().into_iter().for_each(&mut add),
                IpAddr::V6(address) => address.octets().into_iter().for_each(&mut add),
            }
            sum
        };
        let [source, destination] = ip.l4.ports()?;
        let (a, b) = (end(ip.source, source), end(ip.destination, destination));
        let kind = u64::from(net) << 8 ^ u64::from(ip.protocol);
        let way = |from: u64, to: u64| {
            (from.rotate_left(31) ^ to ^ kind).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        };
        Some([way(a, b), way(b, a)])
    }
}

/// Of a TCP header without options: no other that is read is longer.
const TCP_LEN: usize = 20;
/// Behind what is read of a header.
const SUM_LEN: usize = 16;

fn sum(packet: &Packet<'_>, layers: &Layers<'_>) -> u64 {
    let id = match &layers.ip {
        IpHeader::V4(ip) => ip.id(),
        IpHeader::V6(_) => 0,
    };
    let mut bytes = [0; SUM_LEN];
    if let Some(payload) = &layers.payload {
        let start = match layers.transport {
            // From the options on, which tell acknowledgements apart that carry nothing.
            Some(Transport::Tcp(_)) => layers.ip.header_len().saturating_add(TCP_LEN),
            _ => payload.start,
        };
        let len = payload.end.saturating_sub(start).min(bytes.len());
        if let Some(bytes) = bytes.get_mut(..len) {
            packet.copy(start, bytes);
        }
    }
    let number = u128::from_le_bytes(bytes);
    ((number >> 64) as u64).rotate_left(23) ^ number as u64 ^ u64::from(id) << 48
}

impl L4 {
    fn read(transport: Option<&Transport<'_>>) -> Self {
        match transport {
            None => Self::Truncated,
            Some(Transport::Tcp(tcp)) => Self::Tcp {
                ports: [tcp.source(), tcp.destination()],
                flags: tcp.flags(),
                seq: tcp.seq(),
                ack: tcp.ack_seq(),
                window: tcp.window(),
            },
            Some(Transport::Udp(udp)) => Self::Udp {
                ports: [udp.source(), udp.destination()],
            },
            Some(Transport::Sctp(sctp)) => Self::Sctp {
                ports: [sctp.source(), sctp.destination()],
            },
            Some(Transport::Icmp(icmp)) => Self::Icmp {
                name: "ICMP",
                kind: icmp.kind(),
                code: icmp.code(),
                echo: icmp.echo(),
            },
            Some(Transport::Icmpv6(icmp)) => Self::Icmp {
                name: "ICMPv6",
                kind: icmp.kind(),
                code: icmp.code(),
                echo: icmp.echo(),
            },
            Some(Transport::Fragment | Transport::Other(_)) => Self::Other,
        }
    }

    fn ports(&self) -> Option<[u16; 2]> {
        match *self {
            Self::Tcp { ports, .. } | Self::Udp { ports } | Self::Sctp { ports } => Some(ports),
            _ => None,
        }
    }
}

impl L4 {
    fn traced(&self) -> TracedHeader {
        match *self {
            Self::Truncated => TracedHeader::Truncated,
            Self::Tcp {
                flags,
                seq,
                ack,
                window,
                ..
            } => TracedHeader::Tcp {
                flags,
                seq,
                ack,
                window,
            },
            Self::Udp { .. } => TracedHeader::Udp,
            Self::Sctp { .. } => TracedHeader::Sctp,
            Self::Icmp {
                name,
                kind,
                code,
                echo,
            } => TracedHeader::Icmp {
                v6: name == "ICMPv6",
                kind,
                code,
                echo,
            },
            Self::Other => TracedHeader::Other,
        }
    }
}

impl Ip {
    fn source(&self) -> Endpoint {
        Endpoint(self.source, self.l4.ports().map(|[source, _]| source))
    }

    fn destination(&self) -> Endpoint {
        let port = self.l4.ports().map(|[_, destination]| destination);
        Endpoint(self.destination, port)
    }
}

/// Writes addresses, ports and protocol: enough to tell which packet it is.
impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.version {
            IpVersion::V4 => "IPv4",
            IpVersion::V6 => "IPv6",
        })?;
        let Some(ip) = &self.ip else {
            return f.write_str(" malformed");
        };
        write!(f, " {}>{}", ip.source(), ip.destination())?;
        match ip.l4 {
            L4::Truncated => f.write_str(" truncated")?,
            L4::Tcp { flags, .. } => write!(f, " TCP flags={flags}")?,
            L4::Udp { .. } => f.write_str(" UDP")?,
            L4::Icmp {
                name,
                kind,
                code,
                echo,
            } => {
                write!(f, " {name} type={kind} code={code}")?;
                if let Some((id, seq)) = echo {
                    write!(f, " id={id} seq={seq}")?;
                }
            }
            L4::Sctp { .. } | L4::Other => write!(f, " PROTO={}", ip.protocol)?,
        }
        if let Some(offset) = ip.fragment {
            write!(f, " frag={offset}")?;
        }
        Ok(())
    }
}

/// All that is looked at.
pub(crate) struct Full<'a>(pub(crate) &'a Seen);

impl fmt::Display for Full<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        if let Some(ip) = &self.0.ip {
            write!(f, " ttl={}", ip.ttl)?;
            if ip.dscp != 0 {
                write!(f, " dscp={}", ip.dscp)?;
            }
        }
        write!(f, " len={} mark={:#x} ct=", self.0.len, self.0.mark)?;
        match &self.0.ct {
            Some(ct) => write!(f, "{}", ct.state),
            None => f.write_str("none"),
        }
    }
}

/// What is different from one to the other: `src 10.0.1.2:4000>10.0.2.1:4000, ttl 64>63`, or nothing.
pub(crate) struct Changes<'a>(pub(crate) &'a Seen, pub(crate) &'a Seen);

impl fmt::Display for Changes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(from, to) = self;
        let mut list = List(f, false);
        match (&from.ip, &to.ip) {
            (Some(a), Some(b)) => {
                list.change("src", a.source(), b.source())?;
                list.change("dst", a.destination(), b.destination())?;
                list.change("proto", a.protocol, b.protocol)?;
                list.change("ttl", a.ttl, b.ttl)?;
                list.change("dscp", a.dscp, b.dscp)?;
                if a.fragment != b.fragment {
                    list.item(format_args!("reassembled"))?;
                }
            }
            (None, None) => {}
            _ => list.item(format_args!("header"))?,
        }
        list.change("len", from.len, to.len)?;
        if let (Some(a), Some(b)) = (from.tcp(), to.tcp()) {
            list.change("flags", a.0, b.0)?;
            list.change("seq", a.1, b.1)?;
            list.change("ack", a.2, b.2)?;
            list.change("window", a.3, b.3)?;
        }
        list.change("mark", Hex(from.mark), Hex(to.mark))?;
        list.change("ct", State(from.ct), State(to.ct))?;
        let (a, b) = (from.ct_fields(), to.ct_fields());
        list.change("ct mark", Hex(a.0), Hex(b.0))?;
        list.change("ct zone", a.1, b.1)?;
        // Of what is not looked at one by one.
        if !list.1 {
            list.item(format_args!("contents"))?;
        }
        Ok(())
    }
}

impl Seen {
    /// Flags, sequence number, acknowledgement, window.
    fn tcp(&self) -> Option<(TcpFlags, u32, u32, u16)> {
        match self.ip?.l4 {
            L4::Tcp {
                flags,
                seq,
                ack,
                window,
                ..
            } => Some((flags, seq, ack, window)),
            _ => None,
        }
    }

    fn ct_fields(&self) -> (u32, u16) {
        self.ct.map_or((0, 0), |ct| (ct.mark, ct.zone))
    }
}

/// A list with commas: of what, and whether it has begun.
struct List<'a, 'f>(&'a mut fmt::Formatter<'f>, bool);

impl List<'_, '_> {
    fn item(&mut self, item: fmt::Arguments<'_>) -> fmt::Result {
        if self.1 {
            self.0.write_str(", ")?;
        }
        self.1 = true;
        self.0.write_fmt(item)
    }

    fn change<T: fmt::Display + PartialEq>(&mut self, name: &str, from: T, to: T) -> fmt::Result {
        if from == to {
            return Ok(());
        }
        self.item(format_args!("{name} {from}>{to}"))
    }
}

#[derive(PartialEq)]
struct Hex(u32);

impl fmt::Display for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

struct State(Option<Ct>);

impl PartialEq for State {
    fn eq(&self, other: &Self) -> bool {
        self.0.map(|ct| ct.state) == other.0.map(|ct| ct.state)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(ct) => write!(f, "{}", ct.state),
            None => f.write_str("none"),
        }
    }
}

/// An address and perhaps a port: `10.0.1.2:80`, `[fd00::1]:80`.
#[derive(PartialEq)]
struct Endpoint(IpAddr, Option<u16>);

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.1 {
            Some(port) => SocketAddr::new(self.0, port).fmt(f),
            None => self.0.fmt(f),
        }
    }
}
