// SPDX-License-Identifier: GPL-2.0-only

//! Data for each entry of an ops array.

use crate::{
    bindings,
    hook::{DeviceOp, Op},
    net::Net,
    registration::{check, to_priv, Place, Registration}, //
};
use core::ptr;
use kernel::{alloc::flags::__GFP_NOWARN, prelude::*};

/// A `D` for each entry of the array. What is registered is a list of entries: an [`Op`] and the data
/// that its hook is given.
///
/// ```ignore
/// let entries = [
///     (Op::inet::<Count>(Point::LocalIn, Priority::FIRST), Counter::new()?),
///     (Op::inet::<Count>(Point::LocalIn, Priority::LAST), Counter::new()?),
/// ];
/// let counters = Registration::entries_in_net(&net, entries)?;
/// // elsewhere:
/// let sums = counters.iter().map(Counter::sum);
/// ```
impl<D: Send + Sync + 'static> Registration<[D]> {
    /// Puts all of `entries` into `net` or, with an error, none.
    ///
    /// # Errors
    ///
    /// As [`in_net`](Registration::in_net), and what the data of an entry fail with.
    ///
    /// # Context
    ///
    /// May sleep.
    pub fn entries_in_net<I, E>(
        net: &Net,
        entries: impl IntoIterator<Item = (Op<D>, I)>,
    ) -> Result<Self>
    where
        I: PinInit<D, E>,
        Error: From<E>,
    {
        Self::entries(
            entries.into_iter().map(|(op, data)| (op.raw(), data)),
            Place::Net(net),
        )
    }

    /// Puts all of `entries` into every namespace, present and future, or, with an error, into none.
    ///
    /// # Errors
    ///
    /// As [`in_all_nets`](Registration::in_all_nets), and what the data of an entry fail with.
    ///
    /// # Context
    ///
    /// May sleep.
    pub fn entries_in_all_nets<I, E>(entries: impl IntoIterator<Item = (Op<D>, I)>) -> Result<Self>
    where
        I: PinInit<D, E>,
        Error: From<E>,
    {
        Self::entries(
            entries.into_iter().map(|(op, data)| (op.raw(), data)),
            Place::AllNets,
        )
    }

    /// Puts all of `entries` on the device called `device` in `net` or, with an error, none.
    ///
    /// # Errors
    ///
    /// As [`on_device`](Registration::on_device), and what the data of an entry fail with.
    ///
    /// # Context
    ///
    /// May sleep.
    pub fn entries_on_device<I, E>(
        net: &Net,
        device: &CStr,
        entries: impl IntoIterator<Item = (DeviceOp<D>, I)>,
    ) -> Result<Self>
    where
        I: PinInit<D, E>,
        Error: From<E>,
    {
        let entries = entries.into_iter().map(|(op, data)| (op.raw(), data));
        Self::entries(entries, Place::Device(net, device))
    }

    fn entries<I, E>(
        entries: impl Iterator<Item = (bindings::nf_hook_ops, I)>,
        place: Place<'_>,
    ) -> Result<Self>
    where
        I: PinInit<D, E>,
        Error: From<E>,
    {
        check(0)?;
        let (mut ops, mut inits) = (KVVec::new(), KVVec::new());
        for (op, init) in entries {
            check(ops.len().saturating_add(1))?;
            ops.push(op, GFP_KERNEL)?;
            inits.push(init, GFP_KERNEL)?;
        }
        let data = pin_init_all(inits)?;
        for (op, data) in ops.iter_mut().zip(&*data) {
            op.priv_ = to_priv(data);
        }
        // SAFETY: The ops have been given those data; their functions take a `D`: see the invariants
        // of `Op`.
        unsafe { Self::new(ops, data, place) }
    }
}

/// Makes each in its place.
fn pin_init_all<D, I: PinInit<D, E>, E>(inits: KVVec<I>) -> Result<Pin<KVBox<[D]>>>
where
    Error: From<E>,
{
    let mut all = KVVec::with_capacity(inits.len(), GFP_KERNEL | __GFP_NOWARN)?;
    for init in inits {
        let slot = all.spare_capacity_mut().as_mut_ptr();
        // SAFETY: There is room for as many as `inits` had. A value stays in its place from now on, as
        // the vector does not grow.
        unsafe { pin_init::raw_try_init(slot.cast::<D>(), init)? };
        // SAFETY: One more has been made.
        unsafe { all.inc_len(1) };
    }
    let (ptr, len, _capacity) = all.into_raw_parts();
    // SAFETY: The vector's allocation, made for as many as it has.
    Ok(unsafe { KVBox::from_raw(ptr::slice_from_raw_parts_mut(ptr, len)) }.into())
}
