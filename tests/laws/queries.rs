//! Laws of choosing features: a filter is what plain Rust would do, sorting sorts, projecting projects, nothing panics.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::LazyLock;

use crate::cases::cases;
use crate::common;
use hotblocks::engine::params::ranking::RANK;
use hotblocks::engine::params::table::{INCIDENTS, Operation};
use hotblocks::engine::params::values::Values;
use hotblocks::engine::snapshot::Snapshot;
use hotblocks::layer::choose::{Choice, choose};
use hotblocks::layer::cql2::{Scope, parse};
use hotblocks::layer::{Feature, Layer, Page, Value};
use proptest::prelude::*;

static SAMPLE: LazyLock<Snapshot> = LazyLock::new(|| common::new_haven().0);

/// All features of both layers, as they come.
static ALL: LazyLock<HashMap<&'static str, Layer>> = LazyLock::new(|| {
    [INCIDENTS, RANK].into_iter().map(|of| (of.collection, chosen(&of, |_| (), Page::ALL))).collect()
});

fn chosen(operation: &Operation, set: impl FnOnce(&mut Choice), page: Page) -> Layer {
    let mut choice = Choice::all(operation, SAMPLE.dataset());
    set(&mut choice);
    choose(&SAMPLE, operation, &Values::default(), page, &choice).expect("a layer")
}

fn ids(layer: &Layer) -> Vec<&str> {
    layer.features.iter().map(|feature| feature.id.as_str()).collect()
}

/// A condition of the test's own.
#[derive(Clone, Debug)]
enum Condition {
    Words(&'static str, &'static str, String),
    Number(&'static str, &'static str, f64),
    Between(&'static str, f64, f64),
    Among(&'static str, Vec<String>),
    Like(&'static str, String),
    Null(&'static str),
    Flag(&'static str, bool),
    Day(&'static str, &'static str, String),
    Box([f64; 4]),
    Not(Box<Condition>),
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
}

impl Condition {
    fn text(&self) -> String {
        let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
        match self {
            Self::Words(name, op, text) => format!("{name} {op} {}", quoted(text)),
            Self::Number(name, op, n) => format!("\"{name}\"{op}{n}"),
            Self::Between(name, a, b) => format!("{name} BETWEEN {a} AND {b}"),
            Self::Among(name, words) => {
                format!("{name} in ({})", words.iter().map(|w| quoted(w)).collect::<Vec<_>>().join(", "))
            }
            Self::Like(name, pattern) => format!("{name} LIKE {}", quoted(pattern)),
            Self::Null(name) => format!("{name} IS NULL"),
            Self::Flag(name, flag) => format!("{name} = {}", if *flag { "TRUE" } else { "false" }),
            Self::Day(name, op, day) => format!("\"{name}\" {op} DATE('{day}')"),
            Self::Box([w, s, e, n]) => format!("S_INTERSECTS(geometry, BBOX({w},{s},{e},{n}))"),
            Self::Not(inner) => format!("NOT ({})", inner.text()),
            Self::And(a, b) => format!("({}) AND {}", a.text(), Self::in_parentheses(b)),
            Self::Or(a, b) => format!("{} OR ({})", Self::in_parentheses(a), b.text()),
        }
    }

    fn in_parentheses(of: &Self) -> String {
        format!("({})", of.text())
    }

    /// True, false, or not known, over what stands in a feature.
    fn holds(&self, feature: &Feature) -> Option<bool> {
        let value = |name: &str| feature.properties.iter().find(|(known, _)| *known == name).map(|(_, v)| v);
        let words = |name: &str| match value(name) {
            Some(Value::Text(text)) => Some(text.clone()),
            _ => None,
        };
        let number = |name: &str| match value(name) {
            Some(Value::Int(n)) => Some(*n as f64),
            Some(Value::Float(n)) => Some(*n),
            _ => None,
        };
        let by = |op: &str, order: Ordering| match op {
            "=" => order.is_eq(),
            "<>" => order.is_ne(),
            "<" => order.is_lt(),
            "<=" => order.is_le(),
            ">" => order.is_gt(),
            _ => order.is_ge(),
        };
        match self {
            Self::Words(name, op, text) => words(name).map(|own| by(op, own.cmp(text))),
            Self::Number(name, op, n) => number(name).map(|own| by(op, own.partial_cmp(n).expect("numbers"))),
            Self::Between(name, a, b) => number(name).map(|own| *a <= own && own <= *b),
            Self::Among(name, all) => words(name).map(|own| all.contains(&own)),
            Self::Like(name, pattern) => words(name).map(|own| like(&own, pattern)),
            Self::Null(name) => Some(matches!(value(name), None | Some(Value::Null))),
            Self::Flag(name, flag) => match value(name) {
                Some(Value::Bool(own)) => Some(own == flag),
                _ => None,
            },
            Self::Day(name, op, day) => words(name).map(|own| by(op, own[..10].cmp(&day[..]))),
            Self::Box([w, s, e, n]) => {
                use geo::Intersects;
                let shape = feature.geometry.as_deref()?;
                Some(shape.intersects(&geo::Rect::new((*w, *s), (*e, *n))))
            }
            Self::Not(inner) => inner.holds(feature).map(|holds| !holds),
            Self::And(a, b) => match (a.holds(feature), b.holds(feature)) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            },
            Self::Or(a, b) => match (a.holds(feature), b.holds(feature)) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            },
        }
    }
}

/// `LIKE` by trying every way.
fn like(text: &str, pattern: &str) -> bool {
    match pattern.chars().next() {
        None => text.is_empty(),
        Some('%') => {
            let rest = &pattern[1..];
            text.char_indices().map(|(at, _)| at).chain([text.len()]).any(|at| like(&text[at..], rest))
        }
        Some(letter) => match text.chars().next() {
            Some(first) if letter == '_' || letter == first => {
                like(&text[first.len_utf8()..], &pattern[letter.len_utf8()..])
            }
            _ => false,
        },
    }
}

/// Words that stand in a field of some feature.
fn words_of(layer: &'static str, name: &'static str) -> Vec<String> {
    let mut found: Vec<String> = ALL[layer]
        .features
        .iter()
        .flat_map(|feature| &feature.properties)
        .filter_map(|(known, value)| match value {
            Value::Text(text) if *known == name => Some(text.clone()),
            _ => None,
        })
        .collect();
    found.sort();
    found.dedup();
    found.truncate(40);
    found.push("no such word's".to_owned());
    found
}

fn conditions(layer: &'static str) -> BoxedStrategy<Condition> {
    let ops = || prop::sample::select(vec!["=", "<>", "<", "<=", ">", ">="]);
    let (texts, numbers): (Vec<&'static str>, Vec<(&'static str, f64)>) = match layer {
        "incidents" => (vec!["category", "label", "source", "origin", "block"], vec![("reports", 4.0)]),
        _ => (
            vec!["name", "kind", "peak_hours"],
            vec![
                ("rank", 400.0),
                ("incidents", 12.0),
                ("length_m", 400.0),
                ("rate_mean", 60.0),
                ("area_km2", 1.0),
            ],
        ),
    };
    let names = || prop::sample::select(texts.clone());
    let word = move |name: &'static str| {
        prop::sample::select(words_of(layer, name)).prop_map(move |word| (name, word))
    };
    let words =
        (names().prop_flat_map(word), ops()).prop_map(|((name, word), op)| Condition::Words(name, op, word));
    let among = names()
        .prop_flat_map(move |name| {
            prop::collection::vec(prop::sample::select(words_of(layer, name)), 1..5)
                .prop_map(move |all| (name, all))
        })
        .prop_map(|(name, all)| Condition::Among(name, all));
    let likes = (names(), "[%_a-eA-ES 0-9]{1,6}").prop_map(|(name, pattern)| Condition::Like(name, pattern));
    let number =
        || prop::sample::select(numbers.clone()).prop_flat_map(|(name, most)| (Just(name), 0.0..most));
    let compared = (number(), ops()).prop_map(|((name, n), op)| Condition::Number(name, op, n.round()));
    let between = (number(), 0.0..50.0).prop_map(|((name, a), wide)| Condition::Between(name, a, a + wide));
    let nulls = prop::sample::select([texts.clone(), numbers.iter().map(|n| n.0).collect()].concat())
        .prop_map(Condition::Null);
    let boxes = (-72.97..-72.88, 41.26..41.34, 0.001..0.04, 0.001..0.04)
        .prop_map(|(w, s, dx, dy): (f64, f64, f64, f64)| Condition::Box([w, s, w + dx, s + dy]));
    let own = match layer {
        "incidents" => prop_oneof![
            any::<bool>().prop_map(|flag| Condition::Flag("held", flag)),
            (1..=30, ops()).prop_map(|(day, op)| Condition::Day("from", op, format!("2014-09-{day:02}"))),
        ]
        .boxed(),
        _ => (1..=30, ops())
            .prop_map(|(day, op)| Condition::Day("latest", op, format!("2014-09-{day:02}")))
            .boxed(),
    };
    let leaf = prop_oneof![words, among, likes, compared, between, nulls, boxes, own];
    leaf.prop_recursive(4, 12, 2, |inner| {
        prop_oneof![
            inner.clone().prop_map(|one| Condition::Not(Box::new(one))),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| Condition::And(Box::new(a), Box::new(b))),
            (inner.clone(), inner).prop_map(|(a, b)| Condition::Or(Box::new(a), Box::new(b))),
        ]
    })
    .boxed()
}

fn check(operation: &Operation, condition: &Condition) -> Result<(), TestCaseError> {
    let text = condition.text();
    let set = |choice: &mut Choice| choice.filter(&text, &|x, y| Some((x, y)), 0.0).expect("readable");
    let found = chosen(operation, set, Page::ALL);
    let all = &ALL[operation.collection];
    let expected: Vec<&str> =
        all.features.iter().filter(|f| condition.holds(f) == Some(true)).map(|f| f.id.as_str()).collect();
    prop_assert_eq!(ids(&found), expected, "{}", text);
    prop_assert_eq!(found.matched, found.features.len());
    Ok(())
}

proptest! {
    #![proptest_config(cases(400, 71))]

    #[test]
    fn a_filter_over_incidents_is_what_plain_rust_would_choose(condition in conditions("incidents")) {
        check(&INCIDENTS, &condition)?;
    }
}

proptest! {
    #![proptest_config(cases(60, 72))]

    #[test]
    fn a_filter_over_blocks_is_what_plain_rust_would_choose(condition in conditions("blocks")) {
        check(&RANK, &condition)?;
    }

    #[test]
    fn sorting_sorts_whatever_the_page_and_ties_stay_as_they_came(
        keys in prop::collection::vec((prop::sample::select(vec!["category", "from", "label", "reports", "held", "id"]), any::<bool>()), 1..4),
        offset in 0usize..5_000,
        limit in 1usize..2_000,
    ) {
        let text: Vec<String> = keys.iter().map(|(name, down)| format!("{}{name}", if *down { "-" } else { "+" })).collect();
        let set = |choice: &mut Choice| choice.sort_by(&text.join(",")).expect("fields");
        let found = chosen(&INCIDENTS, set, Page { bbox: None, offset, limit });
        let mut expected: Vec<&Feature> = ALL["incidents"].features.iter().collect();
        let told = |feature: &Feature, name: &str| match feature.properties.iter().find(|(known, _)| *known == name) {
            None => feature.id.clone(),
            Some((_, Value::Null)) => String::new(),
            Some((_, Value::Text(text))) if name == "from" => {
                format!("{:020}", text.parse::<jiff::Timestamp>().expect("a time").as_second())
            }
            Some((_, Value::Text(text))) => text.clone(),
            Some((_, Value::Int(n))) => format!("{n:09}"),
            Some((_, Value::Bool(flag))) => format!("{flag}"),
            Some(other) => panic!("{other:?}"),
        };
        expected.sort_by(|a, b| {
            keys.iter().fold(Ordering::Equal, |so_far, (name, down)| {
                so_far.then_with(|| {
                    let (a, b) = (told(a, name), told(b, name));
                    match (a.is_empty(), b.is_empty()) {
                        (false, false) if *down => b.cmp(&a),
                        (false, false) => a.cmp(&b),
                        (a, b) => a.cmp(&b),
                    }
                })
            })
        });
        let expected: Vec<&str> = expected.iter().skip(offset).take(limit).map(|f| f.id.as_str()).collect();
        prop_assert_eq!(ids(&found), expected);
        prop_assert_eq!(found.matched, ALL["incidents"].matched);
    }

    #[test]
    fn projecting_keeps_id_and_shape_and_the_fields_that_are_named(
        names in prop::sample::subsequence(vec!["category", "from", "label", "reports", "held", "block"], 0..=6),
    ) {
        prop_assume!(!names.is_empty());
        let set = |choice: &mut Choice| choice.properties(&names.join(",")).expect("fields");
        let page = Page { bbox: None, offset: 100, limit: 50 };
        let found = chosen(&INCIDENTS, set, page);
        for (projected, whole) in found.features.iter().zip(&ALL["incidents"].features[100..]) {
            prop_assert_eq!((&projected.id, &projected.geometry), (&whole.id, &whole.geometry));
            let own: Vec<_> = whole.properties.iter().filter(|(name, _)| names.contains(name)).cloned().collect();
            prop_assert_eq!(&projected.properties, &own);
        }
    }
}

fn read(text: &str) {
    let fields = hotblocks::layer::fields::fields("incidents", SAMPLE.dataset());
    let scope = Scope { layer: "incidents", fields: &fields, to_degrees: &|x, y| Some((x, y)), slack: 0.0 };
    if let Err(error) = parse(text, scope) {
        assert!(!error.to_string().is_empty());
    }
}

proptest! {
    #![proptest_config(cases(20_000, 73))]

    #[test]
    fn no_text_panics_the_reader(text in "\\PC{0,60}") {
        read(&text);
    }

    #[test]
    fn no_words_of_the_language_panic_the_reader(words in prop::collection::vec(prop::sample::select(vec![
        "AND", "OR", "NOT", "(", ")", ",", "=", "<>", "<", ">=", "IS", "NULL", "IN", "LIKE", "BETWEEN", "TRUE",
        "category", "from", "held", "reports", "geometry", "'robbery'", "'2014-09-01'", "'%'", "''", "'", "\"from\"",
        "1", "-1.5e3", "1e400", "DATE(", "TIMESTAMP(", "CASEI(", "S_INTERSECTS(", "POINT(", "POLYGON((", "BBOX(",
        "GEOMETRYCOLLECTION(", "MULTIPOINT(", "0 0", "1 1", "181", "ö", "\\", "-", ".", "\u{0}", "\u{202e}",
    ]), 0..40), gaps in any::<bool>()) {
        read(&words.join(if gaps { " " } else { "" }));
    }
}

#[test]
fn the_longest_and_deepest_texts_are_refused_at_once() {
    for text in [
        "(".repeat(1_000_000),
        "NOT ".repeat(1_000_000),
        "'".repeat(999_999),
        format!("category IN ({})", vec!["'a'"; 1_000_000].join(",")),
        format!("S_INTERSECTS(geometry, POLYGON(({})))", vec!["0 0"; 1_000_000].join(",")),
        "CASEI(".repeat(16_000 / 6),
        "GEOMETRYCOLLECTION(".repeat(800),
    ] {
        read(&text);
    }
}
