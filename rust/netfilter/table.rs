// SPDX-License-Identifier: GPL-2.0-only

//! Which ops arrays of this module are in which namespaces.
//!
//! One table a module, behind a mutex of `helpers.c`: the namespaces that are alive, as the core's
//! pernet operations tell, and the arrays that are registered. A new namespace gets the arrays that
//! are for all; one that goes away has them all taken off in `pre_exit`, before the grace period
//! that the core waits for all the namespaces that go at once.

use crate::bindings;
use core::{cell::UnsafeCell, ptr::NonNull};
use kernel::{
    error::{from_result, to_result},
    ffi::c_int,
    prelude::*, //
};

/// What an array is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Every namespace, present and future.
    All,
    /// This one.
    Net(NonNull<bindings::net>),
    /// This device, which is in this namespace.
    Device(NonNull<bindings::net>, NonNull<bindings::net_device>),
    /// Nothing: it is not in the table. Perhaps what it was for has gone.
    Gone,
}

impl Scope {
    fn has(self, net: NonNull<bindings::net>) -> bool {
        match self {
            Self::All => true,
            Self::Net(own) | Self::Device(own, _) => own == net,
            Self::Gone => false,
        }
    }
}

/// An ops array in the core's form.
///
/// # Invariants
///
/// While an array is in the table it does not move, and neither it nor what its `priv` pointers
/// point to is freed; it is in the core's chains of those namespaces of the table that are in its
/// scope, and of no others. While it is not, its scope is `Gone`.
pub(crate) struct Array {
    ops: KVVec<bindings::nf_hook_ops>,
    scope: Scope,
}

// SAFETY: The pointers in the ops are to functions and to data that is `Sync` (see `Hook::Data`).
unsafe impl Send for Array {}

// SAFETY: As above.
unsafe impl Sync for Array {}

impl Array {
    /// Not for anything yet.
    pub(crate) fn new(ops: KVVec<bindings::nf_hook_ops>) -> Self {
        Self {
            ops,
            scope: Scope::Gone,
        }
    }

    /// For a device, before the array is in the table.
    pub(crate) fn set_device(&mut self, dev: NonNull<bindings::net_device>) {
        self.ops.iter_mut().for_each(|op| op.dev = dev.as_ptr());
    }

    /// All of the array or, with an error, nothing of it.
    ///
    /// # Safety
    ///
    /// `net` must be alive, the array as the type's invariants say, and not in `net` yet.
    unsafe fn register(&self, net: NonNull<bindings::net>) -> Result {
        // SAFETY: By the safety requirement.
        to_result(unsafe {
            bindings::nf_register_net_hooks(net.as_ptr(), self.ops.as_ptr(), self.count())
        })
    }

    /// # Safety
    ///
    /// The array must be in `net`, and `net` alive.
    unsafe fn unregister(&self, net: NonNull<bindings::net>) {
        // SAFETY: By the safety requirement.
        unsafe { bindings::nf_unregister_net_hooks(net.as_ptr(), self.ops.as_ptr(), self.count()) };
    }

    /// Fits: `Registration` takes far fewer.
    fn count(&self) -> u32 {
        self.ops.len() as u32
    }
}

struct Table {
    /// Alive: between the core's calls of `init` and `pre_exit`.
    nets: KVec<NonNull<bindings::net>>,
    arrays: KVec<NonNull<Array>>,
}

impl Table {
    fn forget_gone(&mut self) {
        self.arrays.retain(|array| {
            // SAFETY: An array of the table is valid.
            unsafe { array.as_ref() }.scope != Scope::Gone
        });
    }
}

/// The table behind its mutex.
///
/// # Invariants
///
/// The table is touched only between `nf_helper_table_lock()` and `nf_helper_table_unlock()`, which
/// [`with`](Self::with) calls.
struct Locked(UnsafeCell<Table>);

// SAFETY: By the type invariant.
unsafe impl Sync for Locked {}

static TABLE: Locked = Locked(UnsafeCell::new(Table {
    nets: KVec::new(),
    arrays: KVec::new(),
}));

impl Locked {
    /// May sleep. `f` must not come back here.
    fn with<R>(&self, f: impl FnOnce(&mut Table) -> R) -> R {
        // SAFETY: No requirements but that we may sleep: all callers do.
        unsafe { bindings::nf_helper_table_lock() };
        // SAFETY: By the type invariant nobody else has it.
        let result = f(unsafe { &mut *self.0.get() });
        // SAFETY: Locked above.
        unsafe { bindings::nf_helper_table_unlock() };
        result
    }
}

/// The core's calls when namespaces and devices come and go: the table knows nothing without them.
///
/// # Invariants
///
/// Owns one count of `nf_callbacks_users`.
pub(crate) struct Callbacks(());

impl Callbacks {
    /// May sleep; with no lock held that the core takes (the RTNL).
    pub(crate) fn get() -> Result<Self> {
        // SAFETY: As for this function.
        to_result(unsafe { bindings::nf_helper_get_callbacks() })?;
        // INVARIANT: That count.
        Ok(Self(()))
    }
}

/// May sleep; with no lock held that the core takes.
impl Drop for Callbacks {
    fn drop(&mut self) {
        // SAFETY: By the type invariant.
        unsafe { bindings::nf_helper_put_callbacks() };
    }
}

/// Puts an array into the table and into the namespaces of `scope`: into all of them or, with an
/// error, into none. `ENOENT` for one that is going away.
///
/// May sleep. After an error a grace period must pass before the array is freed: it may have been
/// in a chain for a moment.
///
/// # Safety
///
/// `array` must be valid and nobody else's, and made with [`Callbacks`] that stay. Unless this fails,
/// it must stay where it is until [`remove`] and a grace period after it, and so must all that its
/// ops point to.
pub(crate) unsafe fn insert(mut array: NonNull<Array>, scope: Scope) -> Result {
    TABLE.with(|table| {
        // SAFETY: By the safety requirement.
        let new = unsafe { array.as_mut() };
        let nets = || table.nets.iter().copied().filter(|&net| scope.has(net));
        if scope != Scope::All && nets().next().is_none() {
            return Err(ENOENT);
        }
        table.arrays.reserve(1, GFP_KERNEL)?;
        for (done, net) in nets().enumerate() {
            // SAFETY: A namespace of the table is alive; the array is not in it yet.
            if let Err(error) = unsafe { new.register(net) } {
                for net in nets().take(done) {
                    // SAFETY: Registered just above; still alive, as the table is locked.
                    unsafe { new.unregister(net) };
                }
                return Err(error);
            }
        }
        // INVARIANT: It is in all namespaces of its scope, and the caller keeps it in place.
        new.scope = scope;
        table.arrays.push(array, GFP_KERNEL)?;
        Ok(())
    })
}

/// After [`remove`] and a grace period: drops the packets that hooks of the array have stolen.
pub(crate) fn drop_stolen(array: &Array) {
    // SAFETY: The ops are only compared with.
    unsafe { bindings::nf_stolen_ops_gone(array.ops.as_ptr(), array.count()) };
}

/// Takes arrays out of all chains and out of the table, where they are there. They may still be in use
/// until a grace period has passed. May sleep.
pub(crate) fn remove(gone: impl Iterator<Item = NonNull<Array>>) {
    TABLE.with(|table| {
        for mut array in gone {
            // SAFETY: The caller's arrays are valid, and only looked at and changed under the lock.
            let array = unsafe { array.as_mut() };
            for &net in table.nets.iter().filter(|&&net| array.scope.has(net)) {
                // SAFETY: By `Array`'s invariants it is there; namespaces of the table are alive.
                unsafe { array.unregister(net) };
            }
            array.scope = Scope::Gone;
        }
        table.forget_gone();
    });
}

/// A namespace has come: pernet operation `init`.
#[no_mangle]
extern "C" fn nf_table_net_init(net: *mut bindings::net) -> c_int {
    from_result(|| {
        let net = NonNull::new(net).ok_or(EINVAL)?;
        TABLE.with(|table| {
            table.nets.reserve(1, GFP_KERNEL)?;
            let all = || {
                table.arrays.iter().filter(|array| {
                    // SAFETY: An array of the table is valid.
                    unsafe { array.as_ref() }.scope.has(net)
                })
            };
            for (done, array) in all().enumerate() {
                // SAFETY: As above, and the core calls this with a namespace that is alive and new.
                if let Err(error) = unsafe { array.as_ref().register(net) } {
                    for array in all().take(done) {
                        // SAFETY: Registered just above; the namespace is alive.
                        unsafe { array.as_ref().unregister(net) };
                    }
                    return Err(error);
                }
            }
            // INVARIANT: All arrays for all namespaces are in this one.
            table.nets.push(net, GFP_KERNEL)?;
            Ok(0)
        })
    })
}

/// A namespace goes, or our callbacks are taken off: pernet operation `pre_exit`.
#[no_mangle]
extern "C" fn nf_table_net_pre_exit(net: *mut bindings::net) {
    let Some(net) = NonNull::new(net) else { return };
    TABLE.with(|table| {
        let alive = table.nets.len();
        table.nets.retain(|&mut other| other != net);
        if table.nets.len() == alive {
            return;
        }
        for array in &mut table.arrays {
            // SAFETY: An array of the table is valid, and only looked at and changed under its lock.
            let array = unsafe { array.as_mut() };
            if array.scope.has(net) {
                // SAFETY: By `Array`'s invariants it is there; `net` is alive until `exit`.
                unsafe { array.unregister(net) };
                if array.scope != Scope::All {
                    array.scope = Scope::Gone;
                }
            }
        }
        table.forget_gone();
    });
}

/// A device goes, or moves to another namespace: netdevice event `NETDEV_UNREGISTER`.
#[no_mangle]
extern "C" fn nf_table_device_gone(net: *mut bindings::net, dev: *mut bindings::net_device) {
    let (Some(net), Some(dev)) = (NonNull::new(net), NonNull::new(dev)) else {
        return;
    };
    TABLE.with(|table| {
        for array in &mut table.arrays {
            // SAFETY: An array of the table is valid, and only looked at and changed under its lock.
            let array = unsafe { array.as_mut() };
            if array.scope == Scope::Device(net, dev) {
                // SAFETY: By `Array`'s invariants it is there; the caller holds namespace and device.
                unsafe { array.unregister(net) };
                array.scope = Scope::Gone;
            }
        }
        table.forget_gone();
    });
}

/// The module is being freed: nothing is registered any more, not even what safe code has leaked.
#[no_mangle]
extern "C" fn nf_table_free() {
    TABLE.with(|table| {
        *table = Table {
            nets: KVec::new(),
            arrays: KVec::new(),
        }
    });
}
