// SPDX-License-Identifier: GPL-2.0-only

//! Ops arrays in the core's chains.

use crate::{
    bindings,
    context::may_sleep,
    device::Rtnl,
    hook::{DeviceOp, Op},
    net::Net,
    table::{self, Array, Callbacks, Scope}, //
};
use core::{
    ops::Deref,
    ptr::NonNull, //
};
use kernel::{
    prelude::*,
    sync::rcu::synchronize_rcu, //
};

/// An ops array that is registered, and the data that its hooks share.
///
/// Dropping it takes the hooks off, waits a grace period, and then drops the data: no hook runs any
/// more, on any CPU, and nobody reads the ops. Dropped where it may not sleep (in a hook, say), it has
/// a work item do that a moment later. One that is leaked stays until the module is unloaded.
///
/// A namespace that goes away takes the hooks in it along.
///
/// # Invariants
///
/// `inner` came from a [`KBox`], and is freed only by `finish`; its array is in the table until then.
///
/// C: `nf_register_net_hooks()`, `nf_unregister_net_hooks()`, `struct pernet_operations`.
pub struct Registration<D: Send + Sync + 'static> {
    inner: NonNull<Inner<D>>,
}

/// # Invariants
///
/// `array` keeps the table's requirements: it does not move, and it and `data`, which its ops point
/// to, are freed only after `table::remove` and a grace period; `_callbacks` are there for as long.
#[repr(C)]
struct Inner<D> {
    /// First, so that a pointer to it is one to the whole.
    deferred: Deferred,
    array: Array,
    data: Pin<KBox<D>>,
    _callbacks: Callbacks,
}

/// A registration whose end has been left to the work item.
#[repr(C)]
struct Deferred {
    /// First: `helpers.c` links them by it.
    node: bindings::llist_node,
    finish: unsafe fn(NonNull<Deferred>),
}

// SAFETY: It owns a `D`, which is `Send`, and an array, which is bound to no task.
unsafe impl<D: Send + Sync + 'static> Send for Registration<D> {}

// SAFETY: `&Registration` only gives `&D`, and `D` is `Sync`.
unsafe impl<D: Send + Sync + 'static> Sync for Registration<D> {}

impl<D: Send + Sync + 'static> Registration<D> {
    /// Puts all of `ops` into `net` or, with an error, none.
    ///
    /// # Errors
    ///
    /// - `E2BIG`: a point would have more than 1024 hooks.
    /// - `ENOENT`: `net` is going away.
    /// - `ENOMEM`, and what `data` fails with.
    /// - `EDEADLK`: called where it may not sleep, in a hook for instance.
    ///
    /// # Context
    ///
    /// May sleep.
    pub fn in_net<E>(net: &Net, ops: &[Op<D>], data: impl PinInit<D, E>) -> Result<Self>
    where
        Error: From<E>,
    {
        Self::new(ops.iter().map(Op::raw), data, |array| {
            // SAFETY: As `new` promises.
            unsafe { table::insert(array, Scope::Net(net.as_ptr())) }
        })
    }

    /// Puts all of `ops` into every namespace, present and future, or, with an error, into none.
    ///
    /// # Errors
    ///
    /// As [`in_net`](Self::in_net). The making of a namespace later on fails where the array does not
    /// fit into it.
    ///
    /// # Context
    ///
    /// May sleep.
    pub fn in_all_nets<E>(ops: &[Op<D>], data: impl PinInit<D, E>) -> Result<Self>
    where
        Error: From<E>,
    {
        Self::new(ops.iter().map(Op::raw), data, |array| {
            // SAFETY: As `new` promises.
            unsafe { table::insert(array, Scope::All) }
        })
    }

    /// Puts all of `ops` on the device called `device` in `net` or, with an error, none.
    ///
    /// A device that goes away or moves to another namespace takes the hooks on it along.
    ///
    /// # Errors
    ///
    /// As [`in_net`](Self::in_net), and `ENODEV`: there is no device of that name.
    ///
    /// # Context
    ///
    /// May sleep.
    pub fn on_device<E>(
        net: &Net,
        device: &CStr,
        ops: &[DeviceOp<D>],
        data: impl PinInit<D, E>,
    ) -> Result<Self>
    where
        Error: From<E>,
    {
        Self::new(ops.iter().map(DeviceOp::raw), data, |mut array| {
            // Held until the array is in the table: from then on the notifier takes care.
            let rtnl = Rtnl::lock();
            let dev = rtnl.device(net, device).ok_or(ENODEV)?;
            // SAFETY: As `new` promises; nobody else has the array yet.
            unsafe {
                array.as_mut().set_device(dev);
                table::insert(array, Scope::Device(net.as_ptr(), dev))
            }
        })
    }

    /// Makes data and array, and lets `insert` put the array into the table. The array that `insert`
    /// is given is valid and its alone; if `insert` succeeds it stays until it is out of the table
    /// and a grace period has passed, and so do the data and the callbacks.
    fn new<E>(
        ops: impl ExactSizeIterator<Item = bindings::nf_hook_ops>,
        data: impl PinInit<D, E>,
        insert: impl FnOnce(NonNull<Array>) -> Result,
    ) -> Result<Self>
    where
        Error: From<E>,
    {
        if !may_sleep() {
            return Err(EDEADLK);
        }
        // More is a warning of the allocator's.
        const {
            assert!(
                size_of::<D>() <= 4 << 20,
                "the data are too large for one allocation"
            )
        };
        if ops.len() > MAX_OPS {
            return Err(E2BIG);
        }
        let callbacks = Callbacks::get()?;
        let data = KBox::pin_init(data, GFP_KERNEL)?;
        let mut raw = KVec::with_capacity(ops.len(), GFP_KERNEL)?;
        for op in ops {
            // The ops' functions take a `D`: see the invariants of `Op`.
            let priv_ = NonNull::from(&*data).as_ptr().cast();
            raw.push(bindings::nf_hook_ops { priv_, ..op }, GFP_KERNEL)?;
        }
        let inner = Inner {
            deferred: Deferred {
                node: Default::default(),
                finish: finish::<D>,
            },
            array: Array::new(raw),
            data,
            _callbacks: callbacks,
        };
        let inner = NonNull::from(KBox::leak(KBox::new(inner, GFP_KERNEL)?));
        // SAFETY: Made from a box just now.
        let array = unsafe { NonNull::new_unchecked(&raw mut (*inner.as_ptr()).array) };
        if let Err(error) = insert(array) {
            // SAFETY: Not in the table, and not used after this.
            unsafe { free(inner) };
            return Err(error);
        }
        // INVARIANT: Its array has just been put into the table.
        Ok(Self { inner })
    }
}

/// More do not fit into the chains of one namespace and device: 1024 at each of 18 points.
const MAX_OPS: usize = 18 * 1024;

/// Takes a registration off. May sleep.
///
/// # Safety
///
/// `deferred` must be that of an `Inner<D>` of a `Registration<D>` that is not used after this.
unsafe fn finish<D>(deferred: NonNull<Deferred>) {
    let inner = deferred.cast::<Inner<D>>();
    // SAFETY: By the safety requirement.
    table::remove(unsafe { NonNull::new_unchecked(&raw mut (*inner.as_ptr()).array) });
    // SAFETY: Out of the table, and not used after this.
    unsafe { free(inner) };
}

/// Frees what is not in the table any more, once nobody can be reading it. May sleep.
///
/// # Safety
///
/// `inner` must have come from a box, not be in the table, and not be used after this.
unsafe fn free<D>(inner: NonNull<Inner<D>>) {
    synchronize_rcu();
    // SAFETY: By the safety requirement, and no hook runs any more: a grace period has passed.
    let inner = unsafe { KBox::from_raw(inner.as_ptr()) };
    table::drop_stolen(&inner.array);
}

/// The work item's.
///
/// # Safety
///
/// `node` must be that of a `Deferred`, which is the work item's alone.
#[no_mangle]
unsafe extern "C" fn nf_registration_finish(node: *mut bindings::llist_node) {
    if let Some(deferred) = NonNull::new(node.cast::<Deferred>()) {
        // SAFETY: By the safety requirement; `finish` is that of its own type.
        unsafe { (deferred.as_ref().finish)(deferred) };
    }
}

impl<D: Send + Sync + 'static> Deref for Registration<D> {
    type Target = D;

    fn deref(&self) -> &D {
        // SAFETY: By the type invariant.
        unsafe { &(*self.inner.as_ptr()).data }
    }
}

impl<D: Send + Sync + 'static> Drop for Registration<D> {
    fn drop(&mut self) {
        let deferred = self.inner.cast::<Deferred>();
        if may_sleep() {
            // SAFETY: By the type invariant, and this is its end.
            unsafe { finish::<D>(deferred) };
        } else {
            // SAFETY: As above; the work item is the only one to use it from now on.
            unsafe { bindings::nf_helper_defer(deferred.as_ptr().cast()) };
        }
    }
}
