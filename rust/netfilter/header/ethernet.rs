// SPDX-License-Identifier: GPL-2.0-only

use core::fmt;
use zerocopy::network_endian::U16;
use zerocopy_derive::{FromBytes, Immutable, KnownLayout, Unaligned};

/// The Ethernet header, as the packet came or will go.
///
/// C: `struct ethhdr`.
#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct Ethernet {
    destination: [u8; 6],
    source: [u8; 6],
    ethertype: U16,
}

impl Ethernet {
    /// Source address.
    #[inline]
    pub fn source(&self) -> MacAddr {
        MacAddr(self.source)
    }

    /// Destination address.
    #[inline]
    pub fn destination(&self) -> MacAddr {
        MacAddr(self.destination)
    }

    /// The type that stands in the header: `ETH_P_*`. Where the device has taken a VLAN tag out, the
    /// one behind that.
    #[inline]
    pub fn ethertype(&self) -> u16 {
        self.ethertype.get()
    }
}

/// Writes it as `02:00:00:00:00:01>ff:ff:ff:ff:ff:ff`.
impl fmt::Display for Ethernet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}>{}", self.source(), self.destination())
    }
}

/// An Ethernet address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MacAddr(pub [u8; 6]);

/// Writes it as `02:00:00:00:00:01`.
impl fmt::Display for MacAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}
