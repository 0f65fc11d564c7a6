//! Whether a list that comes from a file is one that reviews can have made.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::reason::Change;
use super::register::{Entry, Register, Rules, Version, months_later};
use super::words::NOTES;

/// What is wrong with a list.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RegisterError {
    /// No version at all.
    #[error("the list has no version; make a first one without --previous")]
    Empty,
    /// Versions are numbered from 1 and their dates ascend.
    #[error(
        "version {number} of {date} does not follow the one before; versions are numbered from 1 and each is later: restore the file"
    )]
    Order {
        /// Its number.
        number: u32,
        /// Its date.
        date: Date,
    },
    /// A rule out of bounds.
    #[error("version {number}: {rule} is {value}; it is {bound}")]
    Rule {
        /// Of which version.
        number: u32,
        /// Which rule.
        rule: &'static str,
        /// What stands there.
        value: String,
        /// What can stand there.
        bound: &'static str,
    },
    /// A block is there twice.
    #[error("version {number}: block `{block}` is there twice; keep one")]
    Twice {
        /// Of which version.
        number: u32,
        /// Which block.
        block: String,
    },
    /// A block's dates, chance or change cannot be so.
    #[error("version {number}: block `{block}` {why}; restore the file")]
    Entry {
        /// Of which version.
        number: u32,
        /// Which block.
        block: String,
        /// What is wrong.
        why: String,
    },
    /// More is assigned than the team takes.
    #[error("version {number}: its blocks take {taken} and the capacity is {capacity}; restore the file")]
    Full {
        /// Of which version.
        number: u32,
        /// What they take.
        taken: u64,
        /// What there is.
        capacity: u32,
    },
    /// A note of a block that is not on the list, or twice, or not in order.
    #[error(
        "the note of {date} on block `{block}` is of no block of the list that day, stands twice or is out of order; take it out"
    )]
    Note {
        /// Its date.
        date: Date,
        /// Its block.
        block: String,
    },
    /// Another block set.
    #[error(
        "the list was made over the block set `{list}` of {n_list} blocks, and this is `{here}` of {n_here}; give the same --blocks file"
    )]
    BlockSet {
        /// Of the list.
        list: String,
        /// Its blocks.
        n_list: usize,
        /// The one that was given.
        here: String,
        /// Its blocks.
        n_here: usize,
    },
    /// A block that the set does not have.
    #[error(
        "version {number}: there is no block `{block}` in the block set; give the --blocks file that the list was made over"
    )]
    UnknownBlock {
        /// Of which version.
        number: u32,
        /// Which block.
        block: String,
    },
    /// A block of another name.
    #[error(
        "version {number}: block `{block}` has another name in the block set (`{here}`); give the --blocks file that the list was made over"
    )]
    Renamed {
        /// Of which version.
        number: u32,
        /// Which block.
        block: String,
        /// Its name in the block set.
        here: String,
    },
}

/// Checks that reviews can have made a list: dates, stays, capacity, and that no block came or went without its reason.
///
/// Time O(entries log entries).
///
/// # Errors
///
/// [`RegisterError`] for the first thing that cannot be.
pub fn check(register: &Register) -> Result<(), RegisterError> {
    if register.versions.is_empty() {
        return Err(RegisterError::Empty);
    }
    let mut before: Option<&Version> = None;
    for (number, version) in (1..).zip(&register.versions) {
        let follows = before.is_none_or(|before| version.date > before.date);
        if version.number != number || !follows {
            return Err(RegisterError::Order { number: version.number, date: version.date });
        }
        rules(version)?;
        entries(version, before)?;
        let capacity = version.rules.capacity.amount();
        if version.taken() > u64::from(capacity) {
            return Err(RegisterError::Full { number, taken: version.taken(), capacity });
        }
        before = Some(version);
    }
    let first_wrong = register.notes.iter().enumerate().find(|(at, note)| {
        let ordered = *at == 0 || register.notes[at - 1] < **note;
        let listed = register.on(note.date).and_then(|version| version.entry(&note.block)).is_some();
        !ordered || !listed || NOTES.pick(note.word).is_err()
    });
    match first_wrong {
        Some((_, note)) => Err(RegisterError::Note { date: note.date, block: note.block.clone() }),
        None => Ok(()),
    }
}

/// Checks a list against the block set that it is used with; `name_of` gives the name of an id.
///
/// # Errors
///
/// [`RegisterError`] for another set, or a block that is not there or has another name.
pub fn check_blocks<'a>(
    register: &Register,
    (set, n_blocks): (&str, usize),
    name_of: impl Fn(&str) -> Option<&'a str>,
) -> Result<(), RegisterError> {
    if register.block_set != set || register.n_blocks != n_blocks {
        return Err(RegisterError::BlockSet {
            list: register.block_set.clone(),
            n_list: register.n_blocks,
            here: set.to_owned(),
            n_here: n_blocks,
        });
    }
    for version in &register.versions {
        for entry in version.entries.iter().chain(&version.left) {
            let (number, block) = (version.number, entry.block.clone());
            match name_of(&entry.block) {
                None => return Err(RegisterError::UnknownBlock { number, block }),
                Some(here) if here != entry.name => {
                    return Err(RegisterError::Renamed { number, block, here: here.to_owned() });
                }
                Some(_) => {}
            }
        }
    }
    Ok(())
}

/// The bounds of the rules, as the parameters have them.
pub const MONTHS: (u32, u32) = (1, 120);

fn rules(version: &Version) -> Result<(), RegisterError> {
    let Rules { bonus, review_months, stay_months, aftercare_months, .. } = version.rules;
    let number = version.number;
    let bad = |rule, value: String, bound| Err(RegisterError::Rule { number, rule, value, bound });
    if !(0.0..=1.0).contains(&bonus) {
        return bad("bonus", bonus.to_string(), "from 0 to 1");
    }
    for (rule, months, least, bound) in [
        ("review_months", review_months, MONTHS.0, "from 1 to 120"),
        ("stay_months", stay_months, Rules::STAY_MONTHS, "from 12 to 120"),
        ("aftercare_months", aftercare_months, MONTHS.0, "from 1 to 120"),
    ] {
        if !(least..=MONTHS.1).contains(&months) {
            return bad(rule, months.to_string(), bound);
        }
    }
    if version.made.top_n == 0 {
        return bad("top_n", "0".to_owned(), "1 or more");
    }
    Ok(())
}

fn entries(version: &Version, before: Option<&Version>) -> Result<(), RegisterError> {
    let number = version.number;
    let mut seen = BTreeSet::new();
    for entry in version.entries.iter().chain(&version.left) {
        if !seen.insert(entry.block.as_str()) {
            return Err(RegisterError::Twice { number, block: entry.block.clone() });
        }
        let was = before.and_then(|before| before.entry(&entry.block));
        if let Err(why) = one(version, entry, was) {
            return Err(RegisterError::Entry { number, block: entry.block.clone(), why });
        }
    }
    let wrong = |entry: &&Entry, left: bool| (entry.change == Change::Left) != left;
    let misplaced = version.entries.iter().find(|entry| wrong(entry, false));
    let misplaced = misplaced.or_else(|| version.left.iter().find(|entry| wrong(entry, true)));
    if let Some(entry) = misplaced {
        let why = "is among those that left and did not, or the other way round".to_owned();
        return Err(RegisterError::Entry { number, block: entry.block.clone(), why });
    }
    let gone =
        before.iter().flat_map(|before| &before.entries).find(|was| !seen.contains(was.block.as_str()));
    if let Some(was) = gone {
        let why = "was on the version before and is gone without a reason".to_owned();
        return Err(RegisterError::Entry { number, block: was.block.clone(), why });
    }
    let out_of_order = version.entries.windows(2).find(|pair| {
        let place = |entry: &Entry| (entry.status(), entry.p.is_none());
        let chance = |entry: &Entry| entry.p.unwrap_or(0.0);
        let (a, b) = (&pair[0], &pair[1]);
        place(a) > place(b) || place(a) == place(b) && chance(a) < chance(b)
    });
    match out_of_order {
        Some(pair) => Err(RegisterError::Entry {
            number,
            block: pair[1].block.clone(),
            why: "stands behind one that comes after it".to_owned(),
        }),
        None => Ok(()),
    }
}

/// Whether a block can have come from what it was to what it is.
fn one(version: &Version, entry: &Entry, was: Option<&Entry>) -> Result<(), String> {
    let (on, rules) = (version.date, &version.rules);
    if entry.p.is_some_and(|p| !(0.0..=1.0).contains(&p)) {
        return Err("has a chance that is not from 0 to 1".to_owned());
    }
    if entry.since > on || entry.aftercare.is_some_and(|from| from > on || from <= entry.since) {
        return Err(format!("has a date after {on} or an aftercare before it was assigned"));
    }
    if entry.takes == 0 {
        return Err("takes nothing of the capacity".to_owned());
    }
    let assigned_before = was.is_some_and(|was| was.aftercare.is_none() && was.since == entry.since);
    let free = months_later(entry.since, rules.stay_months) <= on;
    let (fits, says) = match entry.change {
        Change::Entered => (was.is_none() && entry.since == on, "entered"),
        Change::Returned => {
            (was.is_some_and(|was| was.aftercare.is_some()) && entry.since == on, "returned from aftercare")
        }
        Change::Stayed | Change::StayedByBonus => (assigned_before && free, "stayed beyond its least stay"),
        Change::StayedByTerm => (assigned_before && !free, "stayed within its least stay"),
        Change::ToAftercare => {
            (assigned_before && free && entry.aftercare == Some(on), "gone to aftercare after its least stay")
        }
        Change::InAftercare | Change::Left => {
            let same = was.is_some_and(|was| was.since == entry.since && was.aftercare == entry.aftercare);
            let from = entry.aftercare.filter(|from| *from < on);
            let over = from.is_some_and(|from| months_later(from, rules.aftercare_months) <= on);
            (
                same && from.is_some() && over == (entry.change == Change::Left),
                "been in aftercare for its months",
            )
        }
    };
    let in_aftercare = matches!(entry.change, Change::ToAftercare | Change::InAftercare | Change::Left);
    if fits && in_aftercare == entry.aftercare.is_some() {
        Ok(())
    } else {
        Err(format!("cannot have {says}, by its dates and the version before"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::register::{Capacity, Made, Note};
    use super::super::review::{Candidate, review};
    use super::*;
    use jiff::civil::date;

    /// Three versions: one block stays, one goes to aftercare, one enters.
    fn register() -> Register {
        let block = |order: u32, p| Candidate {
            block: format!("b{order}"),
            name: format!("Block {order}"),
            order,
            p,
            score: p,
            latest: Some(0),
            households: None,
        };
        let made = Made { top_n: 2, ..Made::default() };
        let rules = Rules::of(Capacity::Blocks(2));
        let mut versions: Vec<Version> = Vec::new();
        for (p, on) in [
            ([0.9, 0.8, 0.1], date(2020, 1, 1)),
            ([0.9, 0.1, 0.8], date(2020, 7, 1)),
            ([0.9, 0.1, 0.8], date(2021, 1, 1)),
        ] {
            let all: Vec<Candidate> = (0..).zip(p).map(|(order, p)| block(order, p)).collect();
            versions.push(review(versions.last(), &all, &rules, &made, on, None).expect("due"));
        }
        Register { block_set: "segments".into(), n_blocks: 3, versions, notes: Vec::new() }
    }

    #[test]
    fn what_reviews_made_is_a_list() {
        let mut list = register();
        list.note("b1", "visited", date(2021, 2, 1)).expect("in aftercare");
        list.note("b0", "no-answer", date(2020, 2, 1)).expect("assigned");
        list.note("b0", "no-answer", date(2020, 2, 1)).expect("noted already");
        assert_eq!((check(&list), list.notes.len()), (Ok(()), 2));
        let names = |id: &str| ["Block 0", "Block 1", "Block 2"].into_iter().find(|n| n[6..] == id[1..]);
        assert_eq!(check_blocks(&list, ("segments", 3), names), Ok(()));
        assert!(list.note("b2", "visited", date(2020, 2, 1)).is_err(), "not yet on the list");
        assert!(list.note("b0", "visited", date(2019, 2, 1)).is_err(), "no version yet");
    }

    type Tamper<'a> = &'a dyn Fn(&mut Register);

    #[test]
    fn what_no_review_can_have_made_is_refused_with_what_and_where() {
        let tampered: [(&str, Tamper); 17] = [
            ("no version", &|list| list.versions.clear()),
            ("does not follow", &|list| list.versions[1].number = 3),
            ("does not follow", &|list| list.versions[2].date = date(2020, 7, 1)),
            ("is there twice", &|list| {
                let again = list.versions[0].entries[0].clone();
                list.versions[0].entries.push(again);
            }),
            ("take 2 and the capacity is 1", &|list| list.versions[0].rules.capacity = Capacity::Blocks(1)),
            ("from 12 to 120", &|list| list.versions[0].rules.stay_months = 3),
            ("from 0 to 1", &|list| list.versions[0].rules.bonus = f64::NAN),
            ("gone without a reason", &|list| {
                list.versions[1].entries.remove(1);
            }),
            ("has a date after", &|list| list.versions[0].entries[0].since = date(2020, 1, 2)),
            ("cannot have entered", &|list| list.versions[0].entries[0].since = date(2019, 1, 2)),
            ("cannot have stayed", &|list| list.versions[1].entries[0].since = date(2019, 1, 1)),
            ("cannot have stayed", &|list| list.versions[1].entries[0].change = Change::Stayed),
            ("cannot have gone", &|list| list.versions[2].entries[2].aftercare = Some(date(2020, 12, 1))),
            ("not from 0 to 1", &|list| list.versions[2].entries[0].p = Some(f64::NAN)),
            ("stands behind", &|list| list.versions[2].entries.swap(0, 1)),
            ("cannot have", &|list| list.versions[2].entries[2].change = Change::Left),
            ("no block of the list", &|list| {
                list.notes.push(Note { date: date(2020, 2, 1), block: "b2".into(), word: "visited" });
            }),
        ];
        for (says, tamper) in tampered {
            let mut list = register();
            tamper(&mut list);
            let error = check(&list).expect_err(says).to_string();
            assert!(error.contains(says), "{says}: {error}");
        }
    }

    #[test]
    fn a_list_over_other_blocks_is_refused() {
        let list = register();
        let refused = |set, name: &dyn Fn(&str) -> Option<&'static str>| {
            check_blocks(&list, set, name).expect_err("other blocks").to_string()
        };
        assert!(refused(("polygons", 3), &|_| None).contains("`segments` of 3"));
        assert!(refused(("segments", 4), &|_| None).contains("the same --blocks file"));
        assert!(refused(("segments", 3), &|_| None).contains("no block `b0`"));
        assert!(refused(("segments", 3), &|_| Some("Elm St")).contains("another name"));
    }
}
