// SPDX-License-Identifier: GPL-2.0-only

//! Views of headers, and byte search.

use crate::{
    fuzz::{fuzz, Random},
    netfilter::header::{find, payload, Arp, Bytes, IpHeader, Ipv4, Ipv6, Options, Transport},
    samples::{self, linear, tcp4, udp6, Split},
};
use std::{fmt::Write, net::IpAddr};

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
fn tcp_opens() {
    let mut packet = tcp4();
    for flags in 0..=255 {
        packet[24 + 13] = flags;
        let bytes = linear(&packet);
        let ip = IpHeader::V4(Ipv4::read(&bytes).unwrap());
        let Some(Transport::Tcp(tcp)) = Transport::read(&bytes, &ip) else {
            panic!("no TCP");
        };
        let letters = tcp.flags().to_string();
        let opens = letters.contains('S') && !letters.contains(['A', 'R', 'F']);
        assert_eq!(tcp.flags().opens(), opens, "{letters}");
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
/// as when it is linear.
#[test]
fn fuzz_views() {
    fuzz(&samples::all(), |packet, random| {
        let split = Split(packet, random.below(packet.len() + 1));
        assert_eq!(describe(&linear(packet)), describe(&split), "{packet:02x?}");
    });
}

/// All there is to read.
fn describe<'a>(bytes: impl Bytes<'a>) -> String {
    let mut text = String::new();
    if let Some(arp) = Arp::read(bytes) {
        let macs = (arp.sender_mac(), arp.target_mac());
        let addresses = (arp.sender(), arp.target());
        write!(text, "{} {macs:?} {addresses:?}", arp.operation()).unwrap();
    }
    if let Some(ip) = Ipv4::read(bytes) {
        let lengths = (ip.header_len(), ip.total_len());
        write!(text, "{lengths:?} {} {} ", ip.id(), ip.ecn()).unwrap();
        describe_ip(bytes, IpHeader::V4(ip), &mut text);
    }
    if let Some(ip) = Ipv6::read(bytes) {
        let flow = (ip.flow_label(), ip.ecn());
        write!(
            text,
            "{flow:?} {} {} ",
            ip.payload_len(),
            ip.has_routing_header()
        )
        .unwrap();
        describe_ip(bytes, IpHeader::V6(ip), &mut text);
    }
    text
}

fn describe_ip<'a>(bytes: impl Bytes<'a>, ip: IpHeader<'_>, text: &mut String) {
    let at = ip.header_len();
    let end = ip.end();
    write!(text, "{ip} {} {} {} ", ip.ttl(), ip.dscp(), ip.protocol()).unwrap();
    write!(text, "{at} {end:?} {:?} ", ip.fragment()).unwrap();
    if let IpHeader::V4(_) = ip {
        describe_options(bytes, 20, at, text);
    }
    let Some(transport) = Transport::read(bytes, &ip) else {
        return;
    };
    let payload = payload(bytes, &ip, &transport);
    if let Some(payload) = &payload {
        assert!(payload.start <= payload.end && payload.end <= bytes.len());
    }
    let ports = (transport.source_port(), transport.destination_port());
    write!(
        text,
        "{transport} {} {ports:?} {payload:?} ",
        transport.header_len()
    )
    .unwrap();
    match transport {
        Transport::Tcp(tcp) => {
            write!(text, "{} {} {}", tcp.seq(), tcp.ack_seq(), tcp.window()).unwrap();
            describe_options(bytes, at + 20, at + tcp.header_len(), text);
        }
        Transport::Udp(udp) => write!(text, "{}", udp.datagram_len()).unwrap(),
        Transport::Sctp(sctp) => write!(text, "{}", sctp.verification_tag()).unwrap(),
        Transport::Icmp(icmp) => write!(text, "{:?}", icmp.echo()).unwrap(),
        Transport::Icmpv6(icmp) => write!(text, "{:?}", icmp.echo()).unwrap(),
        Transport::Fragment | Transport::Other(_) => (),
    }
}

fn describe_options<'a>(bytes: impl Bytes<'a>, from: usize, to: usize, text: &mut String) {
    let Some(options) = Options::read(bytes, from, to) else {
        return;
    };
    for option in options.iter() {
        let position = options.position(option.kind, option.data.len());
        if let Some(position) = position {
            assert_eq!(options.as_bytes()[position - 2], option.kind);
        }
        write!(text, "{option:?} {position:?} ").unwrap();
    }
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
