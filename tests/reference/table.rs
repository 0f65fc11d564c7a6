//! What a check found, and the table that tells it.

use std::path::Path;

/// One method beside its reference.
#[derive(Clone, Debug)]
pub(crate) struct Check {
    /// What was computed, with its parameters: `Gi*, 5 × 5 grid, queen`.
    pub(crate) method: &'static str,
    /// Who computed it too, with the version: `spdep 1.2-7`; `brute force` where no package has it.
    pub(crate) reference: String,
    /// How many numbers were compared.
    pub(crate) values: usize,
    /// The largest difference.
    pub(crate) difference: f64,
    /// The largest that is allowed.
    pub(crate) bound: f64,
    /// What the difference is of: `relative`, `of the peak`, `z`, `labels`.
    pub(crate) of: &'static str,
}

impl Check {
    /// The largest difference between ours and theirs, each first divided by what `scale` says of theirs.
    ///
    /// A length that differs, or a number that is none, is an infinite difference.
    pub(crate) fn new(
        method: &'static str,
        reference: impl Into<String>,
        (ours, theirs): (&[f64], &[f64]),
        scale: impl Fn(f64) -> f64,
        (bound, of): (f64, &'static str),
    ) -> Self {
        let one = |(a, b): (&f64, &f64)| {
            let difference = (a - b).abs() / scale(*b);
            if difference.is_nan() { f64::INFINITY } else { difference }
        };
        let largest = ours.iter().zip(theirs).map(one).fold(0.0, f64::max);
        let difference = if ours.len() == theirs.len() && !ours.is_empty() { largest } else { f64::INFINITY };
        Self { method, reference: reference.into(), values: ours.len(), difference, bound, of }
    }

    /// Whether it is within its bound.
    pub(crate) fn holds(&self) -> bool {
        self.difference <= self.bound
    }

    /// Power of ten at or above the difference; differences below 1e-15 are told as 1e-15, and none as `None`.
    fn decade(&self) -> Option<i32> {
        (self.difference > 0.0).then(|| (self.difference.log10().ceil() as i32).max(-15))
    }

    /// Its line in the table.
    pub(crate) fn row(&self) -> String {
        let Self { method, reference, values, bound, of, .. } = self;
        let largest = match self.decade() {
            None => "0".to_owned(),
            Some(_) if self.difference >= 0.5 && self.difference.fract() == 0.0 => {
                self.difference.to_string()
            }
            Some(decade) => format!("≤ 1e{decade}"),
        };
        format!("| {method} | {reference} | {values} | {largest} | {bound:e} | {of} |")
    }
}

/// From here on the document is ours; `make evidence` leaves it as it is.
const BEGIN: &str = "<!-- kept: written by tests/reference with UPDATE_DOCS=1 -->";

const HEAD: &str = "

## Beside other implementations

Every method of the analysis beside numbers by others, who are named with their version; *brute force* is our own, slow and \
plain, in the scripts of `fixtures/reference/`, where no package has the method. `tests/reference` computes this table, and \
fails where a difference is out of its bound or where the table is stale.

| method | reference | values | largest difference | bound | of |
|---|---|--:|--:|--:|---|
";

/// Fails where `docs/validation.md` does not hold these rows; with `UPDATE_DOCS` set it writes them.
///
/// Processors differ in their last digits, so a figure may be one power of ten beside the one in the table.
pub(crate) fn compare(checks: &[Check]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/validation.md");
    let text = std::fs::read_to_string(&path).expect("docs/validation.md is there");
    let rows: Vec<String> = checks.iter().map(Check::row).collect();
    let (before, there) = text.split_once(BEGIN).unwrap_or((&text, ""));
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let table = format!("{}\n\n{BEGIN}{HEAD}{}\n", before.trim_end(), rows.join("\n"));
        std::fs::write(&path, table).expect("the repository can be written to");
        return;
    }
    let written: Vec<&str> = there.lines().filter(|line| line.starts_with("| ")).skip(1).collect();
    let same = written.len() == rows.len()
        && written.iter().zip(checks).all(|(written, check)| {
            let near = |step: i32| {
                let factor = 10f64.powi(step);
                Check { difference: check.difference * factor, ..check.clone() }.row() == *written
            };
            [0, -1, 1].into_iter().any(near)
        });
    assert!(
        same,
        "docs/validation.md is stale: run UPDATE_DOCS=1 cargo test --release --test reference\n{}",
        rows.join("\n")
    );
}
