// SPDX-License-Identifier: GPL-2.0-only

//! The same as in the log, for tracing tools: tracepoints `nf_path:step` and `nf_path:end`.

use crate::{
    chain::Gap,
    gaps::Gaps,
    path::{End, Path, Step, Visit},
    print::{self, Text},
    seen::{Changes, Seen},
};
use core::fmt;
use netfilter::{trace, Priority};

/// All events of a path that has ended, as far as somebody wants them.
pub(crate) fn trace(path: &Path, gaps: &Gaps) {
    if trace::step_enabled() {
        path.each_step(|visit, step, before, after| {
            trace_step(path, gaps, visit, step, before, after)
        });
    }
    if trace::end_enabled() {
        trace_end(path, gaps);
    }
}

fn trace_step(
    path: &Path,
    gaps: &Gaps,
    visit: &Visit,
    step: &Step,
    before: &Seen,
    after: Option<&Seen>,
) {
    let gap = step.gap.and_then(|number| gaps.get(number));
    let seen = after.unwrap_or(before);
    trace::step(&trace::Step {
        number: path.number,
        netns: visit.net,
        version: seen.version(),
        point: visit.point,
        priority: gap.map_or(Priority::LAST, Gap::priority),
        hook: &Text(|f| match gap {
            Some(gap) => print::names(f, gap),
            None => f.write_str("?"),
        }),
        ns: step.ns.unwrap_or(0),
        changes: &Text(|f| match after {
            Some(after) => fmt::Display::fmt(&Changes(before, after), f),
            None => Ok(()),
        }),
        packet: seen.traced(&seen.ct_state()),
    });
}

fn trace_end(path: &Path, gaps: &Gaps) {
    let seen = path.first_seen();
    trace::end(&trace::End {
        number: path.number,
        netns: path.at.net,
        version: seen.version(),
        point: path.at.point,
        how: &Text(|f| print::end(f, path, gaps)),
        reason: match path.end {
            End::Freed(_, reason) => reason,
            _ => None,
        },
        points: path.visits.count(),
        hooks: path.steps.count(),
        ns: path.whole_ns(),
        packet: seen.traced(&seen.ct_state()),
    });
}
