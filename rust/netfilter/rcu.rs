// SPDX-License-Identifier: GPL-2.0-only

//! A value that hooks read while it is replaced.

use crate::context::may_sleep;
use core::{
    ptr::NonNull,
    sync::atomic::{
        AtomicPtr,
        Ordering::{AcqRel, Acquire}, //
    },
};
use kernel::{
    prelude::*,
    sync::rcu::{self, synchronize_rcu}, //
};

/// A value that can be replaced as a whole, and read at the same time without a lock.
///
/// A hook has the proof that RCU is locked from its packet: `cell.read(packet.rcu())`.
///
/// C: `rcu_dereference()`, `rcu_assign_pointer()`.
///
/// # Invariants
///
/// The pointer came from a [`KBox`], which is this type's; it is freed only a grace period after it has
/// been replaced, or when nobody has this any more.
// Rust's own atomic, of which a load is one instruction and no call. Nothing but what is here accesses it.
pub struct RcuCell<T: Send + Sync + 'static>(AtomicPtr<T>);

// SAFETY: It owns a `T`, which is `Send`.
unsafe impl<T: Send + Sync + 'static> Send for RcuCell<T> {}

// SAFETY: All that `&RcuCell` gives is `&T`, and dropping a `T` elsewhere: it is `Sync` and `Send`.
unsafe impl<T: Send + Sync + 'static> Sync for RcuCell<T> {}

impl<T: Send + Sync + 'static> RcuCell<T> {
    /// Has `value`.
    pub fn new(value: KBox<T>) -> Self {
        // INVARIANT: From a box.
        Self(AtomicPtr::new(KBox::into_raw(value)))
    }

    /// The value as it is now. Any context.
    #[inline]
    pub fn read<'a>(&'a self, _rcu: &'a rcu::Guard) -> &'a T {
        // SAFETY: By the type invariant it is valid until a grace period after it is replaced, and RCU
        // stays locked during `'a`.
        unsafe { &*self.0.load(Acquire) }
    }

    /// Replaces the value, and drops the old one.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, `EDEADLK` where it may not sleep: then the value is as before.
    ///
    /// # Context
    ///
    /// May sleep: it waits until nobody reads the old value.
    pub fn replace(&self, value: KBox<T>) -> Result {
        Self::replace_all([(self, value)])
    }

    /// Replaces several, with one wait. When this returns a grace period has passed since the last was
    /// replaced.
    ///
    /// # Errors
    ///
    /// As [`replace`](Self::replace).
    ///
    /// # Context
    ///
    /// May sleep.
    pub fn replace_all<'a>(changes: impl IntoIterator<Item = (&'a Self, KBox<T>)>) -> Result {
        if !may_sleep() {
            return Err(EDEADLK);
        }
        let mut all = KVec::new();
        for change in changes {
            all.push(change, GFP_KERNEL)?;
        }
        let mut old = KVec::with_capacity(all.len(), GFP_KERNEL)?;
        for (cell, value) in all {
            // INVARIANT: From a box.
            let replaced = cell.0.swap(KBox::into_raw(value), AcqRel);
            // There is room.
            let _ = old.push(NonNull::new(replaced), GFP_KERNEL);
        }
        synchronize_rcu();
        for replaced in old.into_iter().flatten() {
            // SAFETY: By the type invariant from a box; replaced, and a grace period has passed.
            drop(unsafe { KBox::from_raw(replaced.as_ptr()) });
        }
        Ok(())
    }
}

impl<T: Send + Sync + 'static> Drop for RcuCell<T> {
    fn drop(&mut self) {
        // SAFETY: By the type invariant from a box. Nobody reads it: that would borrow this.
        drop(unsafe { KBox::from_raw(*self.0.get_mut()) });
    }
}
