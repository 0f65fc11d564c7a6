//! One file of incidents: where its columns stand, and each row to a report or a refusal.

use std::collections::HashMap;

use super::incidents::{IncidentsError, Options, Parsed};
use super::input::{Format, Input};
use super::layout::{Layout, recognise};
use super::refused::{Account, Refused};
use super::table::{Broken, Header, Row};
use super::time;
use crate::model::category::CategoryTree;
use crate::model::class::{Class, ClassId};
use crate::model::period::Interval;
use crate::model::report::{Place, Report, Sign, Source, Unit};
use crate::space::crs::{Crs, CrsError};

/// Where the columns of one file stand, and what has been read of it so far.
pub(super) struct Mapping<'a> {
    file: &'a str,
    layout: &'a Layout,
    tree: &'a CategoryTree,
    header: Header,
    crs: Crs,
    id: Option<usize>,
    occurred: Option<usize>,
    date: Option<usize>,
    time: Option<usize>,
    class: Option<usize>,
    count: Option<usize>,
    number: Option<usize>,
    street: Option<usize>,
    xy: Option<(usize, usize)>,
    source: Source,
    codes: HashMap<String, ClassId>,
    classes: Vec<Class>,
    reports: Vec<Report>,
    account: Account,
}

impl<'a> Mapping<'a> {
    pub(super) fn new(
        input: &'a Input,
        header: &Header,
        own: Option<&'a Layout>,
        layouts: &'a [Layout],
        options: &Options,
        tree: &'a CategoryTree,
    ) -> Result<Self, IncidentsError> {
        let file = || input.name.clone();
        let layout = match own {
            Some(own) if own.fits(header) => own,
            Some(own) => {
                return Err(IncidentsError::Misfit {
                    file: file(),
                    layout: own.name.clone(),
                    header: header.all(),
                });
            }
            None => recognise(layouts, header)
                .ok_or_else(|| IncidentsError::Unrecognised { file: file(), header: header.all() })?,
        };
        let said = if input.format == Format::Shapefile { input.prj()? } else { None };
        let given = layout.crs.clone().or_else(|| options.crs.clone());
        let crs = said.or(given).ok_or_else(|| IncidentsError::NoCrs { file: file() })?;
        let column = |role: &Option<String>| role.as_deref().and_then(|names| header.find(names));
        let c = &layout.columns;
        let account = Account {
            notes: vec![format!(
                "{}: layout `{}`, a row is one {}, coordinates in {crs}, times in {}",
                options.source.as_deref().unwrap_or(&layout.name),
                layout.name,
                unit_word(layout),
                layout.zone.iana_name().unwrap_or("UTC"),
            )],
            ..Account::default()
        };
        Ok(Self {
            file: &input.name,
            layout,
            tree,
            crs,
            id: column(&c.id),
            occurred: column(&c.occurred),
            date: column(&c.date),
            time: column(&c.time),
            class: column(&c.class),
            count: column(&c.count),
            number: column(&c.number),
            street: column(&c.street),
            xy: column(&c.x).zip(column(&c.y)),
            source: Source {
                name: options.source.clone().unwrap_or_else(|| layout.name.clone()),
                unit: layout.unit,
                zone: layout.zone.clone(),
            },
            header: header.clone(),
            codes: HashMap::new(),
            classes: Vec::new(),
            reports: Vec::new(),
            account,
        })
    }

    /// Takes a row: it becomes a report or a refusal.
    pub(super) fn take(&mut self, row: Result<Row<'_>, Broken>) {
        self.account.read += 1;
        let (line, outcome) = match row {
            Ok(row) => (row.line, self.report(&row)),
            Err(b) => (b.line, Err(Fault { column: None, value: b.value, reason: b.reason })),
        };
        match outcome {
            Ok(report) => {
                self.account.kept += 1;
                self.reports.push(report);
            }
            Err(fault) => self.account.refused.push(Refused {
                file: self.file.to_owned(),
                line,
                column: fault.column.map_or_else(String::new, |at| self.header.name(at).to_owned()),
                value: fault.value.chars().take(80).collect(),
                reason: fault.reason,
            }),
        }
    }

    fn report(&mut self, row: &Row<'_>) -> Result<Report, Fault> {
        let text = |at: Option<usize>| at.map_or("", |at| row.fields[at].trim());
        let sign = match text(self.count) {
            "" if self.count.is_none() => Sign::Adds,
            "1" => Sign::Adds,
            "-1" => Sign::TakesBack,
            other => return Err(Fault::new(self.count, other, "count unreadable: 1 adds, -1 takes back")),
        };
        let when = self.when(row)?;
        let place = self.place(row)?;
        let (number, street) = (text(self.number), text(self.street));
        let class = self.class_of(text(self.class));
        Ok(Report {
            source: 0,
            id: Some(text(self.id)).filter(|id| !id.is_empty()).map(Into::into),
            sign,
            class,
            when,
            place,
            address: address(number, street),
            intersection: names_intersection(number, street),
        })
    }

    fn when(&self, row: &Row<'_>) -> Result<Interval, Fault> {
        let zone = &self.layout.zone;
        let forms = &self.layout.formats;
        if let Some(at) = self.occurred {
            let text = row.fields[at];
            return time::read(text, &forms.occurred, zone)
                .ok_or_else(|| Fault::new(Some(at), text, "date unreadable"));
        }
        let Some(date) = self.date else {
            return Err(Fault::new(None, "", "no date: the layout names no column for it"));
        };
        let time_text = self.time.map_or("", |at| row.fields[at]);
        time::read_parts(row.fields[date], time_text, &forms.date, &forms.time, zone).map_err(|part| {
            match part {
                0 => Fault::new(Some(date), row.fields[date], "date unreadable"),
                _ => Fault::new(self.time, time_text, "time unreadable"),
            }
        })
    }

    fn place(&self, row: &Row<'_>) -> Result<Place, Fault> {
        let (column, x, y) = match (self.xy, row.point) {
            (_, Some((x, y))) => (None, x, y),
            (Some((x_at, y_at)), None) => {
                let (x, y) = (row.fields[x_at].trim(), row.fields[y_at].trim());
                if x.is_empty() && y.is_empty() {
                    return Ok(Place::Missing);
                }
                let number = |at: usize, text: &str| {
                    text.parse::<f64>()
                        .ok()
                        .filter(|n| n.is_finite())
                        .ok_or_else(|| Fault::new(Some(at), text, "coordinate unreadable"))
                };
                (Some(x_at), number(x_at, x)?, number(y_at, y)?)
            }
            (None, None) => return Ok(Place::Missing),
        };
        if self.layout.means_no_place(x, y) {
            return Ok(Place::Missing);
        }
        let refuse = |reason: String| Fault { column, value: format!("{x}, {y}"), reason };
        match self.crs.to_lonlat(x, y) {
            Ok(at) => Ok(Place::At(at)),
            Err(e @ (CrsError::Globe { .. } | CrsError::Outside { .. })) => {
                Err(refuse(format!("coordinates cannot be in their CRS: {e}")))
            }
            Err(e) => Err(refuse(format!("coordinates cannot be converted: {e}"))),
        }
    }

    fn class_of(&mut self, text: &str) -> ClassId {
        let code = self.layout.code(text);
        if let Some(&known) = self.codes.get(&code) {
            return known;
        }
        // Beyond 65,535 classes of one file the last number is shared; `enter` then refuses the file.
        let id = ClassId(u16::try_from(self.classes.len()).unwrap_or(u16::MAX));
        self.classes.push(self.layout.crosswalk.class(&code, self.tree));
        self.codes.insert(code, id);
        id
    }

    pub(super) fn finish(mut self, note: Option<String>) -> Parsed {
        self.account.notes.extend(note);
        let mut unmapped: Vec<&str> =
            self.classes.iter().filter(|c| c.category.is_none()).map(|c| c.code.as_str()).collect();
        if !unmapped.is_empty() {
            unmapped.sort_unstable();
            // Long ones are free text, in which persons may be named.
            let short = unmapped.iter().filter(|c| c.chars().count() <= 40 && c.split(' ').count() <= 4);
            let shown = short.take(5).map(|c| format!("`{c}`")).collect::<Vec<_>>().join(", ");
            self.account.notes.push(format!(
                "{}: {} classes are in no category and are treated as sensitive, e.g. {shown}",
                self.file,
                unmapped.len(),
            ));
        }
        Parsed {
            file: self.file.to_owned(),
            class_column: self.class.map_or_else(String::new, |at| self.header.name(at).to_owned()),
            source: self.source,
            classes: self.classes,
            reports: self.reports,
            account: self.account,
        }
    }
}

/// What is wrong with a row.
struct Fault {
    column: Option<usize>,
    value: String,
    reason: String,
}

impl Fault {
    fn new(column: Option<usize>, value: &str, reason: &str) -> Self {
        Self { column, value: value.to_owned(), reason: reason.to_owned() }
    }
}

fn unit_word(layout: &Layout) -> &'static str {
    match layout.unit {
        Unit::Incident => "incident",
        Unit::Offense => "offense",
        Unit::Victim => "victim",
    }
}

/// House number and street with one space between words; `None` if there is no street.
fn address(number: &str, street: &str) -> Option<Box<str>> {
    let number = Some(number).filter(|n| !n.is_empty() && *n != "0");
    let words: Vec<&str> = number.into_iter().chain(street.split_whitespace()).collect();
    let known = !street.trim().is_empty() && !street.trim().eq_ignore_ascii_case("unknown");
    known.then(|| words.join(" ").into())
}

/// Whether an address without a house number names two streets.
fn names_intersection(number: &str, street: &str) -> bool {
    let numbered = !(number.is_empty() || number == "0") || street.starts_with(|c: char| c.is_ascii_digit());
    let upper = street.to_ascii_uppercase();
    !numbered && ["/", "&", " AND ", " @ ", " AT "].iter().any(|mark| upper.contains(mark))
}
