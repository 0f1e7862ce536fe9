// SPDX-License-Identifier: GPL-2.0-only

//! Where rungs stand, and where more are wanted.
//!
//! Pure: of a chain it is only known which hooks are ours, and the priorities of the others.

/// A hook in a chain.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Place {
    Rung,
    /// Its priority.
    Foreign(i32),
}

/// The priorities at which rungs are missing: one before all others, and one behind each group of
/// foreign hooks at the same priority.
///
/// A hook that is registered at a priority already taken comes before those that have it, so a rung for
/// the group at `p` is put at `p + 1`: before the group that may be there, behind all of `p`. It stays there
/// when hooks are taken off and others put in at the same priorities. Behind `INT_MAX` none fits.
pub(crate) fn missing(chain: impl Iterator<Item = Place>) -> impl Iterator<Item = i32> {
    let mut first = true;
    let mut open = None;
    chain
        .map(Some)
        .chain(core::iter::once(None))
        .filter_map(move |place| {
            let before = core::mem::replace(&mut first, false);
            let group = open;
            open = match place {
                Some(Place::Foreign(priority)) => Some(priority),
                _ => None,
            };
            match (place, group) {
                (Some(Place::Rung), _) => None,
                (Some(Place::Foreign(_)) | None, _) if before => Some(i32::MIN),
                (Some(Place::Foreign(priority)), Some(group)) if priority > group => {
                    Some(group.saturating_add(1))
                }
                (None, Some(group)) => group.checked_add(1),
                _ => None,
            }
        })
}
