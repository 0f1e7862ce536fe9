// SPDX-License-Identifier: GPL-2.0-only

//! The library's and nf_path's pure parts on the host, from the same sources.

#![cfg(test)]
#![allow(dead_code, unused_imports)]

extern crate zerocopy;
extern crate zerocopy_derive;

#[path = ".."]
mod netfilter {
    pub(crate) mod header;
    pub(crate) mod priority;
    pub(crate) mod filter {
        pub(crate) mod fields;
        pub(crate) mod text;
    }
}

#[path = "../../nf_path/layout.rs"]
mod layout;

mod checksums;
mod fields;
mod fuzz;
mod headers;
mod ladders;
mod priorities;
mod samples;
mod text;
