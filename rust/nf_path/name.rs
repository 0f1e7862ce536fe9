// SPDX-License-Identifier: GPL-2.0-only

//! What a foreign hook is called.

use core::fmt::{self, Write};
use kernel::prelude::*;
use netfilter::{
    chain::{Function, Kind},
    ChainEntry,
};

/// A copy of what the owner calls it, its function, and the function's module.
#[derive(PartialEq)]
pub(crate) struct OwnerName(KVec<u8>);

impl OwnerName {
    /// Whether `part` stands in it.
    pub(crate) fn has(&self, part: &[u8]) -> bool {
        self.0.windows(part.len().max(1)).any(|bytes| bytes == part)
    }
}

/// Of a hook that is registered:
///
/// - `inet fw forward (nft_do_chain_inet)`: a chain of nf_tables;
/// - `nf_nat_ipv4_out [nf_nat] for inet nat postrouting`: NAT, and whom it asks about new connections;
/// - `bpf 17 (nf_hook_run_bpf)`: a program;
/// - `ipv4_conntrack_in [nf_conntrack]`: any other function.
pub(crate) fn name(hook: &ChainEntry<'_>) -> Result<OwnerName> {
    let mut name = OwnerName(KVec::new());
    // What fails is the memory.
    write(&mut name, hook).map_err(|_| ENOMEM)?;
    Ok(name)
}

fn write(name: &mut OwnerName, hook: &ChainEntry<'_>) -> fmt::Result {
    let function = hook.function();
    match hook.kind() {
        Kind::NfTables(chain) => write!(name, "{chain} ({})", Plain(&function)),
        Kind::Flowtable(flowtable) => write!(name, "{flowtable} ({})", Plain(&function)),
        Kind::Bpf { id } => write!(name, "bpf {id} ({})", Plain(&function)),
        Kind::Nat(chain) => {
            write!(name, "{function}")?;
            for (number, asked) in chain.enumerate() {
                name.write_str(if number == 0 { " for " } else { ", " })?;
                match asked.kind() {
                    Kind::NfTables(chain) => write!(name, "{chain}")?,
                    _ => write!(name, "{}", Plain(&asked.function()))?,
                }
            }
            Ok(())
        }
        Kind::Ours | Kind::Other => write!(name, "{function}"),
    }
}

impl fmt::Write for OwnerName {
    /// Also where one may not sleep: names are read under RCU.
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0
            .extend_from_slice(text.as_bytes(), GFP_ATOMIC)
            .map_err(|_| fmt::Error)
    }
}

impl fmt::Display for OwnerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(core::str::from_utf8(&self.0).unwrap_or("?"))
    }
}

/// A function without its module.
struct Plain<'a>(&'a Function);

impl fmt::Display for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.name() {
            Some(name) => name.fmt(f),
            None => f.write_str("?"),
        }
    }
}
