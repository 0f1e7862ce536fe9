// SPDX-License-Identifier: GPL-2.0-only

//! A test's module: prints all namespaces when it is loaded.

// Not `forbid`: `module!` contains `unsafe` of its own.
#![deny(unsafe_code)]

use kernel::{prelude::*, sync::rcu};
use netfilter::{Chain, Hook, NetRef, Op, Packet, Point, Priority, Registration, Verdict};

module! {
    type: NetsTest,
    name: "nf_test_nets",
    authors: ["The rust-netfilter authors"],
    description: "Test: the namespaces that there are",
    license: "GPL",
}

struct NetsTest;

struct Nothing;

impl Hook for Nothing {
    type Data = ();

    fn hook<'p>((): &(), packet: Packet<'p>) -> Verdict<'p> {
        packet.accept()
    }
}

impl kernel::Module for NetsTest {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        for net in NetRef::all()? {
            let found = NetRef::by_inode(net.inode()).ok_or(ENOENT)?;
            pr_info!("inode {} cookie {}\n", found.inode(), net.cookie());
        }
        if NetRef::by_inode(7).is_some() {
            pr_info!("one that there is not\n");
        }
        let net = NetRef::current().ok_or(ESRCH)?;
        let id = || Chain::ipv6(&net, Point::Forward, &rcu::read_lock()).id();
        let op = Op::ipv6::<Nothing>(Point::Forward, Priority::FIRST);
        let other = Op::ipv4::<Nothing>(Point::Forward, Priority::FIRST);
        let before = id();
        let first = Registration::in_net(&net, &[op], ())?;
        let one = id();
        let _elsewhere = Registration::in_net(&net, &[other], ())?;
        let same = id() == one;
        let second = Registration::in_net(&net, &[op], ())?;
        let changed = id() != one;
        drop((first, second));
        pr_info!(
            "chain: none {} changed {} same {} changed {} none {}\n",
            before.is_none(),
            one.is_some(),
            same,
            changed,
            id().is_none()
        );
        Ok(Self)
    }
}
