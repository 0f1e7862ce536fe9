// SPDX-License-Identifier: GPL-2.0-only

//! The library's pure parts on the host, from the same sources: views of headers, byte search,
//! priorities, fields of a filter. Run by `headers-test`.

#![allow(dead_code, unused_imports, missing_docs)]

#[path = "../netfilter"]
mod netfilter {
    pub(crate) mod filter {
        pub(crate) mod fields;
    }
    pub(crate) mod header;
    pub(crate) mod priority;
}

use netfilter::filter::fields::{Fields, Subject};
use netfilter::header::{
    self, find, Arp, Bytes, Header, IpHeader, Ipv4, Ipv6, Options, Plain, Transport,
};
use netfilter::priority::Priority;
use std::net::IpAddr;

/// Bytes of which only the first few are linear, as in a packet with fragments.
struct Split<'a>(&'a [u8], usize);

impl Bytes for Split<'_> {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn get<T: Plain>(&self, offset: usize) -> Option<Header<'_, T>> {
        if let Some(header) = self.linear().get(offset..).and_then(header::prefix) {
            return Some(Header::Borrowed(header));
        }
        T::read_from_bytes(self.0.get(offset..offset.checked_add(size_of::<T>())?)?)
            .ok()
            .map(Header::Copied)
    }

    fn copy(&self, offset: usize, to: &mut [u8]) -> bool {
        let from = self.0.get(offset..).and_then(|rest| rest.get(..to.len()));
        from.map(|from| to.copy_from_slice(from)).is_some()
    }

    fn linear(&self) -> &[u8] {
        &self.0[..self.1.min(self.0.len())]
    }
}

/// All linear.
fn linear(bytes: &[u8]) -> Split<'_> {
    Split(bytes, bytes.len())
}

/// A small generator of numbers (xorshift64*), the same in each run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, n: usize) -> usize {
        self.next() as usize % n
    }
}

/// IPv4 with a four-byte option, TCP SYN with options MSS 1460, NOP, window scale 7.
fn tcp4() -> Vec<u8> {
    let mut packet = vec![0x46, 0xb9, 0, 56, 0x12, 0x34, 0x40, 0, 63, 6, 0, 0];
    packet.extend([10, 0, 1, 2, 10, 0, 2, 2]);
    packet.extend([0x94, 4, 0, 0]);
    packet.extend([
        0x9c, 0x40, 0, 80, 1, 2, 3, 4, 5, 6, 7, 8, 0x70, 0x12, 0xfa, 0xf0, 0, 0, 0, 0,
    ]);
    packet.extend([2, 4, 5, 0xb4, 1, 3, 3, 7]);
    packet.extend(b"data");
    packet
}

/// IPv6 with hop-by-hop options, a fragment header of the first fragment, and UDP.
fn udp6() -> Vec<u8> {
    let mut packet = vec![0x6b, 0x81, 0x23, 0x45, 0, 28, 0, 64];
    packet.extend([0xfd, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
    packet.extend([0xfd, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
    packet.extend([44, 0, 1, 4, 0, 0, 0, 0]);
    packet.extend([17, 0, 0, 1, 0, 0, 0, 9]);
    packet.extend([0, 53, 0x13, 0x88, 0, 12, 0, 0]);
    packet.extend(b"data");
    packet
}

#[test]
fn ipv4_tcp() {
    let packet = tcp4();
    for linear in 0..=packet.len() {
        let bytes = Split(&packet, linear);
        let ip = IpHeader::V4(Ipv4::read(&bytes).unwrap());
        assert_eq!(ip.source(), IpAddr::from([10, 0, 1, 2]));
        assert_eq!(ip.destination(), IpAddr::from([10, 0, 2, 2]));
        assert_eq!(
            (ip.header_len(), ip.ttl(), ip.dscp(), ip.protocol()),
            (24, 63, 46, 6)
        );
        assert_eq!(ip.fragment(), None);
        let Some(Transport::Tcp(tcp)) = Transport::read(&bytes, &ip) else {
            panic!("no TCP");
        };
        assert_eq!((tcp.source(), tcp.destination()), (40000, 80));
        assert_eq!(
            (tcp.seq(), tcp.ack_seq(), tcp.window()),
            (0x01020304, 0x05060708, 64240)
        );
        assert_eq!(
            (tcp.header_len(), tcp.flags().to_string().as_str()),
            (28, "SA")
        );
        let options = Options::read(&bytes, 44, 52).unwrap();
        let list: Vec<_> = options
            .iter()
            .map(|option| (option.kind, option.data))
            .collect();
        assert_eq!(list, [(2, &[5, 0xb4][..]), (3, &[7][..])]);
        assert_eq!(options.position(2, 2), Some(2));
        let options = Options::read(&bytes, 20, 24).unwrap();
        assert_eq!(options.iter().next().unwrap().kind, 0x94);
    }
}

#[test]
fn ipv6_extensions() {
    let packet = udp6();
    for linear in 0..=packet.len() {
        let bytes = Split(&packet, linear);
        let v6 = Ipv6::read(&bytes).unwrap();
        assert_eq!(
            (v6.flow_label(), v6.payload_len(), v6.ecn()),
            (0x12345, 28, 0)
        );
        let ip = IpHeader::V6(v6);
        assert_eq!(
            (ip.header_len(), ip.ttl(), ip.dscp(), ip.protocol()),
            (56, 64, 46, 17)
        );
        let fragment = ip.fragment().unwrap();
        assert_eq!((fragment.offset, fragment.more), (0, true));
        let Some(Transport::Udp(udp)) = Transport::read(&bytes, &ip) else {
            panic!("no UDP");
        };
        assert_eq!(
            (udp.source(), udp.destination(), udp.datagram_len()),
            (53, 5000, 12)
        );
    }
}

/// Cut off anywhere, a packet gives a prefix of its headers, and no more.
#[test]
fn truncated() {
    let (v4, v6) = (tcp4(), udp6());
    for len in 0..v4.len() {
        let bytes = linear(&v4[..len]);
        let ip = Ipv4::read(&bytes).map(IpHeader::V4);
        assert_eq!(ip.is_some(), len >= 24, "{len}");
        let tcp = ip.and_then(|ip| Transport::read(&bytes, &ip).map(|_| ()));
        assert_eq!(tcp.is_some(), len >= 44, "{len}");
    }
    for len in 0..v6.len() {
        let bytes = linear(&v6[..len]);
        let ip = Ipv6::read(&bytes).map(IpHeader::V6);
        assert_eq!(ip.is_some(), len >= 56, "{len}");
        let udp = ip.and_then(|ip| Transport::read(&bytes, &ip).map(|_| ()));
        assert_eq!(udp.is_some(), len >= 64, "{len}");
    }
}

#[test]
fn later_fragments_have_no_transport_header() {
    let mut packet = tcp4();
    packet[7] = 2;
    let bytes = linear(&packet);
    let ip = IpHeader::V4(Ipv4::read(&bytes).unwrap());
    assert_eq!(ip.fragment().unwrap().offset, 16);
    assert!(matches!(
        Transport::read(&bytes, &ip),
        Some(Transport::Fragment)
    ));
}

/// As in the kernel, which does not look behind more than twelve.
#[test]
fn endless_extension_headers() {
    for count in [11, 12, 8000] {
        let mut packet = udp6()[..40].to_vec();
        packet[6] = 60;
        for left in (0..count).rev() {
            packet.extend([if left == 0 { 17 } else { 60 }, 0, 1, 4, 0, 0, 0, 0]);
        }
        packet.extend([0, 53, 0x13, 0x88, 0, 8, 0, 0]);
        let bytes = linear(&packet);
        let ip = IpHeader::V6(Ipv6::read(&bytes).unwrap());
        assert_eq!(ip.header_len(), 40 + 8 * count.min(12));
        assert_eq!(ip.protocol() == 17, count <= 12);
    }
}

#[test]
fn malformed() {
    let mut packet = tcp4();
    // An IHL of 4, versions 3 and 5, options that just fit, options that do not.
    for byte in [0x44, 0x36, 0x56, 0x4e, 0x4f] {
        packet[0] = byte;
        assert_eq!(
            Ipv4::read(&linear(&packet)).is_some(),
            byte == 0x4e,
            "{byte:x}"
        );
    }
    let mut packet = tcp4();
    packet[36] = 0x40;
    let bytes = linear(&packet);
    let ip = IpHeader::V4(Ipv4::read(&bytes).unwrap());
    assert!(
        Transport::read(&bytes, &ip).is_none(),
        "a TCP header of 16 bytes"
    );
    for options in [&[2, 1][..], &[2, 0], &[2, 5, 1, 2], &[2]] {
        let options = Options::read(&linear(options), 0, options.len()).unwrap();
        assert_eq!(options.iter().count(), 0);
    }
}

/// Whatever the bytes and wherever the packet is cut: no panic, nothing beyond its end, and the same
/// as when it is linear. Half of them are good packets with a few bytes changed.
#[test]
fn arbitrary_bytes() {
    let seeds = [tcp4(), udp6()];
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for _ in 0..500_000 {
        let mut packet = seeds[random.below(2)].clone();
        if random.below(2) == 0 {
            packet
                .iter_mut()
                .for_each(|byte| *byte = random.next() as u8);
            packet[0] = [0x45, 0x4f, 0x60, 0x60][random.below(4)];
            packet[6] = [0, 43, 44, 51, 60, 6][random.below(6)];
        }
        for _ in 0..random.below(4) {
            let at = random.below(packet.len());
            packet[at] = random.next() as u8;
        }
        packet.truncate(1 + random.below(packet.len()));
        let split = Split(&packet, random.below(packet.len() + 1));
        assert_eq!(
            describe(&Split(&packet, packet.len())),
            describe(&split),
            "{packet:02x?}"
        );
    }
}

/// Reads all there is.
fn describe(bytes: &impl Bytes) -> String {
    let mut text = format!("{} ", Arp::read(bytes).is_some());
    let v4 = Ipv4::read(bytes).map(IpHeader::V4);
    let v6 = Ipv6::read(bytes).map(IpHeader::V6);
    for ip in v4.into_iter().chain(v6) {
        text += &format!(
            "{} {} {} {} ",
            ip.source(),
            ip.destination(),
            ip.ttl(),
            ip.protocol()
        );
        text += &format!("{} {:?} ", ip.header_len(), ip.fragment());
        if let Some(transport) = Transport::read(bytes, &ip) {
            text += &format!(
                "{:?} {:?} ",
                transport.source_port(),
                transport.destination_port()
            );
            if let Transport::Tcp(tcp) = &transport {
                let at = ip.header_len();
                let options = Options::read(bytes, at + 20, at + transport.header_len());
                text += &format!("{} {:?}", tcp.flags(), options.map(|o| o.iter().count()));
            }
        }
    }
    text
}

/// As `windows().position()` finds it, wherever the packet is cut.
#[test]
fn find_is_as_naive_search() {
    let mut random = Random(42);
    for _ in 0..100_000 {
        let len = 1 + random.below(600);
        let bytes: Vec<u8> = (0..len).map(|_| b'a' + random.below(3) as u8).collect();
        let longest = [12, 12, 12, 128][random.below(4)];
        let needle = 1 + random.below(longest).min(len);
        let at = random.below(len);
        let needle = &bytes[at..(at + needle).min(len)];
        let start = random.below(len + 2);
        let range = start..start + random.below(len + 2);
        let naive = bytes.get(range.start..range.end.min(len)).and_then(|part| {
            part.windows(needle.len())
                .position(|window| window == needle)
        });
        let split = Split(&bytes, random.below(len + 1));
        assert_eq!(
            find(&split, range.clone(), needle),
            naive.map(|at| at + range.start)
        );
    }
    assert_eq!(find(&Split(b"abc", 3), 0..3, b""), None);
    assert_eq!(find(&Split(&[0; 300], 3), 0..300, &[0; 129]), None);
}

#[test]
fn priorities() {
    for (priority, text) in [
        (Priority::CONNTRACK.before(), "conntrack-1"),
        (Priority::FILTER, "filter"),
        (Priority::FILTER.after(), "filter+1"),
        (Priority::new(-95), "dstnat+5"),
        (Priority::new(-250), "-250"),
        (Priority::FIRST.before(), "first"),
        (Priority::LAST.after(), "last"),
        (Priority::LAST.before(), "last-1"),
    ] {
        assert_eq!(priority.to_string(), text);
    }
    assert_eq!(Priority::NAT_SRC.offset(-1).get(), 99);
    assert_eq!(Priority::new(7).offset(i32::MAX), Priority::LAST);
}

#[test]
fn priorities_are_read() {
    for (text, priority) in [
        ("conntrack", -200),
        ("conntrack-1", -201),
        ("conntrack+1", -199),
        ("raw-before-defrag", -450),
        ("raw-before-defrag-50", -500),
        ("raw-before", i32::MIN),
        ("selinux-last+0", 225),
        ("-95", -95),
        ("+7", 7),
        ("first", i32::MIN),
        ("last", i32::MAX),
        ("2147483647", i32::MAX),
    ] {
        let wanted = (text != "raw-before").then_some(Priority::new(priority));
        assert_eq!(Priority::parse(text.as_bytes()), wanted, "{text}");
    }
    for text in [
        "",
        "-",
        "conntrack-",
        "conntrack1",
        "conntrack - 1",
        "last+1",
        "first-1",
        "2147483648",
        "-2147483649",
        "0x10",
        "conntrack--1",
        "filter+99999999999999999999",
        "Filter",
        "\u{e9}",
    ] {
        assert_eq!(Priority::parse(text.as_bytes()), None, "{text}");
    }
    for priority in (-600..600).chain([i32::MIN, i32::MIN + 3, i32::MAX - 1, i32::MAX]) {
        let priority = Priority::new(priority);
        assert_eq!(
            Priority::parse(priority.to_string().as_bytes()),
            Some(priority)
        );
    }
}

/// TCP from 10.0.1.2 port 40004 to 10.0.2.2 port 80, flags SA.
const TCP_V4: [u8; 40] = [
    0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 1, 2, 10, 0, 2, 2, 0x9c, 0x44, 0, 80, 0, 0, 0,
    0, 0, 0, 0, 0, 0x50, 0x12, 0, 0, 0, 0, 0, 0,
];

/// UDP from fd00:1::2 port 5 to fd00:2::2 port 53.
const UDP_V6: [u8; 48] = [
    0x60, 0, 0, 0, 0, 8, 17, 64, 0xfd, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0xfd, 0, 0, 2,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 5, 0, 53, 0, 8, 0, 0,
];

/// In namespace 4026531840, with mark 0x123, in by eth0 and out by nothing.
struct Sample<'a>(Split<'a>);

impl Subject for Sample<'_> {
    fn net(&self) -> u32 {
        4026531840
    }

    fn mark(&self) -> u32 {
        0x123
    }

    fn in_device(&self) -> Option<[u8; 16]> {
        Some(*b"eth0\0\0\0\0\0\0\0\0\0\0\0\0")
    }

    fn out_device(&self) -> Option<[u8; 16]> {
        None
    }

    fn ip(&self) -> Option<IpHeader<'_>> {
        match self.0.linear().first()? >> 4 {
            4 => Ipv4::read(&self.0).map(IpHeader::V4),
            _ => Ipv6::read(&self.0).map(IpHeader::V6),
        }
    }

    fn transport(&self, ip: &IpHeader<'_>) -> Option<Transport<'_>> {
        Transport::read(&self.0, ip)
    }
}

#[test]
fn fields_match() {
    let (v4, v6) = (Sample(linear(&TCP_V4)), Sample(linear(&UDP_V6)));
    let cut_off = Sample(linear(&TCP_V4[..20]));
    for (text, of_v4, of_v6, of_cut_off) in [
        ("", true, true, true),
        ("ns 4026531840 mark 0x123 iif eth0", true, true, true),
        ("ns 1", false, false, false),
        ("mark 0x23/0xff", true, true, true),
        ("mark 0x1/0xff", false, false, false),
        ("iif eth", false, false, false),
        ("oif eth0", false, false, false),
        ("family ipv4", true, false, true),
        ("family ipv6", false, true, false),
        ("proto tcp", true, false, true),
        ("proto 17", false, true, false),
        ("src 10.0.1.2", true, false, true),
        ("src 10.0.1.3", false, false, false),
        ("dst 10.0.1.2", false, false, false),
        ("dst 10.0.2.0/24", true, false, true),
        ("dst 10.0.3.0/23", true, false, true),
        ("src 0.0.0.0/0", true, false, true),
        ("src ::/0", false, true, false),
        ("dst fd00:2::/32", false, true, false),
        ("dst fd00:2::1/127", false, false, false),
        ("host fd00:1::2/128", false, true, false),
        ("host fd00:2::2", false, true, false),
        ("sport 40004", true, false, false),
        ("dport 80", true, false, false),
        ("dport 40004", false, false, false),
        ("port 40000-40010", true, false, false),
        ("port 50-80", true, true, false),
        ("sport 0-65535", true, true, false),
        ("flags S", true, false, false),
        ("flags S/SA", false, false, false),
        ("flags SA/FSRA", true, false, false),
        ("proto tcp dport 80  src 10.0.1.0/24\n", true, false, false),
        ("proto udp dport 80", false, false, false),
    ] {
        let (fields, program) = Fields::parse(text.as_bytes()).expect(text);
        assert_eq!(program, None);
        assert_eq!(fields.match_subject(&v4), of_v4, "{text}, IPv4");
        assert_eq!(fields.match_subject(&v6), of_v6, "{text}, IPv6");
        assert_eq!(
            fields.match_subject(&cut_off),
            of_cut_off,
            "{text}, cut off"
        );
    }
    let (_, program) = Fields::parse(b"dport 80 bpf 1,6 0 0 1\n").expect("a program");
    assert_eq!(program, Some(&b" 1,6 0 0 1\n"[..]));
}

#[test]
fn wrong_fields_are_told() {
    for (text, wanted) in [
        ("dport", "column 6: dport: must be a port, or a range such as 1024-65535"),
        ("dport x", "column 7: dport: must be a port, or a range such as 1024-65535"),
        ("proto tcp proto tcp", "column 11: a second proto"),
        ("  colour red", "column 3: no such field; there are: ns family proto src dst host sport dport port iif oif mark flags bpf"),
        ("family ip", "column 8: family: must be ipv4 or ipv6"),
    ] {
        let error = Fields::parse(text.as_bytes()).expect_err(text);
        assert_eq!(error.to_string(), wanted);
    }
    for text in [
        "ns -1",
        "ns 4294967296",
        "ns +1",
        "ns 0x",
        "proto 256",
        "proto TCP",
        "src 10.0.1",
        "src 10.0.1.2/33",
        "src fd00::/129",
        "src 10.0.1.2/",
        "dport 65536",
        "dport 9-8",
        "dport -1",
        "iif abcdefghijklmnop",
        "mark 2/1",
        "mark /1",
        "mark 0x123456789",
        "flags",
        "flags X",
        "flags S/A",
        "flags /",
        "src \u{e9}",
    ] {
        assert!(Fields::parse(text.as_bytes()).is_err(), "{text}");
    }
}
