// SPDX-License-Identifier: GPL-2.0-only

//! Being told when other hooks are called, and what they return.

use crate::{bindings, probe::Probe, HookId, PacketId};
use core::{ffi::c_void, fmt, num::NonZeroUsize, ops::Deref};
use kernel::prelude::*;

/// Functions that are told when a hook, of whomever, is called, and what it has returned.
///
/// As with [`Hook`](crate::Hook), the implementing type only names the functions.
///
/// It costs each call of that function a good deal: to be used where nothing else tells hooks apart.
///
/// C: a `struct fprobe` with an entry and an exit handler.
pub trait HookProbe {
    /// What it works on. Any CPU may be in the function, hence `Sync`.
    type Data: Send + Sync + 'static;

    /// A function that was asked for is being called. What this gives comes along with the
    /// [`HookReturn`] of the same call; none: [`returned`](Self::returned) is not called for this one,
    /// which spares some of the cost.
    ///
    /// # Context
    ///
    /// That of the hook, with preemption off: must not sleep.
    fn called(_data: &Self::Data, _call: HookCall) -> Option<u64> {
        Some(0)
    }

    /// A function that was asked for has returned.
    ///
    /// # Context
    ///
    /// As [`called`](Self::called).
    fn returned(data: &Self::Data, returned: HookReturn);
}

/// A function that a hook calls.
///
/// There is deliberately no way to print it: [`ChainEntry::function`](crate::ChainEntry::function) has
/// its name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct HookFunction(usize);

impl HookFunction {
    pub(crate) fn new(hook: bindings::nf_hookfn) -> Self {
        Self(hook.map_or(0, |hook| hook as usize))
    }

    pub(crate) fn address(self) -> usize {
        self.0
    }
}

/// A hook's call.
#[derive(Clone, Copy)]
pub struct HookCall {
    packet: Option<PacketId>,
    hook: HookId,
}

impl HookCall {
    fn new(raw: &bindings::nf_hook_call) -> Self {
        Self {
            packet: NonZeroUsize::new(raw.skb.addr()).map(PacketId::new),
            hook: HookId::new(raw.function, raw.priv_),
        }
    }

    /// Which packet it is called for.
    pub fn packet(&self) -> Option<PacketId> {
        self.packet
    }

    /// Which hook: equal to that entry's [`ChainEntry::id`](crate::ChainEntry::id).
    pub fn hook(&self) -> HookId {
        self.hook
    }
}

/// A hook's call that has ended.
#[derive(Clone, Copy)]
pub struct HookReturn {
    call: HookCall,
    tag: u64,
    verdict: u32,
    ns: u64,
}

impl HookReturn {
    /// Which packet it was called for. It may be gone already: dropped by the hook. Then another one
    /// may have the same [`PacketId`].
    pub fn packet(&self) -> Option<PacketId> {
        self.call.packet()
    }

    /// Which hook: see [`HookCall::hook`].
    pub fn hook(&self) -> HookId {
        self.call.hook()
    }

    /// What [`HookProbe::called`] has given for this call.
    pub fn tag(&self) -> u64 {
        self.tag
    }

    /// What it has returned.
    pub fn verdict(&self) -> VerdictCode {
        VerdictCode::new(self.verdict)
    }

    /// How long it took, in nanoseconds.
    pub fn ns(&self) -> u64 {
        self.ns
    }
}

/// What a hook function returns.
///
/// Its `Display` writes `ACCEPT`, `DROP`, `STOLEN`, `QUEUE 3`, or a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerdictCode {
    /// `NF_DROP`, or `NF_DROP_REASON()`: the hook has freed the packet itself.
    Drop,
    /// `NF_ACCEPT`
    Accept,
    /// `NF_STOLEN`: the hook has the packet.
    Stolen,
    /// `NF_QUEUE`
    Queue {
        /// The queue's.
        number: u16,
    },
    /// None that the core takes.
    Other(u32),
}

impl VerdictCode {
    fn new(raw: u32) -> Self {
        match raw & bindings::NF_VERDICT_MASK {
            bindings::NF_DROP => Self::Drop,
            bindings::NF_ACCEPT => Self::Accept,
            // An error for the sender is told where it is dropped.
            bindings::NF_STOLEN if raw >> bindings::NF_VERDICT_QBITS != 0 => Self::Drop,
            bindings::NF_STOLEN => Self::Stolen,
            bindings::NF_QUEUE => Self::Queue {
                number: (raw >> bindings::NF_VERDICT_QBITS) as u16,
            },
            _ => Self::Other(raw),
        }
    }
}

impl fmt::Display for VerdictCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Drop => f.write_str("DROP"),
            Self::Accept => f.write_str("ACCEPT"),
            Self::Stolen => f.write_str("STOLEN"),
            Self::Queue { number } => write!(f, "QUEUE {number}"),
            Self::Other(raw) => write!(f, "{raw:#x}"),
        }
    }
}

/// A [`HookProbe`] that is registered, and its data.
///
/// Dropping it takes the probe off, waits until no CPU is in it, and then drops the data. Dropped
/// where it may not sleep, it has a work item do that a moment later. One that is leaked stays until
/// the module is unloaded. When the module that has the function goes, the probe ends too.
///
/// ```ignore
/// let mut functions = KVec::new();
/// for entry in Chain::ipv4(&net, Point::Forward, &rcu::read_lock()) {
///     functions.push(entry.hook_function(), GFP_ATOMIC)?;
/// }
/// let probe = HookProbeRegistration::new::<Tell, _>(functions[0], data)?;
/// ```
///
/// C: `register_fprobe_ips()`, `unregister_fprobe()`.
///
/// # Invariants
///
/// The probe's object is from `nf_hook_probe_add()`.
#[must_use = "the probe is off as soon as it is dropped"]
pub struct HookProbeRegistration<D: Send + Sync + 'static>(Probe<bindings::nf_hook_probe, D>);

impl<D: Send + Sync + 'static> HookProbeRegistration<D> {
    /// Puts the probe `P` on a function, of whichever hooks. It may be called before this returns.
    ///
    /// # Errors
    ///
    /// - `ENOENT`: the function cannot be traced (some of other modules in Rust), or is gone.
    /// - `EOPNOTSUPP`: a kernel without fprobes.
    /// - `ENOMEM`, and what `data` fails with.
    /// - `EDEADLK`: called where it may not sleep.
    /// - `ESHUTDOWN`: called while the module is being freed.
    ///
    /// # Context
    ///
    /// May sleep.
    pub fn new<P: HookProbe<Data = D>, E>(
        function: HookFunction,
        data: impl PinInit<D, E>,
    ) -> Result<Self>
    where
        Error: From<E>,
    {
        // SAFETY: `called::<P>` and `returned::<P>` take a `P::Data`, which the data are; they are not
        // called any more when `nf_hook_probe_remove()` has returned. The address may be that of anything by now: the
        // core looks for a place there that can be traced, and what is called is never dereferenced.
        let probe = unsafe {
            Probe::new(data, bindings::nf_hook_probe_remove, |data, probe| {
                bindings::nf_hook_probe_add(
                    Some(called::<P>),
                    Some(returned::<P>),
                    data,
                    function.0,
                    probe,
                )
            })?
        };
        // INVARIANT: From there.
        Ok(Self(probe))
    }

    /// Calls that the probe was not told of: too many functions were being traced at the same time.
    pub fn missed(&self) -> u64 {
        // SAFETY: By the type invariants.
        unsafe { bindings::nf_hook_probe_missed(self.0.as_ptr()) }
    }
}

impl<D: Send + Sync + 'static> Deref for HookProbeRegistration<D> {
    type Target = D;

    fn deref(&self) -> &D {
        self.0.data()
    }
}

/// What the fprobe's entry handler calls.
///
/// # Safety
///
/// `data` must be a `P::Data`, and `call` be valid and nobody else's, during the call.
unsafe extern "C" fn called<P: HookProbe>(
    data: *mut c_void,
    call: *mut bindings::nf_hook_call,
) -> bool {
    // SAFETY: By the safety requirement.
    let (data, call) = unsafe { (&*data.cast::<P::Data>(), &mut *call) };
    match P::called(data, HookCall::new(call)) {
        Some(tag) => {
            call.tag = tag;
            true
        }
        None => false,
    }
}

/// What the fprobe's exit handler calls.
///
/// # Safety
///
/// `data` must be a `P::Data`, and `call` be valid, during the call.
unsafe extern "C" fn returned<P: HookProbe>(
    data: *mut c_void,
    call: *const bindings::nf_hook_call,
    verdict: u32,
    ns: u64,
) {
    // SAFETY: By the safety requirement.
    let (data, call) = unsafe { (&*data.cast::<P::Data>(), &*call) };
    let returned = HookReturn {
        call: HookCall::new(call),
        tag: call.tag,
        verdict,
        ns,
    };
    P::returned(data, returned);
}
