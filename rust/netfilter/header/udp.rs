// SPDX-License-Identifier: GPL-2.0-only

use super::{Bytes, Header};
use zerocopy::network_endian::U16;
use zerocopy_derive::{FromBytes, Immutable, KnownLayout, Unaligned};

pub(super) const HEADER_LEN: usize = size_of::<Layout>();

/// The UDP header.
///
/// C: `struct udphdr`.
pub struct Udp<'a>(Header<'a, Layout>);

#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Layout {
    source: U16,
    destination: U16,
    len: U16,
    _checksum: U16,
}

impl<'a> Udp<'a> {
    pub(crate) const PROTOCOL: u8 = 17;

    #[inline]
    pub(super) fn read(bytes: impl Bytes<'a>, at: usize) -> Option<Self> {
        bytes.get(at).map(Self)
    }

    #[inline(always)]
    pub(crate) fn new(header: Header<'a, Layout>) -> Self {
        Self(header)
    }

    /// Source port.
    #[inline]
    pub fn source(&self) -> u16 {
        self.0.source.get()
    }

    /// Destination port.
    #[inline]
    pub fn destination(&self) -> u16 {
        self.0.destination.get()
    }

    /// Length in bytes of header and payload, as the header says.
    #[inline]
    pub fn datagram_len(&self) -> u16 {
        self.0.len.get()
    }
}
