// SPDX-License-Identifier: GPL-2.0-only

use crate::bindings;
use core::fmt;

/// What has become of a connection.
///
/// C: `enum ip_conntrack_status`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Status(usize);

macro_rules! bits {
    ($($(#[doc = $doc:literal])* $method:ident $bit:ident $name:literal)*) => {
        impl Status {
            $(
                $(#[doc = $doc])*
                #[inline]
                pub fn $method(self) -> bool {
                    self.0 & bindings::$bit as usize != 0
                }
            )*

            const NAMES: &[(usize, &str)] = &[$((bindings::$bit as usize, $name)),*];
        }
    };
}

bits! {
    /// Another connection announced it (`IPS_EXPECTED`).
    is_expected ip_conntrack_status_IPS_EXPECTED "expected"
    /// There has been an answer (`IPS_SEEN_REPLY`).
    has_seen_reply ip_conntrack_status_IPS_SEEN_REPLY "seen-reply"
    /// Is not thrown out early when the table is full (`IPS_ASSURED`).
    is_assured ip_conntrack_status_IPS_ASSURED "assured"
    /// In the table: its first packet got through all hooks (`IPS_CONFIRMED`).
    is_confirmed ip_conntrack_status_IPS_CONFIRMED "confirmed"
    /// The source is rewritten in the original direction (`IPS_SRC_NAT`).
    is_src_nat ip_conntrack_status_IPS_SRC_NAT "snat"
    /// The destination is rewritten in the original direction (`IPS_DST_NAT`).
    is_dst_nat ip_conntrack_status_IPS_DST_NAT "dnat"
    /// TCP sequence numbers are rewritten (`IPS_SEQ_ADJUST`).
    is_seq_adjusted ip_conntrack_status_IPS_SEQ_ADJUST "seq-adjust"
    /// Whether to rewrite the source has been decided (`IPS_SRC_NAT_DONE`).
    is_src_nat_done ip_conntrack_status_IPS_SRC_NAT_DONE "snat-done"
    /// Whether to rewrite the destination has been decided (`IPS_DST_NAT_DONE`).
    is_dst_nat_done ip_conntrack_status_IPS_DST_NAT_DONE "dnat-done"
    /// Taken out of the table (`IPS_DYING`).
    is_dying ip_conntrack_status_IPS_DYING "dying"
    /// Its timeout is not renewed by packets (`IPS_FIXED_TIMEOUT`).
    has_fixed_timeout ip_conntrack_status_IPS_FIXED_TIMEOUT "fixed-timeout"
    /// Is a template and no connection (`IPS_TEMPLATE`).
    is_template ip_conntrack_status_IPS_TEMPLATE "template"
    /// A rule, not the port, chose its helper (`IPS_HELPER`).
    has_chosen_helper ip_conntrack_status_IPS_HELPER "helper"
    /// In a flowtable: most of its packets pass no hook (`IPS_OFFLOAD`).
    is_offloaded ip_conntrack_status_IPS_OFFLOAD "offload"
    /// In the flowtable of a network card (`IPS_HW_OFFLOAD`).
    is_hw_offloaded ip_conntrack_status_IPS_HW_OFFLOAD "hw-offload"
}

impl Status {
    #[inline]
    pub(super) fn new(status: usize) -> Self {
        Self(status)
    }

    /// All bits, as C has them.
    pub fn bits(self) -> u32 {
        // There are sixteen.
        self.0 as u32
    }
}

/// Writes the names of the bits that are set: `seen-reply,assured,confirmed,snat`; or `-`.
impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for (bit, name) in Self::NAMES {
            if self.0 & bit != 0 {
                write!(f, "{separator}{name}")?;
                separator = ",";
            }
        }
        if separator.is_empty() {
            f.write_str("-")?;
        }
        Ok(())
    }
}
