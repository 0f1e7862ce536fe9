// SPDX-License-Identifier: GPL-2.0-only

//! What a setting is: a value that is read from text, written as text, and refused with a reason.

use core::fmt;
use kernel::prelude::*;
use netfilter::{filter::FilterError, Priority};

/// A value that a file of a probe has.
pub(crate) trait Setting: Sized + fmt::Display {
    /// Reads it from a text without blanks at its ends.
    fn parse(text: &[u8]) -> Result<Self, Wrong>;
}

/// Why a value is refused.
pub(crate) enum Wrong {
    /// What is allowed.
    MustBe(&'static str),
    /// One of these words.
    MustBeOneOf(&'static [&'static str]),
    /// It does not go with another setting: why.
    Conflict(&'static str),
    /// What is wrong with a filter, and where.
    Filter(FilterError),
    /// The kernel says no.
    Kernel(Error, &'static str),
}

impl From<Error> for Wrong {
    fn from(error: Error) -> Self {
        Self::Kernel(error, "refused by the kernel")
    }
}

impl From<kernel::alloc::AllocError> for Wrong {
    fn from(_: kernel::alloc::AllocError) -> Self {
        Self::Kernel(ENOMEM, "no memory")
    }
}

impl From<Wrong> for Error {
    fn from(wrong: Wrong) -> Self {
        match wrong {
            Wrong::MustBe(_) | Wrong::MustBeOneOf(_) | Wrong::Conflict(_) => EINVAL,
            Wrong::Filter(error) => error.into(),
            Wrong::Kernel(error, _) => error,
        }
    }
}

impl kernel::fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MustBe(what) => write!(f, "must be {what}"),
            Self::MustBeOneOf(words) => {
                f.write_str("must be one of:")?;
                words.iter().try_for_each(|word| write!(f, " {word}"))
            }
            Self::Conflict(why) => f.write_str(why),
            Self::Filter(error) => fmt::Display::fmt(error, f),
            Self::Kernel(error, why) => write!(f, "{why} (error {})", error.to_errno()),
        }
    }
}

/// Decimal, or hexadecimal with `0x` in front.
pub(crate) fn number(text: &[u8]) -> Option<u64> {
    let text = core::str::from_utf8(text).ok()?;
    let (digits, radix) = match text.strip_prefix("0x") {
        Some(digits) => (digits, 16),
        None => (text, 10),
    };
    // `from_str_radix` takes a sign.
    let plain = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    u64::from_str_radix(digits, radix).ok().filter(|_| plain)
}

/// A number between two.
pub(crate) fn between(text: &[u8], min: u64, max: u64) -> Option<u64> {
    number(text).filter(|number| (min..=max).contains(number))
}

impl Setting for Priority {
    fn parse(text: &[u8]) -> Result<Self, Wrong> {
        Self::parse(text).ok_or(Wrong::MustBe(
            "-2147483648 to 2147483647, or first, raw-before-defrag, defrag, raw, selinux-first, conntrack, \
             mangle, dstnat, filter, security, srcnat, selinux-last, helper or last, or such a name with an \
             offset: conntrack-1",
        ))
    }
}

/// Defines a setting that is a number, with its range, what is allowed in words, and what it is at first.
macro_rules! numbers {
    ($($(#[$doc:meta])* $name:ident: $type:ty = $first:literal, $min:literal..=$max:expr, $must:literal;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy)]
            pub(crate) struct $name(pub(crate) $type);

            impl Setting for $name {
                fn parse(text: &[u8]) -> Result<Self, Wrong> {
                    let value = between(text, $min, $max.into()).ok_or(Wrong::MustBe($must))?;
                    Ok(Self(value as $type))
                }
            }

            impl fmt::Display for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    fmt::Display::fmt(&self.0, f)
                }
            }

            impl Default for $name {
                fn default() -> Self {
                    Self($first)
                }
            }
        )*
    };
}

numbers! {
    /// Acts on every so many-th packet that matches.
    Every: u32 = 1, 1..=u32::MAX, "1 (act on each packet) to 4294967295 (every so many-th)";
    /// Acts on so many packets of a hundred, by chance.
    Probability: u8 = 100, 0..=100u8, "a percentage, 0 to 100";
    /// Acts on so many packets and then on none.
    StopAt: u64 = 0, 0..=u64::MAX, "a number of packets, or 0 for no end";
    /// Prints a line for each packet, but not more than so many a second.
    Log: u32 = 0, 0..=1_000_000u32, "lines a second, at most 1000000, or 0 for none";
}
