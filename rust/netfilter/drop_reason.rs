// SPDX-License-Identifier: GPL-2.0-only

//! Why a packet is dropped.

use crate::bindings;
use core::fmt;

/// A reason for dropping a packet, as the `kfree_skb` tracepoint and the drop monitor show it.
///
/// Its `Display` writes the kernel's name for it: `NETFILTER_DROP`; a number where it has none (any
/// more: subsystems that are modules have their own).
///
/// C: `enum skb_drop_reason`; the constants are those that a hook may give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DropReason(bindings::skb_drop_reason);

macro_rules! reasons {
    ($($name:ident: $c:ident, $doc:literal;)*) => {
        impl DropReason {
            $(
                #[doc = $doc]
                pub const $name: Self = Self(bindings::$c);
            )*

            /// All of these with their names, which are the kernel's.
            pub const NAMED: &'static [(&'static str, Self)] = &[$((stringify!($name), Self::$name)),*];
        }
    };
}

reasons! {
    NOT_SPECIFIED: skb_drop_reason_SKB_DROP_REASON_NOT_SPECIFIED, "None given.";
    NETFILTER_DROP: skb_drop_reason_SKB_DROP_REASON_NETFILTER_DROP, "By a netfilter hook.";
    PKT_TOO_SMALL: skb_drop_reason_SKB_DROP_REASON_PKT_TOO_SMALL, "Shorter than its headers.";
    PKT_TOO_BIG: skb_drop_reason_SKB_DROP_REASON_PKT_TOO_BIG, "Longer than is allowed.";
    IP_INHDR: skb_drop_reason_SKB_DROP_REASON_IP_INHDR, "A wrong IP header.";
    IP_CSUM: skb_drop_reason_SKB_DROP_REASON_IP_CSUM, "A wrong IP header checksum.";
    IP_NOPROTO: skb_drop_reason_SKB_DROP_REASON_IP_NOPROTO, "A protocol that nobody handles.";
    IP_INVALID_SOURCE: skb_drop_reason_SKB_DROP_REASON_IP_INVALID_SOURCE, "A source that may not be.";
    IP_INVALID_DEST: skb_drop_reason_SKB_DROP_REASON_IP_INVALID_DEST, "A destination that may not be.";
    TCP_CSUM: skb_drop_reason_SKB_DROP_REASON_TCP_CSUM, "A wrong TCP checksum.";
    TCP_FLAGS: skb_drop_reason_SKB_DROP_REASON_TCP_FLAGS, "TCP flags that may not be together.";
    UDP_CSUM: skb_drop_reason_SKB_DROP_REASON_UDP_CSUM, "A wrong UDP checksum.";
    ICMP_CSUM: skb_drop_reason_SKB_DROP_REASON_ICMP_CSUM, "A wrong ICMP checksum.";
    NO_SOCKET: skb_drop_reason_SKB_DROP_REASON_NO_SOCKET, "No socket for it.";
    SOCKET_FILTER: skb_drop_reason_SKB_DROP_REASON_SOCKET_FILTER, "By a socket's filter.";
    UNHANDLED_PROTO: skb_drop_reason_SKB_DROP_REASON_UNHANDLED_PROTO, "A protocol not handled here.";
    NOMEM: skb_drop_reason_SKB_DROP_REASON_NOMEM, "No memory.";
    HDR_TRUNC: skb_drop_reason_SKB_DROP_REASON_HDR_TRUNC, "A header is cut off.";
    FULL_RING: skb_drop_reason_SKB_DROP_REASON_FULL_RING, "A ring buffer is full.";
    DUP_FRAG: skb_drop_reason_SKB_DROP_REASON_DUP_FRAG, "A fragment that was there before.";
}

impl DropReason {
    /// `reason` as the kernel gives it; none where it says that nothing was dropped.
    pub(crate) fn from_raw(reason: u32) -> Option<Self> {
        let not_dropped = [
            bindings::skb_drop_reason_SKB_NOT_DROPPED_YET,
            bindings::skb_drop_reason_SKB_CONSUMED,
        ];
        (!not_dropped.contains(&reason)).then_some(Self(reason))
    }

    /// The kernel's number for it, which is another one in another version.
    pub fn number(self) -> u32 {
        self.0
    }

    pub(crate) fn get(self) -> bindings::skb_drop_reason {
        self.0
    }
}

impl fmt::Display for DropReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut name = [0u8; bindings::NF_DROP_REASON_LEN as usize];
        // SAFETY: The buffer is as long as that function wants it.
        unsafe { bindings::nf_helper_drop_reason(self.0, name.as_mut_ptr()) };
        let text = name.split(|&byte| byte == 0).next().unwrap_or_default();
        f.write_str(core::str::from_utf8(text).unwrap_or("?"))
    }
}
