// SPDX-License-Identifier: GPL-2.0-only
// error: E0382

//! A stolen packet goes on once.

use netfilter::*;

pub fn twice(stolen: Stolen) {
    stolen.resume();
    stolen.resume();
}
