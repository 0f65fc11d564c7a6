//! What is told of the weights of incidents.

use super::Value;
use crate::engine::weights::Weighed;

/// What incidents were weighed by, with the table, and which of them weigh nothing and why; nothing where each counts as one.
pub(super) fn weights_told(weighed: Option<&Weighed>) -> Value {
    let Some(weighed) = weighed else { return Value::Null };
    let names = |names: &[String]| Value::List(names.iter().map(|name| Value::text(name.clone())).collect());
    Value::Map(vec![
        ("by", Value::text(weighed.by.word())),
        ("table", weighed.table.clone().into()),
        ("weightless_incidents", Value::count(weighed.weightless)),
        ("without_weight", names(&weighed.without_weight)),
        ("barred", names(&weighed.barred)),
    ])
}
