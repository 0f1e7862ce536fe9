// SPDX-License-Identifier: GPL-2.0-only

//! Tracepoints for the paths of packets, for ftrace, perf and BPF: `nf_path:point`, `nf_path:reset`, `nf_path:step`,
//! `nf_path:away` and `nf_path:end`.
//!
//! They are in nf_path's own C file ([`include/trace/events/nf_path.h`]); no other module has them, so no
//! other can use this. Hence every function here that calls them is inlined.
//!
//! Whether anybody wants an event is to be asked before one is put together. Texts that are too long are cut off: of
//! a stack behind 1023 bytes, others behind 511; they take two kilobytes of stack.

use crate::{bindings, conntrack::State, DropReason, IpVersion, Point, Priority, TcpFlags};
use core::{
    fmt::{self, Display, Write},
    net::IpAddr,
};
use kernel::ffi::c_char;

/// A packet at one moment, and where it is.
pub struct TracedPacket {
    /// Its number.
    pub number: u64,
    /// Inode number of the namespace.
    pub netns: u32,
    /// Where.
    pub point: Point,
    /// Which IP's hooks.
    pub version: IpVersion,
    /// Source and destination; none: malformed.
    pub addresses: Option<[IpAddr; 2]>,
    /// Source and destination port, of a protocol that has them.
    pub ports: Option<[u16; 2]>,
    /// The protocol that IP carries.
    pub protocol: u8,
    /// The header behind IP's.
    pub header: TracedHeader,
    /// Of a fragment: where in its packet it begins, in bytes.
    pub fragment: Option<u16>,
    /// Time to live, or hop limit.
    pub ttl: u8,
    /// Differentiated services codepoint.
    pub dscp: u8,
    /// Bytes.
    pub len: usize,
    /// `skb->mark`
    pub mark: u32,
    /// The state of its connection.
    pub ct: Option<State>,
    /// The connection's mark.
    pub ct_mark: u32,
    /// The connection's zone, or its template's.
    pub ct_zone: u16,
}

/// What stands behind a packet's IP header.
pub enum TracedHeader {
    /// That is none itself.
    Malformed,
    /// It is cut off.
    Truncated,
    /// TCP's.
    Tcp {
        /// All eight.
        flags: TcpFlags,
        /// The sequence number.
        seq: u32,
        /// The acknowledgement number, whether or not `ACK` is set.
        ack: u32,
        /// As it stands there, not scaled.
        window: u16,
    },
    /// UDP's.
    Udp,
    /// SCTP's.
    Sctp,
    /// That of ICMP or ICMPv6.
    Icmp {
        /// Whether it is ICMPv6's.
        v6: bool,
        /// The type.
        kind: u8,
        /// The code.
        code: u8,
        /// Identifier and sequence number, of an echo request or reply.
        echo: Option<(u16, u16)>,
    },
    /// Another's; or it is in another fragment.
    Other,
}

/// A packet has come to a point.
pub struct Visit<'a> {
    /// As it is there.
    pub packet: TracedPacket,
    /// The device that it came in by.
    pub input: &'a dyn Display,
    /// The device that it will leave by.
    pub output: &'a dyn Display,
}

/// It is a TCP reset of this host.
pub struct Reset<'a> {
    /// The reset.
    pub packet: TracedPacket,
    /// The number of the packet that it answers.
    pub after: Option<u64>,
    /// The functions that have sent it.
    pub stack: &'a dyn Display,
}

/// It has passed a hook.
pub struct Step<'a> {
    /// As it is behind it.
    pub packet: TracedPacket,
    /// How many hooks this is of: several that share a priority; 0: nobody knows.
    pub hooks: usize,
    /// Theirs.
    pub priority: Option<Priority>,
    /// Who they are.
    pub hook: &'a dyn Display,
    /// Nanoseconds that they took together.
    pub ns: Option<u64>,
    /// Nanoseconds that each took.
    pub each_ns: &'a dyn Display,
    /// What they have changed.
    pub changes: &'a dyn Display,
}

/// It has been away for long, and may come back.
pub struct Away<'a> {
    /// As it was.
    pub packet: TracedPacket,
    /// Who has it.
    pub by: &'a dyn Display,
}

/// Its path has ended.
pub struct End<'a> {
    /// As it came to its first hook, and where it was last.
    pub packet: TracedPacket,
    /// What has become of it.
    pub outcome: Outcome,
    /// The same in words, with who did it.
    pub how: &'a dyn Display,
    /// Why it was dropped.
    pub reason: Option<DropReason>,
    /// How many points it came to.
    pub points: usize,
    /// How many hooks it passed.
    pub hooks: usize,
    /// How many points, hooks and changes of it were not kept.
    pub lost: usize,
    /// Nanoseconds from the first hook to the last.
    pub ns: u64,
}

/// What has become of a packet.
#[derive(Clone, Copy, PartialEq)]
pub enum Outcome {
    /// Through all hooks of [`Point::LocalIn`].
    Delivered,
    /// Through all hooks of [`Point::PostRouting`].
    Sent,
    /// Dropped by a hook.
    Dropped,
    /// By a hook, or where that has sent it: nobody can tell.
    DroppedInOrAfter,
    /// Dropped elsewhere.
    DroppedAfter,
    /// A hook kept it.
    Taken,
    /// Anything else.
    Ended,
}

macro_rules! events {
    ($($enabled:ident, $c_enabled:ident, $name:literal;)*) => {
        $(
            #[doc = concat!("Whether anybody wants `nf_path:", $name, "`.")]
            #[inline(always)]
            pub fn $enabled() -> bool {
                // SAFETY: No requirements.
                unsafe { bindings::$c_enabled() }
            }
        )*
    };
}

events! {
    visit_enabled, nf_trace_point_enabled, "point";
    reset_enabled, nf_trace_reset_enabled, "reset";
    step_enabled, nf_trace_step_enabled, "step";
    away_enabled, nf_trace_away_enabled, "away";
    end_enabled, nf_trace_end_enabled, "end";
}

/// `nf_path:point`. Any context.
#[inline(always)]
pub fn visit(visit: &Visit<'_>) {
    let (input, output) = (
        Text::<NAME>::new(visit.input),
        Text::<NAME>::new(visit.output),
    );
    let raw = bindings::nf_trace_point {
        packet: visit.packet.raw(),
        iif: input.as_ptr(),
        oif: output.as_ptr(),
    };
    // SAFETY: All that it points to is there during the call.
    unsafe { bindings::nf_trace_point(&raw) };
}

/// `nf_path:reset`. As [`visit()`].
#[inline(always)]
pub fn reset(reset: &Reset<'_>) {
    let stack = Text::<STACK>::new(reset.stack);
    let raw = bindings::nf_trace_reset {
        packet: reset.packet.raw(),
        after: reset.after.unwrap_or(0),
        stack: stack.as_ptr(),
    };
    // SAFETY: As above.
    unsafe { bindings::nf_trace_reset(&raw) };
}

/// `nf_path:step`. As [`visit()`].
#[inline(always)]
pub fn step(step: &Step<'_>) {
    let hook = Text::<TEXT>::new(step.hook);
    let each_ns = Text::<TEXT>::new(step.each_ns);
    let changes = Text::<TEXT>::new(step.changes);
    let raw = bindings::nf_trace_step {
        packet: step.packet.raw(),
        hooks: step.hooks as u32,
        priority: step.priority.map_or(0, Priority::get),
        hook: hook.as_ptr(),
        ns: step.ns.map_or(-1, |ns| ns as i64),
        each_ns: each_ns.as_ptr(),
        changes: changes.as_ptr(),
    };
    // SAFETY: As above.
    unsafe { bindings::nf_trace_step(&raw) };
}

/// `nf_path:away`. As [`visit()`].
#[inline(always)]
pub fn away(away: &Away<'_>) {
    let by = Text::<TEXT>::new(away.by);
    let raw = bindings::nf_trace_away {
        packet: away.packet.raw(),
        by: by.as_ptr(),
    };
    // SAFETY: As above.
    unsafe { bindings::nf_trace_away(&raw) };
}

/// `nf_path:end`. As [`visit()`].
#[inline(always)]
pub fn end(end: &End<'_>) {
    let how = Text::<TEXT>::new(end.how);
    let reason_name = match &end.reason {
        Some(reason) => Text::<TEXT>::new(reason),
        None => Text::new(&""),
    };
    let raw = bindings::nf_trace_end {
        packet: end.packet.raw(),
        outcome: end.outcome.raw() as u8,
        how: how.as_ptr(),
        reason: end.reason.map_or(0, DropReason::number),
        reason_name: reason_name.as_ptr(),
        points: end.points as u32,
        hooks: end.hooks as u32,
        lost: end.lost as u32,
        ns: end.ns,
    };
    // SAFETY: As above.
    unsafe { bindings::nf_trace_end(&raw) };
}

impl Outcome {
    fn raw(self) -> bindings::nf_trace_outcome {
        match self {
            Self::Delivered => bindings::nf_trace_outcome_NF_TRACE_DELIVERED,
            Self::Sent => bindings::nf_trace_outcome_NF_TRACE_SENT,
            Self::Dropped => bindings::nf_trace_outcome_NF_TRACE_DROPPED,
            Self::DroppedInOrAfter => bindings::nf_trace_outcome_NF_TRACE_DROPPED_IN_OR_AFTER,
            Self::DroppedAfter => bindings::nf_trace_outcome_NF_TRACE_DROPPED_AFTER,
            Self::Taken => bindings::nf_trace_outcome_NF_TRACE_TAKEN,
            Self::Ended => bindings::nf_trace_outcome_NF_TRACE_ENDED,
        }
    }
}

impl TracedPacket {
    fn raw(&self) -> bindings::nf_trace_packet {
        let [source, destination] = self.addresses.map_or([[0; 16]; 2], |both| both.map(bytes));
        let [sport, dport] = self.ports.unwrap_or_default();
        let mut raw = bindings::nf_trace_packet {
            number: self.number,
            netns: self.netns,
            point: self.point.hooknum() as u8,
            family: match self.version {
                IpVersion::V4 => bindings::NFPROTO_IPV4,
                IpVersion::V6 => bindings::NFPROTO_IPV6,
            } as u8,
            protocol: self.protocol,
            header: self.header.raw() as u8,
            saddr: source,
            daddr: destination,
            sport,
            dport,
            frag: self.fragment.map_or(-1, i32::from),
            icmp_id: -1,
            icmp_seq: -1,
            ttl: self.ttl,
            dscp: self.dscp,
            ct: raw_state(self.ct) as u8,
            ct_zone: self.ct_zone,
            ct_mark: self.ct_mark,
            mark: self.mark,
            len: self.len as u32,
            ..Default::default()
        };
        match self.header {
            TracedHeader::Tcp {
                flags,
                seq,
                ack,
                window,
            } => {
                raw.tcp_flags = flags.bits();
                raw.tcp_seq = seq;
                raw.tcp_ack = ack;
                raw.tcp_window = window;
            }
            TracedHeader::Icmp {
                kind, code, echo, ..
            } => {
                raw.icmp_type = kind;
                raw.icmp_code = code;
                if let Some((id, seq)) = echo {
                    raw.icmp_id = id.into();
                    raw.icmp_seq = seq.into();
                }
            }
            _ => {}
        }
        raw
    }
}

impl TracedHeader {
    fn raw(&self) -> bindings::nf_trace_header {
        match self {
            Self::Malformed => bindings::nf_trace_header_NF_TRACE_MALFORMED,
            Self::Truncated => bindings::nf_trace_header_NF_TRACE_TRUNCATED,
            Self::Tcp { .. } => bindings::nf_trace_header_NF_TRACE_TCP,
            Self::Udp => bindings::nf_trace_header_NF_TRACE_UDP,
            Self::Sctp => bindings::nf_trace_header_NF_TRACE_SCTP,
            Self::Icmp { v6: false, .. } => bindings::nf_trace_header_NF_TRACE_ICMP,
            Self::Icmp { v6: true, .. } => bindings::nf_trace_header_NF_TRACE_ICMPV6,
            Self::Other => bindings::nf_trace_header_NF_TRACE_OTHER,
        }
    }
}

fn raw_state(state: Option<State>) -> bindings::nf_trace_ct {
    match state {
        None => bindings::nf_trace_ct_NF_TRACE_NONE,
        Some(State::New) => bindings::nf_trace_ct_NF_TRACE_NEW,
        Some(State::Established) => bindings::nf_trace_ct_NF_TRACE_ESTABLISHED,
        Some(State::Related) => bindings::nf_trace_ct_NF_TRACE_RELATED,
        Some(State::EstablishedReply) => bindings::nf_trace_ct_NF_TRACE_ESTABLISHED_REPLY,
        Some(State::RelatedReply) => bindings::nf_trace_ct_NF_TRACE_RELATED_REPLY,
        Some(State::Untracked) => bindings::nf_trace_ct_NF_TRACE_UNTRACKED,
        Some(State::Template) => bindings::nf_trace_ct_NF_TRACE_TEMPLATE,
    }
}

/// An IPv4 address has the first four.
fn bytes(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            [a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        }
        IpAddr::V6(address) => address.octets(),
    }
}

/// What texts have room for, with their NUL.
const NAME: usize = bindings::IFNAMSIZ as usize;
const TEXT: usize = 512;
const STACK: usize = 1024;

/// A text as C wants it, cut off where it is too long.
///
/// # Invariants
///
/// The last byte is 0.
struct Text<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> Text<N> {
    fn new(text: &dyn Display) -> Self {
        const { assert!(N > 0) };
        // INVARIANT: All are 0, and `write_str` leaves the last alone.
        let mut new = Self {
            bytes: [0; N],
            len: 0,
        };
        // Fails where it is too long, and is as long as it can be.
        let _ = write!(new, "{text}");
        new
    }

    fn as_ptr(&self) -> *const c_char {
        self.bytes.as_ptr().cast()
    }
}

impl<const N: usize> fmt::Write for Text<N> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for &byte in text.as_bytes() {
            let Some((place, [_, ..])) = self
                .bytes
                .get_mut(self.len..)
                .and_then(|rest| rest.split_first_mut())
            else {
                return Err(fmt::Error);
            };
            *place = byte;
            self.len = self.len.saturating_add(1);
        }
        Ok(())
    }
}
