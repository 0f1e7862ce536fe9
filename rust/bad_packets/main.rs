// SPDX-License-Identifier: GPL-2.0-only

//! Writes bad packets to its standard output, which is a device or a raw socket (qemu/onto opens them), one with each write:
//!
//!     main KIND SEED COUNT [FIRST]
//!
//! KIND is `frame`, or `ip` for packets without a link layer's header (`ipv4`, `ipv6`: of that version only); with
//! `+offload` a struct virtio_net_hdr stands before each, with `+pieces` it is given in pieces, each of which the
//! kernel keeps apart. It goes on until COUNT have been taken.
//!
//! A packet is as it should be at first: headers upon headers, to the depths that network stacks look into, and every
//! four packets are of one flow, or fragments of one. Then it is spoiled: fields get values at the edge of what they may
//! be, headers are cut off, doubled or left out; afterwards length and checksums are mended, most often, since with a
//! wrong one nobody would look at the rest.
//!
//! Packet number n of a seed is always the same: what a packet has done, FIRST does again.

#![forbid(unsafe_code)]

mod checksum;
mod headers;
mod mutation;
mod offload;
mod packet;
mod random;

use headers::Builder;
use packet::Packet;
use random::Random;
use std::{
    collections::BTreeMap,
    env,
    error::Error,
    fs::File,
    io::{self, IoSlice, Write},
    os::fd::AsFd,
    time::Instant,
};

/// If so many are refused one after the other, none will be taken any more.
const HOPELESS: u64 = 10_000;

struct Kind {
    frame: bool,
    /// Of which version of IP only.
    version: Option<u8>,
    offload: bool,
    pieces: bool,
}

impl Kind {
    fn parse(text: &str) -> Option<Self> {
        let mut words = text.split('+');
        let (frame, version) = match words.next()? {
            "frame" => (true, None),
            "ip" => (false, None),
            "ipv4" => (false, Some(4)),
            "ipv6" => (false, Some(6)),
            _ => return None,
        };
        let mut kind = Self {
            frame,
            version,
            offload: false,
            pieces: false,
        };
        for word in words {
            match word {
                "offload" => kind.offload = true,
                "pieces" => kind.pieces = true,
                _ => return None,
            }
        }
        Some(kind)
    }

    /// Packet number so and so of a seed: what stands before it for the device, and the packet.
    fn make(&self, seed: u64, number: u64) -> (Vec<u8>, Vec<u8>) {
        let mut flow = Random::new(seed, number / 4);
        let mut own = Random::new(!seed, number);
        let fragments = flow.one_in(6);
        let mut packet = self.build(&mut flow);
        if fragments {
            checksum::mend(&mut packet);
            mutation::fragment(&mut packet, number as usize % 4, &mut flow, &mut own);
        }
        mutation::spoil(&mut packet, &mut own);
        if own.one_in(2) {
            mutation::mend_length(&mut packet);
        }
        if !own.one_in(8) {
            checksum::mend(&mut packet);
        }
        let before = match self.offload {
            true => offload::offload(&mut packet, &mut own).to_vec(),
            false => Vec::new(),
        };
        (before, packet.bytes)
    }

    fn build(&self, flow: &mut Random) -> Packet {
        let mut builder = Builder::new(flow);
        match (self.frame, self.version) {
            (true, _) => builder.frame(),
            (false, None) => builder.ip(),
            (false, Some(version)) => builder.ip_version(version == 6),
        }
        builder.packet
    }

    /// How long the pieces of a packet are, if it is given in several.
    fn cut(&self, len: usize, seed: u64, number: u64) -> Vec<usize> {
        let mut random = Random::new(seed ^ 1, number);
        let mut pieces = Vec::new();
        let mut rest = len;
        while self.pieces && rest > 0 && pieces.len() < 16 {
            let most = random.pick(&[2, 20, 64, 200, 4096]);
            // The first has the headers that a driver needs.
            let least = if pieces.is_empty() { 14 } else { 1 };
            let piece = (least + random.below(most)).min(rest);
            pieces.push(piece);
            rest -= piece;
        }
        pieces.push(rest);
        pieces
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = env::args().skip(1).collect();
    let usage = "usage: main KIND SEED COUNT [FIRST]";
    let [kind, seed, count, first @ ..] = &words[..] else {
        return Err(usage.into());
    };
    let kind = Kind::parse(kind).ok_or(usage)?;
    let (seed, count): (u64, u64) = (seed.parse()?, count.parse()?);
    let first: u64 = first.first().map_or(Ok(0), |first| first.parse())?;

    // Not io::stdout(), which would gather lines.
    let mut wire = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    let mut refused = BTreeMap::<String, u64>::new();
    let start = Instant::now();
    let (mut taken, mut number, mut in_a_row) = (0u64, first, 0u64);
    while taken < count && in_a_row < HOPELESS {
        let (before, bytes) = kind.make(seed, number);
        let mut slices = vec![IoSlice::new(&before)];
        let mut rest = &bytes[..];
        for len in kind.cut(bytes.len(), seed, number) {
            let (piece, behind) = rest.split_at(len);
            slices.push(IoSlice::new(piece));
            rest = behind;
        }
        slices.retain(|slice| !slice.is_empty());
        match wire.write_vectored(&slices) {
            Ok(_) => (taken, in_a_row) = (taken + 1, 0),
            Err(error) => {
                *refused.entry(error.to_string()).or_default() += 1;
                in_a_row += 1;
            }
        }
        number += 1;
    }
    eprintln!(
        "{taken} taken in {:.1} s, {} refused {refused:?}",
        start.elapsed().as_secs_f32(),
        number - first - taken
    );
    if taken < count {
        return Err("none is taken any more".into());
    }
    Ok(())
}
