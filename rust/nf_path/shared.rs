// SPDX-License-Identifier: GPL-2.0-only

//! Hooks that share a priority. No rung fits between them, so a probe on their functions says in which of them a
//! packet is.
//!
//! # What is believed
//!
//! A packet was dropped, queued or kept by a hook that it went into and did not leave with `ACCEPT`; or, where
//! that is not known, by the only one of those at this priority that has not returned `ACCEPT` for it. That a
//! call was not seen (the hook's function cannot be probed, the kernel had no room for the call) proves nothing:
//! then all are named. With one exception: a packet that was queued may be let go on, by the program or because there
//! is none, into the next hook, and if no call of that was seen, it was not. For that the next ones must have
//! had probes all the time, and none of these have missed a call.
//!
//! The end of a call that was seen to begin is always
//! seen: the kernel keeps it on the task's shadow stack, and a probe is taken off only when its function has
//! been in no shared gap for long. Where the packet's slot is locked at that moment, that is counted, and then no
//! call since the rung is believed ([`Path::finish`](crate::path::Path::finish)).
//!
//! Calls are those of the packet, and not of another with the same buffer: it came to the first rung of this
//! point, where that is looked at, and the end of a call carries the number of the path that it has begun in. They
//! are those of the very hooks in the gap: a [`HookId`] is of the layout that is what the packet walks (see
//! `chain.rs`), whose hooks the core keeps until the packet is through.

use crate::{paths::Found, tracer::Tracer};
use kernel::{prelude::*, sync::Arc};
use netfilter::{
    HookCall, HookFunction, HookId, HookProbe, HookProbeRegistration, HookReturn, VerdictCode,
};

/// More at one priority are not told apart.
pub(crate) const MAX_SHARED: usize = 8;

/// The hooks that share a gap, in order; nothing where one has it alone.
#[derive(Clone, Copy)]
pub(crate) struct Shared {
    /// None: two that are the same.
    ids: [Option<HookId>; MAX_SHARED],
    count: usize,
    /// A bit for each that has a probe.
    probed: u8,
}

impl Shared {
    pub(crate) const NONE: Self = Self {
        ids: [None; MAX_SHARED],
        count: 0,
        probed: 0,
    };

    /// Those of a gap, all of them; on each function a probe is put. May sleep.
    pub(crate) fn new(
        hooks: &[(HookId, HookFunction)],
        probes: &mut Probes,
        tracer: &Arc<Tracer>,
        now: u64,
    ) -> Result<Self> {
        let mut shared = Self::NONE;
        if !(2..=MAX_SHARED).contains(&hooks.len()) {
            return Ok(shared);
        }
        shared.count = hooks.len();
        for (number, (place, &(id, function))) in shared.ids.iter_mut().zip(hooks).enumerate() {
            let alone = hooks.iter().filter(|(other, _)| *other == id).count() == 1;
            *place = alone.then_some(id);
            if probes.want(function, tracer, now)? && alone {
                shared.probed |= bit(number);
            }
        }
        Ok(shared)
    }

    /// Whether all behind that one have probes.
    fn are_probed_behind(&self, hook: usize) -> bool {
        (0..self.count)
            .skip(hook.saturating_add(1))
            .all(|other| self.probed & bit(other) != 0)
    }

    fn place(&self, hook: HookId) -> Option<usize> {
        let mut ids = self.ids.iter().take(self.count);
        ids.position(|id| *id == Some(hook))
    }
}

/// What is known of a packet's way through hooks that share a gap.
#[derive(Clone, Copy)]
pub(crate) struct Calls {
    shared: Shared,
    last: Option<Call>,
    /// A bit for each hook that the packet has got through.
    accepted: u8,
}

#[derive(Clone, Copy)]
struct Call {
    hook: usize,
    /// None: it is in there.
    verdict: Option<VerdictCode>,
}

impl Call {
    fn is_queued(&self) -> bool {
        matches!(self.verdict, Some(VerdictCode::Queue { .. }))
    }
}

/// For each hook a bit.
fn bit(hook: usize) -> u8 {
    1u8.checked_shl(hook as u32).unwrap_or(0)
}

impl Calls {
    pub(crate) const NONE: Self = Self {
        shared: Shared::NONE,
        last: None,
        accepted: 0,
    };

    /// The packet comes to a gap. In place, and of most gaps there is nothing to copy.
    pub(crate) fn start(&mut self, shared: Option<&Shared>) {
        match shared.filter(|shared| shared.count != 0) {
            Some(shared) => self.shared = *shared,
            None => self.shared.count = 0,
        }
        self.last = None;
        self.accepted = 0;
    }

    /// The packet goes into a hook; whether that is one of these.
    pub(crate) fn begin(&mut self, hook: HookId) -> bool {
        let Some(hook) = self.shared.place(hook) else {
            return false;
        };
        if let Some(last) = self.last {
            if last.hook != hook && last.is_queued() {
                // It was let go on.
                self.accepted |= bit(last.hook);
            }
        }
        self.last = Some(Call {
            hook,
            verdict: None,
        });
        true
    }

    /// The packet comes out of a hook; which of these it is, if it may go on.
    pub(crate) fn end(&mut self, hook: HookId, verdict: VerdictCode) -> Option<usize> {
        let hook = self.shared.place(hook)?;
        if let Some(last) = self.last.as_mut().filter(|last| last.hook == hook) {
            last.verdict = Some(verdict);
        }
        if verdict != VerdictCode::Accept {
            return None;
        }
        self.accepted |= bit(hook);
        Some(hook)
    }

    /// Whether it was queued, and not seen to go on.
    pub(crate) fn is_queued(&self) -> bool {
        self.last.is_some_and(|last| last.is_queued())
    }

    /// Which of the gap's hooks has the packet, or had it last.
    pub(crate) fn holder(&self) -> Option<usize> {
        match self.last {
            Some(last) if last.is_queued() && !self.shared.are_probed_behind(last.hook) => None,
            Some(last) if last.verdict != Some(VerdictCode::Accept) => Some(last.hook),
            _ => {
                let has_accepted = |hook: &usize| self.accepted & bit(*hook) != 0;
                let mut others = (0..self.shared.count).filter(|hook| !has_accepted(hook));
                let other = others.next()?;
                others.next().is_none().then_some(other)
            }
        }
    }
}

/// What looks at the calls.
struct Watch;

impl HookProbe for Watch {
    type Data = Arc<Tracer>;

    fn called(tracer: &Arc<Tracer>, call: HookCall) -> Option<u64> {
        let Found::Yes(mut slot) = tracer.paths.find_soon(call.packet()?) else {
            return None;
        };
        let path = slot.path();
        path.calls.begin(call.hook()).then_some(path.number)
    }

    fn returned(tracer: &Arc<Tracer>, returned: HookReturn) {
        let found = returned.packet().map(|id| tracer.paths.find_soon(id));
        let Some(Found::Yes(mut slot)) = found else {
            return;
        };
        let path = slot.path();
        // Else the packet is gone.
        if path.number == returned.tag() {
            let ns = tracer.call_ns(returned.ns());
            path.called(returned.hook(), returned.verdict(), ns);
        }
    }
}

/// The probes: on the functions of hooks in shared gaps, and on no others.
#[derive(Default)]
pub(crate) struct Probes(KVec<Probe>);

struct Probe {
    function: HookFunction,
    /// None: it cannot be traced.
    registration: Option<HookProbeRegistration<Arc<Tracer>>>,
    /// When it was last wanted.
    wanted: u64,
}

/// Rulesets are exchanged, and their functions are wanted again.
const KEPT_NS: u64 = 1_000_000_000;

impl Probes {
    /// It is still wanted. Whether it has a probe; none: it is not known.
    pub(crate) fn touch(&mut self, function: HookFunction, now: u64) -> Option<bool> {
        let mut probes = self.0.iter_mut();
        let probe = probes.find(|probe| probe.function == function)?;
        probe.wanted = now;
        Some(probe.registration.is_some())
    }

    /// Puts a probe on a function of a hook in a shared gap, if there is none; false: it cannot be traced. May
    /// sleep.
    fn want(&mut self, function: HookFunction, tracer: &Arc<Tracer>, now: u64) -> Result<bool> {
        if let Some(probed) = self.touch(function, now) {
            return Ok(probed);
        }
        let registration = match HookProbeRegistration::new::<Watch, _>(function, tracer.clone()) {
            Ok(registration) => Some(registration),
            Err(ENOENT | EOPNOTSUPP) => None,
            Err(error) => return Err(error),
        };
        let probe = Probe {
            function,
            registration,
            wanted: now,
        };
        let probed = probe.registration.is_some();
        self.0.push(probe, GFP_KERNEL)?;
        Ok(probed)
    }

    /// Whether they have seen all calls.
    pub(crate) fn have_seen_all(&self) -> bool {
        let mut registrations = self
            .0
            .iter()
            .filter_map(|probe| probe.registration.as_ref());
        registrations.all(|registration| registration.missed() == 0)
    }

    /// Takes off those that were not wanted for long. May sleep.
    pub(crate) fn forget(&mut self, now: u64) {
        self.0
            .retain(|probe| now.saturating_sub(probe.wanted) < KEPT_NS);
    }
}
