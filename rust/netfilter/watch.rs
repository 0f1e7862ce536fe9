// SPDX-License-Identifier: GPL-2.0-only

//! Whether the hooks at a point are still those that one has seen.

use crate::{bindings, context::may_sleep, IpVersion, Net, Point};
use core::num::NonZeroUsize;
use kernel::{error::to_result, prelude::*, sync::rcu};

/// Tells arrays of hooks apart ([`ChainStamp`]), also one that was put where another has been.
///
/// C: a kprobe on the core's `__nf_hook_entries_free()`.
///
/// # Invariants
///
/// Owns one count of `nf_watch_users`: the probe is there.
pub struct ChainWatch(());

/// Which array of hooks, of all that there ever were while a [`ChainWatch`] was there.
///
/// The core makes a new array for each hook that is put in or taken out (but where memory is short when one
/// is taken out: then what does nothing stands in its place).
///
/// Stamps that are equal, of the same point: no other array has been there in between. If the array had been
/// replaced, it would have been freed before its place could be used again, and that is counted before. A
/// stamp from before the last `ChainWatch` had gone equals none that is made later.
///
/// There is deliberately no way to print it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ChainStamp {
    array: NonZeroUsize,
    freed: u64,
}

impl ChainWatch {
    /// # Errors
    ///
    /// `ENOENT`, `EOPNOTSUPP`: a kernel without that function, or without kprobes. `EDEADLK` where it may
    /// not sleep, `ESHUTDOWN` while the module is being freed.
    ///
    /// # Context
    ///
    /// May sleep.
    pub fn new() -> Result<Self> {
        if !may_sleep() {
            return Err(EDEADLK);
        }
        // SAFETY: May sleep.
        to_result(unsafe { bindings::nf_helper_watch_get() })?;
        // INVARIANT: That count.
        Ok(Self(()))
    }

    /// Which array is at a point of `net` now; none where no hook is. Any context.
    #[inline]
    pub fn stamp(
        &self,
        net: &Net,
        version: IpVersion,
        point: Point,
        _rcu: &rcu::Guard,
    ) -> Option<ChainStamp> {
        let pf = match version {
            IpVersion::V4 => bindings::NFPROTO_IPV4,
            IpVersion::V6 => bindings::NFPROTO_IPV6,
        };
        let mut freed = 0;
        // SAFETY: The namespace is valid, and RCU is locked.
        let array = unsafe {
            bindings::nf_helper_watch_chain(
                net.as_ptr().as_ptr(),
                pf as u8,
                point.hooknum(),
                &mut freed,
            )
        };
        let array = NonZeroUsize::new(array.addr())?;
        Some(ChainStamp { array, freed })
    }
}

/// May sleep. Where it may not, the probe stays until the module is unloaded.
impl Drop for ChainWatch {
    fn drop(&mut self) {
        if may_sleep() {
            // SAFETY: By the type invariant; may sleep.
            unsafe { bindings::nf_helper_watch_put() };
        }
    }
}
