// SPDX-License-Identifier: GPL-2.0-only

//! A test's module: drops what is sent to port 9, in one of the three ways: at `LOCAL_OUT`, or where a bridge
//! or a device has it.

#![deny(unsafe_code)]

use kernel::{error::Error, prelude::*};
use netfilter::{
    Bridge, DeviceOp, DropReason, Family, Hook, NetRef, Netdev, Op, Packet, Point, Priority,
    Registration, Verdict,
};

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
        place: u8 {
            default: 0,
            description: "0 LOCAL_OUT, 1 a bridge's PRE_ROUTING, 2 its FORWARD, 3 the egress of eth0",
        },
    },
}

struct DropPort;

/// In the ways that all families have.
fn decide<'p, F: Family>(packet: Packet<'p, F>) -> Verdict<'p> {
    if packet.transport().and_then(|t| t.destination_port()) != Some(9) {
        packet.accept()
    } else if module_parameters::reason.value() {
        packet.drop_with_reason(DropReason::NO_SOCKET)
    } else {
        packet.drop()
    }
}

impl Hook for DropPort {
    type Data = ();

    fn hook<'p>((): &(), packet: Packet<'p>) -> Verdict<'p> {
        let port = packet.transport().and_then(|t| t.destination_port());
        let errno = i32::from(module_parameters::errno.value());
        if port == Some(9) && errno > 0 {
            return packet.drop_with_errno(Error::from_errno(-errno));
        }
        decide(packet)
    }
}

impl Hook<Bridge> for DropPort {
    type Data = ();

    fn hook<'p>((): &(), packet: Packet<'p, Bridge>) -> Verdict<'p> {
        decide(packet)
    }
}

impl Hook<Netdev> for DropPort {
    type Data = ();

    fn hook<'p>((): &(), packet: Packet<'p, Netdev>) -> Verdict<'p> {
        decide(packet)
    }
}

struct TestDrop {
    _registration: Registration<()>,
}

impl kernel::Module for TestDrop {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let in_all_nets = |op| Registration::in_all_nets(&[op], ());
        let _registration = match module_parameters::place.value() {
            0 => in_all_nets(Op::inet::<DropPort>(Point::LocalOut, Priority::FILTER))?,
            1 => in_all_nets(Op::bridge::<DropPort>(Point::PreRouting, Priority::FILTER))?,
            2 => in_all_nets(Op::bridge::<DropPort>(Point::Forward, Priority::FILTER))?,
            _ => {
                let net = NetRef::current().ok_or(ESRCH)?;
                let op = DeviceOp::egress::<DropPort>(Priority::FILTER);
                Registration::on_device(&net, c"eth0", &[op], ())?
            }
        };
        Ok(Self { _registration })
    }
}
