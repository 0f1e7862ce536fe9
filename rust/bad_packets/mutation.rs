// SPDX-License-Identifier: GPL-2.0-only

//! What is done to a packet that was as it should be.

use crate::{
    packet::{Field, Network, Packet},
    random::Random,
};

/// Nothing, one thing, or several.
pub(crate) fn spoil(packet: &mut Packet, random: &mut Random) {
    for _ in 0..random.pick(&[0, 0, 1, 1, 1, 1, 2, 3, 6]) {
        match random.below(12) {
            0..6 => field(packet, random),
            6 => flip(packet, random),
            7 | 8 => {
                let end = place(packet, random);
                packet.bytes.truncate(end);
            }
            9 => {
                let len = random.below(40);
                let more = random.bytes(len);
                packet.put(&more);
            }
            10 => {
                let at = place(packet, random);
                let len = random.below(24);
                packet.replace(at, len, &[]);
            }
            _ => {
                // Some of it once more, there or elsewhere.
                let from = place(packet, random);
                let end = (from + random.below(48)).min(packet.len());
                let again = packet.bytes[from..end].to_vec();
                let at = place(packet, random);
                let over = random.pick(&[0, again.len()]);
                packet.replace(at, over, &again);
            }
        }
    }
}

/// The outermost IP header says how long the packet is.
pub(crate) fn mend_length(packet: &mut Packet) {
    match packet.network {
        Some(Network { version: 4, at, .. }) => {
            packet.set16(at + 2, packet.len().saturating_sub(at))
        }
        Some(Network { at, .. }) => packet.set16(at + 4, packet.len().saturating_sub(at + 40)),
        None => {}
    }
}

/// A place in it, most often the beginning of a header, or near one; rather further in, where more has been believed.
fn place(packet: &Packet, random: &mut Random) -> usize {
    if packet.starts.is_empty() || random.one_in(4) {
        return random.below(packet.len() + 1);
    }
    let start = random.pick(&packet.starts).max(random.pick(&packet.starts));
    let near = start + random.pick(&[0, 0, 1, 4, 7, 8, 19, 20, 21, 39, 40, 41]);
    near.saturating_sub(random.below(2)).min(packet.len())
}

/// A field of a header gets a value at an edge.
fn field(packet: &mut Packet, random: &mut Random) {
    if packet.fields.is_empty() {
        return;
    }
    let (one, other) = (random.pick(&packet.fields), random.pick(&packet.fields));
    let Field { at, size } = if one.at > other.at { one } else { other };
    let Some(bytes) = packet.bytes.get(at..at + size) else {
        return;
    };
    let old = bytes
        .iter()
        .fold(0u32, |value, &byte| value << 8 | u32::from(byte));
    let (any, bit) = (random.next() as u32, 1 << random.below(8 * size));
    let len = packet.len() as u32;
    let edges = [
        0,
        1,
        u32::MAX,
        0x7fff_ffff,
        0x80,
        any,
        old ^ bit,
        old.wrapping_add(1),
        old.wrapping_sub(1),
        len,
        old << 1,
    ];
    let new = random.pick(&edges).to_be_bytes();
    packet.set(at, &new[4 - size..]);
}

fn flip(packet: &mut Packet, random: &mut Random) {
    let at = random.below(packet.len().min(160));
    let bit = 1 << random.below(8);
    if let Some(byte) = packet.bytes.get_mut(at) {
        *byte ^= bit;
    }
}

/// Of a packet's four fragments, one: `cuts` says where they are cut, and is the same for all four. Some overlap, or say that
/// they are not where they are.
pub(crate) fn fragment(packet: &mut Packet, number: usize, cuts: &mut Random, random: &mut Random) {
    let Some(Network {
        version,
        at,
        transport,
        protocol,
    }) = packet.network
    else {
        return;
    };
    let payload = packet.len().saturating_sub(transport);
    let mut ends: Vec<usize> = (0..3).map(|_| cuts.below(payload / 8 + 1) * 8).collect();
    ends.sort_unstable();
    let (start, end) = (
        [0, ends[0], ends[1], ends[2]][number],
        [ends[0], ends[1], ends[2], payload][number],
    );
    let identity = cuts.next() as u32 % 64;
    let start = if random.one_in(10) {
        start.saturating_sub(8)
    } else {
        start
    };
    let more = (number < 3) != random.one_in(30);
    let said = if random.one_in(30) {
        random.below(0x2000) * 8
    } else {
        start
    };

    packet.bytes.truncate(transport + end);
    packet.replace(transport, start.min(end), &[]);
    // They cover the whole.
    packet.checksums.retain(|sum| sum.len.is_some());
    if version == 4 {
        packet.set16(at + 4, identity as usize);
        packet.set16(at + 6, said / 8 | if more { 0x2000 } else { 0 });
    } else {
        // Behind the IP header, or behind what stands there before the rest: either may be.
        packet.set(at + 6, &[44]);
        let said = (said as u16 & 0xfff8 | u16::from(more)).to_be_bytes();
        let [a, b, c, d] = identity.to_be_bytes();
        packet.replace(
            transport.min(at + 40),
            0,
            &[protocol, 0, said[0], said[1], a, b, c, d],
        );
    }
    mend_length(packet);
}
