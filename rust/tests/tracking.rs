// SPDX-License-Identifier: GPL-2.0-only

//! A test's module: turns connection tracking on.

// Not `forbid`: `module!` contains `unsafe` of its own.
#![deny(unsafe_code)]

use kernel::prelude::*;
use netfilter::{NetRef, Tracking};

module! {
    type: TrackingTest,
    name: "nf_test_tracking",
    authors: ["The rust-netfilter authors"],
    description: "Test: connection tracking turned on",
    license: "GPL",
    params: {
        all: bool {
            default: true,
            description: "In all namespaces, not only in that of insmod",
        },
        leak: bool {
            default: false,
            description: "Forget it",
        },
    },
}

struct TrackingTest {
    _tracking: Option<Tracking>,
}

impl kernel::Module for TrackingTest {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let tracking = if module_parameters::all.value() {
            Tracking::in_all_nets()?
        } else {
            Tracking::in_net(&*NetRef::current().ok_or(ESRCH)?)?
        };
        if module_parameters::leak.value() {
            core::mem::forget(tracking);
            return Ok(Self { _tracking: None });
        }
        Ok(Self {
            _tracking: Some(tracking),
        })
    }
}
