// SPDX-License-Identifier: GPL-2.0-only

use super::{Bytes, Header, MacAddr};
use core::{fmt, net::Ipv4Addr};
use zerocopy::network_endian::U16;
use zerocopy_derive::{FromBytes, Immutable, KnownLayout, Unaligned};

/// An ARP packet for IPv4 over Ethernet.
///
/// C: `struct arphdr` and what follows it.
///
/// # Invariants
///
/// Of these two kinds of addresses.
pub struct Arp<'a>(Header<'a, Layout>);

#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct Layout {
    hardware: U16,
    protocol: U16,
    hardware_len: u8,
    protocol_len: u8,
    operation: U16,
    sender_mac: [u8; 6],
    sender: [u8; 4],
    target_mac: [u8; 6],
    target: [u8; 4],
}

const ETHERNET: u16 = 1;
const IPV4: u16 = 0x0800;
const REQUEST: u16 = 1;
const REPLY: u16 = 2;

impl<'a> Arp<'a> {
    pub(crate) fn read(bytes: impl Bytes<'a>) -> Option<Self> {
        let arp: Header<'_, Layout> = bytes.get(0)?;
        let kinds = (
            arp.hardware.get(),
            arp.hardware_len,
            arp.protocol.get(),
            arp.protocol_len,
        );
        // INVARIANT: Checked here.
        (kinds == (ETHERNET, 6, IPV4, 4)).then_some(Self(arp))
    }

    /// What it is: `ARPOP_REQUEST` is 1, `ARPOP_REPLY` 2.
    #[inline]
    pub fn operation(&self) -> u16 {
        self.0.operation.get()
    }

    /// The sender's Ethernet address.
    #[inline]
    pub fn sender_mac(&self) -> MacAddr {
        MacAddr(self.0.sender_mac)
    }

    /// The sender's IPv4 address.
    #[inline]
    pub fn sender(&self) -> Ipv4Addr {
        self.0.sender.into()
    }

    /// The target's Ethernet address; zero in a request.
    #[inline]
    pub fn target_mac(&self) -> MacAddr {
        MacAddr(self.0.target_mac)
    }

    /// The target's IPv4 address.
    #[inline]
    pub fn target(&self) -> Ipv4Addr {
        self.0.target.into()
    }
}

/// Writes it as `who has 10.0.1.2? tell 10.0.1.1`, or `10.0.1.2 is at 02:00:00:00:00:01`.
impl fmt::Display for Arp<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.operation() {
            REQUEST => write!(f, "who has {}? tell {}", self.target(), self.sender()),
            REPLY => write!(f, "{} is at {}", self.sender(), self.sender_mac()),
            operation => write!(f, "ARP operation {operation} of {}", self.sender()),
        }
    }
}
