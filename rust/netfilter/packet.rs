// SPDX-License-Identifier: GPL-2.0-only

//! The packet that a hook is given.

use crate::{
    bindings,
    header::{self, Bytes, Header, IpHeader, Plain, Transport},
    hook::Family,
    state::State, //
};
use core::{
    marker::PhantomData,
    mem::MaybeUninit,
    ptr::NonNull,
    slice, //
};
use kernel::ffi::c_int;

/// A packet at a hook.
///
/// It is the hook's to decide on: a [`Verdict`](crate::Verdict) is had in exchange for it. What is
/// read from it is borrowed from it.
///
/// Reading is checked against the packet's length, and works whether the bytes are in the linear
/// part of the buffer or not: they are copied where they are not.
///
/// C: `struct sk_buff`.
///
/// # Invariants
///
/// `skb` is the packet that the core has given a hook, for the time of `'p`; its data begins with the
/// network header of the family of `state`; its linear part is not written to while borrowed.
pub struct Packet<'p> {
    skb: NonNull<bindings::sk_buff>,
    state: &'p State,
    /// Invariant in `'p`: see `Verdict`.
    _call: PhantomData<fn(&'p ()) -> &'p ()>,
}

impl<'p> Packet<'p> {
    /// # Safety
    ///
    /// `skb` must be the packet of a hook that the core has called with `state`, and `'p` must end
    /// with that call.
    pub(crate) unsafe fn from_raw(skb: NonNull<bindings::sk_buff>, state: &'p State) -> Self {
        // INVARIANT: By the safety requirement; at IP hooks data begins with the network header.
        Self {
            skb,
            state,
            _call: PhantomData,
        }
    }

    /// The hook's state: point, devices, namespace.
    pub fn state(&self) -> &'p State {
        self.state
    }

    /// Bytes from the network header on, not linear ones included.
    #[expect(
        clippy::len_without_is_empty,
        reason = "a packet at an IP hook has a header"
    )]
    pub fn len(&self) -> u32 {
        // SAFETY: By the type invariant.
        unsafe { (*self.skb.as_ptr()).len }
    }

    /// The packet's mark (`skb->mark`), that rules and routing look at.
    pub fn mark(&self) -> u32 {
        let skb = self.skb.as_ptr().cast::<u8>();
        // SAFETY: By the type invariant; the offset is that of the field in this kernel.
        unsafe { skb.add(bindings::NF_SKB_MARK).cast::<u32>().read() }
    }

    pub(crate) fn nfct(&self) -> usize {
        // SAFETY: By the type invariant.
        unsafe { (*self.skb.as_ptr())._nfct }
    }

    /// The IP header; none where it is not a whole and proper one.
    pub fn ip(&self) -> Option<IpHeader<'_>> {
        match self.state.family() {
            Family::Ipv4 => header::Ipv4::read(self).map(IpHeader::V4),
            Family::Ipv6 => header::Ipv6::read(self).map(IpHeader::V6),
        }
    }

    /// What the IP header carries; none where the packet is malformed or cut off.
    pub fn transport(&self) -> Option<Transport<'_>> {
        self.ip()?.transport(self)
    }

    fn linear(&self) -> &[u8] {
        let skb = self.skb.as_ptr();
        // SAFETY: By the type invariant the packet is valid, its linear part (`skb_headlen()` bytes
        // from `data` on) too, and nobody writes to that while it is borrowed.
        unsafe {
            let len = (*skb).len.wrapping_sub((*skb).data_len);
            slice::from_raw_parts((*skb).data, len as usize)
        }
    }
}

impl Bytes for Packet<'_> {
    fn len(&self) -> usize {
        Packet::len(self) as usize
    }

    /// As `skb_header_pointer()`.
    #[inline]
    fn get<T: Plain>(&self, offset: usize) -> Option<Header<'_, T>> {
        if let Some(header) = self.linear().get(offset..).and_then(header::prefix) {
            return Some(Header::Borrowed(header));
        }
        let mut copy = MaybeUninit::<T>::uninit();
        // SAFETY: The packet is valid, and the buffer has that many bytes; an offset or length
        // outside of the packet is an error.
        let error = unsafe {
            bindings::skb_copy_bits(
                self.skb.as_ptr(),
                c_int::try_from(offset).ok()?,
                copy.as_mut_ptr().cast(),
                size_of::<T>() as c_int,
            )
        };
        // SAFETY: All of it was written to, and any bytes are a `T`.
        (error == 0).then(|| Header::Copied(unsafe { copy.assume_init() }))
    }
}
