//! Words of addresses with their standard forms: street types, directions, ordinals, phrases. A table, not code.

use std::collections::HashMap;

/// How the words of an address are read: `STREET` is `ST`, `NORTH` is `N`, `TWENTY FIRST` is `21ST`.
///
/// Made from a table (`data/street_words.csv`, after USPS Publication 28, appendices B and C), so
/// that another country's words are another table.
#[derive(Clone, Debug, Default)]
pub struct Words {
    types: HashMap<Box<str>, Box<str>>,
    directions: HashMap<Box<str>, Box<str>>,
    units: Vec<Box<str>>,
    leads: Vec<Vec<Box<str>>>,
    /// By the first word; the longest phrase first.
    phrases: HashMap<Box<str>, Vec<Phrase>>,
}

#[derive(Clone, Debug)]
struct Phrase {
    words: Vec<Box<str>>,
    standard: Vec<Box<str>>,
}

/// Why a table of words cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WordsError {
    /// A line is not `kind,word,standard` with a known kind.
    #[error(
        "line {line} of the table of street words is `{text}`; write kind,word,standard with kind one of type, direction, phrase, unit, lead"
    )]
    Line {
        /// From 1.
        line: usize,
        /// As it stands there.
        text: String,
    },
}

impl Words {
    /// Reads the text of a table: one header, then `kind,word,standard` a line, in capitals.
    ///
    /// | kind | what |
    /// |---|---|
    /// | `type` | the last word of a street's name |
    /// | `direction` | before the name or after all |
    /// | `phrase` | words that are replaced wherever they stand; an empty standard drops them |
    /// | `unit` | what follows is an apartment, no street |
    /// | `lead` | words before an address that say nothing |
    ///
    /// # Errors
    ///
    /// [`WordsError::Line`] for the first line that is none.
    pub fn parse(table: &str) -> Result<Self, WordsError> {
        let mut words = Self::default();
        for (line, text) in (1..).zip(table.lines()).skip(1).filter(|(_, text)| !text.trim().is_empty()) {
            let wrong = || WordsError::Line { line, text: text.to_owned() };
            let [kind, word, standard] = text.trim().split(',').collect::<Vec<_>>()[..] else {
                return Err(wrong());
            };
            let split = |text: &str| text.split_whitespace().map(Box::from).collect::<Vec<Box<str>>>();
            match kind {
                "type" => {
                    words.types.insert(word.into(), standard.into());
                }
                "direction" => {
                    words.directions.insert(word.into(), standard.into());
                }
                "unit" => words.units.push(word.into()),
                "lead" => words.leads.push(split(word)),
                "phrase" => {
                    let phrase = Phrase { words: split(word), standard: split(standard) };
                    let first = phrase.words.first().ok_or_else(wrong)?.clone();
                    words.phrases.entry(first).or_default().push(phrase);
                }
                _ => return Err(wrong()),
            }
        }
        for phrases in words.phrases.values_mut() {
            phrases.sort_by_key(|phrase| std::cmp::Reverse(phrase.words.len()));
        }
        Ok(words)
    }

    /// The standard form of a street type, if the word is one.
    #[must_use]
    pub fn street_type(&self, word: &str) -> Option<&str> {
        self.types.get(word).map(|standard| &**standard)
    }

    /// The standard form of a direction, if the word is one.
    #[must_use]
    pub fn direction(&self, word: &str) -> Option<&str> {
        self.directions.get(word).map(|standard| &**standard)
    }

    /// Whether an apartment follows.
    #[must_use]
    pub fn is_unit(&self, word: &str) -> bool {
        self.units.iter().any(|unit| **unit == *word)
    }

    /// How many of the first words say nothing.
    #[must_use]
    pub fn lead(&self, words: &[&str]) -> usize {
        let leads = |lead: &&Vec<Box<str>>| {
            lead.len() < words.len() && lead.iter().zip(words).all(|(a, b)| **a == **b)
        };
        self.leads.iter().filter(leads).map(Vec::len).max().unwrap_or(0)
    }

    /// Replaces every phrase by its standard form, from left to right, the longest first.
    #[must_use]
    pub fn standard<'a>(&'a self, words: &[&'a str]) -> Vec<&'a str> {
        let mut out = Vec::with_capacity(words.len());
        let mut at = 0;
        while at < words.len() {
            let fits = |phrase: &&Phrase| {
                phrase.words.len() <= words.len() - at
                    && phrase.words.iter().zip(&words[at..]).all(|(a, b)| **a == **b)
            };
            match self.phrases.get(words[at]).and_then(|phrases| phrases.iter().find(fits)) {
                Some(phrase) => {
                    out.extend(phrase.standard.iter().map(|word| &**word));
                    at += phrase.words.len();
                }
                None => {
                    out.push(words[at]);
                    at += 1;
                }
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_phrase_wins_and_a_broken_line_is_named() {
        let table = "kind,word,standard\nphrase,TWENTY FIRST,21ST\nphrase,FIRST,1ST\nphrase,EB,\n";
        let words = Words::parse(table).expect("a table");
        assert_eq!(words.standard(&["TWENTY", "FIRST", "EB"]), ["21ST"]);
        assert_eq!(words.standard(&["FIRST", "TWENTY"]), ["1ST", "TWENTY"]);
        let error = Words::parse("kind,word,standard\nkind of,X\n").expect_err("two columns");
        assert!(error.to_string().starts_with("line 2 "), "{error}");
    }
}
