// SPDX-License-Identifier: GPL-2.0-only

//! Turning connection tracking on.

use crate::{
    bindings,
    context::{may_end_work, may_sleep},
    Net,
};
use core::ptr::{self, NonNull};
use kernel::{error::to_result, prelude::*};

/// Keeps connection tracking of IPv4 and IPv6 turned on, as a rule of nft with `ct` in it does.
///
/// Dropping it turns it off, but for others that want it. Dropped where it may not sleep (in a hook,
/// say), it complains, and tracking stays on until the module is unloaded. The same holds for one
/// that is leaked.
///
/// nf_conntrack is loaded for the first of them, and can then not be unloaded before the module that
/// asked for it. A module that does not ask does not depend on it.
///
/// A namespace that goes away takes its connections along.
///
/// ```ignore
/// let tracking = Tracking::in_all_nets()?;
/// ```
///
/// C: `nf_ct_netns_get()`, `nf_ct_netns_put()`.
///
/// # Invariants
///
/// From `nf_helper_track()`, and owned.
#[must_use = "tracking is off as soon as it is dropped"]
pub struct Tracking(NonNull<bindings::nf_tracking>);

// SAFETY: By the type invariant; belongs to no task, and is guarded by a mutex.
unsafe impl Send for Tracking {}

// SAFETY: There is nothing to be done with a reference.
unsafe impl Sync for Tracking {}

impl Tracking {
    /// Turns it on in `net`.
    ///
    /// # Errors
    ///
    /// - `EOPNOTSUPP`: nf_conntrack cannot be loaded.
    /// - `ENOENT`: `net` is going away.
    /// - `ENOMEM`, and what the hooks of nf_conntrack fail to register with.
    /// - `EDEADLK`: called where it may not sleep, by
    ///   [`Registration::per_net`](crate::Registration::per_net), or by a [`Worker`](crate::Worker).
    /// - `ESHUTDOWN`: called while the module is being freed.
    ///
    /// # Context
    ///
    /// May sleep.
    pub fn in_net(net: &Net) -> Result<Self> {
        Self::new(net.as_ptr().as_ptr())
    }

    /// Turns it on in every namespace, present and future, or, with an error, in none.
    ///
    /// # Errors
    ///
    /// As [`in_net`](Self::in_net).
    ///
    /// # Context
    ///
    /// May sleep.
    pub fn in_all_nets() -> Result<Self> {
        Self::new(ptr::null_mut())
    }

    fn new(net: *mut bindings::net) -> Result<Self> {
        // Nor at work: that could wait for nf_conntrack to be loaded, this for the end of our module, and
        // that for the work.
        if !may_end_work() {
            return Err(EDEADLK);
        }
        let mut tracking = ptr::null_mut();
        // SAFETY: May sleep, as checked; `net` is null or valid.
        to_result(unsafe { bindings::nf_helper_track(net, &mut tracking) })?;
        // INVARIANT: Just made.
        NonNull::new(tracking).map(Self).ok_or(ENOMEM)
    }
}

impl Drop for Tracking {
    fn drop(&mut self) {
        if !may_sleep() {
            pr_err!("Tracking dropped in atomic context: it stays on until module unload\n");
            return;
        }
        // SAFETY: By the type invariant it is ours to give back; may sleep, as checked.
        unsafe { bindings::nf_helper_untrack(self.0.as_ptr()) };
    }
}
