// SPDX-License-Identifier: GPL-2.0-only

//! The files of a probe.

use crate::{item::Item, page::print, setting::Wrong};
use kernel::{
    configfs::{configfs_attrs, AttributeOperations, Group, ItemType},
    page::PAGE_SIZE,
    prelude::*,
};

/// Which files there are.
pub(crate) fn kind() -> &'static ItemType<Group<Item>, Item> {
    configfs_attrs! {
        container: Group<Item>,
        data: Item,
        attributes: [
            family: 0,
            hook: 1,
            device: 2,
            namespace: 3,
            priority: 4,
            match: 5,
            action: 6,
            every: 7,
            probability: 8,
            stop_at: 9,
            log: 10,
            active: 11,
            seen: 12,
            first: 13,
            last: 14,
        ],
    }
}

/// The files that say what a setting is, and take another value for it.
macro_rules! settings {
    ($($number:literal $name:literal $field:ident;)*) => {
        $(
            #[vtable]
            impl AttributeOperations<$number> for Item {
                type Data = Item;

                fn show(item: &Item, page: &mut [u8; PAGE_SIZE]) -> Result<usize> {
                    print(page, format_args!("{}\n", item.settings().$field))
                }

                fn store(item: &Item, text: &[u8]) -> Result {
                    item.change($name, text, |settings, value| settings.$field = value)
                }
            }
        )*
    };
}

settings! {
    0 "family" family;
    1 "hook" hook;
    2 "device" device;
    3 "namespace" namespace;
    4 "priority" priority;
    5 "match" matching;
    6 "action" action;
    7 "every" every;
    8 "probability" probability;
    9 "stop_at" stop_at;
    10 "log" log;
}

/// `active`: 1 puts the hook into its place, 0 takes it off.
#[vtable]
impl AttributeOperations<11> for Item {
    type Data = Item;

    fn show(item: &Item, page: &mut [u8; PAGE_SIZE]) -> Result<usize> {
        print(page, format_args!("{}\n", u8::from(item.is_active())))
    }

    fn store(item: &Item, text: &[u8]) -> Result {
        let text = text.trim_ascii();
        match text {
            b"0" => item.set_active(false),
            b"1" => item.set_active(true),
            _ => Err(Wrong::MustBe("0 or 1")),
        }
        .map_err(|wrong| item.refuse("active", text, wrong))
    }
}

/// `seen`: the figures; 0 written to it makes them 0.
#[vtable]
impl AttributeOperations<12> for Item {
    type Data = Item;

    fn show(item: &Item, page: &mut [u8; PAGE_SIZE]) -> Result<usize> {
        print(page, format_args!("{}", item.seen.counts()))
    }

    fn store(item: &Item, text: &[u8]) -> Result {
        match text.trim_ascii() {
            b"0" => {
                item.seen.reset();
                Ok(())
            }
            text => Err(item.refuse("seen", text, Wrong::MustBe("0, which begins anew"))),
        }
    }
}

/// `first`: the first packet that it has seen.
#[vtable]
impl AttributeOperations<13> for Item {
    type Data = Item;

    fn show(item: &Item, page: &mut [u8; PAGE_SIZE]) -> Result<usize> {
        print(page, format_args!("{}", item.seen.first()?))
    }
}

/// `last`: the last one.
#[vtable]
impl AttributeOperations<14> for Item {
    type Data = Item;

    fn show(item: &Item, page: &mut [u8; PAGE_SIZE]) -> Result<usize> {
        print(page, format_args!("{}", item.seen.last()?))
    }
}
