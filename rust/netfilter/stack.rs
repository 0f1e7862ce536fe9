// SPDX-License-Identifier: GPL-2.0-only

//! How the code that is running was reached.

use crate::bindings;
use core::fmt;
use kernel::ffi::c_ulong;

/// The deepest stack that is saved.
const MAX_FRAMES: usize = 32;

/// The functions that called each other up to here: in a hook, how a packet that this host sends came to
/// be sent.
///
/// C: `stack_trace_save()`.
pub struct Stack {
    frames: [c_ulong; MAX_FRAMES],
    len: usize,
}

impl Stack {
    /// The stack as it is. Any context; it walks the stack, so not for every packet.
    #[inline(never)]
    pub fn save() -> Self {
        let mut frames = [0; MAX_FRAMES];
        // SAFETY: The array has so many elements. Frame 0 is this function.
        let len = unsafe { bindings::stack_trace_save(frames.as_mut_ptr(), MAX_FRAMES as u32, 1) };
        Self {
            frames,
            len: len as usize,
        }
    }

    /// From the innermost function out. Never an address.
    pub fn frames(&self) -> impl Iterator<Item = Frame> + '_ {
        self.frames.iter().take(self.len).copied().map(Frame)
    }
}

/// A function of a [`Stack`], or from which something was called.
///
/// Its `Display` writes the function, and `[module]` behind it: `tcp_v4_send_reset`, or `?` where no
/// symbol is known, as of a module that has been unloaded in the meantime. There is no way to the
/// address.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Frame(c_ulong);

impl Frame {
    /// From a return address.
    pub(crate) fn new(address: c_ulong) -> Self {
        Self(address)
    }
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut symbol = [0u8; bindings::NF_KSYM_SYMBOL_LEN];
        // SAFETY: The buffer is as long as a symbol can be, with its NUL.
        unsafe { bindings::nf_helper_frame(self.0, symbol.as_mut_ptr()) };
        let text = symbol.split(|&byte| byte == 0).next().unwrap_or_default();
        f.write_str(core::str::from_utf8(text).unwrap_or("?"))
    }
}

impl kernel::fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
