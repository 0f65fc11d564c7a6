//! Which column of a polygon file means what. Data, not code: `data/areas.toml`.

use std::collections::BTreeMap;

use geo::MultiPolygon;

use super::features::Feature;
use crate::ingest::shipped;
use crate::ingest::table::Header;
use crate::model::areas::{Area, AreaKind};
use crate::model::exposure::Residents;

/// How a polygon file is read.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    id: String,
    kind: String,
    block_set: String,
    population: String,
    households: String,
    name: BTreeMap<String, String>,
}

/// The columns of one file.
pub(super) struct AreaLayout {
    id: Option<usize>,
    name: Option<usize>,
    kind: Option<usize>,
    block_set: Option<usize>,
    population: Option<usize>,
    households: Option<usize>,
    header: Header,
    /// Values that are no number of 0 or more: column, line, value.
    unusable: Vec<(usize, u64, String)>,
}

impl AreaLayout {
    /// The columns that a header has; names of areas stand elsewhere than names of blocks.
    pub(super) fn for_header(header: &Header, kind: Option<AreaKind>) -> Self {
        let file: File = toml::from_str(&shipped::text("areas.toml")).expect("a test reads data/areas.toml");
        let names = &file.name[kind.map_or("block", AreaKind::word)];
        Self {
            id: header.find(&file.id),
            name: header.find(names),
            kind: header.find(&file.kind),
            block_set: header.find(&file.block_set),
            population: header.find(&file.population),
            households: header.find(&file.households),
            header: header.clone(),
            unusable: Vec::new(),
        }
    }

    /// The id that a feature has in its file.
    pub(super) fn id(&self, feature: &Feature) -> Option<String> {
        self.id.map(|at| feature.attributes.get(at).to_owned()).filter(|text| !text.is_empty())
    }

    /// A polygon with what its row says of it.
    pub(super) fn area(&mut self, feature: &Feature, shape: MultiPolygon) -> Area {
        let text = |at: Option<usize>| {
            at.map(|at| feature.attributes.get(at).to_owned()).filter(|text| !text.is_empty())
        };
        let area = Area {
            id: text(self.id),
            name: text(self.name),
            kind: text(self.kind),
            block_set: text(self.block_set),
            residents: Residents::default(),
            shape,
        };
        let residents = Residents {
            households: self.number(feature, self.households),
            population: self.number(feature, self.population),
        };
        Area { residents, ..area }
    }

    /// A number of 0 or more; empty is unknown, anything else is left out and remembered.
    fn number(&mut self, feature: &Feature, column: Option<usize>) -> Option<f64> {
        let at = column?;
        let text = feature.attributes.get(at);
        let number = text.parse::<f64>().ok().filter(|n| n.is_finite() && *n >= 0.0);
        if number.is_none() && !text.is_empty() {
            self.unusable.push((at, feature.number, text.to_owned()));
        }
        number
    }

    /// What a person should know of the columns, a sentence each.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        for (word, column) in
            [("name", self.name), ("population", self.population), ("households", self.households)]
        {
            let Some(at) = column else { continue };
            let bad: Vec<&(usize, u64, String)> = self.unusable.iter().filter(|b| b.0 == at).collect();
            let refused = bad.first().map_or_else(String::new, |(_, line, value)| {
                format!(
                    "; {} values are no number of 0 or more and were left out, the first `{value}` in line {line}",
                    bad.len()
                )
            });
            notes.push(format!("{word} from column `{}`{refused}", self.header.name(at)));
        }
        notes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str) -> (Area, Vec<String>) {
        let header = Header::new(["Name", "Pop_2020"].into_iter());
        let mut layout = AreaLayout::for_header(&header, None);
        let shape = geo::Geometry::Point(geo::Point::new(0.0, 0.0));
        let feature = Feature { number: 7, shape, attributes: ["A", value].into_iter().collect() };
        let area = layout.area(&feature, MultiPolygon(Vec::new()));
        (area, layout.notes())
    }

    #[test]
    fn a_population_that_is_no_number_is_left_out_with_its_line_and_is_never_nan() {
        for bad in ["NaN", "inf", "-3", "many", "1,200"] {
            let (area, notes) = read(bad);
            assert_eq!(area.residents.population, None, "{bad}");
            assert!(notes.iter().any(|n| n.contains(&format!("`{bad}` in line 7"))), "{notes:?}");
        }
        let (area, notes) = read(" 1200 ");
        assert_eq!(area.residents.population, Some(1200.0));
        assert!(notes.iter().all(|n| !n.contains("left out")), "{notes:?}");
        assert_eq!(read("").0.residents.population, None);
        assert!(read("").1.iter().all(|n| !n.contains("left out")));
    }

    #[test]
    fn every_kind_of_area_has_its_columns() {
        let header = Header::new(["NHD_NAME", "ZCTA", "name"].into_iter());
        for kind in AreaKind::ALL {
            assert!(AreaLayout::for_header(&header, Some(kind)).name.is_some(), "{kind}");
        }
    }
}
