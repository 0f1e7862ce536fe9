// SPDX-License-Identifier: GPL-2.0-only

//! The same as in the log, for tracing tools: tracepoints `nf_path:step` and `nf_path:end`.

use crate::{
    gaps::Gaps,
    path::{End, Part, Passed, Path},
    print::{self, Text},
    seen::Changes,
};
use core::fmt;
use netfilter::{trace, Priority};

/// All events of a path that has ended, as far as somebody wants them.
pub(crate) fn trace(path: &Path, gaps: &Gaps) {
    if trace::step_enabled() {
        path.each(|part| {
            if let Part::Passed(passed) = part {
                trace_step(path, gaps, &passed)
            }
        });
    }
    if trace::end_enabled() {
        trace_end(path, gaps);
    }
}

fn trace_step(path: &Path, gaps: &Gaps, passed: &Passed<'_>) {
    let gap = gaps.of(passed.step.gap);
    let (visit, seen) = (passed.visit, passed.after.unwrap_or(passed.before));
    trace::step(&trace::Step {
        number: path.number,
        netns: visit.net,
        version: seen.version(),
        point: visit.point,
        priority: gap.map_or(Priority::LAST, |gap| gap.priority()),
        hook: &Text(|f| match gap {
            Ok(gap) => print::names(f, gap),
            Err(why) => f.write_str(why),
        }),
        ns: passed.step.ns.unwrap_or(0),
        changes: &Text(|f| match passed.after {
            Some(after) => fmt::Display::fmt(&Changes(passed.before, after), f),
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
