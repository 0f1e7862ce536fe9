// SPDX-License-Identifier: GPL-2.0-only

//! Packets that are freed.

use crate::{path::End, paths::Found, tracer::Tracer};
use kernel::sync::Arc;
use netfilter::{FreeProbe, Freed};

/// Ends the path of a packet that is freed.
pub(crate) struct Ends;

impl FreeProbe for Ends {
    type Data = Arc<Tracer>;

    #[inline]
    fn freed(tracer: &Arc<Tracer>, freed: Freed) {
        if !tracer.paths.is_empty() {
            end(tracer, freed);
        }
    }
}

/// Out of line: what is freed is followed seldom.
#[inline(never)]
fn end(tracer: &Tracer, freed: Freed) {
    if let Found::Yes(mut slot) = tracer.paths.find_soon(freed.packet()) {
        let end = End::Freed(freed.location(), freed.drop_reason());
        slot.path().finish(end, tracer.paths.busy());
        slot.end();
    }
}
