// SPDX-License-Identifier: GPL-2.0-only

//! The path of one packet.

use crate::{chain::Chain, seen::Seen, shared::Calls};
use kernel::prelude::*;
use netfilter::{
    DeviceName, DropReason, Frame, HookId, IpVersion, Packet, Point, Snapshot, Stack, VerdictCode,
};

/// More points, steps and changes of a packet are counted, and not kept.
const MAX_VISITS: usize = 16;
const MAX_STEPS: usize = 64;
const MAX_CHANGES: usize = 16;
const MAX_TIMES: usize = 16;

const MS: u64 = 1_000_000;
/// Behind the last rung of LOCAL_IN a packet's path ends if it is not dropped at once.
const DELIVERED_NS: u64 = 50 * MS;
/// Elsewhere it may wait in a queue of a device.
const SILENT_NS: u64 = 1000 * MS;
/// What may be held by somebody is given more time.
pub(crate) const FORGOTTEN_NS: u64 = 30_000 * MS;

/// A list of at most `N`, and how many there were in all.
pub(crate) struct List<T, const N: usize> {
    items: [Option<T>; N],
    count: usize,
}

impl<T, const N: usize> List<T, N> {
    fn init() -> impl Init<Self> {
        init!(Self {
            items <- pin_init::init_array_from_fn(|_| None),
            count: 0,
        })
    }

    fn clear(&mut self) {
        self.count = 0;
    }

    /// Its place, if there is room.
    fn push(&mut self, item: T) -> Option<usize> {
        let at = self.count;
        self.count = at.saturating_add(1);
        *self.items.get_mut(at)? = Some(item);
        Some(at)
    }

    pub(crate) fn count(&self) -> usize {
        self.count
    }

    pub(crate) fn lost(&self) -> usize {
        self.count.saturating_sub(N)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.items.iter().take(self.count).flatten()
    }

    pub(crate) fn get(&self, at: usize) -> Option<&T> {
        self.iter().nth(at)
    }
}

pub(crate) struct Path {
    /// Of its packet.
    pub(crate) id: u64,
    /// What it is called in the log.
    pub(crate) number: u64,
    started: u64,
    pub(crate) visits: List<Visit, MAX_VISITS>,
    pub(crate) steps: List<Step, MAX_STEPS>,
    pub(crate) changes: List<Seen, MAX_CHANGES>,
    /// Of hooks that share a gap.
    pub(crate) times: List<Time, MAX_TIMES>,
    /// Where it is.
    pub(crate) at: At,
    /// When its last rung was left.
    left: u64,
    /// How often something of some packet was missed before.
    missed: u64,
    /// What it was like there.
    pub(crate) seen: Seen,
    /// The same, to see whether it still is.
    pub(crate) snapshot: Snapshot,
    /// Where several share the gap that it is in.
    pub(crate) calls: Calls,
    pub(crate) end: End,
    /// Who has dropped it, if anybody; known once it is settled.
    pub(crate) dropped: Option<Dropped>,
    /// Which of these had it at the end, as far as that is known.
    pub(crate) holder: Option<usize>,
    /// Where a reset was sent from, and the packet that it answers.
    pub(crate) reset: Option<(KBox<Stack>, Option<u64>)>,
    /// When it was left, as it was told that the packet was taken: then that is not told again.
    told: u64,
}

/// A packet's stay at a point.
pub(crate) struct Visit {
    pub(crate) net: u32,
    pub(crate) point: Point,
    pub(crate) input: Option<DeviceName>,
    pub(crate) output: Option<DeviceName>,
    pub(crate) seen: Seen,
}

/// From one rung to the next.
pub(crate) struct Step {
    /// At which visit.
    pub(crate) visit: u8,
    /// Which foreign hooks; none: they were changing.
    pub(crate) gap: Option<u32>,
    /// None: behind the last rung, where nobody looks at the clock.
    pub(crate) ns: Option<u64>,
    /// Which of the changes, if any.
    pub(crate) change: Option<u8>,
}

/// How long one of the hooks that share a gap took.
pub(crate) struct Time {
    /// At which step.
    step: usize,
    /// Which of the gap's owners.
    hook: usize,
    ns: u64,
}

/// Where a packet is: at which chain, and behind which of its rungs.
#[derive(Clone, Copy)]
pub(crate) struct At {
    pub(crate) net: u32,
    pub(crate) version: IpVersion,
    pub(crate) point: Point,
    /// The number of the layout, and of the rung in it; none: the chain was changing.
    pub(crate) rung: Option<(u64, usize)>,
    /// The gap behind that rung.
    pub(crate) gap: Option<u32>,
    /// No further rung.
    pub(crate) last: bool,
}

impl At {
    pub(crate) fn is_at(&self, chain: &Chain) -> bool {
        self.net == chain.net && self.version == chain.version && self.point == chain.point
    }

    /// As where the hooks cannot be told.
    pub(crate) fn unsure(self) -> Self {
        Self {
            rung: None,
            gap: None,
            last: false,
            ..self
        }
    }
}

/// How a path has ended.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum End {
    /// It has not.
    Open,
    /// The packet was freed there: with a reason dropped, without one not needed any more.
    Freed(Frame, Option<DropReason>),
    /// Nothing was heard of it any more, or its buffer is another packet's now.
    Silent,
    /// A packet with this buffer, that is not this one as far as one can tell, went on.
    Replaced,
    /// Packets are not followed any more.
    Cut,
}

/// Where a packet was dropped.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Dropped {
    /// By the hook that it was in.
    InHook,
    /// By that, or by what it was sent on to from there: nobody can tell.
    InHookOrBehind,
    Behind,
}

/// What there is to tell of a path.
pub(crate) enum Part<'a> {
    /// The packet came to a point.
    Visit(&'a Visit),
    /// There it was sent, a reset: by whom, and after which packet.
    Reset(&'a Visit, &'a Stack, Option<u64>),
    /// It passed a hook there.
    Passed(Passed<'a>),
}

pub(crate) struct Passed<'a> {
    /// Of the step.
    pub(crate) number: usize,
    pub(crate) visit: &'a Visit,
    pub(crate) step: &'a Step,
    pub(crate) before: &'a Seen,
    /// Where it is different.
    pub(crate) after: Option<&'a Seen>,
}

impl Path {
    /// In its place: it is large.
    pub(crate) fn init() -> impl Init<Self> {
        init!(Self {
            id: 0,
            number: 0,
            started: 0,
            visits <- List::init(),
            steps <- List::init(),
            changes <- List::init(),
            times <- List::init(),
            at: At {
                net: 0,
                version: IpVersion::V4,
                point: Point::PreRouting,
                rung: None,
                gap: None,
                last: false,
            },
            left: 0,
            missed: 0,
            seen: Seen::NONE,
            snapshot: Snapshot::NONE,
            calls: Calls::NONE,
            end: End::Open,
            dropped: None,
            holder: None,
            reset: None,
            told: 0,
        })
    }

    /// Begins anew, for another packet.
    pub(crate) fn begin(&mut self, number: u64, now: u64) {
        self.number = number;
        self.started = now;
        self.visits.clear();
        self.steps.clear();
        self.changes.clear();
        self.times.clear();
        self.at = self.at.unsure();
        self.left = now;
        self.calls.start(None);
        self.end = End::Open;
        self.dropped = None;
        self.holder = None;
        self.reset = None;
        self.told = 0;
    }

    /// The packet has come to a point; `missed` is as for `leave`, now.
    pub(crate) fn visit(&mut self, at: At, packet: &Packet<'_>, seen: Seen, missed: u64) {
        let state = packet.state();
        self.pass_tail();
        self.pass_on(seen, missed);
        self.at = at;
        self.seen = seen;
        self.visits.push(Visit {
            net: at.net,
            point: at.point,
            input: state.in_device().map(|device| device.name()),
            output: state.out_device().map(|device| device.name()),
            seen,
        });
    }

    /// The packet has come to the next rung, after `ns` nanoseconds; `empty`: nothing stands in between.
    #[inline(always)]
    pub(crate) fn step(&mut self, gap: Option<u32>, ns: u64, empty: bool, packet: &Packet<'_>) {
        let changed = !self.snapshot.is_of(packet) && self.read(packet);
        if empty {
            return;
        }
        let change = if changed {
            self.changes.push(self.seen).map(|at| at as u8)
        } else {
            None
        };
        self.steps.push(Step {
            visit: self.last_visit(),
            gap,
            ns: Some(ns),
            change,
        });
    }

    /// Reads the packet again; whether anything is different. Out of line: most hooks change nothing.
    #[inline(never)]
    fn read(&mut self, packet: &Packet<'_>) -> bool {
        let seen = Seen::read(packet, &mut self.snapshot);
        let changed = seen != self.seen;
        self.seen = seen;
        changed
    }

    fn last_visit(&self) -> u8 {
        u8::try_from(self.visits.count().saturating_sub(1)).unwrap_or(u8::MAX)
    }

    /// Steps at visits that are kept.
    pub(crate) fn kept_steps(&self) -> usize {
        let steps = self.steps.iter();
        steps
            .filter(|step| usize::from(step.visit) < MAX_VISITS)
            .count()
    }

    /// Whether the packet may come to `point` from a hook that sends it there itself: IPVS, at LOCAL_IN.
    fn is_sent_on_to(&self, point: Point) -> bool {
        (self.at.point, point) == (Point::LocalIn, Point::LocalOut) && !self.at.last
    }

    /// A hook has sent the packet on itself (IPVS, br_netfilter, whoever has stolen it): it will not come to the next rung.
    fn pass_on(&mut self, seen: Seen, missed: u64) {
        if self.at.gap.is_some() && !self.at.last && !self.has_missed(missed) {
            let change = self.changes.push(seen).map(|at| at as u8);
            self.steps.push(Step {
                visit: self.last_visit(),
                gap: self.at.gap,
                ns: None,
                change,
            });
        }
    }

    /// The packet has got through what stands behind the last rung.
    fn pass_tail(&mut self) {
        if let (true, Some(gap)) = (self.at.last, self.at.gap) {
            self.steps.push(Step {
                visit: self.last_visit(),
                gap: Some(gap),
                ns: None,
                change: None,
            });
        }
    }

    /// A hook that may share its gap has returned.
    pub(crate) fn called(&mut self, hook: HookId, verdict: VerdictCode, ns: u64) {
        if let Some(hook) = self.calls.end(hook, verdict) {
            let step = self.steps.count();
            self.times.push(Time { step, hook, ns });
        }
    }

    /// Of a step, and of one of the hooks that share its gap: how long it took.
    pub(crate) fn time_of(&self, step: usize, hook: usize) -> Option<u64> {
        let mut times = self.times.iter();
        Some(
            times
                .find(|time| time.step == step && time.hook == hook)?
                .ns,
        )
    }

    /// How long a step took whose gap so many hooks share. Where the time of each is known it is these together: what
    /// is between the rungs has what the probes cost in it.
    pub(crate) fn ns_of(&self, number: usize, step: &Step, hooks: usize) -> Option<u64> {
        let own = (0..hooks).try_fold(0u64, |sum, hook| {
            self.time_of(number, hook).map(|ns| sum.saturating_add(ns))
        });
        own.filter(|_| hooks > 1).or(step.ns)
    }

    /// Which of the hooks that share the gap has the packet, if that is known; `missed` is as for `leave`, now.
    pub(crate) fn holder(&self, missed: u64) -> Option<usize> {
        (!self.has_missed(missed))
            .then(|| self.calls.holder())
            .flatten()
    }

    /// This is the end; `missed` is as for `leave`, now.
    pub(crate) fn finish(&mut self, end: End, missed: u64) {
        self.end = end;
        self.holder = self.holder(missed);
        // It may have come further than is known.
        if !self.at.last && self.has_missed(missed) {
            self.at = self.at.unsure();
        }
    }

    /// Once it has ended, where one may take one's time: `who` says who has freed a packet between the rungs of that gap,
    /// by the function and for the reason.
    pub(crate) fn settle(&mut self, who: impl FnOnce(&Self, Frame, DropReason) -> Dropped) {
        if let End::Freed(location, Some(reason)) = self.end {
            // What a socket has received is freed without any.
            let received = self.at.last && self.at.point == Point::LocalIn;
            if !received || reason != DropReason::NOT_SPECIFIED {
                self.dropped = Some(if self.at.last && self.at.gap.is_none() {
                    Dropped::Behind
                } else {
                    who(self, location, reason)
                });
            }
        }
        if self.end != End::Cut && matches!(self.dropped, None | Some(Dropped::Behind)) {
            self.pass_tail();
        }
    }

    /// Whether it went into a hook and did not come back.
    pub(crate) fn is_taken(&self) -> bool {
        let ended = !matches!(self.end, End::Open | End::Cut);
        let in_hook = !self.at.last && self.at.rung.is_some();
        ended && in_hook && !matches!(self.dropped, Some(Dropped::InHook | Dropped::Behind))
    }

    /// Its rung is done; `missed` is [`Paths::busy`](crate::paths::Paths::busy).
    pub(crate) fn leave(&mut self, now: u64, missed: u64) {
        self.left = now;
        self.missed = missed;
    }

    /// Whether something of it may have been missed since its last rung; `missed` is as for `leave`, now.
    pub(crate) fn has_missed(&self, missed: u64) -> bool {
        self.missed != missed
    }

    pub(crate) fn left(&self) -> u64 {
        self.left
    }

    /// How long to wait for the packet until one looks after it.
    pub(crate) fn patience_ns(&self) -> u64 {
        if self.at.last && self.at.point == Point::LocalIn {
            DELIVERED_NS
        } else {
            SILENT_NS
        }
    }

    /// Whether it is between two rungs: with a program that decides on it, or with a hook that delays it.
    fn may_be_held(&self) -> bool {
        self.at.rung.is_some() && !self.at.last
    }

    /// Whether it is to be told that the packet was taken: it may be, and that was not told since its last rung.
    pub(crate) fn tell_held(&mut self) -> bool {
        let tell = self.may_be_held() && self.told != self.left;
        if tell {
            self.told = self.left;
        }
        tell
    }

    /// From its first rung to its last.
    pub(crate) fn whole_ns(&self) -> u64 {
        self.left.saturating_sub(self.started)
    }

    /// Whether the packet that comes to the first rung of `chain` can be this one, on its way.
    pub(crate) fn goes_on(&self, chain: &Chain, seen: &Seen) -> bool {
        let same_net = self.at.net == chain.net;
        if self.at.version != chain.version {
            return false;
        }
        match (self.at.point, chain.point) {
            (Point::LocalOut | Point::Forward, Point::PostRouting)
            // Once more in a VRF.
            | (Point::LocalOut, Point::LocalOut)
            | (Point::PreRouting, Point::LocalIn | Point::Forward)
            // A bridge's packet comes to IP (br_netfilter).
            | (Point::PreRouting, Point::PreRouting)
            | (Point::PostRouting, Point::PostRouting) => {
                same_net && self.seen.could_become(seen)
            }
            // Over a device that leads to this host again: loopback, veth, a bridge.
            (Point::PostRouting, Point::PreRouting) => self.seen.could_become(seen),
            (_, point) if self.is_sent_on_to(point) => {
                same_net && self.seen.could_be_sent_on_as(seen)
            }
            _ => false,
        }
    }
}

impl Path {
    /// Calls `f` with each part that is kept, in order.
    pub(crate) fn each<'a>(&'a self, mut f: impl FnMut(Part<'a>)) {
        let mut steps = self.steps.iter().enumerate().peekable();
        for (at, visit) in self.visits.iter().enumerate() {
            f(Part::Visit(visit));
            if let (0, Some((stack, after))) = (at, &self.reset) {
                f(Part::Reset(visit, stack, *after));
            }
            let mut before = &visit.seen;
            while let Some((number, step)) =
                steps.next_if(|(_, step)| usize::from(step.visit) == at)
            {
                let after = step.change.and_then(|at| self.changes.get(at.into()));
                f(Part::Passed(Passed {
                    number,
                    visit,
                    step,
                    before,
                    after,
                }));
                before = after.unwrap_or(before);
            }
        }
    }

    /// How many visits, steps and changes are not kept.
    pub(crate) fn lost(&self) -> usize {
        let steps = self.steps.count().saturating_sub(self.kept_steps());
        [self.visits.lost(), steps, self.changes.lost()]
            .into_iter()
            .fold(0, usize::saturating_add)
    }

    /// The packet as it came to its first point.
    pub(crate) fn first_seen(&self) -> &Seen {
        self.visits.get(0).map_or(&self.seen, |visit| &visit.seen)
    }

    /// The device that it was about to leave by.
    pub(crate) fn output(&self) -> Option<DeviceName> {
        self.visits.iter().last()?.output
    }
}
