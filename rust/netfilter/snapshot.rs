// SPDX-License-Identifier: GPL-2.0-only

//! Whether a packet is still as it was.

use crate::{family::Family, header::Bytes, packet::Packet};
use zerocopy::transmute;

/// So many bytes are compared at a time.
const BLOCK: usize = 32;
const BLOCKS: usize = 3;

type Block = [u8; BLOCK];

/// What a packet was like at one moment: its first bytes, length, mark, and what connection tracking has attached to it.
///
/// A later hook that finds it [unchanged](Self::is_of) need not read its headers again; that costs a few dozen
/// instructions.
///
/// There is deliberately no way to print it.
pub struct Snapshot {
    blocks: [Block; BLOCKS],
    /// The last of them, wherever that begins.
    last: Block,
    /// How many bytes there are; 0: no packet's.
    bytes: usize,
    len: usize,
    mark: u32,
    nfct: usize,
    label: u64,
}

impl Snapshot {
    /// Of no packet: none is like that.
    pub const NONE: Self = Self {
        blocks: [[0; BLOCK]; BLOCKS],
        last: [0; BLOCK],
        bytes: 0,
        len: 0,
        mark: 0,
        nfct: 0,
        label: 0,
    };

    /// The most bytes that there are room for.
    pub const MAX_BYTES: usize = BLOCK * BLOCKS;

    /// Takes another one in its place, with `bytes` from the network header on, or all where there are fewer. It is of no
    /// packet where there is no room for so many, or where they are not all linear, or too few.
    pub fn take<F: Family>(&mut self, packet: &Packet<'_, F>, bytes: usize) {
        self.bytes = 0;
        self.len = packet.len();
        let bytes = bytes.min(self.len);
        let Some(from) = packet.buffer().linear().get(..bytes) else {
            return;
        };
        let Some(&last) = from.last_chunk() else {
            return;
        };
        if bytes > Self::MAX_BYTES {
            return;
        }
        for (block, from) in self.blocks.iter_mut().zip(blocks(from)) {
            *block = *from;
        }
        self.last = last;
        self.mark = packet.mark();
        self.nfct = packet.nfct();
        self.label = packet.ct_label();
        self.bytes = bytes;
    }

    /// Whether the packet is like that: the bytes that were kept, its length, its mark, and connection tracking's entry with
    /// mark and zone.
    #[inline]
    pub fn is_of<F: Family>(&self, packet: &Packet<'_, F>) -> bool {
        let linear = packet.buffer().linear();
        let same = |bytes: &[u8]| {
            bytes
                .last_chunk()
                .is_some_and(|last| same(last, &self.last))
                && blocks(bytes).zip(&self.blocks).all(|(a, b)| same(a, b))
        };
        packet.len() == self.len
            && packet.mark() == self.mark
            && packet.nfct() == self.nfct
            && linear.get(..self.bytes).is_some_and(same)
            && packet.ct_label() == self.label
    }
}

/// As many as there are whole ones.
#[inline]
fn blocks(bytes: &[u8]) -> impl Iterator<Item = &Block> {
    bytes
        .chunks_exact(BLOCK)
        .filter_map(|block| block.try_into().ok())
}

/// In line, which a comparison of slices is not.
#[inline]
fn same(a: &Block, b: &Block) -> bool {
    let ([a, b], [c, d]): ([u128; 2], [u128; 2]) = (transmute!(*a), transmute!(*b));
    a ^ c | b ^ d == 0
}
