// SPDX-License-Identifier: GPL-2.0-only

//! Packets to read, in a buffer that is cut as a packet's.

use crate::netfilter::header::{self, Bytes, Header, Plain};
use core::mem::MaybeUninit;

/// Bytes of which only the first few are linear, as in a packet with fragments.
pub struct Split<'a>(pub &'a [u8], pub usize);

impl<'a> Bytes<'a> for &'a Split<'_> {
    fn len(self) -> usize {
        self.0.len()
    }

    fn ipv4_begin<T: Plain>(self) -> Option<Header<'a, T>> {
        self.get(0)
    }

    fn get<T: Plain>(self, offset: usize) -> Option<Header<'a, T>> {
        header::read(self.0, offset).map(Header::new)
    }

    fn copy(self, offset: usize, to: &mut [u8]) -> bool {
        let from = self.0.get(offset..).and_then(|rest| rest.get(..to.len()));
        from.map(|from| to.copy_from_slice(from)).is_some()
    }

    fn copy_to(self, offset: usize, to: &mut [MaybeUninit<u8>]) -> Option<&[u8]> {
        let from = self.0.get(offset..)?.get(..to.len())?;
        to.iter_mut().zip(from).for_each(|(to, byte)| {
            to.write(*byte);
        });
        // SAFETY: All of it was written to.
        Some(unsafe { core::slice::from_raw_parts(to.as_ptr().cast(), to.len()) })
    }

    fn linear(self) -> &'a [u8] {
        &self.0[..self.1.min(self.0.len())]
    }
}

/// All linear.
pub fn linear(bytes: &[u8]) -> Split<'_> {
    Split(bytes, bytes.len())
}

/// IPv4 with a four-byte option, TCP SYN with options MSS 1460, NOP, window scale 7.
pub fn tcp4() -> Vec<u8> {
    let mut packet = vec![0x46, 0xb9, 0, 56, 0x12, 0x34, 0x40, 0, 63, 6, 0, 0];
    packet.extend([10, 0, 1, 2, 10, 0, 2, 2]);
    packet.extend([0x94, 4, 0, 0]);
    packet.extend([
        0x9c, 0x40, 0, 80, 1, 2, 3, 4, 5, 6, 7, 8, 0x70, 0x12, 0xfa, 0xf0, 0, 0, 0, 0,
    ]);
    packet.extend([2, 4, 5, 0xb4, 1, 3, 3, 7]);
    packet.extend(b"data");
    packet
}

/// IPv6 with hop-by-hop options, a fragment header of the first fragment, and UDP.
pub fn udp6() -> Vec<u8> {
    let mut packet = vec![0x6b, 0x81, 0x23, 0x45, 0, 28, 0, 64];
    packet.extend([0xfd, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
    packet.extend([0xfd, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
    packet.extend([44, 0, 1, 4, 0, 0, 0, 0]);
    packet.extend([17, 0, 0, 1, 0, 0, 0, 9]);
    packet.extend([0, 53, 0x13, 0x88, 0, 12, 0, 0]);
    packet.extend(b"data");
    packet
}

/// IPv4, and what it carries.
fn v4(protocol: u8, data: &[u8]) -> Vec<u8> {
    let mut packet = vec![
        0x45,
        0,
        0,
        20 + data.len() as u8,
        0,
        1,
        0,
        0,
        64,
        protocol,
        0,
        0,
    ];
    packet.extend([10, 0, 1, 2, 10, 0, 2, 2]);
    packet.extend(data);
    packet
}

/// IPv6 with a routing header and an authentication header, and what it carries.
fn v6(protocol: u8, data: &[u8]) -> Vec<u8> {
    let mut packet = udp6()[..40].to_vec();
    (packet[5], packet[6]) = (32 + data.len() as u8, 43);
    packet.extend([51, 0, 4, 0, 0, 0, 0, 0]);
    packet.extend([protocol, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1]);
    packet.extend([0; 12]);
    packet.extend(data);
    packet
}

/// One of each kind.
pub fn all() -> Vec<Vec<u8>> {
    let arp = [
        0, 1, 8, 0, 6, 4, 0, 2, 2, 0, 0, 0, 0, 1, 10, 0, 1, 1, 2, 0, 0, 0, 0, 2, 10, 0, 1, 2,
    ];
    let udp = [0, 53, 0x13, 0x88, 0, 12, 0, 0, 1, 2, 3, 4];
    let sctp = [0, 9, 0, 10, 1, 2, 3, 4, 0, 0, 0, 0, 1, 2, 3, 4];
    let echo = [8, 0, 0, 0, 1, 2, 0, 3, 4, 5, 6];
    let echo6 = [128, 0, 0, 0, 1, 2, 0, 3, 4, 5, 6];
    let dccp = [0, 9, 0, 10, 4, 0, 0, 0, 0, 0, 0, 1];
    vec![
        tcp4(),
        udp6(),
        arp.to_vec(),
        v4(17, &udp),
        v4(132, &sctp),
        v4(1, &echo),
        v4(33, &dccp),
        v4(136, &udp),
        v6(6, &tcp4()[24..]),
        v6(17, &udp),
        v6(132, &sctp),
        v6(58, &echo6),
    ]
}
