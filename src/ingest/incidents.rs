//! Incident files to reports: the layout says what the columns mean, every row is accounted for.

use rayon::prelude::*;

use super::crosswalk::{self, CrosswalkError};
use super::csv;
use super::csv::CsvError;
use super::formats::{FormatError, points};
use super::input::{Format, Input, InputError};
use super::layout::{Layout, LayoutError};
use super::mapping::Mapping;
use super::refused::Account;
use super::table::{Broken, Header, Row};
use crate::model::category::{CategoryTree, Flags};
use crate::model::class::{Class, Classes};
use crate::model::report::{Ledger, Place, Report, Source};
use crate::space::crs::Crs;

/// How incident files are to be read, beside what they say themselves.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The name of the source; its layout's, unless given.
    pub source: Option<String>,
    /// CRS of files that do not name one themselves and whose layout does not either.
    pub crs: Option<Crs>,
    /// A layout of one's own, by file name and text; tried first.
    pub layout: Option<(String, String)>,
}

/// Why a file of incidents cannot be used at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IncidentsError {
    /// The file cannot be opened.
    #[error(transparent)]
    Input(#[from] InputError),
    /// It is no table.
    #[error(transparent)]
    Csv(#[from] CsvError),
    /// Its features cannot be read.
    #[error(transparent)]
    Features(#[from] FormatError),
    /// A layout is at fault.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// A table of categories is at fault.
    #[error(transparent)]
    Crosswalk(#[from] CrosswalkError),
    /// Incidents do not come in this format yet.
    #[error("`{file}`: incidents are read from .csv, .tsv and .shp")]
    Format {
        /// The file.
        file: String,
    },
    /// No layout fits the header.
    #[error(
        "`{file}` has a header that no layout fits: {header}; describe its columns in a file and give that with --layout (see docs/layouts.md)"
    )]
    Unrecognised {
        /// The file.
        file: String,
        /// Its columns.
        header: String,
    },
    /// The layout given does not fit.
    #[error("`{file}` does not have the columns that layout `{layout}` requires; its header is: {header}")]
    Misfit {
        /// The file.
        file: String,
        /// The layout's name.
        layout: String,
        /// Its columns.
        header: String,
    },
    /// Nothing says which CRS the coordinates are in.
    #[error(
        "`{file}` does not say which coordinate reference system its coordinates are in; give it with --crs, e.g. --crs EPSG:4326 for longitude and latitude"
    )]
    NoCrs {
        /// The file.
        file: String,
    },
    /// The files have more classes than fit.
    #[error("`{file}` brings more than 65,534 different classes: is column `{column}` the offense?")]
    TooManyClasses {
        /// The file.
        file: String,
        /// The column taken as the class.
        column: String,
    },
}

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
    let tree = crosswalk::tree()?;
    let own = match &options.layout {
        Some((file, text)) => Some(Layout::parse(file, text, &tree)?),
        None => None,
    };
    let layouts = Layout::shipped(&tree)?;
    let parsed = inputs
        .par_iter()
        .map(|input| {
            let parsed = parse(input, own.as_ref(), &layouts, options, &tree);
            done();
            parsed
        })
        .collect::<Result<Vec<_>, _>>()?;
    let mut ledger = Ledger { classes: Classes::over(tree), ..Ledger::default() };
    let mut account = Account::default();
    for file in parsed {
        enter(file, &mut ledger, &mut account)?;
    }
    Ok((ledger, account))
}

/// One file, understood on its own: classes are numbered within the file.
pub(super) struct Parsed {
    pub(super) file: String,
    pub(super) class_column: String,
    pub(super) source: Source,
    pub(super) classes: Vec<Class>,
    pub(super) reports: Vec<Report>,
    pub(super) account: Account,
}

fn parse(
    input: &Input,
    own: Option<&Layout>,
    layouts: &[Layout],
    options: &Options,
    tree: &CategoryTree,
) -> Result<Parsed, IncidentsError> {
    let begin = |header: &Header| Mapping::new(input, header, own, layouts, options, tree);
    let each = |mapping: &mut Mapping<'_>, row: Result<Row<'_>, Broken>| mapping.take(row);
    let (mapping, note) = match input.format {
        Format::Csv => csv::read(&input.name, &input.bytes()?, begin, each)?,
        Format::Shapefile => (points::rows(input, begin, each)?, None),
        _ => return Err(IncidentsError::Format { file: input.name.clone() }),
    };
    Ok(mapping.finish(note))
}

/// Enters a file's reports in the ledger, with the ledger's numbers for source and classes.
fn enter(file: Parsed, ledger: &mut Ledger, account: &mut Account) -> Result<(), IncidentsError> {
    let source = ledger.sources.iter().position(|known| *known == file.source).unwrap_or_else(|| {
        ledger.sources.push(file.source);
        ledger.sources.len() - 1
    });
    let source = u16::try_from(source).expect("one source a file at most, and fewer than 65,536 files");
    let mut ids = Vec::with_capacity(file.classes.len());
    for class in file.classes {
        let code = class.code.clone();
        let id = ledger.classes.intern(source, &code, || class);
        ids.push(id.ok_or_else(|| IncidentsError::TooManyClasses {
            file: file.file.clone(),
            column: file.class_column.clone(),
        })?);
    }
    ledger.reports.extend(file.reports.into_iter().map(|mut report| {
        report.source = source;
        report.class = ids[usize::from(report.class.0)];
        let flags = ledger.classes.get(report.class).flags;
        let kept_back = [Flags::SEXUAL, Flags::DOMESTIC, Flags::CHILD].iter().any(|&f| flags.has(f));
        if report.place == Place::Missing && kept_back {
            report.place = Place::Withheld;
        }
        report
    }));
    account.add(file.account);
    Ok(())
}
