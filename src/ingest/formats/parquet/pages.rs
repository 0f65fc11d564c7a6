//! Checks on Parquet before its library reads it: the library makes room for what headers announce, so they must be true.

use bytes::Bytes;
use parquet::basic::{Encoding, Type};
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ParquetMetaData;
use parquet::schema::types::ColumnDescriptor;

use super::Fault;

/// No page unpacks to more: 128 MiB, where writers aim at 1 MiB.
const PAGE: i64 = 128 << 20;

/// No page has more values in a column of lists, whose levels are unpacked a page at a time.
const VALUES: u32 = 1 << 24;

/// How deep the structures of a header may lie in each other.
const DEPTH: usize = 12;

/// Walks the footer: no list in it may claim more items than it has bytes, or passing over them would take for ever.
pub(super) fn check_footer(bytes: &Bytes) -> std::result::Result<(), Fault> {
    let footer = bytes.strip_suffix(b"PAR1").and_then(|rest| {
        let (rest, length) = rest.split_last_chunk::<4>()?;
        let from = rest.len().checked_sub(u32::from_le_bytes(*length) as usize)?;
        rest.get(from..)
    });
    // What is not even that the library tells by name.
    let Some(footer) = footer else { return Ok(()) };
    Thrift { bytes: footer }.skip(12, 0).ok_or(Fault::Damaged("its footer does not hold together"))
}

/// Walks the headers of all pages: each must lie in the file and unpack to no more than a page may.
pub(super) fn check(bytes: &Bytes, metadata: &ParquetMetaData) -> std::result::Result<(), Fault> {
    for column in metadata.row_groups().iter().flat_map(|group| group.columns()) {
        let start = column.dictionary_page_offset().unwrap_or(column.data_page_offset());
        let range = usize::try_from(start).ok().zip(usize::try_from(column.compressed_size()).ok());
        let chunk = range.and_then(|(start, length)| bytes.get(start..start.checked_add(length)?));
        let chunk = chunk.ok_or(Fault::Damaged("a column lies outside the file"))?;
        walk(chunk).ok_or(Fault::Damaged("the header of a page is broken"))?;
        let (first, last) = (column.column_index_length(), column.offset_index_length());
        if first.is_some_and(|n| n < 0) || last.is_some_and(|n| n < 0) {
            return Err(Fault::Damaged("an index has a negative length"));
        }
    }
    Ok(())
}

fn walk(mut chunk: &[u8]) -> Option<()> {
    while !chunk.is_empty() {
        let mut header = Thrift { bytes: chunk };
        let (mut field, mut sizes) = (0, [None; 2]);
        loop {
            let kind = header.field(&mut field)?;
            match (kind, field) {
                (0, _) => break,
                (5, 2 | 3) => sizes[usize::from(field == 3)] = Some(header.zigzag()?),
                _ => header.skip(kind, 0)?,
            }
        }
        let [Some(unpacked), Some(packed)] = sizes else { return None };
        if !(0..=PAGE).contains(&unpacked) {
            return None;
        }
        chunk = header.bytes.get(usize::try_from(packed).ok()?..)?;
    }
    Some(())
}

/// The compact protocol of Thrift, as far as passing over it takes.
struct Thrift<'a> {
    bytes: &'a [u8],
}

impl Thrift<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (&first, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(first)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn zigzag(&mut self) -> Option<i64> {
        let value = self.varint()?;
        Some((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    fn pass(&mut self, length: u64) -> Option<()> {
        self.bytes = self.bytes.get(usize::try_from(length).ok()?..)?;
        Some(())
    }

    /// The type of the next field and, in `field`, its number; type 0 ends a structure.
    fn field(&mut self, field: &mut i64) -> Option<u8> {
        let head = self.byte()?;
        if head & 15 == 0 {
            return Some(0);
        }
        *field = match head >> 4 {
            0 => self.zigzag()?,
            delta => field.checked_add(i64::from(delta))?,
        };
        Some(head & 15)
    }

    fn skip(&mut self, kind: u8, depth: usize) -> Option<()> {
        if depth > DEPTH {
            return None;
        }
        match kind {
            1 | 2 => Some(()),
            3 => self.pass(1),
            4..=6 => self.varint().map(drop),
            7 => self.pass(8),
            8 => {
                let length = self.varint()?;
                self.pass(length)
            }
            9 | 10 => {
                let head = self.byte()?;
                let count = if head >> 4 == 15 { self.varint()? } else { u64::from(head >> 4) };
                // In a list a truth takes a byte, in a structure it is the type itself.
                let kind = if head & 15 <= 2 { 3 } else { head & 15 };
                (count <= self.bytes.len() as u64).then_some(())?;
                (0..count).try_for_each(|_| self.skip(kind, depth + 1))
            }
            12 => {
                let mut field = 0;
                loop {
                    match self.field(&mut field)? {
                        0 => return Some(()),
                        kind => self.skip(kind, depth + 1)?,
                    }
                }
            }
            _ => None,
        }
    }
}

/// Pages of a column, each looked at before its values are.
pub(super) struct Checked {
    pages: Box<dyn PageReader>,
    max_def: i16,
    max_rep: i16,
    text: bool,
    /// Whether a dictionary has come.
    dictionary: bool,
}

impl Checked {
    pub(super) fn new(pages: Box<dyn PageReader>, column: &ColumnDescriptor) -> Self {
        let text = column.physical_type() == Type::BYTE_ARRAY;
        Self {
            pages,
            max_def: column.max_def_level(),
            max_rep: column.max_rep_level(),
            text,
            dictionary: false,
        }
    }

    fn check(&self, page: &Page) -> Result<()> {
        let no = |why: &str| Err(ParquetError::General(why.to_owned()));
        let length = page.buffer().len();
        let values = page.num_values();
        let levels = match page {
            Page::DictionaryPage { .. } => {
                let fits = values as usize <= length;
                return if fits { Ok(()) } else { no("a dictionary has more values than bytes") };
            }
            Page::DataPage { def_level_encoding, rep_level_encoding, .. } => {
                let packed = |max: i16, encoding: &Encoding| max > 0 && *encoding != Encoding::RLE;
                if packed(self.max_def, def_level_encoding) || packed(self.max_rep, rep_level_encoding) {
                    return no("levels that are not in encoding RLE are not read");
                }
                self.levels(page.buffer())
            }
            Page::DataPageV2 { def_levels_byte_len, rep_levels_byte_len, .. } => {
                (*def_levels_byte_len as usize).checked_add(*rep_levels_byte_len as usize)
            }
        };
        let Some(encoded) = levels.and_then(|at| page.buffer().get(at..)) else {
            return no("the levels of a page are longer than it");
        };
        if self.max_rep > 0 && values > VALUES {
            return no("a page of lists has too many values");
        }
        match page.encoding() {
            // Their decoders take lengths on trust.
            Encoding::DELTA_BYTE_ARRAY | Encoding::DELTA_LENGTH_BYTE_ARRAY => {
                no("delta encoding of text is not read; write the file with plain or dictionary encoding")
            }
            Encoding::DELTA_BINARY_PACKED => {
                let mut head = Thrift { bytes: encoded };
                let (block, _, count) = (head.varint(), head.varint(), head.varint());
                let sound =
                    block.is_some_and(|n| n <= 1 << 16) && count.is_some_and(|n| n <= u64::from(values));
                if sound { Ok(()) } else { no("the header of a page in delta encoding is broken") }
            }
            Encoding::PLAIN_DICTIONARY | Encoding::RLE_DICTIONARY if !self.dictionary => {
                no("a page refers to a dictionary that is not there")
            }
            _ => Ok(()),
        }
    }

    /// Bytes that the levels take at the beginning of a page of the first version.
    fn levels(&self, page: &[u8]) -> Option<usize> {
        let mut at: usize = 0;
        for _ in 0..usize::from(self.max_rep > 0) + usize::from(self.max_def > 0) {
            let length = page.get(at..at.checked_add(4)?)?;
            at = at.checked_add(4)?.checked_add(u32::from_le_bytes(length.try_into().ok()?) as usize)?;
        }
        Some(at)
    }
}

/// Puts a length that cannot be behind the values of a page of text: its decoder looks for the next length without
/// asking whether any bytes are left, and would stop the process where there are none.
fn guard(page: &mut Page) {
    let (Page::DataPage { buf, .. } | Page::DataPageV2 { buf, .. } | Page::DictionaryPage { buf, .. }) = page;
    let mut bytes = Vec::with_capacity(buf.len() + 4);
    bytes.extend_from_slice(buf);
    bytes.extend([0xff; 4]);
    *buf = Bytes::from(bytes);
}

impl Iterator for Checked {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl PageReader for Checked {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        let Some(mut page) = self.pages.get_next_page()? else { return Ok(None) };
        self.check(&page)?;
        self.dictionary |= page.is_dictionary_page();
        if self.text && page.encoding() == Encoding::PLAIN {
            guard(&mut page);
        }
        Ok(Some(page))
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        self.pages.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<()> {
        self.pages.skip_next_page()
    }

    fn at_record_boundary(&mut self) -> Result<bool> {
        self.pages.at_record_boundary()
    }
}
