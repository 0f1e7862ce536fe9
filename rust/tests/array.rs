// SPDX-License-Identifier: GPL-2.0-only

//! A test's module: an ops array built at run time, of as many hooks as the parameter says.
//!
//! More of them than the core takes at a point make the registration fail in the middle.

// Not `forbid`: `module!` contains `unsafe` of its own.
#![deny(unsafe_code)]

use kernel::prelude::*;
use netfilter::{Hook, NetRef, Op, Packet, Point, Priority, Registration, Verdict};

module! {
    type: Array,
    name: "nf_test_array",
    authors: ["The rust-netfilter authors"],
    description: "Test: an ops array of many hooks",
    license: "GPL",
    params: {
        count: u16 {
            default: 8,
            description: "Hooks at LOCAL_OUT",
        },
        all: bool {
            default: true,
            description: "In all namespaces, not only in that of insmod",
        },
        leak: bool {
            default: false,
            description: "Forget the registration and fail to load",
        },
    },
}

struct Array {
    _registration: Registration<()>,
}

struct Print;

impl Hook for Print {
    type Data = ();

    fn hook<'p>((): &(), packet: Packet<'p>) -> Verdict<'p> {
        let state = packet.state();
        pr_info!("ns={} {}\n", state.net().inode(), state.point().name());
        packet.accept()
    }
}

impl kernel::Module for Array {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        // Given in descending order of priority: the core sorts.
        let mut ops = KVec::new();
        for priority in (1..=i32::from(module_parameters::count.value())).rev() {
            let op = Op::inet::<Print>(Point::LocalOut, Priority::new(priority));
            ops.push(op, GFP_KERNEL)?;
        }
        let registration = if module_parameters::all.value() {
            Registration::in_all_nets(&ops, ())?
        } else {
            Registration::in_net(&*NetRef::current().ok_or(ESRCH)?, &ops, ())?
        };
        if module_parameters::leak.value() {
            core::mem::forget(registration);
            return Err(EIO);
        }
        Ok(Self {
            _registration: registration,
        })
    }
}
