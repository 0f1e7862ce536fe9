// SPDX-License-Identifier: GPL-2.0-only

//! Changing a packet.
//!
//! Only what leaves it well-formed can be changed: fields of headers, with the checksums that cover
//! them repaired, and payload by as many bytes of other payload. Before anything is written the bytes
//! are made the packet's own (`skb_ensure_writable()`): a buffer that others share is copied.

use crate::{
    bindings,
    family::{Family, Ip, Point},
    header::{Bytes, IpHeader, Transport},
    packet::Packet,
    state::IpVersion,
    verdict::Verdict, //
};
use core::net::IpAddr;
use kernel::{error::to_result, prelude::*};

/// Source or destination.
#[derive(Clone, Copy)]
enum End {
    Source,
    Destination,
}

/// Where a transport protocol has its checksum.
struct Checksum {
    /// From the network header on.
    at: usize,
    /// Whether it covers the addresses and ports.
    pseudo_header: bool,
    /// Whether zero means that there is none.
    optional: bool,
    /// Whether it is one already, or a device will make it one.
    complete: bool,
    /// Whether a device will make one of another header instead, and this one would be taken for it.
    foreign: bool,
}

const TCP: u8 = 6;
const UDP: u8 = 17;
const DCCP: u8 = 33;
const ICMP: u8 = 1;
const ICMPV6: u8 = 58;
const UDPLITE: u8 = 136;

/// What a UDP checksum of zero is written as.
const MANGLED_ZERO: u16 = 0xffff;

/// All that return a `Result` can also fail with `ENOMEM`, where there is no memory for a copy, with
/// `EBUSY`, where others hold this very packet, and with `EOPNOTSUPP`, where a checksum that would have
/// to be repaired is not in its header (of an inner packet that a device will complete; of segments
/// that are merged but kept apart). With an error nothing is changed.
impl<F: Family> Packet<'_, F> {
    /// Sets the mark (`skb->mark`).
    pub fn set_mark(&mut self, mark: u32) {
        // SAFETY: That field, of a packet that is ours to change by `&mut`.
        unsafe {
            self.as_ptr()
                .byte_add(bindings::NF_SKB_MARK)
                .cast::<u32>()
                .write(mark)
        };
    }

    /// Sets the priority (`skb->priority`).
    pub fn set_priority(&mut self, priority: u32) {
        // SAFETY: As above.
        unsafe {
            let field = self.as_ptr().byte_add(bindings::NF_SKB_PRIORITY);
            field.cast::<u32>().write(priority);
        }
    }

    /// Sets time to live or hop limit.
    ///
    /// # Errors
    ///
    /// `EPROTOTYPE`: the packet is not IP, or malformed.
    pub fn set_ttl(&mut self, ttl: u8) -> Result {
        match self.ip_version().ok_or(EPROTOTYPE)? {
            IpVersion::V4 => self.set_ip_byte(8, |_| ttl),
            IpVersion::V6 => self.set_ip_byte(7, |_| ttl),
        }
    }

    /// Sets the differentiated services code point, of which the lower six bits count.
    ///
    /// # Errors
    ///
    /// `EPROTOTYPE`: the packet is not IP, or malformed.
    pub fn set_dscp(&mut self, dscp: u8) -> Result {
        match self.ip_version().ok_or(EPROTOTYPE)? {
            IpVersion::V4 => self.set_ip_byte(1, |tos| tos & 3 | dscp << 2),
            // Four bits in the first byte and two in the second.
            IpVersion::V6 => {
                self.set_ip_byte(0, |byte| byte & 0xf0 | dscp >> 2 & 0xf)?;
                self.set_ip_byte(1, |byte| byte & 0x3f | dscp << 6)
            }
        }
    }

    /// Sets the source address.
    ///
    /// # Errors
    ///
    /// `EPROTOTYPE`: the packet is not IP of the address's version, or malformed.
    pub fn set_source(&mut self, address: IpAddr) -> Result {
        self.set_address(End::Source, address)
    }

    /// Sets the destination address. Where the packet has been routed already,
    /// [`reroute`](Packet::reroute) it.
    ///
    /// # Errors
    ///
    /// As [`set_source`](Self::set_source), and `EOPNOTSUPP` where an IPv6 routing header is there:
    /// the destination is not the last one then, and checksums cover that.
    pub fn set_destination(&mut self, address: IpAddr) -> Result {
        self.set_address(End::Destination, address)
    }

    /// Sets the source port.
    ///
    /// # Errors
    ///
    /// `EPROTOTYPE`: the packet is neither TCP nor UDP, malformed, or a fragment other than the first.
    pub fn set_source_port(&mut self, port: u16) -> Result {
        self.set_port(End::Source, port)
    }

    /// Sets the destination port.
    ///
    /// # Errors
    ///
    /// As [`set_source_port`](Self::set_source_port).
    pub fn set_destination_port(&mut self, port: u16) -> Result {
        self.set_port(End::Destination, port)
    }

    /// Sets the maximum segment size option of a TCP SYN.
    ///
    /// # Errors
    ///
    /// `EPROTOTYPE`: the packet is no TCP SYN, or has no such option.
    pub fn set_tcp_mss(&mut self, mss: u16) -> Result {
        const MAXSEG: u8 = 2;
        let ip = self.ip().ok_or(EPROTOTYPE)?;
        let syn = match Transport::read(self, &ip) {
            Some(Transport::Tcp(tcp)) => tcp.flags().syn(),
            _ => false,
        };
        let options = self.tcp_options().filter(|_| syn).ok_or(EPROTOTYPE)?;
        let at = options.position(MAXSEG, 2).ok_or(EPROTOTYPE)?;
        let at = ip.header_len().saturating_add(20).saturating_add(at);
        self.replace_within_transport(at, &mss.to_be_bytes())
    }

    /// Replaces payload of TCP, UDP, ... from offset `at` (of the network header) on by as many other
    /// bytes.
    ///
    /// # Errors
    ///
    /// - `ERANGE`: it does not lie wholly in the [`payload`](Packet::payload).
    /// - `EPROTOTYPE`: the packet is neither TCP nor UDP nor ICMP, or malformed.
    /// - `EOPNOTSUPP`: it is a fragment, so that its checksum cannot be repaired.
    pub fn replace_payload(&mut self, at: usize, bytes: &[u8]) -> Result {
        let known = match self.transport() {
            Some(Transport::Sctp(_) | Transport::Fragment | Transport::Other(_)) | None => false,
            Some(_) => true,
        };
        let payload = self.payload().filter(|_| known).ok_or(EPROTOTYPE)?;
        let end = at.checked_add(bytes.len()).ok_or(ERANGE)?;
        if at < payload.start || end > payload.end {
            return Err(ERANGE);
        }
        self.replace_within_transport(at, bytes)
    }

    fn set_ip_byte(&mut self, at: usize, change: impl FnOnce(u8) -> u8) -> Result {
        let header_len = match self.ip().ok_or(EPROTOTYPE)? {
            IpHeader::V4(ip) => ip.header_len(),
            IpHeader::V6(_) => 40,
        };
        let version = self.ip_version();
        let header = self.writable(header_len)?;
        // Checksums are sums of words.
        let word = header
            .get_mut(at & !1..)
            .and_then(|rest| rest.first_chunk_mut());
        let word: &mut [u8; 2] = word.ok_or(EPROTOTYPE)?;
        let from = u16::from_ne_bytes(*word);
        if let Some(byte) = word.get_mut(at & 1) {
            *byte = change(*byte);
        }
        let to = u16::from_ne_bytes(*word);
        match version {
            Some(IpVersion::V4) => self.repair_ipv4(&[(from, to)]),
            _ => Ok(()),
        }
    }

    fn set_address(&mut self, end: End, address: IpAddr) -> Result {
        let ip = self.ip().ok_or(EPROTOTYPE)?;
        let checksum = self
            .transport_checksum(&ip)
            .filter(|checksum| checksum.pseudo_header);
        let (v4, writable) = match (&ip, address) {
            (IpHeader::V4(ip), IpAddr::V4(_)) => (true, ip.header_len()),
            (IpHeader::V6(ip), IpAddr::V6(_)) => {
                if ip.has_routing_header() && checksum.is_some() && matches!(end, End::Destination)
                {
                    return Err(EOPNOTSUPP);
                }
                (false, 40)
            }
            _ => return Err(EPROTOTYPE),
        };
        let at = match (v4, end) {
            (true, End::Source) => 12,
            (true, End::Destination) => 16,
            (false, End::Source) => 8,
            (false, End::Destination) => 24,
        };
        // All that is written to, at once: nothing fails half-way.
        let writable = match &checksum {
            Some(checksum) => checksum.at.saturating_add(2),
            None => writable,
        };
        let header = self.writable(writable)?;
        let mut from = [0u32; 4];
        let mut to = [0u32; 4];
        let octets = match &address {
            IpAddr::V4(address) => &address.octets()[..],
            IpAddr::V6(address) => &address.octets()[..],
        };
        let field = header
            .get_mut(at..)
            .and_then(|rest| rest.get_mut(..octets.len()));
        let words = from.iter_mut().zip(&mut to);
        let field = field
            .ok_or(EPROTOTYPE)?
            .chunks_exact_mut(4)
            .zip(octets.chunks_exact(4));
        for ((from, to), (field, octets)) in words.zip(field) {
            if let (Some(field), Some(octets)) = (field.first_chunk_mut(), octets.first_chunk()) {
                *from = u32::from_ne_bytes(*field);
                *to = u32::from_ne_bytes(*octets);
                *field = *octets;
            }
        }
        if let Some(checksum) = checksum {
            self.repair_transport(&checksum, |sum, skb| {
                // SAFETY: `repair_transport` gives a checksum in the packet's own linear part, and
                // the packet.
                unsafe {
                    if v4 {
                        bindings::inet_proto_csum_replace4(sum, skb, from[0], to[0], true);
                    } else {
                        let (from, to) = (from.as_ptr(), to.as_ptr());
                        bindings::inet_proto_csum_replace16(sum, skb, from, to, true);
                    }
                }
            })?;
        }
        if v4 {
            let halves = |word: u32| [word as u16, (word >> 16) as u16];
            let ([a, b], [c, d]) = (halves(from[0]), halves(to[0]));
            self.repair_ipv4(&[(a, c), (b, d)])?;
        }
        Ok(())
    }

    fn set_port(&mut self, end: End, port: u16) -> Result {
        let ip = self.ip().ok_or(EPROTOTYPE)?;
        if !matches!(
            Transport::read(self, &ip),
            Some(Transport::Tcp(_) | Transport::Udp(_))
        ) {
            return Err(EPROTOTYPE);
        }
        let at = ip.header_len();
        let at = match end {
            End::Source => at,
            End::Destination => at.saturating_add(2),
        };
        self.replace(at, &port.to_be_bytes())
    }

    /// [`replace`](Self::replace), for a packet that is not a fragment.
    fn replace_within_transport(&mut self, at: usize, bytes: &[u8]) -> Result {
        if self.ip().ok_or(EPROTOTYPE)?.fragment().is_some() {
            return Err(EOPNOTSUPP);
        }
        self.replace(at, bytes)
    }

    /// Replaces bytes behind the IP header, and repairs the transport checksum.
    fn replace(&mut self, at: usize, bytes: &[u8]) -> Result {
        let ip = self.ip().ok_or(EPROTOTYPE)?;
        let transport_at = ip.header_len();
        let checksum = self.transport_checksum(&ip).ok_or(EPROTOTYPE)?;
        self.check_repairable(Some(&checksum))?;
        let end = at.checked_add(bytes.len()).ok_or(ERANGE)?;
        let packet = self.writable(end.max(checksum.at.saturating_add(2)))?;
        let field = packet.get_mut(at..end).ok_or(ERANGE)?;
        // The sum of the words that go (as what is to be taken off) and of those that come. A byte
        // at an odd place is the other half of its word.
        let mut sum = 0u64;
        let mut odd = at.wrapping_sub(transport_at) & 1 != 0;
        for (old, new) in field.iter_mut().zip(bytes) {
            let word = |byte: u8| u16::from_ne_bytes(if odd { [0, byte] } else { [byte, 0] });
            sum = sum.wrapping_add(u64::from(!word(*old)) + u64::from(word(*new)));
            *old = *new;
            odd = !odd;
        }
        let diff = u32::from(fold(sum));
        self.repair_transport(&checksum, |sum, skb| {
            // SAFETY: `repair_transport` gives a checksum in the packet's own linear part, and the
            // packet.
            unsafe { bindings::inet_proto_csum_replace_by_diff(sum, skb, diff, false, false) };
        })
    }

    /// `EOPNOTSUPP` for packets whose checksums are elsewhere than in their own header.
    fn check_repairable(&self, checksum: Option<&Checksum>) -> Result {
        // SAFETY: By the type invariant.
        let segments = unsafe { bindings::nf_helper_segments_have_checksums(self.as_ptr()) };
        match checksum {
            Some(checksum) if checksum.foreign || segments => Err(EOPNOTSUPP),
            _ => Ok(()),
        }
    }

    /// The transport protocol's checksum; none where there is none that is known, or where the
    /// packet is a fragment that does not have it.
    fn transport_checksum(&self, ip: &IpHeader<'_>) -> Option<Checksum> {
        if ip.is_later_fragment() {
            return None;
        }
        let v4 = matches!(ip, IpHeader::V4(_));
        let (offset, pseudo_header, optional) = match ip.protocol() {
            TCP => (16, true, false),
            UDP => (6, true, true),
            UDPLITE | DCCP => (6, true, false),
            ICMPV6 if !v4 => (2, true, false),
            ICMP if v4 => (2, false, false),
            _ => return None,
        };
        let start = ip.header_len();
        let at = start.checked_add(offset)?;
        // SAFETY: By the type invariant.
        let incomplete = unsafe { bindings::nf_helper_checksum_start(self.as_ptr()) };
        let incomplete = usize::try_from(incomplete).ok();
        let own = start.checked_add(self.network_offset());
        (at.checked_add(2)? <= Bytes::len(self)).then_some(Checksum {
            at,
            pseudo_header,
            optional,
            complete: incomplete.is_none(),
            // Where a header inside of this one is the incomplete one.
            foreign: incomplete.is_some() && incomplete != own,
        })
    }

    /// Makes the first `len` bytes from the network header on linear and the packet's own.
    fn writable(&mut self, len: usize) -> Result<&mut [u8]> {
        let skb = self.as_ptr();
        let offset = self.network_offset();
        let end = len.checked_add(offset).ok_or(ERANGE)?;
        let end = u32::try_from(end).map_err(|_| ERANGE)?;
        // SAFETY: By the type invariant; nothing borrowed from the packet is left, by `&mut`.
        to_result(unsafe { bindings::nf_helper_ensure_writable(skb, end) })?;
        // SAFETY: These bytes lie in the linear part now, which nobody else has.
        Ok(unsafe { core::slice::from_raw_parts_mut((*skb).data.add(offset), len) })
    }

    /// Repairs the IPv4 header's checksum for words that have changed, old and new.
    fn repair_ipv4(&mut self, words: &[(u16, u16)]) -> Result {
        let checksum = self
            .writable(20)?
            .get_mut(10..)
            .and_then(|rest| rest.first_chunk_mut());
        let checksum: &mut [u8; 2] = checksum.ok_or(EPROTOTYPE)?;
        // RFC 1624: ~(~sum + ~old + new)
        let mut sum = u64::from(!u16::from_ne_bytes(*checksum));
        for &(old, new) in words {
            sum = sum.wrapping_add(u64::from(!old) + u64::from(new));
        }
        *checksum = (!fold(sum)).to_ne_bytes();
        Ok(())
    }

    /// Lets `repair` change the transport checksum, which must be writable by now. One that is zero
    /// for none stays so.
    fn repair_transport(
        &mut self,
        checksum: &Checksum,
        repair: impl FnOnce(*mut u16, *mut bindings::sk_buff),
    ) -> Result {
        let skb = self.as_ptr();
        let field = self.writable(checksum.at.saturating_add(2))?;
        let field = field.get_mut(checksum.at..).ok_or(EPROTOTYPE)?;
        let sum = field.as_mut_ptr().cast::<u16>();
        // SAFETY: Two bytes of the packet from `sum` on are ours: see `writable`.
        unsafe {
            if checksum.optional && sum.read_unaligned() == 0 && checksum.complete {
                return Ok(());
            }
            repair(sum, skb);
            if checksum.optional && sum.read_unaligned() == 0 {
                sum.write_unaligned(MANGLED_ZERO);
            }
        }
        Ok(())
    }
}

impl<'p> Packet<'p, Ip> {
    /// Routes a packet anew that this host sends, after a change that its route depends on (addresses,
    /// mark, DSCP). Does nothing elsewhere than at `LOCAL_OUT`.
    /// [`State::out_device`](crate::State::out_device) stays as it was.
    ///
    /// # Errors
    ///
    /// The verdict that drops the packet, with what routing says for the sender: one that could not be
    /// routed has no route at all, and cannot go on.
    pub fn reroute(self) -> Result<Self, Verdict<'p>> {
        if self.point() != Point::LocalOut {
            return Ok(self);
        }
        let state = self.state();
        // SAFETY: By the type invariant. Routing may want more room before the header, which a packet
        // that others hold cannot be given.
        let own = to_result(unsafe { bindings::nf_helper_ensure_writable(self.as_ptr(), 0) });
        let route = || {
            // SAFETY: A packet at `LOCAL_OUT` has a route: one that has lost it here is dropped.
            // Namespace and socket are those of its state.
            to_result(unsafe {
                let (net, sk) = (state.net().as_ptr().as_ptr(), state.sock());
                match state.version() {
                    IpVersion::V4 => {
                        bindings::ip_route_me_harder(net, sk, self.as_ptr(), bindings::RTN_UNSPEC)
                    }
                    IpVersion::V6 => bindings::ip6_route_me_harder(net, sk, self.as_ptr()),
                }
            })
        };
        match own.and_then(|()| route()) {
            Ok(()) => Ok(self),
            Err(error) => Err(self.drop_with_errno(error)),
        }
    }
}

/// The ones' complement sum of the 16-bit words of `sum`.
fn fold(mut sum: u64) -> u16 {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}
