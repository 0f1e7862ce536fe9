// SPDX-License-Identifier: GPL-2.0-only

//! Work that is done again and again, where one may sleep.

use crate::{bindings, context::may_sleep};
use core::{
    ffi::c_void,
    mem::ManuallyDrop,
    ops::Deref,
    ptr::NonNull, //
};
use kernel::{error::from_err_ptr, prelude::*};

/// Work that a [`Worker`] does.
pub trait Work: Send + Sync + 'static {
    /// Once. May sleep; never on two CPUs at the same time.
    fn run(&self);
}

/// Does its [`Work`] in a task of the kernel, waits so long, does it again.
///
/// Dropping it waits until the work is done and drops that. Dropped where it may not wait (in its own
/// work, or in a hook) it stays until the module is unloaded, and so does one that is leaked.
///
/// C: `struct delayed_work`.
///
/// # Invariants
///
/// `worker` is from `nf_helper_worker_new()`, with the function of `W` and with `work`, and has not ended.
pub struct Worker<W: Work> {
    worker: NonNull<bindings::nf_worker>,
    work: ManuallyDrop<Pin<KBox<W>>>,
}

// SAFETY: The work is `Send` and `Sync`, and the C half belongs to no task.
unsafe impl<W: Work> Send for Worker<W> {}

// SAFETY: As above; `&Worker` only gives `&W`.
unsafe impl<W: Work> Sync for Worker<W> {}

impl<W: Work> Worker<W> {
    /// Begins at once; `ms` milliseconds are between the end of one time and the beginning of the next.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, `EDEADLK` where it may not sleep, `ESHUTDOWN` while the module is being unloaded.
    ///
    /// # Context
    ///
    /// May sleep.
    pub fn every(ms: u32, work: Pin<KBox<W>>) -> Result<Self> {
        if !may_sleep() {
            return Err(EDEADLK);
        }
        let data = (&raw const *work).cast_mut().cast();
        // SAFETY: May sleep. `run::<W>` takes a `W`, which `work` is; it is dropped only once the worker has
        // ended.
        let worker = unsafe { bindings::nf_helper_worker_new(Some(run::<W>), data, ms) };
        // INVARIANT: Just made.
        Ok(Self {
            worker: NonNull::new(from_err_ptr(worker)?).ok_or(ENOMEM)?,
            work: ManuallyDrop::new(work),
        })
    }
}

impl<W: Work> Deref for Worker<W> {
    type Target = W;

    fn deref(&self) -> &W {
        &self.work
    }
}

impl<W: Work> Drop for Worker<W> {
    fn drop(&mut self) {
        // SAFETY: By the type invariant, and this is its end; may sleep.
        if may_sleep() && unsafe { bindings::nf_helper_worker_end(self.worker.as_ptr()) } {
            // SAFETY: Nobody uses it any more, and it is not touched again.
            unsafe { ManuallyDrop::drop(&mut self.work) };
        }
    }
}

/// What the work item calls.
///
/// # Safety
///
/// `work` must be a `W` that is valid during the call.
unsafe extern "C" fn run<W: Work>(work: *mut c_void) {
    // SAFETY: By the safety requirement.
    unsafe { &*work.cast::<W>() }.run();
}
