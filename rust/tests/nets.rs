// SPDX-License-Identifier: GPL-2.0-only

//! A test's module: prints all namespaces when it is loaded.

// Not `forbid`: `module!` contains `unsafe` of its own.
#![deny(unsafe_code)]

use kernel::prelude::*;
use netfilter::NetRef;

module! {
    type: NetsTest,
    name: "nf_test_nets",
    authors: ["The rust-netfilter authors"],
    description: "Test: the namespaces that there are",
    license: "GPL",
}

struct NetsTest;

impl kernel::Module for NetsTest {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        for net in NetRef::all()? {
            let found = NetRef::by_inode(net.inode()).ok_or(ENOENT)?;
            pr_info!("inode {} cookie {}\n", found.inode(), net.cookie());
        }
        if NetRef::by_inode(7).is_some() {
            pr_info!("one that there is not\n");
        }
        Ok(Self)
    }
}
