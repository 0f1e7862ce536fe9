// SPDX-License-Identifier: GPL-2.0-only

//! Who has dropped a packet that did not come to the next rung: told by the function that freed it, and by the reason.
//!
//! Between two rungs it was the hook there, but where that has sent the packet on itself and something else dropped it
//! then, which no rung sees. Behind the last rung there are all the others: hooks at egress, of bridges and of the next
//! namespace's ingress are called by the same function as those at `POST_ROUTING`.

use crate::{
    chain::Gap,
    path::{Dropped, Path},
};
use core::fmt::{self, Write};
use netfilter::{DropReason, Frame, Point};

/// May take its time. `gap` is where the packet was.
pub(crate) fn dropped(
    path: &Path,
    gap: Option<&Gap>,
    location: Frame,
    reason: DropReason,
) -> Dropped {
    let by = By::of(location, gap);
    let last = path.at.last;
    match by {
        By::Queue | By::Owner => Dropped::InHook,
        By::Other if last => Dropped::Behind,
        By::Other if reason == DropReason::NETFILTER_DROP => Dropped::InHook,
        By::Other => Dropped::InHookOrBehind,
        By::Chain if gap.is_some_and(|gap| !gap.has(b"(nft_do_chain")) => match last {
            true => Dropped::Behind,
            false => Dropped::InHookOrBehind,
        },
        By::Core | By::Chain if last && path.at.point == Point::PostRouting => {
            Dropped::InHookOrBehind
        }
        By::Core | By::Chain => Dropped::InHook,
    }
}

/// Whose function has freed it.
#[derive(Clone, Copy, PartialEq)]
enum By {
    /// The core, for a hook that said so.
    Core,
    /// A chain of nf_tables.
    Chain,
    /// A queue: what a program has said, or the hooks behind the one that has queued it.
    Queue,
    /// The module of a hook in the gap.
    Owner,
    Other,
}

impl By {
    fn of(location: Frame, gap: Option<&Gap>) -> Self {
        /// A symbol is written in one piece.
        struct Look<'a>(Option<&'a Gap>, By);
        impl fmt::Write for Look<'_> {
            fn write_str(&mut self, symbol: &str) -> fmt::Result {
                // `FUNCTION [MODULE]`
                let module = symbol.as_bytes().split(|&byte| byte == b'[').nth(1);
                let owner = module.is_some_and(|module| self.0.is_some_and(|gap| gap.has(module)));
                self.1 = match symbol {
                    "nf_hook_slow" => By::Core,
                    "nft_do_chain [nf_tables]" => By::Chain,
                    _ if module == Some(b"nfnetlink_queue]") => By::Queue,
                    _ if owner => By::Owner,
                    _ => By::Other,
                };
                Ok(())
            }
        }
        let mut look = Look(gap, By::Other);
        let _ = write!(look, "{location}");
        look.1
    }
}
