// SPDX-License-Identifier: GPL-2.0-only

//! Network namespaces.

use crate::{bindings, context::may_sleep};
use core::{mem::MaybeUninit, ops::Deref, ptr::NonNull};
use kernel::{prelude::*, types::Opaque};

/// A network namespace.
///
/// C: `struct net`.
///
/// # Invariants
///
/// Valid for as long as the reference; it may be going away at the same time.
#[repr(transparent)]
pub struct Net(Opaque<bindings::net>);

impl Net {
    /// # Safety
    ///
    /// `net` must be valid for `'a`.
    #[inline]
    pub(crate) unsafe fn from_raw<'a>(net: *const bindings::net) -> &'a Self {
        // SAFETY: By the safety requirement; `Self` has the same layout.
        unsafe { &*net.cast() }
    }

    pub(crate) fn as_ptr(&self) -> NonNull<bindings::net> {
        NonNull::from(&self.0).cast()
    }

    /// The inode number by which user space knows the namespace (`/proc/self/ns/net`, `lsns`).
    #[inline]
    pub fn inode(&self) -> u32 {
        // SAFETY: By the type invariant; the number is set before the namespace can be seen and does
        // not change.
        unsafe { (*self.0.get()).ns.inum }
    }

    /// A number that no other namespace ever has, while that of the inode is given again when the
    /// namespace is gone. User space knows it as `SO_NETNS_COOKIE`.
    pub fn cookie(&self) -> u64 {
        // SAFETY: As above.
        unsafe { (*self.0.get()).net_cookie }
    }
}

/// A reference that keeps a namespace from going away.
///
/// # Invariants
///
/// Owns one count of the namespace's `ns.count`.
#[repr(transparent)]
pub struct NetRef(NonNull<Net>);

impl NetRef {
    /// The namespace of the calling task (for a module's `init`: of insmod); none in an interrupt
    /// and in a task that is exiting.
    pub fn current() -> Option<Self> {
        // SAFETY: No requirements; gives a counted reference or null.
        let net = unsafe { bindings::nf_helper_get_current_net() };
        // INVARIANT: That count.
        NonNull::new(net.cast()).map(Self)
    }

    /// The namespace with this inode number; none where there is none, or it is going away. Any
    /// context.
    pub fn by_inode(inode: u32) -> Option<Self> {
        // SAFETY: No requirements; gives a counted reference or null.
        let net = unsafe { bindings::nf_helper_get_net_by_inode(inode) };
        // INVARIANT: That count.
        NonNull::new(net.cast()).map(Self)
    }

    /// All namespaces that there are, but those that are going away, in the order in which they were
    /// made. They stay until these references are dropped.
    ///
    /// # Errors
    ///
    /// - `ENOMEM`.
    /// - `EDEADLK`: called where it may not sleep.
    ///
    /// # Context
    ///
    /// May sleep.
    pub fn all() -> Result<KVec<Self>> {
        if !may_sleep() {
            return Err(EDEADLK);
        }
        let mut nets = KVec::new();
        loop {
            let spare: &mut [MaybeUninit<Self>] = nets.spare_capacity_mut();
            let room = spare.len();
            // SAFETY: There is room for so many pointers, which is what references are.
            let number = unsafe { bindings::nf_helper_get_nets(spare.as_mut_ptr().cast(), room) };
            // INVARIANT: Each owns the count that was just taken.
            // SAFETY: So many have been written.
            unsafe { nets.inc_len(number.min(room)) };
            if number <= room {
                return Ok(nets);
            }
            nets.clear();
            nets.reserve(number, GFP_KERNEL)?;
        }
    }

    /// None where it is going away.
    ///
    /// # Safety
    ///
    /// `net` must be valid.
    pub(crate) unsafe fn get(net: NonNull<bindings::net>) -> Option<Self> {
        // SAFETY: By the safety requirement.
        let held = unsafe { bindings::nf_helper_get_net(net.as_ptr()) };
        // INVARIANT: That count. Made only with it: dropping one gives a count back.
        held.then(|| Self(net.cast()))
    }
}

// SAFETY: Namespaces and their counts belong to no task.
unsafe impl Send for NetRef {}

// SAFETY: As above; all that `&Net` gives may be used from any CPU.
unsafe impl Sync for NetRef {}

impl Deref for NetRef {
    type Target = Net;

    fn deref(&self) -> &Net {
        // SAFETY: By the type invariant.
        unsafe { self.0.as_ref() }
    }
}

impl Drop for NetRef {
    fn drop(&mut self) {
        // SAFETY: By the type invariant, and that count is used up here.
        unsafe { bindings::nf_helper_put_net(self.0.as_ptr().cast()) };
    }
}
