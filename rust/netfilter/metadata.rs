// SPDX-License-Identifier: GPL-2.0-only

//! What the kernel knows of a packet beside its bytes.

use crate::{bindings, Device, Family, Packet};

impl<F: Family> Packet<'_, F> {
    /// The packet's mark (`skb->mark`), that rules and routing look at.
    #[inline]
    pub fn mark(&self) -> u32 {
        // SAFETY: That field.
        unsafe { self.field(bindings::NF_SKB_MARK) }
    }

    /// The packet's priority (`skb->priority`), that queueing disciplines look at.
    pub fn priority(&self) -> u32 {
        // SAFETY: That field.
        unsafe { self.field(bindings::NF_SKB_PRIORITY) }
    }

    /// For whom the frame was that it came in.
    pub fn packet_type(&self) -> PacketType {
        // SAFETY: By the type invariant.
        match unsafe { bindings::nf_helper_packet_type(self.as_ptr()) }.into() {
            bindings::PACKET_HOST => PacketType::Host,
            bindings::PACKET_BROADCAST => PacketType::Broadcast,
            bindings::PACKET_MULTICAST => PacketType::Multicast,
            bindings::PACKET_OTHERHOST => PacketType::OtherHost,
            bindings::PACKET_OUTGOING => PacketType::Outgoing,
            bindings::PACKET_LOOPBACK => PacketType::Loopback,
            _ => PacketType::Internal,
        }
    }

    /// Its VLAN tag, where that is kept beside the packet: so it is from a device's ingress on, until the
    /// VLAN's device has taken it.
    pub fn vlan(&self) -> Option<Vlan> {
        let (mut protocol, mut tci) = (0, 0);
        // SAFETY: By the type invariant.
        let tagged = unsafe { bindings::nf_helper_vlan(self.as_ptr(), &mut protocol, &mut tci) };
        tagged.then_some(Vlan { protocol, tci })
    }

    /// When it was received or shall be sent, in nanoseconds of the clock that its stage uses
    /// (`skb->tstamp`); none where it has no time.
    pub fn timestamp_ns(&self) -> Option<i64> {
        // SAFETY: That field.
        let timestamp = unsafe { self.field(bindings::NF_SKB_TSTAMP) };
        (timestamp != 0).then_some(timestamp)
    }

    /// Where this is more than one packet on the wire, to be segmented later or merged before: how.
    pub fn gso(&self) -> Option<Gso> {
        let (mut size, mut segments) = (0, 0);
        // SAFETY: By the type invariant.
        unsafe { bindings::nf_helper_gso(self.as_ptr(), &mut size, &mut segments) };
        (size != 0).then_some(Gso { size, segments })
    }

    /// Who has the socket that the packet is sent from; none for one that is received.
    pub fn owner(&self) -> Option<Owner> {
        let (mut uid, mut cgroup) = (0, 0);
        // SAFETY: By the type invariant.
        let found = unsafe {
            bindings::nf_helper_owner(
                self.as_ptr(),
                self.state().net().as_ptr().as_ptr(),
                &mut uid,
                &mut cgroup,
            )
        };
        found.then_some(Owner { uid, cgroup })
    }

    /// The bridge port that the packet came in by, where a bridge passes it to the IP hooks
    /// (br_netfilter).
    pub fn physical_in_device(&self) -> Option<&Device> {
        // SAFETY: By the type invariant; null or a device that is valid under RCU, so in `'p`.
        unsafe {
            Device::from_raw(bindings::nf_helper_physindev(
                self.as_ptr(),
                self.state().net().as_ptr().as_ptr(),
            ))
        }
    }

    /// The bridge port that the packet will leave by.
    pub fn physical_out_device(&self) -> Option<&Device> {
        // SAFETY: As above.
        unsafe { Device::from_raw(bindings::nf_helper_physoutdev(self.as_ptr())) }
    }
}

/// A packet that is several on the wire (generic segmentation or receive offload).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gso {
    /// Payload bytes of each on the wire, but for the last.
    pub size: u16,
    /// How many on the wire; 0 where nobody has counted yet.
    pub segments: u16,
}

/// For whom a frame was (`skb->pkt_type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacketType {
    /// This host; also what it sends.
    Host,
    /// All.
    Broadcast,
    /// A group.
    Multicast,
    /// Another host.
    OtherHost,
    /// Sent by this host, as taps see it.
    Outgoing,
    /// A broadcast or multicast of this host, looped back.
    Loopback,
    /// What only the kernel uses.
    Internal,
}

/// A VLAN tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vlan {
    /// `ETH_P_8021Q` or `ETH_P_8021AD`.
    pub protocol: u16,
    tci: u16,
}

impl Vlan {
    /// The VLAN, 0 to 4095.
    pub fn id(&self) -> u16 {
        self.tci & 0xfff
    }

    /// The priority code point, 0 to 7.
    pub fn priority(&self) -> u8 {
        (self.tci >> 13) as u8
    }

    /// Whether it may be dropped first.
    pub fn drop_eligible(&self) -> bool {
        self.tci & 0x1000 != 0
    }
}

/// Who has the socket that a packet comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The user, by the number that the initial user namespace has for it.
    pub uid: u32,
    /// The id of the socket's cgroup (version 2); 0 where there are no cgroups.
    pub cgroup: u64,
}
