// SPDX-License-Identifier: GPL-2.0-only
// error: E0308

//! A hook for a device is registered on a device.

use netfilter::*;

pub fn register(net: &Net, ops: &[DeviceOp<()>]) -> kernel::error::Result<Registration<()>> {
    Registration::in_net(net, ops, ())
}
