// SPDX-License-Identifier: GPL-2.0-only

//! Protocol families and the points of each.

use crate::{
    bindings,
    priority::{Priority, PriorityName, BRIDGE_NAMES, IP_NAMES, OTHER_NAMES}, //
};
use kernel::ffi::c_uint;

/// A protocol family, as a type: hooks and packets are of one, so that what a family does not have
/// (a point, a verdict) cannot be written.
///
/// The families are [`Ip`], [`Arp`], [`Bridge`] and [`Netdev`].
pub trait Family: private::Sealed {
    /// Its points.
    type Point: Copy;

    /// Whether packet data begin with the link layer's header at some of its points.
    #[doc(hidden)]
    const AT_LINK_LAYER: bool;

    /// Whether its packets are IP at all of its points, of the version that the state says.
    #[doc(hidden)]
    const IS_IP: bool;

    #[doc(hidden)]
    const PRIORITY_NAMES: &'static [(Priority, &'static str)];

    #[doc(hidden)]
    fn point(hooknum: c_uint) -> Self::Point;
}

/// A family whose packets can leave a hook for a while and come back: to user space, or kept by a
/// module. The core has no way to send those of ARP and of devices on.
pub trait Resumable: Family {}

mod private {
    pub trait Sealed {}
}

/// IPv4 and IPv6.
pub struct Ip;

/// ARP.
pub struct Arp;

/// What a bridge carries.
pub struct Bridge;

/// What passes a device, of any protocol.
pub struct Netdev;

impl private::Sealed for Ip {}
impl private::Sealed for Arp {}
impl private::Sealed for Bridge {}
impl private::Sealed for Netdev {}

impl Resumable for Ip {}
impl Resumable for Bridge {}

impl Family for Ip {
    type Point = Point;
    const IS_IP: bool = true;
    const AT_LINK_LAYER: bool = false;
    const PRIORITY_NAMES: &'static [(Priority, &'static str)] = IP_NAMES;

    fn point(hooknum: c_uint) -> Point {
        Point::from_hooknum(hooknum)
    }
}

impl Family for Bridge {
    type Point = Point;
    const IS_IP: bool = false;
    const AT_LINK_LAYER: bool = false;
    const PRIORITY_NAMES: &'static [(Priority, &'static str)] = BRIDGE_NAMES;

    fn point(hooknum: c_uint) -> Point {
        Point::from_hooknum(hooknum)
    }
}

impl Family for Arp {
    type Point = ArpPoint;
    // What is sent has its link layer's header already.
    const IS_IP: bool = false;
    const AT_LINK_LAYER: bool = true;
    const PRIORITY_NAMES: &'static [(Priority, &'static str)] = OTHER_NAMES;

    fn point(hooknum: c_uint) -> ArpPoint {
        match hooknum {
            bindings::NF_ARP_IN => ArpPoint::In,
            bindings::NF_ARP_OUT => ArpPoint::Out,
            _ => ArpPoint::Forward,
        }
    }
}

impl Family for Netdev {
    type Point = NetdevPoint;
    const IS_IP: bool = false;
    const AT_LINK_LAYER: bool = true;
    const PRIORITY_NAMES: &'static [(Priority, &'static str)] = OTHER_NAMES;

    fn point(hooknum: c_uint) -> NetdevPoint {
        match hooknum {
            bindings::nf_dev_hooks_NF_NETDEV_INGRESS => NetdevPoint::Ingress,
            _ => NetdevPoint::Egress,
        }
    }
}

impl Priority {
    /// As it is called in family `F`: a well-known name, with an offset of at most ten
    /// (`brnf-1`), or the number.
    pub fn name<F: Family>(self) -> PriorityName {
        PriorityName::new(self, F::PRIORITY_NAMES)
    }
}

/// The five points of IPv4 and IPv6, and of a bridge (`enum nf_inet_hooks`, `NF_BR_*`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// Received, not yet routed.
    PreRouting,
    /// For this host. Fragments of IPv4 have been put together here; those of IPv6 are later, but
    /// where connection tracking does it before.
    LocalIn,
    /// For another host.
    Forward,
    /// Sent by this host.
    LocalOut,
    /// About to leave, routed.
    PostRouting,
}

impl Point {
    /// All five, in the order of their numbers.
    pub const ALL: [Self; 5] = [
        Self::PreRouting,
        Self::LocalIn,
        Self::Forward,
        Self::LocalOut,
        Self::PostRouting,
    ];

    /// Bridges number theirs alike.
    pub(crate) const fn hooknum(self) -> c_uint {
        match self {
            Self::PreRouting => bindings::nf_inet_hooks_NF_INET_PRE_ROUTING,
            Self::LocalIn => bindings::nf_inet_hooks_NF_INET_LOCAL_IN,
            Self::Forward => bindings::nf_inet_hooks_NF_INET_FORWARD,
            Self::LocalOut => bindings::nf_inet_hooks_NF_INET_LOCAL_OUT,
            Self::PostRouting => bindings::nf_inet_hooks_NF_INET_POST_ROUTING,
        }
    }

    /// The point of that number; any number that the core does not use is taken for the last.
    fn from_hooknum(hooknum: c_uint) -> Self {
        let at = |p: &Self| p.hooknum() == hooknum;
        Self::ALL.into_iter().find(at).unwrap_or(Self::PostRouting)
    }

    /// The name as the kernel writes it: `PRE_ROUTING`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PreRouting => "PRE_ROUTING",
            Self::LocalIn => "LOCAL_IN",
            Self::Forward => "FORWARD",
            Self::LocalOut => "LOCAL_OUT",
            Self::PostRouting => "POST_ROUTING",
        }
    }
}

/// The points of ARP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArpPoint {
    /// Received.
    In,
    /// Sent by this host.
    Out,
    /// Carried by a bridge (with br_netfilter).
    Forward,
}

impl ArpPoint {
    pub(crate) const fn hooknum(self) -> c_uint {
        match self {
            Self::In => bindings::NF_ARP_IN,
            Self::Out => bindings::NF_ARP_OUT,
            Self::Forward => bindings::NF_ARP_FORWARD,
        }
    }
}

/// The points of a device (`enum nf_dev_hooks`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetdevPoint {
    /// Received by it, before the protocols.
    Ingress,
    /// About to be sent by it.
    Egress,
}
