// SPDX-License-Identifier: GPL-2.0-only

//! Packets that a hook keeps.

use crate::{bindings, family::Resumable, packet::Packet, verdict::Verdict};
use core::{mem, ptr::NonNull};

/// A packet that a hook has taken out of the core's hands (`NF_STOLEN`).
///
/// It can be kept in a list, given to a timer or a work item, and then goes on behind the hook that
/// took it ([`resume`](Self::resume)) or is dropped with this, exactly once. With it are held its
/// devices, its socket and its route, as packets that are queued to user space hold theirs; and as
/// there it is dropped where a device of these goes down, its namespace goes away, that hook is
/// unregistered, a port has left its bridge, or others have its connection's entry before that is
/// confirmed: then nothing is left here to go on, and dmesg says how many were dropped so. While packets with an entry are kept, nf_conntrack
/// and nf_nat cannot be unloaded.
///
/// A packet that a socket has sent holds, with the socket, the socket's namespace: that does not go away
/// before the packet has gone on or is dropped.
///
/// # Invariants
///
/// Owns the `struct nf_stolen`, which is not scheduled.
///
/// C: `struct nf_queue_entry`, `rust/netfilter/stolen.c`.
pub struct Stolen(NonNull<bindings::nf_stolen>);

// SAFETY: Bound to no CPU and no task.
unsafe impl Send for Stolen {}

// SAFETY: `&Stolen` gives nothing.
unsafe impl Sync for Stolen {}

impl<'p, F: Resumable> Packet<'p, F> {
    /// `NF_STOLEN`: the packet for the hook to keep, and the verdict to return for it.
    ///
    /// # Errors
    ///
    /// The packet, where there is no memory; where a module's hooks keep 16384 already; where this
    /// hook stands more than once in the chain with the same data, as the core does not tell which of
    /// them it is calling (entries of a `Registration<[D]>` have data of their own); and at a bridge's
    /// `LOCAL_IN`.
    pub fn steal(self) -> Result<(Verdict<'p>, Stolen), Self> {
        let state = core::ptr::from_ref(self.state()).cast();
        // SAFETY: The packet is the hook's to take, with its state, function and data as `Packet`'s
        // invariants say; hooks run under `rcu_read_lock()`.
        let stolen =
            unsafe { bindings::nf_stolen_new(self.as_ptr(), state, Some(self.hook), self.priv_) };
        let Some(stolen) = NonNull::new(stolen) else {
            return Err(self);
        };
        // SAFETY: The packet has been taken and `self` ends here.
        let verdict = unsafe { Verdict::new(bindings::NF_STOLEN) };
        // INVARIANT: Just made.
        Ok((verdict, Stolen(stolen)))
    }
}

impl Stolen {
    /// Sends the packet on to the hooks behind the one that took it, from softirq, at once.
    ///
    /// # Context
    ///
    /// Any but NMI.
    pub fn resume(self) {
        self.resume_after_ns(0);
    }

    /// As [`resume`](Self::resume), after so many nanoseconds. Packets that different CPUs send on at
    /// about the same time can change places.
    ///
    /// # Context
    ///
    /// Any but NMI.
    pub fn resume_after_ns(self, ns: u64) {
        // SAFETY: By the type invariant; it is the timer's from now on, and `self` is forgotten.
        unsafe { bindings::nf_stolen_schedule(self.0.as_ptr(), true, ns) };
        mem::forget(self);
    }
}

/// Drops the packet, in a softirq. Any context but NMI.
impl Drop for Stolen {
    fn drop(&mut self) {
        // SAFETY: By the type invariant; it is the timer's from now on.
        unsafe { bindings::nf_stolen_schedule(self.0.as_ptr(), false, 0) };
    }
}
