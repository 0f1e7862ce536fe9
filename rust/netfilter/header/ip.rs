// SPDX-License-Identifier: GPL-2.0-only

use super::{Ipv4, Ipv6};
use core::{fmt, net::IpAddr};

/// The place of a fragment in its packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// Of its first byte, from the end of the part that is not fragmented.
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
    #[inline]
    pub fn source(&self) -> IpAddr {
        match self {
            Self::V4(ip) => ip.source().into(),
            Self::V6(ip) => ip.source().into(),
        }
    }

    /// Destination address.
    #[inline]
    pub fn destination(&self) -> IpAddr {
        match self {
            Self::V4(ip) => ip.destination().into(),
            Self::V6(ip) => ip.destination().into(),
        }
    }

    /// Time to live, or hop limit.
    #[inline]
    pub fn ttl(&self) -> u8 {
        match self {
            Self::V4(ip) => ip.ttl(),
            Self::V6(ip) => ip.hop_limit(),
        }
    }

    /// Differentiated services code point: 0 to 63.
    #[inline]
    pub fn dscp(&self) -> u8 {
        match self {
            Self::V4(ip) => ip.dscp(),
            Self::V6(ip) => ip.dscp(),
        }
    }

    /// What is carried (`IPPROTO_*`): for IPv6 after all extension headers.
    #[inline]
    pub fn protocol(&self) -> u8 {
        match self {
            Self::V4(ip) => ip.protocol(),
            Self::V6(ip) => ip.protocol(),
        }
    }

    /// Where this is a fragment: which.
    #[inline]
    pub fn fragment(&self) -> Option<Fragment> {
        match self {
            Self::V4(ip) => ip.fragment(),
            Self::V6(ip) => ip.fragment(),
        }
    }

    /// Whether this is a fragment other than the first, which carries no transport header.
    #[inline]
    pub(crate) fn is_later_fragment(&self) -> bool {
        self.fragment().is_some_and(|fragment| fragment.offset > 0)
    }

    /// Where the packet ends, as the header says; none for one that is too long to say it.
    #[inline]
    pub(crate) fn end(&self) -> Option<usize> {
        match self {
            Self::V4(ip) => (ip.total_len() != 0).then(|| ip.total_len().into()),
            Self::V6(ip) => (ip.payload_len() != 0).then(|| usize::from(ip.payload_len()) + 40),
        }
    }

    /// Length of the IP header, with all options or extension headers: the offset of what is
    /// carried.
    #[inline]
    pub fn header_len(&self) -> usize {
        match self {
            Self::V4(ip) => ip.header_len(),
            Self::V6(ip) => ip.header_len(),
        }
    }
}

/// Writes it as `10.0.1.2>10.0.2.2`.
impl fmt::Display for IpHeader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}>{}", self.source(), self.destination())
    }
}
