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
use kernel::{ffi::c_int, sync::rcu};

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

    /// The same, for a function that takes it by reference, so that this one need not be in memory.
    #[inline]
    pub(crate) fn again(&mut self) -> Self {
        // INVARIANT: As this one, which is not used in the meantime.
        Self { ..*self }
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

    /// RCU is locked, as it is during the call of every hook: to read an [`RcuCell`](crate::RcuCell) by, or what
    /// else asks for this, at no cost.
    #[inline]
    pub fn rcu(&self) -> &'p rcu::Guard {
        const { assert!(size_of::<rcu::Guard>() == 0) };
        // SAFETY: Nothing is read where it points to. RCU is locked until the call ends, and so does `'p`, by the type
        // invariant; nobody drops what is behind a reference.
        unsafe { NonNull::dangling().as_ref() }
    }

    /// Which packet this is.
    #[inline]
    pub fn id(&self) -> PacketId {
        PacketId::new(self.skb.addr())
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
        self.buffer().len()
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
            // By the invariant of `HookState` there is no other of that family.
            bindings::NFPROTO_IPV6 => Some(IpVersion::V6),
            _ if F::IS_IP => Some(IpVersion::V6),
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
            IpVersion::V4 => Ipv4::read(self.buffer()).map(IpHeader::V4),
            IpVersion::V6 => self.buffer().ipv6().map(IpHeader::V6),
        }
    }

    /// The transport header, if it is that of `protocol` and there.
    #[inline]
    fn transport_header<T: Plain>(&self, protocol: u8) -> Option<Header<'_, T>> {
        let buffer = self.buffer();
        match self.ip_version()? {
            IpVersion::V4 => buffer.get(Ipv4::transport_at(buffer, protocol)?),
            // A copy, so that only what the function gives need be in memory.
            IpVersion::V6 => Some(Header::new(
                buffer.transport_header_v6::<T>(protocol)?.into_inner(),
            )),
        }
    }

    /// What the IP header carries; none where the packet is not IP, malformed or cut off.
    #[inline]
    pub fn transport(&self) -> Option<Transport<'_>> {
        Transport::read(self.buffer(), &self.ip()?)
    }

    /// The TCP header; none where the packet is not TCP, or does not have it whole.
    #[inline]
    pub fn tcp(&self) -> Option<Tcp<'_>> {
        Tcp::new(self.transport_header(Tcp::PROTOCOL)?)
    }

    /// The UDP header; none where the packet is not UDP, or does not have it whole.
    #[inline]
    pub fn udp(&self) -> Option<Udp<'_>> {
        self.transport_header(Udp::PROTOCOL).map(Udp::new)
    }

    /// The options of an IPv4 header.
    pub fn ip_options(&self) -> Option<Options> {
        match self.ip()? {
            IpHeader::V4(ip) => Options::read(self.buffer(), 20, ip.header_len()),
            IpHeader::V6(_) => None,
        }
    }

    /// The options of a TCP header.
    pub fn tcp_options(&self) -> Option<Options> {
        let ip = self.ip()?;
        let Transport::Tcp(tcp) = Transport::read(self.buffer(), &ip)? else {
            return None;
        };
        let at = ip.header_len();
        Options::read(
            self.buffer(),
            at.checked_add(20)?,
            at.checked_add(tcp.header_len())?,
        )
    }

    /// Where what TCP, UDP, ... carry lies, from the network header on: what the headers say and the
    /// packet has.
    pub fn payload(&self) -> Option<Range<usize>> {
        let ip = self.ip()?;
        header::payload(self.buffer(), &ip, &Transport::read(self.buffer(), &ip)?)
    }

    /// [`ip`](Self::ip), [`transport`](Self::transport) and [`payload`](Self::payload), for who wants all of them: each
    /// header is read once.
    #[inline]
    pub fn layers(&self) -> Option<Layers<'_>> {
        let ip = self.ip()?;
        let transport = Transport::read(self.buffer(), &ip);
        let payload = transport
            .as_ref()
            .and_then(|transport| header::payload(self.buffer(), &ip, transport));
        Some(Layers {
            ip,
            transport,
            payload,
        })
    }

    /// The ARP packet for IPv4 over Ethernet that this is.
    pub fn arp(&self) -> Option<Arp<'_>> {
        let pf = self.state.pf();
        let arp = pf == bindings::NFPROTO_ARP || u32::from(self.ethertype()) == bindings::ETH_P_ARP;
        arp.then(|| Arp::read(self.buffer()))?
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
        self.buffer().copy(offset, to)
    }

    /// The offset of the first place in `range` where `needle` lies, wherever the buffer is cut; none
    /// for an empty needle or one of more than 128 bytes.
    pub fn find(&self, range: Range<usize>, needle: &[u8]) -> Option<usize> {
        header::find(self.buffer(), range, needle)
    }

    /// Offset of the network header from the data's beginning.
    #[inline]
    pub(crate) fn network_offset(&self) -> usize {
        self.buffer().network_offset()
    }

    /// Its bytes, to read.
    #[inline]
    pub(crate) fn buffer(&self) -> Buffer<'_, F> {
        // INVARIANT: By the type invariant; what changes the packet takes `&mut`, or the packet.
        Buffer {
            skb: self.skb,
            _packet: PhantomData,
        }
    }
}

/// The headers of a packet, and what they are of.
pub struct Layers<'a> {
    /// The IP header.
    pub ip: IpHeader<'a>,
    /// What it carries; none where that is cut off.
    pub transport: Option<Transport<'a>>,
    /// Where what TCP, UDP, ... carry lies, from the network header on.
    pub payload: Option<Range<usize>>,
}

/// The bytes of a packet, from its network header on.
///
/// It is passed on by value: a [`Packet`] of which no function has the address need not be in memory.
///
/// # Invariants
///
/// `skb` is a packet of family `F`; during `'a` nobody writes to it from the network header on. At the hooks of IPv4 the
/// memory that `data` points to is as long as a header without options: the core has read that itself, and who shortens
/// the packet later does not take the memory away.
pub(crate) struct Buffer<'a, F: Family> {
    skb: NonNull<bindings::sk_buff>,
    _packet: PhantomData<(&'a (), F)>,
}

impl<F: Family> Clone for Buffer<'_, F> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}

impl<F: Family> Copy for Buffer<'_, F> {}

impl<'a, F: Family> Buffer<'a, F> {
    #[inline]
    fn network_offset(self) -> usize {
        if !F::AT_LINK_LAYER {
            return 0;
        }
        let skb = self.skb.as_ptr();
        // SAFETY: By the type invariant, and that field.
        unsafe {
            let network = skb.byte_add(bindings::NF_SKB_NETWORK_HEADER).cast::<u16>();
            let data = (*skb).data.addr().wrapping_sub((*skb).head.addr());
            usize::from(network.read()).saturating_sub(data)
        }
    }

    /// Out of line: rarer and longer than version 4.
    #[inline(never)]
    fn ipv6(self) -> Option<Ipv6<'a>> {
        Ipv6::read(self)
    }

    #[inline(never)]
    fn transport_header_v6<T: Plain>(self, protocol: u8) -> Option<Header<'a, T>> {
        let ip = IpHeader::V6(Ipv6::read(self)?);
        if ip.protocol() != protocol || ip.is_later_fragment() {
            return None;
        }
        self.get(ip.header_len())
    }

    /// Copies `len` bytes from `offset` on to `to`, as `skb_copy_bits()`.
    ///
    /// # Safety
    ///
    /// `to` must be valid for writes of `len` bytes.
    #[inline]
    unsafe fn copy_bits(self, offset: usize, to: *mut u8, len: usize) -> bool {
        let offset = offset.saturating_add(self.network_offset());
        let (Ok(offset), Ok(len)) = (c_int::try_from(offset), c_int::try_from(len)) else {
            return false;
        };
        // SAFETY: By the type invariant and the safety requirement; what lies outside of the packet
        // is an error.
        0 == unsafe { bindings::skb_copy_bits(self.skb.as_ptr(), offset, to.cast(), len) }
    }
}

impl<'a, F: Family> Bytes<'a> for Buffer<'a, F> {
    #[inline]
    fn len(self) -> usize {
        // SAFETY: By the type invariant.
        let len = unsafe { (*self.skb.as_ptr()).len };
        (len as usize).saturating_sub(self.network_offset())
    }

    #[inline(always)]
    fn ipv4_begin<T: Plain>(self) -> Option<Header<'a, T>> {
        const { assert!(size_of::<T>() <= Ipv4::MIN_LEN) };
        if !F::IS_IP {
            return self.get(0);
        }
        // SAFETY: By the type invariant; any bytes at any address are a `T`.
        Some(Header::new(unsafe {
            (*self.skb.as_ptr()).data.cast::<T>().read()
        }))
    }

    /// As `skb_header_pointer()`.
    #[inline(always)]
    fn get<T: Plain>(self, offset: usize) -> Option<Header<'a, T>> {
        if let Some(value) = header::read(self.linear(), offset) {
            return Some(Header::new(value));
        }
        let mut copy = MaybeUninit::<T>::uninit();
        // SAFETY: The buffer is as long as a `T`.
        let whole = unsafe { self.copy_bits(offset, copy.as_mut_ptr().cast(), size_of::<T>()) };
        // SAFETY: All of it was written to, and any bytes are a `T`.
        whole.then(|| Header::new(unsafe { copy.assume_init() }))
    }

    fn copy(self, offset: usize, to: &mut [u8]) -> bool {
        let linear = self.linear().get(offset..).unwrap_or_default();
        if let Some(linear) = linear.get(..to.len()) {
            to.copy_from_slice(linear);
            return true;
        }
        // SAFETY: A slice is valid for writes of its length.
        unsafe { self.copy_bits(offset, to.as_mut_ptr(), to.len()) }
    }

    fn copy_to(self, offset: usize, to: &mut [MaybeUninit<u8>]) -> Option<&[u8]> {
        // SAFETY: A slice is valid for writes of its length.
        let whole = unsafe { self.copy_bits(offset, to.as_mut_ptr().cast(), to.len()) };
        // SAFETY: All of it was written to.
        whole.then(|| unsafe { slice::from_raw_parts(to.as_ptr().cast(), to.len()) })
    }

    #[inline(always)]
    fn linear(self) -> &'a [u8] {
        let skb = self.skb.as_ptr();
        // SAFETY: By the type invariant the packet is valid, its linear part (`skb_headlen()` bytes
        // from `data` on) too, and nobody writes to that during `'a`.
        let linear = unsafe {
            let len = (*skb).len.wrapping_sub((*skb).data_len);
            slice::from_raw_parts((*skb).data, len as usize)
        };
        linear.get(self.network_offset()..).unwrap_or_default()
    }
}
