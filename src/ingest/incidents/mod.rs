//! Incident files to reports: the layout says what the columns mean, every row is accounted for.

mod classing;
mod columns;
mod error;
mod many;
mod mapping;
mod one_source;
mod options;
mod preview;
mod same;
mod swapped;
mod values;
mod when_where;

use std::sync::OnceLock;

use rayon::prelude::*;

pub use error::IncidentsError;
use mapping::{Given, Mapping, Parsed};
pub use options::Options;

use super::formats::{About, points};
use super::input::{Format, Input};
use super::layout::{Geometry, Layout};
use super::refused::Account;
use super::table::{Broken, Header, Row};
use super::{crosswalk, csv};
use crate::model::category::CategoryTree;
use crate::model::class::Classes;
use crate::model::report::Unit;
use crate::model::reports::Ledger;

/// Reads files of incidents, in parallel, into one ledger in the order of the files.
///
/// `done` is told of each file that has been read.
///
/// # Errors
///
/// [`IncidentsError`] for the first file that cannot be used at all. Bad rows are in the account.
pub fn read(
    inputs: &[Input],
    options: &Options,
    done: &(dyn Fn() + Sync),
) -> Result<(Ledger, Account), IncidentsError> {
    let (tree, layouts) = shipped()?;
    let own = options.own_layout(tree)?;
    let same = same::earlier(inputs);
    let parsed = (1..)
        .zip(inputs)
        .zip(&same)
        .filter(|(_, same)| same.is_none())
        .map(|(numbered, _)| numbered)
        .collect::<Vec<_>>()
        .into_par_iter()
        .map(|(ordinal, input)| {
            let own = own.as_ref();
            let parsed = parse(input, Given { file: &input.name, ordinal, own, layouts, options, tree });
            done();
            parsed
        })
        .collect::<Result<Vec<_>, IncidentsError>>()?;
    let mut ledger = Ledger { classes: Classes::over(tree.clone()), ..Ledger::default() };
    let mut account = Account::default();
    for file in parsed {
        enter(file, &mut ledger, &mut account)?;
    }
    for (input, first) in inputs.iter().zip(same).filter_map(|(input, same)| Some((input, same?))) {
        account.notes.push(format!("{}: the same as {}, not read again", input.name, inputs[first].name));
        done();
    }
    let retold = ledger.leave_out_retold();
    if retold > 0 {
        account
            .notes
            .push(format!("{retold} rows tell what an earlier file told word for word, and count once"));
    }
    Ok((ledger, account))
}

/// What is understood of one file, for a person who looks before anything happens.
#[derive(Clone, Debug)]
pub struct Preview {
    /// Which column stands for what, a line each.
    pub columns: Vec<String>,
    /// Rows, and the layout, the CRS and the zone among the notes.
    pub account: Account,
    /// The first reports, a line each; nothing of a sensitive class but that it is one.
    pub reports: Vec<String>,
}

/// Reads a file and tells what is understood of it, with the first `n` reports.
///
/// # Errors
///
/// [`IncidentsError`] if it cannot be used at all.
pub fn preview(input: &Input, options: &Options, n: usize) -> Result<Preview, IncidentsError> {
    let (tree, layouts) = shipped()?;
    let own = options.own_layout(tree)?;
    let own = own.as_ref();
    let parsed = parse(input, Given { file: &input.name, ordinal: 1, own, layouts, options, tree })?;
    let columns = parsed.columns.clone();
    let mut ledger = Ledger { classes: Classes::over(tree.clone()), ..Ledger::default() };
    let mut account = Account::default();
    enter(parsed, &mut ledger, &mut account)?;
    let reports = ledger.reports.iter().take(n).map(|report| preview::line(&report, &ledger)).collect();
    Ok(Preview { columns, account, reports })
}

/// The categories and layouts that ship, understood once: that takes longer than a small file.
fn shipped() -> Result<(&'static CategoryTree, &'static [Layout]), IncidentsError> {
    static SHIPPED: OnceLock<(CategoryTree, Vec<Layout>)> = OnceLock::new();
    let (tree, layouts) = match SHIPPED.get() {
        Some(known) => known,
        None => {
            let tree = crosswalk::tree()?;
            let layouts = Layout::shipped(&tree)?;
            SHIPPED.get_or_init(|| (tree, layouts))
        }
    };
    Ok((tree, layouts))
}

fn parse(input: &Input, given: Given<'_>) -> Result<Parsed, IncidentsError> {
    let form = given.own.map_or_else(csv::Form::default, |own| csv::Form {
        delimiter: own.delimiter,
        names: Some(&own.header[..]).filter(|names| !names.is_empty()),
    });
    let each = |mapping: &mut Mapping<'_>, row: Result<Row<'_>, Broken>| mapping.take(row);
    let (mapping, notes) = if input.format == Format::Csv {
        let size = input.size();
        let begin = |header: &Header| {
            Mapping::new(given, header, Geometry::None, None).map(|mapping| mapping.expecting(size))
        };
        csv::read_lines(&input.name, input.open()?, form, begin, Mapping::take_rows)?
    } else {
        let mut rows = 0;
        let begin = |about: &About| {
            let geometry = geometry(input.format, about);
            let found = Mapping::new(given, &about.header, geometry, about.crs.clone());
            // Without a property in it, a collection says what it is by its first feature: there may be none.
            if about.header.is_empty() { Ok(found) } else { found.map(Ok) }
        };
        let each = |found: &mut Result<Mapping<'_>, _>, row: Result<Row<'_>, Broken>| {
            rows += 1;
            if let Ok(mapping) = found {
                each(mapping, row);
            }
        };
        match points::rows(input, begin, each)? {
            Err(_) if rows == 0 => return Ok(Parsed::empty(&input.name, input.notes().iter().cloned())),
            found => (found?, Vec::new()),
        }
    };
    Ok(mapping.finish(input.notes().iter().cloned().chain(notes)))
}

/// What a file of features says of its geometry; plain objects and plain Parquet name no CRS and have none.
fn geometry(format: Format, about: &About) -> Geometry {
    let always = matches!(format, Format::Shapefile | Format::GeoPackage | Format::FlatGeobuf);
    match about.crs {
        Some(_) => Geometry::WithCrs,
        None if always => Geometry::WithoutCrs,
        None => Geometry::None,
    }
}

/// Enters a file's reports in the ledger, with the ledger's numbers for source, file and classes.
fn enter(mut parsed: Parsed, ledger: &mut Ledger, account: &mut Account) -> Result<(), IncidentsError> {
    if parsed.empty {
        account.add(parsed.account);
        return Ok(());
    }
    // Rows of offenses and victims are parts of what the file says of an event; a row of a whole event stands for itself.
    if parsed.source.revises && parsed.source.unit != Unit::Incident {
        parsed.reports.level();
    }
    let source = ledger.sources.iter().position(|known| *known == parsed.source).unwrap_or_else(|| {
        ledger.sources.push(parsed.source);
        ledger.sources.len() - 1
    });
    let source = u16::try_from(source).expect("one source a file at most, and fewer than 65,536 files");
    let file = u16::try_from(ledger.files.len()).unwrap_or(u16::MAX);
    let mut ids = Vec::with_capacity(parsed.classes.len());
    for class in parsed.classes {
        let code = class.code.clone();
        let id = ledger.classes.intern(source, &code, || class);
        ids.push(id.ok_or_else(|| IncidentsError::TooManyClasses {
            file: parsed.file.clone(),
            column: parsed.class_column.clone(),
        })?);
    }
    ledger.files.push(parsed.file);
    let classes = &ledger.classes;
    ledger.reports.append(
        parsed.reports,
        (source, file),
        |class| ids[usize::from(class.0)],
        |class| classes.get(class).flags.sensitive(),
    );
    account.add(parsed.account);
    Ok(())
}
