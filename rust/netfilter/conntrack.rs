// SPDX-License-Identifier: GPL-2.0-only

//! What connection tracking says of a packet.
//!
//! Read from the packet itself, so it works where nf_conntrack is not loaded (and says nothing), and
//! adds no dependency on it.
//!
//! ```ignore
//! if let Some(Conntrack::Entry(entry)) = packet.conntrack() {
//!     pr_info!("{}: {}, {}\n", entry.state(), entry.original(), entry.status());
//! }
//! ```
//!
//! Connections are tracked only in namespaces where somebody asks for it: see
//! [`Tracking`](crate::Tracking).

mod status;
mod tuple;

pub use status::Status;
pub use tuple::{Tuple, L4};

use crate::{bindings, family::Family, name::Name, packet::Packet};
use core::{
    fmt,
    marker::PhantomData,
    ptr::NonNull, //
};

/// What connection tracking has attached to a packet.
///
/// C: `sk_buff._nfct`.
#[derive(Clone)]
pub enum Conntrack<'a> {
    /// Excluded from tracking (`notrack`).
    Untracked,
    /// A template that a rule put there for connection tracking to follow.
    Template(Template<'a>),
    /// A connection.
    Entry(Entry<'a>),
}

/// The connection tracking state of a packet.
///
/// C: `enum ip_conntrack_info`, and what tells entries apart that are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Has a template: connection tracking is still to come.
    Template,
    /// Excluded (`notrack`).
    Untracked,
    /// Begins a connection.
    New,
    /// Of a connection that has seen both directions, in the original direction.
    Established,
    /// Begins or belongs to what another connection expects, or is an error about it.
    Related,
    /// As `Established`, in the reply direction.
    EstablishedReply,
    /// As `Related`, in the reply direction.
    RelatedReply,
}

/// A direction of a connection (`enum ip_conntrack_dir`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// That of its first packet.
    Original,
    /// That of the answers.
    Reply,
}

/// Bits of `sk_buff._nfct` (`NFCT_INFOMASK`): the rest is a pointer to the entry.
const INFO_MASK: usize = 7;

impl<F: Family> Packet<'_, F> {
    /// What connection tracking has attached to the packet.
    ///
    /// None before its hook, in a namespace where nothing asks for it, and for what it finds invalid.
    #[inline]
    pub fn conntrack(&self) -> Option<Conntrack<'_>> {
        let nfct = self.nfct();
        let info = (nfct & INFO_MASK) as bindings::ip_conntrack_info;
        if info == bindings::ip_conntrack_info_IP_CT_UNTRACKED {
            return Some(Conntrack::Untracked);
        }
        // INVARIANT: The packet has a reference, and keeps it as long as it is borrowed.
        let raw = RawEntry {
            ct: NonNull::new((nfct & !INFO_MASK) as *mut bindings::nf_conn)?,
            packet_mark: self.mark(),
            _packet: PhantomData,
        };
        if raw.status().is_template() {
            return Some(Conntrack::Template(Template(raw)));
        }
        let state = match info {
            bindings::ip_conntrack_info_IP_CT_ESTABLISHED => State::Established,
            bindings::ip_conntrack_info_IP_CT_RELATED => State::Related,
            bindings::ip_conntrack_info_IP_CT_NEW => State::New,
            bindings::ip_conntrack_info_IP_CT_ESTABLISHED_REPLY => State::EstablishedReply,
            bindings::ip_conntrack_info_IP_CT_RELATED_REPLY => State::RelatedReply,
            _ => return None,
        };
        Some(Conntrack::Entry(Entry { raw, state }))
    }

    /// A number for what the entry that is attached says of itself; 0 without one.
    #[inline]
    pub(crate) fn ct_label(&self) -> u64 {
        match NonNull::new((self.nfct() & !INFO_MASK) as *mut bindings::nf_conn) {
            // SAFETY: The packet has a reference.
            Some(ct) => unsafe { bindings::nf_helper_ct_label(ct.as_ptr()) },
            None => 0,
        }
    }
}

impl<'a> Conntrack<'a> {
    /// The state, of whichever kind.
    #[inline]
    pub fn state(&self) -> State {
        match self {
            Self::Untracked => State::Untracked,
            Self::Template(_) => State::Template,
            Self::Entry(entry) => entry.state,
        }
    }

    /// The connection; none where there is but a template or nothing at all.
    pub fn entry(&self) -> Option<&Entry<'a>> {
        match self {
            Self::Entry(entry) => Some(entry),
            _ => None,
        }
    }
}

/// # Invariants
///
/// `ct` is valid during `'a`: the packet that it was read from has a reference.
#[derive(Clone, Copy)]
struct RawEntry<'a> {
    ct: NonNull<bindings::nf_conn>,
    packet_mark: u32,
    _packet: PhantomData<&'a ()>,
}

impl RawEntry<'_> {
    #[inline]
    fn status(self) -> Status {
        // SAFETY: By the type invariant, and that field. As `READ_ONCE()`: others change it at any time.
        Status::new(unsafe {
            let status = self.ct.as_ptr().byte_add(bindings::NF_CT_STATUS);
            status.cast::<usize>().read_volatile()
        })
    }

    fn zone(self, direction: Direction) -> u16 {
        let reply = direction == Direction::Reply;
        // SAFETY: By the type invariant.
        unsafe { bindings::nf_helper_ct_zone(self.ct.as_ptr(), reply, self.packet_mark) }
    }
}

/// A template: what a rule wants of the connection that tracking is going to find or make.
///
/// C: `struct nf_conn` with `IPS_TEMPLATE`.
#[derive(Clone)]
pub struct Template<'a>(RawEntry<'a>);

impl Template<'_> {
    /// The zone to look in, for packets of that direction; 0 is the default zone.
    pub fn zone(&self, direction: Direction) -> u16 {
        self.0.zone(direction)
    }
}

/// A connection, as connection tracking has it.
///
/// Others may change it at the same time: each call tells how it is at that moment.
///
/// C: `struct nf_conn`.
#[derive(Clone)]
pub struct Entry<'a> {
    raw: RawEntry<'a>,
    state: State,
}

impl Entry<'_> {
    /// The state of the packet in the connection.
    pub fn state(&self) -> State {
        self.state
    }

    /// The direction that the packet goes in.
    pub fn direction(&self) -> Direction {
        match self.state {
            State::EstablishedReply | State::RelatedReply => Direction::Reply,
            _ => Direction::Original,
        }
    }

    /// What has become of the connection, NAT included.
    pub fn status(&self) -> Status {
        self.raw.status()
    }

    /// What packets of that direction look like when tracking sees them.
    pub fn tuple(&self, direction: Direction) -> Tuple {
        Tuple::read(|tuple| {
            let reply = direction == Direction::Reply;
            // SAFETY: By `RawEntry`'s invariant; the struct is the function's to fill.
            unsafe { bindings::nf_helper_ct_tuple(self.raw.ct.as_ptr(), reply, tuple) }
        })
    }

    /// The tuple of the original direction: the connection before NAT.
    pub fn original(&self) -> Tuple {
        self.tuple(Direction::Original)
    }

    /// The tuple of the reply direction: what answers look like, before NAT is undone.
    pub fn reply(&self) -> Tuple {
        self.tuple(Direction::Reply)
    }

    /// The zone for packets of that direction; 0 is the default zone.
    pub fn zone(&self, direction: Direction) -> u16 {
        self.raw.zone(direction)
    }

    /// The connection's mark (`ct mark`), which is not the packet's.
    pub fn mark(&self) -> u32 {
        // SAFETY: By `RawEntry`'s invariant.
        unsafe { bindings::nf_helper_ct_mark(self.raw.ct.as_ptr()) }
    }

    /// The helper that looks into the connection (`ftp`).
    pub fn helper(&self) -> Option<HelperName> {
        let mut name = [0; bindings::NF_CT_HELPER_NAME_LEN as usize];
        // SAFETY: By `RawEntry`'s invariant; the buffer is as large as it must be.
        unsafe {
            bindings::nf_helper_ct_helper(self.raw.ct.as_ptr(), name.as_mut_ptr().cast());
        }
        (name.first() != Some(&0)).then_some(HelperName(name))
    }
}

/// The name of a connection tracking helper; a copy.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct HelperName([u8; bindings::NF_CT_HELPER_NAME_LEN as usize]);

impl HelperName {
    /// The name.
    pub fn name(&self) -> Name<'_> {
        Name::new(self.0.split(|&byte| byte == 0).next().unwrap_or_default())
    }
}

impl fmt::Display for HelperName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.name().fmt(f)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Template => "template",
            Self::Untracked => "untracked",
            Self::New => "new",
            Self::Established => "established",
            Self::Related => "related",
            Self::EstablishedReply => "established-reply",
            Self::RelatedReply => "related-reply",
        })
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Original => "original",
            Self::Reply => "reply",
        })
    }
}
