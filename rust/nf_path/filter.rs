// SPDX-License-Identifier: GPL-2.0-only

//! Which packets are traced.

use netfilter::{IpHeader, Net, Transport};

/// Zero in a field: any.
pub(crate) struct Filter {
    pub(crate) protocol: u8,
    pub(crate) port: u16,
    pub(crate) net: u32,
}

impl Filter {
    /// With a protocol or port asked for, a packet that has none that can be read (malformed, or a
    /// fragment without the header) is not wanted.
    pub(crate) fn wants(
        &self,
        net: &Net,
        ip: Option<&IpHeader<'_>>,
        transport: Option<&Transport<'_>>,
    ) -> bool {
        (self.net == 0 || self.net == net.inode())
            && (self.protocol == 0 || ip.is_some_and(|ip| ip.protocol() == self.protocol))
            && (self.port == 0 || ports(transport).is_some_and(|ports| ports.contains(&self.port)))
    }
}

/// Source and destination port.
pub(crate) fn ports(transport: Option<&Transport<'_>>) -> Option<[u16; 2]> {
    let transport = transport?;
    Some([transport.source_port()?, transport.destination_port()?])
}
