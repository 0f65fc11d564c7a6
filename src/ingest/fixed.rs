//! Forms of times with all their digits (`2018-07-04T01:02:03Z`): every part stands at a fixed place of the text.

use super::form::{Civil, Step, offset_of};

/// The longest form that is read so; behind it there are always two zeros.
const LONGEST: usize = 22;

/// Where a part is read that a form does not have: there are two zeros.
const NOWHERE: usize = LONGEST;

/// Where the parts of a form stand, if its numbers have all the digits that they may have.
#[derive(Clone, Debug)]
pub(super) struct Fixed {
    /// A zero where a digit stands, elsewhere the sign that must stand there; eight bytes a word.
    model: [u64; 3],
    /// What must be added to a byte's difference from the model for the highest bit to tell that it is none that may be.
    beyond: [u64; 3],
    year: usize,
    month: usize,
    day: usize,
    hour: usize,
    minute: usize,
    second: usize,
    offset: bool,
    len: usize,
}

/// The highest bit of every byte.
const HIGH: u64 = 0x8080_8080_8080_8080;

impl Fixed {
    /// The places of a form's parts; `None` if one has no fixed place, if year, month, day or hour is missing, or if the
    /// form is long.
    pub(super) fn of(steps: &[Step]) -> Option<Self> {
        let [mut year, mut month, mut day, mut hour, mut minute, mut second] = [None; 6];
        let (mut model, mut beyond) = ([0u8; 24], [0x7Fu8; 24]);
        let (mut len, mut offset) = (0, false);
        for step in steps {
            let (part, width) = match *step {
                _ if offset => return None,
                Step::Year => (&mut year, 4),
                Step::Month => (&mut month, 2),
                Step::Day => (&mut day, 2),
                Step::Hour => (&mut hour, 2),
                Step::Minute => (&mut minute, 2),
                Step::Second => (&mut second, 2),
                Step::Offset => {
                    offset = true;
                    continue;
                }
                Step::Blank | Step::Byte(_) => {
                    *model[..LONGEST].get_mut(len)? = if let Step::Byte(byte) = *step { byte } else { b' ' };
                    len += 1;
                    continue;
                }
                Step::ShortYear | Step::Hour12 | Step::HalfDay | Step::Fraction => return None,
            };
            if part.replace(len).is_some() {
                return None;
            }
            model[..LONGEST].get_mut(len..len + width)?.fill(b'0');
            // A digit is at most 9 more than the model's zero.
            beyond[len..len + width].fill(0x80 - 10);
            len += width;
        }
        let words = |bytes: [u8; 24]| {
            let mut words = [0; 3];
            for (word, eight) in words.iter_mut().zip(bytes.as_chunks().0) {
                *word = u64::from_le_bytes(*eight);
            }
            words
        };
        Some(Self {
            model: words(model),
            beyond: words(beyond),
            year: year?,
            month: month?,
            day: day?,
            hour: hour?,
            minute: minute.unwrap_or(NOWHERE),
            second: second.unwrap_or(NOWHERE),
            offset,
            len,
        })
    }

    /// Reads a text; `None` also where the form fits with fewer digits.
    #[inline]
    pub(super) fn read(&self, text: &[u8]) -> Option<Civil> {
        let (text, mut rest) = text.split_at_checked(self.len)?;
        let words = words(text)?;
        let (mut digits, mut wrong) = ([0u8; 24], 0);
        for (at, eight) in digits.as_chunks_mut::<8>().0.iter_mut().enumerate() {
            let apart = words[at] ^ self.model[at];
            wrong |= apart | apart.wrapping_add(self.beyond[at]);
            *eight = apart.to_le_bytes();
        }
        if wrong & HIGH != 0 {
            return None;
        }
        let two = |at: usize| u32::from(digits[at]) * 10 + u32::from(digits[at + 1]);
        let (hour, minute, second) = (two(self.hour), two(self.minute), two(self.second));
        if hour >= 24 || minute >= 60 || second >= 60 {
            return None;
        }
        let offset = match (self.offset, rest) {
            (false, []) => None,
            (false, _) => return None,
            (true, b"Z") => Some(0),
            (true, _) => {
                let offset = offset_of(&mut rest)?;
                rest.is_empty().then_some(Some(offset))?
            }
        };
        Some(Civil {
            year: (two(self.year) * 100 + two(self.year + 2)).cast_signed(),
            month: two(self.month),
            day: Some(two(self.day)),
            second: Some(hour * 3600 + minute * 60 + second),
            offset,
        })
    }
}

/// The bytes of a text of 8 to 24 bytes, eight a word, with zeros behind them.
#[inline]
fn words(text: &[u8]) -> Option<[u64; 3]> {
    let first = u64::from_le_bytes(*text.first_chunk()?);
    // The last eight bytes begin within the word before: that part of them is shifted out.
    let last = u64::from_le_bytes(*text.last_chunk()?);
    Some(match text.len() {
        8 => [first, 0, 0],
        len @ 9..=16 => [first, last >> (8 * (16 - len)), 0],
        len @ 17..=24 => {
            let second = u64::from_le_bytes(*text[8..].first_chunk()?);
            [first, second, last >> (8 * (24 - len))]
        }
        _ => return None,
    })
}
