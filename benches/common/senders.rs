//! Senders that each wait until their batch is on the disk before they send the next, and one commit for all that wait.

use std::sync::mpsc;

use hotblocks::store::gather::queue;
use hotblocks::store::{Batch, Store};

/// Takes what all senders send; how many batches there were.
pub(crate) fn take_all<S: Iterator<Item = Batch> + Send>(
    store: &dyn Store,
    senders: impl IntoIterator<Item = S>,
) -> usize {
    let (send, mut gather) = queue::<(Batch, mpsc::Sender<()>)>();
    std::thread::scope(|scope| {
        for mine in senders {
            let send = send.clone();
            scope.spawn(move || {
                let (answer, answered) = mpsc::channel();
                for batch in mine {
                    send.send((batch, answer.clone())).unwrap_or_else(|_| panic!("somebody writes"));
                    answered.recv().expect("an answer");
                }
            });
        }
        drop(send);
        let mut taken = 0;
        while let Some(group) = gather.next(usize::MAX, usize::MAX, |_| 1) {
            let (batches, answers): (Vec<_>, Vec<_>) = group.into_iter().unzip();
            taken += batches.len();
            let receipts = store.append(batches).expect("taken");
            answers.into_iter().for_each(|answer| answer.send(()).expect("somebody waits"));
            // What came of them is for whoever shows it, and nobody waits for that.
            drop(receipts);
        }
        taken
    })
}
