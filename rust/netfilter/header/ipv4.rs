// SPDX-License-Identifier: GPL-2.0-only

use super::{Bytes, Fragment, Header};
use core::net::Ipv4Addr;
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

const MORE_FRAGMENTS: u16 = 0x2000;
const OFFSET_MASK: u16 = 0x1fff;

impl<'a> Ipv4<'a> {
    pub(crate) fn read(bytes: &'a impl Bytes) -> Option<Self> {
        let header = Self(bytes.get(0)?);
        let len = header.header_len();
        let proper = header.0.version_ihl >> 4 == 4 && len >= size_of::<Layout>();
        // INVARIANT: Checked here.
        (proper && len <= bytes.len()).then_some(header)
    }

    /// Length in bytes, options included: 20 to 60.
    pub fn header_len(&self) -> usize {
        usize::from(self.0.version_ihl & 0xf) * 4
    }

    /// Length in bytes of header and what is carried, as the header says. 0 for a packet of more
    /// than 65535 bytes, which only this host's own segmentation makes.
    pub fn total_len(&self) -> u16 {
        self.0.total_len.get()
    }

    /// Identification, which a packet's fragments share.
    pub fn id(&self) -> u16 {
        self.0.id.get()
    }

    /// Differentiated services code point: 0 to 63.
    pub fn dscp(&self) -> u8 {
        self.0.tos >> 2
    }

    /// Explicit congestion notification: 0 to 3.
    pub fn ecn(&self) -> u8 {
        self.0.tos & 3
    }

    /// Time to live.
    pub fn ttl(&self) -> u8 {
        self.0.ttl
    }

    /// What is carried: `IPPROTO_*`.
    pub fn protocol(&self) -> u8 {
        self.0.protocol
    }

    /// Source address.
    pub fn source(&self) -> Ipv4Addr {
        self.0.source.into()
    }

    /// Destination address.
    pub fn destination(&self) -> Ipv4Addr {
        self.0.destination.into()
    }

    /// Where this is a fragment: which.
    pub fn fragment(&self) -> Option<Fragment> {
        let raw = self.0.fragment.get();
        let offset = (raw & OFFSET_MASK) << 3;
        let more = raw & MORE_FRAGMENTS != 0;
        (more || offset > 0).then_some(Fragment { offset, more })
    }
}
