// SPDX-License-Identifier: GPL-2.0-only

//! `pr_info!` and its like want the kernel crate's `Display`; the types here have `core`'s, which the
//! host's tests have too.

/// For `pr_info!` and its like: what has `core`'s `Display`.
pub struct Shown<T>(pub T);

impl<T: core::fmt::Display> kernel::fmt::Display for Shown<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        core::fmt::Display::fmt(&self.0, f)
    }
}

macro_rules! forward {
    ($($type:ty),* $(,)?) => {
        $(
            impl kernel::fmt::Display for $type {
                fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                    core::fmt::Display::fmt(self, f)
                }
            }
        )*
    };
}

forward!(
    crate::chain::Function,
    crate::chain::Kind<'_>,
    crate::chain::NftName<'_>,
    crate::conntrack::Direction,
    crate::conntrack::HelperName,
    crate::conntrack::State,
    crate::conntrack::Status,
    crate::conntrack::Tuple,
    crate::ArpHeader<'_>,
    crate::DeviceName,
    crate::DropReason,
    crate::Ethernet,
    crate::filter::FieldError,
    crate::filter::FilterError,
    crate::filter::TextError,
    crate::IpHeader<'_>,
    crate::MacAddr,
    crate::Name<'_>,
    crate::Priority,
    crate::PriorityName,
    crate::TcpFlags,
    crate::Transport<'_>,
    crate::VerdictCode
);
