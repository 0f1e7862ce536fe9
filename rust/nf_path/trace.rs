// SPDX-License-Identifier: GPL-2.0-only

//! The same as in the log, for tracing tools: tracepoints `nf_path:point`, `reset`, `step`, `away` and `end`.

use crate::{
    gaps::Gaps,
    path::{End, Part, Passed, Path, Visit},
    print::{self, Device, Text},
    seen::Changes,
};
use core::fmt;
use netfilter::{trace, Stack};

/// All events of a path that has ended, as far as somebody wants them. One function each, not inlined: their texts are
/// not on the stack at once.
pub(crate) fn trace(path: &Path, gaps: &Gaps) {
    let (visits, resets, steps) = (
        trace::visit_enabled(),
        trace::reset_enabled(),
        trace::step_enabled(),
    );
    if visits || resets || steps {
        path.each(|part| match part {
            Part::Visit(visit) if visits => trace_visit(path, visit),
            Part::Reset(visit, stack, after) if resets => trace_reset(path, visit, stack, after),
            Part::Passed(passed) if steps => trace_step(path, gaps, &passed),
            _ => {}
        });
    }
    if trace::end_enabled() {
        trace_end(path, gaps);
    }
}

#[inline(never)]
fn trace_visit(path: &Path, visit: &Visit) {
    trace::visit(&trace::Visit {
        packet: visit.seen.traced(path.number, visit.net, visit.point),
        input: &Device(visit.input),
        output: &Device(visit.output),
    });
}

#[inline(never)]
fn trace_reset(path: &Path, visit: &Visit, stack: &Stack, after: Option<u64>) {
    trace::reset(&trace::Reset {
        packet: visit.seen.traced(path.number, visit.net, visit.point),
        after,
        stack: &Text(|f| print::senders(f, stack)),
    });
}

#[inline(never)]
fn trace_step(path: &Path, gaps: &Gaps, passed: &Passed<'_>) {
    let gap = gaps.of(passed.step.gap);
    let hooks = gap.map_or(0, |gap| gap.owners.len());
    let (visit, seen) = (passed.visit, passed.after.unwrap_or(passed.before));
    trace::step(&trace::Step {
        packet: seen.traced(path.number, visit.net, visit.point),
        hooks,
        priority: gap.ok().map(|gap| gap.priority()),
        hook: &Text(|f| match gap {
            Ok(gap) => print::names(f, gap),
            Err(why) => f.write_str(why),
        }),
        ns: path.ns_of(passed.number, passed.step, hooks),
        each_ns: &Text(|f| {
            // Of one alone it is that of the step.
            for hook in (0..hooks).filter(|_| hooks > 1) {
                if hook > 0 {
                    f.write_str(" | ")?;
                }
                match path.time_of(passed.number, hook) {
                    Some(ns) => fmt::Display::fmt(&ns, f)?,
                    None => f.write_str("-")?,
                }
            }
            Ok(())
        }),
        changes: &Text(|f| match passed.after {
            Some(after) => fmt::Display::fmt(&Changes(passed.before, after), f),
            None => Ok(()),
        }),
    });
}

/// A packet that has been away for long, and may come back.
pub(crate) fn away(path: &Path, gaps: &Gaps, holder: Option<usize>) {
    if trace::away_enabled() {
        trace::away(&trace::Away {
            packet: path.seen.traced(path.number, path.at.net, path.at.point),
            by: &Text(|f| print::by(f, path, holder, gaps)),
        });
    }
}

#[inline(never)]
fn trace_end(path: &Path, gaps: &Gaps) {
    let first = path.first_seen();
    trace::end(&trace::End {
        packet: first.traced(path.number, path.at.net, path.at.point),
        outcome: print::outcome(path),
        how: &Text(|f| print::end(f, path, gaps)),
        reason: match path.end {
            End::Freed(_, reason) => reason,
            _ => None,
        },
        points: path.visits.count(),
        hooks: path.steps.count(),
        lost: path.lost(),
        ns: path.whole_ns(),
    });
}
