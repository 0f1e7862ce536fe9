// SPDX-License-Identifier: GPL-2.0-only

//! Random numbers.

use crate::bindings;

/// A random number of 32 bits (`get_random_u32()`). Any context.
pub fn random_u32() -> u32 {
    // SAFETY: No requirements.
    unsafe { bindings::get_random_u32() }
}
