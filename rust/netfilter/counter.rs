// SPDX-License-Identifier: GPL-2.0-only

//! Counting, from any number of CPUs at once.

use crate::{bindings, context::may_sleep, Family, Packet};
#[cfg(all(target_arch = "x86_64", CONFIG_SMP))]
use core::arch::asm;
use core::ptr::NonNull;
use kernel::prelude::*;

/// A counter that has a part for each CPU: counting takes no lock and shares no cache line, so it
/// costs next to nothing and never waits. Reading adds the parts up.
///
/// Counts are 64 bits, and wrap.
///
/// ```ignore
/// struct Seen { packets: Counter, bytes: Counter }
///
/// // in a hook:
/// seen.packets.inc();
/// seen.bytes.add(packet.len() as u64);
/// // elsewhere:
/// pr_info!("{} packets\n", seen.packets.sum());
/// ```
///
/// C: `alloc_percpu()`, `this_cpu_add()`.
///
/// # Invariants
///
/// A `u64` of per-CPU memory, from `alloc_percpu()`, and owned. Each part is only changed by its CPU,
/// by operations that no interrupt can split.
pub struct Counter(NonNull<u64>);

// SAFETY: By the type invariant: belongs to no task.
unsafe impl Send for Counter {}

// SAFETY: By the type invariant: each CPU changes its own part.
unsafe impl Sync for Counter {}

impl Counter {
    /// A counter at 0.
    ///
    /// # Errors
    ///
    /// - `ENOMEM`.
    /// - `EDEADLK`: called where it may not sleep.
    ///
    /// # Context
    ///
    /// May sleep.
    pub fn new() -> Result<Self> {
        if !may_sleep() {
            return Err(EDEADLK);
        }
        // SAFETY: May sleep, as checked.
        let counter = unsafe { bindings::nf_helper_counter_alloc() };
        // INVARIANT: Just allocated.
        NonNull::new(counter).map(Self).ok_or(ENOMEM)
    }

    /// Counts one. Any context.
    #[inline]
    pub fn inc(&self) {
        self.add(1);
    }

    /// Counts `by`. Any context.
    #[inline]
    #[cfg(all(target_arch = "x86_64", CONFIG_SMP))]
    pub fn add(&self, by: u64) {
        // SAFETY: By the type invariant. As `this_cpu_add()`: one instruction, that adds to this CPU's part.
        unsafe {
            asm!(
                "add qword ptr gs:[{}], {}",
                in(reg) self.0.as_ptr(),
                in(reg) by,
                options(nostack)
            );
        }
    }

    /// Counts `by`. Any context.
    #[inline]
    #[cfg(not(all(target_arch = "x86_64", CONFIG_SMP)))]
    pub fn add(&self, by: u64) {
        // SAFETY: By the type invariant.
        unsafe { bindings::nf_helper_counter_add(self.0.as_ptr(), by) };
    }

    /// What has been counted: all that had been when this was called, and perhaps some of what has
    /// been since. Any context.
    pub fn sum(&self) -> u64 {
        // SAFETY: By the type invariant.
        unsafe { bindings::nf_helper_counter_sum(self.0.as_ptr()) }
    }
}

impl<F: Family> Packet<'_, F> {
    /// Counts the packet and gives it back, for a verdict to follow: `packet.count(&seen).accept()`, as `counter
    /// accept` in a rule of nft.
    #[inline]
    pub fn count(self, counter: &Counter) -> Self {
        counter.inc();
        self
    }
}

impl Drop for Counter {
    fn drop(&mut self) {
        // SAFETY: By the type invariant it is ours to free. Any context.
        unsafe { bindings::free_percpu(self.0.as_ptr().cast()) };
    }
}
