// SPDX-License-Identifier: GPL-2.0-only

//! What is repaired is what is computed from scratch.

use crate::{
    fuzz::{fuzz, Random},
    netfilter::header::{Checksums, IpHeader, Ipv4, Ipv6},
    samples::{self, linear},
};
use std::ops::Range;

/// The ones' complement sum of the words.
fn sum(bytes: &[u8]) -> u16 {
    let word = |pair: &[u8]| u64::from(u16::from_be_bytes([pair[0], *pair.get(1).unwrap_or(&0)]));
    let mut sum: u64 = bytes.chunks(2).map(word).sum();
    while sum > 0xffff {
        sum = (sum >> 16) + (sum & 0xffff);
    }
    sum as u16
}

fn put(packet: &mut [u8], at: usize, word: u16) {
    packet[at..at + 2].copy_from_slice(&word.to_be_bytes());
}

/// What a test knows of a packet, by the books.
struct Facts {
    v4: bool,
    start: usize,
    protocol: u8,
    /// Where the transport's checksum is.
    at: Option<usize>,
}

impl Facts {
    fn of(packet: &[u8]) -> Option<Self> {
        let bytes = linear(packet);
        let v4 = Ipv4::read(&bytes).map(IpHeader::V4);
        let ip = v4.or_else(|| Ipv6::read(&bytes).map(IpHeader::V6))?;
        let (v4, start, protocol) = (packet[0] >> 4 == 4, ip.header_len(), ip.protocol());
        let offset = match (protocol, v4) {
            _ if ip.fragment().is_some_and(|fragment| fragment.offset > 0) => None,
            (6, _) => Some(16),
            (17 | 33 | 136, _) => Some(6),
            (1, true) | (58, false) => Some(2),
            _ => None,
        };
        let at = offset
            .map(|offset| start + offset)
            .filter(|at| at + 2 <= packet.len());
        Some(Self {
            v4,
            start,
            protocol,
            at,
        })
    }

    fn addresses(&self) -> Range<usize> {
        if self.v4 {
            12..20
        } else {
            8..40
        }
    }

    /// The sum of the pseudo-header; 0 for ICMP of IPv4, which has none.
    fn pseudo(&self, packet: &[u8]) -> u16 {
        if self.v4 && self.protocol == 1 {
            return 0;
        }
        let mut pseudo = packet[self.addresses()].to_vec();
        pseudo.extend(((packet.len() - self.start) as u32).to_be_bytes());
        pseudo.extend([0, 0, 0, self.protocol]);
        sum(&pseudo)
    }

    /// Sets all checksums; the transport's only as the pseudo-header's sum where it is incomplete.
    fn fill(&self, packet: &mut [u8], incomplete: bool) {
        if self.v4 {
            put(packet, 10, 0);
            put(packet, 10, !sum(&packet[..self.start]));
        }
        if let Some(at) = self.at {
            put(packet, at, 0);
            let mut all = packet[self.start..].to_vec();
            all.resize(all.len().next_multiple_of(2), 0);
            all.extend(self.pseudo(packet).to_be_bytes());
            put(
                packet,
                at,
                if incomplete {
                    self.pseudo(packet)
                } else {
                    !sum(&all)
                },
            );
        }
    }

    /// In ones' complement there are two zeros, and a sum has either.
    fn assert_right(&self, packet: &[u8], incomplete: bool) {
        if self.v4 {
            assert_eq!(sum(&packet[..self.start]), 0xffff);
        }
        if let Some(at) = self.at {
            let pseudo = self.pseudo(packet);
            let of = if incomplete {
                at..at + 2
            } else {
                self.start..packet.len()
            };
            let all = (u32::from(sum(&packet[of]))
                + u32::from(if incomplete { !pseudo } else { pseudo }))
                % 0xffff;
            assert_eq!(all, 0, "{packet:02x?}");
            if self.protocol == 17 {
                assert_ne!(packet[at..at + 2], [0, 0], "UDP without a checksum");
            }
        }
    }

    /// A place that the library writes to, and what.
    fn change(&self, packet: &[u8], random: &mut Random) -> (usize, Vec<u8>) {
        let (v4, start) = (self.v4, self.start);
        let mut bytes = |n| (0..n).map(|_| random.next() as u8).collect::<Vec<_>>();
        let random = bytes(9);
        match random[8] % 6 {
            0 if v4 => (8, bytes(1)),
            0 => (7, bytes(1)),
            1 if v4 => (1, bytes(1)),
            1 => (0, vec![0x60 | random[0] & 0xf, random[1]]),
            2 if v4 => (12, bytes(4)),
            2 => (8, bytes(16)),
            3 if v4 => (16, bytes(4)),
            3 => (24, bytes(16)),
            _ => {
                // Behind the IP header, before or behind the checksum.
                let from = match self.at {
                    Some(at) if random[0] % 2 == 0 => start..at,
                    Some(at) => at + 2..packet.len(),
                    None => start.min(packet.len())..packet.len(),
                };
                let at = from.start + usize::from(random[1]) % (from.len() + 1);
                let len = usize::from(random[2]) % (from.end - at + 1);
                (at, bytes(len))
            }
        }
    }
}

#[test]
fn fuzz_repair() {
    fuzz(&samples::all(), |packet, random| {
        let Some(facts) = Facts::of(packet) else {
            return;
        };
        let incomplete = facts.at.is_some() && facts.protocol != 1 && random.below(2) == 0;
        let mut packet = packet.to_vec();
        facts.fill(&mut packet, incomplete);
        // UDP that has come without a checksum stays without.
        let none = facts
            .at
            .filter(|_| facts.protocol == 17 && !incomplete && random.below(4) == 0);
        match none.or(facts.at) {
            Some(at) if none.is_some() => put(&mut packet, at, 0),
            Some(at) if facts.protocol == 17 && packet[at..at + 2] == [0, 0] => {
                put(&mut packet, at, 0xffff);
            }
            _ => (),
        }
        let before = packet.clone();

        let (at, bytes) = facts.change(&packet, random);
        let checksums = {
            let bytes = linear(&packet);
            let ip = match facts.v4 {
                true => IpHeader::V4(Ipv4::read(&bytes).unwrap()),
                false => IpHeader::V6(Ipv6::read(&bytes).unwrap()),
            };
            Checksums::of(&bytes, &ip, incomplete.then_some(facts.start))
        };
        let extent = checksums.extent(at, bytes.len()).unwrap();
        // Less than it asks for is not touched.
        assert!(checksums
            .write(&mut packet[..extent - 1], at, &bytes)
            .is_none());
        assert_eq!(packet, before);
        checksums.write(&mut packet[..extent], at, &bytes).unwrap();

        assert_eq!(packet[at..at + bytes.len()], bytes);
        match none {
            Some(at) => assert_eq!(packet[at..at + 2], [0, 0]),
            None => facts.assert_right(&packet, incomplete),
        }
        // And nothing else.
        let mut expected = before;
        expected[at..at + bytes.len()].copy_from_slice(&bytes);
        for at in [facts.v4.then_some(10), facts.at].into_iter().flatten() {
            expected[at..at + 2].copy_from_slice(&packet[at..at + 2]);
        }
        assert_eq!(packet, expected);
    });
}
