// SPDX-License-Identifier: GPL-2.0-only

//! A test's module: two KUnit suites, which run at insmod where the kernel has KUnit (`make
//! test-debug`). One passes; the other fails on purpose, so that one sees what a failure looks like.

#![deny(unsafe_code)]

use kernel::prelude::*;

module! {
    type: Kunit,
    name: "nf_test_kunit",
    authors: ["The rust-netfilter authors"],
    description: "Test: KUnit suites",
    license: "GPL",
}

struct Kunit;

impl kernel::Module for Kunit {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        Ok(Self)
    }
}

// What the attribute makes of the tests has `unsafe` in it.
#[kunit_tests(nf_test_kunit)]
#[allow(unsafe_code)]
mod passes {
    use super::*;
    use netfilter::{filter::BpfFilter, Counter};

    #[test]
    fn counter() -> Result {
        let counter = Counter::new()?;
        counter.add(2);
        counter.inc();
        assert_eq!(counter.sum(), 3);
        Ok(())
    }

    #[test]
    fn filter() {
        assert!(BpfFilter::parse(b"1,6 0 0 0").is_ok());
        assert!(BpfFilter::parse(b"1,48 0 0 9").is_err());
    }
}

#[kunit_tests(nf_test_kunit_fails)]
#[allow(unsafe_code)]
mod fails {
    #[test]
    fn on_purpose() {
        assert_eq!(1, 2);
    }
}
