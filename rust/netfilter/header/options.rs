// SPDX-License-Identifier: GPL-2.0-only

use super::Bytes;

/// The longest options that an IPv4 or TCP header can have.
const MAX_LEN: usize = 40;

/// The options of an IPv4 or TCP header: a copy.
pub struct Options {
    bytes: [u8; MAX_LEN],
    len: usize,
}

/// One option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeaderOption<'a> {
    /// Its number: `IPOPT_*`, `TCPOPT_*`.
    pub kind: u8,
    /// What follows number and length.
    pub data: &'a [u8],
}

const END: u8 = 0;
const NO_OPERATION: u8 = 1;

impl Options {
    /// The options between `from` and `to`.
    pub(crate) fn read<'a>(bytes: impl Bytes<'a>, from: usize, to: usize) -> Option<Self> {
        let len = to.checked_sub(from)?;
        let mut options = Self {
            bytes: [0; MAX_LEN],
            len,
        };
        bytes
            .copy(from, options.bytes.get_mut(..len)?)
            .then_some(options)
    }

    /// All of them, as they lie in the packet.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    /// The offset of the data of the first option of that kind with `len` bytes of it.
    pub(crate) fn position(&self, kind: u8, len: usize) -> Option<usize> {
        let option = self.iter().find(|option| option.kind == kind)?;
        let start = self.as_bytes().as_ptr().addr();
        (option.data.len() == len).then(|| option.data.as_ptr().addr().wrapping_sub(start))
    }

    /// One after the other, without those that only fill; ends where one is malformed.
    pub fn iter(&self) -> impl Iterator<Item = HeaderOption<'_>> {
        let mut rest = self.as_bytes();
        core::iter::from_fn(move || loop {
            let (&kind, after) = rest.split_first()?;
            match kind {
                END => return None,
                NO_OPERATION => rest = after,
                _ => {
                    // The length counts itself and the kind.
                    let len = usize::from(*after.first()?);
                    let data = rest.get(2..len)?;
                    rest = rest.get(len..)?;
                    return Some(HeaderOption { kind, data });
                }
            }
        })
    }
}
