// SPDX-License-Identifier: GPL-2.0-only

//! What a packet must have, as a person writes it: `proto tcp dport 80 src 10.0.1.0/24`. Pure.

use super::super::header::{IpHeader, Transport};
use core::{fmt, net::IpAddr, ops::RangeInclusive};

/// Fields of a packet, and the values that they must have. One that is not given may have any.
///
/// | field | value | what must have it |
/// |---|---|---|
/// | `ns` | inode number | the network namespace |
/// | `family` | `ipv4`, `ipv6` | the IP header |
/// | `proto` | `tcp`, `udp`, `icmp`, `icmpv6`, `sctp`, 0 to 255 | the protocol in it |
/// | `src`, `dst`, `host` | address, or prefix: `10.0.1.0/24` | source, destination, either |
/// | `sport`, `dport`, `port` | port, or range: `1024-65535` | source, destination, either; of TCP, UDP, SCTP |
/// | `iif`, `oif` | name | the device that it came in by, or will leave by |
/// | `mark` | value, or value and mask: `0x1/0xff` | the packet's mark |
/// | `flags` | letters of `FSRPAUEC`, or those and the ones looked at: `S/SA` | the flags of TCP |
///
/// A packet without such a field (malformed, cut off, a later fragment) does not have the value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    net: Option<u32>,
    family: Option<Version>,
    protocol: Option<u8>,
    source: Option<Prefix>,
    destination: Option<Prefix>,
    host: Option<Prefix>,
    source_port: Option<RangeInclusive<u16>>,
    destination_port: Option<RangeInclusive<u16>>,
    port: Option<RangeInclusive<u16>>,
    in_device: Option<Device>,
    out_device: Option<Device>,
    mark: Option<Masked<u32>>,
    flags: Option<Masked<u8>>,
}

/// A device's name, filled up with NULs.
type Device = [u8; 16];

/// What the fields are read from, one by one and only those that are asked for.
pub(crate) trait Subject {
    fn net(&self) -> u32;
    fn mark(&self) -> u32;
    /// That of an IPv4 header, where it is soon had; of a malformed one it may be anything.
    fn ipv4_protocol(&self) -> Option<u8>;
    /// Source and destination port behind an IPv4 header, where they are soon had; of a malformed one they may be
    /// anything.
    fn ipv4_ports(&self) -> Option<[u16; 2]>;
    fn in_device(&self) -> Option<Device>;
    fn out_device(&self) -> Option<Device>;
    fn ip(&self) -> Option<IpHeader<'_>>;
    fn transport(&self, ip: &IpHeader<'_>) -> Option<Transport<'_>>;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    V4,
    V6,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Masked<T> {
    value: T,
    mask: T,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Prefix {
    address: IpAddr,
    len: u8,
}

impl Prefix {
    fn has(self, address: IpAddr) -> bool {
        let (own, other, bits) = match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                (own.to_bits().into(), other.to_bits().into(), 32u8)
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => (own.to_bits(), other.to_bits(), 128),
            _ => return false,
        };
        let host_bits = bits.saturating_sub(self.len).into();
        // All of them are the host's: every address is in it.
        (own ^ other).checked_shr(host_bits).unwrap_or(0) == 0
    }
}

impl Fields {
    /// What is soonest had: false only where [`match_subject`](Self::match_subject) is.
    #[inline]
    pub(crate) fn may_match(&self, subject: &impl Subject) -> bool {
        is(&self.net, |net| *net == subject.net())
            && is(&self.mark, |mark| subject.mark() & mark.mask == mark.value)
            && is(&self.protocol, |wanted| {
                let protocol = subject.ipv4_protocol();
                protocol.is_none_or(|protocol| protocol == *wanted)
            })
    }

    pub(crate) fn match_subject(&self, subject: &impl Subject) -> bool {
        is(&self.net, |net| *net == subject.net())
            && is(&self.mark, |mark| subject.mark() & mark.mask == mark.value)
            && self.may_match_ports(subject)
            && is(&self.in_device, |name| subject.in_device() == Some(*name))
            && is(&self.out_device, |name| subject.out_device() == Some(*name))
            && (!self.wants_ip()
                || subject
                    .ip()
                    .is_some_and(|ip| self.match_ip(&ip, || subject.transport(&ip))))
    }

    /// Soon: before all headers are read.
    #[inline]
    fn may_match_ports(&self, subject: &impl Subject) -> bool {
        !self.wants_ports()
            || subject.ipv4_ports().is_none_or(|[source, destination]| {
                self.match_ports(Some(source), Some(destination))
            })
    }

    fn wants_ip(&self) -> bool {
        self.family.is_some()
            || self.protocol.is_some()
            || self.source.is_some()
            || self.destination.is_some()
            || self.host.is_some()
            || self.wants_transport()
    }

    fn wants_transport(&self) -> bool {
        self.wants_ports() || self.flags.is_some()
    }

    #[inline]
    fn wants_ports(&self) -> bool {
        self.source_port.is_some() || self.destination_port.is_some() || self.port.is_some()
    }

    fn match_ip<'a>(
        &self,
        ip: &IpHeader<'_>,
        transport: impl FnOnce() -> Option<Transport<'a>>,
    ) -> bool {
        let (source, destination) = (ip.source(), ip.destination());
        let version = match ip {
            IpHeader::V4(_) => Version::V4,
            IpHeader::V6(_) => Version::V6,
        };
        is(&self.family, |family| *family == version)
            && is(&self.protocol, |protocol| *protocol == ip.protocol())
            && is(&self.source, |prefix| prefix.has(source))
            && is(&self.destination, |prefix| prefix.has(destination))
            && is(&self.host, |prefix| {
                prefix.has(source) || prefix.has(destination)
            })
            && (!self.wants_transport()
                || transport().is_some_and(|transport| self.match_transport(&transport)))
    }

    fn match_transport(&self, transport: &Transport<'_>) -> bool {
        self.match_ports(transport.source_port(), transport.destination_port())
            && is(
                &self.flags,
                |flags| matches!(transport, Transport::Tcp(tcp) if tcp.flags().bits() & flags.mask == flags.value),
            )
    }

    fn match_ports(&self, source: Option<u16>, destination: Option<u16>) -> bool {
        let has = |ports: &RangeInclusive<u16>, port: Option<u16>| {
            port.is_some_and(|port| ports.contains(&port))
        };
        is(&self.source_port, |ports| has(ports, source))
            && is(&self.destination_port, |ports| has(ports, destination))
            && is(&self.port, |ports| {
                has(ports, source) || has(ports, destination)
            })
    }
}

/// Whether what is wanted, if anything, is so.
#[inline]
fn is<T>(wanted: &Option<T>, so: impl FnOnce(&T) -> bool) -> bool {
    wanted.as_ref().is_none_or(so)
}

/// What is wrong with the text of a [`Filter`](super::Filter), and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// Byte in the text, from 1.
    pub column: u32,
    /// What is wrong there.
    pub kind: FieldErrorKind,
}

/// What is wrong with the text of a [`Filter`](super::Filter).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldErrorKind {
    /// There is no field of that name.
    UnknownField,
    /// The field with that name stands there for the second time.
    Twice(&'static str),
    /// The field has no value, or none that it may have; what it may have.
    Value(&'static str, &'static str),
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column {}: ", self.column)?;
        match self.kind {
            FieldErrorKind::UnknownField => {
                f.write_str("no such field; there are:")?;
                FIELDS
                    .iter()
                    .try_for_each(|field| write!(f, " {}", field.name))?;
                f.write_str(" bpf")
            }
            FieldErrorKind::Twice(name) => write!(f, "a second {name}"),
            FieldErrorKind::Value(name, wanted) => write!(f, "{name}: must be {wanted}"),
        }
    }
}

/// How a field is written.
struct Field {
    name: &'static str,
    /// What its value may be.
    wanted: &'static str,
    /// Takes the value, if the field has none yet.
    set: fn(&mut Fields, &[u8]) -> Set,
}

enum Set {
    Done,
    Twice,
    Wrong,
}

const PREFIX: &str = "an address, or a prefix such as 10.0.1.0/24 or fd00:1::/64";
const PORTS: &str = "a port, or a range such as 1024-65535";
const NAME: &str = "the name of a device, of at most 15 bytes";

/// An element of `FIELDS`: name, field, parser, what it takes.
macro_rules! field {
    ($name:literal, $field:ident, $parse:expr, $wanted:expr) => {
        Field {
            name: $name,
            wanted: $wanted,
            set: |fields, word| match (&fields.$field, $parse(word)) {
                (Some(_), _) => Set::Twice,
                (None, None) => Set::Wrong,
                (None, value) => {
                    fields.$field = value;
                    Set::Done
                }
            },
        }
    };
}

static FIELDS: [Field; 13] = [
    field!(
        "ns",
        net,
        number,
        "an inode number (stat -L -c %i /run/netns/NAME)"
    ),
    field!("family", family, family, "ipv4 or ipv6"),
    field!(
        "proto",
        protocol,
        protocol,
        "tcp, udp, icmp, icmpv6, sctp, or 0 to 255"
    ),
    field!("src", source, prefix, PREFIX),
    field!("dst", destination, prefix, PREFIX),
    field!("host", host, prefix, PREFIX),
    field!("sport", source_port, ports, PORTS),
    field!("dport", destination_port, ports, PORTS),
    field!("port", port, ports, PORTS),
    field!("iif", in_device, device, NAME),
    field!("oif", out_device, device, NAME),
    field!(
        "mark",
        mark,
        mark,
        "a number of 32 bits, or one and a mask that covers it: 0x1/0xff"
    ),
    field!(
        "flags",
        flags,
        flags,
        "letters of FSRPAUEC, or some and those to look at: S/SA"
    ),
];

impl Fields {
    /// The fields in `text` up to the word `bpf`, and what comes after that.
    pub(crate) fn parse(text: &[u8]) -> Result<(Self, Option<&[u8]>), FieldError> {
        let mut fields = Self::default();
        let mut words = Words { text, at: 0 };
        while let Some((at, name)) = words.next() {
            if name == b"bpf" {
                return Ok((fields, Some(words.rest())));
            }
            let error = |at, kind| FieldError {
                column: u32::try_from(at).unwrap_or(u32::MAX).saturating_add(1),
                kind,
            };
            let Some(field) = FIELDS.iter().find(|field| field.name.as_bytes() == name) else {
                return Err(error(at, FieldErrorKind::UnknownField));
            };
            let (value_at, value) = words.next().unwrap_or((text.len(), b""));
            match (field.set)(&mut fields, value) {
                Set::Done => {}
                Set::Twice => return Err(error(at, FieldErrorKind::Twice(field.name))),
                Set::Wrong => {
                    let kind = FieldErrorKind::Value(field.name, field.wanted);
                    return Err(error(value_at, kind));
                }
            }
        }
        Ok((fields, None))
    }
}

/// The words of a text, each with its offset.
struct Words<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Words<'a> {
    fn rest(&self) -> &'a [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }
}

impl<'a> Iterator for Words<'a> {
    type Item = (usize, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest().trim_ascii_start();
        let begin = self.text.len().saturating_sub(rest.len());
        let word = rest.split(u8::is_ascii_whitespace).next()?;
        self.at = begin.saturating_add(word.len());
        (!word.is_empty()).then_some((begin, word))
    }
}

fn text(word: &[u8]) -> Option<&str> {
    core::str::from_utf8(word).ok()
}

/// Decimal, or hexadecimal with `0x` in front.
fn number(word: &[u8]) -> Option<u32> {
    let word = text(word)?;
    let (digits, radix) = match word.strip_prefix("0x") {
        Some(digits) => (digits, 16),
        None => (word, 10),
    };
    // `from_str_radix` takes a sign.
    let plain = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    u32::from_str_radix(digits, radix).ok().filter(|_| plain)
}

/// The two parts of `word` at the first `separator`; the second is missing where there is none.
fn halves(word: &[u8], separator: u8) -> (&[u8], Option<&[u8]>) {
    let mut parts = word.splitn(2, |&byte| byte == separator);
    (parts.next().unwrap_or_default(), parts.next())
}

fn family(word: &[u8]) -> Option<Version> {
    match word {
        b"ipv4" => Some(Version::V4),
        b"ipv6" => Some(Version::V6),
        _ => None,
    }
}

fn protocol(word: &[u8]) -> Option<u8> {
    match word {
        b"icmp" => Some(1),
        b"tcp" => Some(6),
        b"udp" => Some(17),
        b"icmpv6" => Some(58),
        b"sctp" => Some(132),
        _ => u8::try_from(number(word)?).ok(),
    }
}

fn prefix(word: &[u8]) -> Option<Prefix> {
    let (address, len) = halves(word, b'/');
    let address: IpAddr = text(address)?.parse().ok()?;
    let bits = if address.is_ipv4() { 32 } else { 128 };
    let len = match len {
        Some(len) => u8::try_from(number(len)?).ok().filter(|&len| len <= bits)?,
        None => bits,
    };
    Some(Prefix { address, len })
}

fn ports(word: &[u8]) -> Option<RangeInclusive<u16>> {
    let (first, last) = halves(word, b'-');
    let first = u16::try_from(number(first)?).ok()?;
    let last = match last {
        Some(last) => u16::try_from(number(last)?).ok()?,
        None => first,
    };
    (first <= last).then_some(first..=last)
}

fn device(word: &[u8]) -> Option<Device> {
    let mut device = Device::default();
    // The last byte is a NUL's.
    let fits = !word.is_empty() && word.len() < device.len();
    device.get_mut(..word.len())?.copy_from_slice(word);
    fits.then_some(device)
}

fn mark(word: &[u8]) -> Option<Masked<u32>> {
    let (value, mask) = halves(word, b'/');
    let value = number(value)?;
    let mask = match mask {
        Some(mask) => number(mask)?,
        None => u32::MAX,
    };
    (value & !mask == 0).then_some(Masked { value, mask })
}

fn flags(word: &[u8]) -> Option<Masked<u8>> {
    let bits = |letters: &[u8]| {
        letters.iter().try_fold(0, |bits, letter| {
            let bit = b"FSRPAUEC".iter().position(|known| known == letter)?;
            Some(bits | 1u8.checked_shl(u32::try_from(bit).ok()?)?)
        })
    };
    let (value, mask) = halves(word, b'/');
    let value = bits(value)?;
    let mask = match mask {
        Some(mask) => bits(mask)?,
        None => value,
    };
    (value & !mask == 0 && mask != 0).then_some(Masked { value, mask })
}
