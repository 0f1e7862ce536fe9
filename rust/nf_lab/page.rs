// SPDX-License-Identifier: GPL-2.0-only

//! Text: for configfs, which hands over a page for what a file says, and what others have written, for dmesg.

use core::fmt::{self, Write};
use kernel::{error::code::EMSGSIZE, page::PAGE_SIZE, prelude::Result};

/// Writes `text` and gives its length. `EMSGSIZE` where the page is too small: no file says so much.
pub(crate) fn print(page: &mut [u8; PAGE_SIZE], text: fmt::Arguments<'_>) -> Result<usize> {
    let mut writer = Writer { page, len: 0 };
    writer.write_fmt(text).map_err(|_| EMSGSIZE)?;
    Ok(writer.len)
}

struct Writer<'a> {
    page: &'a mut [u8],
    len: usize,
}

impl Write for Writer<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.len.checked_add(text.len()).ok_or(fmt::Error)?;
        let to = self.page.get_mut(self.len..end).ok_or(fmt::Error)?;
        to.copy_from_slice(text.as_bytes());
        self.len = end;
        Ok(())
    }
}

/// What somebody else has written, for dmesg: one line, no more than 80 bytes, `?` for what cannot be
/// printed.
pub(crate) struct Quoted<'a>(pub(crate) &'a [u8]);

impl kernel::fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MOST: usize = 80;
        for &byte in self.0.iter().take(MOST) {
            f.write_char(match byte {
                b' '..=b'~' => byte.into(),
                b'\n' | b'\t' => ' ',
                _ => '?',
            })?;
        }
        if self.0.len() > MOST {
            f.write_str("...")?;
        }
        Ok(())
    }
}
