// SPDX-License-Identifier: GPL-2.0-only

//! Being told which packets are freed, where, and why.

use crate::{
    bindings,
    context::may_sleep,
    registration::Deferred,
    stack::Frame,
    DropReason,
    PacketId, //
};
use core::{
    ffi::c_void,
    ops::Deref,
    ptr::{self, NonNull}, //
};
use kernel::{
    error::to_result,
    ffi::c_ulong,
    prelude::*, //
};

/// A function that is told of each packet that is freed, in any namespace.
///
/// As with [`Hook`](crate::Hook), the implementing type only names the function.
///
/// C: a probe on the tracepoints `kfree_skb` and `consume_skb`.
pub trait FreeProbe {
    /// What it works on. Any CPU may be in the function, hence `Sync`.
    type Data: Send + Sync + 'static;

    /// A packet is being freed.
    ///
    /// It is called for every packet of the machine, so it should be quick.
    ///
    /// # Context
    ///
    /// Any: tasks, softirqs, hard interrupts, with whatever locks held. So it must neither sleep nor
    /// wait for a lock but one that is only taken with interrupts off (`SpinLockIrq`), and under which
    /// no packet is freed. An interrupt may call it while it runs on the same CPU.
    ///
    /// What it frees itself, it is not told: that is counted ([`FreeRegistration::missed`]).
    fn freed(data: &Self::Data, freed: Freed);
}

/// A packet that is being freed.
///
/// Each packet that is dropped is told of, and few of the others are missed; but those are: what the
/// reader of a socket has read (on the CPU that received it), what TCP has had acknowledged, what is
/// merged into another packet, and what is sent on another CPU than that which made it. The next
/// packet with the same [`id`](PacketId) is the only sign of their end.
#[derive(Clone, Copy)]
pub struct Freed {
    packet: PacketId,
    location: Frame,
    reason: Option<DropReason>,
}

impl Freed {
    /// Which packet: the [`Packet::id`](crate::Packet::id) that it had at the hooks. It may be
    /// another one's as soon as the probe returns.
    pub fn packet(&self) -> PacketId {
        self.packet
    }

    /// Why it was dropped; none for one that was not: delivered, sent, or merely not needed any more.
    pub fn drop_reason(&self) -> Option<DropReason> {
        self.reason
    }

    /// The function that frees it.
    pub fn location(&self) -> Frame {
        self.location
    }
}

/// A [`FreeProbe`] that is registered, and its data.
///
/// Dropping it takes the probe off, waits until no CPU is in it, and then drops the data. Dropped
/// where it may not sleep (in the probe itself, say), it has a work item do that a moment later. One
/// that is leaked stays until the module is unloaded.
///
/// The kernel's tracepoints cost nothing while nobody is registered.
///
/// ```ignore
/// struct Count;
///
/// impl FreeProbe for Count {
///     type Data = Counter;
///
///     fn freed(drops: &Counter, freed: Freed) {
///         if freed.drop_reason() == Some(DropReason::NO_SOCKET) {
///             drops.inc();
///         }
///     }
/// }
///
/// let registration = FreeRegistration::new::<Count, _>(Counter::new()?)?;
/// ```
///
/// C: `register_trace_kfree_skb()`, `tracepoint_synchronize_unregister()`.
///
/// # Invariants
///
/// `inner` came from a [`KBox`], and is freed only by `finish`. Its `probe` is registered until then.
pub struct FreeRegistration<D: Send + Sync + 'static> {
    inner: NonNull<Inner<D>>,
}

/// # Invariants
///
/// `probe` is from `nf_free_add()`, with a function that takes a `D`, and `data`.
#[repr(C)]
struct Inner<D> {
    /// First, so that a pointer to it is one to the whole.
    deferred: Deferred,
    probe: *mut bindings::nf_free_probe,
    data: Pin<KBox<D>>,
}

// SAFETY: It owns a `D`, which is `Send`, and a probe, which is bound to no task.
unsafe impl<D: Send + Sync + 'static> Send for FreeRegistration<D> {}

// SAFETY: `&FreeRegistration` only gives `&D`, and `D` is `Sync`, and reads counters.
unsafe impl<D: Send + Sync + 'static> Sync for FreeRegistration<D> {}

impl<D: Send + Sync + 'static> FreeRegistration<D> {
    /// Registers the probe `P`. It may be called before this returns.
    ///
    /// # Errors
    ///
    /// - `EOPNOTSUPP`: a kernel without these tracepoints.
    /// - `ENOMEM`, and what `data` fails with.
    /// - `EDEADLK`: called where it may not sleep.
    ///
    /// # Context
    ///
    /// May sleep.
    pub fn new<P: FreeProbe<Data = D>, E>(data: impl PinInit<D, E>) -> Result<Self>
    where
        Error: From<E>,
    {
        if !may_sleep() {
            return Err(EDEADLK);
        }
        let data = KBox::pin_init(data, GFP_KERNEL)?;
        // Before the probe is there, so that nothing can fail afterwards.
        let place = KBox::<Inner<D>>::new_uninit(GFP_KERNEL)?;
        let mut probe = ptr::null_mut();
        let argument = NonNull::from(&*data).as_ptr().cast();
        // SAFETY: May sleep, as checked. `freed::<P>` takes a `P::Data`, which `data` is, and which is
        // freed only after `nf_free_remove()`.
        to_result(unsafe { bindings::nf_free_add(Some(freed::<P>), argument, &mut probe) })?;
        // INVARIANT: Just registered.
        let inner = KBox::leak(place.write(Inner {
            deferred: Deferred::new(finish::<D>),
            probe,
            data,
        }));
        Ok(Self {
            inner: NonNull::from(inner),
        })
    }

    /// Packets that the probe was not told of, as it was at work in the same context of that CPU: it
    /// has freed them itself, or has printed to a console that sends packets.
    pub fn missed(&self) -> u64 {
        // SAFETY: By the type invariants.
        unsafe { bindings::nf_free_missed((*self.inner.as_ptr()).probe) }
    }
}

/// Takes a probe off. May sleep.
///
/// # Safety
///
/// `deferred` must be that of an `Inner<D>` of a `FreeRegistration<D>` that is not used after this.
unsafe fn finish<D>(deferred: NonNull<Deferred>) {
    // SAFETY: By the safety requirement, and the invariants.
    let inner = unsafe { KBox::from_raw(deferred.cast::<Inner<D>>().as_ptr()) };
    // SAFETY: By the invariants it is ours. From here on nobody is in the probe: the data can go.
    unsafe { bindings::nf_free_remove(inner.probe) };
}

impl<D: Send + Sync + 'static> Deref for FreeRegistration<D> {
    type Target = D;

    fn deref(&self) -> &D {
        // SAFETY: By the type invariant.
        unsafe { &(*self.inner.as_ptr()).data }
    }
}

impl<D: Send + Sync + 'static> Drop for FreeRegistration<D> {
    fn drop(&mut self) {
        // SAFETY: By the type invariant, and this is its end.
        unsafe { Deferred::defer(self.inner.cast()) };
    }
}

/// What the tracepoints call.
///
/// # Safety
///
/// `data` must be a `P::Data` that is valid during the call, `skb` null or a packet.
unsafe extern "C" fn freed<P: FreeProbe>(
    data: *mut c_void,
    skb: *const bindings::sk_buff,
    location: c_ulong,
    reason: u32,
) {
    let Some(skb) = NonNull::new(skb.cast_mut()) else {
        return;
    };
    let freed = Freed {
        packet: PacketId::new(skb),
        location: Frame::new(location),
        reason: DropReason::from_raw(reason),
    };
    // SAFETY: By the safety requirement.
    P::freed(unsafe { &*data.cast::<P::Data>() }, freed);
}
