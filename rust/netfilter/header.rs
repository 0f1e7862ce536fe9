// SPDX-License-Identifier: GPL-2.0-only

//! Checked views of the headers in a packet.
//!
//! Pure: everything here reads [`Bytes`], which a packet is, and in the host's tests any slice. Offsets
//! are from the network header.

mod arp;
mod checksum;
mod ethernet;
mod icmp;
mod ip;
mod ipv4;
mod ipv6;
mod options;
mod sctp;
mod tcp;
mod transport;
mod udp;

pub use arp::Arp;
pub(crate) use checksum::Checksums;
pub use ethernet::{Ethernet, MacAddr};
pub use icmp::{Icmp, Icmpv6};
pub use ip::{Fragment, IpHeader};
pub use ipv4::Ipv4;
pub use ipv6::Ipv6;
pub use options::{HeaderOption, Options};
pub use sctp::Sctp;
pub use tcp::{Tcp, TcpFlags};
pub(crate) use transport::payload;
pub use transport::Transport;
pub use udp::Udp;

use core::{
    marker::PhantomData,
    ops::{Deref, Range}, //
};
use zerocopy::{FromBytes, Immutable, KnownLayout, Unaligned};

/// What a header's struct must be: any bytes at any address, with no padding.
pub(crate) trait Plain: FromBytes + KnownLayout + Immutable + Unaligned {}

impl<T: FromBytes + KnownLayout + Immutable + Unaligned> Plain for T {}

/// Bytes that headers can be read from, for the time of `'a`.
pub(crate) trait Bytes<'a>: Copy {
    /// How many.
    fn len(self) -> usize;

    /// A `T` at `offset`; none where it does not lie wholly inside.
    fn get<T: Plain>(self, offset: usize) -> Option<Header<'a, T>>;

    /// Fills `to` from `offset` on; false where that is not wholly inside.
    fn copy(self, offset: usize, to: &mut [u8]) -> bool;

    /// The first of them, that need no copying.
    fn linear(self) -> &'a [u8];
}

/// The `T` at `offset` of `bytes`; none where it does not lie wholly inside.
#[inline(always)]
pub(crate) fn read<T: Plain>(bytes: &[u8], offset: usize) -> Option<T> {
    let end = offset.checked_add(size_of::<T>())?;
    T::read_from_bytes(bytes.get(offset..end)?).ok()
}

/// A header, as it is while the packet is borrowed.
///
/// A value, of which a compiler that sees all of a hook loads only the fields that are used, from where they lie.
pub(crate) struct Header<'a, T> {
    value: T,
    _packet: PhantomData<&'a T>,
}

impl<T> Header<'_, T> {
    #[inline(always)]
    pub(crate) fn new(value: T) -> Self {
        Self {
            value,
            _packet: PhantomData,
        }
    }
}

impl<T> Deref for Header<'_, T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        &self.value
    }
}

/// The longest byte string that [`find`] looks for.
const MAX_NEEDLE: usize = 128;

/// The offset of the first place in `range` of `bytes` where `needle` lies.
pub(crate) fn find<'a>(bytes: impl Bytes<'a>, range: Range<usize>, needle: &[u8]) -> Option<usize> {
    if needle.is_empty() || needle.len() > MAX_NEEDLE {
        return None;
    }
    let end = range.end.min(bytes.len());
    let linear = bytes.linear();
    let mut at = range.start;
    let head = linear.get(at..end.min(linear.len())).unwrap_or_default();
    if let Some(found) = find_in(head, needle) {
        return at.checked_add(found);
    }
    // What is not linear, and what begins in the linear part and ends behind it, in pieces that
    // overlap by all of the needle but one byte.
    let overlap = needle.len().saturating_sub(1);
    at = at.max(linear.len().min(end).saturating_sub(overlap));
    let mut piece = [0; 2 * MAX_NEEDLE];
    loop {
        let len = end.saturating_sub(at).min(piece.len());
        let piece = piece.get_mut(..len)?;
        if len < needle.len() || !bytes.copy(at, piece) {
            return None;
        }
        if let Some(found) = find_in(piece, needle) {
            return at.checked_add(found);
        }
        // More than the overlap: at least one byte further.
        at = at.checked_add(len.checked_sub(overlap)?)?;
    }
}

/// Horspool's algorithm: where the needle does not end at a byte, it can end no sooner than where that byte is
/// under its last place in the needle. Bytes that are the same but for the upper two bits share the least shift.
fn find_in(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    const LETTERS: usize = 64;
    let letter = |byte: u8| usize::from(byte) % LETTERS;
    let (&last, rest) = needle.split_last()?;
    // No longer than `MAX_NEEDLE`.
    let mut shifts = [needle.len() as u8; LETTERS];
    for (&byte, shift) in rest.iter().zip((1..needle.len() as u8).rev()) {
        *shifts.get_mut(letter(byte))? = shift;
    }
    let mut end = rest.len();
    loop {
        let &byte = bytes.get(end)?;
        if byte == last {
            let start = end.wrapping_sub(rest.len());
            if bytes.get(start..end)? == rest {
                return Some(start);
            }
        }
        // No slice is so long that this wraps.
        end = end.wrapping_add((*shifts.get(letter(byte))?).into());
    }
}
