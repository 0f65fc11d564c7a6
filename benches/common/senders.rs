//! Senders that each wait until their batch is on the disk before they send the next; the store groups those that wait.

use hotblocks::store::{Batch, Store};

/// Takes what all senders send; how many batches there were.
pub(crate) fn take_all<S: Iterator<Item = Batch> + Send>(
    store: &dyn Store,
    senders: impl IntoIterator<Item = S>,
) -> usize {
    std::thread::scope(|scope| {
        let send = |mine: S| {
            scope.spawn(move || {
                // What came of them is for whoever shows it.
                mine.map(|batch| drop(store.append(vec![batch]).expect("taken"))).count()
            })
        };
        let all: Vec<_> = senders.into_iter().map(send).collect();
        all.into_iter().map(|sender| sender.join().expect("no panic")).sum()
    })
}
