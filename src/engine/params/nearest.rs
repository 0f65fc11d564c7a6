//! The name that a misspelt one was meant to be.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_name_finds_its_neighbor() {
        assert_eq!(nearest("categry", ["bbox", "category", "limit"]), Some("category"));
        assert_eq!(nearest("zzzzzz", ["bbox", "limit"]), None);
    }
}
