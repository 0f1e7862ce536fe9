// SPDX-License-Identifier: GPL-2.0-only

//! Being told which packets are freed, where, and why.

use crate::{bindings, probe::Probe, stack::Frame, DropReason, PacketId};
use core::{ffi::c_void, num::NonZeroUsize, ops::Deref};
use kernel::{ffi::c_ulong, prelude::*};

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
    /// The address is only what it is told by.
    packet: NonZeroUsize,
    location: Frame,
    reason: u32,
}

impl Freed {
    /// Which packet: the [`Packet::id`](crate::Packet::id) that it had at the hooks. It may be
    /// another one's as soon as the probe returns.
    #[inline]
    pub fn packet(&self) -> PacketId {
        PacketId::new(self.packet)
    }

    /// Why it was dropped; none for one that was not: delivered, sent, or merely not needed any more.
    #[inline]
    pub fn drop_reason(&self) -> Option<DropReason> {
        DropReason::from_raw(self.reason)
    }

    /// The function that frees it.
    #[inline]
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
/// The probe's object is from `nf_free_add()`.
#[must_use = "the probe is off as soon as it is dropped"]
pub struct FreeRegistration<D: Send + Sync + 'static>(Probe<bindings::nf_free_probe, D>);

impl<D: Send + Sync + 'static> FreeRegistration<D> {
    /// Registers the probe `P`. It may be called before this returns.
    ///
    /// # Errors
    ///
    /// - `EOPNOTSUPP`: a kernel without these tracepoints.
    /// - `ENOMEM`, and what `data` fails with.
    /// - `EDEADLK`: called where it may not sleep.
    /// - `ESHUTDOWN`: called while the module is being freed.
    ///
    /// # Context
    ///
    /// May sleep.
    pub fn new<P: FreeProbe<Data = D>, E>(data: impl PinInit<D, E>) -> Result<Self>
    where
        Error: From<E>,
    {
        // SAFETY: `freed::<P>` takes a `P::Data`, which the data are; it is not called any more when
        // `nf_free_remove()` has returned.
        let probe = unsafe {
            Probe::new(data, bindings::nf_free_remove, |data, probe| {
                bindings::nf_free_add(Some(freed::<P>), data, probe)
            })?
        };
        // INVARIANT: From there.
        Ok(Self(probe))
    }

    /// Packets that the probe was not told of, as it was at work in the same context of that CPU: it
    /// has freed them itself, or has printed to a console that sends packets.
    pub fn missed(&self) -> u64 {
        // SAFETY: By the type invariants.
        unsafe { bindings::nf_free_missed(self.0.as_ptr()) }
    }
}

impl<D: Send + Sync + 'static> Deref for FreeRegistration<D> {
    type Target = D;

    fn deref(&self) -> &D {
        self.0.data()
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
    let Some(packet) = NonZeroUsize::new(skb.addr()) else {
        return;
    };
    let freed = Freed {
        packet,
        location: Frame::new(location),
        reason,
    };
    // SAFETY: By the safety requirement.
    P::freed(unsafe { &*data.cast::<P::Data>() }, freed);
}
