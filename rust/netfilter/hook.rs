// SPDX-License-Identifier: GPL-2.0-only

//! Hook functions, and the points where they can be.

use crate::{bindings, packet::Packet, priority::Priority, state::State, verdict::Verdict};
use core::{
    ffi::c_void,
    marker::PhantomData,
    ptr::NonNull, //
};
use kernel::ffi::c_uint;

/// A hook function.
///
/// The implementing type only names the function; what it works on is [`Data`](Self::Data).
pub trait Hook {
    /// What the hooks of an array share: configuration, counters. Any CPU may be in the hook, hence
    /// `Sync`; it is dropped by the one that drops the [`Registration`](crate::Registration), hence
    /// `Send`.
    type Data: Send + Sync + 'static;

    /// Sees a packet and decides on it.
    ///
    /// # Context
    ///
    /// Under `rcu_read_lock()`, in softirq or in the sending task: must not sleep.
    fn hook<'p>(data: &Self::Data, packet: Packet<'p>) -> Verdict<'p>;
}

/// The protocol family whose hooks a packet is passing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// `NFPROTO_IPV4`
    Ipv4,
    /// `NFPROTO_IPV6`
    Ipv6,
}

/// The five points of IPv4 and IPv6 (`enum nf_inet_hooks`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// Received, not yet routed.
    PreRouting,
    /// For this host.
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

    const fn hooknum(self) -> c_uint {
        match self {
            Self::PreRouting => bindings::nf_inet_hooks_NF_INET_PRE_ROUTING,
            Self::LocalIn => bindings::nf_inet_hooks_NF_INET_LOCAL_IN,
            Self::Forward => bindings::nf_inet_hooks_NF_INET_FORWARD,
            Self::LocalOut => bindings::nf_inet_hooks_NF_INET_LOCAL_OUT,
            Self::PostRouting => bindings::nf_inet_hooks_NF_INET_POST_ROUTING,
        }
    }

    /// The point of that number; any number that the core does not use is taken for the last.
    pub(crate) fn from_hooknum(hooknum: c_uint) -> Self {
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

type HookFn = unsafe extern "C" fn(
    *mut c_void,
    *mut bindings::sk_buff,
    *const bindings::nf_hook_state,
) -> c_uint;

impl<D: Send + Sync + 'static> Op<D> {
    /// Puts hook function `H` at a point of IPv4 only.
    pub const fn ipv4<H: Hook<Data = D>>(point: Point, priority: Priority) -> Self {
        Self::new::<H>(bindings::NFPROTO_IPV4, point.hooknum(), priority)
    }

    /// Puts hook function `H` at a point of IPv6 only.
    pub const fn ipv6<H: Hook<Data = D>>(point: Point, priority: Priority) -> Self {
        Self::new::<H>(bindings::NFPROTO_IPV6, point.hooknum(), priority)
    }

    /// Puts hook function `H` at a point of both IPv4 and IPv6 (`NFPROTO_INET`).
    pub const fn inet<H: Hook<Data = D>>(point: Point, priority: Priority) -> Self {
        Self::new::<H>(bindings::NFPROTO_INET, point.hooknum(), priority)
    }

    const fn new<H: Hook<Data = D>>(pf: u32, hooknum: c_uint, priority: Priority) -> Self {
        // INVARIANT: `trampoline::<H>` takes an `H::Data`, which is `D`; the callers pair `pf` with
        // its own points.
        Self {
            hook: trampoline::<H>,
            pf,
            hooknum,
            priority,
            _data: PhantomData,
        }
    }

    /// The core's form of it, with `data` for the function to be given.
    pub(crate) fn to_raw(self, data: NonNull<D>) -> bindings::nf_hook_ops {
        bindings::nf_hook_ops {
            hook: Some(self.hook),
            priv_: data.as_ptr().cast(),
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

/// What the core calls.
///
/// # Safety
///
/// As the core calls hooks, and with `priv_` a pointer to an `H::Data` that lives until the call
/// returns: under `rcu_read_lock()`, with a packet that is the hook's for the time of the call, and
/// with the state of that packet.
unsafe extern "C" fn trampoline<H: Hook>(
    priv_: *mut c_void,
    skb: *mut bindings::sk_buff,
    state: *const bindings::nf_hook_state,
) -> c_uint {
    // SAFETY: By this function's safety requirements; `Registration` keeps the data until a grace
    // period after the hook was taken off.
    let data = unsafe { &*priv_.cast::<H::Data>() };
    // SAFETY: By this function's safety requirements. The lifetime ends with this call: `H::hook`
    // is generic over it, so nothing that carries it can get out.
    let packet = unsafe { Packet::from_raw(NonNull::new_unchecked(skb), State::from_raw(state)) };
    H::hook(data, packet).into_raw()
}
