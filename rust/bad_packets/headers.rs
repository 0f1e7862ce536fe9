// SPDX-License-Identifier: GPL-2.0-only

//! Packets as they should be, mostly: which headers follow each other, and what is in them, is chosen by chance from
//! what network stacks look at.

use crate::{
    checksum::{Checksum, Pseudo},
    packet::{Field, Network, Packet},
    random::Random,
};

pub(crate) const ROUTER: [u8; 6] = [2, 0, 0, 0, 0, 1];
const HOST: [u8; 6] = [2, 0, 0, 0, 0, 2];

/// Client and server of the guest's topology (qemu/lib.sh), the router's, a bridge's, and what is special.
const IPV4: [[u8; 4]; 12] = [
    [10, 0, 1, 2],
    [10, 0, 2, 2],
    [10, 0, 1, 1],
    [10, 0, 2, 1],
    [10, 0, 3, 1],
    [10, 0, 3, 2],
    [192, 0, 2, 1],
    [127, 0, 0, 1],
    [224, 0, 0, 1],
    [255, 255, 255, 255],
    [10, 0, 2, 255],
    [0, 0, 0, 0],
];

const fn ipv6(first: u16, second: u16, last: u16) -> [u8; 16] {
    let ([a, b], [c, d], [y, z]) = (
        first.to_be_bytes(),
        second.to_be_bytes(),
        last.to_be_bytes(),
    );
    [a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, y, z]
}

const IPV6: [[u8; 16]; 12] = [
    ipv6(0xfd00, 1, 2),
    ipv6(0xfd00, 2, 2),
    ipv6(0xfd00, 1, 1),
    ipv6(0xfd00, 2, 1),
    ipv6(0xfd00, 3, 1),
    ipv6(0xfd00, 3, 2),
    ipv6(0x2001, 0xdb8, 1),
    ipv6(0, 0, 1),
    ipv6(0xff02, 0, 1),
    ipv6(0xfe80, 0, 1),
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 2, 2],
    ipv6(0, 0, 0),
];

/// Those of the examples and of the kernel's helpers, and of what is encapsulated.
const PORTS: [u16; 18] = [
    80, 80, 8080, 9, 9, 23, 22, 21, 53, 67, 69, 500, 4500, 4789, 5060, 1723, 0, 65535,
];

const ICMP: u8 = 1;
const IGMP: u8 = 2;
const TCP: u8 = 6;
const UDP: u8 = 17;
const ICMPV6: u8 = 58;

const PROTOCOLS: [u8; 24] = [
    TCP, TCP, TCP, TCP, TCP, TCP, UDP, UDP, UDP, UDP, UDP, ICMP, ICMP, ICMP, ICMPV6, ICMPV6, IGMP,
    4, 41, 33, 47, 132, 136, 255,
];

/// How deep packets may be in others: the quotes of ICMP, tunnels.
const DEPTH: usize = 3;

pub(crate) struct Builder<'r> {
    pub(crate) random: &'r mut Random,
    pub(crate) packet: Packet,
    depth: usize,
}

impl<'r> Builder<'r> {
    pub(crate) fn new(random: &'r mut Random) -> Self {
        let packet = Packet::default();
        Self {
            random,
            packet,
            depth: 0,
        }
    }

    // --- link layer

    pub(crate) fn frame(&mut self) {
        self.packet.start();
        let to = self.random.pick(&[
            ROUTER,
            ROUTER,
            ROUTER,
            ROUTER,
            ROUTER,
            [0xff; 6],
            [1, 0, 0x5e, 0, 0, 1],
        ]);
        self.packet.put(&to);
        self.packet.put(&HOST);
        while self.random.one_in(12) {
            let tag = self.random.pick(&[0x8100, 0x8100, 0x88a8]);
            self.packet.field16(tag);
            self.packet.start();
            let control = self.random.next() as u16;
            self.packet.field16(self.random.pick(&[0, 1, control]));
        }
        match self.random.below(40) {
            0..3 => self.arp(),
            3 => {
                // LLC, or too long for it
                let length = self.random.below(1600) as u16;
                self.packet.field16(length);
                self.packet.put(&[0xaa, 0xaa, 3, 0, 0, 0, 8, 0]);
                self.ip();
            }
            4 => {
                // PPPoE
                self.packet.field16(0x8864);
                self.packet.put(&[0x11, 0, 0, 1]);
                let length = self.random.below(1600) as u16;
                self.packet.field16(length);
                let protocol = self.random.pick(&[0x21, 0x57, 0xc021]);
                self.packet.field16(protocol);
                self.ip();
            }
            5 => {
                let protocol = self.random.next() as u16;
                self.packet.field16(
                    self.random
                        .pick(&[0x8847, 0x88cc, 0x0806, 0x86dd, 0x0800, protocol]),
                );
                self.rubbish(64);
            }
            kind => {
                let six = kind % 5 < 2;
                self.packet.field16(if six { 0x86dd } else { 0x0800 });
                self.ip_version(six);
            }
        }
    }

    fn arp(&mut self) {
        self.packet.field16(0x0806);
        self.packet.start();
        self.packet.field16(1);
        self.packet.field16(0x0800);
        self.packet.field8(6);
        self.packet.field8(4);
        let operation = self.random.pick(&[1, 1, 1, 2, 2, 3, 4, 8, 9, 0]);
        self.packet.field16(operation);
        for mac in [HOST, self.random.pick(&[[0; 6], ROUTER, [0xff; 6]])] {
            self.packet.put(&mac);
            let ip = self.random.pick(&IPV4);
            self.packet.put(&ip);
        }
        self.rubbish(18);
    }

    // --- network layer

    pub(crate) fn ip(&mut self) {
        let six = self.random.one_in(2);
        self.ip_version(six);
    }

    pub(crate) fn ip_version(&mut self, six: bool) {
        self.depth += 1;
        if six {
            self.ipv6();
        } else {
            self.ipv4();
        }
        self.depth -= 1;
    }

    fn ipv4(&mut self) {
        let at = self.packet.start();
        let options = self.ipv4_options();
        self.packet.field8(0x45 + (options.len() / 4) as u8);
        let tos = self.random.next() as u8;
        self.packet.put(&[tos]);
        let total = self.packet.len();
        self.packet.field16(0);
        let id = self.random.next() as u16;
        self.packet.put16(id);
        // None, DF, MF, the reserved one; and rarely an offset.
        let offset = self.random.pick(&[0, 0, 0, 1, 185, 0x1fff]);
        let flags = self.random.pick(&[0, 0, 0, 0x4000, 0x4000, 0x2000, 0x8000]);
        self.packet.field16(if self.random.one_in(30) {
            flags | offset
        } else {
            flags & 0xc000
        });
        let ttl = self.random.pick(&[64, 64, 64, 64, 255, 2, 1, 0]);
        self.packet.field8(ttl);
        let protocol = self.random.pick(&PROTOCOLS);
        self.packet.field8(protocol);
        let sum = self.packet.len();
        self.packet.put16(0);
        let addresses = self.packet.len();
        for address in self.ends(&IPV4) {
            self.packet.put(&address);
        }
        self.packet.put(&options);
        for n in 0..options.len() {
            self.packet.fields.push(Field {
                at: addresses + 8 + n,
                size: 1,
            });
        }
        let transport = self.packet.len();
        self.note(Network {
            version: 4,
            at,
            transport,
            protocol,
        });
        self.transport(
            protocol,
            Pseudo {
                addresses,
                len: 8,
                protocol,
            },
        );
        let length = self.packet.len() - at;
        self.packet.set16(total, length);
        self.packet.checksums.push(Checksum {
            at: sum,
            from: at,
            len: Some(transport - at),
            pseudo: None,
        });
    }

    fn note(&mut self, network: Network) {
        if self.packet.network.is_none() {
            self.packet.network = Some(network);
        }
    }

    /// A multiple of 4 bytes, most often none.
    fn ipv4_options(&mut self) -> Vec<u8> {
        let mut options = Vec::new();
        if !self.random.one_in(5) {
            return options;
        }
        for _ in 0..=self.random.below(3) {
            let room = self.random.below(12);
            // The end, no operation, record route, timestamp, security, loose and strict source route, CIPSO, router alert
            let kind = self.random.pick(&[0, 1, 7, 68, 130, 131, 137, 134, 148]);
            options.push(kind);
            if kind > 1 {
                let wrong = self.random.next() as u8;
                let length = (room + 3) as u8;
                options.push(
                    self.random
                        .pick(&[length, length, length, length, 0, 1, 255, wrong]),
                );
                options.push(self.random.pick(&[4, 4, 5, 0, 255, length]));
                options.extend(self.random.bytes(room));
            }
        }
        options.truncate(40);
        options.resize(options.len().next_multiple_of(4), 0);
        options
    }

    fn ipv6(&mut self) {
        let at = self.packet.start();
        let flow = self.random.next() as u32 & 0x0fff_ffff;
        self.packet.put32(6 << 28 | self.random.pick(&[0, flow]));
        let length = self.packet.len();
        self.packet.field16(0);
        let protocol = self.random.pick(&PROTOCOLS);
        let chain = self.extensions();
        let first = chain.first().copied().unwrap_or(protocol);
        self.packet.field8(first);
        let hops = self.random.pick(&[64, 64, 64, 255, 255, 1, 0]);
        self.packet.field8(hops);
        let addresses = self.packet.len();
        for address in self.ends(&IPV6) {
            self.packet.put(&address);
        }
        let mut nexts = chain.iter().copied().skip(1).chain([protocol]);
        for &kind in &chain {
            let next = nexts.next().unwrap_or(protocol);
            self.extension(kind, next);
        }
        let transport = self.packet.len();
        self.note(Network {
            version: 6,
            at,
            transport,
            protocol,
        });
        self.transport(
            protocol,
            Pseudo {
                addresses,
                len: 32,
                protocol,
            },
        );
        let payload = self.packet.len() - at - 40;
        self.packet.set16(length, payload);
    }

    fn extensions(&mut self) -> Vec<u8> {
        let mut chain = Vec::new();
        let end = self.random.pick(&[0, 0, 0, 0, 1, 1, 2, 3, 9]);
        for n in 0..end {
            // Hop-by-hop, routing, fragment, AH, destination options, mobility, HIP, shim6
            let kind = self.random.pick(&[0, 43, 44, 51, 60, 60, 135, 139, 140]);
            chain.push(if n == 0 && self.random.one_in(3) {
                0
            } else {
                kind
            });
        }
        chain
    }

    fn extension(&mut self, kind: u8, next: u8) {
        self.packet.start();
        self.packet.field8(next);
        match kind {
            43 => {
                let addresses = self.random.below(3);
                self.packet.field8(2 * addresses as u8);
                // Source route, mobile, RPL, segment routing
                let kind = self.random.pick(&[0, 2, 3, 4, 4, 5]);
                self.packet.field8(kind);
                self.packet.field8(addresses as u8);
                self.packet.field8(
                    self.random
                        .pick(&[0, addresses.saturating_sub(1) as u8, 0xff]),
                );
                self.packet.put(&[0, 0, 0]);
                for _ in 0..addresses {
                    let address = self.random.pick(&IPV6);
                    self.packet.put(&address);
                }
            }
            44 => {
                self.packet.put(&[0]);
                let offset = self.random.next() as u16;
                self.packet
                    .field16(self.random.pick(&[0, 0, 1, 8, 9, 0xfff8, offset]));
                let id = self.random.below(4) as u32;
                self.packet.put32(id);
            }
            51 => {
                let words = self.random.below(6);
                self.packet.field8(
                    self.random
                        .pick(&[words as u8 + 1, words as u8 + 1, 0, 255]),
                );
                let bytes = self.random.bytes(6 + words * 4);
                self.packet.put(&bytes);
            }
            _ => {
                let units = self.random.pick(&[0, 0, 0, 1, 2, 5]);
                self.packet.field8(units as u8);
                let end = self.packet.len() + units * 8 + 6;
                while self.packet.len() < end {
                    // Padding, tunnel limit, router alert, CALIPSO, IOAM, jumbo, home address, what is unknown
                    let kind = self
                        .random
                        .pick(&[0, 1, 1, 4, 5, 7, 49, 0xc2, 0xc9, 0x1e, 0x9e]);
                    self.packet.field8(kind);
                    if kind != 0 {
                        let room = end.saturating_sub(self.packet.len() + 1);
                        let length = self.random.below(room + 1);
                        self.packet.field8(self.random.pick(&[length, length, length, room, 0, 255]) as u8);
                        let bytes = self.random.bytes(length);
                        self.packet.put(&bytes);
                    }
                }
                self.packet.bytes.truncate(end);
                self.packet.fields.retain(|field| field.at < end);
            }
        }
    }

    /// Source and destination: most often the first two, in either direction.
    fn ends<T: Copy>(&mut self, addresses: &[T]) -> [T; 2] {
        let direction = self.random.below(2);
        [direction, 1 - direction].map(|usual| match self.random.one_in(5) {
            true => self.random.pick(addresses),
            false => addresses[usual],
        })
    }

    // --- transport layer

    fn transport(&mut self, protocol: u8, pseudo: Pseudo) {
        self.packet.start();
        match protocol {
            TCP => self.tcp(pseudo),
            UDP | 136 => self.udp(pseudo),
            ICMP => self.icmp(),
            ICMPV6 => self.icmpv6(pseudo),
            IGMP => {
                let kind = self.random.pick(&[0x11, 0x12, 0x16, 0x17, 0x22]);
                self.packet.field8(kind);
                self.packet.put(&[10]);
                self.checksum(1 + 1, None);
                self.packet.put(&[224, 0, 0, 9]);
                self.rubbish(40);
            }
            4 | 41 if self.depth < DEPTH => self.ip_version(protocol == 41),
            33 => {
                // DCCP
                self.ports();
                self.packet.field8(4);
                self.packet.field8(0);
                self.checksum(6, Some(pseudo));
                let kind = self.random.below(32) as u8;
                self.packet.field8(kind);
                self.rubbish(40);
            }
            47 => {
                let flags = self.random.next() as u16;
                self.packet
                    .field16(self.random.pick(&[0, 0x2001, 0x3081, 0x8000, flags]));
                self.packet
                    .field16(self.random.pick(&[0x0800, 0x86dd, 0x880b, 0x6558]));
                let words = self.random.bytes(4 * (flags as usize % 4));
                self.packet.put(&words);
                if self.depth < DEPTH {
                    self.ip();
                }
            }
            132 => {
                // SCTP: its checksum, a CRC, is wrong.
                self.ports();
                self.packet.put32(1);
                self.packet.put32(0);
                for _ in 0..self.random.below(5) {
                    self.packet.start();
                    let kind = self.random.below(16) as u8;
                    self.packet.field8(kind);
                    self.packet.put(&[0]);
                    let length = self.random.below(60);
                    self.packet.field16(self.random.pick(&[
                        length + 4,
                        length + 4,
                        length + 4,
                        0,
                        1,
                        0xffff,
                    ]) as u16);
                    let bytes = self.random.bytes(length.next_multiple_of(4));
                    self.packet.put(&bytes);
                }
            }
            _ => self.payload(),
        }
    }

    fn ports(&mut self) {
        for _ in 0..2 {
            let other = 40000 + self.random.below(64) as u16;
            let port = self.random.pick(&PORTS);
            self.packet.field16(self.random.pick(&[port, other]));
        }
    }

    /// Here, and it covers so many bytes before it and all behind it.
    fn checksum(&mut self, before: usize, pseudo: Option<Pseudo>) {
        let at = self.packet.len();
        self.packet.checksums.push(Checksum {
            at,
            from: at - before,
            len: None,
            pseudo,
        });
        self.packet.put16(0);
    }

    fn tcp(&mut self, pseudo: Pseudo) {
        self.ports();
        let (sequence, acknowledged) = (self.random.next() as u32, self.random.next() as u32);
        self.packet.put32(sequence);
        self.packet.put32(acknowledged);
        let mut options = self.tcp_options();
        options.truncate(40);
        options.resize(options.len().next_multiple_of(4), 1);
        self.packet.field8((20 + options.len() as u8) << 2);
        let flags = self.random.next() as u8;
        self.packet.field8(self.random.pick(&[
            2, 2, 2, 0x12, 0x10, 0x18, 0x11, 4, 0x14, 0, 0xff, 0xc2, flags,
        ]));
        self.packet.field16(0xffff);
        self.checksum(16, Some(pseudo));
        let urgent = self.random.pick(&[0, 0, 0, 1, 0xffff]);
        self.packet.field16(urgent);
        let at = self.packet.len();
        self.packet.put(&options);
        for n in 0..options.len() {
            self.packet.fields.push(Field {
                at: at + n,
                size: 1,
            });
        }
        self.payload();
    }

    fn tcp_options(&mut self) -> Vec<u8> {
        let mut options = Vec::new();
        for _ in 0..self.random.pick(&[0, 0, 1, 2, 4, 8]) {
            // The end, no operation, MSS, window scale, SACK permitted, SACK, timestamps, MD5, AO, MPTCP, fast open, experiments
            let (kind, length) = self.random.pick(&[
                (0, 1),
                (1, 1),
                (2, 4),
                (3, 3),
                (4, 2),
                (5, 10),
                (5, 34),
                (8, 10),
                (19, 18),
                (29, 16),
                (30, 12),
                (34, 10),
                (254, 6),
            ]);
            options.push(kind);
            if length > 1 {
                options.push(
                    self.random
                        .pick(&[length, length, length, length, length, length, 0, 1, 255]),
                );
                options.extend(self.random.bytes(length as usize - 2));
            }
        }
        options
    }

    fn udp(&mut self, pseudo: Pseudo) {
        let start = self.packet.len();
        self.ports();
        let length = self.packet.len();
        self.packet.field16(0);
        if self.random.one_in(8) {
            // None; forbidden in IPv6.
            self.packet.put16(0);
        } else {
            self.checksum(6, Some(pseudo));
        }
        if self.depth < DEPTH && self.random.one_in(12) {
            // As VXLAN does
            self.packet.put(&[8, 0, 0, 0, 0, 0, 1, 0]);
            self.frame_inside();
        } else {
            self.payload();
        }
        let covered = self.packet.len() - start;
        self.packet.set16(length, covered);
    }

    fn frame_inside(&mut self) {
        self.packet.put(&ROUTER);
        self.packet.put(&HOST);
        self.packet.put16(0x0800);
        self.ip_version(false);
    }

    fn icmp(&mut self) {
        let kind = self.random.pick(&[
            8, 8, 8, 0, 3, 3, 3, 3, 4, 5, 5, 11, 11, 12, 13, 17, 9, 10, 42, 255,
        ]);
        self.packet.field8(kind);
        let code = self.random.below(17) as u8;
        self.packet.field8(code);
        self.checksum(2, None);
        let rest = self.random.next() as u32;
        self.packet
            .field32(self.random.pick(&[0, 576, 0x0a00_0101, 0x0008_0000, rest]));
        match kind {
            3 | 4 | 5 | 11 | 12 if self.depth < DEPTH => self.quote(false),
            _ => self.payload(),
        }
    }

    fn icmpv6(&mut self, pseudo: Pseudo) {
        let kind = self.random.pick(&[
            128, 128, 129, 1, 1, 2, 2, 3, 3, 4, 4, 130, 131, 132, 133, 134, 134, 135, 135, 136,
            137, 143, 151, 155, 255,
        ]);
        self.packet.field8(kind);
        let code = self.random.below(8) as u8;
        self.packet.field8(self.random.pick(&[0, code]));
        self.checksum(2, Some(pseudo));
        let rest = self.random.next() as u32;
        self.packet.field32(self.random.pick(&[0, 1280, 40, rest]));
        match kind {
            1..=4 if self.depth < DEPTH => self.quote(true),
            130..=137 => {
                let address = self.random.pick(&IPV6);
                self.packet.put(&address);
                // Of neighbour discovery
                for _ in 0..self.random.below(4) {
                    self.packet.start();
                    let kind = self.random.pick(&[1, 2, 3, 4, 5, 24, 25, 31, 255]);
                    self.packet.field8(kind);
                    let units = self.random.pick(&[1, 1, 1, 2, 4]);
                    self.packet
                        .field8(self.random.pick(&[units as u8, units as u8, 0, 255]));
                    let bytes = self.random.bytes(units * 8 - 2);
                    self.packet.put(&bytes);
                }
            }
            _ => self.payload(),
        }
    }

    /// What an error is about: a packet whose end may not be there.
    fn quote(&mut self, six: bool) {
        let at = self.packet.len();
        let other = self.random.one_in(30);
        self.ip_version(six != other);
        if self.random.one_in(3) {
            let room = self.packet.len() - at;
            let end = at + self.random.below(room);
            self.packet.bytes.truncate(end);
            self.packet.starts.retain(|&start| start < end);
            self.packet
                .fields
                .retain(|field| field.at + field.size <= end);
            self.packet.checksums.retain(|sum| sum.at + 2 <= end);
        }
    }

    fn payload(&mut self) {
        if self.random.one_in(10) {
            // What the example looks for.
            self.packet.put(b"a forbidden word");
        }
        let most = self.random.pick(&[1, 20, 100, 100, 600, 1400]);
        self.rubbish(most);
    }

    fn rubbish(&mut self, most: usize) {
        let len = self.random.below(most);
        let bytes = self.random.bytes(len);
        self.packet.put(&bytes);
    }
}
