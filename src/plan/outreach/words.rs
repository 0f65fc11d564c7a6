//! The pick-lists: no text of one's own comes onto a list, since it would come to name persons.

/// A list of words to pick from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PickList {
    /// What is picked, for people.
    pub what: &'static str,
    /// The words.
    pub words: &'static [&'static str],
}

/// What a review is called.
pub const REVIEWS: PickList = PickList {
    what: "review",
    words: &[
        "first",
        "scheduled",
        "spring",
        "summer",
        "fall",
        "winter",
        "mid-year",
        "annual",
        "extraordinary",
    ],
};

/// The review that nobody has to name: the first one.
pub const FIRST: &str = "first";

/// The review that nobody has to name: one that is due.
pub const SCHEDULED: &str = "scheduled";

/// What can be noted of a block: who has it, and what came of a contact.
pub const NOTES: PickList = PickList {
    what: "note",
    words: &[
        "team-1",
        "team-2",
        "team-3",
        "team-4",
        "team-5",
        "team-6",
        "team-7",
        "team-8",
        "team-9",
        "handed-over",
        "paused",
        "resumed",
        "visited",
        "no-answer",
        "spoke-with-residents",
        "left-information",
        "referred-to-services",
        "follow-up-wanted",
        "declined",
        "not-safe-to-visit",
    ],
};

/// A word that is not on its list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("that is no {what} of the list, and text of one's own is not taken; there are {known}")]
pub struct NotPicked {
    /// What was to be picked.
    pub what: &'static str,
    /// What can be picked.
    pub known: String,
}

impl PickList {
    /// The word of the list that a text is. What was given is not repeated in the error: it may name a person.
    ///
    /// # Errors
    ///
    /// [`NotPicked`] with the list.
    pub fn pick(&self, text: &str) -> Result<&'static str, NotPicked> {
        let found = self.words.iter().copied().find(|word| *word == text);
        found.ok_or_else(|| NotPicked { what: self.what, known: self.words.join(", ") })
    }
}

/// A word of a list as a person reads it: `no-answer` as `no answer`.
#[must_use]
pub fn readable(word: &str) -> String {
    word.replace('-', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_one_s_own_is_refused_and_not_repeated() {
        for list in [REVIEWS, NOTES] {
            for word in list.words {
                assert_eq!(list.pick(word), Ok(*word));
            }
            for own in ["", "Visited", "visited ", "visited by J. Doe", "team-10", "<b>visited</b>"] {
                let refused = list.pick(own).expect_err(own).to_string();
                assert!(refused.contains(list.words[0]) && !refused.contains("Doe"), "{refused}");
            }
        }
        assert_eq!(readable("spoke-with-residents"), "spoke with residents");
    }
}
