// SPDX-License-Identifier: GPL-2.0-only

//! Who is registered at a point, in the order in which packets pass them.
//!
//! ```ignore
//! let rcu = rcu::read_lock();
//! for entry in Chain::ipv4(net, Point::PreRouting, &rcu) {
//!     pr_info!("{} {}: {}\n", entry.priority(), entry.function(), entry.kind());
//! }
//! ```

use crate::{bindings, name::Name, ArpPoint, Device, HookFunction, HookId, Net, Point, Priority};
use core::{
    fmt,
    marker::PhantomData,
    ptr::NonNull, //
};
use kernel::{
    ffi::c_uint,
    sync::rcu, //
};

/// The hooks at a point as they are at one moment, in ascending order of priority.
///
/// An iterator; a clone of it begins where it stands. Hooks that come later are not seen, and those
/// that go while it is read may or may not be.
///
/// C: `struct nf_hook_entries`.
///
/// # Invariants
///
/// `chain` is null or was read from a chain's head while RCU was locked, and RCU is locked during
/// `'rcu`: the core frees chains, and owners their hooks' ops, only after a grace period.
#[derive(Clone)]
pub struct Chain<'rcu> {
    chain: *const bindings::nf_hook_entries,
    next: c_uint,
    /// `&Guard` is not `Send`: RCU is locked for this task.
    _rcu: PhantomData<&'rcu rcu::Guard>,
}

impl<'rcu> Chain<'rcu> {
    /// At a point of IPv4, in `net`.
    pub fn ipv4(net: &Net, point: Point, rcu: &'rcu rcu::Guard) -> Self {
        Self::of(net, bindings::NFPROTO_IPV4, point.hooknum(), rcu)
    }

    /// At a point of IPv6, in `net`.
    pub fn ipv6(net: &Net, point: Point, rcu: &'rcu rcu::Guard) -> Self {
        Self::of(net, bindings::NFPROTO_IPV6, point.hooknum(), rcu)
    }

    /// At a point of ARP, in `net`.
    pub fn arp(net: &Net, point: ArpPoint, rcu: &'rcu rcu::Guard) -> Self {
        Self::of(net, bindings::NFPROTO_ARP, point.hooknum(), rcu)
    }

    /// At a point of the bridges of `net`.
    pub fn bridge(net: &Net, point: Point, rcu: &'rcu rcu::Guard) -> Self {
        Self::of(net, bindings::NFPROTO_BRIDGE, point.hooknum(), rcu)
    }

    /// Where `device` receives, hooks of `NFPROTO_INET` included.
    pub fn ingress(device: &Device, rcu: &'rcu rcu::Guard) -> Self {
        // SAFETY: The device is valid, RCU is locked.
        let chain = unsafe { bindings::nf_helper_chain_ingress(device.as_ptr()) };
        Self::new(chain, rcu)
    }

    /// Where `device` sends.
    pub fn egress(device: &Device, rcu: &'rcu rcu::Guard) -> Self {
        // SAFETY: The device is valid, RCU is locked.
        let chain = unsafe { bindings::nf_helper_chain_egress(device.as_ptr()) };
        Self::new(chain, rcu)
    }

    fn of(net: &Net, pf: u32, hooknum: c_uint, rcu: &'rcu rcu::Guard) -> Self {
        // SAFETY: The namespace is valid, RCU is locked.
        let chain = unsafe { bindings::nf_helper_chain(net.as_ptr().as_ptr(), pf as u8, hooknum) };
        Self::new(chain, rcu)
    }

    /// `chain` must have been read under `_rcu`.
    fn new(chain: *const bindings::nf_hook_entries, _rcu: &'rcu rcu::Guard) -> Self {
        // INVARIANT: As required.
        Self {
            chain,
            next: 0,
            _rcu: PhantomData,
        }
    }
}

impl<'rcu> Iterator for Chain<'rcu> {
    type Item = ChainEntry<'rcu>;

    fn next(&mut self) -> Option<ChainEntry<'rcu>> {
        if self.chain.is_null() {
            return None;
        }
        // SAFETY: By the type invariants the chain is valid.
        let ops = unsafe { bindings::nf_helper_chain_next(self.chain, &mut self.next) };
        // INVARIANT: From a chain, under RCU.
        NonNull::new(ops.cast_mut()).map(|ops| ChainEntry {
            ops,
            _rcu: PhantomData,
        })
    }
}

/// A hook that is registered.
///
/// C: `struct nf_hook_ops`.
///
/// # Invariants
///
/// `ops` is from a [`Chain`], and valid while RCU is locked, which it is during `'rcu`. What is read
/// of it is not changed while it is registered.
#[derive(Clone)]
pub struct ChainEntry<'rcu> {
    ops: NonNull<bindings::nf_hook_ops>,
    _rcu: PhantomData<&'rcu rcu::Guard>,
}

impl<'rcu> ChainEntry<'rcu> {
    /// Its priority; in a chain of NAT ([`Kind::Nat`]) that among NAT's own hooks.
    pub fn priority(&self) -> Priority {
        // SAFETY: By the type invariants.
        Priority::new(unsafe { (*self.ops.as_ptr()).priority })
    }

    /// The function that it calls.
    pub fn function(&self) -> Function {
        let mut symbol = [0; bindings::NF_KSYM_SYMBOL_LEN];
        // SAFETY: By the type invariants; the buffer is as large as it must be.
        unsafe { bindings::nf_helper_hook_symbol(self.ops.as_ptr(), symbol.as_mut_ptr().cast()) };
        Function(symbol)
    }

    /// The same, to put a [`HookProbe`](crate::HookProbe) on.
    pub fn hook_function(&self) -> HookFunction {
        // SAFETY: By the type invariants.
        HookFunction::new(unsafe { (*self.ops.as_ptr()).hook })
    }

    /// Which hook it is.
    pub fn id(&self) -> HookId {
        // SAFETY: By the type invariants.
        let priv_ = unsafe { (*self.ops.as_ptr()).priv_ };
        HookId::new(self.hook_function().address(), priv_)
    }

    /// Whose it is, as far as the core knows.
    pub fn kind(&self) -> Kind<'rcu> {
        let ops = self.ops.as_ptr();
        // SAFETY: By the type invariants.
        let kind = unsafe { bindings::nf_helper_hook_type(ops) };
        match kind.into() {
            bindings::nf_hook_ops_type_NF_HOOK_OP_NF_TABLES => {
                // SAFETY: Valid, and of that type; RCU is locked, and so the names stay.
                Kind::NfTables(unsafe { NftName::new(bindings::nf_helper_hook_chain(ops)) })
            }
            bindings::nf_hook_ops_type_NF_HOOK_OP_NFT_FT => {
                // SAFETY: As above.
                Kind::Flowtable(unsafe { NftName::new(bindings::nf_helper_hook_flowtable(ops)) })
            }
            bindings::nf_hook_ops_type_NF_HOOK_OP_BPF => Kind::Bpf {
                // SAFETY: Valid, and of that type; RCU is locked.
                id: unsafe { bindings::nf_helper_hook_bpf_id(ops) },
            },
            // INVARIANT: Read while RCU is locked.
            bindings::nf_hook_ops_type_NF_HOOK_OP_NAT => Kind::Nat(Chain {
                // SAFETY: Valid, and of that type; RCU is locked.
                chain: unsafe { bindings::nf_helper_hook_nat(ops) },
                next: 0,
                _rcu: PhantomData,
            }),
            // SAFETY: By the type invariants.
            _ if unsafe { bindings::nf_helper_hook_is_ours(ops) } => Kind::Ours,
            _ => Kind::Other,
        }
    }
}

/// Whose a hook is.
#[derive(Clone)]
pub enum Kind<'rcu> {
    /// A base chain of nf_tables.
    NfTables(NftName<'rcu>),
    /// A flowtable of nf_tables.
    Flowtable(NftName<'rcu>),
    /// A BPF program.
    Bpf {
        /// Its number, as `bpftool prog` knows it.
        id: u32,
    },
    /// The core of NAT, and what it asks for a mapping when it sees a new connection: the chains of
    /// nf_tables and the tables of iptables that are called nat.
    Nat(Chain<'rcu>),
    /// A hook of this very module.
    Ours,
    /// Any other function: its name and module tell.
    Other,
}

/// Writes `nftables inet fw forward`, `flowtable ip t f`, `bpf 17`, `nat`, `ours`, `other`.
impl fmt::Display for Kind<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NfTables(chain) => write!(f, "nftables {chain}"),
            Self::Flowtable(flowtable) => write!(f, "flowtable {flowtable}"),
            Self::Bpf { id } => write!(f, "bpf {id}"),
            Self::Nat(_) => f.write_str("nat"),
            Self::Ours => f.write_str("ours"),
            Self::Other => f.write_str("other"),
        }
    }
}

/// What nf_tables calls a chain or flowtable.
#[derive(Clone, Copy)]
pub struct NftName<'rcu> {
    family: u8,
    table: Name<'rcu>,
    name: Name<'rcu>,
}

impl<'rcu> NftName<'rcu> {
    /// # Safety
    ///
    /// The names must be strings that are valid during `'rcu`. nf_tables sees to that for what it
    /// has registered: it frees them a grace period after the hook, or a rename (see `chain.c`).
    unsafe fn new(nft: bindings::nf_helper_nft) -> Self {
        Self {
            family: nft.family,
            // SAFETY: By the safety requirement.
            table: unsafe { Name::from_raw(nft.table) },
            // SAFETY: As above.
            name: unsafe { Name::from_raw(nft.name) },
        }
    }

    /// The table's family, as nft spells it.
    pub fn family(&self) -> &'static str {
        match u32::from(self.family) {
            bindings::NFPROTO_INET => "inet",
            bindings::NFPROTO_IPV4 => "ip",
            bindings::NFPROTO_IPV6 => "ip6",
            bindings::NFPROTO_ARP => "arp",
            bindings::NFPROTO_BRIDGE => "bridge",
            bindings::NFPROTO_NETDEV => "netdev",
            _ => "?",
        }
    }

    /// The table's name.
    pub fn table(&self) -> Name<'rcu> {
        self.table
    }

    /// The chain's or flowtable's own name.
    pub fn name(&self) -> Name<'rcu> {
        self.name
    }
}

/// Writes family, table and name, as nft takes them: `inet fw forward`.
impl fmt::Display for NftName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.family(), self.table, self.name)
    }
}

/// A function's name and module; a copy, and of some 600 bytes.
///
/// Never an address: a function without a name has none here either.
pub struct Function([u8; bindings::NF_KSYM_SYMBOL_LEN]);

impl Function {
    /// Its name; none where the kernel knows none (its module is being unloaded).
    pub fn name(&self) -> Option<Name<'_>> {
        let (name, _) = self.split();
        (!name.is_empty()).then_some(Name::new(name))
    }

    /// The module that it is in; none for the kernel itself.
    pub fn module(&self) -> Option<Name<'_>> {
        self.split().1.map(Name::new)
    }

    /// `name` or `name [module]`, as `sprint_symbol()` writes it. The first `[` will not do: names
    /// of Rust functions may have one.
    fn split(&self) -> (&[u8], Option<&[u8]>) {
        let symbol = self.0.split(|&byte| byte == 0).next().unwrap_or_default();
        let Some(inner) = symbol.strip_suffix(b"]") else {
            return (symbol, None);
        };
        let mut parts = inner.rsplitn(2, |&byte| byte == b'[');
        match (
            parts.next(),
            parts.next().and_then(|name| name.strip_suffix(b" ")),
        ) {
            (Some(module), Some(name)) => (name, Some(module)),
            _ => (symbol, None),
        }
    }
}

/// Writes `name` or `name [module]`, and `?` for a function without a name.
impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{name}")?,
            None => f.write_str("?")?,
        }
        match self.module() {
            Some(module) => write!(f, " [{module}]"),
            None => Ok(()),
        }
    }
}
