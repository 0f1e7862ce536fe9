// SPDX-License-Identifier: GPL-2.0-only

//! A packet that is being written: its bytes, and what must be known of them to spoil it well, or to mend its checksums.

use crate::checksum::Checksum;

#[derive(Default)]
pub(crate) struct Packet {
    pub(crate) bytes: Vec<u8>,
    /// Where headers begin.
    pub(crate) starts: Vec<usize>,
    /// Lengths, types, offsets, flags: what decides how the rest is read.
    pub(crate) fields: Vec<Field>,
    /// Inner ones first.
    pub(crate) checksums: Vec<Checksum>,
    /// The outermost IP header, and what is behind it.
    pub(crate) network: Option<Network>,
}

#[derive(Clone, Copy)]
pub(crate) struct Field {
    pub(crate) at: usize,
    /// In bytes: 1, 2 or 4.
    pub(crate) size: usize,
}

#[derive(Clone, Copy)]
pub(crate) struct Network {
    pub(crate) version: u8,
    pub(crate) at: usize,
    pub(crate) transport: usize,
    pub(crate) protocol: u8,
}

impl Packet {
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// A header begins here.
    pub(crate) fn start(&mut self) -> usize {
        self.starts.push(self.len());
        self.len()
    }

    pub(crate) fn put(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    pub(crate) fn put16(&mut self, value: u16) {
        self.put(&value.to_be_bytes());
    }

    pub(crate) fn put32(&mut self, value: u32) {
        self.put(&value.to_be_bytes());
    }

    /// The same, for a field.
    pub(crate) fn field8(&mut self, value: u8) {
        self.fields.push(Field {
            at: self.len(),
            size: 1,
        });
        self.put(&[value]);
    }

    pub(crate) fn field16(&mut self, value: u16) {
        self.fields.push(Field {
            at: self.len(),
            size: 2,
        });
        self.put16(value);
    }

    pub(crate) fn field32(&mut self, value: u32) {
        self.fields.push(Field {
            at: self.len(),
            size: 4,
        });
        self.put32(value);
    }

    /// Overwrites what is there; what lies behind the end is left out.
    pub(crate) fn set(&mut self, at: usize, bytes: &[u8]) {
        for (old, &new) in self.bytes.iter_mut().skip(at).zip(bytes) {
            *old = new;
        }
    }

    pub(crate) fn set16(&mut self, at: usize, value: usize) {
        self.set(at, &(value.min(0xffff) as u16).to_be_bytes());
    }

    /// Those bytes are exchanged for others: what lies behind them moves.
    pub(crate) fn replace(&mut self, at: usize, len: usize, with: &[u8]) {
        let at = at.min(self.len());
        let end = (at + len).min(self.len());
        self.bytes.splice(at..end, with.iter().copied());
        let moved = |place: &mut usize| {
            if *place >= end {
                *place = *place - (end - at) + with.len();
            }
        };
        self.starts.iter_mut().for_each(moved);
        self.fields
            .iter_mut()
            .for_each(|field| moved(&mut field.at));
        for sum in &mut self.checksums {
            moved(&mut sum.at);
            moved(&mut sum.from);
            if let Some(pseudo) = &mut sum.pseudo {
                moved(&mut pseudo.addresses);
            }
        }
        if let Some(network) = &mut self.network {
            moved(&mut network.at);
            moved(&mut network.transport);
        }
    }
}
