// SPDX-License-Identifier: GPL-2.0-only

//! A fuzzer that is guided by coverage: what reaches code that no input before it has is kept, and
//! changed further. The same inputs in each run.
//!
//! The compiler counts how often each edge is taken (`-sanitizer-coverage-inline-8bit-counters`, as for
//! libFuzzer). Without that it changes the first inputs only.

use std::{env, ptr, slice, sync::atomic::AtomicPtr, sync::atomic::Ordering::Relaxed};

static BEGIN: AtomicPtr<u8> = AtomicPtr::new(ptr::null_mut());
static END: AtomicPtr<u8> = AtomicPtr::new(ptr::null_mut());

/// The compiler's constructors call this before `main()`.
#[no_mangle]
extern "C" fn __sanitizer_cov_8bit_counters_init(begin: *mut u8, end: *mut u8) {
    BEGIN.store(begin, Relaxed);
    END.store(end, Relaxed);
}

/// The counters, taken and set to 0.
fn take_counters() -> Vec<u8> {
    let (begin, end) = (BEGIN.load(Relaxed), END.load(Relaxed));
    if begin.is_null() {
        return Vec::new();
    }
    // SAFETY: The compiler's array. One test runs at a time, so nobody counts now; this function may,
    // through the pointers, but not while the slice is there.
    unsafe {
        let len = end.offset_from(begin) as usize;
        let counters = slice::from_raw_parts(begin, len).to_vec();
        begin.write_bytes(0, len);
        counters
    }
}

/// A small generator of numbers (xorshift64*).
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next() >> 16) as usize % n
    }
}

/// How many inputs a test tries.
fn runs() -> usize {
    env::var("FUZZ_RUNS").map_or(300_000, |runs| runs.parse().expect("FUZZ_RUNS"))
}

/// Gives `test` inputs made from `seeds`, and numbers for what else it varies.
pub fn fuzz(seeds: &[Vec<u8>], test: impl Fn(&[u8], &mut Random)) {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut corpus = seeds.to_vec();
    let mut seen = Vec::new();
    for _ in 0..runs() {
        let mut input = corpus[random.below(corpus.len())].clone();
        for _ in 0..=random.below(4) {
            mutate(&mut input, &corpus, &mut random);
        }
        take_counters();
        test(&input, &mut random);
        let counters = take_counters();
        // How often, as libFuzzer tells apart: 1, 2, 3, 4 to 7, 8 to 15, ...
        let class = |count: u8| {
            1u8.checked_shl(count.ilog2() + u32::from(count == 3))
                .unwrap_or(0)
        };
        seen.resize(counters.len(), 0);
        let mut new = false;
        for (seen, count) in seen
            .iter_mut()
            .zip(counters)
            .filter(|(_, count)| *count > 0)
        {
            new |= *seen & class(count) == 0;
            *seen |= class(count);
        }
        if new {
            corpus.push(input);
        }
    }
    let edges = seen.iter().filter(|seen| **seen > 0).count();
    println!(
        "{} runs, {} inputs kept, {edges} edges",
        runs(),
        corpus.len()
    );
}

fn mutate(input: &mut Vec<u8>, corpus: &[Vec<u8>], random: &mut Random) {
    const INTERESTING: [u8; 12] = [0, 1, 5, 6, 17, 43, 44, 51, 58, 60, 132, 255];
    let at = random.below(input.len() + 1);
    let byte = random.next() as u8;
    match (random.below(8), input.get_mut(at)) {
        (0, Some(old)) => *old = byte,
        (1, Some(old)) => *old ^= 1 << (byte & 7),
        (2, Some(old)) => *old = INTERESTING[random.below(INTERESTING.len())],
        (3, Some(old)) => *old = old.wrapping_add(byte % 8).wrapping_sub(4),
        (4, _) => input.truncate(at),
        (5, _) => input.insert(at, byte),
        (6, Some(_)) => drop(input.remove(at)),
        // The end of another.
        _ => {
            let other = &corpus[random.below(corpus.len())];
            input.truncate(at);
            input.extend(&other[at.min(other.len())..]);
        }
    }
    input.truncate(2000);
}
