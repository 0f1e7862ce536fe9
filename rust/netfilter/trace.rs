// SPDX-License-Identifier: GPL-2.0-only

//! Tracepoints for what has become of packets, for ftrace, perf and BPF: `nf_path:step` and `nf_path:end`.
//!
//! They are in nf_path's own C file ([`include/trace/events/nf_path.h`]); no other module has them, so no
//! other can use this. Hence every function here is inlined.

use crate::{bindings, DropReason, IpVersion, Point, Priority};
use core::{
    fmt::{self, Display, Write},
    net::IpAddr,
};
use kernel::ffi::c_char;

/// A packet at one moment.
pub struct TracedPacket<'a> {
    /// Source and destination; none: malformed.
    pub addresses: Option<[IpAddr; 2]>,
    /// Source and destination port, of a protocol that has them.
    pub ports: Option<[u16; 2]>,
    /// The protocol that IP carries.
    pub protocol: u8,
    /// Time to live, or hop limit.
    pub ttl: u8,
    /// Differentiated services codepoint.
    pub dscp: u8,
    /// Bytes.
    pub len: usize,
    /// `skb->mark`
    pub mark: u32,
    /// The state of its connection.
    pub ct: &'a dyn Display,
    /// The connection's mark.
    pub ct_mark: u32,
    /// The connection's zone.
    pub ct_zone: u16,
}

/// A hook that a packet has passed.
pub struct Step<'a> {
    /// The packet's.
    pub number: u64,
    /// Inode number of the namespace.
    pub netns: u32,
    /// Which IP's hooks.
    pub version: IpVersion,
    /// Where.
    pub point: Point,
    /// The hook's.
    pub priority: Priority,
    /// Who it is.
    pub hook: &'a dyn Display,
    /// Nanoseconds that it took; 0: not known.
    pub ns: u64,
    /// What it has changed.
    pub changes: &'a dyn Display,
    /// The packet behind it.
    pub packet: TracedPacket<'a>,
}

/// The end of a packet's path.
pub struct End<'a> {
    /// The packet's.
    pub number: u64,
    /// Inode number of the namespace.
    pub netns: u32,
    /// Which IP's hooks it passed last.
    pub version: IpVersion,
    /// Where it was last.
    pub point: Point,
    /// What has become of it, in words.
    pub how: &'a dyn Display,
    /// Why it was dropped.
    pub reason: Option<DropReason>,
    /// How many points it came to.
    pub points: usize,
    /// How many hooks it passed.
    pub hooks: usize,
    /// Nanoseconds from the first hook to the last.
    pub ns: u64,
    /// The packet as it came to the first.
    pub packet: TracedPacket<'a>,
}

/// Whether anybody wants steps: to be asked before one is put together.
#[inline(always)]
pub fn step_enabled() -> bool {
    // SAFETY: No requirements.
    unsafe { bindings::nf_trace_step_enabled() }
}

/// Whether anybody wants ends.
#[inline(always)]
pub fn end_enabled() -> bool {
    // SAFETY: No requirements.
    unsafe { bindings::nf_trace_end_enabled() }
}

/// `nf_path:step`. Any context; it takes a kilobyte of stack. Texts of more than 200 bytes are cut off.
#[inline(always)]
pub fn step(step: &Step<'_>) {
    let (hook, changes) = (Text::new(step.hook), Text::new(step.changes));
    let ct = Text::new(step.packet.ct);
    let raw = bindings::nf_trace_step {
        number: step.number,
        ns: step.ns,
        netns: step.netns,
        priority: step.priority.get(),
        point: step.point.hooknum() as u8,
        packet: raw_packet(&step.packet, step.version, &ct),
        hook: hook.as_ptr(),
        changes: changes.as_ptr(),
    };
    // SAFETY: All that it points to is there during the call.
    unsafe { bindings::nf_trace_step(&raw) };
}

/// `nf_path:end`. As [`step`].
#[inline(always)]
pub fn end(end: &End<'_>) {
    let (how, ct) = (Text::new(end.how), Text::new(end.packet.ct));
    let raw = bindings::nf_trace_end {
        number: end.number,
        ns: end.ns,
        netns: end.netns,
        reason: end.reason.map_or(0, DropReason::number),
        points: end.points as u32,
        hooks: end.hooks as u32,
        point: end.point.hooknum() as u8,
        packet: raw_packet(&end.packet, end.version, &ct),
        how: how.as_ptr(),
    };
    // SAFETY: All that it points to is there during the call.
    unsafe { bindings::nf_trace_end(&raw) };
}

fn raw_packet(
    packet: &TracedPacket<'_>,
    version: IpVersion,
    ct: &Text,
) -> bindings::nf_trace_packet {
    let [source, destination] = packet
        .addresses
        .map_or([[0; 16]; 2], |both| both.map(bytes));
    let [sport, dport] = packet.ports.unwrap_or_default();
    bindings::nf_trace_packet {
        family: match version {
            IpVersion::V4 => bindings::NFPROTO_IPV4,
            IpVersion::V6 => bindings::NFPROTO_IPV6,
        } as u8,
        protocol: packet.protocol,
        ttl: packet.ttl,
        dscp: packet.dscp,
        sport,
        dport,
        ct_zone: packet.ct_zone,
        len: packet.len as u32,
        mark: packet.mark,
        ct_mark: packet.ct_mark,
        saddr: source,
        daddr: destination,
        ct: ct.as_ptr(),
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

/// A text as C wants it, cut off where it is too long.
///
/// # Invariants
///
/// The last byte is 0.
struct Text {
    bytes: [u8; 201],
    len: usize,
}

impl Text {
    fn new(text: &dyn Display) -> Self {
        // INVARIANT: All are 0, and `write_str` leaves the last alone.
        let mut new = Self {
            bytes: [0; 201],
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

impl fmt::Write for Text {
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
