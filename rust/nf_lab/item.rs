// SPDX-License-Identifier: GPL-2.0-only

//! A probe in configfs: its settings, and its hook while it is active.

use crate::{
    action::Action,
    matching::Match,
    page::Quoted,
    place::{Device, Family, Hook, Namespace, Place},
    probe::Running,
    seen::Seen,
    setting::{Every, Log, Probability, Setting, StopAt, Wrong},
};
use kernel::{
    new_mutex,
    prelude::*,
    sync::{Arc, Mutex},
};
use netfilter::{Priority, Registration};

/// What a directory stands for.
#[pin_data]
pub(crate) struct Item {
    name: Arc<KVec<u8>>,
    #[pin]
    state: Mutex<State>,
    pub(crate) seen: Arc<Seen>,
}

struct State {
    settings: Settings,
    /// While it is active, and when what it was for has gone.
    registration: Option<Registration<Running>>,
}

impl State {
    fn is_active(&self) -> bool {
        let registration = self.registration.as_ref();
        registration.is_some_and(|registration| registration.is_registered() == Ok(true))
    }
}

#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) family: Family,
    pub(crate) hook: Hook,
    pub(crate) device: Device,
    pub(crate) namespace: Namespace,
    pub(crate) priority: Priority,
    pub(crate) matching: Match,
    pub(crate) action: Action,
    pub(crate) every: Every,
    pub(crate) probability: Probability,
    pub(crate) stop_at: StopAt,
    pub(crate) log: Log,
}

impl Settings {
    /// Those of a probe that has just been made: it would see all IP packets that its maker's namespace
    /// receives, and accept them.
    fn new() -> Result<Self> {
        Ok(Self {
            family: Family::Inet,
            hook: Hook::Prerouting,
            device: Device::default(),
            namespace: Namespace::current()?,
            priority: Priority::FILTER,
            matching: Match::parse(b"")?,
            action: Action::Accept,
            every: Every::default(),
            probability: Probability::default(),
            stop_at: StopAt::default(),
            log: Log::default(),
        })
    }
}

impl Item {
    pub(crate) fn new(name: &CStr) -> impl PinInit<Self, Error> + '_ {
        pin_init::pin_init_scope(move || {
            let state = State {
                settings: Settings::new()?,
                registration: None,
            };
            let mut bytes = KVec::new();
            bytes.extend_from_slice(name.to_bytes(), GFP_KERNEL)?;
            let name = Arc::new(bytes, GFP_KERNEL)?;
            let seen = Arc::pin_init(Seen::new(), GFP_KERNEL)?;
            Ok(try_pin_init!(Self {
                name,
                state <- new_mutex!(state),
                seen,
            }? Error))
        })
    }

    pub(crate) fn settings(&self) -> Settings {
        self.state.lock().settings.clone()
    }

    pub(crate) fn is_active(&self) -> bool {
        self.state.lock().is_active()
    }

    /// Lets `change` change the settings of a probe that is not active.
    pub(crate) fn change<T: Setting>(
        &self,
        attribute: &str,
        text: &[u8],
        set: impl FnOnce(&mut Settings, T),
    ) -> Result {
        let text = text.trim_ascii();
        let value = T::parse(text);
        let mut state = self.state.lock();
        if state.is_active() {
            pr_err!(
                "{}: {}={}: the probe is active: write 0 to active first\n",
                Quoted(&self.name),
                attribute,
                Quoted(text)
            );
            return Err(EBUSY);
        }
        let value = value.map_err(|wrong| self.refuse(attribute, text, wrong))?;
        set(&mut state.settings, value);
        Ok(())
    }

    /// Says why a value is refused.
    pub(crate) fn refuse(&self, attribute: &str, text: &[u8], wrong: Wrong) -> Error {
        pr_err!(
            "{}: {}={}: {}\n",
            Quoted(&self.name),
            attribute,
            Quoted(text),
            wrong
        );
        wrong.into()
    }

    /// Puts the hook into its place or takes it off.
    pub(crate) fn set_active(&self, active: bool) -> Result<(), Wrong> {
        let mut state = self.state.lock();
        if !active {
            state.registration = None;
        } else if !state.is_active() {
            state.registration = None;
            state.registration = Some(self.register(&state.settings)?);
        }
        Ok(())
    }

    fn register(&self, settings: &Settings) -> Result<Registration<Running>, Wrong> {
        settings.action.check(settings.family)?;
        let place = Place::new(settings.family, settings.hook, settings.priority)?;
        let device = settings.device.name();
        if device.is_some() != settings.hook.on_device() {
            return Err(Wrong::Conflict(
                "ingress and egress need a device, and the other hooks have none (-)",
            ));
        }
        let running = Running::new(self.name.clone(), settings, self.seen.clone());
        let net = settings.namespace.net()?;
        match (place, net, device) {
            (Place::Everywhere(op), Some(net), _) => Registration::in_net(&net, &[op], running),
            (Place::Everywhere(op), None, _) => Registration::in_all_nets(&[op], running),
            (Place::OnDevice(op), Some(net), Some(name)) => {
                Registration::on_device(&net, name, &[op], running)
            }
            (Place::OnDevice(_), _, _) => {
                let why = "ingress and egress are in one namespace, that of their device";
                return Err(Wrong::Conflict(why));
            }
        }
        .map_err(|error| {
            Wrong::Kernel(
                error,
                match error {
                    E2BIG => "there are 1024 hooks at this point, and the core takes no more",
                    ENODEV => "its namespace has no device of that name",
                    ENOENT => "its namespace is gone",
                    ENOMEM => "no memory",
                    _ => "refused by the kernel",
                },
            )
        })
    }
}
