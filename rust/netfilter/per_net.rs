// SPDX-License-Identifier: GPL-2.0-only

//! Data for each namespace.

use crate::{
    bindings,
    hook::Op,
    member::{Maker, Member},
    net::Net,
    registration::{check, to_priv, Place, Registration},
    table::{self, Array}, //
};
use core::ptr::NonNull;
use kernel::{
    alloc::flags::__GFP_NOWARN,
    prelude::*,
    sync::rcu,
    types::Opaque, //
};

/// The data of a registration that has a `D` for each namespace: see [`Registration::per_net`].
///
/// # Invariants
///
/// The maker's `make` is that of `D`, and so are its members.
#[repr(C)]
pub struct PerNet<D: Send + Sync + 'static> {
    /// First, so that a pointer to it is one to the whole.
    maker: Opaque<Maker>,
    ops: KVVec<Op<D>>,
    make: KBox<dyn Make<D>>,
}

/// The closure that makes the data.
trait Make<D>: Fn(&Net) -> Result<Pin<KVBox<D>>> + Send + Sync {}

impl<D, F: Fn(&Net) -> Result<Pin<KVBox<D>>> + Send + Sync> Make<D> for F {}

// SAFETY: Closure and data are `Send`; the rest is bound to no task.
unsafe impl<D: Send + Sync> Send for PerNet<D> {}

// SAFETY: Closure and data are `Sync`; the maker's list is read under RCU, and the rest of it is used
// with the table locked.
unsafe impl<D: Send + Sync> Sync for PerNet<D> {}

/// # Invariants
///
/// The ops of the member's array point to `data`.
#[repr(C)]
struct Instance<D> {
    /// First, so that a pointer to it is one to the whole.
    member: Member,
    data: Pin<KVBox<D>>,
}

impl<D: Send + Sync + 'static> PerNet<D> {
    fn maker(&self) -> NonNull<Maker> {
        NonNull::from(self).cast()
    }

    /// The data of a namespace: none where that is going, or has not come quite yet. Takes a time that
    /// grows with the number of namespaces: a hook has its own data at hand.
    ///
    /// # Context
    ///
    /// Any but NMI.
    pub fn get<'g>(&'g self, net: &Net, guard: &'g rcu::Guard) -> Option<&'g D> {
        let mut all = self.iter(guard);
        all.find_map(|(other, data)| (other.as_ptr() == net.as_ptr()).then_some(data))
    }

    /// All namespaces with their data, in no order.
    ///
    /// # Context
    ///
    /// Any but NMI.
    pub fn iter<'g>(&'g self, _guard: &'g rcu::Guard) -> impl Iterator<Item = (&'g Net, &'g D)> {
        // SAFETY: In a section of `rcu_read_lock()` as long as `'g`. A namespace is freed a grace period
        // after its member has left the list.
        unsafe {
            Maker::shown(self.maker()).map(|member| {
                let instance = member.cast::<Instance<D>>().as_ptr();
                let (_, net) = member.as_ref().of();
                (Net::from_raw(net.as_ptr()), &*(*instance).data)
            })
        }
    }
}

/// Drops the data of all namespaces.
impl<D: Send + Sync> Drop for PerNet<D> {
    fn drop(&mut self) {
        // SAFETY: Its registration has retired it and waited a grace period; or it was never in the
        // table, and has made nothing.
        unsafe { Maker::free_kept(self.maker()) };
    }
}

/// A `D` for each namespace.
impl<D: Send + Sync + 'static> Registration<PerNet<D>> {
    /// Puts all of `ops` into every namespace, present and future, each with data of its own, which
    /// `make` makes for it; or, with an error, into none.
    ///
    /// Hooks are given the data of their namespace, and [`PerNet::get`] finds them. They are dropped when
    /// the namespace has gone, or with the registration.
    ///
    /// `make` is called by what registers, and later on by what makes a namespace. It may sleep. Where it
    /// fails, so does that: this, with nothing left of it, or the making of the namespace. It is called
    /// in several tasks at once, perhaps, and before the namespace has its first packet. Dropping the
    /// registration waits for it to return.
    ///
    /// In it, and in the drop of the data, nothing can be registered: `EDEADLK`. Nor must they wait for another
    /// task that registers something. Registrations that are dropped there go a moment later.
    ///
    /// ```ignore
    /// let registration = Registration::per_net(&OPS, |_net: &Net| Counter::new())?;
    /// // elsewhere:
    /// for (net, counter) in registration.iter(&rcu::read_lock()) {
    ///     pr_info!("ns={} {}\n", net.inode(), counter.sum());
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`in_all_nets`](Registration::in_all_nets), and what `make` fails with.
    ///
    /// # Context
    ///
    /// May sleep.
    pub fn per_net<I, E>(
        ops: &[Op<D>],
        make: impl Fn(&Net) -> I + Send + Sync + 'static,
    ) -> Result<Self>
    where
        I: PinInit<D, E>,
        Error: From<E>,
    {
        check(ops.len())?;
        let mut copy = KVVec::with_capacity(ops.len(), GFP_KERNEL)?;
        copy.extend_from_slice(ops, GFP_KERNEL)?;
        let make = move |net: &Net| KVBox::pin_init(make(net), GFP_KERNEL | __GFP_NOWARN);
        // INVARIANT: That of `D`.
        let data = PerNet {
            maker: Opaque::new(Maker::new(make_instance::<D>)),
            ops: copy,
            make: KBox::new(make, GFP_KERNEL)?,
        };
        let data = KVBox::pin(data, GFP_KERNEL)?;
        let place = Place::EachNet(data.maker());
        // SAFETY: No ops; the maker is in `data`.
        unsafe { Self::new(KVVec::new(), data, place) }
    }
}

/// # Safety
///
/// `maker` must be that of a valid `PerNet<D>`.
unsafe fn make_instance<D: Send + Sync + 'static>(
    maker: NonNull<Maker>,
    net: &Net,
) -> Result<NonNull<Member>> {
    // SAFETY: By the safety requirement.
    let per_net = unsafe { maker.cast::<PerNet<D>>().as_ref() };
    let data = (per_net.make)(net)?;
    let mut raw = KVVec::with_capacity(per_net.ops.len(), GFP_KERNEL)?;
    for op in &per_net.ops {
        let priv_ = to_priv(&*data);
        raw.push(bindings::nf_hook_ops { priv_, ..op.raw() }, GFP_KERNEL)?;
    }
    let member = Member::new(Array::new(raw), maker, net, free_instance::<D>);
    // INVARIANT: Those ops do.
    let instance = KBox::new(Instance { member, data }, GFP_KERNEL)?;
    Ok(NonNull::from(KBox::leak(instance)).cast())
}

/// # Safety
///
/// As for `Member::free`, of an `Instance<D>` that came from a box.
unsafe fn free_instance<D>(member: NonNull<Member>) {
    // SAFETY: By the safety requirement.
    let instance = unsafe { KBox::from_raw(member.cast::<Instance<D>>().as_ptr()) };
    table::drop_stolen(&instance.member.array);
}
