// SPDX-License-Identifier: GPL-2.0-only
// error: E0451

//! A verdict is not made out of nothing.

use netfilter::*;

pub struct H;

impl Hook for H {
    type Data = ();

    fn hook<'p>((): &(), _packet: Packet<'p>) -> Verdict<'p> {
        Verdict {
            raw: 4,
            _packet: core::marker::PhantomData,
        }
    }
}
