// SPDX-License-Identifier: GPL-2.0-only

//! Arrays that are made for each namespace, as the table knows them: whatever their data are.

use crate::{bindings, net::Net, table::Array};
use core::ptr::{self, NonNull};
use kernel::{
    error::{from_result, to_result},
    ffi::c_int,
    prelude::*, //
};

/// Makes a [`Member`] for each namespace.
///
/// All but its list is used only with the table locked.
pub(crate) struct Maker {
    make: MakeFn,
    /// Members that are in their namespaces; read under RCU.
    shown: bindings::hlist_head,
    /// Members that are in the table no more.
    kept: *mut Member,
    /// How often it is being called for a namespace that comes.
    busy: u32,
    retired: bool,
}

/// Makes a member of `maker`, for that namespace.
///
/// # Safety
///
/// `maker` must be valid, and the one that this is for.
type MakeFn = unsafe fn(maker: NonNull<Maker>, net: &Net) -> Result<NonNull<Member>>;

/// What a [`Maker`] has made for a namespace.
#[repr(C)]
pub(crate) struct Member {
    /// First: `module.c` links them by it.
    node: bindings::hlist_node,
    pub(crate) array: Array,
    maker: NonNull<Maker>,
    net: NonNull<bindings::net>,
    next: *mut Member,
    free: unsafe fn(NonNull<Member>),
}

/// The callers lock the table, unless it says otherwise.
impl Maker {
    /// `make` must be for what the maker is in.
    pub(crate) fn new(make: MakeFn) -> Self {
        Self {
            make,
            shown: Default::default(),
            kept: ptr::null_mut(),
            busy: 0,
            retired: false,
        }
    }

    /// Calls it, in a marked call. The table is not locked.
    ///
    /// # Safety
    ///
    /// `maker` must be valid until this returns.
    pub(crate) unsafe fn make(maker: NonNull<Self>, net: &Net) -> Result<NonNull<Member>> {
        let mut member: *mut Member = ptr::null_mut();
        // SAFETY: By the safety requirement; it comes to `nf_member_make`, with these.
        to_result(unsafe {
            bindings::nf_helper_make(
                maker.as_ptr().cast(),
                net.as_ptr().as_ptr(),
                (&raw mut member).cast(),
            )
        })?;
        NonNull::new(member).ok_or(ENOMEM)
    }

    /// # Safety
    ///
    /// `maker` must be valid, as for the following.
    pub(crate) unsafe fn begin(maker: NonNull<Self>) {
        // SAFETY: By the safety requirement, and the table is locked. There are fewer tasks.
        unsafe { (*maker.as_ptr()).busy = (*maker.as_ptr()).busy.wrapping_add(1) };
    }

    /// # Safety
    ///
    /// After `begin`.
    pub(crate) unsafe fn end(maker: NonNull<Self>) {
        // SAFETY: As above.
        unsafe {
            (*maker.as_ptr()).busy = (*maker.as_ptr()).busy.wrapping_sub(1);
            bindings::nf_helper_table_wake(&raw mut (*maker.as_ptr()).busy);
        }
    }

    /// Waits until it is not busy. The table is not locked. May sleep.
    ///
    /// # Safety
    ///
    /// `maker` must be valid.
    pub(crate) unsafe fn wait(maker: NonNull<Self>) {
        // SAFETY: By the safety requirement.
        unsafe { bindings::nf_helper_table_wait(&raw mut (*maker.as_ptr()).busy) };
    }

    /// # Safety
    ///
    /// `maker` must be valid.
    pub(crate) unsafe fn retire(maker: NonNull<Self>) {
        // SAFETY: By the safety requirement, and the table is locked.
        unsafe { (*maker.as_ptr()).retired = true };
    }

    /// # Safety
    ///
    /// `maker` must be valid.
    pub(crate) unsafe fn retired(maker: NonNull<Self>) -> bool {
        // SAFETY: By the safety requirement, and the table is locked.
        unsafe { (*maker.as_ptr()).retired }
    }

    /// Keeps a member that is not the table's, until [`free_kept`](Self::free_kept).
    ///
    /// # Safety
    ///
    /// Both must be valid, and the member nobody else's.
    pub(crate) unsafe fn keep(maker: NonNull<Self>, member: NonNull<Member>) {
        // SAFETY: By the safety requirement, and the table is locked.
        unsafe {
            (*member.as_ptr()).next = (*maker.as_ptr()).kept;
            (*maker.as_ptr()).kept = member.as_ptr();
        }
    }

    /// Drops what is kept. The table is not locked. May sleep.
    ///
    /// # Safety
    ///
    /// `maker` must be valid and nobody else's: retired, and not busy. A grace period must have passed
    /// since.
    pub(crate) unsafe fn free_kept(maker: NonNull<Self>) {
        // SAFETY: By the safety requirement, as for the following.
        let mut next = unsafe { (*maker.as_ptr()).kept };
        while let Some(member) = NonNull::new(next) {
            // SAFETY: As above.
            unsafe {
                next = (*member.as_ptr()).next;
                Member::free(member);
            }
        }
    }

    /// The members that are in their namespaces. The table need not be locked.
    ///
    /// # Safety
    ///
    /// `maker` must be valid, and all of this, and all use of the members, be in one section of
    /// `rcu_read_lock()`.
    pub(crate) unsafe fn shown(maker: NonNull<Self>) -> impl Iterator<Item = NonNull<Member>> {
        let mut node = ptr::null();
        core::iter::from_fn(move || {
            // SAFETY: By the safety requirement: what is in the list is freed a grace period after it
            // has left it.
            node = unsafe {
                bindings::nf_helper_member_next(&raw const (*maker.as_ptr()).shown, node)
            };
            NonNull::new(node.cast_mut().cast())
        })
    }
}

impl Member {
    /// `free` must be for what the member is in.
    pub(crate) fn new(
        array: Array,
        maker: NonNull<Maker>,
        net: &Net,
        free: unsafe fn(NonNull<Member>),
    ) -> Self {
        Self {
            node: Default::default(),
            array,
            maker,
            net: net.as_ptr(),
            next: ptr::null_mut(),
            free,
        }
    }

    /// Whose it is, and for which namespace.
    pub(crate) fn of(&self) -> (NonNull<Maker>, NonNull<bindings::net>) {
        (self.maker, self.net)
    }

    /// Into its maker's list. The caller locks the table.
    ///
    /// # Safety
    ///
    /// Both must be valid, and it must not be in the list.
    pub(crate) unsafe fn show(member: NonNull<Self>) {
        // SAFETY: By the safety requirement.
        unsafe {
            let maker = (*member.as_ptr()).maker.as_ptr();
            bindings::nf_helper_member_show(member.as_ptr().cast(), &raw mut (*maker).shown);
        }
    }

    /// Out of its maker's list. The caller locks the table.
    ///
    /// # Safety
    ///
    /// It must be valid and in the list.
    pub(crate) unsafe fn hide(member: NonNull<Self>) {
        // SAFETY: By the safety requirement.
        unsafe { bindings::nf_helper_member_hide(member.as_ptr().cast()) };
    }

    /// Drops it and its data. The table is not locked. May sleep.
    ///
    /// # Safety
    ///
    /// It must be valid and nobody else's, and a grace period must have passed since it was in a chain or
    /// in the list.
    pub(crate) unsafe fn free(member: NonNull<Self>) {
        // SAFETY: By the safety requirement; `free` is that of its own type.
        unsafe { ((*member.as_ptr()).free)(member) };
    }
}

/// The call of a maker, which `nf_helper_make()` has marked.
///
/// # Safety
///
/// As `Maker::make` calls that.
#[no_mangle]
unsafe extern "C" fn nf_member_make(
    maker: *mut bindings::nf_maker,
    net: *mut bindings::net,
    member: *mut *mut bindings::nf_member,
) -> c_int {
    from_result(|| {
        let maker = NonNull::new(maker.cast::<Maker>()).ok_or(EINVAL)?;
        // SAFETY: By the safety requirement.
        unsafe {
            let made = ((*maker.as_ptr()).make)(maker, Net::from_raw(net))?;
            *member = made.as_ptr().cast();
        }
        Ok(0)
    })
}
