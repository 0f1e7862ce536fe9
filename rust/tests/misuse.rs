// SPDX-License-Identifier: GPL-2.0-only

//! A test's module: safe code that does what one should not, and that once did harm.

#![deny(unsafe_code)]

use core::{mem, net::IpAddr};
use kernel::{
    prelude::*,
    sync::{new_spinlock_irq, SpinLockIrq},
};
use netfilter::{
    Arp, ArpPoint, Hook, IpVersion, NetRef, Op, Packet, Point, Priority, Registration, Stolen,
    Transport, Verdict,
};

module! {
    type: Misuse,
    name: "nf_test_misuse",
    description: "Test: misuse of the library, from safe code",
    license: "GPL",
    params: {
        case: u8 {
            default: 0,
            description: "1 route, 2 keep, 3 drop in a hook, 4 ARP, 5 too many ops, 6 port of UDP without checksum",
        },
    },
}

/// Sends UDP for port 4444 elsewhere, where no route may lead, and goes on all the same.
struct Route;

impl Hook for Route {
    type Data = ();

    fn hook<'p>((): &(), mut packet: Packet<'p>) -> Verdict<'p> {
        if packet.transport().and_then(|t| t.destination_port()) != Some(4444) {
            return packet.accept();
        }
        let to = match packet.state().version() {
            IpVersion::V4 => IpAddr::from([10, 0, 2, 9]),
            IpVersion::V6 => IpAddr::from([0xfd00, 2, 0, 0, 0, 0, 0, 9]),
        };
        let _ = packet.set_destination(to);
        match packet.reroute() {
            Ok(packet) => packet.accept(),
            Err(verdict) => {
                pr_info!("no route\n");
                verdict
            }
        }
    }
}

type Few = [Option<Stolen>; 8];

/// Keeps UDP for port 4444 until some for port 4445 comes.
struct Keep;

impl Hook for Keep {
    type Data = SpinLockIrq<Few>;

    fn hook<'p>(kept: &Self::Data, packet: Packet<'p>) -> Verdict<'p> {
        match packet.transport().and_then(|t| t.destination_port()) {
            Some(4444) => match packet.steal() {
                Ok((verdict, stolen)) => {
                    if let Some(place) = kept.lock().iter_mut().find(|place| place.is_none()) {
                        *place = Some(stolen);
                        pr_info!("kept one\n");
                    }
                    verdict
                }
                Err(packet) => packet.drop(),
            },
            Some(4445) => {
                let kept = mem::take(&mut *kept.lock());
                pr_info!("resumes\n");
                kept.into_iter().flatten().for_each(Stolen::resume);
                packet.accept()
            }
            _ => packet.accept(),
        }
    }
}

/// Does nothing; its data hold a namespace.
struct Nothing;

impl Hook for Nothing {
    type Data = NetRef;

    fn hook<'p>(_: &NetRef, packet: Packet<'p>) -> Verdict<'p> {
        packet.accept()
    }
}

/// Drops a registration where it may not sleep.
struct DropInside;

impl Hook for DropInside {
    type Data = SpinLockIrq<Option<Registration<NetRef>>>;

    fn hook<'p>(other: &Self::Data, packet: Packet<'p>) -> Verdict<'p> {
        drop(other.lock().take());
        packet.accept()
    }
}

/// Reads what ARP sends.
struct Read;

impl Hook<Arp> for Read {
    type Data = ();

    fn hook<'p>((): &(), packet: Packet<'p, Arp>) -> Verdict<'p> {
        if let Some(arp) = packet.arp() {
            pr_info!(
                "{:?} {:?}>{:?}\n",
                packet.point(),
                arp.sender(),
                arp.target()
            );
        }
        packet.accept()
    }
}

/// Sends UDP for port 4444 to 4445.
struct Port;

impl Hook for Port {
    type Data = ();

    fn hook<'p>((): &(), mut packet: Packet<'p>) -> Verdict<'p> {
        if matches!(packet.transport(), Some(Transport::Udp(udp)) if udp.destination() == 4444) {
            let _ = packet.set_destination_port(4445);
        }
        packet.accept()
    }
}

enum Misuse {
    Unit {
        _registration: Registration<()>,
    },
    Keep {
        _registration: Registration<SpinLockIrq<Few>>,
    },
    Drop {
        _registration: Registration<SpinLockIrq<Option<Registration<NetRef>>>>,
    },
}

impl kernel::Module for Misuse {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let net = NetRef::current().ok_or(ESRCH)?;
        let unit = |op| {
            Registration::in_all_nets(&[op], ()).map(|_registration| Self::Unit { _registration })
        };
        match module_parameters::case.value() {
            1 => unit(Op::inet::<Route>(Point::LocalOut, Priority::FILTER)),
            2 => {
                let op = |point| Op::inet::<Keep>(point, Priority::FILTER);
                let ops = [op(Point::Forward), op(Point::LocalOut)];
                let kept = new_spinlock_irq!(Few::default());
                Ok(Self::Keep {
                    _registration: Registration::in_all_nets(&ops, kept)?,
                })
            }
            3 => {
                let op = Op::inet::<Nothing>(Point::LocalIn, Priority::FILTER);
                let here = NetRef::current().ok_or(ESRCH)?;
                let other = Registration::in_net(&here, &[op], net)?;
                let op = Op::inet::<DropInside>(Point::LocalIn, Priority::FILTER);
                let data = new_spinlock_irq!(Some(other));
                Ok(Self::Drop {
                    _registration: Registration::in_net(&here, &[op], data)?,
                })
            }
            4 => unit(Op::arp::<Read>(ArpPoint::Out, Priority::FILTER)),
            5 => {
                let op = Op::inet::<Nothing>(Point::LocalIn, Priority::FILTER);
                let mut ops = KVVec::new();
                for _ in 0..60_000 {
                    ops.push(op, GFP_KERNEL)?;
                }
                Err(Registration::in_all_nets(&ops, net).err().unwrap_or(EIO))
            }
            6 => unit(Op::inet::<Port>(Point::PreRouting, Priority::FILTER)),
            _ => Err(EINVAL),
        }
    }
}
