// SPDX-License-Identifier: GPL-2.0-only

//! Where code runs.

use crate::bindings;

/// Whether the caller may sleep: not in an interrupt, not in a hook.
pub(crate) fn may_sleep() -> bool {
    // SAFETY: No requirements.
    unsafe { bindings::nf_helper_may_sleep() }
}

/// Whether the caller may register hooks, and wait for their end: not where it must not sleep, nor where
/// the table has called it and the core may hold locks.
pub(crate) fn may_register() -> bool {
    // SAFETY: No requirements.
    may_sleep() && !unsafe { bindings::nf_helper_in_call() }
}

/// Whether the caller may wait for the end of work: not where it may not for that of hooks, nor at such
/// work, since two that wait for each other do so for ever.
pub(crate) fn may_end_work() -> bool {
    // SAFETY: May sleep, as checked.
    may_register() && !unsafe { bindings::nf_helper_in_work() }
}
