//! Layers as CSV: the properties, one row a feature; what made it and what must be said in last columns, then the shapes.

use std::borrow::Cow;

use geo::{Geometry, InteriorPoint};

use super::columns::{Cell, Columns};
use super::shape::{on_wire, wkt};
use crate::layer::{Feature, Layer, Value};

/// What marks text as UTF-8 for Excel.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// How the shapes of features stand in their rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shapes {
    /// Not at all.
    None,
    /// `lon`, `lat`: of lines and areas a point on them.
    Points,
    /// Well-known text.
    Text,
}

/// A layer's features as comma-separated rows under a header, UTF-8, lines ended by LF; without their shapes.
#[must_use]
pub fn rows(layer: &Layer) -> String {
    write(layer, Shapes::None, csv::Terminator::Any(b'\n'))
}

/// The same with their shapes: `lon`, `lat` where all are points, else `WKT`, seven decimals.
#[must_use]
pub fn features(layer: &Layer) -> String {
    let points =
        layer.features.iter().filter_map(|f| f.geometry.as_deref()).all(|g| matches!(g, Geometry::Point(_)));
    write(layer, if points { Shapes::Points } else { Shapes::Text }, csv::Terminator::Any(b'\n'))
}

/// The same for Excel, which takes text for UTF-8 only behind a mark, and whose cells are too short for most outlines:
/// lines and areas have a point on them.
#[must_use]
pub fn excel(layer: &Layer) -> String {
    let text = write(layer, Shapes::Points, csv::Terminator::CRLF);
    format!("{BYTE_ORDER_MARK}{text}")
}

fn write(layer: &Layer, shapes: Shapes, terminator: csv::Terminator) -> String {
    let mut out = csv::WriterBuilder::new().terminator(terminator).from_writer(Vec::new());
    let columns = Columns::of(layer);
    let made_of = made_of(layer, &columns);
    let of_shapes: &[&str] = match shapes {
        Shapes::None => &[],
        Shapes::Points => &["lon", "lat"],
        Shapes::Text => &["WKT"],
    };
    let names = columns.columns.iter().map(|column| column.name.as_str());
    let header = std::iter::once("id").chain(names).chain(made_of.iter().map(|(name, _)| *name));
    out.write_record(header.chain(of_shapes.iter().copied())).expect("memory takes all");
    for (feature, row) in layer.features.iter().zip(&columns.rows) {
        let values = row.iter().map(in_cell);
        let same = made_of.iter().map(|(_, value)| Cow::Borrowed(value.as_str()));
        let shape = placed(feature, shapes).into_iter().map(Cow::Owned);
        let record = std::iter::once(Cow::Owned(safe(&feature.id))).chain(values).chain(same).chain(shape);
        out.write_record(record.map(|text| text.into_owned())).expect("memory takes all");
    }
    String::from_utf8(out.into_inner().expect("memory takes all")).expect("written as UTF-8")
}

/// The cells of a shape.
fn placed(feature: &Feature, shapes: Shapes) -> Vec<String> {
    let shape = || feature.geometry.as_deref().map(on_wire);
    match shapes {
        Shapes::None => Vec::new(),
        Shapes::Text => vec![shape().map_or_else(String::new, |shape| wkt(&shape))],
        Shapes::Points => {
            let at = shape().and_then(|shape| shape.interior_point()).map(|at| on_wire(&at.into()));
            match at {
                Some(Geometry::Point(at)) => vec![at.x().to_string(), at.y().to_string()],
                _ => vec![String::new(), String::new()],
            }
        }
    }
}

/// A value as it stands in a cell, text that a spreadsheet would run made harmless.
fn in_cell<'c>(value: &'c Cell<'_>) -> Cow<'c, str> {
    match value {
        Cell::Null => Cow::Borrowed(""),
        Cell::Bool(flag) => Cow::Owned(flag.to_string()),
        Cell::Int(n) => Cow::Owned(n.to_string()),
        Cell::Float(n) => Cow::Owned(number(*n)),
        Cell::Text(text) => Cow::Owned(safe(text)),
    }
}

/// Properties as columns: one with members is a column for each, in which lists are joined by `; `.
#[must_use]
pub fn flat(feature: &Feature) -> Vec<(&'static str, Value)> {
    let mut columns = Vec::with_capacity(feature.properties.len());
    for (name, value) in &feature.properties {
        match value {
            Value::Map(members) => columns.extend(members.iter().map(|(name, value)| {
                let value = match value {
                    Value::List(list) if list.is_empty() => Value::Null,
                    Value::List(list) => Value::Text(list.iter().map(plain).collect::<Vec<_>>().join("; ")),
                    value => value.clone(),
                };
                (*name, value)
            })),
            value => columns.push((*name, value.clone())),
        }
    }
    columns
}

/// A value within a list, without what guards a cell.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        value => cell(value),
    }
}

/// Columns that are the same in every row: period, category, CRS, and what must be said.
fn made_of(layer: &Layer, columns: &Columns<'_>) -> Vec<(&'static str, String)> {
    let told = ["period", "category", "crs"].into_iter().filter_map(|name| {
        let (_, value) = layer.provenance.iter().find(|(n, _)| *n == name)?;
        Some((
            name,
            match value {
                Value::Null => "all".to_owned(),
                Value::List(names) => names.iter().map(cell).collect::<Vec<_>>().join(" "),
                value => cell(value),
            },
        ))
    });
    let told = told.filter(|(name, _)| !columns.columns.iter().any(|column| column.name == *name));
    told.chain(layer.notice.iter().map(|notice| ("notice", safe(notice)))).collect()
}

/// A value as it stands in a cell.
#[must_use]
pub fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(flag) => flag.to_string(),
        Value::Int(n) => n.to_string(),
        Value::Float(n) => number(*n),
        Value::Text(text) => safe(text),
        Value::List(_) | Value::Map(_) => super::geojson::json(value).to_string(),
    }
}

/// A number in full; thirty zeros after the point are no number that anybody reads.
fn number(n: f64) -> String {
    if n != 0.0 && n.abs() < 1e-6 { format!("{n:e}") } else { n.to_string() }
}

/// Text that a spreadsheet would run as a formula gets an apostrophe in front; East Asian ones also run full-width signs.
pub(super) fn safe(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use geo::Point;

    /// Id, shape and properties of a feature.
    type Told<'a> = (&'a str, Option<geo::Geometry>, Vec<(&'static str, Value)>);

    use super::super::columns::tests::layer;
    use super::super::shape::tests::wrong_way;
    use super::*;

    #[test]
    fn what_a_spreadsheet_would_run_is_text_and_numbers_stay_numbers() {
        let text = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1+1", "＠x", "Elm, \"St\""];
        let properties = text.map(|text| vec![("label", Value::text(text)), ("change", Value::Float(-0.5))]);
        let features = properties.map(|properties| ("=id", None, properties));
        for written in [
            rows(&layer(features.to_vec())),
            features_of(features.to_vec()),
            excel(&layer(features.to_vec())),
        ] {
            let mut read = csv::Reader::from_reader(written.trim_start_matches(BYTE_ORDER_MARK).as_bytes());
            for (row, text) in read.records().map(|row| row.expect("a row")).zip(text) {
                let safe = if text.starts_with("Elm") { text.to_owned() } else { format!("'{text}") };
                assert_eq!([&row[0], &row[1], &row[2]], ["'=id", &safe, "-0.5"]);
            }
        }
    }

    fn features_of(all: Vec<Told<'_>>) -> String {
        features(&layer(all))
    }

    #[test]
    fn points_have_two_columns_and_other_shapes_their_text() {
        let point = |id| (id, Some(Point::new(-72.9, 41.3).into()), vec![("n", Value::Int(1))]);
        let nowhere = ("b", None, vec![("n", Value::Null)]);
        assert_eq!(
            features_of(vec![point("a"), nowhere.clone()]),
            "id,n,category,crs,notice,lon,lat\na,1,all,EPSG:32618,a sample,-72.9,41.3\nb,,all,EPSG:32618,a sample,,\n"
        );
        let area = ("c", Some(wrong_way().into()), vec![("n", Value::Int(3))]);
        let text = features_of(vec![point("a"), area.clone()]);
        assert!(
            text.contains(",notice,WKT\n") && text.contains("\"POLYGON ((0 0, 3 0, 3 3, 0 3, 0 0)"),
            "{text}"
        );
        let excel = excel(&layer(vec![area, nowhere]));
        assert!(
            excel.starts_with("\u{feff}id,n,") && excel.contains("\r\n") && !excel.contains("POLYGON"),
            "{excel}"
        );
    }

    #[test]
    fn features_that_differ_in_their_properties_have_one_header() {
        let two = vec![("a", None, vec![("x", Value::Int(1))]), ("b", None, vec![("y", Value::text("=2"))])];
        let text = rows(&layer(two));
        assert_eq!(text.lines().next(), Some("id,x,y,category,crs,notice"));
        assert_eq!(text.lines().nth(2), Some("b,,'=2,all,EPSG:32618,a sample"));
        let nothing = rows(&layer(Vec::new()));
        assert!(nothing.starts_with("id,rank,") && nothing.lines().count() == 1, "{nothing}");
    }
}
