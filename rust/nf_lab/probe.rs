// SPDX-License-Identifier: GPL-2.0-only

//! The hook of a probe.

use crate::{
    action::{Act, Action},
    item::Settings,
    page::Quoted,
    record::Record,
    seen::Seen,
};
use kernel::{
    prelude::*,
    sync::{
        atomic::{Atomic, Relaxed},
        Arc,
    },
};
use netfilter::{
    random::random_u32, time::monotonic_ns, Arp, Bridge, Filter, Hook, Ip, Netdev, Packet,
    Priority, RateLimit, Shown, Verdict,
};

/// The name of the hook function: what `nft list hooks` shows.
pub(crate) struct Probe;

/// What it works on.
pub(crate) struct Running {
    name: Arc<KVec<u8>>,
    place: (crate::place::Hook, Priority),
    filter: Arc<Filter>,
    action: Action,
    every: u32,
    probability: u8,
    stop_at: u64,
    log: Option<RateLimit>,
    /// Packets that have matched, and those acted on, since it is active.
    matched: Atomic<u64>,
    acted: Atomic<u64>,
    seen: Arc<Seen>,
}

impl Running {
    pub(crate) fn new(name: Arc<KVec<u8>>, settings: &Settings, seen: Arc<Seen>) -> Self {
        Self {
            name,
            place: (settings.hook, settings.priority),
            filter: settings.matching.filter.clone(),
            action: settings.action,
            every: settings.every.0,
            probability: settings.probability.0,
            stop_at: settings.stop_at.0,
            log: (settings.log.0 != 0).then(|| RateLimit::new(settings.log.0)),
            matched: Atomic::new(0),
            acted: Atomic::new(0),
            seen,
        }
    }

    /// Whether this packet, which matches, shall be acted on.
    fn acts(&self) -> bool {
        let turn = self.matched.fetch_add(1, Relaxed).wrapping_add(1);
        turn.checked_rem(self.every.into()) == Some(0)
            && (self.probability >= 100 || random_u32() % 100 < self.probability.into())
            && (self.stop_at == 0 || self.acted.fetch_add(1, Relaxed) < self.stop_at)
    }

    fn see<'p, F: Act>(&self, packet: Packet<'p, F>) -> Verdict<'p> {
        let begin = monotonic_ns();
        if !self.filter.matches(&packet) {
            return packet.accept();
        }
        let record = Record::new(&packet);
        self.seen.packet(&record, &packet);
        let (verdict, given) = if self.acts() {
            let (verdict, given) = F::act(&self.action, packet);
            (verdict, Some(given))
        } else {
            (packet.accept(), None)
        };
        let ns = monotonic_ns().saturating_sub(begin);
        self.seen.verdict(&record, given, ns);
        if let Some(limit) = &self.log {
            self.print(limit, &record, given.is_some());
        }
        verdict
    }

    fn print(&self, limit: &RateLimit, record: &Record, acted: bool) {
        let name = Quoted(&self.name);
        if let Some(lines) = limit.untold() {
            let rate = limit.rate();
            pr_info!(
                "{}: {} lines not printed (limit {} a second)\n",
                name,
                lines,
                rate
            );
        }
        if !limit.take(1) {
            self.seen.unprinted();
            return;
        }
        let (hook, priority) = &self.place;
        let (hook, record) = (Shown(hook), Shown(record));
        if acted {
            let action = Shown(&self.action);
            pr_info!("{}: {} {} {}: {}\n", name, hook, priority, record, action);
        } else {
            pr_info!("{}: {} {} {}: spared\n", name, hook, priority, record);
        }
    }
}

macro_rules! probe {
    ($($family:ty),*) => {
        $(
            impl Hook<$family> for Probe {
                type Data = Running;

                fn hook<'p>(running: &Running, packet: Packet<'p, $family>) -> Verdict<'p> {
                    running.see(packet)
                }
            }
        )*
    };
}

probe!(Ip, Arp, Bridge, Netdev);
