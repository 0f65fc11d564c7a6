//! Jobs: analyses that were asked for, under way or done, a bounded number of them with their results.
//!
//! A job's id is that of its run: it follows from the process, its inputs and the data. Whoever asks for the same again
//! is told of the same job, and once it is done of the kept result.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{Timestamp, ToSpan};
use tokio::sync::{Semaphore, watch};

use super::super::problem::Problem;
use crate::progress::Progress;

/// Jobs that wait or run at most; whoever asks for more is told to come later.
pub(super) const MOST_UNFINISHED: usize = 16;

/// Finished jobs that are kept at most, the oldest going first.
pub(super) const MOST_KEPT: usize = 100;

/// Bytes of all kept results.
pub(super) const MOST_BYTES: usize = 256 << 20;

/// Bytes of one result; a larger one fails with what to ask instead.
pub(super) const MOST_BYTES_OF_ONE: usize = 64 << 20;

/// Minutes that a finished job is kept.
pub(super) const KEPT_MINUTES: i64 = 60;

/// How far a job is.
#[derive(Clone, Debug)]
pub(super) enum State {
    /// It waits for its turn.
    Accepted,
    /// It is under way.
    Running,
    /// Its result is there.
    Successful(Arc<str>),
    /// It has none, and why.
    Failed(Problem),
    /// Nobody wants it any more.
    Dismissed,
}

impl State {
    /// As OGC API – Processes has it.
    pub(super) const fn word(&self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Running => "running",
            Self::Successful(_) => "successful",
            Self::Failed(_) => "failed",
            Self::Dismissed => "dismissed",
        }
    }

    pub(super) const fn finished(&self) -> bool {
        !matches!(self, Self::Accepted | Self::Running)
    }

    fn bytes(&self) -> usize {
        if let Self::Successful(result) = self { result.len() } else { 0 }
    }
}

/// What is told of a job.
#[derive(Clone, Debug)]
pub(super) struct Job {
    /// Of the run.
    pub(super) id: String,
    pub(super) process: &'static str,
    pub(super) state: State,
    /// Whether its result is wrapped in a document, as the last one who asked wants it.
    pub(super) document: bool,
    pub(super) created: Timestamp,
    pub(super) started: Option<Timestamp>,
    pub(super) finished: Option<Timestamp>,
    /// Which of several jobs of one run: a dismissed one may still be under way when the same is asked for again.
    serial: u64,
    told: watch::Sender<bool>,
    progress: Arc<Progress>,
}

impl Job {
    /// Percent that are done; 100 once its result is there, and not before.
    pub(super) fn percent(&self) -> u32 {
        match self.state {
            State::Successful(_) => 100,
            _ => ((self.progress.share() * 100.0) as u32).min(99),
        }
    }
}

/// Where the result of a job goes.
pub(super) struct Ticket {
    serial: u64,
    /// How far it is; stopped where nobody wants it any more.
    pub(super) progress: Arc<Progress>,
}

impl Ticket {
    /// Whether anybody still wants it.
    pub(super) fn is_wanted(&self) -> bool {
        !self.progress.is_stopped()
    }
}

/// What became of a request.
pub(super) enum Opened {
    /// A new job, to be done with this ticket.
    New(Job, Ticket),
    /// The same was asked for before.
    Known(Job),
    /// Too many are waiting.
    Full,
}

#[derive(Default)]
struct Inner {
    jobs: Vec<Job>,
    next: u64,
}

/// All jobs.
pub(in crate::http) struct Jobs {
    inner: Mutex<Inner>,
    /// Long analyses run beside each other on half of the cores, so that maps do not wait for them.
    pub(super) long: Arc<Semaphore>,
}

impl Jobs {
    pub(in crate::http) fn new(cores: usize) -> Self {
        Self { inner: Mutex::default(), long: Arc::new(Semaphore::new((cores / 2).max(1))) }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a job for a run, or finds it.
    pub(super) fn open(&self, id: &str, process: &'static str, document: bool, now: Timestamp) -> Opened {
        let mut inner = self.lock();
        inner.tidy(now);
        let known = inner.jobs.iter_mut().find(|job| job.id == id && !matches!(job.state, State::Failed(_)));
        if let Some(job) = known {
            job.document = document;
            return Opened::Known(job.clone());
        }
        if inner.jobs.iter().filter(|job| !job.state.finished()).count() >= MOST_UNFINISHED {
            return Opened::Full;
        }
        // What failed is tried again.
        inner.jobs.retain(|job| job.id != id);
        let serial = inner.next;
        inner.next += 1;
        let progress = Arc::<Progress>::default();
        let job = Job {
            id: id.to_owned(),
            process,
            state: State::Accepted,
            document,
            created: now,
            started: None,
            finished: None,
            serial,
            told: watch::Sender::new(false),
            progress: Arc::clone(&progress),
        };
        inner.jobs.push(job.clone());
        Opened::New(job, Ticket { serial, progress })
    }

    /// Notes that a job has begun.
    pub(super) fn begun(&self, ticket: &Ticket, now: Timestamp) {
        let mut inner = self.lock();
        if let Some(job) = inner.of(ticket) {
            job.state = State::Running;
            job.started = Some(now);
        }
    }

    /// Notes what came of a job; of one that was dismissed nothing is kept.
    pub(super) fn done(&self, ticket: &Ticket, result: Result<String, Problem>, now: Timestamp) {
        let mut inner = self.lock();
        if let Some(job) = inner.of(ticket) {
            job.state = match result {
                Ok(text) if text.len() > MOST_BYTES_OF_ONE => State::Failed(Problem::too_large(text.len())),
                Ok(text) => State::Successful(text.into()),
                Err(problem) => State::Failed(problem),
            };
            job.finished = Some(now);
            job.told.send_replace(true);
        }
        inner.tidy(now);
    }

    /// A job of an id, with its result where it has one.
    pub(super) fn get(&self, id: &str, now: Timestamp) -> Option<Job> {
        let mut inner = self.lock();
        inner.tidy(now);
        inner.jobs.iter().find(|job| job.id == id).cloned()
    }

    /// All jobs, the newest first.
    pub(super) fn all(&self, now: Timestamp) -> Vec<Job> {
        let mut inner = self.lock();
        inner.tidy(now);
        inner.jobs.iter().rev().cloned().collect()
    }

    /// Dismisses a job: one that waits is never begun, one under way ends at its next step, the result of one done is let go.
    pub(super) fn dismiss(&self, id: &str, now: Timestamp) -> Option<Job> {
        let mut inner = self.lock();
        inner.tidy(now);
        let at = inner.jobs.iter().position(|job| job.id == id)?;
        let mut job = inner.jobs.remove(at);
        job.progress.stop();
        job.state = State::Dismissed;
        job.finished = Some(now);
        job.told.send_replace(true);
        Some(job)
    }

    /// Waits until a job is done, and tells what came of it; `None` if it was dismissed meanwhile.
    pub(super) async fn wait(&self, job: &Job) -> Option<Job> {
        let mut told = job.told.subscribe();
        // The sender lives in the job that is waited for, so that it cannot be gone.
        let _ended = told.wait_for(|done| *done).await;
        let inner = self.lock();
        inner.jobs.iter().find(|known| known.serial == job.serial).cloned()
    }
}

impl Inner {
    fn of(&mut self, ticket: &Ticket) -> Option<&mut Job> {
        self.jobs.iter_mut().find(|job| job.serial == ticket.serial)
    }

    /// Lets go what is past its time, then the oldest until the rest fits.
    fn tidy(&mut self, now: Timestamp) {
        let limit = now.checked_sub(KEPT_MINUTES.minutes()).unwrap_or(Timestamp::MIN);
        self.jobs.retain(|job| job.finished.is_none_or(|at| at > limit));
        loop {
            let finished = || self.jobs.iter().filter(|job| job.state.finished());
            let bytes: usize = finished().map(|job| job.state.bytes()).sum();
            if finished().count() <= MOST_KEPT && bytes <= MOST_BYTES {
                return;
            }
            let oldest = self.jobs.iter().enumerate().filter(|(_, job)| job.state.finished());
            let Some((at, _)) = oldest.min_by_key(|(_, job)| job.finished) else { return };
            self.jobs.remove(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + minute.minutes()
    }

    fn new(jobs: &Jobs, id: &str, minute: i64) -> Ticket {
        match jobs.open(id, "rank", false, at(minute)) {
            Opened::New(_, ticket) => ticket,
            _ => panic!("{id} is not new"),
        }
    }

    fn state(jobs: &Jobs, id: &str, minute: i64) -> &'static str {
        jobs.get(id, at(minute)).map_or("gone", |job| job.state.word())
    }

    #[test]
    fn a_job_goes_from_accepted_to_successful_and_the_same_again_is_the_same_job() {
        let jobs = Jobs::new(4);
        let ticket = new(&jobs, "a", 0);
        assert_eq!(state(&jobs, "a", 0), "accepted");
        assert!(matches!(jobs.open("a", "rank", true, at(0)), Opened::Known(job) if job.document));
        jobs.begun(&ticket, at(1));
        assert_eq!(state(&jobs, "a", 1), "running");
        jobs.done(&ticket, Ok("x".to_owned()), at(2));
        assert_eq!(state(&jobs, "a", 2), "successful");
        assert!(matches!(jobs.open("a", "rank", false, at(3)), Opened::Known(_)));
        assert_eq!(state(&jobs, "a", 2 + KEPT_MINUTES), "gone");
        new(&jobs, "a", 3 + KEPT_MINUTES);
    }

    #[test]
    fn what_failed_is_tried_again() {
        let jobs = Jobs::new(4);
        let ticket = new(&jobs, "a", 0);
        jobs.done(&ticket, Err(Problem::query("no".to_owned())), at(0));
        assert_eq!(state(&jobs, "a", 0), "failed");
        new(&jobs, "a", 1);
        assert_eq!((state(&jobs, "a", 1), jobs.all(at(1)).len()), ("accepted", 1));
    }

    #[test]
    fn no_more_wait_than_the_bound_and_a_finished_one_makes_room() {
        let jobs = Jobs::new(4);
        let tickets: Vec<Ticket> = (0..MOST_UNFINISHED).map(|n| new(&jobs, &n.to_string(), 0)).collect();
        assert!(matches!(jobs.open("more", "rank", false, at(0)), Opened::Full));
        assert!(
            matches!(jobs.open("0", "rank", false, at(0)), Opened::Known(_)),
            "what is known is not refused"
        );
        jobs.done(&tickets[3], Ok(String::new()), at(0));
        new(&jobs, "more", 0);
    }

    #[test]
    fn the_oldest_results_go_where_there_are_too_many_or_they_are_too_large() {
        let jobs = Jobs::new(4);
        for n in 0..MOST_KEPT + 5 {
            let ticket = new(&jobs, &n.to_string(), 0);
            jobs.done(&ticket, Ok("x".to_owned()), Timestamp::UNIX_EPOCH + (n as i64).seconds());
        }
        assert_eq!((state(&jobs, "4", 1), state(&jobs, "5", 1)), ("gone", "successful"));
        let large = "x".repeat(MOST_BYTES_OF_ONE);
        for n in 0..5 {
            let ticket = new(&jobs, &format!("large {n}"), 3);
            jobs.done(&ticket, Ok(large.clone()), at(3 + n));
        }
        assert_eq!((state(&jobs, "large 0", 9), state(&jobs, "large 1", 9)), ("gone", "successful"));
        let ticket = new(&jobs, "larger", 10);
        jobs.done(&ticket, Ok(large + "x"), at(10));
        assert_eq!(state(&jobs, "larger", 10), "failed");
    }

    #[tokio::test]
    async fn a_dismissed_job_is_gone_at_once_and_what_comes_of_it_is_not_kept() {
        let jobs = Jobs::new(4);
        let Opened::New(job, first) = jobs.open("a", "rank", false, at(0)) else { panic!("new") };
        assert!(first.is_wanted());
        assert_eq!(jobs.dismiss("a", at(1)).map(|job| job.state.word()), Some("dismissed"));
        assert!(!first.is_wanted() && jobs.dismiss("a", at(1)).is_none());
        assert!(jobs.wait(&job).await.is_none(), "whoever waits for it is told");
        let second = new(&jobs, "a", 2);
        jobs.done(&first, Ok("of the first".to_owned()), at(3));
        assert_eq!(state(&jobs, "a", 3), "accepted", "the second is another job");
        jobs.done(&second, Ok("of the second".to_owned()), at(4));
        assert_eq!(state(&jobs, "a", 4), "successful");
    }
}
