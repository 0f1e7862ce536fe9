// SPDX-License-Identifier: GPL-2.0-only

use super::{Bytes, Header};
use zerocopy::network_endian::{U16, U32};
use zerocopy_derive::{FromBytes, Immutable, KnownLayout, Unaligned};

pub(super) const PROTOCOL: u8 = 132;
pub(super) const HEADER_LEN: usize = size_of::<Layout>();

/// The SCTP common header.
///
/// C: `struct sctphdr`.
pub struct Sctp<'a>(Header<'a, Layout>);

#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct Layout {
    source: U16,
    destination: U16,
    verification_tag: U32,
    _checksum: U32,
}

impl<'a> Sctp<'a> {
    #[inline]
    pub(super) fn read(bytes: impl Bytes<'a>, at: usize) -> Option<Self> {
        bytes.get(at).map(Self)
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

    /// Verification tag.
    #[inline]
    pub fn verification_tag(&self) -> u32 {
        self.0.verification_tag.get()
    }
}
