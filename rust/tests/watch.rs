// SPDX-License-Identifier: GPL-2.0-only

//! A test's module: stamps of the chain at a point, while hooks come and go there and elsewhere.

// Not `forbid`: `module!` contains `unsafe` of its own.
#![deny(unsafe_code)]

use kernel::{prelude::*, sync::rcu};
use netfilter::{
    ChainStamp, ChainWatch, Hook, IpVersion, NetRef, Op, Packet, Point, Priority, RcuCell,
    Registration, Verdict,
};

module! {
    type: WatchTest,
    name: "nf_test_watch",
    authors: ["The rust-netfilter authors"],
    description: "Test: whether the hooks at a point have changed",
    license: "GPL",
}

struct WatchTest;

struct Accept;

impl Hook for Accept {
    type Data = ();

    fn hook<'p>((): &(), packet: Packet<'p>) -> Verdict<'p> {
        packet.accept()
    }
}

/// Returns when what had been taken off before has been freed.
fn freed() -> Result {
    RcuCell::new(KBox::new((), GFP_KERNEL)?).replace(KBox::new((), GFP_KERNEL)?)
}

impl kernel::Module for WatchTest {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let net = NetRef::current().ok_or(ESRCH)?;
        let here = Op::ipv6::<Accept>(Point::Forward, Priority::FIRST);
        let elsewhere = Op::ipv4::<Accept>(Point::Forward, Priority::FIRST);
        let stamp = |watch: &ChainWatch| {
            watch.stamp(&net, IpVersion::V6, Point::Forward, &rcu::read_lock())
        };

        let watch = ChainWatch::new()?;
        let before = stamp(&watch);
        let first = Registration::in_net(&net, &[here], ())?;
        let one = stamp(&watch);
        drop(Registration::in_net(&net, &[elsewhere], ())?);
        let unchanged = stamp(&watch) == one;
        pr_info!(
            "none at first: {}, some then: {}, the same: {}\n",
            before.is_none(),
            one.is_some(),
            unchanged
        );
        drop(first);

        // The allocator gives the same places again and again.
        let mut seen: KVec<ChainStamp> = KVec::new();
        let mut again = 0;
        for _ in 0..ROUNDS {
            let hooks = Registration::in_net(&net, &[here], ())?;
            let stamp = stamp(&watch).ok_or(ENOENT)?;
            again += u32::from(seen.contains(&stamp));
            seen.push(stamp, GFP_KERNEL)?;
            drop(hooks);
            freed()?;
        }
        pr_info!(
            "of {} chains, taken for one before: {}\n",
            seen.len(),
            again
        );

        // Nobody counts the end of this one.
        let hooks = Registration::in_net(&net, &[here], ())?;
        let last = stamp(&watch);
        drop(watch);
        drop(hooks);
        let mut again = 0;
        for _ in 0..ROUNDS {
            freed()?;
            let _hooks = Registration::in_net(&net, &[here], ())?;
            let watch = ChainWatch::new()?;
            again += u32::from(stamp(&watch) == last);
        }
        pr_info!("by a later watch: {}\n", again);
        // Stays until the module goes.
        let watch = ChainWatch::new()?;
        let _rcu = rcu::read_lock();
        drop(watch);
        pr_info!("under RCU: {}\n", ChainWatch::new().is_err());
        Ok(Self)
    }
}

const ROUNDS: u32 = 40;
