// SPDX-License-Identifier: GPL-2.0-only

//! What tells objects of the kernel apart: numbers to compare and to look up by, which are no addresses.

use crate::bindings;
use core::{
    ffi::c_void,
    num::{NonZeroU64, NonZeroUsize},
    sync::atomic::{AtomicU64, Ordering::Relaxed}, //
};

/// Made when it is first needed; 0 before. Rust's own atomic, of which a load is one instruction and no call: nothing
/// else accesses it.
static KEY: AtomicU64 = AtomicU64::new(0);

#[inline]
fn key() -> u64 {
    match KEY.load(Relaxed) {
        0 => make_key(),
        key => key,
    }
}

#[cold]
fn make_key() -> u64 {
    // SAFETY: No requirements; any context but an NMI's, where nothing here is called.
    let new = unsafe { bindings::get_random_u64() } | 1;
    match KEY.compare_exchange(0, new, Relaxed, Relaxed) {
        Ok(_) => new,
        Err(other) => other,
    }
}

/// Scrambles an address with the key. Each step is a bijection that leaves 0 as it is, so different
/// addresses stay different.
#[inline]
fn scramble(address: NonZeroUsize) -> NonZeroU64 {
    let key = key();
    let mut x = (address.get() as u64).wrapping_mul(key);
    x ^= x >> 32;
    x = x.wrapping_mul(key.rotate_left(32) | 1);
    x ^= x >> 29;
    // Never `MIN`.
    NonZeroU64::new(x).unwrap_or(NonZeroU64::MIN)
}

/// Which hook: the same for a [`ChainEntry`](crate::ChainEntry) and for the call of a
/// [`HookProbe`](crate::HookProbe) that was of it. Two hooks with the same function and data have the
/// same.
///
/// There is deliberately no way to print it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct HookId {
    function: Option<NonZeroU64>,
    data: Option<NonZeroU64>,
}

impl HookId {
    pub(crate) fn new(function: usize, data: *const c_void) -> Self {
        Self {
            function: NonZeroUsize::new(function).map(scramble),
            data: NonZeroUsize::new(data.addr()).map(scramble),
        }
    }
}

/// Which packet: the same at each hook that it passes, in any namespace, and when it is freed.
///
/// It is the identity of the packet's buffer, so a clone or a segment has another one. When the packet has
/// been freed, the next one may have the same.
///
/// There is deliberately no way to print it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PacketId(NonZeroU64);

impl PacketId {
    /// Of the packet at `address`.
    #[inline]
    pub(crate) fn new(address: NonZeroUsize) -> Self {
        Self(scramble(address))
    }

    /// The same as a number, well mixed: for tables and atomics. Not an address; made with a secret that
    /// is another one each time that the module is loaded. Not for output all the same: it would tell which
    /// packets lie in the same place.
    #[inline]
    pub fn get(self) -> NonZeroU64 {
        self.0
    }
}
