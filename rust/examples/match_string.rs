// SPDX-License-Identifier: GPL-2.0-only

//! Drops packets with a word in their payload, wherever it lies in the packet's buffer. A word that is
//! cut by the border of two packets is not found; fragments are such packets with IPv6, where nothing
//! puts them together before the hook (connection tracking does).
//!
//!     insmod nf_example_match_string.ko
//!     echo "this is forbidden" | nc -u -w 1 127.0.0.1 9
//!     rmmod nf_example_match_string; dmesg | tail -n 1

#![deny(unsafe_code)]

use netfilter::prelude::*;

module! {
    type: MatchString,
    name: "nf_example_match_string",
    description: "Example: drops packets with a word in their payload",
    license: "GPL",
}

const WORD: &[u8] = b"forbidden";

struct MatchString(Registration<Counter>);

impl Hook for MatchString {
    type Data = Counter;

    fn hook<'p>(dropped: &Counter, packet: Packet<'p>) -> Verdict<'p> {
        match packet.payload().and_then(|range| packet.find(range, WORD)) {
            Some(_) => packet.count(dropped).drop(),
            None => packet.accept(),
        }
    }
}

impl kernel::Module for MatchString {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let op = Op::inet::<Self>(Point::LocalIn, Priority::FILTER);
        Registration::in_all_nets(&[op], Counter::new()?).map(Self)
    }
}

impl Drop for MatchString {
    fn drop(&mut self) {
        pr_info!("{} packets dropped\n", self.0.sum());
    }
}
