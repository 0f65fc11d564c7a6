//! What is kept of an outreach list: its versions, who is on them and why, and what was noted.

use std::fmt;
use std::str::FromStr;

use jiff::ToSpan;
use jiff::civil::Date;

use super::reason::Change;
use super::words::{NOTES, NotPicked};
use crate::rank::score::{By, Gun, Proactive};

/// A team takes so much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capacity {
    /// So many blocks.
    Blocks(u32),
    /// Blocks with so many households together.
    Households(u32),
}

/// A text that is no capacity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("give a whole number from 1 to {MOST} with its unit, as 25blocks or 600households")]
pub struct NoCapacity;

/// The largest capacity.
pub const MOST: u32 = 1_000_000;

impl Capacity {
    /// How much it is, in its own unit.
    #[must_use]
    pub fn amount(self) -> u32 {
        match self {
            Self::Blocks(n) | Self::Households(n) => n,
        }
    }

    /// What it is counted in.
    #[must_use]
    pub fn unit(self) -> &'static str {
        match self {
            Self::Blocks(_) => "blocks",
            Self::Households(_) => "households",
        }
    }
}

impl fmt::Display for Capacity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.amount(), self.unit())
    }
}

impl FromStr for Capacity {
    type Err = NoCapacity;

    /// `25blocks`, `25 blocks`, `600households`; a bare number is refused, since its unit would be a guess.
    fn from_str(text: &str) -> Result<Self, NoCapacity> {
        let text = text.trim();
        let digits = text.find(|c: char| !c.is_ascii_digit()).ok_or(NoCapacity)?;
        let n = text[..digits].parse().ok().filter(|n| (1..=MOST).contains(n)).ok_or(NoCapacity)?;
        match text[digits..].trim_start() {
            "block" | "blocks" => Ok(Self::Blocks(n)),
            "household" | "households" => Ok(Self::Households(n)),
            _ => Err(NoCapacity),
        }
    }
}

/// How a list is filled and when it changes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rules {
    /// How much the team takes.
    pub capacity: Capacity,
    /// What a block that may leave has on top of its P(top N), 0 to 1.
    pub bonus: f64,
    /// Months from one review to the next.
    pub review_months: u32,
    /// Months that an assigned block stays at least.
    pub stay_months: u32,
    /// Months that a block is in aftercare at least.
    pub aftercare_months: u32,
}

impl Rules {
    /// The width between 'enter at 0.5' and 'leave below 0.25' of `methods.md` 2.7.
    pub const BONUS: f64 = 0.25;
    /// Two reviews a year.
    pub const REVIEW_MONTHS: u32 = 6;
    /// Trust takes a year; an assigned block stays so long at the least.
    pub const STAY_MONTHS: u32 = 12;
    /// As long as the least stay.
    pub const AFTERCARE_MONTHS: u32 = 12;

    /// The usual rules for a capacity.
    #[must_use]
    pub fn of(capacity: Capacity) -> Self {
        Self {
            capacity,
            bonus: Self::BONUS,
            review_months: Self::REVIEW_MONTHS,
            stay_months: Self::STAY_MONTHS,
            aftercare_months: Self::AFTERCARE_MONTHS,
        }
    }
}

/// What a version was scored by, as it was truly used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Made {
    /// What decides the order.
    pub by: By,
    /// What counts as gun crime.
    pub gun: Gun,
    /// Whether proactive classes count.
    pub proactive: Proactive,
    /// N of P(top N).
    pub top_n: u32,
    /// What its draws follow from.
    pub seed: u64,
    /// How many draws.
    pub draws: u32,
    /// The period that was counted, as text.
    pub period: String,
    /// Names of categories; all where empty.
    pub categories: Vec<String>,
    /// Names of areas with their kind; everywhere where empty.
    pub within: Vec<String>,
    /// Whether domestic, child, sexual and unmapped incidents count.
    pub protected: bool,
    /// Whether nothing showed that blocks differ: the order is then a matter of chance.
    pub no_evidence: bool,
    /// Until when the data were complete.
    pub complete_until: Option<Date>,
}

/// What a block is to the team.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// Visited.
    Assigned,
    /// No longer first, and not left alone.
    Aftercare,
}

impl Status {
    /// As it stands in results.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Assigned => "assigned",
            Self::Aftercare => "aftercare",
        }
    }
}

/// A block on a version of the list.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its id in the block set.
    pub block: String,
    /// Its name.
    pub name: String,
    /// Assigned since this date.
    pub since: Date,
    /// In aftercare since this date; `None` while it is assigned.
    pub aftercare: Option<Date>,
    /// What it takes of the capacity while it is assigned.
    pub takes: u32,
    /// P(top N), to four decimals; `None` where it was not among the blocks that were asked about.
    pub p: Option<f64>,
    /// How it came to be here.
    pub change: Change,
}

impl Entry {
    /// What the block is to the team.
    #[must_use]
    pub fn status(&self) -> Status {
        if self.aftercare.is_none() { Status::Assigned } else { Status::Aftercare }
    }
}

/// The list as a review left it.
#[derive(Clone, Debug, PartialEq)]
pub struct Version {
    /// 1 is the first.
    pub number: u32,
    /// The date of the review.
    pub date: Date,
    /// What the review is called, a word of [`super::words::REVIEWS`].
    pub review: &'static str,
    /// How it was filled.
    pub rules: Rules,
    /// What it was scored by.
    pub made: Made,
    /// Assigned blocks in the order of P(top N), then those in aftercare.
    pub entries: Vec<Entry>,
    /// Blocks that left at this review.
    pub left: Vec<Entry>,
    /// Blocks passed over, since their households would not have fitted in.
    pub passed_over: u32,
    /// Blocks with incidents whose households nobody knows, where the capacity is in households.
    pub unweighed: u32,
}

impl Version {
    /// The assigned blocks.
    pub fn assigned(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| entry.status() == Status::Assigned)
    }

    /// What the assigned blocks take of the capacity.
    #[must_use]
    pub fn taken(&self) -> u64 {
        self.assigned().map(|entry| u64::from(entry.takes)).sum()
    }

    /// The date from which on the next review is due.
    #[must_use]
    pub fn next_review(&self) -> Date {
        months_later(self.date, self.rules.review_months)
    }

    /// A block on the list.
    #[must_use]
    pub fn entry(&self, block: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.block == block)
    }
}

/// Something that was noted of a block.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    /// When.
    pub date: Date,
    /// Of which block.
    pub block: String,
    /// A word of [`NOTES`].
    pub word: &'static str,
}

/// Why nothing was noted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoteError {
    /// Not a word of the list.
    #[error(transparent)]
    Word(#[from] NotPicked),
    /// The block is not on the list.
    #[error("`{block}` is on no version of the list on {date}; the list has its ids in the column `id`")]
    NotListed {
        /// What was given.
        block: String,
        /// For when.
        date: Date,
    },
}

/// An outreach list with all its versions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Register {
    /// Name of the set that its blocks belong to.
    pub block_set: String,
    /// How many blocks that set has.
    pub n_blocks: usize,
    /// The first version first.
    pub versions: Vec<Version>,
    /// By date, block and word.
    pub notes: Vec<Note>,
}

impl Register {
    /// The last version.
    #[must_use]
    pub fn last(&self) -> Option<&Version> {
        self.versions.last()
    }

    /// The version that holds on a date.
    #[must_use]
    pub fn on(&self, date: Date) -> Option<&Version> {
        self.versions.iter().rev().find(|version| version.date <= date)
    }

    /// Notes a word of a block that is on the list that day; what is noted already stays as it is.
    ///
    /// # Errors
    ///
    /// [`NoteError`] for a word that is not on the pick-list, or a block that is not on the list.
    pub fn note(&mut self, block: &str, word: &str, date: Date) -> Result<(), NoteError> {
        let word = NOTES.pick(word)?;
        let not_listed = || NoteError::NotListed { block: block.to_owned(), date };
        let entry = self.on(date).and_then(|version| version.entry(block)).ok_or_else(not_listed)?;
        let note = Note { date, block: entry.block.clone(), word };
        if let Err(at) = self.notes.binary_search(&note) {
            self.notes.insert(at, note);
        }
        Ok(())
    }

    /// What was noted of a block, the first note first.
    pub fn notes_of(&self, block: &str) -> impl Iterator<Item = &Note> {
        self.notes.iter().filter(move |note| note.block == block)
    }
}

/// The same day so many months later; a day that the month does not have is its last one, and the last day of a month
/// stays the last, so that reviews at the ends of months stay there.
#[must_use]
pub fn months_later(date: Date, months: u32) -> Date {
    let Ok(later) = date.checked_add(i64::from(months).months()) else { return Date::MAX };
    if date == date.last_of_month() { later.last_of_month() } else { later }
}

/// Full months from one date to a later one.
#[must_use]
pub fn months_between(from: Date, to: Date) -> u32 {
    let (years, months) = (i32::from(to.year() - from.year()), i32::from(to.month() - from.month()));
    let most = u32::try_from(12 * years + months).unwrap_or(0);
    if months_later(from, most) > to { most.saturating_sub(1) } else { most }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_capacity_has_its_unit() {
        for (text, expected) in [
            ("25blocks", Capacity::Blocks(25)),
            ("1 block", Capacity::Blocks(1)),
            (" 600households", Capacity::Households(600)),
        ] {
            assert_eq!(text.parse(), Ok(expected), "{text}");
        }
        assert_eq!(Capacity::Blocks(25).to_string().parse(), Ok(Capacity::Blocks(25)));
        for bad in
            ["", "25", "blocks", "0blocks", "-3blocks", "2.5blocks", "25km", "9999999blocks", "٣blocks"]
        {
            assert_eq!(bad.parse::<Capacity>(), Err(NoCapacity), "{bad}");
        }
    }

    #[test]
    fn months_end_where_the_calendar_has_no_such_day() {
        assert_eq!(months_later(date(2015, 8, 31), 6), date(2016, 2, 29));
        assert_eq!(months_between(date(2015, 8, 31), date(2016, 2, 28)), 5);
        assert_eq!(months_between(date(2015, 8, 31), date(2016, 2, 29)), 6);
        assert_eq!(months_between(date(2015, 8, 31), date(2015, 8, 31)), 0);
        assert_eq!(months_between(date(2015, 8, 31), date(2014, 1, 1)), 0);
        assert_eq!(months_later(Date::MAX, 1), Date::MAX);
        // A list of month ends stays one: nobody is bound for a day more than a year.
        let reviews = std::iter::successors(Some(date(2016, 3, 31)), |day| Some(months_later(*day, 6)));
        let days: Vec<Date> = reviews.take(4).collect();
        assert_eq!(
            days,
            [(2016, 3, 31), (2016, 9, 30), (2017, 3, 31), (2017, 9, 30)].map(|(y, m, d)| date(y, m, d))
        );
        assert_eq!(months_between(days[0], days[2]), 12);
    }
}
