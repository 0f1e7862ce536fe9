// SPDX-License-Identifier: GPL-2.0-only

//! The text that `tcpdump -ddd` prints. Pure.

use core::{fmt, slice};

/// An instruction of classic BPF.
///
/// C: `struct sock_filter`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct SockFilter {
    /// What to do.
    pub code: u16,
    /// How many instructions to skip if the comparison holds.
    pub jt: u8,
    /// How many instructions to skip if it does not.
    pub jf: u8,
    /// The operand.
    pub k: u32,
}

/// What is wrong with a program's text, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextError {
    /// Line, or part between commas; from 1.
    pub line: u32,
    /// Byte in the line, from 1.
    pub column: u32,
    /// What is wrong there.
    pub kind: TextErrorKind,
}

/// What is wrong with a program's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextErrorKind {
    /// Something else than a decimal number.
    NotANumber,
    /// A number larger than this.
    TooLarge(u32),
    /// A line ends before it has its four numbers.
    TooFew,
    /// A line goes on after its last number.
    TooMany,
    /// The text's first number is not that of the instructions after it.
    Count {
        /// What it says.
        said: u32,
        /// How many there are.
        found: u32,
    },
    /// No text.
    Empty,
}

impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: ", self.line, self.column)?;
        match self.kind {
            TextErrorKind::NotANumber => f.write_str("not a decimal number"),
            TextErrorKind::TooLarge(max) => write!(f, "larger than {max}"),
            TextErrorKind::TooFew => {
                f.write_str("a number is missing; an instruction is: code jt jf k")
            }
            TextErrorKind::TooMany => {
                f.write_str("more than is expected; first comes the number of instructions alone, then each as: code jt jf k")
            }
            TextErrorKind::Count { said, found } => {
                write!(f, "{said} instructions announced, {found} there")
            }
            TextErrorKind::Empty => f.write_str("nothing there; wanted: what tcpdump -ddd prints"),
        }
    }
}

/// Gives the instructions, or what is wrong and then nothing more.
pub(crate) struct Parser<'a> {
    lines: slice::Split<'a, u8, fn(&u8) -> bool>,
    line: u32,
    /// How many instructions the text announces, and where.
    said: Option<(u32, u32)>,
    found: u32,
    done: bool,
}

impl<'a> Parser<'a> {
    pub(crate) fn new(text: &'a [u8]) -> Self {
        Self {
            lines: text.split(|byte| matches!(byte, b'\n' | b',')),
            line: 0,
            said: None,
            found: 0,
            done: false,
        }
    }

    /// The next line that is not blank.
    fn line(&mut self) -> Option<Numbers<'a>> {
        loop {
            let text = self.lines.next()?;
            self.line = self.line.saturating_add(1);
            if !text.trim_ascii().is_empty() {
                return Some(Numbers {
                    text,
                    at: 0,
                    line: self.line,
                });
            }
        }
    }

    fn instruction(&mut self) -> Result<Option<SockFilter>, TextError> {
        let error = |line, kind| TextError {
            line,
            column: 1,
            kind,
        };
        let (said_at, said) = match self.said {
            Some(said) => said,
            None => {
                let mut line = self.line().ok_or(error(1, TextErrorKind::Empty))?;
                let said = (line.line, line.number(u32::MAX)?);
                line.end()?;
                *self.said.insert(said)
            }
        };
        let Some(mut line) = self.line() else {
            let found = self.found;
            return if said == found {
                Ok(None)
            } else {
                Err(error(said_at, TextErrorKind::Count { said, found }))
            };
        };
        let instruction = SockFilter {
            code: line.number(u16::MAX.into())? as u16,
            jt: line.number(u8::MAX.into())? as u8,
            jf: line.number(u8::MAX.into())? as u8,
            k: line.number(u32::MAX)?,
        };
        line.end()?;
        self.found = self.found.saturating_add(1);
        Ok(Some(instruction))
    }
}

impl Iterator for Parser<'_> {
    type Item = Result<SockFilter, TextError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let item = self.instruction().transpose();
        self.done = !matches!(item, Some(Ok(_)));
        item
    }
}

/// The numbers of a line.
struct Numbers<'a> {
    text: &'a [u8],
    /// How much of it has been read.
    at: usize,
    line: u32,
}

impl<'a> Numbers<'a> {
    /// The next word and where it begins; at the end an empty one.
    fn word(&mut self) -> (usize, &'a [u8]) {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let word = rest.trim_ascii_start();
        let begin = self.text.len().saturating_sub(word.len());
        let word = word
            .split(u8::is_ascii_whitespace)
            .next()
            .unwrap_or_default();
        self.at = begin.saturating_add(word.len());
        (begin, word)
    }

    fn error(&self, begin: usize, kind: TextErrorKind) -> TextError {
        TextError {
            line: self.line,
            column: u32::try_from(begin).unwrap_or(u32::MAX).saturating_add(1),
            kind,
        }
    }

    fn number(&mut self, max: u32) -> Result<u32, TextError> {
        let (begin, word) = self.word();
        if word.is_empty() {
            return Err(self.error(begin, TextErrorKind::TooFew));
        }
        if !word.iter().all(u8::is_ascii_digit) {
            return Err(self.error(begin, TextErrorKind::NotANumber));
        }
        word.iter()
            .try_fold(0u32, |number, digit| {
                number
                    .checked_mul(10)?
                    .checked_add(u32::from(digit.wrapping_sub(b'0')))
            })
            .filter(|&number| number <= max)
            .ok_or(self.error(begin, TextErrorKind::TooLarge(max)))
    }

    fn end(&mut self) -> Result<(), TextError> {
        match self.word() {
            (_, b"") => Ok(()),
            (begin, _) => Err(self.error(begin, TextErrorKind::TooMany)),
        }
    }
}
