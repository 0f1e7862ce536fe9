// SPDX-License-Identifier: GPL-2.0-only

use super::{Bytes, Header};
use zerocopy::network_endian::U16;
use zerocopy_derive::{FromBytes, Immutable, KnownLayout, Unaligned};

pub(super) const PROTOCOL: u8 = 17;
pub(super) const HEADER_LEN: usize = size_of::<Layout>();

/// The UDP header.
///
/// C: `struct udphdr`.
pub struct Udp<'a>(Header<'a, Layout>);

#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct Layout {
    source: U16,
    destination: U16,
    len: U16,
    _checksum: U16,
}

impl<'a> Udp<'a> {
    pub(super) fn read(bytes: &'a impl Bytes, at: usize) -> Option<Self> {
        bytes.get(at).map(Self)
    }

    /// Source port.
    pub fn source(&self) -> u16 {
        self.0.source.get()
    }

    /// Destination port.
    pub fn destination(&self) -> u16 {
        self.0.destination.get()
    }

    /// Length in bytes of header and payload, as the header says.
    pub fn datagram_len(&self) -> u16 {
        self.0.len.get()
    }
}
