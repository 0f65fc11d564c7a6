//! Rows that are nothing but their fields, many at once: no quote, and as many fields as the header has.

use super::marks::{LOOK, bits};
use crate::ingest::table::{Fields, Row};

/// Rows of a cut at most, and fields of them: what is made of them stays in the cache.
const MOST: usize = 256;
const MOST_FIELDS: usize = 1 << 13;

/// Most looks hold no more marks, and these are written without asking how many there are.
const USUAL: usize = 8;

/// Several rows in a text, cut into fields.
#[derive(Clone, Copy, Debug)]
pub struct Lines<'a> {
    /// The line before the first.
    behind: u64,
    text: &'a str,
    /// Where each row begins.
    begins: &'a [u32],
    /// Where its fields end, row by row.
    ends: &'a [u32],
    columns: usize,
}

impl<'a> Lines<'a> {
    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.begins.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.begins.is_empty()
    }

    /// How many bytes they take, the last line end aside.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let ends = self.begins.first().zip(self.ends.last());
        ends.map_or(0, |(&from, &to)| to.saturating_sub(from) as usize)
    }

    /// The rows, each by itself.
    pub fn rows(self) -> impl Iterator<Item = Row<'a>> {
        let rows = self.begins.iter().zip(self.ends.chunks_exact(self.columns));
        (self.behind + 1..).zip(rows).map(move |(line, (&from, ends))| Row {
            line,
            fields: Fields::Cut { text: self.text, from, ends },
            point: None,
        })
    }

    /// The fields of one column, which the rows have.
    pub fn column(self, at: usize) -> impl Iterator<Item = &'a str> {
        let rows = self.begins.iter().zip(self.ends.chunks_exact(self.columns));
        rows.map(move |(&begin, ends)| {
            let from = if at == 0 { begin } else { ends[at - 1] + 1 };
            self.text.get(from as usize..ends[at] as usize).unwrap_or_default()
        })
    }
}

/// Cuts regular rows, and keeps the room that it takes.
#[derive(Debug, Default)]
pub(super) struct Regular {
    begins: Vec<u32>,
    ends: Vec<u32>,
}

impl Regular {
    /// Cuts the regular rows at a place of a text: delimiter, line end and quote are `bytes`. With the bytes that they take; `None` if
    /// the next row is not regular or the text ends in it.
    pub(super) fn cut<'a>(
        &'a mut self,
        bytes: [u8; 3],
        text: &'a str,
        from: usize,
        columns: usize,
        behind: u64,
    ) -> Option<(Lines<'a>, usize)> {
        let [delimiter, line_end, _] = bytes;
        // A line of one column may be blank, and a sign of two bytes is no byte.
        if columns < 2 || delimiter == line_end || !delimiter.is_ascii() {
            return None;
        }
        let whole = text.as_bytes();
        let wanted = columns * (MOST_FIELDS / columns).clamp(1, MOST);
        if self.ends.len() < wanted + LOOK {
            self.ends.resize(wanted + LOOK, 0);
        }
        let (mut found, mut at) = (0, from);
        while let Some(look) = whole.get(at..).and_then(<[u8]>::first_chunk).filter(|_| found < wanted) {
            found += write(bits(bytes, look), at as u32, &mut self.ends[found..found + LOOK]);
            at += LOOK;
        }
        self.begins.clear();
        let mut begin = from;
        for row in self.ends[..found.min(wanted)].chunks_exact_mut(columns) {
            let Some((last, inner)) = row.split_last_mut() else { break };
            let end = *last as usize;
            if whole[end] != line_end || inner.iter().any(|&at| whole[at as usize] != delimiter) {
                break;
            }
            self.begins.push(begin as u32);
            begin = end + 1;
            // Before it there is a delimiter at least.
            *last -= u32::from(whole[end - 1] == b'\r');
        }
        let (begins, ends) = (&self.begins[..], &self.ends[..self.begins.len() * columns]);
        (!begins.is_empty()).then_some((Lines { behind, text, begins, ends, columns }, begin - from))
    }
}

/// Writes where the bits of a look stand, which begins at a place; returns how many there are.
#[inline]
fn write(mut bits: u64, at: u32, to: &mut [u32]) -> usize {
    let n = bits.count_ones() as usize;
    let mut next = || {
        let place = at.wrapping_add(bits.trailing_zeros());
        bits &= bits.wrapping_sub(1);
        place
    };
    // In a loop that always has as many rounds the processor guesses nothing wrongly.
    to[..USUAL].iter_mut().for_each(|to| *to = next());
    if n > USUAL {
        to[USUAL..n].iter_mut().for_each(|to| *to = next());
    }
    n
}
