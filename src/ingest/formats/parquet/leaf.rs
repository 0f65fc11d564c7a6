//! A leaf column of Parquet: its values with their levels, some rows at a time.

use std::borrow::Cow;

use parquet::basic::Type;
use parquet::column::page::PageReader;
use parquet::column::reader::{ColumnReader, get_column_reader};
use parquet::data_type::{ByteArray, FixedLenByteArray, Int96};
use parquet::schema::types::ColumnDescPtr;

use super::Fault;
use super::pages::Checked;
use super::text::Kind;

/// Values of one physical type, those that are there one behind the other.
#[derive(Debug)]
pub(super) enum Values {
    Bool(Vec<bool>),
    I32(Vec<i32>),
    I64(Vec<i64>),
    I96(Vec<Int96>),
    F32(Vec<f32>),
    F64(Vec<f64>),
    Bytes(Vec<ByteArray>),
    Fixed(Vec<FixedLenByteArray>),
}

/// A column with the rows that were read last.
pub(super) struct Leaf {
    reader: ColumnReader,
    kind: Kind,
    max_def: i16,
    max_rep: i16,
    def: Vec<i16>,
    rep: Vec<i16>,
    values: Values,
    /// Where each row begins among levels and values, and where the last ends.
    starts: Vec<(usize, usize)>,
}

/// The part of a column that belongs to one row.
pub(super) struct Batch<'a> {
    pub(super) def: &'a [i16],
    pub(super) rep: &'a [i16],
    pub(super) len: usize,
    pub(super) max_def: i16,
    pub(super) max_rep: i16,
    pub(super) values: &'a Values,
    /// Where its values begin.
    pub(super) from: usize,
}

impl Leaf {
    pub(super) fn open(column: ColumnDescPtr, pages: Box<dyn PageReader>) -> Result<Self, Fault> {
        if column.physical_type() == Type::FIXED_LEN_BYTE_ARRAY && column.type_length() <= 0 {
            return Err(Fault::Damaged("a column of fixed length has none"));
        }
        let pages = Checked::new(pages, &column);
        let (max_def, max_rep) = (column.max_def_level(), column.max_rep_level());
        let kind = Kind::of(&column);
        let reader = get_column_reader(column, Box::new(pages));
        let values = match &reader {
            ColumnReader::BoolColumnReader(_) => Values::Bool(Vec::new()),
            ColumnReader::Int32ColumnReader(_) => Values::I32(Vec::new()),
            ColumnReader::Int64ColumnReader(_) => Values::I64(Vec::new()),
            ColumnReader::Int96ColumnReader(_) => Values::I96(Vec::new()),
            ColumnReader::FloatColumnReader(_) => Values::F32(Vec::new()),
            ColumnReader::DoubleColumnReader(_) => Values::F64(Vec::new()),
            ColumnReader::ByteArrayColumnReader(_) => Values::Bytes(Vec::new()),
            ColumnReader::FixedLenByteArrayColumnReader(_) => Values::Fixed(Vec::new()),
        };
        let (def, rep, starts) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Self { reader, kind, max_def, max_rep, def, rep, values, starts })
    }

    /// Reads so many rows in place of those before, and says how many there were.
    pub(super) fn read(&mut self, rows: usize) -> Result<usize, Fault> {
        self.def.clear();
        self.rep.clear();
        let mut read = 0;
        let mut fresh = true;
        let mut levels = 0;
        macro_rules! fill {
            ($reader:expr, $values:expr) => {{
                $values.clear();
                while read < rows {
                    let (records, _, some) = $reader.read_records(
                        rows - read,
                        Some(&mut self.def),
                        Some(&mut self.rep),
                        $values,
                    )?;
                    if records == 0 && !std::mem::take(&mut fresh) {
                        break;
                    }
                    fresh = records > 0;
                    read += records;
                    levels += some;
                }
                $values.len()
            }};
        }
        let there = match (&mut self.reader, &mut self.values) {
            (ColumnReader::BoolColumnReader(r), Values::Bool(v)) => fill!(r, v),
            (ColumnReader::Int32ColumnReader(r), Values::I32(v)) => fill!(r, v),
            (ColumnReader::Int64ColumnReader(r), Values::I64(v)) => fill!(r, v),
            (ColumnReader::Int96ColumnReader(r), Values::I96(v)) => fill!(r, v),
            (ColumnReader::FloatColumnReader(r), Values::F32(v)) => fill!(r, v),
            (ColumnReader::DoubleColumnReader(r), Values::F64(v)) => fill!(r, v),
            (ColumnReader::ByteArrayColumnReader(r), Values::Bytes(v)) => fill!(r, v),
            (ColumnReader::FixedLenByteArrayColumnReader(r), Values::Fixed(v)) => fill!(r, v),
            _ => return Err(Fault::Damaged("a column changes its type")),
        };
        self.mark(levels);
        let ends = self.starts.last().is_some_and(|&(_, values)| values == there);
        if self.starts.len() != read + 1 || !ends {
            return Err(Fault::Damaged("levels and values of a column do not hold together"));
        }
        Ok(read)
    }

    /// Marks where each row begins.
    fn mark(&mut self, levels: usize) {
        self.starts.clear();
        let mut values = 0;
        for at in 0..levels {
            if self.rep.get(at).is_none_or(|&rep| rep == 0) {
                self.starts.push((at, values));
            }
            values += usize::from(self.def.get(at).is_none_or(|&def| def == self.max_def));
        }
        self.starts.push((levels, values));
    }

    /// The levels and values of a row.
    pub(super) fn row(&self, at: usize) -> Batch<'_> {
        let ((from, values), (to, _)) = (self.starts[at], self.starts[at + 1]);
        Batch {
            def: self.def.get(from..to).unwrap_or_default(),
            rep: self.rep.get(from..to).unwrap_or_default(),
            len: to - from,
            max_def: self.max_def,
            max_rep: self.max_rep,
            values: &self.values,
            from: values,
        }
    }

    /// The bytes of a row; `None` where there are none.
    pub(super) fn bytes(&self, at: usize) -> Option<&[u8]> {
        let ((_, from), (_, to)) = (self.starts[at], self.starts[at + 1]);
        match &self.values {
            Values::Bytes(values) if to > from => Some(values[from].data()),
            _ => None,
        }
    }

    /// A row as text: nothing for null, a list in brackets.
    pub(super) fn text(&self, at: usize) -> Cow<'_, str> {
        let ((_, from), (_, to)) = (self.starts[at], self.starts[at + 1]);
        if self.max_rep == 0 {
            return if to > from { self.kind.text(&self.values, from) } else { Cow::Borrowed("") };
        }
        if to == from {
            return Cow::Borrowed("");
        }
        let quoted = matches!(self.values, Values::Bytes(_) | Values::Fixed(_));
        let value = |at: usize| {
            let text = self.kind.text(&self.values, at);
            if quoted { serde_json::Value::from(&*text).to_string() } else { text.into_owned() }
        };
        Cow::Owned(format!("[{}]", (from..to).map(value).collect::<Vec<_>>().join(",")))
    }
}
