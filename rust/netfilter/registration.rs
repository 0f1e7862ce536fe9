// SPDX-License-Identifier: GPL-2.0-only

//! Ops arrays in the core's chains.

use crate::{
    bindings,
    context::may_register,
    device::Rtnl,
    hook::{DeviceOp, Op},
    member::Maker,
    net::Net,
    table::{self, Array, Callbacks, Scope}, //
};
use core::{
    ffi::c_void,
    iter,
    mem,
    ops::Deref,
    ptr::{self, NonNull}, //
};
use kernel::{
    alloc::flags::__GFP_NOWARN,
    prelude::*,
    sync::rcu::synchronize_rcu, //
};

/// An ops array that is registered, and the data of its hooks: a `D` that they share; `[D]`, one for
/// each entry of the array in its order; or [`PerNet<D>`](crate::PerNet), one for each namespace.
///
/// The data can be had from it. Dropping it takes the hooks off, waits a grace period, and then drops
/// the data: no hook runs any more, on any CPU, and nobody reads the ops. Dropped where it may not
/// sleep (in a hook, say), it has a work item do that a moment later. One that is leaked stays until
/// the module is unloaded.
///
/// A namespace that goes away takes the hooks in it along.
///
/// # Invariants
///
/// `inner` came from a [`KBox`], and is freed only by `finish`; its array is in the table until then,
/// or until what it is for has gone.
///
/// C: `nf_register_net_hooks()`, `nf_unregister_net_hooks()`, `struct pernet_operations`.
#[must_use = "the hooks are off as soon as it is dropped"]
pub struct Registration<D: ?Sized + Send + Sync + 'static> {
    inner: NonNull<Inner<D>>,
}

/// # Invariants
///
/// `handle.array` keeps the table's requirements: it does not move, and it and `data`, which its ops
/// point to, are freed only after `table::remove` and a grace period; `_callbacks` are there for as
/// long.
#[repr(C)]
struct Inner<D: ?Sized> {
    /// First, so that a pointer to it is one to the whole.
    handle: Handle,
    data: Pin<KVBox<D>>,
    _callbacks: Callbacks,
}

/// What the end of a registration needs, whatever its data are.
#[repr(C)]
struct Handle {
    /// First, so that a pointer to it is one to the whole.
    deferred: Deferred,
    array: Array,
    /// Where the data are for each namespace; they live as long.
    maker: Option<NonNull<Maker>>,
    free: unsafe fn(NonNull<Handle>),
}

/// Something that is registered, of whatever kind, whose end may be left to the work item.
#[repr(C)]
pub(crate) struct Deferred {
    /// First: `module.c` links them by it.
    node: bindings::llist_node,
    /// None: it is a `Handle`'s, and these end together.
    finish: Option<unsafe fn(NonNull<Deferred>)>,
}

impl Deferred {
    /// `finish` is called with this very value: see [`defer`](Self::defer).
    pub(crate) fn new(finish: unsafe fn(NonNull<Deferred>)) -> Self {
        Self {
            node: Default::default(),
            finish: Some(finish),
        }
    }

    /// Calls `finish`, here if `now`, else in the work item.
    ///
    /// # Safety
    ///
    /// What `finish` requires must hold, if `now` also that it may sleep and wait here; and the value be
    /// used by nobody else from now on.
    pub(crate) unsafe fn end(this: NonNull<Self>, now: bool) {
        // SAFETY: By the safety requirement; a list of one.
        unsafe { end(this.as_ptr().cast(), now) };
    }
}

// SAFETY: It owns the data, which are `Send`, and an array, which is bound to no task.
unsafe impl<D: ?Sized + Send + Sync + 'static> Send for Registration<D> {}

// SAFETY: `&Registration` only gives `&D`, and `D` is `Sync`.
unsafe impl<D: ?Sized + Send + Sync + 'static> Sync for Registration<D> {}

/// One `D` for all hooks of the array.
impl<D: Send + Sync + 'static> Registration<D> {
    /// Puts all of `ops` into `net` or, with an error, none.
    ///
    /// # Errors
    ///
    /// - `E2BIG`: a point would have more than 1024 hooks.
    /// - `ENOENT`: `net` is going away.
    /// - `ENOMEM`, and what `data` fails with.
    /// - `EDEADLK`: called where it may not sleep, in a hook for instance.
    /// - `ESHUTDOWN`: called while the module is being freed, by what it has leaked or dropped late.
    ///
    /// # Context
    ///
    /// May sleep.
    pub fn in_net<E>(net: &Net, ops: &[Op<D>], data: impl PinInit<D, E>) -> Result<Self>
    where
        Error: From<E>,
    {
        Self::shared(ops.iter().map(Op::raw), data, Place::Net(net))
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
        Self::shared(ops.iter().map(Op::raw), data, Place::AllNets)
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
        let place = Place::Device(net, device);
        Self::shared(ops.iter().map(DeviceOp::raw), data, place)
    }

    fn shared<E>(
        ops: impl ExactSizeIterator<Item = bindings::nf_hook_ops>,
        data: impl PinInit<D, E>,
        place: Place<'_>,
    ) -> Result<Self>
    where
        Error: From<E>,
    {
        check(ops.len())?;
        let data = KVBox::pin_init(data, GFP_KERNEL | __GFP_NOWARN)?;
        let mut raw = KVVec::with_capacity(ops.len(), GFP_KERNEL)?;
        for op in ops {
            let priv_ = to_priv(&*data);
            raw.push(bindings::nf_hook_ops { priv_, ..op }, GFP_KERNEL)?;
        }
        // SAFETY: The ops have been given that data; their functions take a `D`: see the invariants of
        // `Op`.
        unsafe { Self::new(raw, data, place) }
    }
}

/// What is registered where.
pub(crate) enum Place<'a> {
    Net(&'a Net),
    AllNets,
    EachNet(NonNull<Maker>),
    Device(&'a Net, &'a CStr),
}

impl<D: ?Sized + Send + Sync + 'static> Registration<D> {
    /// Puts `ops` into the table, with the data that their `priv` pointers point into.
    ///
    /// # Safety
    ///
    /// The `priv` pointers must be to what the ops' functions take, in `data`; a maker must be in `data`,
    /// too.
    pub(crate) unsafe fn new(
        ops: KVVec<bindings::nf_hook_ops>,
        data: Pin<KVBox<D>>,
        place: Place<'_>,
    ) -> Result<Self> {
        let callbacks = Callbacks::get()?;
        let inner = Inner {
            handle: Handle {
                deferred: Deferred {
                    node: Default::default(),
                    finish: None,
                },
                array: Array::new(ops),
                maker: None,
                free: free::<D>,
            },
            data,
            _callbacks: callbacks,
        };
        let inner = NonNull::from(KBox::leak(KBox::new(inner, GFP_KERNEL)?));
        // INVARIANT: Made from a box just now. Its array is not in the table yet: as if what it is for
        // had gone.
        let registration = Self { inner };
        // SAFETY: As above; a projection of a valid pointer.
        let mut array = unsafe { NonNull::new_unchecked(&raw mut (*inner.as_ptr()).handle.array) };
        // SAFETY: It is nobody else's yet. It stays where it is until `finish` takes it out of the
        // table and a grace period has passed, and so do data and callbacks.
        unsafe {
            match place {
                Place::Net(net) => table::insert(array, Scope::Net(net.as_ptr()))?,
                Place::AllNets => table::insert(array, Scope::All)?,
                Place::EachNet(maker) => {
                    (*inner.as_ptr()).handle.maker = Some(maker);
                    table::insert_maker(maker)?;
                }
                Place::Device(net, name) => {
                    // Held until the array is in the table: from then on the notifier takes care.
                    let rtnl = Rtnl::lock();
                    let dev = rtnl.device(net, name).ok_or(ENODEV)?;
                    array.as_mut().set_device(dev);
                    table::insert(array, Scope::Device(net.as_ptr(), dev))?;
                }
            }
        }
        Ok(registration)
    }

    /// Whether the hooks are still where they were put. They are not any more when the namespace or the
    /// device that they were for has gone, or the device to another namespace.
    ///
    /// # Errors
    ///
    /// `EDEADLK`: called where it may not sleep, and from what makes or drops the data of a namespace.
    ///
    /// # Context
    ///
    /// May sleep.
    pub fn is_registered(&self) -> Result<bool> {
        if !may_register() {
            return Err(EDEADLK);
        }
        // SAFETY: By the type invariant it is valid, and its array too. What a maker makes comes and goes
        // with each namespace.
        Ok(unsafe {
            let handle = &raw mut (*self.inner.as_ptr()).handle;
            (*handle).maker.is_some()
                || table::has(NonNull::new_unchecked(&raw mut (*handle).array))
        })
    }

    /// Drops registrations together: they share one grace period, where each dropped alone waits for
    /// one of its own.
    ///
    /// All their hooks are off before the first of their data are dropped.
    pub fn drop_all(registrations: impl IntoIterator<Item = Self>) {
        let mut list = ptr::null_mut();
        for registration in registrations {
            let node = registration.into_node();
            // SAFETY: It is valid and ours alone.
            unsafe { (*node).next = list };
            list = node;
        }
        // SAFETY: A list of what `into_node` gave.
        unsafe { end(list, may_register()) };
    }

    /// The registration without its owner.
    fn into_node(self) -> *mut bindings::llist_node {
        let node = self.inner.as_ptr().cast();
        mem::forget(self);
        node
    }
}

/// More do not fit into the chains of one namespace and device: 1024 at each of 18 points.
const MAX_OPS: usize = 18 * 1024;

/// Whether one may register so many ops here.
pub(crate) fn check(count: usize) -> Result {
    if !may_register() {
        return Err(EDEADLK);
    }
    if count > MAX_OPS {
        return Err(E2BIG);
    }
    Ok(())
}

/// What an op has for its hook's data.
pub(crate) fn to_priv<D>(data: &D) -> *mut c_void {
    ptr::from_ref(data).cast_mut().cast()
}

/// Takes off what is registered: `now`, or a moment later in the work item.
///
/// # Safety
///
/// `list` must be null or a list of `Deferred`s that have no owner any more, and for which what their
/// `finish` requires holds; if `now` also that it may sleep and wait here.
unsafe fn end(list: *mut bindings::llist_node, now: bool) {
    if now {
        // SAFETY: By the safety requirement.
        unsafe { nf_registration_finish(list) };
        return;
    }
    // SAFETY: As above; the work item is the only one to use a node from then on.
    unsafe { nodes(list).for_each(|node| bindings::nf_helper_defer(node.as_ptr())) };
}

/// Takes off what is registered; for all hooks it waits one grace period. May sleep.
///
/// # Safety
///
/// As for `end`.
#[no_mangle]
unsafe extern "C" fn nf_registration_finish(list: *mut bindings::llist_node) {
    let mut hooks = ptr::null_mut();
    // SAFETY: By the safety requirement. A node is changed once it has been given.
    for node in unsafe { nodes(list) } {
        let deferred = node.cast::<Deferred>();
        // SAFETY: By the safety requirement.
        match unsafe { (*deferred.as_ptr()).finish } {
            // SAFETY: As above; `finish` is that of its own type.
            Some(finish) => unsafe { finish(deferred) },
            None => {
                // SAFETY: It is valid and ours alone.
                unsafe { (*node.as_ptr()).next = hooks };
                hooks = node.as_ptr();
            }
        }
    }
    if hooks.is_null() {
        return;
    }
    // SAFETY: A list of those that are `Handle`s; as for the following.
    let handles = || unsafe { nodes(hooks) }.map(NonNull::cast::<Handle>);
    table::remove(handles().map(|handle| {
        // SAFETY: A projection of a valid pointer.
        unsafe { NonNull::new_unchecked(&raw mut (*handle.as_ptr()).array) }
    }));
    // SAFETY: Of registrations, whose data are valid.
    for maker in handles().filter_map(|handle| unsafe { (*handle.as_ptr()).maker }) {
        // SAFETY: As above.
        unsafe { table::retire(maker) };
    }
    synchronize_rcu();
    for handle in handles() {
        // SAFETY: Out of the table, and not used after this; `free` is that of its own type.
        unsafe { ((*handle.as_ptr()).free)(handle) };
    }
}

/// The nodes of a list. One that it has given is not looked at again.
///
/// # Safety
///
/// `list` must be null or a list, of which nobody changes what has not been given yet.
unsafe fn nodes(
    list: *mut bindings::llist_node,
) -> impl Iterator<Item = NonNull<bindings::llist_node>> {
    let mut next = list;
    iter::from_fn(move || {
        let node = NonNull::new(next)?;
        // SAFETY: By the safety requirement.
        next = unsafe { (*node.as_ptr()).next };
        Some(node)
    })
}

/// Frees what is not in the table any more and what nobody can be reading.
///
/// # Safety
///
/// `handle` must be that of an `Inner<D>` that came from a box and is not in the table, a grace period
/// must have passed since it was, and it must not be used after this.
unsafe fn free<D: ?Sized>(handle: NonNull<Handle>) {
    // SAFETY: By the safety requirement.
    let inner = unsafe { KBox::from_raw(handle.cast::<Inner<D>>().as_ptr()) };
    table::drop_stolen(&inner.handle.array);
}

impl<D: ?Sized + Send + Sync + 'static> Deref for Registration<D> {
    type Target = D;

    fn deref(&self) -> &D {
        // SAFETY: By the type invariant.
        unsafe { &(*self.inner.as_ptr()).data }
    }
}

impl<D: ?Sized + Send + Sync + 'static> Drop for Registration<D> {
    fn drop(&mut self) {
        let node: *mut bindings::llist_node = self.inner.as_ptr().cast();
        // SAFETY: By the type invariant, and this is its end.
        unsafe { end(node, may_register()) };
    }
}
