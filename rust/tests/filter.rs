// SPDX-License-Identifier: GPL-2.0-only

//! A test's module: a program written to debugfs is run on packets, and those that match are printed.
//! nf_test_filter/program: at `PRE_ROUTING` and `LOCAL_OUT`; nf_test_filter/egress: at the egress of
//! eth0 in the writer's namespace.

// Not `forbid`: `module!` contains `unsafe` of its own.
#![deny(unsafe_code)]

use kernel::{
    debugfs::{Dir, File},
    new_mutex,
    prelude::*,
    sync::Mutex,
    uaccess::UserSliceReader, //
};
use netfilter::{
    BpfFilter, DeviceOp, Hook, NetRef, Netdev, Op, Packet, Point, Priority, Registration, Verdict,
};

module! {
    type: FilterTest,
    name: "nf_test_filter",
    authors: ["The rust-netfilter authors"],
    description: "Test: a classic BPF program on packets",
    license: "GPL",
}

type Running = Mutex<Option<Registration<BpfFilter>>>;

#[pin_data]
struct FilterTest {
    #[pin]
    _program: File<Running>,
    #[pin]
    _egress: File<Running>,
    _directory: Dir,
}

struct Match;
struct MatchSent;

impl Hook for Match {
    type Data = BpfFilter;

    fn hook<'p>(filter: &BpfFilter, packet: Packet<'p>) -> Verdict<'p> {
        if filter.matches(&packet) {
            if let Some(ip) = packet.ip() {
                pr_info!(
                    "{} proto={} len={} returns {}\n",
                    packet.state().point().name(),
                    ip.protocol(),
                    packet.len(),
                    filter.run(&packet)
                );
            }
        }
        packet.accept()
    }
}

impl Hook<Netdev> for MatchSent {
    type Data = BpfFilter;

    fn hook<'p>(filter: &BpfFilter, packet: Packet<'p, Netdev>) -> Verdict<'p> {
        let before = packet.len();
        if filter.matches(&packet) {
            pr_info!("EGRESS len={} and {} after\n", before, packet.len());
        }
        packet.accept()
    }
}

/// The program in a text; none in an empty one.
fn compile(reader: &mut UserSliceReader) -> Result<Option<BpfFilter>> {
    let mut text = KVec::new();
    text.resize(reader.len(), 0, GFP_KERNEL)?;
    reader.read_slice(&mut text)?;
    if text.trim_ascii().is_empty() {
        return Ok(None);
    }
    let filter = BpfFilter::parse(&text).inspect_err(|error| pr_err!("{}\n", error))?;
    Ok(Some(filter))
}

fn run(running: &Running, reader: &mut UserSliceReader) -> Result {
    *running.lock() = None;
    if let Some(filter) = compile(reader)? {
        let ops = [
            Op::inet::<Match>(Point::PreRouting, Priority::RAW),
            Op::inet::<Match>(Point::LocalOut, Priority::RAW),
        ];
        *running.lock() = Some(Registration::in_all_nets(&ops, filter)?);
    }
    Ok(())
}

fn run_at_egress(running: &Running, reader: &mut UserSliceReader) -> Result {
    *running.lock() = None;
    if let Some(filter) = compile(reader)? {
        let net = NetRef::current().ok_or(ESRCH)?;
        let ops = [DeviceOp::egress::<MatchSent>(Priority::FILTER)];
        *running.lock() = Some(Registration::on_device(&net, c"eth0", &ops, filter)?);
    }
    Ok(())
}

impl kernel::InPlaceModule for FilterTest {
    fn init(_module: &'static ThisModule) -> impl PinInit<Self, Error> {
        let directory = Dir::new(c"nf_test_filter");
        try_pin_init!(Self {
            _program <- directory.write_callback_file(c"program", new_mutex!(None), &run),
            _egress <- directory.write_callback_file(c"egress", new_mutex!(None), &run_at_egress),
            _directory: directory,
        })
    }
}
