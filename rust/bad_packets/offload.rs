// SPDX-License-Identifier: GPL-2.0-only

//! What stands before a packet for the device: what is left to it, checksums and segments (struct virtio_net_hdr).

use crate::{checksum, mutation, packet::Packet, random::Random};

const NEEDS_CSUM: u8 = 1;
const DATA_VALID: u8 = 2;

const TCPV4: u8 = 1;
const UDP: u8 = 3;
const TCPV6: u8 = 4;
const UDP_L4: u8 = 5;
const ECN: u8 = 0x80;

/// The header for it, right or wrong; its checksum and its length become what goes with that.
pub(crate) fn offload(packet: &mut Packet, random: &mut Random) -> [u8; 10] {
    let outer = packet.network;
    let sum = outer.and_then(|outer| {
        let here = |sum: &&checksum::Checksum| sum.pseudo.is_some() && sum.from == outer.transport;
        packet.checksums.iter().find(here).copied()
    });
    let (mut flags, mut kind, mut header, mut size, mut start, mut offset) =
        (0u8, 0u8, 0usize, 0usize, 0usize, 0usize);
    if let (Some(outer), Some(sum), false) = (outer, sum, random.one_in(4)) {
        flags = NEEDS_CSUM;
        start = sum.from;
        offset = sum.at.saturating_sub(sum.from);
        if random.one_in(2) {
            kind = match (outer.version, outer.protocol) {
                (4, 6) => TCPV4,
                (_, 6) => TCPV6,
                _ => random.pick(&[UDP_L4, UDP_L4, UDP]),
            };
            header = sum.from + if outer.protocol == 6 { 20 } else { 8 };
            size = random.pick(&[1, 8, 100, 536, 1400]);
            let segments = random.pick(&[0, 1, 2, 3, 5, 17]);
            let more = random.bytes((size * segments).min(30000));
            packet.put(&more);
            lengthen(packet);
        }
        checksum::leave_to_device(packet, sum);
    }
    let any = random.next() as u16 as usize;
    let len = packet.len();
    for _ in 0..random.pick(&[0, 0, 0, 1, 1, 2, 4]) {
        let edge = random.pick(&[
            0,
            1,
            14,
            33,
            34,
            len.saturating_sub(1),
            len,
            len + 1,
            0xffff,
            any,
        ]);
        match random.below(6) {
            0 => flags = random.pick(&[0, NEEDS_CSUM, DATA_VALID, NEEDS_CSUM | DATA_VALID, 0xff]),
            1 => {
                kind = random.pick(&[
                    0,
                    TCPV4,
                    UDP,
                    TCPV6,
                    UDP_L4,
                    TCPV4 | ECN,
                    TCPV6 | ECN,
                    ECN,
                    2,
                    0x7f,
                ])
            }
            2 => header = edge,
            3 => size = edge,
            4 => start = edge,
            _ => offset = edge,
        }
    }
    let mut written = [flags, kind, 0, 0, 0, 0, 0, 0, 0, 0];
    for (bytes, value) in written[2..]
        .chunks_mut(2)
        .zip([header, size, start, offset])
    {
        bytes.copy_from_slice(&(value as u16).to_ne_bytes());
    }
    written
}

/// The outer IP header knows. (UDP's own length need not be right: each segment gets its own.)
fn lengthen(packet: &mut Packet) {
    mutation::mend_length(packet);
    let Some(network) = packet.network else {
        return;
    };
    let header = |sum: &&checksum::Checksum| sum.from == network.at;
    if let Some(sum) = packet.checksums.iter().find(header).copied() {
        checksum::mend_one(packet, sum);
    }
}
