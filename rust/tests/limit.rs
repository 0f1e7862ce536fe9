// SPDX-License-Identifier: GPL-2.0-only

//! A test's module: two workers that take lines from one limit, for some whole seconds.

// Not `forbid`: `module!` contains `unsafe` of its own.
#![deny(unsafe_code)]

use kernel::{
    prelude::*,
    sync::Arc,
    time::{delay::fsleep, Delta},
};
use netfilter::{time::monotonic_ns, RateLimit, Work, Worker};

module! {
    type: LimitTest,
    name: "nf_test_limit",
    authors: ["The rust-netfilter authors"],
    description: "Test: lines a second",
    license: "GPL",
}

const RATE: u32 = 1000;
const SECONDS: u64 = 10;
const NS_PER_SEC: u64 = 1_000_000_000;

struct Takes {
    limit: Arc<RateLimit>,
    end: u64,
}

impl Work for Takes {
    fn run(&self) {
        while monotonic_ns() < self.end {
            self.limit.take(1);
        }
    }
}

struct LimitTest;

impl kernel::Module for LimitTest {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        // From one turn of a second to shortly behind another: each second that has any has all its lines.
        let begin = monotonic_ns().next_multiple_of(NS_PER_SEC);
        while monotonic_ns() < begin {
            fsleep(Delta::from_millis(1));
        }
        let limit = Arc::new(RateLimit::new(RATE), GFP_KERNEL)?;
        let end = begin + (SECONDS - 1) * NS_PER_SEC + NS_PER_SEC / 2;
        let takes = || -> Result<Worker<Takes>> {
            let limit = limit.clone();
            Worker::every(u32::MAX / 2, KBox::pin(Takes { limit, end }, GFP_KERNEL)?)
        };
        let workers = (takes()?, takes()?);
        while monotonic_ns() < end {
            fsleep(Delta::from_millis(20));
        }
        drop(workers);
        pr_info!(
            "{} seconds, {} printed, suppressed some: {}\n",
            SECONDS,
            limit.printed(),
            limit.suppressed() > 0
        );
        Ok(Self)
    }
}
