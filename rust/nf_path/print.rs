// SPDX-License-Identifier: GPL-2.0-only

//! The lines of a path in the log.
//!
//! Each begins with the packet's number, the namespace and the point. Then there stands: in which devices and
//! how the packet came to the point; or a hook, with its priority, what it took, and what it changed; or, last
//! and in capitals, how the path ended.

use crate::{
    chain::Gap,
    gaps::Gaps,
    path::{Dropped, End, Part, Passed, Path},
    seen::{Changes, Full}, //
};
use core::fmt::{self, Display, Write};
use kernel::prelude::*;
use netfilter::{trace::Outcome, DeviceName, Frame, Point, Shown, Stack};

/// Which lines are printed.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Verbosity {
    /// One a packet: how it ended.
    Ends,
    /// Of packets that were dropped, all.
    Drops,
    All,
}

/// Something that a function writes.
pub(crate) struct Text<F: Fn(&mut fmt::Formatter<'_>) -> fmt::Result>(pub(crate) F);

impl<F: Fn(&mut fmt::Formatter<'_>) -> fmt::Result> Display for Text<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (self.0)(f)
    }
}

/// Prints a line, which `write` writes.
fn line(write: impl Fn(&mut fmt::Formatter<'_>) -> fmt::Result) {
    pr_info!("{}\n", Shown(Text(write)));
}

/// How many lines `print` prints.
pub(crate) fn lines(path: &Path, verbosity: Verbosity) -> u32 {
    let visits = path.visits.iter().count();
    let steps = path.kept_steps();
    let more = usize::from(path.reset.is_some()) + usize::from(path.lost() > 0);
    match verbosity {
        Verbosity::Ends => 1,
        Verbosity::Drops if path.dropped.is_none() => 0,
        Verbosity::Drops | Verbosity::All => (visits + steps + more + 1) as u32,
    }
}

/// Prints all lines that `verbosity` wants.
pub(crate) fn print(path: &Path, gaps: &Gaps, verbosity: Verbosity) {
    if verbosity == Verbosity::Drops && path.dropped.is_none() {
        return;
    }
    if verbosity != Verbosity::Ends {
        parts(path, gaps);
    }
    line(|f| {
        Start(path, path.at.net, path.at.point).fmt(f)?;
        end(f, path, gaps)?;
        write!(
            f,
            "; {} points, {} hooks, {}; {}",
            path.visits.count(),
            path.steps.count(),
            Time(Some(path.whole_ns())),
            path.first_seen(),
        )
    });
}

/// A packet that has been away for long, and may come back.
pub(crate) fn away(path: &Path, gaps: &Gaps, holder: Option<usize>) {
    line(|f| {
        Start(path, path.at.net, path.at.point).fmt(f)?;
        f.write_str("away: queued or stolen by ")?;
        by(f, path, holder, gaps)
    });
}

fn parts(path: &Path, gaps: &Gaps) {
    path.each(|part| {
        line(|f| match &part {
            Part::Visit(visit) => {
                Start(path, visit.net, visit.point).fmt(f)?;
                let (input, output) = (Device(visit.input), Device(visit.output));
                write!(f, "in={input} out={output} {}", Full(&visit.seen))
            }
            Part::Reset(visit, stack, after) => {
                Start(path, visit.net, visit.point).fmt(f)?;
                f.write_str("reset")?;
                if let Some(after) = after {
                    write!(f, " after #{after}")?;
                }
                f.write_str(", sent by ")?;
                senders(f, stack)
            }
            Part::Passed(passed) => {
                Start(path, passed.visit.net, passed.visit.point).fmt(f)?;
                step(f, path, gaps, passed)
            }
        });
    });
    let lost = path.lost();
    if lost > 0 {
        line(|f| {
            Start(path, path.at.net, path.at.point).fmt(f)?;
            write!(f, "{lost} lines and changes more of it were not kept")
        });
    }
}

fn step(f: &mut fmt::Formatter<'_>, path: &Path, gaps: &Gaps, passed: &Passed<'_>) -> fmt::Result {
    let (number, step) = (passed.number, passed.step);
    match gaps.of(step.gap) {
        Ok(gap) => {
            let time = Time(path.ns_of(number, step, gap.owners.len()));
            owners(f, gap, Some(time), |hook| path.time_of(number, hook))?;
        }
        Err(why) => write!(f, "? {} {why}", Time(step.ns))?,
    }
    match passed.after {
        Some(after) => write!(f, ": {}", Changes(passed.before, after)),
        None => Ok(()),
    }
}

/// The functions that sent a packet, from the innermost out: less our own, and the core's that calls hooks.
pub(crate) fn senders(f: &mut fmt::Formatter<'_>, stack: &Stack) -> fmt::Result {
    let frames = stack.frames().skip_while(is_ours).skip(1);
    for (number, frame) in frames.enumerate() {
        if number > 0 {
            f.write_str(" < ")?;
        }
        Display::fmt(&frame, f)?;
    }
    Ok(())
}

/// Whether a function is this module's: writes its name to look.
fn is_ours(frame: &Frame) -> bool {
    struct Ours(bool);
    impl fmt::Write for Ours {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0 = text.ends_with("[nf_path]");
            Ok(())
        }
    }
    let mut ours = Ours(false);
    let _ = write!(ours, "{frame}");
    ours.0
}

/// `-200 3.1us ipv4_conntrack_in [nf_conntrack]`, or all that are between two rungs, with `|`, and behind each what
/// `own` gives.
fn owners(
    f: &mut fmt::Formatter<'_>,
    gap: &Gap,
    time: Option<Time>,
    own: impl Fn(usize) -> Option<u64>,
) -> fmt::Result {
    let mut last = None;
    for (hook, owner) in gap.owners.iter().enumerate() {
        let priority = owner.priority.get();
        match last {
            None => {
                write!(f, "{priority} ")?;
                if let Some(time) = &time {
                    write!(f, "{time} ")?;
                }
            }
            Some(last) if last == priority => f.write_str(" | ")?,
            Some(_) => write!(f, " | {priority} ")?,
        }
        last = Some(priority);
        owner.name.fmt(f)?;
        if let Some(ns) = own(hook) {
            write!(f, " {}", Time(Some(ns)))?;
        }
    }
    Ok(())
}

/// All that are between two rungs, without the priority of the first.
pub(crate) fn names(f: &mut fmt::Formatter<'_>, gap: &Gap) -> fmt::Result {
    let mut last = gap.priority();
    for (number, owner) in gap.owners.iter().enumerate() {
        if number > 0 {
            f.write_str(" | ")?;
        }
        if owner.priority != last {
            write!(f, "{} ", owner.priority.get())?;
        }
        last = owner.priority;
        owner.name.fmt(f)?;
    }
    Ok(())
}

/// By whom, if the packet is between two rungs: by that one of several, where it is known.
pub(crate) fn by(
    f: &mut fmt::Formatter<'_>,
    path: &Path,
    holder: Option<usize>,
    gaps: &Gaps,
) -> fmt::Result {
    if path.at.rung.is_some() && path.at.gap.is_none() {
        return f.write_str("nobody known");
    }
    let gap = match gaps.of(path.at.gap) {
        Ok(gap) => gap,
        Err(why) => return write!(f, "? {why}"),
    };
    match holder.and_then(|hook| gap.owners.get(hook)) {
        Some(owner) => write!(f, "{} {}", owner.priority.get(), owner.name),
        None => owners(f, gap, None, |_| None),
    }
}

/// How it has ended.
pub(crate) fn outcome(path: &Path) -> Outcome {
    match (path.dropped, path.end) {
        (Some(Dropped::InHook), _) => Outcome::Dropped,
        (Some(Dropped::InHookOrBehind), _) => Outcome::DroppedInOrAfter,
        (Some(Dropped::Behind), _) => Outcome::DroppedAfter,
        (None, end) if path.at.last => match (path.at.point, end) {
            (Point::LocalIn, End::Freed(_, Some(_))) => Outcome::Ended,
            (Point::LocalIn, _) => Outcome::Delivered,
            (Point::PostRouting, _) => Outcome::Sent,
            _ => Outcome::Ended,
        },
        (None, End::Cut | End::Open) => Outcome::Ended,
        (None, _) if path.at.rung.is_none() => Outcome::Ended,
        (None, _) => Outcome::Taken,
    }
}

/// The same in words, and by whom.
pub(crate) fn end(f: &mut fmt::Formatter<'_>, path: &Path, gaps: &Gaps) -> fmt::Result {
    let outcome = outcome(path);
    match outcome {
        Outcome::Delivered => return f.write_str("DELIVERED"),
        Outcome::Sent => return write!(f, "SENT by {}", Device(path.output())),
        Outcome::Dropped => f.write_str("DROPPED by ")?,
        Outcome::DroppedInOrAfter => f.write_str("DROPPED in or after ")?,
        Outcome::DroppedAfter => f.write_str("DROPPED after the hooks")?,
        Outcome::Taken => f.write_str("TAKEN by ")?,
        Outcome::Ended if path.at.last => f.write_str("ENDED after the hooks")?,
        Outcome::Ended if matches!(path.end, End::Cut | End::Open) => {
            return f.write_str("ENDED: nf_path is off")
        }
        Outcome::Ended => f.write_str("ENDED while hooks were changing")?,
    }
    if matches!(
        outcome,
        Outcome::Dropped | Outcome::DroppedInOrAfter | Outcome::Taken
    ) {
        by(f, path, path.holder, gaps)?;
    }
    match path.end {
        End::Freed(location, Some(reason)) if path.dropped.is_some() => {
            write!(f, ", {reason} in {location}")
        }
        End::Freed(location, _) => write!(f, ", freed in {location}"),
        _ => f.write_str(": not seen any more"),
    }
}

/// `#17 ns=4026532234 FORWARD `
struct Start<'a>(&'a Path, u32, Point);

impl Display for Start<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{} ns={} {} ", self.0.number, self.1, self.2.name())
    }
}

/// A device's name, or `-`.
pub(crate) struct Device(pub(crate) Option<DeviceName>);

impl Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(name) => name.fmt(f),
            None => f.write_str("-"),
        }
    }
}

/// Nanoseconds as `3.1us`, `14.2ms`, `1.5s`, or `-`.
struct Time(Option<u64>);

impl Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(ns) = self.0 else {
            return f.write_str("-");
        };
        let (unit, name) = match ns {
            0..1_000_000 => (1_000, "us"),
            1_000_000..1_000_000_000 => (1_000_000, "ms"),
            _ => (1_000_000_000, "s"),
        };
        write!(f, "{}.{}{name}", ns / unit, ns % unit / (unit / 10))
    }
}
