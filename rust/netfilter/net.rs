// SPDX-License-Identifier: GPL-2.0-only

//! Network namespaces.

use crate::bindings;
use core::{ops::Deref, ptr::NonNull};
use kernel::types::Opaque;

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
    pub(crate) unsafe fn from_raw<'a>(net: *const bindings::net) -> &'a Self {
        // SAFETY: By the safety requirement; `Self` has the same layout.
        unsafe { &*net.cast() }
    }

    pub(crate) fn as_ptr(&self) -> NonNull<bindings::net> {
        NonNull::from(&self.0).cast()
    }

    /// The inode number by which user space knows the namespace (`/proc/self/ns/net`, `lsns`).
    pub fn inode(&self) -> u32 {
        // SAFETY: By the type invariant; the number is set before the namespace can be seen and does
        // not change.
        unsafe { (*self.0.get()).ns.inum }
    }
}

/// A reference that keeps a namespace from going away.
///
/// # Invariants
///
/// Owns one count of the namespace's `ns.count`.
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
