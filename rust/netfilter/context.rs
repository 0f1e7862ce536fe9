// SPDX-License-Identifier: GPL-2.0-only

//! Where code runs.

use crate::bindings;

/// Whether the caller may sleep: not in an interrupt, not in a hook.
pub(crate) fn may_sleep() -> bool {
    // SAFETY: No requirements.
    unsafe { bindings::nf_helper_may_sleep() }
}
