// SPDX-License-Identifier: GPL-2.0-only

//! The internet checksum, and where in a packet there is one.

use crate::packet::Packet;

#[derive(Clone, Copy)]
pub(crate) struct Checksum {
    pub(crate) at: usize,
    /// What it is of: from here on, so many bytes, or all.
    pub(crate) from: usize,
    pub(crate) len: Option<usize>,
    /// The IP header before it, if it covers that one's addresses too.
    pub(crate) pseudo: Option<Pseudo>,
}

#[derive(Clone, Copy)]
pub(crate) struct Pseudo {
    pub(crate) addresses: usize,
    /// Of both of them.
    pub(crate) len: usize,
    pub(crate) protocol: u8,
}

fn sum(bytes: &[u8]) -> u64 {
    let words = bytes.chunks(2);
    words
        .map(|word| u64::from(word[0]) << 8 | u64::from(*word.get(1).unwrap_or(&0)))
        .sum()
}

fn fold(mut sum: u64) -> u16 {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}

impl Pseudo {
    pub(crate) fn sum(&self, bytes: &[u8], len: usize) -> u64 {
        let addresses = bytes.get(self.addresses..self.addresses + self.len);
        sum(addresses.unwrap_or(&[])) + u64::from(self.protocol) + len as u64
    }
}

/// Makes all right that are still there.
pub(crate) fn mend(packet: &mut Packet) {
    for checksum in packet.checksums.clone() {
        mend_one(packet, checksum);
    }
}

pub(crate) fn mend_one(packet: &mut Packet, checksum: Checksum) {
    let end = checksum
        .len
        .map_or(packet.len(), |len| packet.len().min(checksum.from + len));
    packet.set16(checksum.at, 0);
    let Some(covered) = packet.bytes.get(checksum.from..end) else {
        return;
    };
    let pseudo = checksum
        .pseudo
        .map_or(0, |pseudo| pseudo.sum(&packet.bytes, covered.len()));
    let value = !fold(sum(covered) + pseudo);
    packet.set16(checksum.at, value.into());
}

/// What stands in a checksum field when the rest is left to the device.
pub(crate) fn leave_to_device(packet: &mut Packet, checksum: Checksum) {
    if let Some(pseudo) = checksum.pseudo {
        let len = packet.len().saturating_sub(checksum.from);
        let value = fold(pseudo.sum(&packet.bytes, len));
        packet.set16(checksum.at, value.into());
    }
}
