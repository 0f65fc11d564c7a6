//! The places that a store keeps: handed to whoever makes a data set, and kept where they had to be made.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use super::say;
use crate::engine::live::Placer;
use crate::engine::placed::{Key, Taking};
use crate::store::sqlite::SqliteStore;
use crate::store::{Store, room};

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

/// How long a segment that is being kept at the end of a service is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// Places that are being kept on a thread beside.
pub(super) struct Keeping {
    stop: Arc<AtomicBool>,
    ended: Receiver<()>,
}

impl Keeping {
    /// Begins, once what a first write needs is read; `file` is the store's.
    pub(super) fn begin(store: Arc<SqliteStore>, file: PathBuf, placer: Placer) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, (end, ended)) = (Arc::clone(&stop), mpsc::channel());
        std::thread::spawn(move || {
            // Every part has just been read, and was whole; should that have changed, the write says so.
            let _told_by_the_write = store.warm();
            keep(&store, &file, &placer, &stopped);
            drop(store);
            let _nobody_waits = end.send(());
        });
        Self { stop, ended }
    }

    /// Ends with the segment that is being kept, so that nobody has the store any more.
    pub(super) fn end(&self) {
        self.stop.store(true, Ordering::SeqCst);
        let _late = self.ended.recv_timeout(PATIENCE);
    }
}

/// Keeps the places that had to be made, one segment after the other, while there is room for reports on the disk.
fn keep(store: &SqliteStore, file: &Path, placer: &Placer, stop: &AtomicBool) {
    let mut after = 0;
    while !stop.load(Ordering::SeqCst) {
        if !room::has_room(room::folder(file)) {
            return say::tell("places are not kept: the disk has little room, which is left to reports");
        }
        match store.keep_places(placer.key(), after, &mut |reports| placer.places(reports)) {
            Ok(Some(kept)) => after = kept,
            Ok(None) => return,
            Err(error) => {
                return say::tell(&format!("places are not kept ({error}); the next start makes them anew"));
            }
        }
    }
}
