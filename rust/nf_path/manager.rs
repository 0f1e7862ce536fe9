// SPDX-License-Identifier: GPL-2.0-only

//! What is done beside the packets' way: rungs are laid, paths that have ended are printed.

use crate::{
    blame,
    chain::{Chain, Layout},
    gaps::Gaps,
    ladder::{Ladders, Numbers},
    path::{End, Path, FORGOTTEN_NS},
    paths::SLOTS,
    print::{self, Verbosity},
    shared::Probes,
    stats::{Histogram, HEAD},
    trace,
    tracer::Tracer,
};
use core::fmt;
use kernel::{
    new_mutex,
    prelude::*,
    sync::{Arc, Mutex},
};
use netfilter::{time::monotonic_ns, IpVersion, NetRef, RateLimit, RcuCell, Registration, Work};

/// Between one time and the next.
pub(crate) const PERIOD_MS: u32 = 50;
/// Every so many times the chains of all namespaces are looked at.
const LOOK_EVERY: u32 = 4;
/// And, of chains that have not changed, at what their hooks are called: a chain can be renamed, and NAT can ask another.
const NAMES_EVERY: u32 = 4 * LOOK_EVERY;

#[pin_data]
pub(crate) struct Manager {
    #[pin]
    state: Mutex<State>,
}

struct State {
    tracer: Arc<Tracer>,
    verbosity: Verbosity,
    round: u32,
    nets: KVec<Ladders>,
    gaps: Gaps,
    probes: Probes,
    numbers: Numbers,
    limit: RateLimit,
    /// The one that is being printed.
    path: KBox<Path>,
    order: KVec<(u64, usize)>,
    /// Not followed, and told.
    overflow: u64,
    /// The last error was told.
    failing: bool,
}

impl Manager {
    pub(crate) fn new(tracer: Arc<Tracer>, verbosity: Verbosity, rate: u32) -> Result<Arc<Self>> {
        let path = KBox::init(Path::init(), GFP_KERNEL)?;
        let state = State {
            tracer,
            verbosity,
            round: 0,
            nets: KVec::new(),
            gaps: Gaps::new(),
            probes: Probes::default(),
            numbers: Numbers::default(),
            limit: RateLimit::new(rate),
            path,
            order: KVec::with_capacity(SLOTS, GFP_KERNEL)?,
            overflow: 0,
            failing: false,
        };
        Arc::pin_init(pin_init!(Self { state <- new_mutex!(state) }), GFP_KERNEL)
    }
}

/// What the worker does; the rungs go with it.
pub(crate) struct Managing(pub(crate) Arc<Manager>);

impl Work for Managing {
    fn run(&self) {
        let mut state = self.0.state.lock();
        let state = &mut *state;
        if state.round % LOOK_EVERY == 0 {
            let result = state.look();
            if let (Err(error), false) = (result, state.failing) {
                pr_err!("rungs could not be laid everywhere: {:?}\n", error);
            }
            state.failing = result.is_err();
        }
        state.round = state.round.wrapping_add(1);
        state.age();
        state.print();
    }
}

impl Drop for Managing {
    fn drop(&mut self) {
        self.0.state.lock().stop();
    }
}

impl Manager {
    /// All hooks of all points, with what has been counted of each.
    pub(crate) fn hooks(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state.lock();
        state.nets.iter().try_for_each(|ladders| {
            ladders.each(|chain, layout| hooks(f, &state.gaps, chain, layout))
        })
    }
}

/// The hooks of a chain in order, a line each; where several share a priority, a line for all, and then one for each.
fn hooks(f: &mut fmt::Formatter<'_>, gaps: &Gaps, chain: &Chain, layout: &Layout) -> fmt::Result {
    let version = match chain.version {
        IpVersion::V4 => "IPv4",
        IpVersion::V6 => "IPv6",
    };
    if layout.gaps.iter().all(|gap| gap.owners.is_empty()) {
        return Ok(());
    }
    writeln!(f, "ns={} {version} {}", chain.net, chain.point.name())?;
    writeln!(f, "{HEAD}    priority  hook; ns:packets")?;
    for gap in layout.gaps.iter().filter(|gap| !gap.owners.is_empty()) {
        let Some((stats, each)) = gaps.stats(gap.number) else {
            continue;
        };
        write!(f, "{stats} {:11}  ", gap.priority().get())?;
        print::names(f, gap)?;
        writeln!(f, "{}", Histogram(stats))?;
        for (owner, stats) in gap.owners.iter().zip(each) {
            let (priority, name) = (owner.priority.get(), &owner.name);
            writeln!(f, "{stats} {priority:11}  | {name}{}", Histogram(stats))?;
        }
    }
    Ok(())
}

impl State {
    /// Puts rungs into all namespaces, new ones too, and reads what has changed.
    fn look(&mut self) -> Result {
        let tracer = &self.tracer;
        let now = monotonic_ns();
        let nets = NetRef::all()?;
        let mut result = Ok(());
        let mut gone = KVec::new();
        let known = core::mem::take(&mut self.nets);
        for ladders in known {
            if nets.iter().any(|net| net.cookie() == ladders.cookie) {
                self.nets.push(ladders, GFP_KERNEL)?;
            } else {
                gone.push(ladders, GFP_KERNEL)?;
            }
        }
        for net in nets.iter() {
            if tracer.net != 0 && tracer.net != net.inode() {
                continue;
            }
            let place = self.nets.iter().position(|old| old.cookie == net.cookie());
            let place = match place {
                Some(place) => place,
                None => {
                    self.nets
                        .push(Ladders::new(net, tracer.clone())?, GFP_KERNEL)?;
                    self.nets.len() - 1
                }
            };
            let Some(ladders) = self.nets.get_mut(place) else {
                continue;
            };
            let laid = ladders.lay(net, &mut self.numbers);
            if !matches!(laid, Ok(true)) {
                // Next time they are laid anew.
                if let Ok(ladders) = self.nets.remove(place) {
                    gone.push(ladders, GFP_KERNEL)?;
                }
            }
            match laid {
                // Or the namespace is going away.
                Ok(_) | Err(ENOENT) => {}
                Err(error) => result = Err(error),
            }
        }
        let mut registrations = KVec::new();
        for ladders in gone {
            for registration in ladders.into_registrations() {
                registrations.push(registration, GFP_KERNEL)?;
            }
        }
        if !registrations.is_empty() {
            Registration::drop_all(registrations);
        }
        let mut changes = KVec::new();
        let names = self.round % NAMES_EVERY == 0;
        for ladders in &self.nets {
            if let Some(net) = nets.iter().find(|net| net.cookie() == ladders.cookie) {
                let (gaps, probes) = (&mut self.gaps, &mut self.probes);
                let numbers = &mut self.numbers;
                ladders.read(net, gaps, probes, numbers, names, &mut changes)?;
            }
        }
        if !changes.is_empty() {
            RcuCell::replace_all(changes)?;
            self.nets.iter().for_each(Ladders::settle);
        }
        self.gaps.forget(now);
        self.probes.forget(now);
        result
    }

    /// Ends paths of which nothing has been heard for long.
    fn age(&mut self) {
        let (gaps, probes) = (&self.gaps, &self.probes);
        let (limit, verbosity) = (&self.limit, self.verbosity);
        let (now, missed) = (monotonic_ns(), self.tracer.paths.busy());
        self.tracer.paths.look_after(now, |path| {
            if path.tell_held() {
                let known = !path.calls.is_queued() || probes.have_seen_all();
                let holder = path.holder(missed).filter(|_| known);
                trace::away(path, gaps, holder);
                if verbosity == Verbosity::All && limit.take(1) {
                    print::away(path, gaps, holder);
                }
                return Some(FORGOTTEN_NS);
            }
            path.finish(End::Silent, missed);
            None
        });
    }

    fn print(&mut self) {
        let (gaps, probes) = (&mut self.gaps, &self.probes);
        let (limit, verbosity) = (&self.limit, self.verbosity);
        let paths = &self.tracer.paths;
        paths.drain(&mut self.order, &mut self.path, |path| {
            if path.calls.is_queued() && !probes.have_seen_all() {
                path.holder = None;
            }
            path.settle(|path, location, reason| {
                let gap = path.at.gap.and_then(|number| gaps.get(number));
                blame::dropped(path, gap, location, reason)
            });
            gaps.count(path);
            trace::trace(path, gaps);
            let lines = print::lines(path, verbosity);
            if limit.take(lines) {
                print::print(path, gaps, verbosity);
            }
        });
        if let Some(lines) = limit.untold() {
            let rate = limit.rate();
            pr_info!("{} lines not printed (limit {} a second)\n", lines, rate);
        }
        let overflow = self.tracer.paths.overflow();
        if overflow != self.overflow {
            let more = overflow.saturating_sub(self.overflow);
            pr_info!("{} packets not followed: too many are under way\n", more);
            self.overflow = overflow;
        }
    }
}

impl State {
    /// The rungs go, the probes too, and what is under way ends. May sleep.
    fn stop(&mut self) {
        let nets = core::mem::take(&mut self.nets);
        Registration::drop_all(nets.into_iter().flat_map(Ladders::into_registrations));
        self.probes = Probes::default();
        self.round = 0;
        let missed = self.tracer.paths.busy();
        self.tracer.paths.look_after(u64::MAX, |path| {
            path.finish(End::Cut, missed);
            None
        });
        self.print();
    }
}

/// There are no rungs any more, and so the figures are the last ones.
impl Drop for State {
    fn drop(&mut self) {
        pr_info!(
            "unloaded: {} packets, {} lines printed, {} not printed, {} packets not followed, {} lost\n",
            self.tracer.packets(),
            self.limit.printed(),
            self.limit.suppressed(),
            self.tracer.paths.overflow(),
            self.tracer.paths.busy(),
        );
    }
}
