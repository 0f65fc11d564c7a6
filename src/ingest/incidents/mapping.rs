//! One file of incidents: where its columns stand, and each row to a report or a refusal.

use super::classing::Classing;
use super::columns::At;
use super::error::IncidentsError;
use super::options::Options;
use super::values::{filled, names_intersection, number, write_address};
use crate::ingest::layout::{Layout, NoPlace, recognise};
use crate::ingest::refused::{Account, Refused};
use crate::ingest::table::{Broken, Header, Row};
use crate::ingest::time::{Clock, Forms};
use crate::model::category::CategoryTree;
use crate::model::class::Class;
use crate::model::period::{Interval, Precision};
use crate::model::report::{Day, Place, Report, Sign, Source, Status};
use crate::model::reports::Reports;
use crate::space::crs::{Crs, CrsError};

/// One file, understood on its own: classes are numbered within the file.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) file: String,
    pub(super) class_column: String,
    pub(super) source: Source,
    pub(super) classes: Vec<Class>,
    pub(super) reports: Reports,
    pub(super) account: Account,
}

/// What is to be known of a file before its rows are read.
pub(super) struct Given<'a> {
    /// Its name.
    pub(super) file: &'a str,
    /// Its place among the files of the call, from 1.
    pub(super) ordinal: usize,
    /// A layout of one's own.
    pub(super) own: Option<&'a Layout>,
    /// The layouts that ship.
    pub(super) layouts: &'a [Layout],
    /// What the user said.
    pub(super) options: &'a Options,
    /// The categories.
    pub(super) tree: &'a CategoryTree,
}

/// Where the columns of one file stand, and what has been read of it so far.
pub(super) struct Mapping<'a> {
    given: Given<'a>,
    layout: &'a Layout,
    header: Header,
    crs: Crs,
    at: At,
    forms: AllForms,
    clock: Clock,
    classing: Classing<'a>,
    source: Source,
    reports: Reports,
    account: Account,
    address: String,
}

struct AllForms {
    occurred: Forms,
    date: Forms,
    time: Forms,
    month: Forms,
    until: Forms,
    recorded: Forms,
    revision: Forms,
}

impl<'a> Mapping<'a> {
    /// Finds the layout that fits a header and where its columns stand. A file that names its CRS itself is believed.
    pub(super) fn new(given: Given<'a>, header: &Header, named: Option<Crs>) -> Result<Self, IncidentsError> {
        let file = || given.file.to_owned();
        let layout = match given.own {
            Some(own) if own.fits(header) => own,
            Some(own) => {
                return Err(IncidentsError::Misfit {
                    file: file(),
                    layout: own.name.clone(),
                    lacking: own.lacking(header).join(", "),
                    header: header.all(),
                });
            }
            None => recognise(given.layouts, header)
                .ok_or_else(|| IncidentsError::Unrecognised { file: file(), header: header.all() })?,
        };
        let said = named.or_else(|| layout.crs.clone()).or_else(|| given.options.crs.clone());
        let crs = said.ok_or_else(|| IncidentsError::NoCrs { file: file() })?;
        let f = &layout.formats;
        let or = |own: &[String], other: &[String]| Forms::new(if own.is_empty() { other } else { own });
        let source = Source {
            name: given.options.source.clone().unwrap_or_else(|| layout.name.clone()),
            unit: layout.unit,
            feed: layout.feed,
            zone: layout.zone.clone(),
            anonymised: layout.anonymised.clone(),
        };
        let account = Account {
            notes: vec![format!(
                "{}: layout `{}`, a row is one {}, coordinates in {crs}, times in {}",
                source.name,
                layout.name,
                layout.unit.word(),
                layout.zone.iana_name().unwrap_or("UTC"),
            )],
            ..Account::default()
        };
        Ok(Self {
            at: At::of(layout, header),
            forms: AllForms {
                occurred: Forms::new(&f.occurred),
                date: Forms::new(&f.date),
                time: Forms::new(&f.time),
                month: Forms::new(&f.month),
                until: or(&f.until, &f.occurred),
                recorded: or(&f.recorded, if f.date.is_empty() { &f.occurred } else { &f.date }),
                revision: or(&f.revision, &f.occurred),
            },
            clock: Clock::new(layout.zone.clone()).with_placeholders(&layout.placeholders),
            classing: Classing::new(layout, given.tree),
            header: header.clone(),
            reports: Reports::default(),
            address: String::new(),
            given,
            layout,
            crs,
            source,
            account,
        })
    }

    /// Takes a row: it becomes a report or a refusal.
    pub(super) fn take(&mut self, row: Result<Row<'_>, Broken>) {
        self.account.read += 1;
        let (line, outcome) = match &row {
            Ok(row) => (row.line, self.report(row)),
            Err(Broken { line, reason, value }) => {
                let fault = Fault { column: None, value: value.clone(), reason: reason.clone() };
                (*line, Err(Box::new(fault)))
            }
        };
        match outcome {
            Ok(()) => self.account.kept += 1,
            Err(fault) => self.account.refused.push(Refused {
                file: self.given.file.to_owned(),
                line,
                column: fault.column.map_or_else(String::new, |at| self.header.name(at).to_owned()),
                value: fault.value.chars().take(80).collect(),
                reason: fault.reason,
            }),
        }
    }

    fn report(&mut self, row: &Row<'_>) -> Result<(), Box<Fault>> {
        let text = |at: Option<usize>| at.map_or("", |at| filled(row.fields.get(at)));
        let sign = match (self.at.count, text(self.at.count)) {
            (None, _) | (_, "1") => Sign::Adds,
            (_, "-1") => Sign::TakesBack,
            (at, other) => return Err(Fault::new(at, other, "count unreadable: 1 adds, -1 takes back")),
        };
        let when = self.when(row)?;
        let place = self.place(row)?;
        let revision = match text(self.at.revision) {
            "" if self.layout.later_file_revises => self.given.ordinal as i64,
            "" => 0,
            given => self.clock.revision(given, &self.forms.revision).ok_or_else(|| {
                Fault::new(self.at.revision, given, "revision unreadable: a number or a time")
            })?,
        };
        let recorded = self.recorded(text(self.at.recorded))?;
        let at = &self.at;
        let status = match text(at.status) {
            "" => Status::Confirmed,
            // What a layout does not name stands: closed, open, pending are steps of work.
            given => self.layout.status(given).unwrap_or_default(),
        };
        let (number, street) = (text(at.number), text(at.street));
        let class = self.classing.class(text(at.class), |role| match role {
            "domestic" => text(at.domestic),
            "firearm" => text(at.firearm),
            "shooting" => text(at.shooting),
            _ => text(at.child),
        });
        let has_address = write_address(&mut self.address, number, street);
        self.reports.push(&Report {
            source: 0,
            file: 0,
            line: u32::try_from(row.line).unwrap_or(u32::MAX),
            id: Some(text(at.id)).filter(|id| !id.is_empty()),
            revision,
            status,
            sign,
            class,
            origin: if at.origin.is_some() {
                self.layout.origin_of(text(at.origin))
            } else {
                self.layout.origin
            },
            when,
            recorded,
            place,
            address: has_address.then_some(&self.address),
            intersection: names_intersection(number, street),
        });
        Ok(())
    }

    fn when(&mut self, row: &Row<'_>) -> Result<Interval, Box<Fault>> {
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
            return Err(Fault::new(column, text, "time range ends before it begins"));
        }
        if until.from == begin.from {
            return Ok(begin);
        }
        // An end without a time is the end of its day.
        let end = if until.seconds >= 3_600 { until.to() } else { until.from };
        let seconds = u32::try_from(end - begin.from)
            .map_err(|_| Fault::new(column, text, "time range longer than a century"))?;
        Ok(Interval { from: begin.from, seconds, precision: Precision::Range })
    }

    fn recorded(&mut self, text: &str) -> Result<Option<Day>, Box<Fault>> {
        if text.is_empty() {
            return Ok(None);
        }
        let day = self.clock.day(text, &self.forms.recorded);
        day.map(Some).ok_or_else(|| Fault::new(self.at.recorded, text, "date of record unreadable"))
    }

    fn place(&mut self, row: &Row<'_>) -> Result<Place, Box<Fault>> {
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
        match self.layout.no_place(x, y) {
            Some(NoPlace::Withheld) => return Ok(Place::Withheld),
            Some(NoPlace::Missing) => {
                self.account.flags.no_place += 1;
                return Ok(Place::Missing);
            }
            None => {}
        }
        let refuse = |reason: String| Box::new(Fault { column, value: format!("{x}, {y}"), reason });
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

    /// Ends the file.
    pub(super) fn finish(mut self, notes: impl Iterator<Item = String>) -> Parsed {
        self.account.notes.extend(notes);
        self.account.notes.extend(self.classing.note(self.given.file));
        Parsed {
            file: self.given.file.to_owned(),
            class_column: self.at.class.map_or_else(String::new, |at| self.header.name(at).to_owned()),
            source: self.source,
            classes: self.classing.into_classes(),
            reports: self.reports,
            account: self.account,
        }
    }
}

/// What is wrong with a row; in a box, since nearly all rows are right.
struct Fault {
    column: Option<usize>,
    value: String,
    reason: String,
}

impl Fault {
    #[cold]
    fn new(column: Option<usize>, value: &str, reason: &str) -> Box<Self> {
        Box::new(Self { column, value: value.to_owned(), reason: reason.to_owned() })
    }
}
