// SPDX-License-Identifier: GPL-2.0-only

//! Hook functions, and the elements of ops arrays.

use crate::{
    bindings,
    family::{Arp, ArpPoint, Bridge, Family, Ip, Netdev, Point},
    packet::Packet,
    priority::Priority,
    state::HookState,
    verdict::Verdict, //
};
use core::{
    ffi::c_void,
    marker::PhantomData,
    ptr::NonNull, //
};
use kernel::ffi::c_uint;

/// A hook function.
///
/// The implementing type only names the function; what it works on is [`Data`](Self::Data). It is for
/// the packets of one family, or of several with an implementation each.
pub trait Hook<F: Family = Ip> {
    /// What the hooks of an array share, or what each entry of it has: configuration, counters. Any
    /// CPU may be in the hook, hence `Sync`; it is dropped by the one that drops the [`Registration`](crate::Registration), hence
    /// `Send`.
    type Data: Send + Sync + 'static;

    /// Sees a packet and decides on it.
    ///
    /// # Context
    ///
    /// Under `rcu_read_lock()`: must not sleep. Mostly in softirq; at `LOCAL_OUT` and `POST_ROUTING`
    /// often in the sending task, which a softirq can interrupt that enters the same hook: a lock
    /// must keep it off (the kernel crate's `SpinLockIrq`, not its `SpinLock`).
    fn hook<'p>(data: &Self::Data, packet: Packet<'p, F>) -> Verdict<'p>;
}

/// One element of an ops array: a hook function, its point and its priority.
///
/// There is a constructor for each family, which takes that family's points: a pair that the core
/// does not know cannot be written.
///
/// Const arrays and arrays built at run time are the same: `[Op<D>]`.
///
/// # Invariants
///
/// `hook` takes for its first argument a pointer to a `D`, and nothing else is unsafe about calling
/// it as the core does. `hooknum` is one of the family's.
///
/// C: `struct nf_hook_ops` less what a [`Registration`](crate::Registration) adds.
pub struct Op<D> {
    hook: HookFn,
    pf: u32,
    hooknum: c_uint,
    priority: Priority,
    _data: PhantomData<fn(&D)>,
}

pub(crate) type HookFn = unsafe extern "C" fn(
    *mut c_void,
    *mut bindings::sk_buff,
    *const bindings::nf_hook_state,
) -> c_uint;

impl<D: Send + Sync + 'static> Op<D> {
    /// Puts hook function `H` at a point of IPv4 only.
    pub const fn ipv4<H: Hook<Data = D>>(point: Point, priority: Priority) -> Self {
        Self::new::<H, Ip>(bindings::NFPROTO_IPV4, point.hooknum(), priority)
    }

    /// Puts hook function `H` at a point of IPv6 only.
    pub const fn ipv6<H: Hook<Data = D>>(point: Point, priority: Priority) -> Self {
        Self::new::<H, Ip>(bindings::NFPROTO_IPV6, point.hooknum(), priority)
    }

    /// Puts hook function `H` at a point of both IPv4 and IPv6 (`NFPROTO_INET`).
    pub const fn inet<H: Hook<Data = D>>(point: Point, priority: Priority) -> Self {
        Self::new::<H, Ip>(bindings::NFPROTO_INET, point.hooknum(), priority)
    }

    /// Puts hook function `H` at a point of ARP.
    pub const fn arp<H: Hook<Arp, Data = D>>(point: ArpPoint, priority: Priority) -> Self {
        Self::new::<H, Arp>(bindings::NFPROTO_ARP, point.hooknum(), priority)
    }

    /// Puts hook function `H` at a point of the bridges.
    pub const fn bridge<H: Hook<Bridge, Data = D>>(point: Point, priority: Priority) -> Self {
        Self::new::<H, Bridge>(bindings::NFPROTO_BRIDGE, point.hooknum(), priority)
    }

    const fn new<H, F>(pf: u32, hooknum: c_uint, priority: Priority) -> Self
    where
        F: Family,
        H: Hook<F, Data = D>,
    {
        // INVARIANT: `trampoline::<H, F>` takes an `H::Data`, which is `D`; the callers pair `pf`
        // with `F` and its own points.
        Self {
            hook: trampoline::<H, F>,
            pf,
            hooknum,
            priority,
            _data: PhantomData,
        }
    }

    /// The core's form of it, but for the data.
    pub(crate) fn raw(&self) -> bindings::nf_hook_ops {
        bindings::nf_hook_ops {
            hook: Some(self.hook),
            pf: self.pf as u8,
            hooknum: self.hooknum,
            priority: self.priority.get(),
            ..Default::default()
        }
    }
}

impl<D> Clone for Op<D> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<D> Copy for Op<D> {}

/// One element of an ops array for a device.
///
/// C: `struct nf_hook_ops` with a `dev`.
pub struct DeviceOp<D>(Op<D>);

impl<D: Send + Sync + 'static> DeviceOp<D> {
    /// Puts hook function `H` where the device receives.
    pub const fn ingress<H: Hook<Netdev, Data = D>>(priority: Priority) -> Self {
        Self(Op::new::<H, Netdev>(
            bindings::NFPROTO_NETDEV,
            bindings::nf_dev_hooks_NF_NETDEV_INGRESS,
            priority,
        ))
    }

    /// The same, as a hook of `NFPROTO_INET` (`NF_INET_INGRESS`): in the same chain, and listed by nft with the
    /// device's others, as `netdev`.
    pub const fn inet_ingress<H: Hook<Netdev, Data = D>>(priority: Priority) -> Self {
        Self(Op::new::<H, Netdev>(
            bindings::NFPROTO_INET,
            bindings::nf_inet_hooks_NF_INET_INGRESS,
            priority,
        ))
    }

    /// Puts hook function `H` where the device sends.
    pub const fn egress<H: Hook<Netdev, Data = D>>(priority: Priority) -> Self {
        Self(Op::new::<H, Netdev>(
            bindings::NFPROTO_NETDEV,
            bindings::nf_dev_hooks_NF_NETDEV_EGRESS,
            priority,
        ))
    }

    /// The core's form of it, but for data and device.
    pub(crate) fn raw(&self) -> bindings::nf_hook_ops {
        self.0.raw()
    }
}

impl<D> Clone for DeviceOp<D> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<D> Copy for DeviceOp<D> {}

/// What the core calls.
///
/// # Safety
///
/// As the core calls hooks, and with `priv_` a pointer to an `H::Data` that lives until the call
/// returns: under `rcu_read_lock()`, with a packet of family `F` that is the hook's for the time of
/// the call, and with the state of that packet.
unsafe extern "C" fn trampoline<H: Hook<F>, F: Family>(
    priv_: *mut c_void,
    skb: *mut bindings::sk_buff,
    state: *const bindings::nf_hook_state,
) -> c_uint {
    // SAFETY: By this function's safety requirements; `Registration` keeps the data until a grace
    // period after the hook was taken off.
    let data = unsafe { &*priv_.cast::<H::Data>() };
    // SAFETY: By this function's safety requirements. The lifetime ends with this call: `H::hook`
    // is generic over it, so nothing that carries it can get out.
    let packet = unsafe {
        let (skb, state) = (NonNull::new_unchecked(skb), HookState::from_raw(state));
        Packet::from_raw(skb, state, trampoline::<H, F>, priv_)
    };
    H::hook(data, packet).into_raw()
}
