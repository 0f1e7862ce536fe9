// SPDX-License-Identifier: GPL-2.0-only

//! What connection tracking says of a packet.
//!
//! Read from the packet itself, so it works (and says [`State::None`]) where nf_conntrack is not
//! loaded, and adds no dependency on it.

use crate::{bindings, family::Family, packet::Packet};
use core::fmt;

/// The connection tracking state of a packet.
///
/// C: `enum ip_conntrack_info` and what tells entries apart that are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Not seen by connection tracking: before its hook, in a namespace where nothing asks for it,
    /// or invalid.
    None,
    /// A template that a rule put there (a zone, a helper) for connection tracking to follow.
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

/// Bits of `sk_buff._nfct` (`NFCT_INFOMASK`): the rest is a pointer to the entry.
const INFO_MASK: usize = 7;

impl<F: Family> Packet<'_, F> {
    /// The packet's connection tracking state at this hook.
    pub fn conntrack(&self) -> State {
        let nfct = self.nfct();
        let entry = (nfct & !INFO_MASK) as *const u8;
        let info = (nfct & INFO_MASK) as bindings::ip_conntrack_info;
        if info == bindings::ip_conntrack_info_IP_CT_UNTRACKED {
            return State::Untracked;
        }
        if entry.is_null() {
            return State::None;
        }
        // SAFETY: The packet holds a reference on its entry, a `struct nf_conn`, so this reads the
        // entry's status, an aligned word that others change with atomic bit operations.
        let status = unsafe {
            entry
                .add(bindings::NF_CONN_STATUS)
                .cast::<usize>()
                .read_volatile()
        };
        if status & bindings::ip_conntrack_status_IPS_TEMPLATE as usize != 0 {
            return State::Template;
        }
        match info {
            bindings::ip_conntrack_info_IP_CT_ESTABLISHED => State::Established,
            bindings::ip_conntrack_info_IP_CT_RELATED => State::Related,
            bindings::ip_conntrack_info_IP_CT_NEW => State::New,
            bindings::ip_conntrack_info_IP_CT_ESTABLISHED_REPLY => State::EstablishedReply,
            bindings::ip_conntrack_info_IP_CT_RELATED_REPLY => State::RelatedReply,
            _ => State::None,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
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
