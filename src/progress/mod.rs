//! How far a long analysis is, and how it ends where nobody wants it any more.
//!
//! Analyses are pure functions, and most have no use for this: what they work through in many steps says so by [`steps`] or
//! [`checkpoint`], and whoever runs them by [`run`] can ask how far they are and stop them. Without [`run`] both do nothing.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// How far one run is.
#[derive(Debug, Default)]
pub struct Progress {
    stopped: AtomicBool,
    /// Steps that were announced so far, and how many of them are done.
    of: AtomicU64,
    done: AtomicU64,
    /// The highest share that was ever told, in millionths.
    told: AtomicU64,
}

impl Progress {
    /// Has the run end at its next step.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Whether it is to end.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// The share that is done of the steps announced so far, from 0 to 1. It never falls: where steps are announced that
    /// nobody knew of, it waits for them.
    #[must_use]
    pub fn share(&self) -> f64 {
        let (done, of) = (self.done.load(Ordering::Relaxed), self.of.load(Ordering::Relaxed));
        let now = (u128::from(done.min(of)) * MILLION).checked_div(u128::from(of)).unwrap_or(0);
        let now = u64::try_from(now).unwrap_or(0);
        self.told.fetch_max(now, Ordering::Relaxed).max(now) as f64 / MILLION as f64
    }

    fn check(&self) {
        if self.is_stopped() {
            // Not a panic: nothing is wrong, so no hook is called.
            resume_unwind(Box::new(Stopped));
        }
    }
}

const MILLION: u128 = 1_000_000;

/// A run was stopped before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it was stopped")]
pub struct Stopped;

thread_local! {
    /// The progress of the run that this thread works for.
    static MINE: RefCell<Option<Arc<Progress>>> = const { RefCell::new(None) };
}

/// Runs work on threads of its own, as many as it would have had, that tell and are stopped by `progress`.
///
/// # Errors
///
/// [`Stopped`] if it was stopped before its end.
///
/// # Panics
///
/// As the work does.
///
/// ```
/// use hotblocks::progress::{Progress, Stopped, run, steps};
/// use std::sync::Arc;
///
/// let progress = Arc::new(Progress::default());
/// let squares = || {
///     let steps = steps(10);
///     (0..10).map(|n| { steps.done(1); n * n }).sum::<u32>()
/// };
/// assert_eq!(run(&progress, squares), Ok(285));
/// assert_eq!(progress.share(), 1.0);
/// progress.stop();
/// assert_eq!(run(&progress, squares), Err(Stopped));
/// ```
pub fn run<T: Send>(progress: &Arc<Progress>, work: impl FnOnce() -> T + Send) -> Result<T, Stopped> {
    let mine = Arc::clone(progress);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(rayon::current_num_threads())
        .thread_name(|number| format!("analysis-{number}"))
        .start_handler(move |_| MINE.set(Some(Arc::clone(&mine))))
        .build();
    // Where no thread can be had the work is done here; parts of it that other threads take cannot be stopped then.
    let here = || {
        let before = MINE.replace(Some(Arc::clone(progress)));
        let done = catch_unwind(AssertUnwindSafe(work));
        MINE.set(before);
        done
    };
    // What the work leaves half done is its own, and is dropped.
    let done = match pool {
        Ok(pool) => pool.install(here),
        Err(_) => here(),
    };
    done.or_else(|reason| if reason.is::<Stopped>() { Err(Stopped) } else { resume_unwind(reason) })
}

/// Ends the run if it is to be stopped. For work in few large pieces; costs about a nanosecond.
pub fn checkpoint() {
    MINE.with_borrow(|mine| {
        if let Some(progress) = mine {
            progress.check();
        }
    });
}

/// Announces so many steps of about equal length, to be reported from any thread.
#[must_use]
pub fn steps(of: usize) -> Steps {
    let progress = MINE.with_borrow(Clone::clone);
    if let Some(progress) = &progress {
        progress.check();
        progress.of.fetch_add(of as u64, Ordering::Relaxed);
    }
    Steps(progress)
}

/// Steps that were announced.
#[derive(Debug)]
pub struct Steps(Option<Arc<Progress>>);

impl Steps {
    /// Notes that so many more are done, and ends the run if it is to be stopped.
    pub fn done(&self, more: usize) {
        if let Some(progress) = &self.0 {
            progress.done.fetch_add(more as u64, Ordering::Relaxed);
            progress.check();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rayon::prelude::*;

    #[test]
    fn without_a_run_nothing_is_counted_and_nothing_stops() {
        let steps = steps(3);
        steps.done(3);
        checkpoint();
        assert!(steps.0.is_none());
    }

    #[test]
    fn a_stop_reaches_every_thread_and_what_it_leaves_is_dropped() {
        let progress = Arc::new(Progress::default());
        let (begun, dropped) = (AtomicU64::new(0), Arc::new(AtomicU64::new(0)));
        struct Guard(Arc<AtomicU64>);
        impl Drop for Guard {
            fn drop(&mut self) {
                self.0.fetch_add(1, Ordering::Relaxed);
            }
        }
        let work = || {
            let steps = steps(10_000);
            (0..10_000_u64)
                .into_par_iter()
                .map(|n| {
                    let _guard = Guard(Arc::clone(&dropped));
                    if begun.fetch_add(1, Ordering::Relaxed) >= 100 {
                        progress.stop();
                    }
                    steps.done(1);
                    n
                })
                .sum::<u64>()
        };
        assert_eq!(run(&progress, work), Err(Stopped));
        let begun = begun.into_inner();
        // Pieces that rayon has split off begin before each of them ends at its first step.
        assert!((101..5_000).contains(&begun), "{begun} were begun");
        assert_eq!(dropped.load(Ordering::Relaxed), begun);
    }

    #[test]
    fn a_checkpoint_within_a_closure_of_another_thread_stops_too() {
        let progress = Arc::new(Progress::default());
        let work = || {
            (0..64).into_par_iter().for_each(|_| {
                progress.stop();
                checkpoint();
                panic!("it goes on");
            });
        };
        assert_eq!(run(&progress, work), Err(Stopped));
    }

    #[test]
    fn a_panic_stays_a_panic_and_the_thread_forgets_the_run() {
        let progress = Arc::new(Progress::default());
        let caught =
            catch_unwind(AssertUnwindSafe(|| run(&progress, || -> u8 { resume_unwind(Box::new("broken")) })));
        assert_eq!(caught.expect_err("a panic").downcast_ref::<&str>(), Some(&"broken"));
        progress.stop();
        checkpoint();
    }

    #[test]
    fn the_share_rises_and_waits_where_more_is_announced() {
        let progress = Arc::new(Progress::default());
        assert_eq!(progress.share(), 0.0);
        let told = run(&progress, || {
            let first = steps(4);
            first.done(3);
            let early = progress.share();
            let second = steps(4);
            let waits = progress.share();
            second.done(4);
            (early, waits, progress.share())
        });
        assert_eq!(told, Ok((0.75, 0.75, 0.875)));
    }
}
