// SPDX-License-Identifier: GPL-2.0-only

//! Packets that are freed.

use crate::{path::End, paths::Found, tracer::Tracer};
use kernel::{processor::cpu_relax, sync::Arc};
use netfilter::{FreeProbe, Freed};

/// Some microseconds.
const TRIES: usize = 100;

/// Ends the path of a packet that is freed.
pub(crate) struct Ends;

impl FreeProbe for Ends {
    type Data = Arc<Tracer>;

    fn freed(tracer: &Arc<Tracer>, freed: Freed) {
        for _ in 0..TRIES {
            match tracer.paths.find(freed.packet()) {
                Found::No => return,
                Found::Yes(mut slot) => {
                    slot.path()
                        .finish(End::Freed(freed.location(), freed.drop_reason()));
                    return slot.end();
                }
                // The manager is ending it just now, in most cases.
                Found::Busy => cpu_relax(),
            }
        }
        tracer.paths.miss();
    }
}
