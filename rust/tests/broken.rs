// SPDX-License-Identifier: GPL-2.0-only

//! A test's module: mistakes that safe code can make, one for each case=. The sanitizer kernel has to
//! notice them (qemu/vm-test).

#![deny(unsafe_code)]

use kernel::{new_spinlock, prelude::*};
use netfilter::{Hook, Op, Packet, Point, Priority, Registration, Verdict};
use pin_init::stack_pin_init;

module! {
    type: Broken,
    name: "nf_test_broken",
    authors: ["The rust-netfilter authors"],
    description: "Test: mistakes",
    license: "GPL",
    params: {
        case: u8 {
            default: 0,
            description: "1: leaks memory; 2: sleeps in a hook; 3: takes locks in two orders; 4: fails a debug assertion",
        },
    },
}

struct Sleep;

impl Hook for Sleep {
    type Data = ();

    fn hook<'p>((): &(), packet: Packet<'p>) -> Verdict<'p> {
        let _ = KBox::new(0u64, GFP_KERNEL);
        packet.accept()
    }
}

struct Broken {
    _registration: Option<Registration<()>>,
}

impl kernel::Module for Broken {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let mut registration = None;
        match module_parameters::case.value() {
            1 => core::mem::forget(KBox::new([0u64; 32], GFP_KERNEL)?),
            2 => {
                let op = Op::inet::<Sleep>(Point::LocalOut, Priority::FILTER);
                registration = Some(Registration::in_all_nets(&[op], ())?);
            }
            3 => {
                stack_pin_init!(let one = new_spinlock!(()));
                stack_pin_init!(let other = new_spinlock!(()));
                drop((one.lock(), other.lock()));
                drop((other.lock(), one.lock()));
            }
            4 => debug_assert!(false, "on purpose"),
            _ => return Err(EINVAL),
        }
        Ok(Self {
            _registration: registration,
        })
    }
}
