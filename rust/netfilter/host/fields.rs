// SPDX-License-Identifier: GPL-2.0-only

//! Fields of a filter.

use crate::{
    fuzz::fuzz,
    netfilter::{
        filter::fields::{Fields, Subject},
        header::{Bytes, IpHeader, Ipv4, Ipv6, Transport},
    },
    samples::{linear, Split},
};

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

    fn ipv4_protocol(&self) -> Option<u8> {
        let is_v4 = self.0.linear().first()? >> 4 == 4;
        is_v4.then(|| Ipv4::protocol_of(&self.0))?
    }

    fn ipv4_ports(&self) -> Option<[u16; 2]> {
        let is_v4 = self.0.linear().first()? >> 4 == 4;
        is_v4.then(|| Ipv4::ports_of(&self.0))?
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

/// What matches may match.
fn matches(fields: &Fields, sample: &Sample<'_>) -> bool {
    let matches = fields.match_subject(sample);
    assert!(fields.may_match(sample) || !matches, "{fields:?}");
    matches
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
        assert_eq!(matches(&fields, &v4), of_v4, "{text}, IPv4");
        assert_eq!(matches(&fields, &v6), of_v6, "{text}, IPv6");
        assert_eq!(matches(&fields, &cut_off), of_cut_off, "{text}, cut off");
    }
    let (fields, _) = Fields::parse(b"proto udp mark 1").expect("fields");
    assert!(!fields.may_match(&v4));
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

#[test]
fn fuzz_fields() {
    let seeds = [
        "ns 1 family ipv4 proto tcp src 10.0.1.0/24 dst fd00::/8 host ::1",
        "sport 1-65535 dport 80 iif eth0 oif lo mark 0x1/0xff flags S/SA bpf 1,6 0 0 0",
    ];
    let (v4, v6) = (Sample(linear(&TCP_V4)), Sample(linear(&UDP_V6)));
    fuzz(
        &seeds.map(|seed| seed.as_bytes().to_vec()),
        |text, _| match Fields::parse(text) {
            Ok((fields, _)) => {
                let _ = (matches(&fields, &v4), matches(&fields, &v6));
            }
            Err(error) => drop(error.to_string()),
        },
    );
}
