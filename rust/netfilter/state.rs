// SPDX-License-Identifier: GPL-2.0-only

//! Where a packet is.

use crate::{
    bindings,
    device::Device,
    family::{Family, Ip},
    net::Net, //
};
use core::marker::PhantomData;
use kernel::types::Opaque;

/// The version of IP whose hooks a packet is passing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IpVersion {
    /// `NFPROTO_IPV4`
    V4,
    /// `NFPROTO_IPV6`
    V6,
}

/// The state of the hook that a packet is at.
///
/// C: `struct nf_hook_state`.
///
/// # Invariants
///
/// Its pointers are valid while it is, and its family and hook number are those of an
/// [`Op`](crate::Op) or [`DeviceOp`](crate::DeviceOp) of family `F`.
#[repr(transparent)]
pub struct HookState<F: Family = Ip> {
    raw: Opaque<bindings::nf_hook_state>,
    _family: PhantomData<F>,
}

impl HookState<Ip> {
    /// The version of IP; for a hook of `Op::inet` either.
    #[inline]
    pub fn version(&self) -> IpVersion {
        match self.pf() {
            bindings::NFPROTO_IPV4 => IpVersion::V4,
            // By the type invariant there is but one other.
            _ => IpVersion::V6,
        }
    }
}

impl<F: Family> HookState<F> {
    /// # Safety
    ///
    /// `state` must be what the core gives a hook of family `F`, and `'a` must end with the call of
    /// that hook.
    #[inline]
    pub(crate) unsafe fn from_raw<'a>(state: *const bindings::nf_hook_state) -> &'a Self {
        // SAFETY: By the safety requirement; `Self` has the same layout.
        unsafe { &*state.cast() }
    }

    #[inline]
    fn raw(&self) -> &bindings::nf_hook_state {
        // SAFETY: By the type invariant. The core does not change it during the call.
        unsafe { &*self.raw.get() }
    }

    #[inline]
    pub(crate) fn pf(&self) -> u32 {
        self.raw().pf.into()
    }

    /// The point.
    #[inline]
    pub fn point(&self) -> F::Point {
        F::point(self.raw().hook.into())
    }

    /// The socket that the packet is sent from or for, or null.
    #[inline]
    pub(crate) fn sock(&self) -> *mut bindings::sock {
        self.raw().sk
    }

    /// The network namespace that the packet is in.
    #[inline]
    pub fn net(&self) -> &Net {
        // SAFETY: By the type invariant; never null.
        unsafe { Net::from_raw(self.raw().net) }
    }

    /// The device that the packet came in by: where it is received, and at `FORWARD` and
    /// `POST_ROUTING` for one that is forwarded.
    #[inline]
    pub fn in_device(&self) -> Option<&Device> {
        // SAFETY: By the type invariant: null or valid.
        unsafe { Device::from_raw(self.raw().in_) }
    }

    /// The device that the packet will leave by: where it is forwarded or sent.
    #[inline]
    pub fn out_device(&self) -> Option<&Device> {
        // SAFETY: By the type invariant: null or valid.
        unsafe { Device::from_raw(self.raw().out) }
    }
}
