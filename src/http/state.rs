//! What handlers share: the engine, the defaults, and the one way off the async threads.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::problem::Problem;
use crate::engine::params::table::Operation;
use crate::engine::params::values::Values;
use crate::engine::snapshot::Snapshot;
use crate::engine::{Engine, View};
use crate::layer::answer::answer;
use crate::layer::{Layer, Page};

/// State of all handlers.
#[derive(Clone)]
pub(super) struct AppState {
    engine: Arc<Engine>,
    /// As many layers are made at once as there are cores; the others wait, so that memory stays bounded.
    turns: Arc<Semaphore>,
    /// Values where a request gives none.
    pub(super) defaults: Arc<Values>,
}

impl AppState {
    pub(super) fn new(engine: Arc<Engine>, defaults: Values) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self { engine, turns: Arc::new(Semaphore::new(cores)), defaults: Arc::new(defaults) }
    }

    /// The newest snapshot.
    pub(super) fn open(&self) -> Arc<Snapshot> {
        self.engine.open(&View::all())
    }

    /// Makes a layer and has it encoded, on a thread that may take its time.
    pub(super) async fn layer(
        &self,
        operation: Operation,
        values: Values,
        page: Page,
        encode: impl FnOnce(&Layer) -> String + Send + 'static,
    ) -> Result<String, Problem> {
        let _turn = self.turns.acquire().await.map_err(Problem::inside)?;
        let snapshot = self.open();
        let work = move || answer(&snapshot, &operation, &values, page).map(|layer| encode(&layer));
        Ok(tokio::task::spawn_blocking(work).await.map_err(Problem::inside)??)
    }
}
