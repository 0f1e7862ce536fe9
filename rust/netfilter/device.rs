// SPDX-License-Identifier: GPL-2.0-only

//! Network devices, as far as a hook looks at them.

use crate::bindings;
use core::fmt;
use kernel::types::Opaque;

/// A network device.
///
/// C: `struct net_device`.
///
/// # Invariants
///
/// Valid, and registered or in the course of unregistering, for as long as the reference.
#[repr(transparent)]
pub struct Device(Opaque<bindings::net_device>);

impl Device {
    /// # Safety
    ///
    /// `dev` must be null or valid for `'a`.
    pub(crate) unsafe fn from_raw<'a>(dev: *const bindings::net_device) -> Option<&'a Self> {
        // SAFETY: By the safety requirement; `Self` has the same layout.
        unsafe { dev.cast::<Self>().as_ref() }
    }

    /// A copy of the name, as it is at this moment: devices can be renamed.
    pub fn name(&self) -> DeviceName {
        let mut name = [0; bindings::IFNAMSIZ as usize];
        // SAFETY: By the type invariant, and the buffer has `IFNAMSIZ` bytes.
        unsafe { bindings::nf_helper_device_name(self.0.get(), name.as_mut_ptr()) };
        DeviceName(name)
    }
}

/// A device's name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DeviceName([u8; bindings::IFNAMSIZ as usize]);

impl DeviceName {
    /// Its bytes, without the NUL.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.split(|&byte| byte == 0).next().unwrap_or_default()
    }
}

/// Writes it, with `?` for each byte that is not printable ASCII.
impl fmt::Display for DeviceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write;
        self.as_bytes().iter().try_for_each(|&byte| {
            f.write_char(if byte.is_ascii_graphic() {
                byte.into()
            } else {
                '?'
            })
        })
    }
}
