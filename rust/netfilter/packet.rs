// SPDX-License-Identifier: GPL-2.0-only

//! The packet that a hook is given.

use crate::{
    bindings,
    family::{Family, Ip},
    header::{
        self, Arp, Bytes, Ethernet, Header, IpHeader, Ipv4, Ipv6, Options, Plain, Tcp, Transport,
        Udp,
    },
    hook::HookFn,
    id::PacketId,
    state::{HookState, IpVersion}, //
};
use core::{
    ffi::c_void,
    marker::PhantomData,
    mem::MaybeUninit,
    ops::Range,
    ptr::NonNull,
    slice, //
};
use kernel::ffi::c_int;

/// A packet at a hook.
///
/// It is the hook's to decide on: a [`Verdict`](crate::Verdict) is had in exchange for it. What is
/// read from it is borrowed from it.
///
/// Reading is checked against the packet's length, and works whether the bytes are in the linear
/// part of the buffer or not: they are copied where they are not.
///
/// C: `struct sk_buff`.
///
/// # Invariants
///
/// `skb` is the packet of family `F` that the core has given the hook `hook` with `priv_`, for the
/// time of `'p`; nobody else writes to its linear part from the network header on, or to its fields,
/// in that time.
pub struct Packet<'p, F: Family = Ip> {
    skb: NonNull<bindings::sk_buff>,
    state: &'p HookState<F>,
    pub(crate) hook: HookFn,
    pub(crate) priv_: *mut c_void,
    /// Invariant in `'p`: see `Verdict`.
    _call: PhantomData<fn(&'p ()) -> &'p ()>,
}

impl<'p, F: Family> Packet<'p, F> {
    /// # Safety
    ///
    /// `skb` must be the packet that the core has called `hook` for, with `state` and `priv_`, and
    /// `'p` must end with that call.
    #[inline]
    pub(crate) unsafe fn from_raw(
        skb: NonNull<bindings::sk_buff>,
        state: &'p HookState<F>,
        hook: HookFn,
        priv_: *mut c_void,
    ) -> Self {
        // INVARIANT: By the safety requirement.
        Self {
            skb,
            state,
            hook,
            priv_,
            _call: PhantomData,
        }
    }

    #[inline]
    pub(crate) fn as_ptr(&self) -> *mut bindings::sk_buff {
        self.skb.as_ptr()
    }

    /// The field of type `T` at `offset`.
    ///
    /// # Safety
    ///
    /// `offset` must be that of a `T` in `struct sk_buff`.
    #[inline]
    pub(crate) unsafe fn field<T: Copy>(&self, offset: usize) -> T {
        // SAFETY: By the type invariant the packet is valid; and the safety requirement.
        unsafe { self.as_ptr().byte_add(offset).cast::<T>().read() }
    }

    /// The hook's state: point, devices, namespace.
    #[inline]
    pub fn state(&self) -> &'p HookState<F> {
        self.state
    }

    /// Which packet this is.
    #[inline]
    pub fn id(&self) -> PacketId {
        PacketId::new(self.skb)
    }

    /// The point that the packet is at.
    #[inline]
    pub fn point(&self) -> F::Point {
        self.state.point()
    }

    /// Bytes from the network header on, wherever they lie.
    #[inline]
    #[expect(clippy::len_without_is_empty, reason = "a packet has a header")]
    pub fn len(&self) -> usize {
        // SAFETY: By the type invariant.
        let len = unsafe { (*self.as_ptr()).len };
        (len as usize).saturating_sub(self.network_offset())
    }

    /// The protocol of its network header: `ETH_P_*`.
    #[inline]
    pub fn ethertype(&self) -> u16 {
        // SAFETY: That field.
        u16::from_be(unsafe { self.field(bindings::NF_SKB_PROTOCOL) })
    }

    #[inline]
    pub(crate) fn nfct(&self) -> usize {
        // SAFETY: By the type invariant.
        unsafe { (*self.as_ptr())._nfct }
    }

    /// Which IP the packet is.
    #[inline]
    pub(crate) fn ip_version(&self) -> Option<IpVersion> {
        match self.state.pf() {
            bindings::NFPROTO_IPV4 => Some(IpVersion::V4),
            bindings::NFPROTO_IPV6 => Some(IpVersion::V6),
            _ => match self.ethertype().into() {
                bindings::ETH_P_IP => Some(IpVersion::V4),
                bindings::ETH_P_IPV6 => Some(IpVersion::V6),
                _ => None,
            },
        }
    }

    /// The IP header; none where it is not there, or not a whole and proper one.
    #[inline]
    pub fn ip(&self) -> Option<IpHeader<'_>> {
        match self.ip_version()? {
            IpVersion::V4 => Ipv4::read(self).map(IpHeader::V4),
            IpVersion::V6 => Ipv6::read(self).map(IpHeader::V6),
        }
    }

    /// What the IP header carries; none where the packet is not IP, malformed or cut off.
    #[inline]
    pub fn transport(&self) -> Option<Transport<'_>> {
        Transport::read(self, &self.ip()?)
    }

    /// The TCP header; none where the packet is not TCP, or does not have it whole.
    #[inline]
    pub fn tcp(&self) -> Option<Tcp<'_>> {
        match self.transport()? {
            Transport::Tcp(tcp) => Some(tcp),
            _ => None,
        }
    }

    /// The UDP header; none where the packet is not UDP, or does not have it whole.
    #[inline]
    pub fn udp(&self) -> Option<Udp<'_>> {
        match self.transport()? {
            Transport::Udp(udp) => Some(udp),
            _ => None,
        }
    }

    /// The options of an IPv4 header.
    pub fn ip_options(&self) -> Option<Options> {
        match self.ip()? {
            IpHeader::V4(ip) => Options::read(self, 20, ip.header_len()),
            IpHeader::V6(_) => None,
        }
    }

    /// The options of a TCP header.
    pub fn tcp_options(&self) -> Option<Options> {
        let ip = self.ip()?;
        let Transport::Tcp(tcp) = Transport::read(self, &ip)? else {
            return None;
        };
        let at = ip.header_len();
        Options::read(self, at.checked_add(20)?, at.checked_add(tcp.header_len())?)
    }

    /// Where what TCP, UDP, ... carry lies, from the network header on: what the headers say and the
    /// packet has.
    pub fn payload(&self) -> Option<Range<usize>> {
        header::payload(self, &self.ip()?)
    }

    /// The ARP packet for IPv4 over Ethernet that this is.
    pub fn arp(&self) -> Option<Arp<'_>> {
        let pf = self.state.pf();
        let arp = pf == bindings::NFPROTO_ARP || u32::from(self.ethertype()) == bindings::ETH_P_ARP;
        arp.then(|| Arp::read(self))?
    }

    /// The Ethernet header, as the packet came in or will go; none where it has none (yet).
    pub fn ethernet(&self) -> Option<Ethernet> {
        let mut bytes = [0; size_of::<Ethernet>()];
        // SAFETY: By the type invariant, and the buffer is as long as that header.
        let found = unsafe { bindings::nf_helper_ethernet(self.as_ptr(), bytes.as_mut_ptr()) };
        found.then(|| zerocopy::transmute!(bytes))
    }

    /// Fills `to` with the bytes from `offset` on, wherever they lie; false, and `to` as it was or
    /// partly filled, where there are not so many.
    pub fn copy(&self, offset: usize, to: &mut [u8]) -> bool {
        Bytes::copy(self, offset, to)
    }

    /// The offset of the first place in `range` where `needle` lies, wherever the buffer is cut; none
    /// for an empty needle or one of more than 128 bytes.
    pub fn find(&self, range: Range<usize>, needle: &[u8]) -> Option<usize> {
        header::find(self, range, needle)
    }

    /// Offset of the network header from the data's beginning.
    #[inline]
    pub(crate) fn network_offset(&self) -> usize {
        if !F::AT_LINK_LAYER {
            return 0;
        }
        let skb = self.as_ptr();
        // SAFETY: By the type invariant, and that field.
        unsafe {
            let network: u16 = self.field(bindings::NF_SKB_NETWORK_HEADER);
            let data = (*skb).data.addr().wrapping_sub((*skb).head.addr());
            usize::from(network).saturating_sub(data)
        }
    }

    /// The linear part, from the network header on.
    #[inline]
    pub(crate) fn linear(&self) -> &[u8] {
        let skb = self.as_ptr();
        // SAFETY: By the type invariant the packet is valid, its linear part (`skb_headlen()` bytes
        // from `data` on) too, and nobody writes to that while it is borrowed.
        let linear = unsafe {
            let len = (*skb).len.wrapping_sub((*skb).data_len);
            slice::from_raw_parts((*skb).data, len as usize)
        };
        linear.get(self.network_offset()..).unwrap_or_default()
    }

    /// Copies `len` bytes from `offset` on to `to`, as `skb_copy_bits()`.
    ///
    /// # Safety
    ///
    /// `to` must be valid for writes of `len` bytes.
    unsafe fn copy_bits(&self, offset: usize, to: *mut u8, len: usize) -> bool {
        let offset = offset.saturating_add(self.network_offset());
        let (Ok(offset), Ok(len)) = (c_int::try_from(offset), c_int::try_from(len)) else {
            return false;
        };
        // SAFETY: By the type invariant and the safety requirement; what lies outside of the packet
        // is an error.
        0 == unsafe { bindings::skb_copy_bits(self.as_ptr(), offset, to.cast(), len) }
    }
}

impl<F: Family> Bytes for Packet<'_, F> {
    fn len(&self) -> usize {
        Packet::len(self)
    }

    /// As `skb_header_pointer()`.
    #[inline]
    fn get<T: Plain>(&self, offset: usize) -> Option<Header<'_, T>> {
        if let Some(header) = self.linear().get(offset..).and_then(header::prefix) {
            return Some(Header::Borrowed(header));
        }
        let mut copy = MaybeUninit::<T>::uninit();
        // SAFETY: The buffer is as long as a `T`.
        let whole = unsafe { self.copy_bits(offset, copy.as_mut_ptr().cast(), size_of::<T>()) };
        // SAFETY: All of it was written to, and any bytes are a `T`.
        whole.then(|| Header::Copied(unsafe { copy.assume_init() }))
    }

    fn copy(&self, offset: usize, to: &mut [u8]) -> bool {
        // SAFETY: A slice is valid for writes of its length.
        unsafe { self.copy_bits(offset, to.as_mut_ptr(), to.len()) }
    }

    fn linear(&self) -> &[u8] {
        Packet::linear(self)
    }
}
