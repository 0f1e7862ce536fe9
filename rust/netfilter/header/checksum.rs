// SPDX-License-Identifier: GPL-2.0-only

use super::{icmp, Bytes, IpHeader, Ipv4, Tcp, Udp};

/// The checksums that cover a packet's bytes, and their repair where some change (RFC 1624).
pub(crate) struct Checksums {
    /// Where an IPv4 header ends, whose checksum covers all of it; IPv6 has none.
    v4_header: Option<usize>,
    transport: Option<Transport>,
}

/// The checksum of what IP carries.
struct Transport {
    /// Where what it covers begins.
    start: usize,
    /// Where it lies.
    at: usize,
    /// Whether it covers the IP header's addresses too.
    pseudo_header: bool,
    /// Whether zero means that there is none.
    optional: bool,
    /// Whether a sum of zero is written in ones' complement's other form.
    nonzero: bool,
    /// Whether it is one already. If not it is the sum of the pseudo-header alone: a device will add
    /// up the rest.
    complete: bool,
}

const V4_CHECKSUM: usize = 10;
const DCCP: u8 = 33;
const UDPLITE: u8 = 136;

/// What a UDP checksum of zero is written as.
const MANGLED_ZERO: [u8; 2] = [0xff; 2];

impl Checksums {
    /// An IPv4 header's, for a change in its fixed part that no other covers.
    pub(crate) const IPV4: Self = Self {
        v4_header: Some(Ipv4::MIN_LEN),
        transport: None,
    };

    /// None, for a change that none covers.
    pub(crate) const NONE: Self = Self {
        v4_header: None,
        transport: None,
    };

    /// Those of a packet. `incomplete` is where the header begins whose checksum a device will complete.
    pub(crate) fn of<'a>(
        bytes: impl Bytes<'a>,
        ip: &IpHeader<'_>,
        incomplete: Option<usize>,
    ) -> Self {
        let v4 = matches!(ip, IpHeader::V4(_));
        let start = ip.header_len();
        let transport = || {
            let (offset, pseudo_header) = match ip.protocol() {
                // A fragment other than the first does not have it.
                _ if ip.is_later_fragment() => return None,
                Tcp::PROTOCOL => (16, true),
                Udp::PROTOCOL | UDPLITE | DCCP => (6, true),
                icmp::PROTOCOL_V6 if !v4 => (2, true),
                icmp::PROTOCOL if v4 => (2, false),
                _ => return None,
            };
            let at = start.checked_add(offset)?;
            (at.checked_add(2)? <= bytes.len()).then_some(Transport {
                start,
                at,
                pseudo_header,
                optional: ip.protocol() == Udp::PROTOCOL,
                nonzero: matches!(ip.protocol(), Udp::PROTOCOL | UDPLITE),
                complete: incomplete != Some(start),
            })
        };
        Self {
            v4_header: v4.then_some(start),
            transport: transport(),
        }
    }

    /// Whether what IP carries has a checksum that is known.
    pub(crate) fn has_transport(&self) -> bool {
        self.transport.is_some()
    }

    /// Whether the transport's checksum covers addresses.
    pub(crate) fn has_pseudo_header(&self) -> bool {
        self.transport.as_ref().is_some_and(|t| t.pseudo_header)
    }

    /// The transport's checksum, where it covers the byte `at`.
    #[inline(always)]
    fn transport_over(&self, at: usize) -> Option<&Transport> {
        let addresses = if self.v4_header.is_some() {
            12..20
        } else {
            8..40
        };
        let covers = |t: &&Transport| at >= t.start || t.pseudo_header && addresses.contains(&at);
        self.transport.as_ref().filter(covers)
    }

    /// Whether a change at `at` changes the transport's checksum.
    pub(crate) fn cover(&self, at: usize) -> bool {
        self.transport_over(at).is_some()
    }

    /// How many of the packet's first bytes [`write`](Self::write) looks at.
    #[inline(always)]
    pub(crate) fn extent(&self, at: usize, len: usize) -> Option<usize> {
        let v4 = self.v4_header.filter(|&end| at < end).unwrap_or(0);
        let transport = match self.transport_over(at) {
            Some(transport) => transport.at.checked_add(2)?,
            None => 0,
        };
        Some(at.checked_add(len)?.max(v4).max(transport))
    }

    /// Writes `bytes` at `at`, all of them in the addresses, in the rest of the IP header, or behind it, and
    /// repairs what covers them, if that is not among them. Nothing where they, or a checksum, are not
    /// wholly in `packet`.
    #[inline(always)]
    pub(crate) fn write(&self, packet: &mut [u8], at: usize, bytes: &[u8]) -> Option<()> {
        packet.get(..self.extent(at, bytes.len())?)?;
        let field = packet.get_mut(at..)?.get_mut(..bytes.len())?;
        let difference = difference(field, bytes, at & 1 != 0);
        field.copy_from_slice(bytes);
        if self.v4_header.is_some_and(|end| at < end) {
            let checksum = packet.get_mut(V4_CHECKSUM..)?.first_chunk_mut()?;
            *checksum = not(add(not(*checksum), difference));
        }
        if let Some(transport) = self.transport_over(at) {
            let checksum = packet.get_mut(transport.at..)?.first_chunk_mut()?;
            transport.repair(checksum, difference, at >= transport.start);
        }
        Some(())
    }
}

impl Transport {
    /// `inside`: not in the pseudo-header.
    fn repair(&self, checksum: &mut [u8; 2], difference: [u8; 2], inside: bool) {
        match (self.complete, inside) {
            (true, _) if self.optional && *checksum == [0; 2] => return,
            (true, _) => *checksum = not(add(not(*checksum), difference)),
            (false, false) => *checksum = add(*checksum, difference),
            (false, true) => return,
        }
        if self.nonzero && *checksum == [0; 2] {
            *checksum = MANGLED_ZERO;
        }
    }
}

/// What a sum over `from` changes by where that becomes `to`: the sum of the words that come and of the
/// complements of those that go. A byte at an odd place is the second of its word.
#[inline(always)]
fn difference(from: &[u8], to: &[u8], mut odd: bool) -> [u8; 2] {
    let mut sum = [0; 2];
    for (&from, &to) in from.iter().zip(to) {
        let word = |byte: u8| if odd { [0, byte] } else { [byte, 0] };
        sum = add(add(sum, not(word(from))), word(to));
        odd = !odd;
    }
    sum
}

#[inline(always)]
fn not(word: [u8; 2]) -> [u8; 2] {
    (!u16::from_ne_bytes(word)).to_ne_bytes()
}

/// The ones' complement sum, which is the same in either order of the bytes (RFC 1071).
#[inline(always)]
fn add(a: [u8; 2], b: [u8; 2]) -> [u8; 2] {
    let (sum, carry) = u16::from_ne_bytes(a).overflowing_add(u16::from_ne_bytes(b));
    sum.wrapping_add(carry.into()).to_ne_bytes()
}
