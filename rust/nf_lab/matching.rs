// SPDX-License-Identifier: GPL-2.0-only

//! Which packets a probe wants.

use crate::setting::{Setting, Wrong};
use core::fmt::{self, Write};
use kernel::{prelude::*, sync::Arc};
use netfilter::Filter;

/// A filter and the text that it was made from.
#[derive(Clone)]
pub(crate) struct Match {
    pub(crate) filter: Arc<Filter>,
    text: Arc<KVec<u8>>,
}

impl Setting for Match {
    fn parse(text: &[u8]) -> Result<Self, Wrong> {
        let filter = Filter::parse(text).map_err(Wrong::Filter)?;
        let mut copy = KVec::new();
        copy.extend_from_slice(text, GFP_KERNEL)?;
        Ok(Self {
            filter: Arc::new(filter, GFP_KERNEL)?,
            text: Arc::new(copy, GFP_KERNEL)?,
        })
    }
}

impl fmt::Display for Match {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What the filter was made of is ASCII.
        self.text
            .iter()
            .try_for_each(|&byte| f.write_char(byte.into()))
    }
}
