// SPDX-License-Identifier: GPL-2.0-only

//! Changing a packet.
//!
//! Only what leaves it well-formed can be changed: fields of headers, with the checksums that cover
//! them repaired, and payload by as many bytes of other payload. Before anything is written the bytes
//! are made the packet's own (`skb_ensure_writable()`): a buffer that others share is copied.

use crate::{
    bindings,
    family::{Family, Ip, Point},
    header::{Checksums, IpHeader, Ipv4, Ipv6, Transport},
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
    #[inline]
    pub fn set_ttl(&mut self, ttl: u8) -> Result {
        match self.ip_version().ok_or(EPROTOTYPE)? {
            IpVersion::V4 => self.change_ipv4(8, ttl),
            IpVersion::V6 => self.again().change_ipv6(7, [ttl]),
        }
    }

    /// Sets the differentiated services code point, of which the lower six bits count.
    ///
    /// # Errors
    ///
    /// `EPROTOTYPE`: the packet is not IP, or malformed.
    pub fn set_dscp(&mut self, dscp: u8) -> Result {
        let mut bytes = [0; 2];
        if self.ip().is_none() || !self.copy(0, &mut bytes) {
            return Err(EPROTOTYPE);
        }
        let [first, second] = bytes;
        match self.ip_version().ok_or(EPROTOTYPE)? {
            IpVersion::V4 => self.change_ipv4(1, second & 3 | dscp << 2),
            // Four bits in the first byte and two in the second.
            IpVersion::V6 => self.again().change_ipv6(
                0,
                [first & 0xf0 | dscp >> 2 & 0xf, second & 0x3f | dscp << 6],
            ),
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
        let syn = match Transport::read(self.buffer(), &ip) {
            Some(Transport::Tcp(tcp)) => tcp.flags().syn(),
            _ => false,
        };
        let options = self.tcp_options().filter(|_| syn).ok_or(EPROTOTYPE)?;
        let at = options.position(MAXSEG, 2).ok_or(EPROTOTYPE)?;
        let at = ip.header_len().saturating_add(20).saturating_add(at);
        self.change_whole(at, &mss.to_be_bytes())
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
        self.change_whole(at, bytes)
    }

    fn set_address(&mut self, end: End, address: IpAddr) -> Result {
        let ip = self.ip().ok_or(EPROTOTYPE)?;
        let routed = matches!(&ip, IpHeader::V6(ip) if ip.has_routing_header());
        match (&ip, end, address) {
            (IpHeader::V4(_), End::Source, IpAddr::V4(ip)) => self.change(12, &ip.octets()),
            (IpHeader::V4(_), End::Destination, IpAddr::V4(ip)) => self.change(16, &ip.octets()),
            (IpHeader::V6(_), End::Source, IpAddr::V6(ip)) => self.change(8, &ip.octets()),
            (IpHeader::V6(_), End::Destination, IpAddr::V6(_))
                if routed && self.checksums(&ip).has_pseudo_header() =>
            {
                Err(EOPNOTSUPP)
            }
            (IpHeader::V6(_), End::Destination, IpAddr::V6(ip)) => self.change(24, &ip.octets()),
            _ => Err(EPROTOTYPE),
        }
    }

    fn set_port(&mut self, end: End, port: u16) -> Result {
        let ip = self.ip().ok_or(EPROTOTYPE)?;
        if !matches!(
            Transport::read(self.buffer(), &ip),
            Some(Transport::Tcp(_) | Transport::Udp(_))
        ) {
            return Err(EPROTOTYPE);
        }
        let at = ip.header_len();
        let at = match end {
            End::Source => at,
            End::Destination => at.saturating_add(2),
        };
        self.change(at, &port.to_be_bytes())
    }

    /// [`change`](Self::change) behind the IP header of a packet that is not a fragment.
    fn change_whole(&mut self, at: usize, bytes: &[u8]) -> Result {
        let ip = self.ip().ok_or(EPROTOTYPE)?;
        if ip.fragment().is_some() {
            return Err(EOPNOTSUPP);
        }
        if !self.checksums(&ip).has_transport() {
            return Err(EPROTOTYPE);
        }
        self.change(at, bytes)
    }

    /// Writes a byte of an IPv4 header that no other checksum covers than the header's.
    #[inline]
    fn change_ipv4(&mut self, at: usize, byte: u8) -> Result {
        Ipv4::read(self.buffer()).ok_or(EPROTOTYPE)?;
        let header = self.writable(Ipv4::MIN_LEN)?;
        Checksums::IPV4.write(header, at, &[byte]).ok_or(ERANGE)
    }

    /// Writes bytes of an IPv6 header that no checksum covers.
    #[inline(never)]
    fn change_ipv6<const N: usize>(&mut self, at: usize, bytes: [u8; N]) -> Result {
        Ipv6::read(self.buffer()).ok_or(EPROTOTYPE)?;
        let header = self.writable(at.saturating_add(N))?;
        Checksums::NONE.write(header, at, &bytes).ok_or(ERANGE)
    }

    /// Writes `bytes` at `at`, and repairs the checksums over them.
    fn change(&mut self, at: usize, bytes: &[u8]) -> Result {
        let ip = self.ip().ok_or(EPROTOTYPE)?;
        let checksums = self.checksums(&ip);
        let foreign = self
            .incomplete()
            .is_some_and(|at| at != Some(ip.header_len()));
        // SAFETY: By the type invariant.
        let segments = unsafe { bindings::nf_helper_segments_have_checksums(self.as_ptr()) };
        if checksums.cover(at) && (foreign || segments) {
            return Err(EOPNOTSUPP);
        }
        let extent = checksums.extent(at, bytes.len()).ok_or(ERANGE)?;
        let packet = self.writable(extent)?;
        checksums.write(packet, at, bytes).ok_or(ERANGE)
    }

    fn checksums(&self, ip: &IpHeader<'_>) -> Checksums {
        Checksums::of(self.buffer(), ip, self.incomplete().flatten())
    }

    /// Whether a device will complete a checksum, and of the header at what offset.
    fn incomplete(&self) -> Option<Option<usize>> {
        // SAFETY: By the type invariant.
        let start = unsafe { bindings::nf_helper_checksum_start(self.as_ptr()) };
        let start = usize::try_from(start).ok()?;
        Some(start.checked_sub(self.network_offset()))
    }

    /// Makes the first `len` bytes from the network header on linear and the packet's own.
    #[inline]
    fn writable(&mut self, len: usize) -> Result<&mut [u8]> {
        let skb = self.as_ptr();
        let offset = self.network_offset();
        let end = len.checked_add(offset).ok_or(ERANGE)?;
        let end = u32::try_from(end).map_err(|_| ERANGE)?;
        // SAFETY: By the type invariant; nothing borrowed from the packet is left, by `&mut`.
        let err = unsafe { bindings::nf_helper_ensure_writable(skb, end) };
        if err != 0 {
            to_result(err)?;
        }
        // SAFETY: These bytes lie in the linear part now, which nobody else has.
        Ok(unsafe {
            let data = (*skb).data.add(offset);
            // What is behind a pointer that is read from memory the compiler does not know.
            core::hint::assert_unchecked(!data.is_null());
            core::slice::from_raw_parts_mut(data, len)
        })
    }
}

impl<'p> Packet<'p, Ip> {
    /// Routes a packet anew that this host sends, after a change that its route depends on (addresses,
    /// mark, DSCP). Does nothing elsewhere than at `LOCAL_OUT`.
    /// [`HookState::out_device`](crate::HookState::out_device) stays as it was.
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
