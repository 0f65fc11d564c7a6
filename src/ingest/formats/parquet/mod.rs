//! Parquet: GeoParquet with WKB or native geometry, or a plain table. Its columns are read in step, some rows at a time.

mod columns;
mod geo_metadata;
mod leaf;
mod native;
mod pages;
mod text;

use std::borrow::Cow;

use bytes::Bytes;
use geo::Geometry;
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, RowGroupReader, SerializedFileReader};
use parquet::schema::types::SchemaDescriptor;

use self::columns::{Columns, Shape};
use self::leaf::{Batch, Leaf};
use super::{About, Feature, FormatError, unreadable, wkb};
use crate::ingest::input::Input;
use crate::ingest::table::{Broken, Header};

/// Rows that are read at a time.
const ROWS: usize = 1024;

/// A file that claims more rows than this and 1000 a byte claims them falsely.
const FEW_ROWS: u64 = 1_000_000;

/// Why a row group cannot be read.
#[derive(Debug)]
enum Fault {
    Library(ParquetError),
    Damaged(&'static str),
}

impl From<ParquetError> for Fault {
    fn from(source: ParquetError) -> Self {
        Self::Library(source)
    }
}

pub(super) fn read<S, E: From<FormatError>>(
    input: &Input,
    begin: impl FnOnce(&About) -> Result<S, E>,
    mut each: impl FnMut(&mut S, Result<Feature<'_>, Broken>),
) -> Result<S, E> {
    let failed = |fault| match fault {
        Fault::Library(source) => FormatError::Parquet { file: input.name.clone(), source },
        Fault::Damaged(why) => FormatError::Damaged { file: input.name.clone(), why },
    };
    let bytes = match input.whole().map_err(FormatError::from)? {
        Cow::Owned(bytes) => Bytes::from(bytes),
        Cow::Borrowed(bytes) => Bytes::copy_from_slice(bytes),
    };
    pages::check_footer(&bytes).map_err(failed)?;
    let open = || SerializedFileReader::new(bytes.clone()).map_err(Fault::from);
    let reader = held(open).map_err(failed)?;
    pages::check(&bytes, reader.metadata()).map_err(failed)?;
    let meta = reader.metadata().file_metadata();
    let schema = meta.schema_descr();
    let said = geo_metadata::read(input, meta.key_value_metadata())?;
    let columns = Columns::new(input, schema, said.as_ref())?;
    let header = Header::new(columns.fields.iter().map(|(name, _)| name.as_str()));
    let crs = said.and_then(|said| said.crs);
    let mut state = begin(&About { header, crs, layer: None })?;
    let (mut number, most) = (0, FEW_ROWS + 1000 * bytes.len() as u64);
    for group in 0..reader.num_row_groups() {
        let open = || Rows::open(&*reader.get_row_group(group)?, schema, &columns);
        let mut rows = held(open).map_err(failed)?;
        while let Some(count) = held(|| rows.next(&columns)).map_err(failed)? {
            for at in 0..count {
                number += 1;
                if number > most {
                    return Err(failed(Fault::Damaged("it claims more rows than its bytes can hold")).into());
                }
                let values: Vec<Cow<'_, str>> = rows.fields.iter().map(|column| column.text(at)).collect();
                let fields: Vec<&str> = values.iter().map(|value| &**value).collect();
                let shape = rows.shape(&columns.shape, at).map_err(|why| unreadable(number, why));
                each(&mut state, shape.map(|shape| Feature { number, shape, fields: &fields }));
            }
        }
    }
    Ok(state)
}

/// Calls the library. It stops the thread on some damaged pages that [`pages`] cannot tell from sound ones: that is
/// held here, and what was read so far is left alone.
fn held<T>(call: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(call));
    outcome.unwrap_or(Err(Fault::Damaged("a page does not hold together")))
}

/// The columns of a row group in step.
struct Rows {
    fields: Vec<Leaf>,
    shape: Vec<Leaf>,
    left: u64,
}

impl Rows {
    fn open(group: &dyn RowGroupReader, schema: &SchemaDescriptor, columns: &Columns) -> Result<Self, Fault> {
        let open = |at: usize| Leaf::open(schema.column(at), group.get_column_page_reader(at)?);
        let fields = columns.fields.iter().map(|(_, at)| open(*at)).collect::<Result<_, _>>()?;
        let shape = match columns.shape {
            Shape::None => Vec::new(),
            Shape::Wkb(at) => vec![open(at)?],
            Shape::Native(_, x, y) => vec![open(x)?, open(y)?],
        };
        Ok(Self { fields, shape, left: u64::try_from(group.metadata().num_rows()).unwrap_or(0) })
    }

    /// Reads the next rows and says how many they are; all columns must have as many.
    fn next(&mut self, columns: &Columns) -> Result<Option<usize>, Fault> {
        if self.left == 0 || columns.is_empty() {
            return Ok(None);
        }
        let wanted = usize::try_from(self.left).unwrap_or(ROWS).min(ROWS);
        for leaf in self.fields.iter_mut().chain(&mut self.shape) {
            if leaf.read(wanted)? != wanted {
                return Err(Fault::Damaged("its columns differ in length"));
            }
        }
        self.left -= wanted as u64;
        Ok(Some(wanted))
    }

    fn shape(&self, kind: &Shape, at: usize) -> Result<Option<Geometry>, String> {
        match (kind, &self.shape[..]) {
            (Shape::Wkb(_), [leaf]) => match leaf.bytes(at) {
                Some(bytes) => wkb::geometry(bytes).map_err(|e| e.to_string()),
                None => Ok(None),
            },
            (Shape::Native(kind, ..), [x, y]) => {
                let (x, y): (Batch<'_>, Batch<'_>) = (x.row(at), y.row(at));
                native::shape(*kind, x, y).map_err(str::to_owned)
            }
            _ => Ok(None),
        }
    }
}
