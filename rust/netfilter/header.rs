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
    mem::MaybeUninit,
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

    /// A `T` of which an IPv4 packet begins: where it is too short for that, none or anything.
    fn ipv4_begin<T: Plain>(self) -> Option<Header<'a, T>>;

    /// A `T` at `offset`; none where it does not lie wholly inside.
    fn get<T: Plain>(self, offset: usize) -> Option<Header<'a, T>>;

    /// Fills `to` from `offset` on; false where that is not wholly inside.
    fn copy(self, offset: usize, to: &mut [u8]) -> bool;

    /// As `copy`, to where nothing need have been; gives what is there then.
    fn copy_to(self, offset: usize, to: &mut [MaybeUninit<u8>]) -> Option<&[u8]>;

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

    #[inline(always)]
    pub(crate) fn into_inner(self) -> T {
        self.value
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
    let needle = Needle::new(needle)?;
    let end = range.end.min(bytes.len());
    let linear = bytes.linear();
    let mut at = range.start;
    let head = linear.get(at..end.min(linear.len())).unwrap_or_default();
    if let Some(found) = needle.find_in(head) {
        return at.checked_add(found);
    }
    // What is not linear, and what begins in the linear part and ends behind it, in pieces that
    // overlap by all of the needle but one byte.
    let overlap = needle.rest.len();
    at = at.max(linear.len().min(end).saturating_sub(overlap));
    let mut piece = [MaybeUninit::uninit(); 2 * MAX_NEEDLE];
    loop {
        let len = end.saturating_sub(at).min(piece.len());
        if len <= overlap {
            return None;
        }
        let piece = bytes.copy_to(at, piece.get_mut(..len)?)?;
        if let Some(found) = needle.find_in(piece) {
            return at.checked_add(found);
        }
        // More than the overlap: at least one byte further.
        at = at.checked_add(len.checked_sub(overlap)?)?;
    }
}

/// Horspool's algorithm: where the needle does not end at a byte, it can end no sooner than where that byte is
/// under its last place in the needle. Bytes that are the same but for the upper two bits share the least shift.
struct Needle<'a> {
    last: u8,
    rest: &'a [u8],
    shifts: [u8; LETTERS],
}

const LETTERS: usize = 64;

fn letter(byte: u8) -> usize {
    usize::from(byte) % LETTERS
}

impl<'a> Needle<'a> {
    /// None where it is empty or too long.
    fn new(needle: &'a [u8]) -> Option<Self> {
        if needle.len() > MAX_NEEDLE {
            return None;
        }
        let (&last, rest) = needle.split_last()?;
        // No longer than `MAX_NEEDLE`.
        let mut shifts = [needle.len() as u8; LETTERS];
        for (&byte, shift) in rest.iter().zip((1..needle.len() as u8).rev()) {
            *shifts.get_mut(letter(byte))? = shift;
        }
        Some(Self { last, rest, shifts })
    }

    #[inline]
    fn find_in(&self, bytes: &[u8]) -> Option<usize> {
        let mut end = self.rest.len();
        loop {
            let &byte = bytes.get(end)?;
            if byte == self.last {
                let start = end.wrapping_sub(self.rest.len());
                if bytes.get(start..end)? == self.rest {
                    return Some(start);
                }
            }
            // No slice is so long that this wraps.
            end = end.wrapping_add((*self.shifts.get(letter(byte))?).into());
        }
    }
}
