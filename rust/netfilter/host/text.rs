// SPDX-License-Identifier: GPL-2.0-only

//! Texts of BPF programs.

use crate::{
    fuzz::fuzz,
    netfilter::filter::text::{Parser, SockFilter, TextError, TextErrorKind},
};

/// tcpdump -y RAW -ddd 'udp port 53 and ip'
const PROGRAM: &str = "4\n48 0 0 0\n84 0 0 240\n21 0 1 64\n6 0 0 262144\n";

fn parse(text: &[u8]) -> Result<Vec<SockFilter>, TextError> {
    Parser::new(text).collect()
}

#[test]
fn programs() {
    let program = parse(PROGRAM.as_bytes()).unwrap();
    let last = SockFilter {
        code: 6,
        jt: 0,
        jf: 0,
        k: 262144,
    };
    assert_eq!((program.len(), program[3]), (4, last));
    assert_eq!(
        (program[2].code, program[2].jt, program[2].jf, program[2].k),
        (21, 0, 1, 64)
    );
    for other in [
        PROGRAM.replace('\n', ","),
        PROGRAM.replace('\n', "\r\n"),
        PROGRAM.replace(' ', "\t  "),
        PROGRAM.replace('\n', " \n\n "),
        PROGRAM.replace("48", "00048"),
        PROGRAM.trim_end().to_owned(),
    ] {
        assert_eq!(parse(other.as_bytes()).as_ref(), Ok(&program), "{other:?}");
    }
    assert_eq!(parse(b"0"), Ok(vec![]));
}

#[test]
fn errors() {
    use TextErrorKind::*;
    for (text, line, column, kind) in [
        ("", 1, 1, Empty),
        (" \n,\n", 1, 1, Empty),
        ("x", 1, 1, NotANumber),
        ("1 6 0 0 0", 1, 3, TooMany),
        ("1\n6 0 0 0 0", 2, 9, TooMany),
        ("1\n6 0 0", 2, 6, TooFew),
        ("1\n6 0 -1 0", 2, 5, NotANumber),
        ("1\n+6 0 0 0", 2, 1, NotANumber),
        ("1\n65536 0 0 0", 2, 1, TooLarge(65535)),
        ("1,6 256 0 0", 2, 3, TooLarge(255)),
        ("1\n\n 6 0 256 0", 3, 6, TooLarge(255)),
        ("1\n6 0 0 4294967296", 2, 7, TooLarge(u32::MAX)),
        ("99999999999999999999", 1, 1, TooLarge(u32::MAX)),
        ("\n2\n6 0 0 0", 2, 1, Count { said: 2, found: 1 }),
        ("1\n6 0 0 0\n6 0 0 0", 1, 1, Count { said: 1, found: 2 }),
    ] {
        let error = TextError { line, column, kind };
        assert_eq!(parse(text.as_bytes()), Err(error), "{text:?}");
        let _ = error.to_string();
    }
}

/// The same in few words: the instructions; none of a text that is wrong.
fn naive(text: &[u8]) -> Option<Vec<SockFilter>> {
    let mut lines = text
        .split(|byte| b"\n,".contains(byte))
        .map(|line| {
            line.split(u8::is_ascii_whitespace)
                .filter(|word| !word.is_empty())
        })
        .map(|words| words.map(number).collect::<Vec<_>>())
        .filter(|line| !line.is_empty());
    let [said] = lines.next()?[..] else {
        return None;
    };
    let program = lines.map(|line| match line[..] {
        [code, jt, jf, k] => Some(SockFilter {
            code: u16::try_from(code?).ok()?,
            jt: u8::try_from(jt?).ok()?,
            jf: u8::try_from(jf?).ok()?,
            k: k?,
        }),
        _ => None,
    });
    let program = program.collect::<Option<Vec<_>>>()?;
    (program.len() == said? as usize).then_some(program)
}

fn number(word: &[u8]) -> Option<u32> {
    let digits = word.iter().all(u8::is_ascii_digit).then_some(word)?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[test]
fn fuzz_text() {
    let seeds = [PROGRAM, "1\n6 0 0 4294967295", "3,6 0 0 0,x, 65536 256", ""];
    fuzz(&seeds.map(|seed| seed.as_bytes().to_vec()), |text, _| {
        let parsed = parse(text);
        assert_eq!(
            parsed.as_ref().ok(),
            naive(text).as_ref(),
            "{:?}",
            text.escape_ascii()
        );
        if let Err(error) = parsed {
            let lines: Vec<_> = text.split(|byte| b"\n,".contains(byte)).collect();
            let line = lines[error.line as usize - 1];
            assert!(error.column as usize <= line.len() + 1);
            let _ = error.to_string();
        }
    });
}
