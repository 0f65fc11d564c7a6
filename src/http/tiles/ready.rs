//! Which layers there are tiles of, with the parameters they take, made ready once for each snapshot and query.

use std::sync::Arc;

use super::super::problem::Problem;
use super::super::query;
use super::super::state::AppState;
use super::super::wanted::datetime;
use super::Pairs;
use super::vector::{opened, without_form};
pub(in crate::http) use crate::encode::mvt::TILED;
use crate::encode::mvt::Tiled;
use crate::engine::areas::named;
use crate::engine::params::table::{CATEGORY, INCIDENTS, ORIGIN, Operation, PERIOD, Param, STATUS, WITHIN};
use crate::engine::params::values::Values;
use crate::engine::snapshot::Snapshot;
use crate::layer::answer::AnswerError;
use crate::model::datetime::Datetime;

/// What tiles of all layers together take.
pub(in crate::http) const OF_ALL: [Param; 4] = [PERIOD, CATEGORY, ORIGIN, STATUS];

/// The layers of a tile.
#[derive(Clone, Copy, Debug)]
pub(in crate::http) enum Layers {
    /// One.
    One(Operation),
    /// All that can be made with what is given and configured.
    All,
}

/// What tiles are asked for with, checked.
#[derive(Clone, Debug)]
pub(super) struct Chosen {
    pub(super) values: Values,
    /// The time that single incidents are of, as items have it; its local dates are among the values.
    during: Option<Datetime>,
}

impl Chosen {
    /// Refuses names that are none, as the layers do where they are made.
    pub(super) fn known(&self, snapshot: &Snapshot) -> Result<(), Problem> {
        snapshot.select(&self.values.query()).map_err(|why| Problem::parameter(CATEGORY.wire, &why))?;
        let within = self.values.within.as_deref().unwrap_or_default();
        named(snapshot.dataset(), within).map_err(|why| Problem::parameter(WITHIN.wire, &why))?;
        Ok(())
    }
}

/// The name of all layers together.
pub(super) const ALL: &str = "all";

impl Layers {
    /// Those of a name in an address.
    pub(in crate::http) fn named(name: &str) -> Option<Self> {
        if name == ALL {
            return Some(Self::All);
        }
        TILED.iter().find(|op| op.collection == name).copied().map(Self::One)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::One(operation) => operation.collection,
            Self::All => ALL,
        }
    }

    /// Whether it is all of them.
    pub(super) fn are_all(self) -> bool {
        matches!(self, Self::All)
    }

    /// What a document about these layers is made from: the snapshot that is asked for, and the layers ready.
    pub(super) async fn asked(
        self,
        state: &AppState,
        mut pairs: Pairs,
        forms: &[&'static str],
    ) -> Result<(Arc<Snapshot>, Vec<Arc<Tiled>>), Problem> {
        let (snapshot, _) = opened(state, &mut pairs)?;
        without_form(&mut pairs, forms)?;
        let values = self.check(state, &snapshot, pairs)?;
        let ready = self.ready(state, &snapshot, &values).await?;
        Ok((snapshot, ready))
    }

    fn operations(self) -> Vec<Operation> {
        match self {
            Self::One(operation) => vec![operation],
            Self::All => TILED.to_vec(),
        }
    }

    /// Checks a query, from which the name of a snapshot has been taken out.
    pub(super) fn check(
        self,
        state: &AppState,
        snapshot: &Snapshot,
        mut pairs: Pairs,
    ) -> Result<Chosen, Problem> {
        let during = datetime(&mut pairs, snapshot)?;
        let values = match self {
            Self::One(operation) => query::check_for_tiles(&operation, &pairs)?,
            Self::All => {
                query::check_among(&OF_ALL.iter().collect::<Vec<_>>(), "tiles of all layers", &pairs)?
            }
        };
        query::bounded(&values, &state.defaults)?;
        let values = values.or(&state.defaults);
        if let Self::One(operation) = self {
            query::complete(&operation, &values, snapshot)?;
        }
        Ok(Chosen { values, during })
    }

    /// The layers made ready, each once for a snapshot and its values.
    ///
    /// Of all together those are left out that need a parameter which is not configured, or cannot be made of these data.
    pub(super) async fn ready(
        self,
        state: &AppState,
        snapshot: &Arc<Snapshot>,
        chosen: &Chosen,
    ) -> Result<Vec<Arc<Tiled>>, Problem> {
        let mut all = Vec::new();
        for operation in self.operations() {
            match ready(state, snapshot, operation, chosen).await {
                Ok(ready) => all.push(ready),
                Err(Refused::Layer(AnswerError::NotGiven(_) | AnswerError::Unusable { .. }))
                    if matches!(self, Self::All) => {}
                Err(Refused::Layer(why)) => return Err(why.into()),
                Err(Refused::Other(problem)) => return Err(problem),
            }
        }
        Ok(all)
    }
}

enum Refused {
    Layer(AnswerError),
    Other(Problem),
}

async fn ready(
    state: &AppState,
    snapshot: &Arc<Snapshot>,
    operation: Operation,
    Chosen { values, during }: &Chosen,
) -> Result<Arc<Tiled>, Refused> {
    // Times of day are for single incidents; all that counts goes by days.
    let during = during.filter(|_| operation.collection == INCIDENTS.collection);
    let key = format!("{} {} {values:?} {during:?}", snapshot.generation(), operation.collection);
    let (snapshot, values) = (Arc::clone(snapshot), values.clone());
    let make = async {
        let tiled = move || match during {
            Some(during) => Tiled::incidents(&snapshot, &values, Some(during)),
            None => Tiled::of(&snapshot, &operation, &values),
        };
        let made = state.work(move || Ok(tiled())).await;
        made.map_err(Refused::Other)?.map_err(Refused::Layer)
    };
    state.tiles.ready.get(&key, make).await
}
