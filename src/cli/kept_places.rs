//! The places that a store keeps: handed to whoever makes a data set, and kept where they had to be made.

use std::sync::Weak;

use super::say;
use crate::engine::live::Placer;
use crate::engine::placed::{Key, Taking};
use crate::store::Store;
use crate::store::sqlite::SqliteStore;

/// What hands out the places that a store keeps at a revision, and tells what is not whole.
pub(super) fn of(store: &dyn Store, revision: u64) -> impl FnMut(&Key, &mut Taking<'_>) + '_ {
    move |key, take| match store.places(key, revision, take) {
        Ok(damaged) => tell_damaged(&damaged),
        Err(error) => say::tell(&format!("the kept places cannot be read ({error}); they are made anew")),
    }
}

/// Names those that are not as they were written.
pub(super) fn tell_damaged(damaged: &[String]) {
    if !damaged.is_empty() {
        let all = damaged.join(", ");
        say::tell(&format!("not as they were written: {all}; nothing is lost, they are made anew"));
    }
}

/// Keeps the places that had to be made, one segment after the other, for as long as the store is served.
pub(super) fn keep(store: &Weak<SqliteStore>, placer: &Placer) {
    let mut after = 0;
    while let Some(store) = store.upgrade() {
        match store.keep_places(placer.key(), after, &mut |reports| placer.places(reports)) {
            Ok(Some(kept)) => after = kept,
            Ok(None) => return,
            Err(error) => {
                return say::tell(&format!("places are not kept ({error}); the next start makes them anew"));
            }
        }
    }
}
