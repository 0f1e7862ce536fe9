// SPDX-License-Identifier: GPL-2.0-only

//! nf_path: the path of packets through netfilter's hooks, in dmesg.
//!
//! At each of the five points of IPv4 and IPv6, in every network namespace, a ladder of hooks: one before all
//! others, and one behind each hook or group of hooks that others have put there ([`ladder`]). What is different
//! from one rung to the next is what the hook in between did ([`rung`]). A packet's path is kept beside it
//! ([`paths`], [`path`]) until the packet is freed ([`end`]), and then printed ([`print`]) by a task that also
//! follows the hooks as they change ([`manager`]). Where several hooks share a priority, probes on their functions
//! tell them apart ([`shared`]). Which hooks a packet has passed is never guessed: see
//! [`chain`].

// Not `forbid`: `module!` contains `unsafe` of its own.
#![deny(unsafe_code)]

mod active;
mod blame;
mod chain;
mod control;
mod end;
mod gaps;
mod ladder;
mod layout;
mod manager;
mod name;
mod path;
mod paths;
mod print;
mod rung;
mod seen;
mod shared;
mod stats;
mod trace;
mod tracer;

use active::Active;
use control::Control;
use kernel::{prelude::*, str::CString, sync::Arc};
use manager::Manager;
use netfilter::Filter;
use print::Verbosity;
use tracer::Tracer;

module! {
    type: NfPath,
    name: "nf_path",
    authors: ["The rust-netfilter authors"],
    description: "Traces the path of packets through netfilter's hooks",
    license: "GPL",
    params: {
        proto: i64 {
            default: 0,
            description: "Only this IP protocol: 1 to 255 (6 is TCP); 0, the default: all",
        },
        port: i64 {
            default: 0,
            description: "Only TCP, UDP and SCTP with this source or destination port: 1 to 65535; 0, the default: all",
        },
        netns: i64 {
            default: 0,
            description: "Only the network namespace with this inode number; 0, the default: all",
        },
        verbosity: i64 {
            default: 2,
            description: "0: one line a packet, 1: all lines of dropped packets, 2, the default: all lines",
        },
        rate: i64 {
            default: 1000,
            description: "At most so many lines a second: 1 to 1000000; the default is 1000",
        },
    },
}

struct NfPath {
    _control: Pin<KBox<Control>>,
}

impl kernel::Module for NfPath {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let protocol = parameter("proto", module_parameters::proto.value(), 0, u8::MAX.into())?;
        let port = parameter("port", module_parameters::port.value(), 0, u16::MAX.into())?;
        let net = parameter(
            "netns",
            module_parameters::netns.value(),
            0,
            u32::MAX.into(),
        )?;
        let text = filter(&[("proto", protocol), ("port", port), ("ns", net)])?;
        let verbosity = match parameter("verbosity", module_parameters::verbosity.value(), 0, 2)? {
            0 => Verbosity::Ends,
            1 => Verbosity::Drops,
            _ => Verbosity::All,
        };
        let rate = parameter("rate", module_parameters::rate.value(), 1, 1_000_000)? as u32;
        let tracer = Arc::new(Tracer::new(Filter::parse(&text)?, net as u32)?, GFP_KERNEL)?;
        let manager = Manager::new(tracer.clone(), verbosity, rate)?;
        let active = Arc::pin_init(Active::new(tracer.clone(), manager.clone()), GFP_KERNEL)?;
        active.set(true)?;
        Ok(Self {
            _control: KBox::pin_init(Control::new(tracer, manager, active, text), GFP_KERNEL)?,
        })
    }
}

/// As one writes it into the file: the fields that are not 0.
fn filter(fields: &[(&str, i64)]) -> Result<KVec<u8>> {
    let mut text = KVec::new();
    for (name, value) in fields.iter().filter(|(_, value)| *value != 0) {
        let blank = if text.is_empty() { "" } else { " " };
        let field = CString::try_from_fmt(fmt!("{blank}{name} {value}"))?;
        text.extend_from_slice(field.to_bytes(), GFP_KERNEL)?;
    }
    Ok(text)
}

/// `value` if it is between `min` and `max`; else says so.
fn parameter(name: &str, value: i64, min: i64, max: i64) -> Result<i64> {
    if (min..=max).contains(&value) {
        return Ok(value);
    }
    pr_err!("{}={}: must be {} to {}\n", name, value, min, max);
    Err(EINVAL)
}
