//! The one table of parameters: command line, HTTP check and docs all come from it.

use std::collections::BTreeMap;

use super::query::Query;
use crate::model::period::{Period, PeriodError};
use crate::space::bbox::LonLatBox;
use crate::space::coord::Metres;

/// What a parameter takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Two local dates.
    Period,
    /// Names of categories.
    Names,
    /// A length within bounds, in metres.
    Length {
        /// Smallest.
        least: f64,
        /// Largest.
        most: f64,
    },
    /// A whole number within bounds.
    Count {
        /// Smallest.
        least: u64,
        /// Largest; what lies above is an error, but for `limit`, which is cut to it.
        most: u64,
    },
    /// West, south, east, north in degrees.
    BBox,
}

/// One parameter of an operation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Param {
    /// On the command line, without the dashes.
    pub flag: &'static str,
    /// In a query, in results and in the configuration.
    pub wire: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// What holds where it is not given, in words.
    pub default: &'static str,
    /// What it does.
    pub help: &'static str,
    /// An example for the command line.
    pub example: &'static str,
}

/// Local dates.
pub const PERIOD: Param = Param {
    flag: "period",
    wire: "datetime",
    kind: Kind::Period,
    default: "all time",
    help: "Incidents that begin on these local dates, both included; .. leaves an end open",
    example: "2018-01-01/2018-12-31",
};

/// Categories.
pub const CATEGORY: Param = Param {
    flag: "category",
    wire: "category",
    kind: Kind::Names,
    default: "the configuration's, else all",
    help: "Incidents of these categories or groups of them; `all` for every one",
    example: "robbery,burglary",
};

/// Length of the list.
pub const TOP: Param = Param {
    flag: "top",
    wire: "top",
    kind: Kind::Count { least: 1, most: 1_000_000 },
    default: "10",
    help: "How many blocks to list",
    example: "10",
};

/// Radius of the kernel.
pub const BANDWIDTH: Param = Param {
    flag: "bandwidth",
    wire: "bandwidth_m",
    kind: Kind::Length { least: 1.0, most: 100_000.0 },
    default: "none: it is given or configured",
    help: "Radius of the quartic kernel: incidents farther away do not count",
    example: "250m",
};

/// Side of a cell.
pub const CELL: Param = Param {
    flag: "cell",
    wire: "cell_m",
    kind: Kind::Length { least: 0.1, most: 100_000.0 },
    default: "none: it is given or configured",
    help: "Side of the cells on which density is computed",
    example: "50m",
};

/// Radius of a neighborhood.
pub const EPS: Param = Param {
    flag: "eps",
    wire: "eps_m",
    kind: Kind::Length { least: 0.1, most: 100_000.0 },
    default: "none: it is given or configured",
    help: "Incidents no farther apart than this are neighbors",
    example: "100m",
};

/// Size of a neighborhood.
pub const MIN_POINTS: Param = Param {
    flag: "min-points",
    wire: "min_points",
    kind: Kind::Count { least: 1, most: 1_000_000_000 },
    default: "none: it is given or configured",
    help: "Neighbors, itself included, that make an incident the core of a cluster",
    example: "10",
};

/// Box.
pub const BBOX: Param = Param {
    flag: "bbox",
    wire: "bbox",
    kind: Kind::BBox,
    default: "everywhere",
    help: "Features that touch the box west,south,east,north in degrees; west above east crosses 180°",
    example: "-90.3,38.6,-90.2,38.7",
};

/// Page length.
pub const LIMIT: Param = Param {
    flag: "limit",
    wire: "limit",
    kind: Kind::Count { least: 1, most: 10_000 },
    default: "1000",
    help: "Features on one page; more than 10000 is cut to that",
    example: "100",
};

/// Page begin.
pub const OFFSET: Param = Param {
    flag: "offset",
    wire: "offset",
    kind: Kind::Count { least: 0, most: u64::MAX },
    default: "0",
    help: "Features to pass over",
    example: "0",
};

/// Features on a page where no `limit` is given.
pub const DEFAULT_LIMIT: u64 = 1_000;

/// An operation with its parameters.
#[derive(Clone, Copy, Debug)]
pub struct Operation {
    /// Its command.
    pub command: &'static str,
    /// Its collection over HTTP.
    pub collection: &'static str,
    /// What it does.
    pub help: &'static str,
    /// Its parameters; over HTTP [`PAGE`] comes on top.
    pub params: &'static [Param],
}

/// Parameters of every collection over HTTP.
pub const PAGE: [Param; 3] = [BBOX, LIMIT, OFFSET];

/// Ranked blocks.
pub const RANK: Operation = Operation {
    command: "rank",
    collection: "blocks",
    help: "Rank blocks by their incidents",
    params: &[PERIOD, CATEGORY],
};

/// Density.
pub const DENSITY: Operation = Operation {
    command: "density",
    collection: "density",
    help: "Kernel density: the smallest areas that hold 50, 75 and 90 % of the incidents",
    params: &[PERIOD, CATEGORY, BANDWIDTH, CELL],
};

/// Clusters.
pub const CLUSTERS: Operation = Operation {
    command: "clusters",
    collection: "clusters",
    help: "Dense groups of incidents (DBSCAN) with their outlines",
    params: &[PERIOD, CATEGORY, EPS, MIN_POINTS],
};

/// Single incidents.
pub const INCIDENTS: Operation = Operation {
    command: "export",
    collection: "incidents",
    help: "Single incidents; sexual, domestic, child and unmapped offenses are never among them",
    params: &[PERIOD, CATEGORY],
};

/// All operations.
pub const OPERATIONS: [Operation; 4] = [INCIDENTS, RANK, DENSITY, CLUSTERS];

/// A parameter's value that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is `{value}`; {mend}")]
pub struct BadValue {
    /// The parameter, as the user knows it.
    pub name: String,
    /// What was given.
    pub value: String,
    /// What can be given.
    pub mend: String,
}

/// Values of an operation's parameters, checked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Values {
    /// `datetime`, `--period`.
    pub period: Option<Period>,
    /// `category`; `None` where not given, empty for all.
    pub categories: Option<Vec<String>>,
    /// Lengths by their wire name.
    lengths: BTreeMap<&'static str, Metres>,
    /// Whole numbers by their wire name.
    counts: BTreeMap<&'static str, u64>,
    /// `bbox`.
    pub bbox: Option<LonLatBox>,
}

impl Values {
    /// A length, where it was given.
    #[must_use]
    pub fn length(&self, param: &Param) -> Option<Metres> {
        self.lengths.get(param.wire).copied()
    }

    /// A whole number, where it was given.
    #[must_use]
    pub fn count(&self, param: &Param) -> Option<u64> {
        self.counts.get(param.wire).copied()
    }

    /// These values, and for those not given the others.
    #[must_use]
    pub fn or(&self, others: &Self) -> Self {
        let mut all = others.clone();
        all.period = self.period.or(others.period);
        all.categories = self.categories.clone().or(all.categories);
        all.lengths.extend(&self.lengths);
        all.counts.extend(&self.counts);
        all.bbox = self.bbox.or(others.bbox);
        all
    }

    /// The incidents that are meant.
    #[must_use]
    pub fn query(&self) -> Query {
        Query { period: self.period, categories: self.categories.clone().unwrap_or_default() }
    }

    /// Takes a value from the command line, where lengths carry a unit.
    ///
    /// # Errors
    ///
    /// [`BadValue`] with the bounds.
    pub fn set_flag(&mut self, param: &Param, text: &str) -> Result<(), BadValue> {
        self.set(param, &format!("--{}", param.flag), text, parse_length)
    }

    /// Takes a value from a query, where lengths are in metres.
    ///
    /// # Errors
    ///
    /// [`BadValue`] with the bounds.
    pub fn set_wire(&mut self, param: &Param, text: &str) -> Result<(), BadValue> {
        self.set(param, param.wire, text, |text| text.parse().ok())
    }

    fn set(&mut self, param: &Param, name: &str, text: &str, length: impl Fn(&str) -> Option<f64>) -> Result<(), BadValue> {
        let bad = |mend: String| BadValue { name: name.to_owned(), value: text.to_owned(), mend };
        match param.kind {
            Kind::Period => {
                self.period = Some(text.parse().map_err(|e: PeriodError| bad(e.to_string()))?);
            }
            Kind::Names => {
                let names: Vec<String> = text.split(',').map(|n| n.trim().to_owned()).filter(|n| !n.is_empty()).collect();
                if names.is_empty() {
                    return Err(bad("give at least one name".to_owned()));
                }
                let all = self.categories.get_or_insert_default();
                all.extend(names);
                if all.iter().any(|n| n == "all") {
                    all.clear();
                }
            }
            Kind::Length { least, most } => {
                let unit = if name.starts_with("--") { " with its unit (m, km, ft, mi)" } else { " in metres" };
                let value = length(text)
                    .filter(|v| (least..=most).contains(v))
                    .ok_or_else(|| bad(format!("give a length{unit} from {least} m to {most} m")))?;
                self.lengths.insert(param.wire, Metres(value));
            }
            Kind::Count { least, most } => {
                let value: u64 = text.parse().ok().filter(|v| *v >= least).ok_or_else(|| {
                    bad(format!("give a whole number from {least}{}", if most == u64::MAX { String::new() } else { format!(" to {most}") }))
                })?;
                // OGC API Features, requirement 22 C: a `limit` above the maximum is no error.
                let value = if param.wire == LIMIT.wire { value.min(most) } else { value };
                if value > most {
                    return Err(bad(format!("give a whole number from {least} to {most}")));
                }
                self.counts.insert(param.wire, value);
            }
            Kind::BBox => self.bbox = Some(parse_bbox(text).map_err(bad)?),
        }
        Ok(())
    }
}

/// `250m`, `0.25 km`, `820ft`, `0.2mi` in metres; a bare number is refused, since its unit would be a guess.
#[must_use]
pub fn parse_length(text: &str) -> Option<f64> {
    const UNITS: [(&str, f64); 4] = [("km", 1000.0), ("ft", 0.3048), ("mi", 1609.344), ("m", 1.0)];
    let text = text.trim().to_ascii_lowercase();
    let (unit, metres) = UNITS.iter().find(|(unit, _)| text.ends_with(unit))?;
    let number: f64 = text.strip_suffix(unit)?.trim_end().parse().ok()?;
    Some(number * metres)
}

/// Four numbers, or six with heights that are not looked at.
fn parse_bbox(text: &str) -> Result<LonLatBox, String> {
    let form = || "give west,south,east,north in degrees, e.g. -90.3,38.6,-90.2,38.7".to_owned();
    let numbers: Vec<f64> =
        text.split(',').map(|n| n.trim().parse::<f64>()).collect::<Result<_, _>>().map_err(|_| form())?;
    let (west, south, east, north) = match numbers[..] {
        [w, s, e, n] | [w, s, _, e, n, _] => (w, s, e, n),
        _ => return Err(form()),
    };
    if ![west, east].iter().all(|v| v.abs() <= 180.0) || ![south, north].iter().all(|v| v.abs() <= 90.0) {
        return Err("longitudes lie within ±180 and latitudes within ±90".to_owned());
    }
    if south > north {
        return Err("the south edge lies above the north edge; swap them".to_owned());
    }
    Ok(LonLatBox { west, south, east, north })
}

/// The name among those known that is nearest to a misspelt one, if one is near.
#[must_use]
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let near = known.into_iter().map(|k| (edits(word, k), k)).min()?;
    (near.0 <= 2.max(word.len() / 3)).then_some(near.1)
}

fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let change = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_needs_its_unit_on_the_command_line() {
        for (text, metres) in [("250m", 250.0), ("0.25 km", 250.0), ("1000ft", 304.8), ("1mi", 1609.344)] {
            assert!((parse_length(text).expect(text) - metres).abs() < 1e-9, "{text}");
        }
        for bad in ["250", "m", "-", "NaN", "1e999km"] {
            let refused = Values::default().set_flag(&BANDWIDTH, bad).expect_err(bad);
            assert!(refused.to_string().contains("unit"), "{refused}");
        }
    }

    #[test]
    fn bounds_hold_and_the_error_names_them() {
        for bad in ["-50", "0", "NaN", "inf", "x", ""] {
            let refused = Values::default().set_wire(&BANDWIDTH, bad).expect_err(bad);
            assert!(refused.to_string().contains("from 1 m to 100000 m"), "{refused}");
        }
        let mut values = Values::default();
        values.set_wire(&LIMIT, "1000000000").expect("cut, not refused");
        assert_eq!(values.count(&LIMIT), Some(10_000));
        for bad in ["unlimited", "0", "-1", "1.5"] {
            assert!(values.set_wire(&LIMIT, bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_box_may_cross_the_antimeridian_and_carry_heights_but_not_be_upside_down() {
        for good in ["177,65,-177,70", "-90.2600000000000051,38,-90,39", "0,0,1,10,10,2"] {
            assert!(parse_bbox(good).is_ok(), "{good}");
        }
        for bad in ["1,2,3", "1,2,3,4,5", "a,b,c,d", "", "0,0,NaN,1", "-181,0,0,1", "0,10,1,5"] {
            assert!(parse_bbox(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_misspelt_name_finds_its_neighbor() {
        assert_eq!(nearest("categry", ["bbox", "category", "limit"]), Some("category"));
        assert_eq!(nearest("zzzzzz", ["bbox", "limit"]), None);
    }
}
