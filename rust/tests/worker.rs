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

/// Where a worker is kept that another drops.
#[pin_data]
struct Place {
    #[pin]
    worker: Mutex<Option<Worker<Drops>>>,
}

impl Place {
    fn new() -> Result<Arc<Self>> {
        Arc::pin_init(pin_init!(Self { worker <- new_mutex!(None) }), GFP_KERNEL)
    }
}

/// Drops what is in a place, its own or another's.
struct Drops {
    name: &'static str,
    place: Arc<Place>,
}

impl Work for Drops {
    fn run(&self) {
        drop(self.place.worker.lock().take());
    }
}

impl Drop for Drops {
    fn drop(&mut self) {
        pr_info!("{}: its work is dropped\n", self.name);
    }
}

fn drops(name: &'static str, place: &Arc<Place>) -> Result<Worker<Drops>> {
    let place = place.clone();
    Worker::every(1, KBox::pin(Drops { name, place }, GFP_KERNEL)?)
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
        *own.worker.lock() = Some(drops("own", &own)?);

        let (left, right) = (Place::new()?, Place::new()?);
        let mut one = left.worker.lock();
        let mut other = right.worker.lock();
        *one = Some(drops("left", &right)?);
        *other = Some(drops("right", &left)?);
        drop((one, other));

        let under_rcu = Place::new()?;
        let worker = drops("under RCU", &under_rcu)?;
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
