// SPDX-License-Identifier: GPL-2.0-only

use super::{Bytes, Header};
use core::fmt;
use zerocopy::network_endian::{U16, U32};
use zerocopy_derive::{FromBytes, Immutable, KnownLayout, Unaligned};

/// The TCP header.
///
/// C: `struct tcphdr`.
///
/// # Invariants
///
/// At least 20 bytes long, by its own account.
pub struct Tcp<'a>(Header<'a, Layout>);

#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Layout {
    source: U16,
    destination: U16,
    seq: U32,
    ack: U32,
    data_offset: u8,
    flags: u8,
    window: U16,
    _checksum: U16,
    _urgent: U16,
}

impl<'a> Tcp<'a> {
    pub(crate) const PROTOCOL: u8 = 6;

    #[inline]
    pub(super) fn read(bytes: impl Bytes<'a>, at: usize) -> Option<Self> {
        Self::new(bytes.get(at)?)
    }

    #[inline(always)]
    pub(crate) fn new(header: Header<'a, Layout>) -> Option<Self> {
        let tcp = Self(header);
        // INVARIANT: Checked here.
        (tcp.header_len() >= size_of::<Layout>()).then_some(tcp)
    }

    /// Length in bytes, options included: 20 to 60.
    #[inline]
    pub fn header_len(&self) -> usize {
        usize::from(self.0.data_offset >> 4) * 4
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

    /// Sequence number.
    #[inline]
    pub fn seq(&self) -> u32 {
        self.0.seq.get()
    }

    /// Acknowledgement number.
    #[inline]
    pub fn ack_seq(&self) -> u32 {
        self.0.ack.get()
    }

    /// Window, not scaled.
    #[inline]
    pub fn window(&self) -> u16 {
        self.0.window.get()
    }

    /// The flags.
    #[inline]
    pub fn flags(&self) -> TcpFlags {
        TcpFlags(self.0.flags)
    }
}

/// The flags of a TCP header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TcpFlags(u8);

impl TcpFlags {
    /// Letters in the order of the bits.
    const LETTERS: [char; 8] = ['F', 'S', 'R', 'P', 'A', 'U', 'E', 'C'];

    /// All eight as the header has them, `FIN` in the lowest bit.
    #[inline]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// `FIN`
    #[inline]
    pub const fn fin(self) -> bool {
        self.0 & 1 != 0
    }

    /// `SYN`
    #[inline]
    pub const fn syn(self) -> bool {
        self.0 & 2 != 0
    }

    /// `RST`
    #[inline]
    pub const fn rst(self) -> bool {
        self.0 & 4 != 0
    }

    /// `ACK`
    #[inline]
    pub const fn ack(self) -> bool {
        self.0 & 0x10 != 0
    }

    /// Whether it asks for a connection: `SYN`, and none of `ACK`, `RST` and `FIN`, as `--syn` of iptables.
    pub const fn opens(self) -> bool {
        self.0 & 0x17 == 2
    }
}

/// Writes a letter for each flag that is set, FIN first (`SA`), or `-`.
impl fmt::Display for TcpFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write;
        if self.0 == 0 {
            return f.write_char('-');
        }
        let set = |&(bit, _): &(usize, char)| self.0 >> bit & 1 != 0;
        Self::LETTERS
            .into_iter()
            .enumerate()
            .filter(set)
            .try_for_each(|(_, c)| f.write_char(c))
    }
}
