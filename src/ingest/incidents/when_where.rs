//! When and where: the part of a mapping that reads times and places, and what can be wrong with them.

use super::mapping::Mapping;
use super::values::{filled, number};
use crate::ingest::layout::NoPlace;
use crate::ingest::table::Row;
use crate::model::period::{Interval, Precision};
use crate::model::report::{Day, Place};
use crate::space::crs::{Crs, CrsError};

/// What is wrong with a row; in a box, since nearly all rows are right.
pub(super) struct Fault {
    pub(super) column: Option<usize>,
    pub(super) value: String,
    pub(super) reason: String,
}

impl Fault {
    #[cold]
    /// What stands in a column and why it cannot be used.
    pub(super) fn new(column: Option<usize>, value: &str, reason: &str) -> Box<Self> {
        Box::new(Self { column, value: value.to_owned(), reason: reason.to_owned() })
    }
}

/// So near to a point that stands for 'no place', in degrees, a pair of coordinates is that point: copies round.
const NEAR: f64 = 1e-5;

/// The same in a plane of metres or feet.
const NEAR_PLANE: f64 = 1.0;

/// By less than so many seconds a range may end before it begins, and its begin still counts.
const SLIP: i64 = 86_400;

impl Mapping<'_> {
    /// When it happened, as an interval.
    pub(super) fn when(&mut self, row: &Row<'_>) -> Result<Interval, Box<Fault>> {
        let at = &self.at;
        let field = |at: Option<usize>| at.map_or("", |at| filled(row.fields.get(at)));
        let begin = if at.occurred.is_some() {
            let text = field(at.occurred);
            let read = self.clock.read(text, &self.forms.occurred);
            read.ok_or_else(|| Fault::new(at.occurred, text, "date unreadable"))?
        } else if at.date.is_some() {
            let texts = (field(at.date), field(at.time));
            let read = self.clock.read_parts(texts, (&self.forms.date, &self.forms.time));
            read.map_err(|part| match part {
                0 => Fault::new(at.date, texts.0, "date unreadable"),
                _ => Fault::new(at.time, texts.1, "time unreadable"),
            })?
        } else if at.month.is_some() {
            let text = field(at.month);
            let read = self.clock.read(text, &self.forms.month);
            read.ok_or_else(|| Fault::new(at.month, text, "month unreadable"))?
        } else {
            return Err(Fault::new(None, "", "no date: the layout names no column for it"));
        };
        let (until, column, text) = if !field(at.until).is_empty() {
            let text = field(at.until);
            (self.clock.read(text, &self.forms.until), at.until, text)
        } else if !field(at.until_date).is_empty() {
            let texts = (field(at.until_date), field(at.until_time));
            let read = self.clock.read_parts(texts, (&self.forms.date, &self.forms.time)).ok();
            (read, at.until_date, texts.0)
        } else {
            return Ok(begin);
        };
        let until = until.ok_or_else(|| Fault::new(column, text, "end of the time range unreadable"))?;
        if until.from < begin.from {
            // A slip in a time of day; more than that, and either of the two dates may be the wrong one.
            if begin.from - until.from >= SLIP {
                return Err(Fault::new(column, text, "time range ends before it begins"));
            }
            self.early_ends += 1;
            return Ok(begin);
        }
        if until.from == begin.from {
            return Ok(begin);
        }
        let precision = Precision::ALL.into_iter().find(|p| p.word() == field(at.precision));
        // An end without a time is the end of its day.
        let end = if until.seconds >= 3_600 { until.to() } else { until.from };
        let seconds = u32::try_from(end - begin.from)
            .map_err(|_| Fault::new(column, text, "time range longer than a century"))?;
        Ok(Interval { from: begin.from, seconds, precision: precision.unwrap_or(Precision::Range) })
    }

    /// The day by which the source knew it.
    pub(super) fn recorded(&mut self, text: &str) -> Result<Option<Day>, Box<Fault>> {
        if text.is_empty() {
            return Ok(None);
        }
        let day = self.clock.day(text, &self.forms.recorded);
        day.map(Some).ok_or_else(|| Fault::new(self.at.recorded, text, "date of record unreadable"))
    }

    /// What a point of the file stands for, if for no place.
    #[inline]
    pub(super) fn no_place(&self, x: f64, y: f64) -> Option<NoPlace> {
        self.layout.no_place((x, y), if self.in_degrees { NEAR } else { NEAR_PLANE })
    }

    /// Whether a point looks like degrees in a file of metres or feet: hundreds of kilometres away, were it taken for these.
    #[inline]
    pub(super) fn degrees_among_feet(&self, x: f64, y: f64) -> bool {
        !self.in_degrees && x.abs() <= 180.0 && y.abs() <= 180.0
    }

    /// Where it happened.
    pub(super) fn place(&mut self, row: &Row<'_>) -> Result<Place, Box<Fault>> {
        let (column, x, y) = match (self.at.xy, row.point) {
            (_, Some((x, y))) => (None, x, y),
            (Some((x_at, y_at)), None) => {
                let (x, y) = (filled(row.fields.get(x_at)), filled(row.fields.get(y_at)));
                if x.is_empty() && y.is_empty() {
                    return Ok(Place::Missing);
                }
                let read = |at: usize, text: &str| {
                    number(text).ok_or_else(|| Fault::new(Some(at), text, "coordinate unreadable"))
                };
                (Some(x_at), read(x_at, x)?, read(y_at, y)?)
            }
            (None, None) => return Ok(Place::Missing),
        };
        match self.no_place(x, y) {
            Some(NoPlace::Withheld) => return Ok(Place::Withheld),
            Some(NoPlace::Missing) => {
                self.account.flags.no_place += 1;
                return Ok(Place::Missing);
            }
            None => {}
        }
        let refuse = |reason: String| Box::new(Fault { column, value: format!("{x}, {y}"), reason });
        if self.degrees_among_feet(x, y) {
            return Err(refuse(format!(
                "coordinates cannot be in their CRS: ({x}, {y}) looks like degrees, not {}",
                self.crs
            )));
        }
        match self.crs.to_lonlat(x, y) {
            Ok(at) => Ok(Place::At(at)),
            Err(CrsError::Globe { .. }) if x.abs() <= 90.0 && (90.0..=180.0).contains(&y.abs()) => Err(
                refuse("coordinates cannot be in their CRS: longitude and latitude look swapped".to_owned()),
            ),
            Err(e @ (CrsError::Globe { .. } | CrsError::Outside { .. })) => {
                Err(refuse(format!("coordinates cannot be in their CRS: {e}")))
            }
            Err(e) => Err(refuse(format!("coordinates cannot be converted: {e}"))),
        }
    }
}

/// Whether a CRS counts in degrees: some place keeps its numbers but for the shift of a datum.
pub(super) fn in_degrees(crs: &Crs) -> bool {
    crs.to_lonlat(10.0, 20.0).is_ok_and(|at| (at.lon() - 10.0).abs() < 0.1 && (at.lat() - 20.0).abs() < 0.1)
}
