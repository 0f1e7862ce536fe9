// SPDX-License-Identifier: GPL-2.0-only

//! Names that others have given.

use crate::bindings;
use core::{fmt, slice};
use kernel::ffi::c_char;

/// A name: bytes that somebody else chose, of whatever kind.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Name<'a>(&'a [u8]);

impl<'a> Name<'a> {
    pub(crate) fn new(name: &'a [u8]) -> Self {
        Self(name)
    }

    /// # Safety
    ///
    /// `name` must be a string, with its NUL, that is valid for `'a`.
    pub(crate) unsafe fn from_raw(name: *const c_char) -> Self {
        // SAFETY: By the safety requirement. Not by way of `CStr`, whose arithmetic can panic.
        Self(unsafe { slice::from_raw_parts(name.cast(), bindings::strlen(name)) })
    }

    /// Its bytes, without a NUL.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.0
    }
}

/// Writes it, with `?` for each byte that is not printable ASCII.
impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write;
        self.0.iter().try_for_each(|&byte| {
            f.write_char(if byte.is_ascii_graphic() {
                byte.into()
            } else {
                '?'
            })
        })
    }
}
