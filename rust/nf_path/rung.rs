// SPDX-License-Identifier: GPL-2.0-only

//! The hook that stands between those of others.

use crate::{
    chain::Chain,
    path::{At, End, Path},
    paths::{Found, Slot},
    seen::Seen,
    shared::Shared,
    tracer::Tracer, //
};
use kernel::{prelude::*, sync::Arc};
use netfilter::{time::monotonic_ns, Hook, Packet, Point, Priority, Stack, Verdict};

/// One rung of a ladder.
pub(crate) struct Rung {
    /// Never used again.
    pub(crate) number: u32,
    pub(crate) priority: Priority,
    pub(crate) chain: Arc<Chain>,
    pub(crate) tracer: Arc<Tracer>,
}

impl Hook for Rung {
    type Data = Self;

    #[inline]
    fn hook<'p>(rung: &Self, packet: Packet<'p>) -> Verdict<'p> {
        let tracer = &*rung.tracer;
        let begins =
            rung.priority == Priority::FIRST && tracer.filter.read(packet.rcu()).may_match(&packet);
        if begins || !tracer.paths.is_empty() {
            return rung.look((packet, begins));
        }
        packet.accept()
    }
}

impl Rung {
    /// Out of line, and with the packet in a tuple that is made for it: one that is only let pass need not be in
    /// memory. `begins`: a path may begin here.
    #[inline(never)]
    fn look<'p>(&self, (packet, begins): (Packet<'p>, bool)) -> Verdict<'p> {
        let paths = &self.tracer.paths;
        let found = match paths.is_empty() {
            true => Found::No,
            false => paths.find_soon(packet.id()),
        };
        match found {
            Found::Yes(slot) => self.follow(slot, &packet, monotonic_ns(), begins),
            Found::No if begins => self.begin(&packet),
            Found::No | Found::Busy => {}
        }
        packet.accept()
    }

    /// Where the packet is that has come to this rung; and whose calls are to be expected until the next.
    fn at<'a>(&'a self, packet: &'a Packet<'_>) -> (At, Option<&'a Shared>) {
        let chain = &*self.chain;
        let layout = chain.layout.read(packet.rcu());
        let now = self
            .tracer
            .watch
            .stamp(packet.state().net(), chain.version, chain.point);
        let position = layout.position(self.number, now);
        let shared = position.and_then(|position| layout.shared(position));
        let at = At {
            net: chain.net,
            version: chain.version,
            point: chain.point,
            rung: position.map(|position| (layout.number, position)),
            gap: position
                .and_then(|position| layout.gap(position))
                .and_then(|gap| (!gap.owners.is_empty()).then_some(gap.number)),
            last: position.is_some_and(|position| position + 1 == layout.rungs.len()),
        };
        (at, shared)
    }

    /// A packet that is not followed has come to what may be the first rung of a point.
    fn begin(&self, packet: &Packet<'_>) {
        let tracer = &*self.tracer;
        if !tracer.filter.read(packet.rcu()).matches(packet) {
            return;
        }
        let (at, shared) = self.at(packet);
        if at.rung.is_some_and(|(_, position)| position != 0) {
            return;
        }
        let Some(mut slot) = tracer.paths.claim(packet.id()) else {
            return;
        };
        let path = slot.path();
        path.begin(tracer.next_number(), monotonic_ns());
        self.visit(path, at, packet, Seen::read(packet));
        path.calls.start(shared);
        self.leave(slot);
    }

    /// The packet of that path has come here.
    fn follow(&self, mut slot: Slot<'_>, packet: &Packet<'_>, now: u64, begins: bool) {
        let (at, shared) = self.at(packet);
        let seen = Seen::read(packet);
        let path = slot.path();
        let here = path.at.is_at(&self.chain);
        let missed = self.tracer.paths.busy();
        let goes_on = match (path.at.rung, at.rung) {
            (_, Some((_, 0))) => {
                let goes_on = path.goes_on(&self.chain, &seen);
                if goes_on {
                    self.visit(path, at, packet, seen);
                }
                goes_on
            }
            // The next rung of the same walk.
            (Some((before, position)), Some((layout, next)))
                if here && before == layout && next == position.wrapping_add(1) =>
            {
                let (gap, ns) = (path.at.gap, self.tracer.between(path.left(), now));
                path.step(at, gap, ns, gap.is_none(), seen);
                true
            }
            // A rung between was missed.
            (Some((before, position)), Some((layout, next)))
                if here && before == layout && next > position && path.has_missed(missed) =>
            {
                path.step(at, None, self.tracer.between(path.left(), now), false, seen);
                true
            }
            // Another rung of a walk where each comes after the other.
            (Some((before, _)), Some((layout, _))) if here && before == layout => false,
            // The chain is changing, or was when the packet came to the point.
            _ if here => {
                let ns = self.tracer.between(path.left(), now);
                path.step(at.unsure(), None, ns, false, seen);
                true
            }
            _ => {
                let goes_on = path.goes_on(&self.chain, &seen);
                if goes_on {
                    self.visit(path, at.unsure(), packet, seen);
                }
                goes_on
            }
        };
        if goes_on {
            path.calls.start(shared);
            self.leave(slot);
            return;
        }
        path.finish(End::Replaced, missed);
        slot.end();
        if begins {
            self.begin(packet);
        }
    }

    fn leave(&self, slot: Slot<'_>) {
        let missed = self.tracer.paths.busy();
        slot.leave(monotonic_ns(), missed);
    }

    fn visit(&self, path: &mut Path, at: At, packet: &Packet<'_>, seen: Seen) {
        path.visit(at, packet.state(), seen, self.tracer.paths.busy());
        match at.point {
            Point::LocalOut if seen.is_reset() => {
                if let Ok(stack) = KBox::new(Stack::save(), GFP_ATOMIC) {
                    path.reset = Some((stack, self.tracer.provoker(at.net, &seen)));
                }
            }
            Point::LocalOut | Point::PostRouting => {}
            _ => self.tracer.remember(at.net, &seen, path.number),
        }
    }
}
