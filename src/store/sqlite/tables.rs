//! Sources, classes and file names: tables that reports point into, numbered as they came.

use hashbrown::HashMap;
use jiff::tz::TimeZone;
use rusqlite::Connection;
use rusqlite::types::Value;

use super::redo::{Redo, Table};
use super::state::{check, number, sum};
use crate::ingest::crosswalk;
use crate::model::category::Flags;
use crate::model::class::{Class, ClassId, Classes, Firearm};
use crate::model::report::{Feed, Source, Unit};
use crate::model::reports::{Ledger, Reports};
use crate::store::bytes::{Put, Take, Torn};
use crate::store::error::{StoreError, While};
use crate::store::row_key::put_source;

/// The last number: of files that come after so many others nobody asks where a report stood.
const LAST: u16 = u16::MAX;

/// Stands for the name of a file that held an id which is forgotten.
const FORGOTTEN: &str = "(forgotten)";

/// Sources, classes and files of a store.
#[derive(Debug)]
pub(super) struct Tables {
    pub(super) sources: Vec<Source>,
    pub(super) classes: Classes,
    pub(super) files: Vec<String>,
    by_name: HashMap<String, u16>,
}

impl Tables {
    /// What the file holds, each row checked.
    pub(super) fn read(connection: &Connection) -> Result<Self, StoreError> {
        let tree = crosswalk::tree().map_err(|error| StoreError::Damaged {
            what: format!("the categories of this program: {error}"),
        })?;
        let mut tables = Self {
            sources: Vec::new(),
            classes: Classes::over(tree),
            files: Vec::new(),
            by_name: HashMap::new(),
        };
        rows(connection, "source", "0", |_, bytes| {
            tables.sources.push(source(&mut Take(bytes))?);
            Ok(())
        })?;
        let sources = tables.sources.len();
        rows(connection, "class", "source", |of, bytes| {
            let of = u16::try_from(of).ok().filter(|&of| usize::from(of) < sources).ok_or(Torn)?;
            let class = class(&mut Take(bytes), &tables.classes)?;
            let code = class.code.clone();
            tables.classes.intern(of, &code, || class).map(drop).ok_or(Torn)
        })?;
        rows(connection, "file", "0", |_, bytes| {
            let name = std::str::from_utf8(bytes).map_err(|_| Torn)?.to_owned();
            tables.by_name.insert(name.clone(), u16::try_from(tables.files.len()).unwrap_or(LAST));
            tables.files.push(name);
            Ok(())
        })?;
        Ok(tables)
    }

    /// A ledger of these tables with reports of their numbering.
    pub(super) fn ledger(&self, reports: Reports) -> Ledger {
        let (sources, files, classes) = (self.sources.clone(), self.files.clone(), self.classes.clone());
        Ledger { sources, files, classes, reports }
    }

    /// The number of a source, if it is there.
    pub(super) fn known_source(&self, wanted: &Source) -> Option<u16> {
        let at = self.sources.iter().position(|known| known == wanted)?;
        u16::try_from(at).ok()
    }

    /// The number of a source; a new one if it is new.
    pub(super) fn source(&mut self, redo: &mut Redo, wanted: &Source) -> Result<u16, StoreError> {
        let known = self.sources.iter().position(|known| known == wanted);
        let at = known.unwrap_or(self.sources.len());
        let id = u16::try_from(at).ok().filter(|&id| id < LAST);
        let id = id.ok_or(StoreError::Full { what: "sources", most: usize::from(LAST) })?;
        if known.is_none() {
            let mut put = Put::default();
            put_source(&mut put, wanted);
            redo.row(Table::Source, row(id, 0, put.0));
            self.sources.push(wanted.clone());
        }
        Ok(id)
    }

    /// The number of a source's class; a new one if it is new.
    pub(super) fn class(
        &mut self,
        redo: &mut Redo,
        source: u16,
        wanted: &Class,
    ) -> Result<ClassId, StoreError> {
        let before = self.classes.rows().len();
        let id = self.classes.intern(source, &wanted.code, || wanted.clone());
        let id = id.ok_or(StoreError::Full { what: "classes", most: usize::from(LAST) })?;
        if usize::from(id.0) == before {
            let mut put = Put::default();
            put_class(&mut put, wanted, &self.classes);
            let mut row = row(id.0, source, put.0);
            row.push(i64::from(source).into());
            redo.row(Table::Class, row);
        }
        Ok(id)
    }

    /// Puts a name that only says that it is gone in the place of those that hold what is forgotten.
    pub(super) fn forget_names(
        &mut self,
        connection: &Connection,
        holds: impl Fn(&str) -> bool,
    ) -> Result<(), StoreError> {
        for (at, name) in self.files.iter_mut().enumerate().filter(|(_, name)| holds(name)) {
            let id = u16::try_from(at).unwrap_or(LAST);
            connection
                .execute(
                    "UPDATE file SET name = ?2, sum = ?3 WHERE id = ?1",
                    (id, FORGOTTEN, file_sum(id, FORGOTTEN)),
                )
                .during("forgetting names")?;
            self.by_name.remove(name.as_str());
            FORGOTTEN.clone_into(name);
        }
        Ok(())
    }

    /// The number of a file's name; a new one if it is new and there is room.
    pub(super) fn file(&mut self, redo: &mut Redo, name: &str) -> Result<u16, StoreError> {
        if let Some(&known) = self.by_name.get(name) {
            return Ok(known);
        }
        let Some(id) = u16::try_from(self.files.len()).ok().filter(|&id| id < LAST) else { return Ok(LAST) };
        redo.row(Table::File, vec![id.into(), file_sum(id, name).to_vec().into(), name.to_owned().into()]);
        self.files.push(name.to_owned());
        self.by_name.insert(name.to_owned(), id);
        Ok(id)
    }
}

/// The checksum of a file's name.
fn file_sum(id: u16, name: &str) -> [u8; 16] {
    sum(&[number(id), 0], name.as_bytes()).to_le_bytes()
}

/// A row of a source, or of a class but for the source at its end.
fn row(id: u16, of: u16, body: Vec<u8>) -> Vec<Value> {
    let sum = sum(&[number(id), number(of)], &body);
    vec![id.into(), sum.to_le_bytes().to_vec().into(), body.into()]
}

/// Reads all rows of a table in order; their numbers must have no gap and their checksums hold.
fn rows(
    connection: &Connection,
    table: &'static str,
    of: &str,
    mut each: impl FnMut(i64, &[u8]) -> Result<(), Torn>,
) -> Result<(), StoreError> {
    let body = if table == "file" { "CAST(name AS BLOB)" } else { "body" };
    let doing = "reading its tables";
    let sql = format!("SELECT id, {of}, sum, {body} FROM {table} ORDER BY id");
    let mut statement = connection.prepare(&sql).during(doing)?;
    let mut rows = statement.query([]).during(doing)?;
    let mut expected = 0_i64;
    while let Some(row) = rows.next().during(doing)? {
        let what = || format!("row {expected} of its table `{table}`");
        let (id, of): (i64, i64) = (row.get(0).during(doing)?, row.get(1).during(doing)?);
        let found: Vec<u8> = row.get(2).during(doing)?;
        let body: Vec<u8> = row.get(3).during(doing)?;
        check(what, &found, sum(&[expected, of], &body))?;
        let usable = id == expected && each(of, &body).is_ok();
        if !usable {
            return Err(StoreError::Damaged { what: format!("{} cannot be read", what()) });
        }
        expected += 1;
    }
    Ok(())
}

fn source(take: &mut Take<'_>) -> Result<Source, Torn> {
    const UNITS: [Unit; 3] = [Unit::Incident, Unit::Offense, Unit::Victim];
    const FEEDS: [Feed; 4] = [Feed::Report, Feed::Call, Feed::Alert, Feed::Request];
    let name = take.text()?.to_owned();
    let unit = take.text()?;
    let feed = take.text()?;
    let zone = take.text()?;
    Ok(Source {
        name,
        unit: UNITS.into_iter().find(|known| known.word() == unit).ok_or(Torn)?,
        feed: FEEDS.into_iter().find(|known| known.word() == feed).ok_or(Torn)?,
        zone: if zone == "UTC" { TimeZone::UTC } else { TimeZone::get(zone).map_err(|_| Torn)? },
        anonymised: take.maybe(|take| Ok(take.text()?.to_owned()))?,
        revises: take.u8()? != 0,
    })
}

fn put_class(put: &mut Put, class: &Class, classes: &Classes) {
    put.text(&class.code);
    put.text(&class.label);
    put.maybe(class.category, |put, at| put.text(&classes.tree().rows()[at].name));
    put.text(&class.flags.words().collect::<Vec<_>>().join(" "));
    put.u8(match class.firearm {
        Firearm::Yes => 1,
        Firearm::No => 2,
        Firearm::Unknown => 0,
    });
}

/// A class; a category that this program no longer has leaves it unmapped, hence sensitive.
fn class(take: &mut Take<'_>, classes: &Classes) -> Result<Class, Torn> {
    let code = take.text()?.to_owned();
    let label = take.text()?.to_owned();
    let category = take.maybe(|take| Ok(classes.tree().position(take.text()?)))?.flatten();
    let flags = Flags::parse(take.text()?).map_err(|_| Torn)?;
    let firearm = match take.u8()? {
        1 => Firearm::Yes,
        2 => Firearm::No,
        _ => Firearm::Unknown,
    };
    Ok(Class { code, label, category, flags, firearm })
}
