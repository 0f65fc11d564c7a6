//! An outreach list as a file: its versions and notes as JSON of a stated form, and back with everything checked.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::model::period::parse_date;
use crate::plan::outreach::check::{RegisterError, check};
use crate::plan::outreach::reason::{Change, reason};
use crate::plan::outreach::register::{
    Capacity, Entry, Made, Note, NoteError, Register, Rules, Status, Version,
};
use crate::plan::outreach::words::{NOTES, NotPicked, REVIEWS};
use crate::rank::score::{By, Gun, Proactive};

/// The form of the file; another one has another number.
pub const FORM: u32 = 1;

/// Why a file is no outreach list.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListFileError {
    /// Not JSON, or a field is missing or unknown.
    #[error("it is no outreach list: {why}; give a file that `hotblocks list` wrote")]
    Shape {
        /// What and where.
        why: String,
    },
    /// Another form.
    #[error(
        "its form is {form} and this program reads {FORM}; use the program that wrote it, or make the list anew"
    )]
    Form {
        /// What stands there.
        form: u32,
    },
    /// A value that cannot be.
    #[error("`{field}` of version {version} cannot be read; it is {bound}")]
    Value {
        /// Which field.
        field: &'static str,
        /// Of which version; 0 for notes.
        version: u32,
        /// What it can be.
        bound: String,
    },
    /// A reason or a status that does not follow from the facts beside it.
    #[error(
        "the {what} of block `{block}` in version {version} is not what follows from its dates; texts of one's own are not kept, restore the file"
    )]
    Derived {
        /// Status or reason.
        what: &'static str,
        /// Of which version.
        version: u32,
        /// Of which block.
        block: String,
    },
    /// No reviews can have made it.
    #[error(transparent)]
    List(#[from] RegisterError),
    /// A note that is none.
    #[error(transparent)]
    Note(#[from] NoteError),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    hotblocks_list: u32,
    block_set: String,
    n_blocks: usize,
    versions: Vec<FileVersion>,
    notes: Vec<FileNote>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileVersion {
    version: u32,
    date: String,
    review: String,
    next_review: String,
    capacity: String,
    bonus: f64,
    review_months: u32,
    stay_months: u32,
    aftercare_months: u32,
    scored: FileMade,
    passed_over: u32,
    unweighed: u32,
    blocks: Vec<FileEntry>,
    left: Vec<FileEntry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileMade {
    by: String,
    gun: String,
    proactive: String,
    top_n: u32,
    seed: u64,
    draws: u32,
    period: String,
    category: Vec<String>,
    within: Vec<String>,
    include_protected: bool,
    no_evidence: bool,
    complete_until: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileEntry {
    id: String,
    name: String,
    status: String,
    since: String,
    aftercare_since: Option<String>,
    takes: u32,
    p_top_n: Option<f64>,
    change: String,
    reason: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileNote {
    date: String,
    id: String,
    note: String,
}

/// Writes a list.
#[must_use]
pub fn write(list: &Register) -> String {
    let file = File {
        hotblocks_list: FORM,
        block_set: list.block_set.clone(),
        n_blocks: list.n_blocks,
        versions: list.versions.iter().map(version_out).collect(),
        notes: list
            .notes
            .iter()
            .map(|note| FileNote {
                date: note.date.to_string(),
                id: note.block.clone(),
                note: note.word.to_owned(),
            })
            .collect(),
    };
    serde_json::to_string_pretty(&file).expect("texts and finite numbers are JSON") + "\n"
}

fn version_out(version: &Version) -> FileVersion {
    let made = &version.made;
    FileVersion {
        version: version.number,
        date: version.date.to_string(),
        review: version.review.to_owned(),
        next_review: version.next_review().to_string(),
        capacity: version.rules.capacity.to_string(),
        bonus: version.rules.bonus,
        review_months: version.rules.review_months,
        stay_months: version.rules.stay_months,
        aftercare_months: version.rules.aftercare_months,
        scored: FileMade {
            by: made.by.word().to_owned(),
            gun: made.gun.word().to_owned(),
            proactive: made.proactive.word().to_owned(),
            top_n: made.top_n,
            seed: made.seed,
            draws: made.draws,
            period: made.period.clone(),
            category: made.categories.clone(),
            within: made.within.clone(),
            include_protected: made.protected,
            no_evidence: made.no_evidence,
            complete_until: made.complete_until.map(|day| day.to_string()),
        },
        passed_over: version.passed_over,
        unweighed: version.unweighed,
        blocks: version.entries.iter().map(|entry| entry_out(version, entry)).collect(),
        left: version.left.iter().map(|entry| entry_out(version, entry)).collect(),
    }
}

/// What the status column says; a block that left has none any longer.
fn status(entry: &Entry) -> &'static str {
    match (entry.change, entry.status()) {
        (Change::Left, _) => "left",
        (_, Status::Assigned) => Status::Assigned.word(),
        (_, Status::Aftercare) => Status::Aftercare.word(),
    }
}

fn entry_out(version: &Version, entry: &Entry) -> FileEntry {
    FileEntry {
        id: entry.block.clone(),
        name: entry.name.clone(),
        status: status(entry).to_owned(),
        since: entry.since.to_string(),
        aftercare_since: entry.aftercare.map(|day| day.to_string()),
        takes: entry.takes,
        p_top_n: entry.p,
        change: entry.change.word().to_owned(),
        reason: reason(version, entry),
    }
}

/// Reads a list, and checks that reviews can have made it and that each text in it follows from the facts.
///
/// # Errors
///
/// [`ListFileError`] for the first thing that cannot be.
pub fn read(text: &str) -> Result<Register, ListFileError> {
    // The form first: another one may have other fields.
    #[derive(Deserialize)]
    struct Head {
        hotblocks_list: u32,
    }
    let shape = |e: serde_json::Error| ListFileError::Shape { why: e.to_string() };
    let head: Head = serde_json::from_str(text).map_err(shape)?;
    if head.hotblocks_list != FORM {
        return Err(ListFileError::Form { form: head.hotblocks_list });
    }
    let file: File = serde_json::from_str(text).map_err(shape)?;
    let mut list = Register {
        block_set: file.block_set,
        n_blocks: file.n_blocks,
        versions: file.versions.into_iter().map(version_in).collect::<Result<_, _>>()?,
        notes: Vec::new(),
    };
    for note in file.notes {
        let word = NOTES.pick(&note.note).map_err(NoteError::Word)?;
        list.notes.push(Note { date: date("notes.date", 0, &note.date)?, block: note.id, word });
    }
    check(&list)?;
    Ok(list)
}

fn date(field: &'static str, version: u32, text: &str) -> Result<Date, ListFileError> {
    parse_date(text).map_err(|_| ListFileError::Value {
        field,
        version,
        bound: "a date as 2014-09-30".to_owned(),
    })
}

/// Words that may stand where a score's parameters are named: no text that could be a sentence about persons.
fn plain(field: &'static str, version: u32, texts: &[String]) -> Result<(), ListFileError> {
    let fits = |text: &String| text.chars().count() <= 100 && !text.chars().any(char::is_control);
    let bound = || "names of at most 100 letters".to_owned();
    if texts.iter().all(fits) { Ok(()) } else { Err(ListFileError::Value { field, version, bound: bound() }) }
}

fn version_in(file: FileVersion) -> Result<Version, ListFileError> {
    let number = file.version;
    let value = |field, bound: &str| ListFileError::Value { field, version: number, bound: bound.to_owned() };
    let review = REVIEWS.pick(&file.review).map_err(|e: NotPicked| value("review", &e.known))?;
    let capacity: Capacity =
        file.capacity.parse().map_err(|_| value("capacity", "a number with its unit, as 25blocks"))?;
    let scored = file.scored;
    let by = By::from_word(&scored.by).ok_or_else(|| value("by", "count, rate, gun or harm"))?;
    let gun = [Gun::Crime, Gun::Shooting].into_iter().find(|gun| gun.word() == scored.gun);
    let gun = gun.ok_or_else(|| value("gun", "crime or shooting"))?;
    let proactive = Proactive::from_word(&scored.proactive);
    let proactive = proactive.ok_or_else(|| value("proactive", "not-in-harm, include or exclude"))?;
    let period: Result<crate::model::period::Period, _> = scored.period.parse();
    period.map_err(|_| value("period", "two dates as 2014-09-01/2014-09-30"))?;
    plain("category", number, &scored.category)?;
    plain("within", number, &scored.within)?;
    let until = scored.complete_until.map(|text| date("complete_until", number, &text)).transpose()?;
    let mut version = Version {
        number,
        date: date("date", number, &file.date)?,
        review,
        rules: Rules {
            capacity,
            bonus: file.bonus,
            review_months: file.review_months,
            stay_months: file.stay_months,
            aftercare_months: file.aftercare_months,
        },
        made: Made {
            by,
            gun,
            proactive,
            top_n: scored.top_n,
            seed: scored.seed,
            draws: scored.draws,
            period: scored.period,
            categories: scored.category,
            within: scored.within,
            protected: scored.include_protected,
            no_evidence: scored.no_evidence,
            complete_until: until,
        },
        entries: Vec::new(),
        left: Vec::new(),
        passed_over: file.passed_over,
        unweighed: file.unweighed,
    };
    if version.next_review().to_string() != file.next_review {
        return Err(value("next_review", "the date of the review and its months"));
    }
    version.entries = file.blocks.into_iter().map(|e| entry_in(&version, e)).collect::<Result<_, _>>()?;
    version.left = file.left.into_iter().map(|e| entry_in(&version, e)).collect::<Result<_, _>>()?;
    Ok(version)
}

fn entry_in(version: &Version, file: FileEntry) -> Result<Entry, ListFileError> {
    let number = version.number;
    let change = Change::from_word(&file.change).ok_or_else(|| ListFileError::Value {
        field: "change",
        version: number,
        bound: Change::ALL.map(Change::word).join(", "),
    })?;
    let entry = Entry {
        block: file.id,
        name: file.name,
        since: date("since", number, &file.since)?,
        aftercare: file.aftercare_since.map(|text| date("aftercare_since", number, &text)).transpose()?,
        takes: file.takes,
        p: file.p_top_n,
        change,
    };
    let derived = |what| ListFileError::Derived { what, version: number, block: entry.block.clone() };
    if status(&entry) != file.status {
        return Err(derived("status"));
    }
    if reason(version, &entry) != file.reason {
        return Err(derived("reason"));
    }
    Ok(entry)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::outreach::review::{Candidate, review};

    fn list() -> Register {
        let block = |order: u32, p| Candidate {
            block: format!("segment-{order}"),
            name: format!("{order}00 block of \"Elm\" <St>"),
            order,
            p,
            score: p,
            latest: Some(0),
            households: None,
        };
        let made = Made {
            top_n: 1,
            period: "2020-01-01/2020-12-31".into(),
            complete_until: Some(jiff::civil::date(2020, 12, 31)),
            ..Made::default()
        };
        let rules = Rules::of(Capacity::Blocks(1));
        let mut versions: Vec<Version> = Vec::new();
        for (p, on) in [([0.9, 0.1], "2021-01-01"), ([0.1, 0.9], "2022-01-01"), ([0.1, 0.9], "2023-01-01")] {
            let all: Vec<Candidate> = (0..).zip(p).map(|(order, p)| block(order, p)).collect();
            let on = on.parse().expect("a date");
            versions.push(review(versions.last(), &all, &rules, &made, on, None).expect("due"));
        }
        let mut list = Register { block_set: "segments".into(), n_blocks: 2, versions, notes: Vec::new() };
        list.note("segment-0", "visited", "2021-02-01".parse().expect("a date")).expect("on the list");
        list
    }

    #[test]
    fn a_list_comes_back_as_it_was() {
        let text = write(&list());
        let back = read(&text).expect("what was written");
        assert_eq!((&back, write(&back)), (&list(), text));
        assert_eq!(back.versions[2].left.len(), 1);
    }

    #[test]
    fn a_tampered_file_is_refused_with_what_and_the_mend() {
        let text = write(&list());
        for (from, to, says) in [
            ("\"hotblocks_list\": 1", "\"hotblocks_list\": 2", "reads 1"),
            ("\"n_blocks\": 2", "\"n_blocks\": 2, \"owner\": \"J. Doe\"", "unknown field"),
            ("\"note\": \"visited\"", "\"note\": \"met J. Doe\"", "no note of the list"),
            ("\"since\": \"2021-01-01\"", "\"since\": \"2021-13-01\"", "a date as"),
            ("\"since\": \"2021-01-01\"", "\"since\": \"2020-01-01\"", "cannot have entered"),
            ("\"since\": \"2021-01-01\"", "\"since\": \"yesterday\"", "a date as"),
            ("\"review\": \"first\"", "\"review\": \"asked for by J. Doe\"", "spring"),
            ("Entered: its chance", "Entered: J. Doe lives here; its chance", "texts of one's own"),
            ("\"status\": \"assigned\"", "\"status\": \"left\"", "status"),
            ("\"p_top_n\": 0.9", "\"p_top_n\": 1.9", "the reason of block"),
            ("\"change\": \"entered\"", "\"change\": \"promoted\"", "entered, returned"),
            ("\"capacity\": \"1blocks\"", "\"capacity\": \"0blocks\"", "25blocks"),
            ("\"next_review\": \"2021-07-01\"", "\"next_review\": \"2031-07-01\"", "next_review"),
            ("\"by\": \"count\"", "\"by\": \"J. Doe\"", "count, rate"),
            ("{", "[", "no outreach list"),
        ] {
            let tampered = text.replacen(from, to, 1);
            assert_ne!(tampered, text, "{from}");
            let error = read(&tampered).expect_err(to).to_string();
            assert!(error.contains(says) && !error.contains("Doe"), "{to}: {error}");
        }
        assert!(read("").is_err() && read("{}").is_err());
    }
}
