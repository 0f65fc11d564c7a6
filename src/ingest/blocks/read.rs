//! Reads a block file: lines are streets, polygons are areas; every shape is accounted for.

use std::collections::BTreeMap;

use geo::orient::Direction;
use geo::{Coord, CoordsIter, Euclidean, Geometry, Length, LineString, MapCoords, Orient};

use super::area_layout::AreaLayout;
use super::error::BlocksError;
use super::features::{self, Feature, Features};
use super::repair::{self, Outcome};
use super::street_layout::{self, StreetLayout};
use crate::ingest::formats::points::kind;
use crate::ingest::input::Input;
use crate::ingest::refused::{Account, Refused};
use crate::model::areas::{Area, AreaKind};
use crate::model::streets::{Street, StreetUse};
use crate::space::coord::LonLat;
use crate::space::crs::Crs;
use crate::space::middle::middle;

/// What a block file holds, in longitude and latitude.
#[derive(Clone, Debug)]
pub enum Shapes {
    /// Lines.
    Streets(Vec<Street>),
    /// Polygons.
    Areas(Vec<Area>),
}

/// What a file is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Blocks: streets without limited-access roads and alleys, or polygons.
    Blocks,
    /// The streets between which polygons lie: limited-access roads among them, alleys if wanted.
    Bounds {
        /// Whether alleys are boundaries.
        alleys: bool,
    },
    /// Areas of a kind; lines are refused.
    Areas(AreaKind),
}

/// Reads a block file. If it has lines, they are streets; else its polygons are areas.
///
/// # Errors
///
/// [`BlocksError`] for a file that cannot be used at all; single shapes are in the account.
pub fn read(input: &Input, crs: Option<&Crs>) -> Result<(Shapes, Account), BlocksError> {
    read_for(input, crs, Purpose::Blocks)
}

/// Reads a file of lines or polygons for a purpose.
///
/// # Errors
///
/// As [`read`].
pub fn read_for(
    input: &Input,
    crs: Option<&Crs>,
    purpose: Purpose,
) -> Result<(Shapes, Account), BlocksError> {
    let features = features::read(input)?;
    let used = features.crs.clone().or_else(|| crs.cloned());
    let used = used.ok_or_else(|| BlocksError::NoCrs { file: input.name.clone() })?;
    let areas = matches!(purpose, Purpose::Areas(_));
    let lines = !areas && features.rows.iter().flatten().any(|f| is_line(&f.shape));
    let mut sorting = Sorting::new(input, &features, used.clone(), purpose);
    sorting.account.crs_not_used(&input.name, crs, "the file", &used);
    for row in features.rows {
        sorting.account.read += 1;
        let outcome = match row {
            Ok(feature) if lines => sorting.street(&feature),
            Ok(feature) => sorting.area(&feature),
            Err(b) => Err((b.line, b.reason, b.value)),
        };
        match outcome {
            Ok(()) => sorting.account.kept += 1,
            Err((line, reason, value)) => sorting.account.refused.push(Refused {
                file: input.name.clone(),
                line,
                column: "geometry".to_owned(),
                value,
                reason,
            }),
        }
    }
    sorting.finish(lines)
}

fn is_line(shape: &Geometry) -> bool {
    matches!(shape, Geometry::LineString(_) | Geometry::MultiLineString(_))
}

type Fault = (u64, String, String);

struct Sorting<'a> {
    input: &'a Input,
    header: crate::ingest::table::Header,
    layout: StreetLayout,
    columns: AreaLayout,
    purpose: Purpose,
    crs: Crs,
    streets: Vec<(u64, Street)>,
    areas: Vec<(u64, Area)>,
    closed: usize,
    alleys: usize,
    repaired: Vec<String>,
    account: Account,
}

impl<'a> Sorting<'a> {
    fn new(input: &'a Input, features: &Features, crs: Crs, purpose: Purpose) -> Self {
        let kind = match purpose {
            Purpose::Areas(kind) => Some(kind),
            Purpose::Blocks | Purpose::Bounds { .. } => None,
        };
        Self {
            input,
            header: features.header.clone(),
            layout: street_layout::for_header(&features.header),
            columns: AreaLayout::for_header(&features.header, kind),
            purpose,
            crs,
            streets: Vec::new(),
            areas: Vec::new(),
            closed: 0,
            alleys: 0,
            repaired: Vec::new(),
            account: Account { notes: input.notes().to_vec(), ..Account::default() },
        }
    }

    fn street(&mut self, feature: &Feature) -> Result<(), Fault> {
        let parts: Vec<&LineString> = match &feature.shape {
            Geometry::LineString(line) => vec![line],
            Geometry::MultiLineString(many) => many.iter().collect(),
            other => return Err((feature.number, "no line among lines".to_owned(), kind(other).to_owned())),
        };
        let used_as = match (self.purpose, self.layout.use_of(&self.header, &feature.attributes)) {
            (Purpose::Bounds { alleys: false }, StreetUse::Alley) => {
                self.alleys += 1;
                return Ok(());
            }
            (Purpose::Bounds { .. }, _) => StreetUse::Open,
            (_, used_as) => used_as,
        };
        let name = self.layout.street(&self.header, &feature.attributes);
        let by_number = self.layout.by_number(&self.header, &feature.attributes);
        let numbers = self.layout.house_numbers(&self.header, &feature.attributes);
        let whole: f64 = parts.iter().map(|part| Euclidean.length(*part)).sum();
        let mut before = 0.0;
        if parts.is_empty() {
            return Err((feature.number, "line without length".to_owned(), String::new()));
        }
        let mut lines = Vec::new();
        for part in parts {
            let line =
                part.coords().map(|&at| self.lonlat(feature.number, at)).collect::<Result<Vec<_>, _>>()?;
            if line.len() < 2 {
                return Err((feature.number, "line of fewer than two points".to_owned(), String::new()));
            }
            if line.iter().all(|at| *at == line[0]) {
                return Err((feature.number, "line without length".to_owned(), String::new()));
            }
            // The parts of one line share its house numbers out by length.
            let begin = before;
            before += Euclidean.length(part) / whole;
            let numbers = numbers.part(begin, before);
            lines.push((feature.number, Street { name: name.clone(), used_as, by_number, numbers, line }));
        }
        match used_as {
            StreetUse::Open => {}
            StreetUse::Alley => self.alleys += 1,
            StreetUse::Closed => self.closed += 1,
        }
        self.streets.extend(lines);
        Ok(())
    }

    fn area(&mut self, feature: &Feature) -> Result<(), Fault> {
        let shape = match &feature.shape {
            Geometry::Polygon(p) => geo::MultiPolygon(vec![p.clone()]),
            Geometry::MultiPolygon(many) => many.clone(),
            other => {
                return Err((feature.number, "neither line nor polygon".to_owned(), kind(other).to_owned()));
            }
        };
        let known_as = || self.columns.id(feature).unwrap_or_else(|| feature.number.to_string());
        let shape = match repair::repair(&shape) {
            Outcome::Sound => shape,
            Outcome::Repaired(shape) => {
                self.repaired.push(known_as());
                shape
            }
            Outcome::Refused(reason) => return Err((feature.number, reason, known_as())),
        };
        let lonlat = shape.try_map_coords(|at| {
            self.lonlat(feature.number, at).map(|at| Coord { x: at.lon(), y: at.lat() })
        })?;
        let area = self.columns.area(feature, lonlat.orient(Direction::Default));
        self.areas.push((feature.number, area));
        Ok(())
    }

    fn lonlat(&self, number: u64, at: Coord) -> Result<LonLat, Fault> {
        self.crs.to_lonlat(at.x, at.y).map_err(|e| {
            (number, format!("coordinates cannot be in their CRS: {e}"), format!("{}, {}", at.x, at.y))
        })
    }

    /// Refuses what lies far from the middle of the rest: a stray shape would move the local CRS for all.
    fn refuse_strays(&mut self) {
        let ends = |area: &Area| -> Vec<(f64, f64)> {
            area.shape.exterior_coords_iter().map(|at| (at.x, at.y)).collect()
        };
        let line = |street: &Street| -> Vec<(f64, f64)> {
            street.line.iter().map(|at| (at.lon(), at.lat())).collect()
        };
        let of_streets = self.streets.iter().map(|(number, street)| (*number, line(street)));
        let of_areas = self.areas.iter().map(|(number, area)| (*number, ends(area)));
        let all: Vec<(u64, Vec<(f64, f64)>)> = of_streets.chain(of_areas).collect();
        let firsts = all.iter().filter_map(|(_, coords)| coords.first());
        let (lon, lat) = middle(firsts.copied()).unwrap_or_default();
        let far = |&(x, y): &(f64, f64)| {
            ((x - lon) * lat.to_radians().cos()).hypot(y - lat) * KM_A_DEGREE > STRAY_KM
        };
        let stray: BTreeMap<u64, (f64, f64)> = all
            .iter()
            .filter_map(|(number, coords)| Some((*number, *coords.iter().find(|at| far(at))?)))
            .collect();
        self.streets.retain(|(number, _)| !stray.contains_key(number));
        self.areas.retain(|(number, _)| !stray.contains_key(number));
        self.account.kept -= stray.len();
        self.account.refused.extend(stray.into_iter().map(|(line, (x, y))| Refused {
            file: self.input.name.clone(),
            line,
            column: "geometry".to_owned(),
            value: format!("{x}, {y}"),
            reason: format!("more than {STRAY_KM} km from the middle of the other blocks"),
        }));
    }

    fn finish(mut self, lines: bool) -> Result<(Shapes, Account), BlocksError> {
        self.refuse_strays();
        if !self.streets.iter().any(|(_, s)| s.used_as == StreetUse::Open) && self.areas.is_empty() {
            return Err(BlocksError::Nothing {
                file: self.input.name.clone(),
                read: self.account.read,
                because: self.account.because(),
            });
        }
        let what = if lines {
            let left_out = match self.purpose {
                Purpose::Bounds { alleys: true } => "with alleys and limited-access roads".to_owned(),
                Purpose::Bounds { .. } => {
                    format!("with limited-access roads, without {} alleys", self.alleys)
                }
                _ => format!(
                    "{} limited-access roads and ramps take nothing, {} alleys go to the street that they belong to",
                    self.closed, self.alleys
                ),
            };
            format!("streets by layout `{}`; {left_out}", self.layout.name)
        } else {
            let mut what = vec!["polygons".to_owned()];
            what.extend(self.columns.notes());
            what.join("; ")
        };
        if !self.repaired.is_empty() {
            let (shown, more) = self.repaired.split_at(self.repaired.len().min(SHOWN));
            let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
            self.account.notes.push(format!(
                "{}: {} broken polygons were repaired: {}{more}",
                self.input.name,
                self.repaired.len(),
                shown.join(", ")
            ));
        }
        self.account.notes.push(format!("{}: {what}, coordinates in {}", self.input.name, self.crs));
        let shapes = if lines {
            Shapes::Streets(self.streets.into_iter().map(|(_, street)| street).collect())
        } else {
            Shapes::Areas(self.areas.into_iter().map(|(_, area)| area).collect())
        };
        Ok((shapes, self.account))
    }
}

/// Beyond this a shape is no part of the same data set, and lengths in one UTM zone are no longer true.
const STRAY_KM: f64 = 300.0;

/// Length of a degree of latitude.
const KM_A_DEGREE: f64 = 111.2;

/// How many repaired polygons are named.
const SHOWN: usize = 50;
