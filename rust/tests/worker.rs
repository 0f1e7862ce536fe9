// SPDX-License-Identifier: GPL-2.0-only

//! A test's module: workers that are dropped where one must not wait for them.

// Not `forbid`: `module!` contains `unsafe` of its own.
#![deny(unsafe_code)]

use kernel::{
    new_mutex,
    prelude::*,
    sync::{rcu, Arc, Mutex},
};
use netfilter::{Hook, Op, Packet, PerNet, Point, Priority, Registration, Verdict, Work, Worker};

module! {
    type: WorkerTest,
    name: "nf_test_worker",
    authors: ["The rust-netfilter authors"],
    description: "Test: workers that end in odd places",
    license: "GPL",
}

/// Where workers are kept that they, or others, drop.
#[pin_data]
struct Place {
    #[pin]
    workers: Mutex<[Option<Worker<Drops>>; 2]>,
}

impl Place {
    fn new() -> Result<Arc<Self>> {
        Arc::pin_init(
            pin_init!(Self { workers <- new_mutex!([const { None }; 2]) }),
            GFP_KERNEL,
        )
    }
}

/// Drops one that is in its place, itself or the other.
struct Drops {
    name: &'static str,
    place: Arc<Place>,
    which: usize,
}

impl Work for Drops {
    fn run(&self) {
        let mut workers = self.place.workers.lock();
        let other = workers.get_mut(self.which).and_then(Option::take);
        // The other has ended before it could drop this one.
        let worker = other.or_else(|| workers.iter_mut().find_map(Option::take));
        drop(workers);
        drop(worker);
    }
}

impl Drop for Drops {
    fn drop(&mut self) {
        pr_info!("{}: its work is dropped\n", self.name);
    }
}

fn drops(name: &'static str, place: &Arc<Place>, which: usize) -> Result<Worker<Drops>> {
    let place = place.clone();
    Worker::every(1, KBox::pin(Drops { name, place, which }, GFP_KERNEL)?)
}

struct Nothing;

impl Work for Nothing {
    fn run(&self) {}
}

/// Data of a namespace, which drop a worker as it goes.
struct Data(#[expect(dead_code, reason = "dropped")] Worker<Nothing>);

impl Drop for Data {
    fn drop(&mut self) {
        pr_info!("data of a namespace are dropped\n");
    }
}

struct Accept;

impl Hook for Accept {
    type Data = Data;

    fn hook<'p>(_data: &Data, packet: Packet<'p>) -> Verdict<'p> {
        packet.accept()
    }
}

struct WorkerTest(#[expect(dead_code, reason = "kept")] Registration<PerNet<Data>>);

impl kernel::Module for WorkerTest {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let own = Place::new()?;
        own.workers.lock()[0] = Some(drops("own", &own, 0)?);

        // Neither takes the other before both are there.
        let both = Place::new()?;
        let mut workers = both.workers.lock();
        workers[0] = Some(drops("left", &both, 1)?);
        workers[1] = Some(drops("right", &both, 0)?);
        drop(workers);

        let worker = drops("under RCU", &Place::new()?, 0)?;
        let rcu = rcu::read_lock();
        drop(worker);
        drop(rcu);

        let ops = [Op::ipv4::<Accept>(Point::LocalIn, Priority::FILTER)];
        let registration = Registration::per_net(&ops, |_| {
            Worker::every(1, KBox::pin(Nothing, GFP_KERNEL)?).map(Data)
        })?;
        Ok(Self(registration))
    }
}
