// SPDX-License-Identifier: GPL-2.0-only

//! A lock for what hooks share.

use crate::bindings;
use core::{
    cell::UnsafeCell,
    ops::{Deref, DerefMut}, //
};
use kernel::{prelude::*, types::NotThreadSafe, types::Opaque};

/// A spinlock that keeps softirqs off while it is held (`spin_lock_bh()`), so that a hook in a sending
/// task and the same hook in a softirq do not wait for each other on one CPU. Not for hard interrupts.
///
/// Taking it twice is a deadlock, as with every spinlock.
///
/// # Invariants
///
/// The lock is initialised, and whoever touches the data holds it.
#[pin_data]
pub struct SpinLockBh<T> {
    #[pin]
    lock: Opaque<bindings::spinlock_t>,
    data: UnsafeCell<T>,
}

// SAFETY: It can be sent where what it protects can.
unsafe impl<T: Send> Send for SpinLockBh<T> {}

// SAFETY: By the type invariant only one has the data at a time.
unsafe impl<T: Send> Sync for SpinLockBh<T> {}

impl<T> SpinLockBh<T> {
    /// A lock around `data`.
    pub fn new(data: T) -> impl PinInit<Self> {
        // INVARIANT: Initialised here.
        pin_init!(Self {
            // SAFETY: The slot is valid for a spinlock, which does not move.
            lock <- Opaque::ffi_init(|slot| unsafe { bindings::nf_helper_spin_lock_init(slot) }),
            data: UnsafeCell::new(data),
        })
    }

    /// Waits for the lock; it is held until the guard is dropped.
    ///
    /// # Context
    ///
    /// Task or softirq.
    pub fn lock(&self) -> SpinLockBhGuard<'_, T> {
        // SAFETY: By the type invariant.
        unsafe { bindings::nf_helper_spin_lock_bh(self.lock.get()) };
        // INVARIANT: Locked.
        SpinLockBhGuard {
            lock: self,
            _not_send: NotThreadSafe,
        }
    }
}

/// Holds a [`SpinLockBh`].
///
/// # Invariants
///
/// The lock is held by this CPU.
#[must_use = "the lock is given back at once"]
pub struct SpinLockBhGuard<'a, T> {
    lock: &'a SpinLockBh<T>,
    _not_send: NotThreadSafe,
}

impl<T> Deref for SpinLockBhGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: By the type invariant.
        unsafe { &*self.lock.data.get() }
    }
}

impl<T> DerefMut for SpinLockBhGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: By the type invariant; `&mut` of the guard is the only way here.
        unsafe { &mut *self.lock.data.get() }
    }
}

impl<T> Drop for SpinLockBhGuard<'_, T> {
    fn drop(&mut self) {
        // SAFETY: By the type invariant.
        unsafe { bindings::nf_helper_spin_unlock_bh(self.lock.lock.get()) };
    }
}

// SAFETY: `&SpinLockBhGuard` only gives `&T`.
unsafe impl<T: Sync> Sync for SpinLockBhGuard<'_, T> {}
