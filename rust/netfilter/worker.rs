// SPDX-License-Identifier: GPL-2.0-only

//! Work that is done again and again, where one may sleep.

use crate::{
    bindings,
    context::{may_end_work, may_sleep},
    registration::Deferred,
};
use core::{
    ffi::c_void,
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
/// Dropping it waits until the work is done and drops that. Dropped where it may not wait (in a hook, or
/// in work, its own or another's) it has a work item do that a moment later. One that is leaked goes on
/// until the module is unloaded.
///
/// C: `struct delayed_work`.
///
/// # Invariants
///
/// `inner` came from a [`KBox`], and is freed only by `finish`.
#[must_use = "the work ends as soon as it is dropped"]
pub struct Worker<W: Work> {
    inner: NonNull<Inner<W>>,
}

/// # Invariants
///
/// `worker` is from `nf_helper_worker_new()`, with the function of `W` and with `work`, and has not ended.
#[repr(C)]
struct Inner<W> {
    /// First, so that a pointer to it is one to the whole.
    deferred: Deferred,
    worker: NonNull<bindings::nf_worker>,
    work: Pin<KBox<W>>,
}

// SAFETY: The work is `Send` and `Sync`, and the C half belongs to no task.
unsafe impl<W: Work> Send for Worker<W> {}

// SAFETY: As above; `&Worker` only gives `&W`.
unsafe impl<W: Work> Sync for Worker<W> {}

impl<W: Work> Worker<W> {
    /// Begins at once; `ms` milliseconds are between the end of one time and the beginning of the next (2^31 and
    /// more: there is none).
    ///
    /// # Errors
    ///
    /// `ENOMEM`, `EDEADLK` where it may not sleep, `ESHUTDOWN` while the module is being freed.
    ///
    /// # Context
    ///
    /// May sleep.
    pub fn every(ms: u32, work: Pin<KBox<W>>) -> Result<Self> {
        if !may_sleep() {
            return Err(EDEADLK);
        }
        // Beforehand: nothing can fail once it is at work.
        let place = KBox::<Inner<W>>::new_uninit(GFP_KERNEL)?;
        let data = (&raw const *work).cast_mut().cast();
        // SAFETY: May sleep. `run::<W>` takes a `W`, which `work` is; it is dropped only once the worker has
        // ended.
        let worker = unsafe { bindings::nf_helper_worker_new(Some(run::<W>), data, ms) };
        // INVARIANT: Just made.
        let inner = KBox::leak(place.write(Inner {
            deferred: Deferred::new(finish::<W>),
            worker: NonNull::new(from_err_ptr(worker)?).ok_or(ENOMEM)?,
            work,
        }));
        // INVARIANT: From a box.
        Ok(Self {
            inner: NonNull::from(inner),
        })
    }
}

impl<W: Work> Deref for Worker<W> {
    type Target = W;

    fn deref(&self) -> &W {
        // SAFETY: By the type invariant.
        unsafe { &(*self.inner.as_ptr()).work }
    }
}

/// Ends a worker. May sleep.
///
/// # Safety
///
/// `deferred` must be that of an `Inner<W>` of a `Worker<W>` that is not used after this; the caller must not
/// be at work of this kind.
unsafe fn finish<W>(deferred: NonNull<Deferred>) {
    // SAFETY: By the safety requirement, and the invariants.
    let inner = unsafe { KBox::from_raw(deferred.cast::<Inner<W>>().as_ptr()) };
    // SAFETY: By the type invariant, and the safety requirement. Then nobody uses the work any more, and it
    // can go.
    unsafe { bindings::nf_helper_worker_end(inner.worker.as_ptr()) };
}

impl<W: Work> Drop for Worker<W> {
    fn drop(&mut self) {
        // SAFETY: By the type invariants, and this is its end. It is waited for only where that may be.
        unsafe { Deferred::end(self.inner.cast(), may_end_work()) };
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
