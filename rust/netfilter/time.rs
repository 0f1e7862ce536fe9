// SPDX-License-Identifier: GPL-2.0-only

//! The time, where a hook needs it.

use crate::bindings;

/// Nanoseconds on the monotonic clock (`ktime_get()`). Any context but NMI.
///
/// A plain number: the arithmetic on the kernel crate's `Instant` can panic, which a hook must not.
#[inline]
pub fn monotonic_ns() -> u64 {
    // SAFETY: No requirements.
    unsafe { bindings::ktime_get() }.unsigned_abs()
}

/// Seconds since 1970 by the clock that people set (`ktime_get_real_seconds()`), UTC. Any context.
pub fn unix_seconds() -> u64 {
    // SAFETY: No requirements.
    unsafe { bindings::ktime_get_real_seconds() }.unsigned_abs()
}
