// SPDX-License-Identifier: GPL-2.0-only

//! Netfilter hooks in Rust, with no `unsafe` for their writers.
//!
//! A hook is a type with a [`Hook`] implementation: one function that is given shared data and a
//! [`Packet`], and gives a [`Verdict`] in exchange for the packet. [`Op`]s say where hooks sit (a
//! [`Point`]) and in which order ([`Priority`]); a [`Registration`] puts an array of them into one
//! network namespace or into all, takes them off when dropped, and frees their data only when no
//! CPU can be running them any more.
//!
//! ```ignore
//! use netfilter::prelude::*;
//!
//! struct DropDns;
//!
//! impl Hook for DropDns {
//!     type Data = Counter;
//!
//!     fn hook<'p>(others: &Counter, packet: Packet<'p>) -> Verdict<'p> {
//!         match packet.udp().map(|udp| udp.destination()) {
//!             Some(53) => packet.drop(),
//!             _ => packet.count(others).accept(),
//!         }
//!     }
//! }
//!
//! const OPS: [Op<Counter>; 1] =
//!     [Op::inet::<DropDns>(Point::PreRouting, Priority::FILTER.before())];
//!
//! let registration = Registration::in_all_nets(&OPS, Counter::new()?)?;
//! ```
//!
//! Begin with the [`guide`].
//!
//! # Context
//!
//! Hooks run under `rcu_read_lock()` and must not sleep: most of them in softirq, those at
//! [`LocalOut`](Point::LocalOut) and [`PostRouting`](Point::PostRouting) often in the sending task.
//! Registering and dropping a [`Registration`] sleeps.
//!
//! # C sources
//!
//! [`include/linux/netfilter.h`](srctree/include/linux/netfilter.h),
//! [`net/netfilter/core.c`](srctree/net/netfilter/core.c).

#![deny(missing_docs)]

mod bindings;
pub mod chain;
pub mod conntrack;
mod context;
mod counter;
mod device;
mod display;
mod drop_reason;
mod entries;
mod family;
#[doc = include_str!("guide.md")]
pub mod guide {}
pub mod filter;
mod free;
mod header;
mod hook;
mod hook_probe;
mod id;
mod limit;
mod member;
mod metadata;
mod name;
mod net;
mod packet;
mod per_net;
mod priority;
mod probe;
pub mod random;
mod rcu;
mod registration;
mod snapshot;
mod stack;
mod state;
mod stolen;
mod table;
pub mod time;
pub mod trace;
mod tracking;
mod verdict;
mod watch;
mod worker;
mod write;

/// What nearly every module with hooks wants: of this crate, of what hooks share (of the kernel crate's locks the
/// one that they can take), and the kernel crate's prelude.
pub mod prelude {
    pub use crate::{Counter, Hook, Op, Packet, Point, Priority, Registration, Transport, Verdict};
    pub use kernel::prelude::*;
    pub use kernel::sync::{
        atomic::{Atomic, Relaxed},
        new_spinlock_irq, SpinLockIrq,
    };
}

pub use chain::{Chain, ChainEntry};
pub use conntrack::Conntrack;
pub use counter::Counter;
pub use device::{Device, DeviceName};
pub use display::Shown;
pub use drop_reason::DropReason;
pub use family::{Arp, ArpPoint, Bridge, Family, Ip, Netdev, NetdevPoint, Point, Resumable};
pub use filter::{BpfFilter, Filter};
pub use free::{FreeProbe, FreeRegistration, Freed};
pub use header::{
    Arp as ArpHeader, Ethernet, Fragment, HeaderOption, Icmp, Icmpv6, IpHeader, Ipv4, Ipv6,
    MacAddr, Options, Sctp, Tcp, TcpFlags, Transport, Udp,
};
pub use hook::{DeviceOp, Hook, Op};
pub use hook_probe::{
    HookCall, HookFunction, HookProbe, HookProbeRegistration, HookReturn, VerdictCode,
};
pub use id::{HookId, PacketId};
pub use limit::RateLimit;
pub use metadata::{Gso, Owner, PacketType, Vlan};
pub use name::Name;
pub use net::{Net, NetRef};
pub use packet::{Layers, Packet};
pub use per_net::PerNet;
pub use priority::{Priority, PriorityName};
pub use rcu::RcuCell;
pub use registration::Registration;
pub use snapshot::Snapshot;
pub use stack::{Frame, Stack};
pub use state::{HookState, IpVersion};
pub use stolen::Stolen;
pub use tracking::Tracking;
pub use verdict::Verdict;
pub use watch::{ChainStamp, ChainWatch};
pub use worker::{Work, Worker};

/// Prefix of what the crate itself prints.
const __LOG_PREFIX: &[u8] = b"netfilter\0";
