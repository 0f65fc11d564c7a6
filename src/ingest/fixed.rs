//! Forms of times with all their digits (`2018-07-04T01:02:03Z`): every part stands at a fixed place of the text.

use super::form::{Civil, Step, offset_of};

/// Where the parts of a form stand, if its numbers have all the digits that they may have.
#[derive(Clone, Debug, Default)]
pub(super) struct Fixed {
    signs: Vec<(usize, u8)>,
    year: Option<usize>,
    month: Option<usize>,
    day: Option<usize>,
    hour: Option<usize>,
    minute: Option<usize>,
    second: Option<usize>,
    offset: bool,
    len: usize,
}

impl Fixed {
    /// The places of a form's parts; `None` if one has no fixed place, or if year, month, day or hour is missing.
    pub(super) fn of(steps: &[Step]) -> Option<Self> {
        let mut fixed = Self::default();
        for step in steps {
            let (part, width) = match *step {
                _ if fixed.offset => return None,
                Step::Year => (&mut fixed.year, 4),
                Step::Month => (&mut fixed.month, 2),
                Step::Day => (&mut fixed.day, 2),
                Step::Hour => (&mut fixed.hour, 2),
                Step::Minute => (&mut fixed.minute, 2),
                Step::Second => (&mut fixed.second, 2),
                Step::Offset => {
                    fixed.offset = true;
                    continue;
                }
                Step::Blank | Step::Byte(_) => {
                    let byte = if let Step::Byte(byte) = *step { byte } else { b' ' };
                    fixed.signs.push((fixed.len, byte));
                    fixed.len += 1;
                    continue;
                }
                Step::ShortYear | Step::Hour12 | Step::HalfDay | Step::Fraction => return None,
            };
            if part.replace(fixed.len).is_some() {
                return None;
            }
            fixed.len += width;
        }
        let whole = [fixed.year, fixed.month, fixed.day, fixed.hour].iter().all(Option::is_some);
        whole.then_some(fixed)
    }

    /// Reads a text; `None` also where the form fits with fewer digits.
    #[inline]
    pub(super) fn read(&self, text: &[u8]) -> Option<Civil> {
        let (text, mut rest) = text.split_at_checked(self.len)?;
        if !self.signs.iter().all(|&(at, sign)| text.get(at) == Some(&sign)) {
            return None;
        }
        let two = |at: usize| {
            let (tens, ones) = (text.get(at)?.wrapping_sub(b'0'), text.get(at + 1)?.wrapping_sub(b'0'));
            (tens < 10 && ones < 10).then(|| u32::from(tens) * 10 + u32::from(ones))
        };
        let below = |most: u32, at: Option<usize>| at.map_or(Some(0), |at| two(at).filter(|&n| n < most));
        let year = two(self.year?)? * 100 + two(self.year? + 2)?;
        let (hour, minute, second) =
            (below(24, self.hour)?, below(60, self.minute)?, below(60, self.second)?);
        let offset = if self.offset { Some(offset_of(&mut rest)?) } else { None };
        rest.is_empty().then_some(Civil {
            year: year.cast_signed(),
            month: two(self.month?)?,
            day: Some(two(self.day?)?),
            second: Some(hour * 3600 + minute * 60 + second),
            offset,
        })
    }
}
