// SPDX-License-Identifier: GPL-2.0-only

//! Which ops arrays of this module are in which namespaces.
//!
//! One table a module, behind a mutex of `module.c`: the namespaces that are alive, as the core's
//! pernet operations tell, and the arrays that are registered. A new namespace gets the arrays that
//! are for all; one that goes away has them all taken off in `pre_exit`, before the grace period
//! that the core waits for all the namespaces that go at once.
//!
//! A [`Maker`] makes an array for each namespace. That is safe code's, and so is the drop of what it
//! has made: both are called with the mutex not held, and in a call that is marked (`nf_call`), in which
//! nothing is registered and the end of a registration is left to the work item.

use crate::{
    bindings,
    member::{Maker, Member},
    net::{Net, NetRef}, //
};
use core::{cell::UnsafeCell, ptr::NonNull};
use kernel::{
    error::{from_result, to_result},
    ffi::c_int,
    prelude::*,
    sync::rcu::synchronize_rcu, //
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

/// # Invariants
///
/// Arrays, makers and members are valid while they are here. A member of a namespace of the table is in
/// its chains and in its maker's list, one of another is not.
struct Table {
    /// Alive: between the core's calls of `init` and `pre_exit`.
    nets: KVec<NonNull<bindings::net>>,
    arrays: KVec<NonNull<Array>>,
    makers: KVec<NonNull<Maker>>,
    /// What the makers have made for a namespace that comes, is alive, or is between `pre_exit` and
    /// `exit`.
    members: KVec<NonNull<Member>>,
}

impl Table {
    const fn new() -> Self {
        Self {
            nets: KVec::new(),
            arrays: KVec::new(),
            makers: KVec::new(),
            members: KVec::new(),
        }
    }

    /// The members for which `which` is true of maker and namespace.
    fn members<'a>(
        &'a self,
        which: impl Fn(NonNull<Maker>, NonNull<bindings::net>) -> bool + 'a,
    ) -> impl Iterator<Item = NonNull<Member>> + 'a {
        self.members.iter().copied().filter(move |member| {
            // SAFETY: By the type invariants.
            let (maker, net) = unsafe { member.as_ref().of() };
            which(maker, net)
        })
    }

    fn has_member(&self, maker: NonNull<Maker>, net: NonNull<bindings::net>) -> bool {
        self.members(|m, n| (m, n) == (maker, net)).next().is_some()
    }

    /// What has been made for a namespace: registered where that is in the table.
    ///
    /// # Safety
    ///
    /// As for `Member`'s methods; the member must be valid and nobody else's. Unless this fails, it is the
    /// table's from then on.
    unsafe fn add(&mut self, member: NonNull<Member>) -> Result {
        // SAFETY: By the safety requirement, as for all of this.
        unsafe {
            let (maker, net) = member.as_ref().of();
            if Maker::retired(maker) {
                Maker::keep(maker, member);
                return Ok(());
            }
            self.members.reserve(1, GFP_KERNEL)?;
            if self.nets.contains(&net) {
                member.as_ref().array.register(net)?;
                Member::show(member);
            }
            // INVARIANT: Registered and shown, if the namespace is here.
            self.members.push(member, GFP_KERNEL)?;
        }
        Ok(())
    }

    /// Lets a new namespace in, with all that is for it; or, with a maker, not yet: that must make a
    /// member first, and is busy.
    ///
    /// # Safety
    ///
    /// `net` must be alive and not in the table.
    unsafe fn admit(&mut self, net: NonNull<bindings::net>) -> Result<Option<NonNull<Maker>>> {
        let missing = |&maker: &NonNull<Maker>| !self.has_member(maker, net);
        if let Some(maker) = self.makers.iter().copied().find(missing) {
            // SAFETY: A maker of the table is valid.
            unsafe { Maker::begin(maker) };
            return Ok(Some(maker));
        }
        self.nets.reserve(1, GFP_KERNEL)?;
        let arrays = || {
            let shared = self.arrays.iter().map(|array| {
                // SAFETY: By the type invariants.
                unsafe { array.as_ref() }
            });
            let own = self.members(move |_, other| other == net).map(|member| {
                // SAFETY: By the type invariants.
                unsafe { &(*member.as_ptr()).array }
            });
            Iterator::chain(shared.filter(|array| array.scope.has(net)), own)
        };
        for (done, array) in arrays().enumerate() {
            // SAFETY: By the safety requirement; the array is not in it yet.
            if let Err(error) = unsafe { array.register(net) } {
                for array in arrays().take(done) {
                    // SAFETY: Registered just above; the namespace is alive.
                    unsafe { array.unregister(net) };
                }
                return Err(error);
            }
        }
        for member in self.members(|_, other| other == net) {
            // SAFETY: By the type invariants, and it is not in the list yet.
            unsafe { Member::show(member) };
        }
        // INVARIANT: All that is for it is in it.
        self.nets.push(net, GFP_KERNEL)?;
        Ok(None)
    }

    /// A namespace, held, for which a maker has not made a member. Those that are going do not count.
    fn net_without(&self, maker: NonNull<Maker>) -> Option<NetRef> {
        let mut without = self
            .nets
            .iter()
            .filter(|&&net| !self.has_member(maker, net));
        // SAFETY: Namespaces of the table are valid.
        without.find_map(|&net| unsafe { NetRef::get(net) })
    }

    /// Takes a member out of its namespace, if it is in it.
    ///
    /// # Safety
    ///
    /// It must be the table's, and must leave it or its namespace must.
    unsafe fn withdraw(&self, member: NonNull<Member>) {
        // SAFETY: By the type invariants, as for all of this.
        let (_, net) = unsafe { member.as_ref().of() };
        if self.nets.contains(&net) {
            // SAFETY: As above: it is there.
            unsafe {
                member.as_ref().array.unregister(net);
                Member::hide(member);
            }
        }
    }

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

static TABLE: Locked = Locked(UnsafeCell::new(Table::new()));

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

/// After [`remove`] and a grace period: drops the packets that hooks of the array have stolen. May sleep.
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

/// Puts a maker into the table, and what it makes into every namespace, present and future. After an
/// error, too, [`retire`] takes it out. May sleep; the maker is called.
///
/// # Safety
///
/// `maker` must be valid and nobody else's, and made with [`Callbacks`] that stay. It must stay where it
/// is until `retire` and a grace period after it.
pub(crate) unsafe fn insert_maker(maker: NonNull<Maker>) -> Result {
    TABLE.with(|table| table.makers.push(maker, GFP_KERNEL))?;
    while let Some(net) = TABLE.with(|table| table.net_without(maker)) {
        // SAFETY: By the safety requirement.
        unsafe { make(maker, &net)? };
    }
    Ok(())
}

/// Has a member made, and puts it into the table.
///
/// # Safety
///
/// `maker` must be valid until this returns.
unsafe fn make(maker: NonNull<Maker>, net: &Net) -> Result {
    // SAFETY: By the safety requirement.
    let member = unsafe { Maker::make(maker, net)? };
    let add = |table: &mut Table| {
        // SAFETY: Just made.
        unsafe { table.add(member) }
    };
    TABLE.with(add).inspect_err(|_| {
        synchronize_rcu();
        // SAFETY: Not in the table; if it was in a chain, that was before the grace period.
        unsafe { Member::free(member) };
    })
}

/// Takes a maker and all that it has made out of all chains and out of the table, and waits until it is
/// not called any more. What it has made may still be in use until a grace period has passed. May sleep.
///
/// # Safety
///
/// `maker` must be valid, and is not to be used by others after this.
pub(crate) unsafe fn retire(maker: NonNull<Maker>) {
    TABLE.with(|table| {
        table.makers.retain(|&mut other| other != maker);
        for member in table.members(|other, _| other == maker) {
            // SAFETY: It leaves the table.
            unsafe { table.withdraw(member) };
        }
        table.members.retain(|&mut member| {
            // SAFETY: A member of the table is valid.
            let own = unsafe { member.as_ref().of() }.0 == maker;
            if own {
                // SAFETY: As above; it is the maker's from now on.
                unsafe { Maker::keep(maker, member) };
            }
            !own
        });
        // SAFETY: By the safety requirement.
        unsafe { Maker::retire(maker) };
    });
    // SAFETY: As above, and the table is not locked here.
    unsafe { Maker::wait(maker) };
}

/// Whether an array is still for something. May sleep.
///
/// # Safety
///
/// `array` must be valid.
pub(crate) unsafe fn has(array: NonNull<Array>) -> bool {
    // SAFETY: By the safety requirement; it is changed only under the lock.
    TABLE.with(|_| unsafe { array.as_ref() }.scope != Scope::Gone)
}

/// A namespace has come: pernet operation `init`. In a marked call.
#[no_mangle]
extern "C" fn nf_table_net_init(net: *mut bindings::net) -> c_int {
    from_result(|| {
        let net = NonNull::new(net).ok_or(EINVAL)?;
        admit(net).map(|()| 0).inspect_err(|_| {
            synchronize_rcu();
            free_members(net);
        })
    })
}

fn admit(net: NonNull<bindings::net>) -> Result {
    // SAFETY: The core calls `init` with a namespace that is alive and new, here and below.
    while let Some(maker) = TABLE.with(|table| unsafe { table.admit(net) })? {
        // SAFETY: The maker is busy, and so stays.
        let result = unsafe { make(maker, Net::from_raw(net.as_ptr())) };
        // SAFETY: As above.
        TABLE.with(|_| unsafe { Maker::end(maker) });
        result?;
    }
    Ok(())
}

/// A namespace goes, or our callbacks are taken off: pernet operation `pre_exit`.
#[no_mangle]
extern "C" fn nf_table_net_pre_exit(net: *mut bindings::net) {
    let Some(net) = NonNull::new(net) else { return };
    TABLE.with(|table| {
        for member in table.members(|_, other| other == net) {
            // SAFETY: Its namespace leaves the table; `net` is alive until `exit`.
            unsafe { table.withdraw(member) };
        }
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

/// A grace period after it: pernet operation `exit`. In a marked call.
#[no_mangle]
extern "C" fn nf_table_net_exit(net: *mut bindings::net) {
    if let Some(net) = NonNull::new(net) {
        free_members(net);
    }
}

/// Frees what was made for a namespace that is not in the table, a grace period after it was.
fn free_members(net: NonNull<bindings::net>) {
    let next = |table: &mut Table| {
        let member = table.members(|_, other| other == net).next()?;
        table.members.retain(|&mut other| other != member);
        Some(member)
    };
    while let Some(member) = TABLE.with(next) {
        // SAFETY: It was in no chain any more before that grace period, and is nobody's now.
        unsafe { Member::free(member) };
    }
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
    TABLE.with(|table| *table = Table::new());
}
