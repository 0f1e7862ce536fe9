// SPDX-License-Identifier: GPL-2.0-only

//! The hook that stands between those of others.

use crate::{
    chain::{Chain, Layout},
    path::{At, End, Path},
    paths::{Found, Slot},
    seen::Seen,
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
    fn look<'p>(&self, call: (Packet<'p>, bool)) -> Verdict<'p> {
        let (packet, begins) = (&call.0, call.1);
        let paths = &self.tracer.paths;
        let found = match paths.is_empty() {
            true => Found::No,
            false => paths.find_soon(packet.id()),
        };
        match found {
            Found::Yes(slot) => self.follow(slot, packet, monotonic_ns(), begins),
            Found::No if begins => self.begin(packet),
            Found::No | Found::Busy => {}
        }
        call.0.accept()
    }

    /// What the point's hooks are, and which rung of them this is, if anybody can tell. `likely`: the one to look at first.
    #[inline]
    fn position<'a>(
        &'a self,
        packet: &'a Packet<'_>,
        likely: usize,
    ) -> (&'a Layout, Option<usize>) {
        let chain = &*self.chain;
        let layout = chain.layout.read(packet.rcu());
        let now = self.tracer.watch.stamp(
            packet.state().net(),
            chain.version,
            chain.point,
            packet.rcu(),
        );
        (layout, layout.position(self.number, now, likely))
    }

    /// Where a packet is that has come to that rung.
    fn at(&self, layout: &Layout, position: Option<usize>) -> At {
        let chain = &*self.chain;
        At {
            net: chain.net,
            version: chain.version,
            point: chain.point,
            rung: position.map(|position| (layout.number, position)),
            gap: position.and_then(|position| layout.gap(position)),
            last: position.is_some_and(|position| layout.is_last(position)),
        }
    }

    /// A packet that is not followed has come to what may be the first rung of a point.
    fn begin(&self, packet: &Packet<'_>) {
        let tracer = &*self.tracer;
        if !tracer.filter.read(packet.rcu()).matches(packet) {
            return;
        }
        let (layout, position) = self.position(packet, 0);
        if position.is_some_and(|position| position != 0) {
            return;
        }
        let Some(mut slot) = tracer.paths.claim(packet.id()) else {
            return;
        };
        let path = slot.path();
        path.begin(tracer.next_number(), monotonic_ns());
        let seen = Seen::read(packet, &mut path.snapshot);
        self.visit(path, self.at(layout, position), packet, seen);
        self.leave(slot, layout, position);
    }

    /// The packet of that path has come here.
    #[inline]
    fn follow(&self, mut slot: Slot<'_>, packet: &Packet<'_>, now: u64, begins: bool) {
        let path = slot.path();
        let next = path.at.rung.map_or(0, |(_, before)| before.wrapping_add(1));
        let (layout, position) = self.position(packet, next);
        match (path.at.rung, position) {
            // The next rung of the same walk. (A layout's number is no other's, of no other chain either.)
            (Some((before, _)), Some(position)) if before == layout.number && position == next => {
                let (gap, ns) = (path.at.gap, self.tracer.between(path.left(), now));
                path.step(gap, ns, gap.is_none(), packet);
                path.at.rung = Some((before, position));
                path.at.gap = layout.gap(position);
                path.at.last = layout.is_last(position);
                self.leave(slot, layout, Some(position));
            }
            _ => self.follow_elsewhere(slot, (packet, layout, position), now, begins),
        }
    }

    /// The same, where this is not the next rung of the same walk.
    #[inline(never)]
    fn follow_elsewhere(
        &self,
        mut slot: Slot<'_>,
        (packet, layout, position): (&Packet<'_>, &Layout, Option<usize>),
        now: u64,
        begins: bool,
    ) {
        let at = self.at(layout, position);
        let path = slot.path();
        let here = path.at.is_at(&self.chain);
        let missed = self.tracer.paths.busy();
        let goes_on = match (path.at.rung, at.rung) {
            (_, Some((_, 0))) => self.may_go_on(path, at, packet),
            // A rung between was missed.
            (Some((before, position)), Some((layout, next)))
                if here && before == layout && next > position && path.has_missed(missed) =>
            {
                self.step_unsure(path, at, packet, now)
            }
            // Another rung of a walk where each comes after the other.
            (Some((before, _)), Some((layout, _))) if here && before == layout => false,
            // The chain is changing, or was when the packet came to the point.
            _ if here => self.step_unsure(path, at.unsure(), packet, now),
            _ => self.may_go_on(path, at.unsure(), packet),
        };
        if goes_on {
            self.leave(slot, layout, position);
            return;
        }
        path.finish(End::Replaced, missed);
        slot.end();
        if begins {
            self.begin(packet);
        }
    }

    /// The packet has come to a point from another, if it is the path's at all.
    fn may_go_on(&self, path: &mut Path, at: At, packet: &Packet<'_>) -> bool {
        let seen = Seen::read(packet, &mut path.snapshot);
        let goes_on = path.goes_on(&self.chain, &seen);
        if goes_on {
            self.visit(path, at, packet, seen);
        }
        goes_on
    }

    /// The packet has come further at this point, and past whom nobody can tell.
    fn step_unsure(&self, path: &mut Path, at: At, packet: &Packet<'_>, now: u64) -> bool {
        let ns = self.tracer.between(path.left(), now);
        path.step(None, ns, false, packet);
        path.at = at;
        true
    }

    #[inline]
    fn leave(&self, mut slot: Slot<'_>, layout: &Layout, position: Option<usize>) {
        let shared = position.and_then(|position| layout.shared(position));
        slot.path().calls.start(shared);
        let missed = self.tracer.paths.busy();
        slot.leave(monotonic_ns(), missed);
    }

    fn visit(&self, path: &mut Path, at: At, packet: &Packet<'_>, seen: Seen) {
        path.visit(at, packet, seen, self.tracer.paths.busy());
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
