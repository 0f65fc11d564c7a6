//! A query string, checked against the table of parameters.

use std::collections::HashMap;
use std::sync::LazyLock;

use axum::extract::Query;
use axum::http::Uri;

use super::problem::Problem;
use crate::engine::params::choosing::{CHOOSING, CRS, SNAPSHOT, equality};
use crate::engine::params::counts::OTHER_PERIOD;
use crate::engine::params::explain::BLOCK;
use crate::engine::params::form::{F_OF_ONE, FORM};
use crate::engine::params::near_repeat::{DAYS, DISTANCES};
use crate::engine::params::outreach::{BRIEF, CAPACITY, DELAY, LIST, PROTECTED};
use crate::engine::params::patrol::{FREE, SPEED};
use crate::engine::params::ranking::DRAWS;
use crate::engine::params::table::{
    BBOX, DEFAULT_LIMIT, Kind, LIMIT, MIN_POINTS, OFFSET, OPERATIONS, Operation, PAGE, PERIOD, Param, WITHIN,
};
use crate::engine::params::targets::BUDGET;
use crate::engine::params::values::{BadValue, Values};
use crate::engine::snapshot::Snapshot;
use crate::layer::Page;
use crate::layer::fields::{Field, FieldKind, ID, all};

/// Name and value of all that an address asks for; none where it cannot be read.
pub(super) fn pairs(uri: &Uri) -> Vec<(String, String)> {
    Query::try_from_uri(uri).map_or_else(|_| Vec::new(), |Query(pairs)| pairs)
}

/// The value of one parameter of an address.
pub(super) fn value(uri: &Uri, name: &str) -> Option<String> {
    pairs(uri).into_iter().find(|(known, _)| known == name).map(|(_, value)| value)
}

/// Percent-encodes all but what RFC 3986 leaves alone in a query, and the comma and slash of our lists and periods.
pub(super) fn encoded(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~,/:".contains(&b);
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

/// A query as it stands in an address, with its mark; nothing where nothing is asked.
pub(super) fn written<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let pair = |(name, value)| format!("{}={}", encoded(name), encoded(value));
    let pairs: Vec<String> = pairs.into_iter().map(pair).collect();
    if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
}

/// Parameters of a collection over HTTP.
pub(super) fn params(operation: &Operation) -> impl Iterator<Item = &'static Param> + use<> {
    // OGC API Features, requirement 25: every collection takes a time; features without one match any.
    let time = (!operation.params.iter().any(|param| param.wire == PERIOD.wire)).then_some(&PERIOD);
    operation
        .params
        .iter()
        .chain(time)
        .chain(&PAGE)
        .chain(&FORM)
        .chain(&CHOOSING)
        .chain(queryables(operation))
}

/// Parameters of a whole layer as a file, which has no pages.
pub(super) fn params_of_whole(operation: &Operation) -> impl Iterator<Item = &'static Param> + use<> {
    let of_all = std::iter::once(&BBOX).chain(&FORM).chain(&CHOOSING);
    operation.params.iter().chain(of_all).chain(queryables(operation))
}

/// Fields of a collection as parameters: the features that have exactly this value.
///
/// A field that bears the name of a parameter has none of its own: the parameter is wider.
pub(super) fn queryables(operation: &Operation) -> &'static [Param] {
    static LISTS: LazyLock<HashMap<&'static str, Vec<Param>>> = LazyLock::new(|| {
        let list = |operation: &Operation| {
            let taken = |name: &str| {
                let of_all = PAGE.iter().chain(&FORM).chain(&CHOOSING).chain([&PERIOD]);
                operation.params.iter().chain(of_all).any(|param| param.wire == name)
            };
            let mut fields = vec![ID];
            fields.extend(all(operation.collection));
            fields.retain(|field| field.kind.is_plain() && !taken(field.name));
            (operation.collection, fields.iter().map(as_parameter).collect())
        };
        OPERATIONS.iter().map(list).collect()
    });
    LISTS.get(operation.collection).map(Vec::as_slice).unwrap_or_default()
}

fn as_parameter(field: &Field) -> Param {
    const MOST: f64 = 1e15;
    let kind = match field.kind {
        FieldKind::Integer | FieldKind::Number => Kind::Number { least: -MOST, most: MOST },
        FieldKind::Boolean => Kind::Word(&["true", "false"]),
        FieldKind::Date => Kind::Date,
        _ => Kind::Text,
    };
    equality(field.name, kind, field.help)
}

/// Parameters of one feature: those that make its layer, its CRS and form.
pub(super) fn params_of_one(operation: &Operation) -> impl Iterator<Item = &'static Param> + use<> {
    operation.params.iter().chain([&F_OF_ONE, &CRS, &SNAPSHOT])
}

/// What of a query made a layer, as a page of one of its features asks for it: without pages and conditions, which that does
/// not take, and in the same state of the data.
pub(super) fn of_one(operation: &Operation, pairs: &[(String, String)], kept: Option<&str>) -> String {
    let takes = |name: &str| params_of_one(operation).any(|param| param.wire == name);
    let own = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let own = own.filter(|(name, _)| takes(name) && ![F_OF_ONE.wire, SNAPSHOT.wire].contains(name));
    let kept = kept.map(|kept| (SNAPSHOT.wire, kept));
    written(own.chain(kept).chain([(F_OF_ONE.wire, "html")]))
}

/// Checks a query for one feature.
pub(super) fn check_for_one(operation: &Operation, pairs: &[(String, String)]) -> Result<Values, Problem> {
    let address = format!("/collections/{}/items/…", operation.collection);
    check_among(&params_of_one(operation).collect::<Vec<_>>(), &address, pairs)
}

/// Checks a query: unknown, repeated and unusable parameters are refused.
///
/// OGC API Features, requirement 8: "The server SHALL respond with 400 if the request URI includes
/// a query parameter that is not specified in the API definition."
pub(super) fn check(operation: &Operation, pairs: &[(String, String)]) -> Result<Values, Problem> {
    let address = format!("/collections/{}/items", operation.collection);
    check_among(&params(operation).collect::<Vec<_>>(), &address, pairs)
}

/// The same for tiles, which have no pages: the place is in the address.
pub(super) fn check_for_tiles(operation: &Operation, pairs: &[(String, String)]) -> Result<Values, Problem> {
    let address = format!("tiles of {}", operation.collection);
    check_among(&operation.params.iter().collect::<Vec<_>>(), &address, pairs)
}

/// The same for counts, which have no pages either: a part of them would not add up.
pub(super) fn check_counts(operation: &Operation, pairs: &[(String, String)]) -> Result<Values, Problem> {
    check_among(&operation.params.iter().collect::<Vec<_>>(), "/counts", pairs)
}

/// The same for files of a whole layer, which have no pages either.
pub(super) fn check_for_files(operation: &Operation, pairs: &[(String, String)]) -> Result<Values, Problem> {
    let address = format!("/collections/{id}/{id}.gpkg and its like", id = operation.collection);
    check_among(&params_of_whole(operation).collect::<Vec<_>>(), &address, pairs)
}

pub(super) fn check_among(
    params: &[&Param],
    address: &str,
    pairs: &[(String, String)],
) -> Result<Values, Problem> {
    let mut values = Values::default();
    for (at, (name, text)) in pairs.iter().enumerate() {
        let Some(param) = params.iter().find(|p| p.wire == name) else {
            let allowed = params.iter().map(|p| p.wire).collect();
            return Err(Problem::unknown_parameter(name, address, allowed));
        };
        if pairs[..at].iter().any(|(earlier, _)| earlier == name) {
            return Err(Problem::repeated(name));
        }
        values.set_wire(param, text)?;
    }
    Ok(values)
}

/// Parameters without which a collection or a process has no answer.
pub(super) fn required(operation: &Operation) -> &'static [Param] {
    match operation.collection {
        "clusters" => &[MIN_POINTS],
        "near-repeat" => &[DISTANCES, DAYS],
        "compare" => &[OTHER_PERIOD],
        "explain" => &[BLOCK],
        "targets" => &[BUDGET],
        "brief" => &[WITHIN],
        "list" => &[CAPACITY],
        "plan" => &[FREE, SPEED],
        _ => &[],
    }
}

/// Which of them are neither among these values nor told by the list that is kept.
pub(super) fn lacks(
    operation: &Operation,
    values: &Values,
    snapshot: &Snapshot,
) -> impl Iterator<Item = &'static Param> {
    let of_list = [LIST.collection, BRIEF.collection].contains(&operation.collection);
    let kept = of_list && snapshot.outreach().is_some();
    let has = |param: &Param| values.has(param) || (param.kind == Kind::Areas && values.within.is_some());
    required(operation).iter().filter(move |param| !kept && !has(param) && !values.does_without(param))
}

/// Refuses a request that lacks a parameter without which there is no answer.
///
/// 400 where it could be given; 422 where these data have nothing to give: then no request would do.
pub(super) fn complete(operation: &Operation, values: &Values, snapshot: &Snapshot) -> Result<(), Problem> {
    let Some(param) = lacks(operation, values, snapshot).next() else { return Ok(()) };
    if param.kind == Kind::Areas && snapshot.dataset().areas.is_empty() {
        let why = format!(
            "these data have no areas to name; import some, or keep an outreach list for {}",
            operation.collection
        );
        return Err(Problem::not_together(param.wire, &why));
    }
    Err(Problem::not_given(param))
}

/// How many draws a request may ask for: more would keep all others waiting.
pub(super) const MOST_DRAWS: u64 = 10_000;

/// Refuses what is the agency's to decide or would keep others waiting.
pub(super) fn bounded(values: &Values, configured: &Values) -> Result<(), Problem> {
    let bad =
        |param: &Param, value: String, mend: String| BadValue { name: param.wire.to_owned(), value, mend };
    if let Some(draws) = values.count(&DRAWS).filter(|&draws| draws > MOST_DRAWS) {
        return Err(bad(&DRAWS, draws.to_string(), format!("over HTTP give {MOST_DRAWS} or fewer")).into());
    }
    if [values, configured].map(|given| given.word(&PROTECTED) == Some("yes")) == [true, false] {
        let mend = "the agency turns them on in its configuration; leave it out".to_owned();
        return Err(Problem::agency(bad(&PROTECTED, "yes".to_owned(), mend)));
    }
    if let Some((asked, least)) = values.number(&DELAY).zip(configured.number(&DELAY)).filter(|(a, b)| a < b)
    {
        let mend = format!("the agency's delay is {least} hours; give no less");
        return Err(Problem::agency(bad(&DELAY, asked.to_string(), mend)));
    }
    Ok(())
}

/// A query as it goes on from a document to what it points to, without the form, which is that of the document.
pub(super) fn marked(query: Option<&str>) -> String {
    let parts = query.unwrap_or_default().split('&');
    let kept: Vec<&str> = parts.filter(|part| !part.is_empty() && !part.starts_with("f=")).collect();
    if kept.is_empty() { String::new() } else { format!("?{}", kept.join("&")) }
}

/// The page that is asked for.
pub(super) fn page(values: &Values) -> Page {
    let size = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    Page {
        bbox: values.bbox,
        offset: size(values.count(&OFFSET).unwrap_or(0)),
        limit: size(values.count(&LIMIT).unwrap_or(DEFAULT_LIMIT)),
    }
}
