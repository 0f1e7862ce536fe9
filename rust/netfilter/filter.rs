// SPDX-License-Identifier: GPL-2.0-only

//! Which packets are wanted: by fields, and by programs of classic BPF as `tcpdump` makes them.
//!
//! ```ignore
//! let filter = Filter::parse(b"proto tcp dport 80 src 10.0.1.0/24")?;
//! // tcpdump -y RAW -ddd 'udp port 53', for packets that begin with their IP header
//! let filter = BpfFilter::parse(text)?;
//! // in a hook:
//! if filter.matches(&packet) { /* ... */ }
//! ```

mod fields;
mod text;

pub use fields::{FieldError, FieldErrorKind, Fields};
pub use text::{SockFilter, TextError, TextErrorKind};

use crate::{
    bindings,
    context::may_sleep,
    family::Family,
    header::{IpHeader, Ipv4, Transport},
    packet::Packet,
};
use core::{fmt, ptr::NonNull};
use fields::Subject;
use kernel::{error::to_result, prelude::*};
use text::Parser;

/// [`Fields`] that a packet must have, and a [`BpfFilter`] that must want it; either may be missing.
///
/// A person writes it `proto tcp dport 80 src 10.0.1.0/24`, fields in any order, and behind them, if
/// there is a program, `bpf` and what `tcpdump -y RAW -ddd` prints. Nothing at all stands for all packets.
#[derive(Default)]
pub struct Filter {
    fields: Fields,
    program: Option<BpfFilter>,
}

impl Filter {
    /// Reads what a person has written.
    ///
    /// # Errors
    ///
    /// What is wrong with the text and where, or as [`BpfFilter::new`].
    ///
    /// # Context
    ///
    /// May sleep.
    pub fn parse(text: &[u8]) -> Result<Self, FilterError> {
        let (fields, program) = Fields::parse(text).map_err(FilterError::Field)?;
        let program = program.map(BpfFilter::parse).transpose()?;
        Ok(Self { fields, program })
    }

    /// Whether the packet is wanted.
    pub fn matches<F: Family>(&self, packet: &Packet<'_, F>) -> bool {
        self.fields.match_subject(packet)
            && self
                .program
                .as_ref()
                .is_none_or(|program| program.matches(packet))
    }

    /// Whether it is worth while to ask [`matches`](Self::matches), which is no where this is not. A few instructions,
    /// in line: what a hook that wants few packets asks first, before it calls any function.
    #[inline]
    pub fn may_match<F: Family>(&self, packet: &Packet<'_, F>) -> bool {
        self.fields.may_match(packet)
    }
}

impl<F: Family> Subject for Packet<'_, F> {
    #[inline]
    fn net(&self) -> u32 {
        self.state().net().inode()
    }

    #[inline]
    fn mark(&self) -> u32 {
        Packet::mark(self)
    }

    #[inline]
    fn ipv4_protocol(&self) -> Option<u8> {
        match self.state().pf() {
            bindings::NFPROTO_IPV4 => Ipv4::protocol_of(self.buffer()),
            _ => None,
        }
    }

    #[inline]
    fn ipv4_ports(&self) -> Option<[u16; 2]> {
        match self.state().pf() {
            bindings::NFPROTO_IPV4 => Ipv4::ports_of(self.buffer()),
            _ => None,
        }
    }

    fn in_device(&self) -> Option<[u8; 16]> {
        Some(self.state().in_device()?.name().padded())
    }

    fn out_device(&self) -> Option<[u8; 16]> {
        Some(self.state().out_device()?.name().padded())
    }

    fn ip(&self) -> Option<IpHeader<'_>> {
        Packet::ip(self)
    }

    fn transport(&self, ip: &IpHeader<'_>) -> Option<Transport<'_>> {
        Transport::read(self.buffer(), ip)
    }
}

const _: () = assert!(
    size_of::<SockFilter>() == size_of::<bindings::sock_filter>()
        && align_of::<SockFilter>() == align_of::<bindings::sock_filter>()
);

/// A program of classic BPF, checked and compiled by the kernel.
///
/// It sees a packet from its network header on, at every point: the link layer of what it was made
/// for is `RAW` (`tcpdump -y RAW`, not the `EN10MB` of a network card).
///
/// C: `bpf_prog_create()`, `struct bpf_prog`; what `xt_bpf` runs.
///
/// # Invariants
///
/// Made by `bpf_prog_create()`, and owned.
pub struct BpfFilter(NonNull<bindings::bpf_prog>);

// SAFETY: A program belongs to no task.
unsafe impl Send for BpfFilter {}

// SAFETY: Running does not change it, and any number of CPUs may do so.
unsafe impl Sync for BpfFilter {}

impl BpfFilter {
    /// Compiles a program.
    ///
    /// # Errors
    ///
    /// - `EINVAL`: not a valid program: empty, of more than 4096 instructions, with one that is
    ///   unknown or jumps out of it, or without a `ret` at its end.
    /// - `ENOMEM`.
    /// - `EDEADLK`: called where it may not sleep.
    ///
    /// # Context
    ///
    /// May sleep.
    pub fn new(program: &[SockFilter]) -> Result<Self> {
        if !may_sleep() {
            return Err(EDEADLK);
        }
        let len = u16::try_from(program.len()).map_err(|_| EINVAL)?;
        let mut filter = core::ptr::null_mut();
        // SAFETY: `len` instructions, which are copied; `filter` is written to before use.
        to_result(unsafe {
            bindings::nf_helper_filter_create(program.as_ptr().cast_mut().cast(), len, &mut filter)
        })?;
        // INVARIANT: Just made.
        NonNull::new(filter).map(Self).ok_or(ENOMEM)
    }

    /// Compiles what `tcpdump -ddd` prints: the number of instructions, then one a line, in four
    /// decimal numbers each. Commas do for ends of lines, as in iptables' `--bytecode`.
    ///
    /// # Errors
    ///
    /// What is wrong with the text and where, or as [`new`](Self::new).
    ///
    /// # Context
    ///
    /// May sleep.
    pub fn parse(text: &[u8]) -> Result<Self, FilterError> {
        if !may_sleep() {
            return Err(FilterError::Kernel(EDEADLK));
        }
        let mut program = KVec::new();
        for instruction in Parser::new(text) {
            program
                .push(instruction.map_err(FilterError::Text)?, GFP_KERNEL)
                .map_err(|error| FilterError::Kernel(error.into()))?;
        }
        Self::new(&program).map_err(FilterError::Kernel)
    }

    /// Runs it: gives what it returns, which for a program of tcpdump's is 0 for a packet that does
    /// not match, and else the number of bytes to keep.
    pub fn run<F: Family>(&self, packet: &Packet<'_, F>) -> u32 {
        // SAFETY: The program is ours, by the type invariant; the packet is the hook's, and as
        // before when this returns.
        unsafe { bindings::nf_helper_filter_run(self.0.as_ptr(), packet.as_ptr()) }
    }

    /// Whether the packet matches: whether the program returns other than 0.
    pub fn matches<F: Family>(&self, packet: &Packet<'_, F>) -> bool {
        self.run(packet) != 0
    }
}

impl Drop for BpfFilter {
    fn drop(&mut self) {
        // SAFETY: By the type invariant it is ours to free, and was made by that function's
        // counterpart. Nobody runs it: that takes a reference. Any context: the memory is freed by
        // a work item.
        unsafe { bindings::bpf_prog_destroy(self.0.as_ptr()) };
    }
}

/// Why a text gives no [`Filter`] or [`BpfFilter`].
#[derive(Clone, Copy, Debug)]
pub enum FilterError {
    /// The text is not one of fields.
    Field(FieldError),
    /// The text is not a program's.
    Text(TextError),
    /// The kernel does not take the program.
    Kernel(Error),
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(error) => error.fmt(f),
            Self::Text(error) => {
                f.write_str("BPF program: ")?;
                error.fmt(f)
            }
            Self::Kernel(error) if *error == EINVAL => f.write_str("not a valid BPF program"),
            Self::Kernel(error) => write!(f, "error {}", error.to_errno()),
        }
    }
}

impl From<FilterError> for Error {
    fn from(error: FilterError) -> Self {
        match error {
            FilterError::Field(_) | FilterError::Text(_) => EINVAL,
            FilterError::Kernel(error) => error,
        }
    }
}
