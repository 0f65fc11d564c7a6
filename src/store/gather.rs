//! Which batches share a commit: all that wait, and for a moment those whose senders are about to come back.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

/// The longest wait for more.
const LONGEST: Duration = Duration::from_millis(1);

/// Puts what waits into groups, one for each commit.
///
/// Whoever is answered mostly sends the next at once, and whoever came during a commit waits already. To begin the next commit
/// without the former would be to go on in halves, each sender served by every other commit. So a group waits for as many as
/// were answered or came during the last commit, at most half as long as that commit took and no longer than a millisecond. A sender alone never waits.
#[derive(Debug)]
pub struct Gather<T> {
    waiting: Receiver<T>,
    /// Taken from the queue, and in no group yet.
    came: VecDeque<T>,
    /// Who may come: senders of the last group and those that came meanwhile.
    expected: usize,
    patience: Duration,
    last: usize,
    begun: Instant,
}

impl<T> Gather<T> {
    /// Over a queue.
    #[must_use]
    pub fn new(waiting: Receiver<T>) -> Self {
        let (came, patience) = (VecDeque::new(), Duration::ZERO);
        Self { waiting, came, expected: 0, patience, last: 0, begun: Instant::now() }
    }

    /// The next group: at least one, at most `most`, and no more than `room` together after the first; `None` once nobody can send any more.
    ///
    /// To be asked for as soon as the last group is written and answered: the time between is taken for that of the commit.
    pub fn next(&mut self, most: usize, room: usize, size: impl Fn(&T) -> usize) -> Option<Vec<T>> {
        self.came.extend(self.waiting.try_iter());
        if self.last > 0 {
            self.patience = (self.begun.elapsed() / 2).min(LONGEST);
            self.expected = self.last + self.came.len();
        }
        if self.came.is_empty() {
            self.came.push_back(self.waiting.recv().ok()?);
        }
        self.wait(most);
        let mut group = Vec::with_capacity(self.came.len().min(most));
        let mut sum = 0_usize;
        while let Some(next) = self.came.front() {
            sum = sum.saturating_add(size(next));
            if group.len() == most || (!group.is_empty() && sum > room) {
                break;
            }
            group.extend(self.came.pop_front());
        }
        (self.last, self.begun) = (group.len(), Instant::now());
        Some(group)
    }

    fn wait(&mut self, most: usize) {
        let until = Instant::now() + self.patience;
        while self.came.len() < self.expected.min(most) {
            match self.waiting.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(next) => self.came.push_back(next),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return,
            }
        }
        self.came.extend(self.waiting.try_iter());
    }

    /// All that still waits.
    pub fn rest(self) -> impl Iterator<Item = T> {
        let Self { waiting, came, .. } = self;
        came.into_iter().chain(std::iter::from_fn(move || waiting.try_recv().ok()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    #[test]
    fn what_waits_is_one_group_in_its_order_within_its_bounds() {
        let (send, waiting) = channel();
        (0..10).for_each(|n| send.send(n).expect("taken"));
        drop(send);
        let mut gather = Gather::new(waiting);
        assert_eq!(gather.next(4, 100, |_| 1), Some(vec![0, 1, 2, 3]));
        assert_eq!(gather.next(4, 2, |_| 1), Some(vec![4, 5]));
        assert_eq!(gather.next(4, 0, |_| 1), Some(vec![6]), "one is taken however large it is");
        assert_eq!(gather.next(1, 100, |_| usize::MAX), Some(vec![7]));
        assert_eq!(gather.rest().collect::<Vec<_>>(), [8, 9]);
    }

    #[test]
    fn nothing_is_lost_where_all_senders_go_and_then_there_is_no_more() {
        let (send, waiting) = channel();
        send.send(1).expect("taken");
        drop(send);
        let mut gather = Gather::new(waiting);
        assert_eq!(gather.next(8, 8, |_| 1), Some(vec![1]));
        assert_eq!(gather.next(8, 8, |_| 1), None);
        assert_eq!(gather.rest().count(), 0);
    }

    /// Eight senders that each wait for their answer: but for the first commits all eight are in each.
    #[test]
    fn senders_that_wait_for_their_answers_come_together() {
        const SENDERS: usize = 8;
        const ROUNDS: usize = 40;
        let (send, waiting) = channel::<std::sync::mpsc::Sender<()>>();
        let mut groups = Vec::new();
        std::thread::scope(|scope| {
            for _ in 0..SENDERS {
                let send = send.clone();
                scope.spawn(move || {
                    for _ in 0..ROUNDS {
                        let (answer, answered) = channel();
                        send.send(answer).expect("somebody takes");
                        answered.recv().expect("an answer");
                    }
                });
            }
            drop(send);
            let mut gather = Gather::new(waiting);
            while let Some(group) = gather.next(usize::MAX, usize::MAX, |_| 1) {
                // As long as a disk takes.
                std::thread::sleep(Duration::from_millis(4));
                groups.push(group.len());
                group.into_iter().for_each(|answer| answer.send(()).expect("it waits"));
            }
        });
        assert_eq!(groups.iter().sum::<usize>(), SENDERS * ROUNDS);
        let full = groups.iter().filter(|&&n| n == SENDERS).count();
        // Without the wait none is: those who were answered meet those who came meanwhile.
        assert!(full >= ROUNDS / 4, "{groups:?}");
    }
}
