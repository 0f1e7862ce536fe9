// SPDX-License-Identifier: GPL-2.0-only

//! Where a packet is.

use crate::{
    bindings,
    device::Device,
    hook::{Family, Point},
    net::Net,
};
use kernel::types::Opaque;

/// The state of the hook that a packet is at.
///
/// C: `struct nf_hook_state`.
///
/// # Invariants
///
/// Its pointers are valid while it is, and its family and hook number are those of an
/// [`Op`](crate::Op).
#[repr(transparent)]
pub struct State(Opaque<bindings::nf_hook_state>);

impl State {
    /// # Safety
    ///
    /// `state` must be what the core gives a hook, and `'a` must end with the call of that hook.
    pub(crate) unsafe fn from_raw<'a>(state: *const bindings::nf_hook_state) -> &'a Self {
        // SAFETY: By the safety requirement; `Self` has the same layout.
        unsafe { &*state.cast() }
    }

    fn raw(&self) -> &bindings::nf_hook_state {
        // SAFETY: By the type invariant. The core does not change it during the call.
        unsafe { &*self.0.get() }
    }

    /// The family whose hooks are being passed; for a hook of `Op::inet` that is either.
    pub fn family(&self) -> Family {
        match u32::from(self.raw().pf) {
            bindings::NFPROTO_IPV4 => Family::Ipv4,
            // By the type invariant there is but one other.
            _ => Family::Ipv6,
        }
    }

    /// The point.
    pub fn point(&self) -> Point {
        Point::from_hooknum(self.raw().hook.into())
    }

    /// The network namespace that the packet is in.
    pub fn net(&self) -> &Net {
        // SAFETY: By the type invariant; never null.
        unsafe { Net::from_raw(self.raw().net) }
    }

    /// The device that the packet came in by: at `PRE_ROUTING`, `LOCAL_IN` and `FORWARD`.
    pub fn in_device(&self) -> Option<&Device> {
        // SAFETY: By the type invariant: null or valid.
        unsafe { Device::from_raw(self.raw().in_) }
    }

    /// The device that the packet will leave by: at `FORWARD`, `LOCAL_OUT` and `POST_ROUTING`.
    pub fn out_device(&self) -> Option<&Device> {
        // SAFETY: By the type invariant: null or valid.
        unsafe { Device::from_raw(self.raw().out) }
    }
}
