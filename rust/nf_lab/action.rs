// SPDX-License-Identifier: GPL-2.0-only

//! What a probe does with the packets that it wants.

use crate::{
    place::Family,
    setting::{between, number, Setting, Wrong},
};
use core::{fmt, net::IpAddr};
use kernel::{error::Error, prelude::*};
use netfilter::{
    Arp, Bridge, DropReason, Family as PacketFamily, Ip, Netdev, Packet, Resumable, Transport,
    Verdict,
};

#[derive(Clone, Copy)]
pub(crate) enum Action {
    Accept,
    Drop,
    DropErrno(Error),
    DropReason(&'static str, DropReason),
    Queue {
        number: u16,
        bypass: bool,
    },
    /// Milliseconds.
    Delay(u32),
    Change(Changes),
}

/// What is changed in a packet that is then accepted; in this order.
#[derive(Clone, Copy, Default)]
pub(crate) struct Changes {
    mark: Option<Mark>,
    ttl: Option<u8>,
    dscp: Option<u8>,
    source: Option<IpAddr>,
    destination: Option<IpAddr>,
    source_port: Option<u16>,
    destination_port: Option<u16>,
    reroute: bool,
}

#[derive(Clone, Copy)]
struct Mark {
    value: u32,
    mask: u32,
}

/// Errors that have a name here; others are written as numbers.
const ERRORS: [(&str, Error); 13] = [
    ("EPERM", EPERM),
    ("ENOENT", ENOENT),
    ("EIO", EIO),
    ("EAGAIN", EAGAIN),
    ("ENOMEM", ENOMEM),
    ("EACCES", EACCES),
    ("EINVAL", EINVAL),
    ("EMSGSIZE", EMSGSIZE),
    ("ENETDOWN", ENETDOWN),
    ("ENETUNREACH", ENETUNREACH),
    ("ENOBUFS", ENOBUFS),
    ("ECONNREFUSED", ECONNREFUSED),
    ("EHOSTUNREACH", EHOSTUNREACH),
];

const ACTIONS: &str = "accept; drop [ERRNO or REASON]; queue NUMBER [bypass]; delay MS; or any of mark VALUE[/MASK], ttl N, \
     dscp N, src ADDRESS, dst ADDRESS, sport PORT, dport PORT, and then perhaps reroute";

impl Setting for Action {
    fn parse(text: &[u8]) -> Result<Self, Wrong> {
        let words = || {
            text.split(u8::is_ascii_whitespace)
                .filter(|word| !word.is_empty())
        };
        let mut rest = words();
        let action = match rest.next() {
            Some(b"accept") => Self::Accept,
            Some(b"drop") => match rest.next() {
                None => Self::Drop,
                Some(why) => Self::drop(why)?,
            },
            Some(b"queue") => Self::Queue {
                number: value(
                    rest.next(),
                    0,
                    u16::MAX.into(),
                    "queue: a number, 0 to 65535",
                )? as u16,
                bypass: match rest.next() {
                    None => false,
                    Some(b"bypass") => true,
                    Some(_) => return Err(Wrong::MustBe("queue NUMBER, or queue NUMBER bypass")),
                },
            },
            Some(b"delay") => Self::Delay(value(
                rest.next(),
                0,
                600_000,
                "delay: milliseconds, at most 600000",
            )? as u32),
            _ => return Changes::parse(words()).map(Self::Change),
        };
        match rest.next() {
            None => Ok(action),
            Some(_) => Err(Wrong::MustBe(ACTIONS)),
        }
    }
}

fn value(word: Option<&[u8]>, min: u64, max: u64, must: &'static str) -> Result<u64, Wrong> {
    word.and_then(|word| between(word, min, max))
        .ok_or(Wrong::MustBe(must))
}

impl Action {
    /// `why`: the name or number of an error, or the name of a reason.
    fn drop(why: &[u8]) -> Result<Self, Wrong> {
        let errno = ERRORS
            .iter()
            .find(|(name, _)| name.as_bytes() == why)
            .map(|&(_, error)| error)
            .or_else(|| {
                let errno = i32::try_from(between(why, 1, 4095)?).ok()?;
                Some(Error::from_errno(errno.checked_neg()?))
            });
        let reason = || {
            let named = |(name, _): &&(&str, _)| name.as_bytes() == why;
            let (name, reason) = *DropReason::NAMED.iter().find(named)?;
            Some(Self::DropReason(name, reason))
        };
        errno
            .map(Self::DropErrno)
            .or_else(reason)
            .ok_or(Wrong::MustBe(
                "drop, or drop with an error (EPERM, EHOSTUNREACH, ECONNREFUSED, ..., or 1 to 4095), or drop with a \
                 reason of the kernel's (NO_SOCKET, IP_CSUM, TCP_FLAGS, ...)",
            ))
    }

    /// Whether packets of that family can have this done to them.
    pub(crate) fn check(&self, family: Family) -> Result<(), Wrong> {
        let ip = matches!(family, Family::Inet | Family::Ipv4 | Family::Ipv6);
        let why = match self {
            Self::DropErrno(_) if !ip => {
                "an error is for senders of IP: families inet, ipv4 and ipv6"
            }
            Self::Queue { .. } | Self::Delay(_) if !ip && family != Family::Bridge => {
                "queue and delay are for the families inet, ipv4, ipv6 and bridge"
            }
            Self::Change(changes) if changes.reroute && !ip => {
                "reroute is for the families inet, ipv4 and ipv6"
            }
            _ => return Ok(()),
        };
        Err(Wrong::Conflict(why))
    }
}

impl Changes {
    fn parse<'a>(mut words: impl Iterator<Item = &'a [u8]>) -> Result<Self, Wrong> {
        let mut changes = Self::default();
        let mut any = false;
        while let Some(word) = words.next() {
            if any && word == b"reroute" && words.next().is_none() {
                changes.reroute = true;
                return Ok(changes);
            }
            any = true;
            let mut next = || words.next();
            match word {
                b"mark" => {
                    changes.mark = Some(next().and_then(Mark::parse).ok_or(Wrong::MustBe(
                        "mark: a number of 32 bits, or one and a mask that covers it: 0x1/0xff",
                    ))?);
                }
                b"ttl" => changes.ttl = Some(value(next(), 0, 255, "ttl: 0 to 255")? as u8),
                b"dscp" => changes.dscp = Some(value(next(), 0, 63, "dscp: 0 to 63")? as u8),
                b"src" => changes.source = Some(address(next())?),
                b"dst" => changes.destination = Some(address(next())?),
                b"sport" => changes.source_port = Some(port(next())?),
                b"dport" => changes.destination_port = Some(port(next())?),
                _ => return Err(Wrong::MustBe(ACTIONS)),
            }
        }
        if any {
            Ok(changes)
        } else {
            Err(Wrong::MustBe(ACTIONS))
        }
    }

    /// Makes all of them or, with an error, none.
    fn apply<F: PacketFamily>(&self, packet: &mut Packet<'_, F>) -> Result {
        let before = self.present(packet);
        self.write(packet).inspect_err(|_| {
            // Fails where `write` has failed, and not earlier: what could be written can be so again.
            let _ = before.write(packet);
        })
    }

    /// What stands now where these are to be written.
    fn present<F: PacketFamily>(&self, packet: &Packet<'_, F>) -> Self {
        let ip = packet.ip();
        let ip = ip.as_ref();
        let ports = match packet.transport() {
            Some(Transport::Tcp(tcp)) => Some((tcp.source(), tcp.destination())),
            Some(Transport::Udp(udp)) => Some((udp.source(), udp.destination())),
            _ => None,
        };
        Self {
            mark: self.mark.map(|_| Mark {
                value: packet.mark(),
                mask: u32::MAX,
            }),
            ttl: self.ttl.and(ip.map(|ip| ip.ttl())),
            dscp: self.dscp.and(ip.map(|ip| ip.dscp())),
            source: self.source.and(ip.map(|ip| ip.source())),
            destination: self.destination.and(ip.map(|ip| ip.destination())),
            source_port: self.source_port.and(ports.map(|ports| ports.0)),
            destination_port: self.destination_port.and(ports.map(|ports| ports.1)),
            reroute: false,
        }
    }

    fn write<F: PacketFamily>(&self, packet: &mut Packet<'_, F>) -> Result {
        if let Some(mark) = self.mark {
            packet.set_mark(packet.mark() & !mark.mask | mark.value);
        }
        self.ttl.map_or(Ok(()), |ttl| packet.set_ttl(ttl))?;
        self.dscp.map_or(Ok(()), |dscp| packet.set_dscp(dscp))?;
        self.source
            .map_or(Ok(()), |address| packet.set_source(address))?;
        self.destination
            .map_or(Ok(()), |address| packet.set_destination(address))?;
        self.source_port
            .map_or(Ok(()), |port| packet.set_source_port(port))?;
        self.destination_port
            .map_or(Ok(()), |port| packet.set_destination_port(port))
    }
}

fn address(word: Option<&[u8]>) -> Result<IpAddr, Wrong> {
    word.and_then(|word| core::str::from_utf8(word).ok()?.parse().ok())
        .ok_or(Wrong::MustBe("src, dst: an IPv4 or IPv6 address"))
}

fn port(word: Option<&[u8]>) -> Result<u16, Wrong> {
    value(word, 0, u16::MAX.into(), "sport, dport: 0 to 65535").map(|port| port as u16)
}

impl Mark {
    fn parse(word: &[u8]) -> Option<Self> {
        let mut parts = word.splitn(2, |&byte| byte == b'/');
        let mut part = || Some(u32::try_from(number(parts.next()?)?));
        let value = part()?.ok()?;
        let mask = match word.contains(&b'/') {
            true => part()?.ok()?,
            false => u32::MAX,
        };
        (value & !mask == 0).then_some(Self { value, mask })
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accept => f.write_str("accept"),
            Self::Drop => f.write_str("drop"),
            Self::DropErrno(error) => match ERRORS.iter().find(|(_, known)| known == error) {
                Some((name, _)) => write!(f, "drop {name}"),
                None => write!(f, "drop {}", error.to_errno().unsigned_abs()),
            },
            Self::DropReason(name, _) => write!(f, "drop {name}"),
            Self::Queue { number, bypass } => {
                write!(f, "queue {number}{}", if *bypass { " bypass" } else { "" })
            }
            Self::Delay(ms) => write!(f, "delay {ms}"),
            Self::Change(changes) => fmt::Display::fmt(changes, f),
        }
    }
}

impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = Words { f, blank: "" };
        words.add("mark", self.mark)?;
        words.add("ttl", self.ttl)?;
        words.add("dscp", self.dscp)?;
        words.add("src", self.source)?;
        words.add("dst", self.destination)?;
        words.add("sport", self.source_port)?;
        words.add("dport", self.destination_port)?;
        f.write_str(if self.reroute { " reroute" } else { "" })
    }
}

/// Names and values with blanks between them.
struct Words<'a, 'f> {
    f: &'a mut fmt::Formatter<'f>,
    blank: &'static str,
}

impl Words<'_, '_> {
    fn add<T: fmt::Display>(&mut self, name: &str, value: Option<T>) -> fmt::Result {
        let Some(value) = value else { return Ok(()) };
        write!(self.f, "{}{name} {value}", self.blank)?;
        self.blank = " ";
        Ok(())
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.value)?;
        match self.mask {
            u32::MAX => Ok(()),
            mask => write!(f, "/{mask:#x}"),
        }
    }
}

/// What the hook has returned.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Given {
    Accept,
    Drop,
    Queue,
    Stolen,
    /// Accepted, as the action could not be done to this packet.
    Failed,
}

/// Families, by what can be done to their packets.
pub(crate) trait Act: PacketFamily + Sized {
    fn act<'p>(action: &Action, packet: Packet<'p, Self>) -> (Verdict<'p>, Given);
}

impl Act for Ip {
    fn act<'p>(action: &Action, packet: Packet<'p>) -> (Verdict<'p>, Given) {
        match action {
            Action::DropErrno(error) => (packet.drop_with_errno(*error), Given::Drop),
            Action::Change(changes) if changes.reroute => {
                let mut packet = packet;
                if changes.apply(&mut packet).is_err() {
                    return (packet.accept(), Given::Failed);
                }
                match packet.reroute() {
                    Ok(packet) => (packet.accept(), Given::Accept),
                    Err(verdict) => (verdict, Given::Drop),
                }
            }
            _ => keep(action, packet),
        }
    }
}

impl Act for Bridge {
    fn act<'p>(action: &Action, packet: Packet<'p, Self>) -> (Verdict<'p>, Given) {
        keep(action, packet)
    }
}

impl Act for Arp {
    fn act<'p>(action: &Action, packet: Packet<'p, Self>) -> (Verdict<'p>, Given) {
        decide(action, packet)
    }
}

impl Act for Netdev {
    fn act<'p>(action: &Action, packet: Packet<'p, Self>) -> (Verdict<'p>, Given) {
        decide(action, packet)
    }
}

/// What can be done where packets can come back.
fn keep<'p, F: Resumable + PacketFamily>(
    action: &Action,
    packet: Packet<'p, F>,
) -> (Verdict<'p>, Given) {
    match *action {
        Action::Queue {
            number,
            bypass: false,
        } => (packet.queue(number), Given::Queue),
        Action::Queue {
            number,
            bypass: true,
        } => (packet.queue_or_accept(number), Given::Queue),
        Action::Delay(ms) => match packet.steal() {
            Ok((verdict, stolen)) => {
                stolen.resume_after_ns(u64::from(ms).saturating_mul(1_000_000));
                (verdict, Given::Stolen)
            }
            Err(packet) => (packet.accept(), Given::Failed),
        },
        _ => decide(action, packet),
    }
}

/// What can be done in every family. (`Action::check` has kept out what cannot.)
fn decide<'p, F: PacketFamily>(action: &Action, mut packet: Packet<'p, F>) -> (Verdict<'p>, Given) {
    match action {
        Action::Drop => (packet.drop(), Given::Drop),
        Action::DropReason(_, reason) => (packet.drop_with_reason(*reason), Given::Drop),
        Action::Change(changes) => match changes.apply(&mut packet) {
            Ok(()) => (packet.accept(), Given::Accept),
            Err(_) => (packet.accept(), Given::Failed),
        },
        Action::Accept | Action::DropErrno(_) | Action::Queue { .. } | Action::Delay(_) => {
            (packet.accept(), Given::Accept)
        }
    }
}
