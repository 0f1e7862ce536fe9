// SPDX-License-Identifier: GPL-2.0-only

use super::{Bytes, Fragment, Header};
use core::net::Ipv6Addr;
use zerocopy::network_endian::{U16, U32};
use zerocopy_derive::{FromBytes, Immutable, KnownLayout, Unaligned};

/// The IPv6 header and what its extension headers say.
///
/// C: `struct ipv6hdr`, `ipv6_skip_exthdr()`.
///
/// # Invariants
///
/// Version 6.
pub struct Ipv6<'a> {
    header: Header<'a, Layout>,
    protocol: u8,
    header_len: usize,
    routing: bool,
    fragment: Option<Fragment>,
}

#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct Layout {
    version_class_flow: U32,
    payload_len: U16,
    next_header: u8,
    hop_limit: u8,
    source: [u8; 16],
    destination: [u8; 16],
}

#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct Extension {
    next_header: u8,
    len: u8,
}

#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct FragmentHeader {
    next_header: u8,
    _reserved: u8,
    offset_more: U16,
    _id: U32,
}

/// A header behind more than these is not looked for, as in the kernel (`IP6_MAX_EXT_HDRS_CNT`).
const MAX_EXTENSIONS: usize = 12;

const HOP_BY_HOP: u8 = 0;
const ROUTING: u8 = 43;
const FRAGMENT: u8 = 44;
const AUTHENTICATION: u8 = 51;
const DESTINATION_OPTIONS: u8 = 60;

impl<'a> Ipv6<'a> {
    pub(crate) fn read(bytes: impl Bytes<'a>) -> Option<Self> {
        let header: Header<'_, Layout> = bytes.get(0)?;
        if header.version_class_flow.get() >> 28 != 6 {
            return None;
        }
        let mut protocol = header.next_header;
        let mut header_len = size_of::<Layout>();
        let mut routing = false;
        let mut fragment = None;
        for _ in 0..MAX_EXTENSIONS {
            let (next, len) = match protocol {
                HOP_BY_HOP | ROUTING | DESTINATION_OPTIONS => {
                    let extension = bytes.get::<Extension>(header_len)?;
                    (extension.next_header, (usize::from(extension.len) + 1) * 8)
                }
                AUTHENTICATION => {
                    let extension = bytes.get::<Extension>(header_len)?;
                    (extension.next_header, (usize::from(extension.len) + 2) * 4)
                }
                FRAGMENT => {
                    let extension = bytes.get::<FragmentHeader>(header_len)?;
                    let raw = extension.offset_more.get();
                    fragment = Some(Fragment {
                        offset: raw & !7,
                        more: raw & 1 != 0,
                    });
                    (extension.next_header, size_of::<FragmentHeader>())
                }
                _ => break,
            };
            routing |= protocol == ROUTING;
            protocol = next;
            header_len = header_len.saturating_add(len);
            if fragment.is_some_and(|fragment| fragment.offset > 0) {
                break;
            }
        }
        // INVARIANT: Checked above.
        Some(Self {
            header,
            protocol,
            header_len,
            routing,
            fragment,
        })
    }

    /// Hop limit.
    #[inline]
    pub fn hop_limit(&self) -> u8 {
        self.header.hop_limit
    }

    /// What comes after the extension headers: `IPPROTO_*`. In a fragment other than the first: what
    /// its fragment header names.
    #[inline]
    pub fn protocol(&self) -> u8 {
        self.protocol
    }

    /// Where this is a fragment: which.
    #[inline]
    pub fn fragment(&self) -> Option<Fragment> {
        self.fragment
    }

    /// Length of this header and all extension headers.
    #[inline]
    pub fn header_len(&self) -> usize {
        self.header_len
    }

    /// Length in bytes of all that follows the first 40, as the header says. 0 for a packet of more
    /// than 65535 bytes.
    #[inline]
    pub fn payload_len(&self) -> u16 {
        self.header.payload_len.get()
    }

    /// Differentiated services code point: 0 to 63.
    #[inline]
    pub fn dscp(&self) -> u8 {
        (self.header.version_class_flow.get() >> 22) as u8 & 0x3f
    }

    /// Explicit congestion notification: 0 to 3.
    #[inline]
    pub fn ecn(&self) -> u8 {
        (self.header.version_class_flow.get() >> 20) as u8 & 3
    }

    /// Flow label.
    #[inline]
    pub fn flow_label(&self) -> u32 {
        self.header.version_class_flow.get() & 0xf_ffff
    }

    /// Whether a routing header is there: the destination may not be the last one.
    #[inline]
    pub fn has_routing_header(&self) -> bool {
        self.routing
    }

    /// Source address.
    #[inline]
    pub fn source(&self) -> Ipv6Addr {
        self.header.source.into()
    }

    /// Destination address.
    #[inline]
    pub fn destination(&self) -> Ipv6Addr {
        self.header.destination.into()
    }
}
