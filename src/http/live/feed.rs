//! What the handlers of the live feed share, and the two threads behind them: one writes, one shows.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::delivery;
use super::expiry;
use super::hub::Hub;
use super::limits::{Limits, Retaining};
use super::publisher::Publisher;
use super::refusal::Refusal;
use super::reports::Reports;
use super::watch::{FIRED, Findings, Known, Watch};
use super::webhook::Webhook;
use super::writer::{self, Job, Taken, Task};
use crate::engine::live::Live;
use crate::engine::rules::Rule;
use crate::engine::{Engine, View};
use crate::http::metrics::Metrics;
use crate::ingest::incidents::Options;
use crate::model::cutoff::Cutoffs;
use crate::store::gather::{Gather, Sender, queue};
use crate::store::{Batch, Store, room};

/// What reports are written to and shown by.
pub struct Taking {
    /// The store.
    pub store: Arc<dyn Store>,
    /// Its file, to tell its size and the room that is left beside it.
    pub file: PathBuf,
    /// The engine behind the snapshots.
    pub live: Live,
    /// How files are to be read, beside what they say themselves.
    pub options: Options,
    /// What someone wants to be told at once.
    pub rules: Vec<Rule>,
    /// Where it is sent.
    pub webhooks: Vec<Webhook>,
    /// How long incidents are kept, and how often those that are too old go.
    pub retention: Retaining,
}

impl fmt::Debug for Taking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Taking").field("file", &self.file).finish_non_exhaustive()
    }
}

/// Bytes that one permit for files stands for.
const PERMIT: usize = 1 << 10;

/// What the handlers share.
pub(in crate::http) struct Feed {
    pub(in crate::http) limits: Limits,
    /// This run of the service, for names of states and tags of answers.
    pub(in crate::http) stamp: u64,
    pub(super) hub: Hub,
    /// A permit for every client that may still come.
    pub(super) clients: Arc<Semaphore>,
    /// How many of them there are of each address.
    pub(super) addresses: Mutex<HashMap<IpAddr, usize>>,
    pub(super) reports: Reports,
    pub(in crate::http) metrics: Metrics,
    /// What rules found.
    pub(super) findings: Findings,
    era: u64,
    /// Held as long as rules are looked at, and what is too old is let go.
    watching: Mutex<Vec<mpsc::Sender<()>>>,
    webhooks: Mutex<Vec<Webhook>>,
    /// How files are to be read; `None` where nothing is taken in.
    pub(super) options: Option<Options>,
    file: Option<PathBuf>,
    files: Arc<Semaphore>,
    alerts: Arc<Semaphore>,
    jobs: Mutex<Option<Sender<Task>>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// Whether the store has refused, or what it took cannot be shown.
    failed: AtomicBool,
    stopping: AtomicBool,
    /// Whether what is on disk need not be shown any more.
    ending: AtomicBool,
    engine: Arc<Engine>,
    published: Mutex<Instant>,
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed").field("limits", &self.limits).field("file", &self.file).finish_non_exhaustive()
    }
}

impl Feed {
    /// A feed that takes nothing in.
    pub(in crate::http) fn reading(engine: Arc<Engine>) -> Arc<Self> {
        Arc::new(Self::new(engine, None, Limits::default()).0)
    }

    /// A feed over an engine; with `taking` it takes reports in.
    ///
    /// # Errors
    ///
    /// The system's, if it gives no thread.
    pub(in crate::http) fn start(
        engine: Arc<Engine>,
        taking: Option<Taking>,
        limits: Limits,
    ) -> Result<Arc<Self>, std::io::Error> {
        let (feed, waiting, known) = Self::new(engine, taking.as_ref(), limits);
        let feed = Arc::new(feed);
        if let Some(taking) = taking {
            feed.findings.hide_sensitive(&feed.engine.open(&View::all()));
            // Before rules are looked at, so that a receiver that is new hears what they find at once.
            feed.findings.know(taking.webhooks.iter().filter(|hook| hook.wants(FIRED)).map(Webhook::mark));
            let (accepted, to_show) = mpsc::channel();
            let publisher = Publisher::new(Arc::clone(&feed), taking.live);
            let store = taking.store;
            let of_writer = Arc::clone(&feed);
            let named = |name: &str| std::thread::Builder::new().name(name.to_owned());
            let shows = named("hotblocks-show").spawn(move || publisher.run(&to_show))?;
            let writes = named("hotblocks-write")
                .spawn(move || writer::run(&*store, waiting, &accepted, &of_writer))?;
            let mut threads = vec![writes, shows];
            let mut watchings = Vec::new();
            if !taking.retention.kept.0.is_empty() {
                let (watching, end) = mpsc::channel();
                let of_expiry = Arc::clone(&feed);
                threads.push(
                    named("hotblocks-expire")
                        .spawn(move || expiry::run(&of_expiry, &taking.retention, &end))?,
                );
                watchings.push(watching);
            }
            if !taking.rules.is_empty() {
                let (watching, end) = mpsc::channel();
                let watch = Watch::new(Arc::clone(&feed), taking.rules, known);
                threads.push(named("hotblocks-rules").spawn(move || watch.run(&end))?);
                watchings.push(watching);
            }
            *feed.watching.lock().unwrap_or_else(PoisonError::into_inner) = watchings;
            *feed.threads.lock().unwrap_or_else(PoisonError::into_inner) = threads;
        }
        Ok(feed)
    }

    fn new(engine: Arc<Engine>, taking: Option<&Taking>, limits: Limits) -> (Self, Gather<Task>, Known) {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let era = u64::try_from(since.as_micros()).unwrap_or_default();
        let (jobs, waiting) = queue();
        let kept = taking.map(|taking| Findings::of_store(Arc::clone(&taking.store)));
        let (findings, known) = kept.unwrap_or_default();
        let feed = Self {
            stamp: crate::http::revalidate::stamp(),
            hub: Hub::new(era),
            findings,
            era,
            watching: Mutex::default(),
            webhooks: Mutex::new(taking.map(|taking| taking.webhooks.clone()).unwrap_or_default()),
            clients: Arc::new(Semaphore::new(limits.clients)),
            addresses: Mutex::default(),
            reports: Reports::new(era),
            metrics: Metrics::default(),
            options: taking.map(|taking| taking.options.clone()),
            file: taking.map(|taking| taking.file.clone()),
            files: Arc::new(Semaphore::new(limits.files / PERMIT)),
            alerts: Arc::new(Semaphore::new(limits.alerts)),
            jobs: Mutex::new(taking.is_some().then_some(jobs)),
            threads: Mutex::default(),
            failed: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            ending: AtomicBool::new(false),
            published: Mutex::new(Instant::now()),
            limits,
            engine,
        };
        (feed, waiting, known)
    }

    /// Begins to send what webhooks want; on the runtime that calls.
    pub(in crate::http) fn deliver(self: &Arc<Self>) {
        let webhooks = std::mem::take(&mut *self.webhooks.lock().unwrap_or_else(PoisonError::into_inner));
        for hook in webhooks {
            tokio::spawn(delivery::run(hook, Arc::clone(self)));
        }
    }

    /// Keeps what is told by this run of the service apart from what another told.
    pub(super) fn era(&self) -> u64 {
        self.era
    }

    /// Room for a body of so many bytes, kept until what it holds is shown.
    pub(super) fn room_for_file(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Refusal> {
        let permits = bytes.div_ceil(PERMIT).clamp(1, (self.limits.files / PERMIT).max(1));
        let permits = u32::try_from(permits).unwrap_or(u32::MAX);
        Arc::clone(&self.files).try_acquire_many_owned(permits).map_err(|_| Refusal::busy())
    }

    /// Room for an alert.
    pub(super) fn room_for_alert(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        Arc::clone(&self.alerts).try_acquire_owned().map_err(|_| Refusal::busy())
    }

    /// Whether data may come while the service runs.
    pub(in crate::http) fn takes_in(&self) -> bool {
        self.options.is_some()
    }

    /// Refuses what cannot be taken now, before its body is read.
    pub(super) fn open(&self) -> Result<&Options, Refusal> {
        let options = self.options.as_ref().ok_or_else(Refusal::no_store)?;
        if self.has_failed() {
            return Err(Refusal::stopped());
        }
        Ok(options)
    }

    /// Has a batch written; comes back once it is on disk.
    pub(super) async fn write(
        &self,
        batch: Batch,
        bytes: usize,
        room: OwnedSemaphorePermit,
    ) -> Result<Taken, Refusal> {
        self.open()?;
        let (answer, told) = oneshot::channel();
        let job = Job { batch, bytes, room, answer };
        let sent = match &*self.jobs.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(jobs) => jobs.send(Task::Write(Box::new(job))).map_err(|_| Refusal::stopped()),
            None => Err(Refusal::stopping()),
        };
        sent?;
        told.await.map_err(|_| Refusal::stopped())?
    }

    /// Has what is too old let go; whether readers kept the store's log from being emptied. `None` where nothing is written any more.
    pub(super) fn expire(&self, cutoffs: Cutoffs) -> Option<bool> {
        let (answer, told) = mpsc::channel();
        let task = Task::Expire(cutoffs, answer);
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner).as_ref()?.send(task).ok()?;
        told.recv().ok()
    }

    /// From now on nothing is taken in, and nobody is told that it was.
    pub(super) fn fail(&self) {
        self.failed.store(true, Ordering::SeqCst);
    }

    /// Whether the store has refused, or what it took cannot be shown.
    pub(super) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::SeqCst)
    }

    /// Whether the service is being stopped.
    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    /// The service is being stopped: it is not ready any more, and clients of the feed are told.
    pub(in crate::http) fn say_goodbye(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        self.hub.close();
    }

    /// Whether the service is at its end: what is on disk is shown when it starts again.
    pub(super) fn is_ending(&self) -> bool {
        self.ending.load(Ordering::SeqCst)
    }

    /// Takes nothing more, and waits until what was taken is written, and what is being shown is.
    pub(in crate::http) fn finish(&self) {
        self.ending.store(true, Ordering::SeqCst);
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.watching.lock().unwrap_or_else(PoisonError::into_inner).clear();
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a thread of the live feed panicked");
            }
        }
    }

    /// A new state is shown.
    pub(super) fn published(&self) {
        *self.published.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// The engine that readers ask.
    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The name of a state of the data, as in `snapshot`: after a new start a generation alone may be one of other data.
    pub(in crate::http) fn token(&self, generation: u64) -> String {
        format!("{:x}-{generation}", self.stamp)
    }

    /// Generation of the newest snapshot, and when it was published.
    pub(in crate::http) fn newest(&self) -> (u64, Instant) {
        let at = *self.published.lock().unwrap_or_else(PoisonError::into_inner);
        (self.engine.open(&View::all()).generation(), at)
    }

    /// Bytes of the store's files; 0 without a store.
    pub(in crate::http) fn store_bytes(&self) -> u64 {
        let size = |ending: &str| {
            let mut file = self.file.clone()?.into_os_string();
            file.push(ending);
            Some(std::fs::metadata(file).ok()?.len())
        };
        ["", "-wal", "-log"].into_iter().filter_map(size).sum()
    }

    /// Bytes of files that wait to be written and shown.
    pub(in crate::http) fn queued_bytes(&self) -> u64 {
        let free = self.files.available_permits().min(self.limits.files / PERMIT);
        ((self.limits.files / PERMIT - free) * PERMIT) as u64
    }

    /// The folder of the store, where there is one.
    pub(super) fn folder(&self) -> Option<&Path> {
        self.file.as_deref().map(room::folder)
    }
}
