//! One file of incidents: where its columns stand, and each row to a report or a refusal.

use super::classing::Classing;
use super::columns::At;
use super::error::IncidentsError;
use super::many::Many;
use super::options::Options;
use super::swapped::{self, Around};
use super::values::{filled, names_intersection, whole, write_address};
use super::when_where::{Fault, in_degrees};
use crate::ingest::layout::{Geometry, Layout, recognise};
use crate::ingest::refused::{Account, Refused};
use crate::ingest::table::{Broken, Header, Row};
use crate::ingest::time::{Clock, Forms};
use crate::model::category::CategoryTree;
use crate::model::class::Class;
use crate::model::report::{Place, Report, Sign, Source, Status, Unit};
use crate::model::reports::Reports;
use crate::space::crs::Crs;

/// One file, understood on its own: classes are numbered within the file.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) file: String,
    pub(super) class_column: String,
    pub(super) source: Source,
    pub(super) classes: Vec<Class>,
    pub(super) reports: Reports,
    pub(super) account: Account,
    /// Which column stands for what.
    pub(super) columns: Vec<String>,
    /// Whether the file holds nothing at all, so that it tells nothing of its source.
    pub(super) empty: bool,
}

impl Parsed {
    /// A file without any row and any column: a month in which nothing happened.
    pub(super) fn empty(file: &str, notes: impl Iterator<Item = String>) -> Self {
        let none = std::iter::once(format!("{file}: holds no incident"));
        Self {
            file: file.to_owned(),
            class_column: String::new(),
            source: Source::new("", Unit::Incident, jiff::tz::TimeZone::UTC),
            classes: Vec::new(),
            reports: Reports::default(),
            account: Account { notes: none.chain(notes).collect(), ..Account::default() },
            columns: Vec::new(),
            empty: true,
        }
    }
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
    pub(super) given: Given<'a>,
    pub(super) layout: &'a Layout,
    pub(super) header: Header,
    pub(super) crs: Crs,
    /// Whether the CRS is one of longitude and latitude.
    pub(super) in_degrees: bool,
    pub(super) at: At,
    pub(super) forms: AllForms,
    pub(super) clock: Clock,
    pub(super) classing: Classing<'a>,
    pub(super) source: Source,
    pub(super) reports: Reports,
    pub(super) account: Account,
    pub(super) address: String,
    /// Where the reports lie.
    pub(super) around: Around,
    /// Rows whose range ends a little before it begins.
    pub(super) early_ends: usize,
    /// Room for what is read of many rows at once.
    pub(super) many: Many,
}

pub(super) struct AllForms {
    pub(super) occurred: Forms,
    pub(super) date: Forms,
    pub(super) time: Forms,
    pub(super) month: Forms,
    pub(super) until: Forms,
    pub(super) recorded: Forms,
    pub(super) revision: Forms,
}

impl<'a> Mapping<'a> {
    /// Finds the layout that fits a header and where its columns stand. A file that names its CRS itself is believed.
    pub(super) fn new(
        given: Given<'a>,
        header: &Header,
        geometry: Geometry,
        named: Option<Crs>,
    ) -> Result<Self, IncidentsError> {
        let file = || given.file.to_owned();
        let layout = match given.own {
            Some(own) if own.fits(header, geometry != Geometry::None) => own,
            Some(own) => {
                return Err(IncidentsError::Misfit {
                    file: file(),
                    layout: own.name.clone(),
                    lacking: own.lacking(header, geometry != Geometry::None).join(", "),
                    header: header.shown(),
                });
            }
            None => recognise(given.layouts, header, geometry)
                .ok_or_else(|| IncidentsError::Unrecognised { file: file(), header: header.shown() })?,
        };
        let named_by_file = named.is_some();
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
            revises: layout.later_file_revises,
        };
        let mut account = Account {
            notes: vec![format!(
                "{}: layout `{}`, a row is one {}, coordinates in {crs}, times in {}",
                source.name,
                layout.name,
                layout.unit.word(),
                layout.zone.iana_name().unwrap_or("UTC"),
            )],
            ..Account::default()
        };
        let by = if named_by_file { "the file" } else { "the layout" };
        account.crs_not_used(&source.name, given.options.crs.as_ref(), by, &crs);
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
            in_degrees: in_degrees(&crs),
            reports: Reports::default(),
            address: String::new(),
            around: Around::default(),
            early_ends: 0,
            many: Many::default(),
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
        let sign = match self.at.count.map(|_| text(self.at.count)) {
            None | Some("1") => Sign::Adds,
            Some(other) => match whole(other) {
                Some(1) => Sign::Adds,
                Some(-1) => Sign::TakesBack,
                _ => {
                    let reason = "count unreadable: 1 adds, -1 takes back";
                    return Err(Fault::new(self.at.count, other, reason));
                }
            },
        };
        if self.at.zone.is_some() {
            self.one_source(text(self.at.source), text(self.at.zone))?;
            self.one_kind(text(self.at.feed), text(self.at.unit), text(self.at.anonymised))?;
        }
        let when = self.when(row)?;
        let place = match self.at.place.and_then(|at| self.layout.meaning("place", row.fields.get(at))) {
            Some("withheld") => Place::Withheld,
            Some(_) => Place::Missing,
            None => self.place(row)?,
        };
        let revision = match text(self.at.revision) {
            "" if self.layout.later_file_revises => self.given.ordinal as i64,
            "" => 0,
            given => {
                let read = whole(given).or_else(|| self.clock.revision(given, &self.forms.revision));
                let fault = "revision unreadable: a number or a time";
                read.ok_or_else(|| Fault::new(self.at.revision, given, fault))?
            }
        };
        let recorded = self.recorded(text(self.at.recorded))?;
        let at = &self.at;
        let status = match text(at.status) {
            "" => Status::Confirmed,
            // What a layout does not name stands: closed, open, pending are steps of work.
            given => self.layout.status(given).unwrap_or_default(),
        };
        let (number, street) = (text(at.number), text(at.street));
        let class = match at.classes {
            Some(_) => self.classing.expression(text(at.classes).split(';').next().unwrap_or_default()),
            None => self.classing.class(text(at.class), |role| match role {
                "domestic" => text(at.domestic),
                "firearm" => text(at.firearm),
                "shooting" => text(at.shooting),
                _ => text(at.child),
            }),
        };
        if at.area.is_some() && sign == Sign::Adds {
            self.account.located_in(text(at.area), place);
        }
        // Most files without a street have no column for it.
        let has_street = !street.is_empty();
        let has_address = has_street && write_address(&mut self.address, number, street);
        let report = Report {
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
            intersection: has_street && names_intersection(number, street),
        };
        self.reports.push(&report);
        if let Place::At(place) = place {
            self.around.take(place);
        }
        if at.classes.is_some() {
            // The incident's further classes, and further reports of the first one.
            let n: usize = text(at.reports).parse().unwrap_or(1).clamp(1, usize::from(u16::MAX));
            let others = text(at.classes).split(';').skip(1).map(|other| self.classing.expression(other));
            let others: Vec<_> = others.collect();
            let same = std::iter::repeat_n(class, n.saturating_sub(1 + others.len()));
            for class in others.into_iter().chain(same) {
                self.reports.push(&Report { class, ..report });
            }
        }
        Ok(())
    }

    /// Ends the file.
    pub(super) fn finish(mut self, notes: impl Iterator<Item = String>) -> Parsed {
        self.account.notes.extend(notes);
        self.account.notes.extend(self.classing.note(self.given.file, self.reports.len()));
        if self.early_ends > 0 {
            self.account.notes.push(format!(
                "{}: {} rows end less than a day before they begin; they have the time at which they begin",
                self.given.file, self.early_ends
            ));
        }
        self.account.flags.swapped = swapped::count(&self.reports, &self.around);
        if self.account.flags.swapped > 0 {
            self.account.notes.push(format!(
                "{}: of {} rows longitude and latitude look swapped: they lie far from all others, and near them the other way round",
                self.given.file, self.account.flags.swapped
            ));
        }
        Parsed {
            columns: self.at.describe(&self.header),
            empty: false,
            file: self.given.file.to_owned(),
            class_column: self.at.class.map_or_else(String::new, |at| self.header.name(at).to_owned()),
            source: self.source,
            classes: self.classing.into_classes(),
            reports: self.reports,
            account: self.account,
        }
    }
}
