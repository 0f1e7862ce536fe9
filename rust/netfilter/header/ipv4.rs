// SPDX-License-Identifier: GPL-2.0-only

use super::{read, Bytes, Fragment, Header, Tcp, Udp};
use core::{net::Ipv4Addr, ops::RangeInclusive};
use zerocopy::network_endian::U16;
use zerocopy_derive::{FromBytes, Immutable, KnownLayout, Unaligned};

/// The IPv4 header.
///
/// C: `struct iphdr`.
///
/// # Invariants
///
/// Version 4, and with its options wholly inside the packet.
pub struct Ipv4<'a>(Header<'a, Layout>);

#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct Layout {
    version_ihl: u8,
    tos: u8,
    total_len: U16,
    id: U16,
    fragment: U16,
    ttl: u8,
    protocol: u8,
    _checksum: U16,
    source: [u8; 4],
    destination: [u8; 4],
}

/// Version 4, and the five words of a header without options.
const NO_OPTIONS: u8 = 0x45;
/// Those, or more words.
const VERSION_IHL: RangeInclusive<u8> = NO_OPTIONS..=0x4f;

const MORE_FRAGMENTS: u16 = 0x2000;
const OFFSET_MASK: u16 = 0x1fff;

impl Layout {
    #[inline(always)]
    fn header_len(&self) -> usize {
        usize::from(self.version_ihl & 0xf) * 4
    }
}

impl<'a> Ipv4<'a> {
    /// Length of a header without options.
    pub(crate) const MIN_LEN: usize = size_of::<Layout>();

    #[inline(always)]
    pub(crate) fn read(bytes: impl Bytes<'a>) -> Option<Self> {
        let header: Header<'_, Layout> = bytes.ipv4_begin()?;
        let proper = match header.version_ihl {
            // As most are: without options, and so long a packet is.
            NO_OPTIONS => true,
            version_ihl => VERSION_IHL.contains(&version_ihl) && header.header_len() <= bytes.len(),
        };
        // INVARIANT: Checked here.
        proper.then_some(Self(header))
    }

    /// Without a look at whether the packet is so long.
    #[inline(always)]
    fn read_fixed(bytes: impl Bytes<'a>) -> Option<Self> {
        let header: Header<'_, Layout> = bytes.ipv4_begin()?;
        VERSION_IHL
            .contains(&header.version_ihl)
            .then_some(Self(header))
    }

    /// What is carried, where the header is a proper one; else none or anything.
    #[inline(always)]
    pub(crate) fn protocol_of(bytes: impl Bytes<'a>) -> Option<u8> {
        let header: Header<'_, Layout> = bytes.ipv4_begin()?;
        Some(header.protocol)
    }

    /// Source and destination port, where they are soon had.
    #[inline]
    pub(crate) fn ports_of(bytes: impl Bytes<'a>) -> Option<[u16; 2]> {
        let header: Header<'_, Layout> = bytes.ipv4_begin()?;
        let ports: [U16; 2] = read(bytes.linear(), Self::MIN_LEN)?;
        let here = header.version_ihl == NO_OPTIONS
            && header.fragment.get() & OFFSET_MASK == 0
            && matches!(header.protocol, Tcp::PROTOCOL | Udp::PROTOCOL);
        here.then(|| ports.map(U16::get))
    }

    /// Where the header of `protocol` begins, if that is carried: to be read from there, and so perhaps not in
    /// the packet.
    #[inline(always)]
    pub(crate) fn transport_at(bytes: impl Bytes<'a>, protocol: u8) -> Option<usize> {
        let ip = Self::read_fixed(bytes)?;
        if ip.protocol() != protocol || ip.is_later_fragment() {
            return None;
        }
        Some(ip.header_len())
    }

    /// Length in bytes, options included: 20 to 60.
    #[inline]
    pub fn header_len(&self) -> usize {
        self.0.header_len()
    }

    /// Length in bytes of header and what is carried, as the header says. 0 for a packet of more
    /// than 65535 bytes, which only this host's own segmentation makes.
    #[inline]
    pub fn total_len(&self) -> u16 {
        self.0.total_len.get()
    }

    /// Identification, which a packet's fragments share.
    #[inline]
    pub fn id(&self) -> u16 {
        self.0.id.get()
    }

    /// Differentiated services code point: 0 to 63.
    #[inline]
    pub fn dscp(&self) -> u8 {
        self.0.tos >> 2
    }

    /// Explicit congestion notification: 0 to 3.
    #[inline]
    pub fn ecn(&self) -> u8 {
        self.0.tos & 3
    }

    /// Time to live.
    #[inline]
    pub fn ttl(&self) -> u8 {
        self.0.ttl
    }

    /// What is carried: `IPPROTO_*`.
    #[inline]
    pub fn protocol(&self) -> u8 {
        self.0.protocol
    }

    /// Source address.
    #[inline]
    pub fn source(&self) -> Ipv4Addr {
        self.0.source.into()
    }

    /// Destination address.
    #[inline]
    pub fn destination(&self) -> Ipv4Addr {
        self.0.destination.into()
    }

    /// Whether this is a fragment other than the first, which carries no transport header.
    #[inline]
    pub(crate) fn is_later_fragment(&self) -> bool {
        self.0.fragment.get() & OFFSET_MASK != 0
    }

    /// Where this is a fragment: which.
    #[inline]
    pub fn fragment(&self) -> Option<Fragment> {
        let raw = self.0.fragment.get();
        let offset = (raw & OFFSET_MASK) << 3;
        let more = raw & MORE_FRAGMENTS != 0;
        (more || offset > 0).then_some(Fragment { offset, more })
    }
}
