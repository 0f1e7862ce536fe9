// SPDX-License-Identifier: GPL-2.0-only

//! Network devices, as far as a hook looks at them.

use crate::{bindings, net::Net};
use core::{fmt, ptr::NonNull};
use kernel::{prelude::*, types::NotThreadSafe, types::Opaque};

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

    pub(crate) fn as_ptr(&self) -> *mut bindings::net_device {
        self.0.get()
    }

    /// The interface index, by which user space knows the device in its namespace (`ip link`).
    pub fn index(&self) -> u32 {
        // SAFETY: By the type invariant.
        unsafe { bindings::nf_helper_device_index(self.0.get()) }
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
    /// Its bytes, filled up with NULs.
    pub(crate) fn padded(&self) -> [u8; bindings::IFNAMSIZ as usize] {
        // What is behind the first NUL is nobody's.
        let mut name = [0; bindings::IFNAMSIZ as usize];
        name.iter_mut()
            .zip(self.as_bytes())
            .for_each(|(to, from)| *to = *from);
        name
    }

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

/// The RTNL, held: devices do not come, go or change names.
pub(crate) struct Rtnl(NotThreadSafe);

impl Rtnl {
    /// May sleep.
    pub(crate) fn lock() -> Self {
        // SAFETY: Our callers may sleep.
        unsafe { bindings::rtnl_lock() };
        Self(NotThreadSafe)
    }

    /// The device of that name in `net`, which stays while this is held.
    pub(crate) fn device(&self, net: &Net, name: &CStr) -> Option<NonNull<bindings::net_device>> {
        // SAFETY: `net` is valid, the name ends with a NUL, and the RTNL is held.
        NonNull::new(unsafe {
            bindings::__dev_get_by_name(net.as_ptr().as_ptr(), name.as_char_ptr())
        })
    }
}

impl Drop for Rtnl {
    fn drop(&mut self) {
        // SAFETY: Locked when this was made, by this thread.
        unsafe { bindings::rtnl_unlock() };
    }
}
