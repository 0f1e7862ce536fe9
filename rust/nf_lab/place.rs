// SPDX-License-Identifier: GPL-2.0-only

//! Where a probe's hook sits: family, hook, device, namespace.

use crate::{
    probe::{Probe, Running},
    setting::{between, Setting, Wrong},
};
use core::{ffi::CStr, fmt};
use kernel::prelude::*;
use netfilter::{ArpPoint, DeviceOp, Net, NetRef, Op, Point, Priority};

/// Defines a setting that is one of some words.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident: $($word:literal => $variant:ident),* $(; $($alias:literal => $same:ident),*)?) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq)]
        pub(crate) enum $name {
            $($variant,)*
        }

        impl Setting for $name {
            fn parse(text: &[u8]) -> Result<Self, Wrong> {
                const WORDS: &[&str] = &[$($word),*];
                $(if text == $word.as_bytes() { return Ok(Self::$variant); })*
                $($(if text.eq_ignore_ascii_case($alias.as_bytes()) { return Ok(Self::$same); })*)?
                Err(Wrong::MustBeOneOf(WORDS))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $(Self::$variant => $word,)*
                })
            }
        }
    };
}

words! {
    /// The family, as nft calls them.
    Family: "inet" => Inet, "ipv4" => Ipv4, "ipv6" => Ipv6, "arp" => Arp, "bridge" => Bridge,
        "netdev" => Netdev; "ip" => Ipv4, "ip6" => Ipv6
}

words! {
    /// The hook, as nft calls them; the kernel's names are understood too.
    Hook: "prerouting" => Prerouting, "input" => Input, "forward" => Forward, "output" => Output,
        "postrouting" => Postrouting, "ingress" => Ingress, "egress" => Egress;
        "PRE_ROUTING" => Prerouting, "LOCAL_IN" => Input, "LOCAL_OUT" => Output,
        "POST_ROUTING" => Postrouting
}

impl Hook {
    pub(crate) fn on_device(self) -> bool {
        matches!(self, Self::Ingress | Self::Egress)
    }

    fn point(self) -> Option<Point> {
        Some(match self {
            Self::Prerouting => Point::PreRouting,
            Self::Input => Point::LocalIn,
            Self::Forward => Point::Forward,
            Self::Output => Point::LocalOut,
            Self::Postrouting => Point::PostRouting,
            Self::Ingress | Self::Egress => return None,
        })
    }

    fn arp_point(self) -> Option<ArpPoint> {
        Some(match self {
            Self::Input => ArpPoint::In,
            Self::Forward => ArpPoint::Forward,
            Self::Output => ArpPoint::Out,
            _ => return None,
        })
    }
}

/// The name of a device, or none.
#[derive(Clone, Copy, Default)]
pub(crate) struct Device([u8; 16]);

impl Device {
    pub(crate) fn name(&self) -> Option<&CStr> {
        let name = CStr::from_bytes_until_nul(&self.0).ok()?;
        (!name.is_empty()).then_some(name)
    }
}

impl Setting for Device {
    fn parse(text: &[u8]) -> Result<Self, Wrong> {
        let mut name = [0; 16];
        let proper = text.iter().all(u8::is_ascii_graphic);
        match name.get_mut(..text.len()) {
            // The last byte is a NUL's.
            Some(to) if proper && !text.is_empty() && text.len() < 16 => to.copy_from_slice(text),
            _ => {
                let must = "the name of a device, of at most 15 characters, or - for none";
                return Err(Wrong::MustBe(must));
            }
        }
        Ok(if text == b"-" {
            Self::default()
        } else {
            Self(name)
        })
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name().and_then(|name| name.to_str().ok());
        f.write_str(name.unwrap_or("-"))
    }
}

/// The network namespace: one, by its inode number, or all. None is kept from going away; its number is
/// another's then, its cookie is not.
#[derive(Clone, Copy)]
pub(crate) enum Namespace {
    All,
    One { inode: u32, cookie: u64 },
}

impl Namespace {
    /// That of the calling task.
    pub(crate) fn current() -> Result<Self> {
        let net = NetRef::current().ok_or(ESRCH)?;
        Ok(Self::one(&net))
    }

    fn one(net: &Net) -> Self {
        Self::One {
            inode: net.inode(),
            cookie: net.cookie(),
        }
    }

    /// The namespace; none for all.
    pub(crate) fn net(self) -> Result<Option<NetRef>, Wrong> {
        match self {
            Self::All => Ok(None),
            Self::One { inode, cookie } => NetRef::by_inode(inode)
                .filter(|net| net.cookie() == cookie)
                .map(Some)
                .ok_or(Wrong::Kernel(ENOENT, "its namespace is gone")),
        }
    }
}

impl Setting for Namespace {
    fn parse(text: &[u8]) -> Result<Self, Wrong> {
        if text == b"all" {
            return Ok(Self::All);
        }
        between(text, 1, u32::MAX.into())
            .and_then(|inode| NetRef::by_inode(inode as u32))
            .map(|net| Self::one(&net))
            .ok_or(Wrong::MustBe(
                "all, or the inode number of a network namespace (stat -L -c %i /run/netns/NAME)",
            ))
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::One { inode, .. } => fmt::Display::fmt(inode, f),
        }
    }
}

/// The element of an ops array that family, hook and priority make.
pub(crate) enum Place {
    Everywhere(Op<Running>),
    OnDevice(DeviceOp<Running>),
}

impl Place {
    pub(crate) fn new(family: Family, hook: Hook, priority: Priority) -> Result<Self, Wrong> {
        let point = || {
            hook.point().ok_or(Wrong::Conflict(
                "family and hook do not go together: this family has prerouting, input, forward, \
                 output and postrouting (inet ingress too)",
            ))
        };
        Ok(match (family, hook) {
            (Family::Inet, Hook::Ingress) => {
                Self::OnDevice(DeviceOp::inet_ingress::<Probe>(priority))
            }
            (Family::Netdev, Hook::Ingress) => Self::OnDevice(DeviceOp::ingress::<Probe>(priority)),
            (Family::Netdev, Hook::Egress) => Self::OnDevice(DeviceOp::egress::<Probe>(priority)),
            (Family::Netdev, _) => {
                return Err(Wrong::Conflict(
                    "family and hook do not go together: netdev has ingress and egress",
                ))
            }
            (Family::Inet, _) => Self::Everywhere(Op::inet::<Probe>(point()?, priority)),
            (Family::Ipv4, _) => Self::Everywhere(Op::ipv4::<Probe>(point()?, priority)),
            (Family::Ipv6, _) => Self::Everywhere(Op::ipv6::<Probe>(point()?, priority)),
            (Family::Bridge, _) => Self::Everywhere(Op::bridge::<Probe>(point()?, priority)),
            (Family::Arp, _) => {
                let point = hook.arp_point().ok_or(Wrong::Conflict(
                    "family and hook do not go together: arp has input, forward and output",
                ))?;
                Self::Everywhere(Op::arp::<Probe>(point, priority))
            }
        })
    }
}
