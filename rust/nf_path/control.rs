// SPDX-License-Identifier: GPL-2.0-only

//! Files in debugfs: nf_path/active, nf_path/filter and nf_path/hooks.

use crate::{active::Active, manager::Manager, tracer::Tracer};
use kernel::{
    debugfs::{Dir, File},
    fmt, new_mutex,
    prelude::*,
    str::kstrtobool_bytes,
    sync::{Arc, Mutex},
    uaccess::UserSliceReader,
};
use netfilter::{filter::FilterError, Filter};

/// Longer than the longest program that the kernel takes.
const MAX_TEXT: usize = 256 << 10;

#[pin_data]
pub(crate) struct Control {
    #[pin]
    _active: File<Arc<Active>>,
    #[pin]
    _filter: File<Choice>,
    #[pin]
    _hooks: File<Arc<Manager>>,
    _directory: Dir,
}

impl Control {
    /// `text` is the filter that the tracer has.
    pub(crate) fn new(
        tracer: Arc<Tracer>,
        manager: Arc<Manager>,
        active: Arc<Active>,
        text: KVec<u8>,
    ) -> impl PinInit<Self, Error> {
        let directory = Dir::new(c"nf_path");
        let texts = Texts {
            active: text,
            refused: None,
        };
        let choice = pin_init!(Choice {
            tracer,
            texts <- new_mutex!(texts),
        });
        try_pin_init!(Self {
            _active <- directory.read_write_callback_file(c"active", active, &is_active, &set_active),
            _filter <- directory.read_write_callback_file(c"filter", choice, &show, &choose),
            _hooks <- directory.read_callback_file(c"hooks", manager, &hooks),
            _directory: directory,
        })
    }
}

fn is_active(active: &Arc<Active>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    writeln!(f, "{}", u8::from(active.get()))
}

fn set_active(active: &Arc<Active>, reader: &mut UserSliceReader) -> Result {
    let mut text = [0; 16];
    let text = text.get_mut(..reader.len()).ok_or(EINVAL)?;
    reader.read_slice(text)?;
    active.set(kstrtobool_bytes(text)?)
}

fn hooks(manager: &Arc<Manager>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    manager.hooks(f)
}

/// Which packets are followed.
#[pin_data]
struct Choice {
    tracer: Arc<Tracer>,
    #[pin]
    texts: Mutex<Texts>,
}

/// As written.
struct Texts {
    active: KVec<u8>,
    refused: Option<FilterError>,
}

/// The filter that is active, and what was wrong with the one that was written last, if anything.
fn show(choice: &Choice, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let texts = choice.texts.lock();
    // Nothing else is a filter.
    let active = core::str::from_utf8(&texts.active).unwrap_or("?");
    writeln!(f, "{active}")?;
    match &texts.refused {
        Some(error) => writeln!(f, "# refused: {error}"),
        None => Ok(()),
    }
}

/// Packets that are being followed go on being followed.
fn choose(choice: &Choice, reader: &mut UserSliceReader) -> Result {
    if reader.len() > MAX_TEXT {
        pr_err!("filter: longer than {} bytes\n", MAX_TEXT);
        return Err(E2BIG);
    }
    let mut text = KVec::new();
    text.resize(reader.len(), 0, GFP_KERNEL)?;
    reader.read_slice(&mut text)?;
    let len = text.trim_ascii_end().len();
    text.truncate(len);
    let mut texts = choice.texts.lock();
    match Filter::parse(&text) {
        Ok(filter) => {
            choice
                .tracer
                .filter
                .replace(KBox::new(filter, GFP_KERNEL)?)?;
            *texts = Texts {
                active: text,
                refused: None,
            };
            Ok(())
        }
        Err(error) => {
            pr_err!("filter: {}; the one before stays\n", error);
            texts.refused = Some(error);
            Err(error.into())
        }
    }
}
