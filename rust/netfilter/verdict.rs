// SPDX-License-Identifier: GPL-2.0-only

//! What a hook decides.

use crate::{
    bindings,
    drop_reason::DropReason,
    family::{Family, Ip, Resumable},
    packet::Packet, //
};
use core::marker::PhantomData;
use kernel::{error::Error, ffi::c_uint};

/// What shall become of one packet.
///
/// A verdict is had only in exchange for the packet that it is on ([`Packet::accept`],
/// [`Packet::drop`], ...), and it carries that packet's lifetime: there is exactly one for each call of a
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
    pub(crate) unsafe fn new(raw: c_uint) -> Self {
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

impl<'p, F: Family> Packet<'p, F> {
    /// `NF_ACCEPT`: on to the next hook.
    #[inline]
    pub fn accept(self) -> Verdict<'p> {
        // SAFETY: The packet is as the core gave it.
        unsafe { Verdict::new(bindings::NF_ACCEPT) }
    }

    /// `NF_DROP`: the core frees the packet, with reason `NETFILTER_DROP` (at a bridge's `PRE_ROUTING`
    /// with none). A local sender of IP gets `EPERM`; one whose packet is dropped at a device's egress
    /// is told `NET_XMIT_DROP`, as by a full queue.
    #[inline]
    pub fn drop(self) -> Verdict<'p> {
        // SAFETY: The packet is as the core gave it: its to free.
        unsafe { Verdict::new(bindings::NF_DROP) }
    }

    /// `NF_DROP_REASON()`: frees the packet here, with a reason of its own for the `kfree_skb`
    /// tracepoint and the drop monitor. A local sender of IP gets `EPERM`.
    #[inline]
    pub fn drop_with_reason(self, reason: DropReason) -> Verdict<'p> {
        // SAFETY: The packet is the hook's to free, and is not touched again: the verdict says that
        // it is gone.
        unsafe { bindings::sk_skb_reason_drop(core::ptr::null_mut(), self.as_ptr(), reason.get()) };
        // SAFETY: The packet is given up, so that `NF_STOLEN` is the truth.
        unsafe { Verdict::new(bindings::EPERM << bindings::NF_VERDICT_QBITS | bindings::NF_STOLEN) }
    }
}

impl<'p> Packet<'p, Ip> {
    /// `NF_DROP_ERR()`: as [`drop`](Self::drop), but a local sender gets `error`.
    ///
    /// Of UDP and raw sockets that is send(2). TCP's connect(2) reports `ECONNREFUSED` only: after
    /// any other error the SYN counts as lost, and is sent again.
    #[inline]
    pub fn drop_with_errno(self, error: Error) -> Verdict<'p> {
        // An `Error` is between -4095 and -1.
        let errno = error.to_errno().unsigned_abs() & 0xfff;
        // SAFETY: As above; an errno in the upper half is what the core takes.
        unsafe { Verdict::new(errno << bindings::NF_VERDICT_QBITS | bindings::NF_DROP) }
    }
}

impl<'p, F: Resumable> Packet<'p, F> {
    /// `NF_QUEUE`: to the user-space program that listens on queue `number` (nfnetlink_queue). It
    /// decides whether the packet goes on, at the next hook. Dropped where nobody listens.
    #[inline]
    pub fn queue(self, number: u16) -> Verdict<'p> {
        let number = u32::from(number) << bindings::NF_VERDICT_QBITS;
        // SAFETY: The packet is as the core gave it, and of a family that it can queue.
        unsafe { Verdict::new(number | bindings::NF_QUEUE) }
    }

    /// As [`queue`](Self::queue), but accepted where nobody listens.
    #[inline]
    pub fn queue_or_accept(self, number: u16) -> Verdict<'p> {
        let number = u32::from(number) << bindings::NF_VERDICT_QBITS;
        let flags = bindings::NF_VERDICT_FLAG_QUEUE_BYPASS | bindings::NF_QUEUE;
        // SAFETY: As above.
        unsafe { Verdict::new(number | flags) }
    }
}
