//! Layers asked for by their parameters, and what they tell.

use hotblocks::analysis::density::kde::Density;
use hotblocks::engine::params::table::Operation;
use hotblocks::engine::params::values::Values;
use hotblocks::engine::snapshot::Snapshot;
use hotblocks::layer::answer::{AnswerError, answer};
use hotblocks::layer::raster::{Cells, Raster};
use hotblocks::layer::{Layer, Page, Value};

/// Values of an operation by the names of its parameters in a query.
pub(crate) fn values(operation: &Operation, pairs: &[(&str, &str)]) -> Values {
    let mut values = Values::default();
    for (name, text) in pairs {
        let param = operation.params.iter().find(|p| p.wire == *name);
        let param = param.unwrap_or_else(|| panic!("`{name}` is no parameter of {}", operation.collection));
        values.set_wire(param, text).unwrap_or_else(|error| panic!("{error}"));
    }
    values
}

/// Asks for all features of a layer.
pub(crate) fn ask(
    snapshot: &Snapshot,
    operation: &Operation,
    pairs: &[(&str, &str)],
) -> Result<Layer, AnswerError> {
    answer(snapshot, operation, &values(operation, pairs), Page::ALL)
}

/// The density that a raster holds, of which every cell has a value.
pub(crate) fn density_of(raster: Raster) -> Density {
    let Cells::All { density, .. } = raster.cells else { panic!("some cells have no value") };
    density
}

/// What is told under a name.
pub(crate) fn get<'a>(told: &'a [(&'static str, Value)], name: &str) -> &'a Value {
    &told.iter().find(|(known, _)| *known == name).unwrap_or_else(|| panic!("no property {name}")).1
}

/// A parameter that was truly used.
pub(crate) fn parameter<'a>(layer: &'a Layer, name: &str) -> &'a Value {
    let Value::Map(parameters) = get(&layer.provenance, "parameters") else { panic!("no parameters") };
    get(parameters, name)
}

/// A number, whole or not.
pub(crate) fn number(value: &Value) -> f64 {
    match value {
        Value::Int(n) => *n as f64,
        Value::Float(n) => *n,
        other => panic!("{other:?} is no number"),
    }
}
