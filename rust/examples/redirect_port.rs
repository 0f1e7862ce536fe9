// SPDX-License-Identifier: GPL-2.0-only

//! Port 80 of this host is port 8080's: both directions are rewritten, with no connection tracking;
//! checksums are repaired. TCP and UDP.
//!
//!     insmod nf_example_redirect_port.ko
//!     python3 -m http.server 8080 &
//!     curl http://127.0.0.1/

#![deny(unsafe_code)]

use netfilter::prelude::*;

module! {
    type: RedirectPort,
    name: "nf_example_redirect_port",
    description: "Example: redirects port 80 to port 8080",
    license: "GPL",
}

const PORT: u16 = 80;
const SERVER: u16 = 8080;

struct RedirectPort {
    _registration: Registration<()>,
}

impl Hook for RedirectPort {
    type Data = ();

    fn hook<'p>((): &(), mut packet: Packet<'p>) -> Verdict<'p> {
        let (source, destination) = match packet.transport() {
            Some(transport) => (transport.source_port(), transport.destination_port()),
            None => (None, None),
        };
        let changed = match packet.point() {
            Point::LocalIn if destination == Some(PORT) => packet.set_destination_port(SERVER),
            Point::LocalOut if source == Some(SERVER) => packet.set_source_port(PORT),
            _ => Ok(()),
        };
        match changed {
            Ok(()) => packet.accept(),
            Err(_) => packet.drop(),
        }
    }
}

impl kernel::Module for RedirectPort {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let ops = [Point::LocalIn, Point::LocalOut]
            .map(|point| Op::inet::<Self>(point, Priority::NAT_DST));
        Ok(Self {
            _registration: Registration::in_all_nets(&ops, ())?,
        })
    }
}
