//! Why a block came onto the list, stayed, moved on or left, in one plain sentence.

use jiff::civil::Date;

use super::register::{Entry, Version, months_between, months_later};

/// What a review did to a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// It was not on the list.
    Entered,
    /// It was in aftercare, and is assigned anew.
    Returned,
    /// It has its place by its score.
    Stayed,
    /// It has its place by its score with the bonus for staying.
    StayedByBonus,
    /// Its least stay is not over.
    StayedByTerm,
    /// Its least stay is over, and others come first.
    ToAftercare,
    /// It was in aftercare before.
    InAftercare,
    /// Its aftercare is over.
    Left,
}

impl Change {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Entered,
        Self::Returned,
        Self::Stayed,
        Self::StayedByBonus,
        Self::StayedByTerm,
        Self::ToAftercare,
        Self::InAftercare,
        Self::Left,
    ];

    /// As it stands in results.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Entered => "entered",
            Self::Returned => "returned",
            Self::Stayed => "stayed",
            Self::StayedByBonus => "stayed-by-bonus",
            Self::StayedByTerm => "stayed-by-term",
            Self::ToAftercare => "to-aftercare",
            Self::InAftercare => "in-aftercare",
            Self::Left => "left",
        }
    }

    /// From its word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|change| change.word() == word)
    }

    /// What it is in a comparison of two versions: entered, stayed, aftercare or left.
    #[must_use]
    pub fn group(self) -> &'static str {
        match self {
            Self::Entered | Self::Returned => "entered",
            Self::Stayed | Self::StayedByBonus | Self::StayedByTerm => "stayed",
            Self::ToAftercare | Self::InAftercare => "aftercare",
            Self::Left => "left",
        }
    }
}

/// The reason for a block's place in a version, or for having left it.
///
/// It follows from the facts of the version alone, so that no one can write another into a file.
#[must_use]
pub fn reason(version: &Version, entry: &Entry) -> String {
    let (rules, date) = (&version.rules, version.date);
    let n = version.made.top_n;
    let likely = match entry.p {
        Some(p) => format!("its chance of being among the {n} highest-scored blocks is {}", chance(p)),
        None => "it is not within the areas that this list was asked for".to_owned(),
    };
    let since = |from: Date| format!("since {from} ({} months)", months_between(from, date));
    match entry.change {
        Change::Entered => format!("Entered: {likely}, and the team has room."),
        Change::Returned => format!("Back from aftercare: {likely}, and the team has room."),
        Change::Stayed => format!("Stays, assigned {}: {likely}.", since(entry.since)),
        Change::StayedByBonus => format!(
            "Stays by the bonus for staying of {}, assigned {}: {likely}.",
            rules.bonus,
            since(entry.since)
        ),
        Change::StayedByTerm => format!(
            "Stays, assigned since {}: an assigned block stays at least until {}; {likely}.",
            entry.since,
            months_later(entry.since, rules.stay_months)
        ),
        Change::ToAftercare => format!(
            "To aftercare, after {} months as assigned: {likely}{}. One period does not show that it has improved.",
            months_between(entry.since, date),
            if entry.p.is_some() { ", and others come first" } else { "" }
        ),
        Change::InAftercare => {
            let from = entry.aftercare.unwrap_or(date);
            let until = months_later(from, rules.aftercare_months);
            format!("In aftercare since {from}, at least until {until}; {likely}.")
        }
        Change::Left => {
            let from = entry.aftercare.unwrap_or(date);
            format!(
                "Left: its aftercare, {} and no less than {} months, is over; {likely}.",
                since(from),
                rules.aftercare_months
            )
        }
    }
}

/// A probability as people read it: never 0 or 100 %, which draws cannot show.
#[must_use]
pub fn chance(p: f64) -> String {
    let percent = 100.0 * p;
    if percent < 1.0 {
        "below 1 %".to_owned()
    } else if percent > 99.0 {
        "above 99 %".to_owned()
    } else {
        format!("{percent:.0} %")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_change_has_a_word_of_its_own() {
        for change in Change::ALL {
            assert_eq!(Change::from_word(change.word()), Some(change));
        }
        assert_eq!(Change::from_word("gone"), None);
    }

    #[test]
    fn no_chance_is_told_as_certain() {
        let told = [0.0, 0.0099, 0.01, 0.5, 0.99, 0.9901, 1.0].map(chance);
        assert_eq!(told, ["below 1 %", "below 1 %", "1 %", "50 %", "99 %", "above 99 %", "above 99 %"]);
    }
}
