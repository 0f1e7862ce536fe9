// SPDX-License-Identifier: GPL-2.0-only

//! A test's module: prints what a packet from or for port 9 says of itself beside its headers, at each of
//! the five points and at the ingress of eth0 in insmod's namespace, if it has one.

#![deny(unsafe_code)]

use core::fmt;
use kernel::prelude::*;
use netfilter::{
    Device, DeviceOp, Family, Hook, NetRef, Netdev, Op, Options, Packet, Point, Priority,
    Registration, Verdict,
};

module! {
    type: TestFacts,
    name: "nf_test_facts",
    description: "Test: what packets say of themselves",
    license: "GPL",
}

fn print<F: Family>(place: &str, packet: &Packet<'_, F>) {
    let Some((ip, transport)) = packet.ip().zip(packet.transport()) else {
        return;
    };
    if ![transport.source_port(), transport.destination_port()].contains(&Some(9)) {
        return;
    }
    let (size, segments) = packet.gso().map_or((0, 1), |gso| (gso.size, gso.segments));
    let (uid, cgroup) = packet.owner().map_or((u32::MAX, 0), |o| (o.uid, o.cgroup));
    let (net, len) = (packet.state().net().inode(), packet.len());
    let time = packet.timestamp_ns().unwrap_or(0);
    let priority = packet.priority();
    let (ip_options, tcp_options) = (Kinds(packet.ip_options()), Kinds(packet.tcp_options()));
    let (from, to) = (
        Port(packet.physical_in_device()),
        Port(packet.physical_out_device()),
    );
    pr_info!("ns={} {} {}\n", net, place, format_args!(
        "{ip} {transport} len={len} gso={size}x{segments} owner={uid}/{cgroup} time={time} priority={priority} \
         options={ip_options}/{tcp_options} phys={from}>{to}"
    ));
}

/// A bridge port, or `-`.
struct Port<'a>(Option<&'a Device>);

impl fmt::Display for Port<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(device) => device.name().fmt(f),
            None => f.write_str("-"),
        }
    }
}

/// Which options a header has: their numbers, each with a comma behind it.
struct Kinds(Option<Options>);

impl fmt::Display for Kinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut options = self.0.iter().flat_map(|options| options.iter());
        options.try_for_each(|option| write!(f, "{},", option.kind))
    }
}

struct Facts;

impl Hook for Facts {
    type Data = ();

    fn hook<'p>((): &(), packet: Packet<'p>) -> Verdict<'p> {
        print(packet.point().name(), &packet);
        packet.accept()
    }
}

impl Hook<Netdev> for Facts {
    type Data = ();

    fn hook<'p>((): &(), packet: Packet<'p, Netdev>) -> Verdict<'p> {
        print("INGRESS", &packet);
        packet.accept()
    }
}

struct TestFacts {
    _points: Registration<()>,
    _ingress: Option<Registration<()>>,
}

impl kernel::Module for TestFacts {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let net = NetRef::current().ok_or(ESRCH)?;
        let ingress = [DeviceOp::inet_ingress::<Facts>(Priority::FILTER)];
        Ok(Self {
            _points: Registration::in_all_nets(
                &Point::ALL.map(|point| Op::inet::<Facts>(point, Priority::FILTER)),
                (),
            )?,
            _ingress: match Registration::on_device(&net, c"eth0", &ingress, ()) {
                Err(error) if error == ENODEV => None,
                registration => Some(registration?),
            },
        })
    }
}
