// SPDX-License-Identifier: GPL-2.0-only

//! Ops arrays in the core's chains.

use crate::{
    bindings,
    device::Rtnl,
    hook::{DeviceOp, Op},
    net::Net,
    table::{self, Array, Callbacks, Scope}, //
};
use core::{
    mem::ManuallyDrop,
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
/// more, on any CPU, and nobody reads the ops. Dropped where it may not sleep (in a hook, say), it
/// cannot wait: then it complains, and hooks and data stay until the module is unloaded. The same
/// holds for one that is leaked.
///
/// A namespace that goes away takes the hooks in it along.
///
/// # Invariants
///
/// `array` came from a [`KBox`] and is in the table, whose requirements this keeps: it is freed only
/// here, after `table::remove` and a grace period, and so is `data`, which its ops point to.
/// `callbacks` are there for as long.
///
/// C: `nf_register_net_hooks()`, `nf_unregister_net_hooks()`, `struct pernet_operations`.
pub struct Registration<D: Send + Sync + 'static> {
    array: NonNull<Array>,
    data: ManuallyDrop<Pin<KBox<D>>>,
    callbacks: ManuallyDrop<Callbacks>,
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
        let callbacks = Callbacks::get()?;
        let data = KBox::pin_init(data, GFP_KERNEL)?;
        let mut raw = KVec::with_capacity(ops.len(), GFP_KERNEL)?;
        for op in ops {
            // The ops' functions take a `D`: see the invariants of `Op`.
            let priv_ = NonNull::from(&*data).as_ptr().cast();
            raw.push(bindings::nf_hook_ops { priv_, ..op }, GFP_KERNEL)?;
        }
        let array = NonNull::from(KBox::leak(KBox::new(Array::new(raw)?, GFP_KERNEL)?));
        if let Err(error) = insert(array) {
            synchronize_rcu();
            // SAFETY: Made from a box above; in no chain, and a grace period has passed.
            free(unsafe { KBox::from_raw(array.as_ptr()) });
            return Err(error);
        }
        // INVARIANT: Just put into the table.
        Ok(Self {
            array,
            data: ManuallyDrop::new(data),
            callbacks: ManuallyDrop::new(callbacks),
        })
    }
}

/// Frees an array that nobody reads any more.
fn free(array: KBox<Array>) {
    table::drop_stolen(&array);
}

impl<D: Send + Sync + 'static> Deref for Registration<D> {
    type Target = D;

    fn deref(&self) -> &D {
        &self.data
    }
}

impl<D: Send + Sync + 'static> Drop for Registration<D> {
    fn drop(&mut self) {
        if !may_sleep() {
            pr_err!("Registration dropped in atomic context: its hooks stay until module unload\n");
            return;
        }
        table::remove(self.array);
        synchronize_rcu();
        // SAFETY: By the type invariants it came from a box; it is out of the table, and a grace
        // period has passed, so that nobody reads it any more.
        free(unsafe { KBox::from_raw(self.array.as_ptr()) });
        // SAFETY: Neither is used after this, by the hooks neither: see above.
        unsafe {
            ManuallyDrop::drop(&mut self.data);
            ManuallyDrop::drop(&mut self.callbacks);
        }
    }
}

fn may_sleep() -> bool {
    // SAFETY: No requirements.
    unsafe { bindings::nf_helper_may_sleep() }
}
