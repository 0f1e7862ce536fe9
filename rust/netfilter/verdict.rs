// SPDX-License-Identifier: GPL-2.0-only

//! What a hook decides.

use crate::{bindings, packet::Packet};
use core::marker::PhantomData;
use kernel::ffi::c_uint;

/// What shall become of one packet.
///
/// A verdict is had only in exchange for the packet that it is on ([`Packet::accept`],
/// [`Packet::drop`]), and it carries that packet's lifetime: there is exactly one for each call of a
/// hook, and none can be kept for another packet.
///
/// # Invariants
///
/// A value that `nf_hook_slow()` takes, fitting the state that its packet is in.
#[must_use]
pub struct Verdict<'p> {
    raw: c_uint,
    /// Invariant in `'p`: no other packet's verdict will do.
    _packet: PhantomData<fn(&'p ()) -> &'p ()>,
}

impl Verdict<'_> {
    /// # Safety
    ///
    /// `raw` must be a verdict that the core takes for the packet that is given up for it.
    unsafe fn new(raw: c_uint) -> Self {
        // INVARIANT: By the safety requirement.
        Self {
            raw,
            _packet: PhantomData,
        }
    }

    pub(crate) fn into_raw(self) -> c_uint {
        self.raw
    }
}

impl<'p> Packet<'p> {
    /// `NF_ACCEPT`: on to the next hook.
    #[inline]
    pub fn accept(self) -> Verdict<'p> {
        // SAFETY: The packet is as the core gave it.
        unsafe { Verdict::new(bindings::NF_ACCEPT) }
    }

    /// `NF_DROP`: the core frees the packet, with reason `NETFILTER_DROP`; a local sender gets
    /// `EPERM`.
    #[inline]
    pub fn drop(self) -> Verdict<'p> {
        // SAFETY: The packet is as the core gave it: its to free.
        unsafe { Verdict::new(bindings::NF_DROP) }
    }
}
