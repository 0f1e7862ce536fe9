// SPDX-License-Identifier: GPL-2.0-only

//! Generated bindings, quarantined: nothing outside the crate sees them.

#![allow(
    clippy::all,
    dead_code,
    improper_ctypes,
    missing_docs,
    non_camel_case_types,
    non_snake_case,
    non_upper_case_globals,
    unreachable_pub,
    unsafe_op_in_unsafe_fn
)]
#![cfg_attr(
    clippy,
    allow(
        clippy::undocumented_unsafe_blocks,
        clippy::ptr_as_ptr,
        clippy::ref_as_ptr,
        clippy::cast_lossless
    )
)]

pub(crate) use kernel::bindings::*;
use kernel::ffi;

include!(env!("NETFILTER_BINDINGS"));
