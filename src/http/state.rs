//! What handlers share: the engine, the defaults, and the one way off the async threads.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::live::feed::Feed;
use super::problem::Problem;
use super::processes::{Identity, Jobs};
use super::tiles::Tiles;
use super::walks::Walks;
use crate::engine::params::table::Operation;
use crate::engine::params::values::Values;
use crate::engine::snapshot::Snapshot;
use crate::engine::{Engine, View};
use crate::layer::answer::answer;
use crate::layer::{Layer, Page};

/// State of all handlers.
#[derive(Clone)]
pub(super) struct AppState {
    pub(super) engine: Arc<Engine>,
    /// As many layers are made at once as there are cores; the others wait, so that memory stays bounded.
    turns: Arc<Semaphore>,
    /// What tiles are drawn from.
    pub(super) tiles: Arc<Tiles>,
    /// Values where a request gives none.
    pub(super) defaults: Arc<Values>,
    /// What comes in and what is told of it.
    pub(super) feed: Arc<Feed>,
    /// Analyses that were asked for, with their results.
    pub(super) jobs: Arc<Jobs>,
    /// Which data the newest snapshot is of.
    pub(super) identity: Arc<Identity>,
    /// States of the data in which clients read on, page by page.
    pub(super) walks: Arc<Walks>,
}

impl AppState {
    /// State over an engine and what comes into it.
    pub(super) fn new(engine: Arc<Engine>, defaults: Values, feed: Arc<Feed>) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            engine,
            feed,
            turns: Arc::new(Semaphore::new(cores)),
            tiles: Arc::new(Tiles::new(cores)),
            defaults: Arc::new(defaults),
            jobs: Arc::new(Jobs::new(cores)),
            identity: Arc::default(),
            walks: Arc::default(),
        }
    }

    /// The newest snapshot.
    pub(super) fn open(&self) -> Arc<Snapshot> {
        self.engine.open(&View::all())
    }

    /// Whether a snapshot can still be opened.
    pub(super) fn keeps(&self, generation: u64) -> bool {
        self.engine.opened(&View::all(), generation).is_some()
    }

    /// Has something made in its turn, on a thread that may take its time.
    pub(super) async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        // The turn ends with the work: a client that goes away does not make room for another while its thread runs on.
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(Problem::inside)?;
        let in_turn = move || {
            let _turn = turn;
            work()
        };
        tokio::task::spawn_blocking(in_turn).await.map_err(Problem::inside)?
    }

    /// Makes a layer and has it turned into an answer, on a thread that may take its time.
    pub(super) async fn layer<T: Send + 'static>(
        &self,
        operation: Operation,
        values: Values,
        page: Page,
        encode: impl FnOnce(&Layer) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let state = self.clone();
        self.work(move || Ok(encode(&answer(&state.open(), &operation, &values, page)?))).await
    }
}
