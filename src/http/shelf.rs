//! A small shelf of what is costly to make: each thing is made once, however many ask for it, and the oldest goes.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

/// A thing with its weight that may not be made yet.
type Cell<T> = Arc<OnceCell<(Arc<T>, usize)>>;

/// Things by their key, the one asked for last at the end.
pub(super) struct Shelf<T> {
    things: Mutex<Vec<(String, Cell<T>)>>,
    /// How many are kept at most.
    most: usize,
    /// How much they weigh together at most; one alone may weigh more.
    most_weight: usize,
    weigh: fn(&T) -> usize,
}

impl<T> Shelf<T> {
    pub(super) fn new(most: usize, most_weight: usize, weigh: fn(&T) -> usize) -> Self {
        Self { things: Mutex::default(), most, most_weight, weigh }
    }

    /// The thing of this key, made if it is not there; whoever asks while it is made waits for it.
    ///
    /// What could not be made is not kept.
    pub(super) async fn get<E>(
        &self,
        key: &str,
        make: impl Future<Output = Result<T, E>>,
    ) -> Result<Arc<T>, E> {
        let cell = self.cell(key);
        let weigh = self.weigh;
        let weighed = |thing: T| {
            let weight = weigh(&thing);
            (Arc::new(thing), weight)
        };
        let made = cell.get_or_try_init(async || make.await.map(weighed)).await;
        let made = made.map(|(thing, _)| Arc::clone(thing));
        self.tidy(key, made.is_ok());
        made
    }

    /// Keeps only things of some keys.
    pub(super) fn retain(&self, keep: impl Fn(&str) -> bool) {
        let mut things = self.things.lock().unwrap_or_else(PoisonError::into_inner);
        things.retain(|(key, _)| keep(key));
    }

    fn cell(&self, key: &str) -> Cell<T> {
        let mut things = self.things.lock().unwrap_or_else(PoisonError::into_inner);
        let thing = match things.iter().position(|(known, _)| known == key) {
            Some(at) => things.remove(at),
            None => (key.to_owned(), Arc::default()),
        };
        let cell = Arc::clone(&thing.1);
        things.push(thing);
        cell
    }

    /// Lets the oldest go until the rest fits; what is still being made weighs nothing yet and stays.
    fn tidy(&self, key: &str, is_made: bool) {
        let mut things = self.things.lock().unwrap_or_else(PoisonError::into_inner);
        if !is_made {
            things.retain(|(known, cell)| known != key || cell.initialized());
        }
        loop {
            let made = || things.iter().filter_map(|(_, cell)| cell.get());
            let (n, weight) = (made().count(), made().map(|(_, weight)| weight).sum::<usize>());
            if n <= 1 || (n <= self.most && weight <= self.most_weight) {
                return;
            }
            let Some(oldest) = things.iter().position(|(_, cell)| cell.initialized()) else { return };
            things.remove(oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    async fn number(made: &AtomicUsize, n: usize) -> Result<usize, String> {
        made.fetch_add(1, Ordering::SeqCst);
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        Ok(n)
    }

    fn kept(shelf: &Shelf<usize>) -> Vec<String> {
        let things = shelf.things.lock().expect("whole");
        things.iter().map(|(key, _)| key.clone()).collect()
    }

    #[tokio::test]
    async fn many_who_ask_at_once_get_one_thing_that_is_made_once() {
        let shelf = Arc::new(Shelf::new(4, 1_000, |n: &usize| *n));
        let made = Arc::new(AtomicUsize::new(0));
        let mut asked = tokio::task::JoinSet::new();
        for _ in 0..50 {
            let (shelf, made) = (Arc::clone(&shelf), Arc::clone(&made));
            asked.spawn(async move { shelf.get("same", number(&made, 7)).await });
        }
        let answers = asked.join_all().await;
        assert!(answers.iter().all(|answer| answer.as_deref() == Ok(&7)));
        assert_eq!(made.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn neither_number_nor_weight_grows_beyond_the_bounds_and_the_oldest_goes_first() {
        let shelf = Shelf::new(3, 100, |n: &usize| *n);
        let made = AtomicUsize::new(0);
        for (key, n) in [("a", 1), ("b", 2), ("c", 3), ("a", 1), ("d", 4)] {
            shelf.get(key, number(&made, n)).await.expect("made");
        }
        assert_eq!(kept(&shelf), ["c", "a", "d"], "b was asked for longest ago");
        shelf.get("heavy", number(&made, 97)).await.expect("made");
        assert_eq!(kept(&shelf), ["heavy"], "d and it would weigh 101");
        shelf.get("heavier", number(&made, 500)).await.expect("made");
        assert_eq!(kept(&shelf), ["heavier"], "one alone may weigh more");
        assert_eq!(made.load(Ordering::SeqCst), 6);
    }

    #[tokio::test]
    async fn what_could_not_be_made_is_not_kept_and_is_tried_again() {
        let shelf: Shelf<usize> = Shelf::new(3, 100, |n| *n);
        assert_eq!(shelf.get("a", async { Err("no") }).await, Err("no"));
        assert!(kept(&shelf).is_empty());
        assert_eq!(shelf.get("a", async { Ok::<_, &str>(1) }).await, Ok(Arc::new(1)));
    }
}
