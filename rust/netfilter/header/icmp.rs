// SPDX-License-Identifier: GPL-2.0-only

use super::{Bytes, Header};
use zerocopy::network_endian::U16;
use zerocopy_derive::{FromBytes, Immutable, KnownLayout, Unaligned};

pub(super) const PROTOCOL: u8 = 1;
pub(super) const HEADER_LEN: usize = size_of::<Layout>();
pub(super) const PROTOCOL_V6: u8 = 58;

/// The ICMP header.
///
/// C: `struct icmphdr`.
pub struct Icmp<'a>(Header<'a, Layout>);

/// The ICMPv6 header.
///
/// C: `struct icmp6hdr`.
pub struct Icmpv6<'a>(Header<'a, Layout>);

#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct Layout {
    kind: u8,
    code: u8,
    _checksum: U16,
    id: U16,
    sequence: U16,
}

impl Layout {
    fn echo(&self, kinds: [u8; 2]) -> Option<(u16, u16)> {
        kinds
            .contains(&self.kind)
            .then_some((self.id.get(), self.sequence.get()))
    }
}

impl<'a> Icmp<'a> {
    #[inline]
    pub(super) fn read(bytes: impl Bytes<'a>, at: usize) -> Option<Self> {
        bytes.get(at).map(Self)
    }

    /// The type: `ICMP_*`.
    #[inline]
    pub fn kind(&self) -> u8 {
        self.0.kind
    }

    /// The code.
    #[inline]
    pub fn code(&self) -> u8 {
        self.0.code
    }

    /// Identifier and sequence number, where this is an echo request or its reply.
    #[inline]
    pub fn echo(&self) -> Option<(u16, u16)> {
        self.0.echo([8, 0])
    }
}

impl<'a> Icmpv6<'a> {
    #[inline]
    pub(super) fn read(bytes: impl Bytes<'a>, at: usize) -> Option<Self> {
        bytes.get(at).map(Self)
    }

    /// The type: `ICMPV6_*`.
    #[inline]
    pub fn kind(&self) -> u8 {
        self.0.kind
    }

    /// The code.
    #[inline]
    pub fn code(&self) -> u8 {
        self.0.code
    }

    /// Identifier and sequence number, where this is an echo request or its reply.
    #[inline]
    pub fn echo(&self) -> Option<(u16, u16)> {
        self.0.echo([128, 129])
    }
}
