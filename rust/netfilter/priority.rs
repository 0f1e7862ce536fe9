// SPDX-License-Identifier: GPL-2.0-only

//! Where among the hooks of a point one stands.

use core::fmt;

type Names = &'static [(Priority, &'static str)];

pub(crate) const IP_NAMES: Names = &[
    (Priority::FIRST, "first"),
    (Priority::RAW_BEFORE_DEFRAG, "raw-before-defrag"),
    (Priority::CONNTRACK_DEFRAG, "defrag"),
    (Priority::RAW, "raw"),
    (Priority::SELINUX_FIRST, "selinux-first"),
    (Priority::CONNTRACK, "conntrack"),
    (Priority::MANGLE, "mangle"),
    (Priority::NAT_DST, "dstnat"),
    (Priority::FILTER, "filter"),
    (Priority::SECURITY, "security"),
    (Priority::NAT_SRC, "srcnat"),
    (Priority::SELINUX_LAST, "selinux-last"),
    (Priority::CONNTRACK_HELPER, "helper"),
    (Priority::LAST, "last"),
];

pub(crate) const BRIDGE_NAMES: Names = &[
    (Priority::FIRST, "first"),
    (Priority::BRIDGE_NAT_DST_BRIDGED, "dstnat"),
    (Priority::BRIDGE_FILTER_BRIDGED, "filter"),
    (Priority::BRIDGE_BRNF, "brnf"),
    (Priority::BRIDGE_NAT_DST_OTHER, "out"),
    (Priority::BRIDGE_FILTER_OTHER, "filter-other"),
    (Priority::BRIDGE_NAT_SRC, "srcnat"),
    (Priority::LAST, "last"),
];

/// Of ARP and devices.
pub(crate) const OTHER_NAMES: Names = &[
    (Priority::FIRST, "first"),
    (Priority::FILTER, "filter"),
    (Priority::LAST, "last"),
];

/// The priority of a hook: those of a point run in ascending order.
///
/// A hook that is registered at a priority already taken runs *before* the hooks that are there, so
/// `p` is just before the present owners of `p` and [`p.after()`](Self::after) just after them.
///
/// The constants are those of IPv4 and IPv6, which agree, and of bridges, which have others (`BRIDGE_*`). ARP
/// and devices know but [`FILTER`](Self::FILTER). What is written is the name of IPv4 and IPv6; that of
/// another family is had by [`name`](Self::name).
///
/// C: `enum nf_ip_hook_priorities`, `enum nf_ip6_hook_priorities`, `enum nf_br_hook_priorities`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Priority(i32);

impl Priority {
    /// Before all others, but for those that are registered there later.
    pub const FIRST: Self = Self(i32::MIN);
    /// The raw table when it is told to see packets before they are defragmented.
    pub const RAW_BEFORE_DEFRAG: Self = Self(-450);
    /// Reassembly of fragments, which connection tracking needs.
    pub const CONNTRACK_DEFRAG: Self = Self(-400);
    /// The raw table.
    pub const RAW: Self = Self(-300);
    /// SELinux, first of its two.
    pub const SELINUX_FIRST: Self = Self(-225);
    /// Connection tracking: finds the packet's connection or makes a new one.
    pub const CONNTRACK: Self = Self(-200);
    /// The mangle table.
    pub const MANGLE: Self = Self(-150);
    /// Destination NAT.
    pub const NAT_DST: Self = Self(-100);
    /// The filter table.
    pub const FILTER: Self = Self(0);
    /// The security table.
    pub const SECURITY: Self = Self(50);
    /// Source NAT.
    pub const NAT_SRC: Self = Self(100);
    /// SELinux, last of its two.
    pub const SELINUX_LAST: Self = Self(225);
    /// Connection tracking helpers.
    pub const CONNTRACK_HELPER: Self = Self(300);
    /// Connection tracking enters a new connection into its table (for IPv6 at `LOCAL_IN` one
    /// earlier). Nothing that is registered later comes after it: at the same priority it comes
    /// before.
    pub const CONNTRACK_CONFIRM: Self = Self::LAST;
    /// After all others, but for those that were registered there before.
    pub const LAST: Self = Self(i32::MAX);

    /// A bridge's destination NAT of what it carries (ebtables nat, `LOCAL_OUT`).
    pub const BRIDGE_NAT_DST_BRIDGED: Self = Self(-300);
    /// A bridge's filter table, for what it carries.
    pub const BRIDGE_FILTER_BRIDGED: Self = Self(-200);
    /// br_netfilter, which passes what a bridge carries to the IP hooks.
    pub const BRIDGE_BRNF: Self = Self(0);
    /// A bridge's destination NAT (ebtables nat, `PRE_ROUTING`).
    pub const BRIDGE_NAT_DST_OTHER: Self = Self(100);
    /// A bridge's filter table, for what this host sends.
    pub const BRIDGE_FILTER_OTHER: Self = Self(200);
    /// A bridge's source NAT.
    pub const BRIDGE_NAT_SRC: Self = Self(300);

    /// The priority of that number.
    pub const fn new(priority: i32) -> Self {
        Self(priority)
    }

    /// The number, as the core has it.
    pub const fn get(self) -> i32 {
        self.0
    }

    /// `by` further on, or back where it is negative; ends at [`FIRST`](Self::FIRST) and
    /// [`LAST`](Self::LAST).
    pub const fn offset(self, by: i32) -> Self {
        Self(self.0.saturating_add(by))
    }

    /// One earlier: before all that are registered at this priority, now or later.
    pub const fn before(self) -> Self {
        self.offset(-1)
    }

    /// One later: after all that are registered at this priority.
    pub const fn after(self) -> Self {
        self.offset(1)
    }
}

impl Priority {
    /// Reads what a person writes: a number, a name of IPv4 and IPv6 as [`Display`](fmt::Display) writes it (`conntrack`), or
    /// a name and an offset (`conntrack-1`). None for anything else, and for what is not between
    /// [`FIRST`](Self::FIRST) and [`LAST`](Self::LAST).
    pub fn parse(text: &[u8]) -> Option<Self> {
        // Names have hyphens too.
        let named = IP_NAMES
            .iter()
            .filter_map(|&(p, name)| Some((p, text.strip_prefix(name.as_bytes())?)))
            .min_by_key(|(_, rest)| rest.len());
        let (base, by) = match named {
            Some((base, b"")) => return Some(base),
            Some((base, by @ [b'+' | b'-', ..])) => (base, by),
            Some(_) => return None,
            None => (Self(0), text),
        };
        let by: i64 = core::str::from_utf8(by).ok()?.parse().ok()?;
        let sum = i64::from(base.0).checked_add(by)?;
        Some(Self(i32::try_from(sum).ok()?))
    }

    /// The names that [`parse`](Self::parse) knows, in ascending order of priority.
    pub fn names() -> impl Iterator<Item = &'static str> {
        IP_NAMES.iter().map(|&(_, name)| name)
    }
}

/// As [`name`](Self::name) of IPv4 and IPv6.
impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        PriorityName::new(*self, IP_NAMES).fmt(f)
    }
}

/// What a priority is called in a family: see [`Priority::name`].
#[derive(Clone, Copy)]
pub struct PriorityName {
    priority: Priority,
    names: Names,
}

impl PriorityName {
    pub(crate) const fn new(priority: Priority, names: Names) -> Self {
        Self { priority, names }
    }
}

/// Writes the name of a well-known priority (as nft spells it where nft knows it), a name and an
/// offset of at most ten (`conntrack-1`), or the number.
impl fmt::Display for PriorityName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.priority.get();
        let nearest = self
            .names
            .iter()
            .map(|&(p, name)| (i64::from(number) - i64::from(p.get()), name))
            .min_by_key(|(by, _)| by.abs());
        match nearest {
            Some((0, name)) => f.write_str(name),
            Some((by, name)) if by.abs() <= 10 => write!(f, "{name}{by:+}"),
            _ => write!(f, "{number}"),
        }
    }
}
