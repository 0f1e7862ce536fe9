// SPDX-License-Identifier: GPL-2.0-only

//! A test's module: drops what is sent to port 9, in one of the three ways.

#![deny(unsafe_code)]

use kernel::{error::Error, prelude::*};
use netfilter::{DropReason, Hook, Op, Packet, Point, Priority, Registration, Verdict};

module! {
    type: TestDrop,
    name: "nf_test_drop",
    authors: ["The rust-netfilter authors"],
    description: "Test: drops what is sent to port 9",
    license: "GPL",
    params: {
        errno: u16 {
            default: 0,
            description: "The sender's error; 0: what a plain drop gives",
        },
        reason: bool {
            default: false,
            description: "With a reason of its own (no socket)",
        },
    },
}

struct DropPort;

impl Hook for DropPort {
    type Data = ();

    fn hook<'p>((): &(), packet: Packet<'p>) -> Verdict<'p> {
        let port = packet.transport().and_then(|t| t.destination_port());
        let errno = i32::from(module_parameters::errno.value());
        if port != Some(9) {
            packet.accept()
        } else if module_parameters::reason.value() {
            packet.drop_with_reason(DropReason::NO_SOCKET)
        } else if errno > 0 {
            packet.drop_with_errno(Error::from_errno(-errno))
        } else {
            packet.drop()
        }
    }
}

struct TestDrop {
    _registration: Registration<()>,
}

impl kernel::Module for TestDrop {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let op = Op::inet::<DropPort>(Point::LocalOut, Priority::FILTER);
        Ok(Self {
            _registration: Registration::in_all_nets(&[op], ())?,
        })
    }
}
