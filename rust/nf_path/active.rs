// SPDX-License-Identifier: GPL-2.0-only

//! Whether packets are followed at all.

use crate::{
    end::Ends,
    manager::{Manager, Managing, PERIOD_MS},
    tracer::Tracer,
};
use kernel::{
    new_mutex,
    prelude::*,
    sync::{Arc, Mutex},
};
use netfilter::{FreeRegistration, Work, Worker};

/// Turns it on and off.
#[pin_data]
pub(crate) struct Active {
    tracer: Arc<Tracer>,
    manager: Arc<Manager>,
    #[pin]
    running: Mutex<Option<Running>>,
}

/// All that the kernel calls. The worker goes first: with it go the rungs, which need the rest.
struct Running {
    _worker: Worker<Managing>,
    _ends: FreeRegistration<Arc<Tracer>>,
}

impl Running {
    fn new(tracer: &Arc<Tracer>, manager: &Arc<Manager>) -> Result<Self> {
        let ends = FreeRegistration::new::<Ends, _>(tracer.clone())?;
        let managing = KBox::pin_init(Managing(manager.clone()), GFP_KERNEL)?;
        // The first rungs are there when this returns.
        managing.run();
        Ok(Self {
            _worker: Worker::every(PERIOD_MS, managing)?,
            _ends: ends,
        })
    }
}

impl Active {
    /// Off.
    pub(crate) fn new(tracer: Arc<Tracer>, manager: Arc<Manager>) -> impl PinInit<Self> {
        pin_init!(Self {
            tracer,
            manager,
            running <- new_mutex!(None),
        })
    }

    pub(crate) fn get(&self) -> bool {
        self.running.lock().is_some()
    }

    /// Off: paths that are under way end, and nothing of nf_path is called any more. May sleep.
    pub(crate) fn set(&self, active: bool) -> Result {
        let mut running = self.running.lock();
        if active && running.is_none() {
            *running = Some(Running::new(&self.tracer, &self.manager)?);
        } else if !active {
            *running = None;
        }
        Ok(())
    }
}
