//! Which batches share a commit: all that wait, and for a moment those whose senders are about to come back.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The longest wait for more.
const LONGEST: Duration = Duration::from_millis(1);

/// How long whoever takes looks again and again for the next of a sender that was alone, before it sleeps: to be woken costs about as much.
const AWAKE: Duration = Duration::from_micros(30);

/// A queue into groups: any number of senders, and one who takes.
#[must_use]
pub fn queue<T>() -> (Sender<T>, Gather<T>) {
    let queue = Arc::new(Queue { state: Mutex::new(State::default()), come: Condvar::new() });
    let sender = Sender(Arc::clone(&queue));
    sender.0.state().senders = 1;
    (sender, Gather { queue, expected: 0, patience: Duration::ZERO, last: 0, begun: Instant::now() })
}

#[derive(Debug)]
struct Queue<T> {
    state: Mutex<State<T>>,
    come: Condvar,
}

#[derive(Debug)]
struct State<T> {
    came: VecDeque<T>,
    senders: usize,
    /// For how many whoever takes is asleep; 0 while it is not. It is woken once, not by each that comes.
    wanted: usize,
    /// Nobody takes any more.
    closed: bool,
}

impl<T> Default for State<T> {
    fn default() -> Self {
        Self { came: VecDeque::new(), senders: 0, wanted: 0, closed: false }
    }
}

impl<T> Queue<T> {
    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where things are sent from.
#[derive(Debug)]
pub struct Sender<T>(Arc<Queue<T>>);

impl<T> Sender<T> {
    /// Sends one.
    ///
    /// # Errors
    ///
    /// The thing itself, where nobody takes any more.
    pub fn send(&self, one: T) -> Result<(), T> {
        let mut state = self.0.state();
        if state.closed {
            return Err(one);
        }
        state.came.push_back(one);
        let wake = state.wanted > 0 && state.came.len() >= state.wanted;
        if wake {
            state.wanted = 0;
        }
        drop(state);
        if wake {
            self.0.come.notify_one();
        }
        Ok(())
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.0.state().senders += 1;
        Self(Arc::clone(&self.0))
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.senders -= 1;
        let last = state.senders == 0;
        drop(state);
        if last {
            self.0.come.notify_one();
        }
    }
}

/// Puts what waits into groups, one for each commit.
///
/// Whoever is answered mostly sends the next at once, and whoever came during a commit waits already. To begin the next commit
/// without the former would be to go on in halves, each sender served by every other commit. So a group waits for as many as
/// were answered or came during the last commit, at most half as long as that commit took and no longer than a millisecond. A sender alone
/// never waits, and finds whoever takes awake.
#[derive(Debug)]
pub struct Gather<T> {
    queue: Arc<Queue<T>>,
    /// Who may come: senders of the last group and those that came meanwhile.
    expected: usize,
    patience: Duration,
    last: usize,
    begun: Instant,
}

impl<T> Gather<T> {
    /// The next group: at least one, at most `most`, and no more than `room` together after the first; `None` once nobody can send any more.
    ///
    /// To be asked for as soon as the last group is written and answered: the time between is taken for that of the commit.
    pub fn next(&mut self, most: usize, room: usize, size: impl Fn(&T) -> usize) -> Option<Vec<T>> {
        let queue = Arc::clone(&self.queue);
        if self.last > 0 {
            self.patience = (self.begun.elapsed() / 2).min(LONGEST);
            self.expected = self.last + queue.state().came.len();
        }
        if self.expected == 1 {
            self.stay_awake();
        }
        let mut state = queue.state();
        while state.came.is_empty() {
            if state.senders == 0 {
                return None;
            }
            state.wanted = 1;
            state = queue.come.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state = self.wait(&queue, state, most);
        state.wanted = 0;
        let mut group = Vec::with_capacity(state.came.len().min(most));
        let mut sum = 0_usize;
        while let Some(next) = state.came.front() {
            sum = sum.saturating_add(size(next));
            if group.len() == most || (!group.is_empty() && sum > room) {
                break;
            }
            group.extend(state.came.pop_front());
        }
        drop(state);
        (self.last, self.begun) = (group.len(), Instant::now());
        Some(group)
    }

    /// Looks for a sender that is about to come back.
    fn stay_awake(&self) {
        let until = Instant::now() + AWAKE;
        while Instant::now() < until {
            let state = self.queue.state();
            if !state.came.is_empty() || state.senders == 0 {
                return;
            }
            drop(state);
            (0..64).for_each(|_| std::hint::spin_loop());
        }
    }

    /// Waits for those who are expected, as long as patience lasts.
    fn wait<'a>(
        &self,
        queue: &'a Queue<T>,
        mut state: MutexGuard<'a, State<T>>,
        most: usize,
    ) -> MutexGuard<'a, State<T>> {
        let wanted = self.expected.min(most);
        let until = Instant::now() + self.patience;
        while state.came.len() < wanted && state.senders > 0 {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            state.wanted = wanted;
            let waited = queue.come.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state
    }

    /// All that still waits; nobody can send any more.
    pub fn rest(self) -> impl Iterator<Item = T> {
        let mut state = self.queue.state();
        state.closed = true;
        std::mem::take(&mut state.came).into_iter()
    }
}

impl<T> Drop for Gather<T> {
    fn drop(&mut self) {
        let mut state = self.queue.state();
        state.closed = true;
        // Dropped outside the lock: what is in them may send.
        let came = std::mem::take(&mut state.came);
        drop(state);
        drop(came);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    #[test]
    fn what_waits_is_one_group_in_its_order_within_its_bounds() {
        let (send, mut gather) = queue();
        (0..10).for_each(|n| send.send(n).expect("taken"));
        drop(send);
        assert_eq!(gather.next(4, 100, |_| 1), Some(vec![0, 1, 2, 3]));
        assert_eq!(gather.next(4, 2, |_| 1), Some(vec![4, 5]));
        assert_eq!(gather.next(4, 0, |_| 1), Some(vec![6]), "one is taken however large it is");
        assert_eq!(gather.next(1, 100, |_| usize::MAX), Some(vec![7]));
        assert_eq!(gather.rest().collect::<Vec<_>>(), [8, 9]);
    }

    #[test]
    fn nothing_is_lost_where_all_senders_go_and_then_there_is_no_more() {
        let (send, mut gather) = queue();
        send.send(1).expect("taken");
        drop(send);
        assert_eq!(gather.next(8, 8, |_| 1), Some(vec![1]));
        assert_eq!(gather.next(8, 8, |_| 1), None);
        assert_eq!(gather.rest().count(), 0);
    }

    /// Eight senders that each wait for their answer: but for the first commits all eight are in each.
    #[test]
    fn senders_that_wait_for_their_answers_come_together() {
        const SENDERS: usize = 8;
        const ROUNDS: usize = 40;
        let (send, mut gather) = queue::<std::sync::mpsc::Sender<()>>();
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

    #[test]
    fn nothing_can_be_sent_where_nobody_takes_and_what_waited_then_is_told() {
        let (send, gather) = queue();
        send.send(1).expect("taken");
        assert_eq!(gather.rest().collect::<Vec<_>>(), [1]);
        assert_eq!(send.send(2), Err(2));
        let (send, gather) = queue();
        let (answer, answered) = channel::<()>();
        send.send(answer).expect("taken");
        drop(gather);
        assert!(answered.recv().is_err(), "who sent it hears that it is gone");
    }

    /// One who takes and sleeps is woken by the first that comes, by the last sender that goes, and for those it waits for by the last of them.
    #[test]
    fn whoever_takes_is_woken_in_time() {
        let (send, mut gather) = queue();
        std::thread::scope(|scope| {
            let taken = scope.spawn(move || {
                let mut groups = Vec::new();
                while let Some(group) = gather.next(usize::MAX, usize::MAX, |_| 1) {
                    groups.push(group);
                }
                groups
            });
            for n in 0..3 {
                std::thread::sleep(Duration::from_millis(20));
                send.send(n).expect("taken");
            }
            std::thread::sleep(Duration::from_millis(20));
            drop(send);
            assert_eq!(taken.join().expect("no panic"), [vec![0], vec![1], vec![2]]);
        });
    }
}
