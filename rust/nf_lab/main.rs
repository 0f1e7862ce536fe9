// SPDX-License-Identifier: GPL-2.0-only

//! nf_lab: experiments with hooks and priorities, made and thrown away in configfs.
//!
//!     mkdir /sys/kernel/config/nf_lab/p            # a probe
//!     cd /sys/kernel/config/nf_lab/p
//!     echo prerouting >hook; echo conntrack-1 >priority; echo proto icmp >match; echo drop >action
//!     echo 1 >active; ping -c 1 127.0.0.1; cat seen; echo 0 >active
//!
//! A probe is one hook: where it sits, which packets it wants, what it does with them, and what it
//! has seen. What it is told is written to its files, one a setting (`attributes.rs`), while it is
//! not active; what it has seen is read from others at any time (`seen.rs`).

// Not `forbid`: `module!` contains `unsafe` of its own.
#![deny(unsafe_code)]

mod action;
mod attributes;
mod item;
mod matching;
mod page;
mod place;
mod probe;
mod record;
mod seen;
mod setting;

use item::Item;
use kernel::{
    configfs::{configfs_attrs, Group, GroupOperations, Subsystem},
    prelude::*,
};
use netfilter::Registration;

module! {
    type: NfLab,
    name: "nf_lab",
    authors: ["The rust-netfilter authors"],
    description: "Experiments with netfilter hooks and priorities, in configfs",
    license: "GPL",
}

#[pin_data]
struct NfLab {
    #[pin]
    tree: Subsystem<Lab>,
    /// No hook: keeps the library in touch with the core, which each probe alone would have to come
    /// and go with. Takes far longer than a hook.
    _in_touch: Registration<()>,
}

/// /sys/kernel/config/nf_lab.
struct Lab;

impl kernel::InPlaceModule for NfLab {
    fn init(_module: &'static ThisModule) -> impl PinInit<Self, Error> {
        let kind = configfs_attrs! {
            container: Subsystem<Lab>,
            data: Lab,
            child: Item,
            attributes: [],
        };
        try_pin_init!(Self {
            _in_touch: Registration::in_all_nets(&[], ())?,
            tree <- Subsystem::new(c"nf_lab", kind, Ok::<_, Error>(Lab)),
        })
    }
}

#[vtable]
impl GroupOperations for Lab {
    type Child = Item;

    /// `mkdir`. `rmdir` drops the item, and with it its hook.
    fn make_group(&self, name: &CStr) -> Result<impl PinInit<Group<Item>, Error>> {
        Ok(Group::new(
            name.try_into()?,
            attributes::kind(),
            Item::new(name),
        ))
    }
}
