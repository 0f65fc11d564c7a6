//! The name that a misspelt one was meant to be.

use super::form::FORM;
use super::table::{COMMANDS_ONLY, OPERATIONS, PAGE};

/// The name among those known that is nearest to a misspelt one, if one is near.
#[must_use]
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let near = known.into_iter().map(|k| (edits(word, k), k)).min()?;
    (near.0 <= 2.max(word.len() / 3)).then_some(near.1)
}

/// Letters of a name that are looked at: what is longer was not meant to be one of ours.
const LONGEST: usize = 100;

/// The fewest letters to be put in, taken out or changed that make one word of the other.
pub(in crate::engine) fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(LONGEST).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().take(LONGEST).enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let change = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

/// The name among those known that means the same elsewhere, as a flag or in another operation; else the nearest.
#[must_use]
pub fn meant<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let known: Vec<&str> = known.into_iter().collect();
    let flag = word.replace('_', "-");
    let all = || {
        let own = OPERATIONS.iter().chain(&COMMANDS_ONLY).flat_map(|operation| operation.params);
        own.chain(&PAGE).chain(&FORM)
    };
    // What bears this name anywhere, under whichever name it goes among those known.
    let flags: Vec<&str> = all()
        .filter(|param| !param.flag.is_empty() && (param.flag == flag || param.wire == word))
        .map(|param| param.flag)
        .collect();
    let same = all().find(|param| flags.contains(&param.flag) && known.contains(&param.wire));
    match same {
        Some(param) if !known.contains(&word) => known.into_iter().find(|one| *one == param.wire),
        _ => nearest(word, known),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_elsewhere_finds_what_it_means_here() {
        let wires = |names: &[&'static str]| names.to_vec();
        for (word, known, found) in [
            ("period", wires(&["bbox", "datetime", "limit"]), Some("datetime")),
            ("datetime", wires(&["by", "compare", "period"]), Some("period")),
            ("compare_period", wires(&["compare_datetime", "datetime"]), Some("compare_datetime")),
            ("compare-period", wires(&["compare_datetime", "datetime"]), Some("compare_datetime")),
            ("bandwidth", wires(&["band", "bandwidth_m"]), Some("bandwidth_m")),
            ("categry", wires(&["bbox", "category"]), Some("category")),
            ("period", wires(&["bbox"]), None),
        ] {
            assert_eq!(meant(word, known), found, "{word}");
        }
    }

    #[test]
    fn a_misspelt_name_finds_its_neighbor() {
        assert_eq!(nearest("categry", ["bbox", "category", "limit"]), Some("category"));
        assert_eq!(nearest("zzzzzz", ["bbox", "limit"]), None);
    }
}
