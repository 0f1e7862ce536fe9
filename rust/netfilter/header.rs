// SPDX-License-Identifier: GPL-2.0-only

//! Checked views of the headers in a packet.
//!
//! Pure: everything here reads [`Bytes`], which a packet is as well as any slice.

mod icmp;
mod ipv4;
mod ipv6;
mod tcp;
mod udp;

pub use icmp::{Icmp, Icmpv6};
pub use ipv4::Ipv4;
pub use ipv6::Ipv6;
pub use tcp::{Tcp, TcpFlags};
pub use udp::Udp;

use core::{
    net::IpAddr,
    ops::Deref, //
};
use zerocopy::{FromBytes, Immutable, KnownLayout, Unaligned};

/// What a header's struct must be: any bytes at any address, with no padding.
pub(crate) trait Plain: FromBytes + KnownLayout + Immutable + Unaligned {}

impl<T: FromBytes + KnownLayout + Immutable + Unaligned> Plain for T {}

/// Bytes that headers can be read from.
pub(crate) trait Bytes {
    /// How many.
    fn len(&self) -> usize;

    /// A `T` at `offset`; none where it does not lie wholly inside.
    fn get<T: Plain>(&self, offset: usize) -> Option<Header<'_, T>>;
}

impl Bytes for [u8] {
    fn len(&self) -> usize {
        self.len()
    }

    fn get<T: Plain>(&self, offset: usize) -> Option<Header<'_, T>> {
        self.get(offset..).and_then(prefix).map(Header::Borrowed)
    }
}

/// A `T` at the beginning of `bytes`.
pub(crate) fn prefix<T: Plain>(bytes: &[u8]) -> Option<&T> {
    T::ref_from_prefix(bytes).ok().map(|(header, _)| header)
}

/// A header: borrowed from the packet where it is linear, else a copy.
pub enum Header<'a, T> {
    /// In the packet's linear part.
    Borrowed(&'a T),
    /// Copied from its fragments.
    Copied(T),
}

impl<T> Deref for Header<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        match self {
            Self::Borrowed(header) => header,
            Self::Copied(header) => header,
        }
    }
}

/// The place of a fragment in its packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// Its first byte's, counted from the end of the unfragmentable part.
    pub offset: u16,
    /// Whether others come after it.
    pub more: bool,
}

/// An IP header of either version.
pub enum IpHeader<'a> {
    /// Version 4.
    V4(Ipv4<'a>),
    /// Version 6, with its extension headers.
    V6(Ipv6<'a>),
}

impl IpHeader<'_> {
    /// Source address.
    pub fn source(&self) -> IpAddr {
        match self {
            Self::V4(ip) => ip.source().into(),
            Self::V6(ip) => ip.source().into(),
        }
    }

    /// Destination address.
    pub fn destination(&self) -> IpAddr {
        match self {
            Self::V4(ip) => ip.destination().into(),
            Self::V6(ip) => ip.destination().into(),
        }
    }

    /// Time to live, or hop limit.
    pub fn ttl(&self) -> u8 {
        match self {
            Self::V4(ip) => ip.ttl(),
            Self::V6(ip) => ip.hop_limit(),
        }
    }

    /// What is carried (`IPPROTO_*`): for IPv6 after all extension headers.
    pub fn protocol(&self) -> u8 {
        match self {
            Self::V4(ip) => ip.protocol(),
            Self::V6(ip) => ip.protocol(),
        }
    }

    /// Where this is a fragment: which.
    pub fn fragment(&self) -> Option<Fragment> {
        match self {
            Self::V4(ip) => ip.fragment(),
            Self::V6(ip) => ip.fragment(),
        }
    }

    /// Offset of what is carried.
    fn payload(&self) -> usize {
        match self {
            Self::V4(ip) => ip.header_len(),
            Self::V6(ip) => ip.payload(),
        }
    }

    pub(crate) fn transport<'a>(&self, bytes: &'a impl Bytes) -> Option<Transport<'a>> {
        if self.fragment().is_some_and(|fragment| fragment.offset > 0) {
            return Some(Transport::Fragment);
        }
        let at = self.payload();
        match (self.protocol(), self) {
            (tcp::PROTOCOL, _) => Tcp::read(bytes, at).map(Transport::Tcp),
            (udp::PROTOCOL, _) => Udp::read(bytes, at).map(Transport::Udp),
            (icmp::PROTOCOL, Self::V4(_)) => Icmp::read(bytes, at).map(Transport::Icmp),
            (icmp::PROTOCOL_V6, Self::V6(_)) => Icmpv6::read(bytes, at).map(Transport::Icmpv6),
            (protocol, _) => Some(Transport::Other(protocol)),
        }
    }
}

/// What an IP header carries.
pub enum Transport<'a> {
    /// TCP
    Tcp(Tcp<'a>),
    /// UDP
    Udp(Udp<'a>),
    /// ICMP, of IPv4.
    Icmp(Icmp<'a>),
    /// ICMP of IPv6.
    Icmpv6(Icmpv6<'a>),
    /// A fragment other than the first, which has no header.
    Fragment,
    /// A protocol that there is no view of: `IPPROTO_*`.
    Other(u8),
}
