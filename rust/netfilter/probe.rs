// SPDX-License-Identifier: GPL-2.0-only

//! What the probes on the kernel's own functions and tracepoints have in common.

use crate::{
    context::{may_register, may_sleep},
    registration::Deferred,
};
use core::{ffi::c_void, ptr, ptr::NonNull};
use kernel::{error::to_result, ffi::c_int, prelude::*};

/// A probe that is registered, and the data that it is called with.
///
/// Dropping it takes the probe off, waits until no CPU is in it, and then drops the data; where it may
/// not sleep it has a work item do so.
///
/// # Invariants
///
/// `inner` came from a [`KBox`], and is freed only by `finish`. Its probe is registered until then.
pub(crate) struct Probe<T, D: Send + Sync + 'static> {
    inner: NonNull<Inner<T, D>>,
}

#[repr(C)]
struct Inner<T, D> {
    /// First, so that a pointer to it is one to the whole.
    deferred: Deferred,
    raw: *mut T,
    remove: unsafe extern "C" fn(*mut T),
    data: Pin<KBox<D>>,
}

// SAFETY: It owns a `D`, which is `Send`, and a probe, which is bound to no task.
unsafe impl<T, D: Send + Sync + 'static> Send for Probe<T, D> {}

// SAFETY: `&Probe` only gives `&D`, and `D` is `Sync`, and a pointer.
unsafe impl<T, D: Send + Sync + 'static> Sync for Probe<T, D> {}

impl<T, D: Send + Sync + 'static> Probe<T, D> {
    /// Registers a probe by `add`, which is given the data and a place for what it makes. `EDEADLK`
    /// where it may not sleep.
    ///
    /// # Safety
    ///
    /// `add` may sleep, and gives 0 and an object, or an error and nothing; it may use the data until
    /// `remove`, which may sleep, has returned for that object.
    pub(crate) unsafe fn new<E>(
        data: impl PinInit<D, E>,
        remove: unsafe extern "C" fn(*mut T),
        add: impl FnOnce(*mut c_void, &mut *mut T) -> c_int,
    ) -> Result<Self>
    where
        Error: From<E>,
    {
        if !may_sleep() {
            return Err(EDEADLK);
        }
        let data = KBox::pin_init(data, GFP_KERNEL)?;
        // Beforehand: nothing can fail once the probe is there.
        let place = KBox::<Inner<T, D>>::new_uninit(GFP_KERNEL)?;
        let mut raw = ptr::null_mut();
        to_result(add(NonNull::from(&*data).as_ptr().cast(), &mut raw))?;
        // INVARIANT: Just registered.
        let inner = KBox::leak(place.write(Inner {
            deferred: Deferred::new(finish::<T, D>),
            raw,
            remove,
            data,
        }));
        Ok(Self {
            inner: NonNull::from(inner),
        })
    }

    /// What `add` has made.
    pub(crate) fn as_ptr(&self) -> *mut T {
        // SAFETY: By the type invariants.
        unsafe { (*self.inner.as_ptr()).raw }
    }

    pub(crate) fn data(&self) -> &D {
        // SAFETY: By the type invariants.
        unsafe { &(*self.inner.as_ptr()).data }
    }
}

/// Takes a probe off. May sleep.
///
/// # Safety
///
/// `deferred` must be that of an `Inner<T, D>` of a `Probe<T, D>` that is not used after this.
unsafe fn finish<T, D>(deferred: NonNull<Deferred>) {
    // SAFETY: By the safety requirement, and the invariants.
    let inner = unsafe { KBox::from_raw(deferred.cast::<Inner<T, D>>().as_ptr()) };
    // SAFETY: As `Probe::new` requires; then nobody is in the probe any more, and the data can go.
    unsafe { (inner.remove)(inner.raw) };
}

impl<T, D: Send + Sync + 'static> Drop for Probe<T, D> {
    fn drop(&mut self) {
        // SAFETY: By the type invariants, and this is its end.
        unsafe { Deferred::end(self.inner.cast(), may_register()) };
    }
}
