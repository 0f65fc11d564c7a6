//! The files of a room: rows under the names of their header, and the versions of who made them.

use std::collections::BTreeMap;

use crate::common;

/// A row by the names of its columns.
pub(crate) type Row = BTreeMap<String, String>;

/// The files of `fixtures/reference/<room>/`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room(pub(crate) &'static str);

impl Room {
    /// Rows of a file.
    pub(crate) fn rows(self, name: &str) -> Vec<Row> {
        let path = common::repository(&format!("fixtures/reference/{}/{name}.csv", self.0));
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        let mut lines = text.lines();
        let header: Vec<&str> = lines.next().expect("a header").split(',').collect();
        let row = |line: &str| {
            header
                .iter()
                .zip(line.split(','))
                .map(|(name, value)| ((*name).to_owned(), value.to_owned()))
                .collect()
        };
        lines.map(row).collect()
    }

    /// Packages of the script with their versions: `numpy 2.4.6, scipy 1.17.1`.
    pub(crate) fn versions(self, packages: &[&str]) -> String {
        let all = self.rows("versions");
        let one = |name: &&str| {
            let row = all.iter().find(|row| row["package"] == **name).expect("a package of the script");
            format!("{name} {}", row["version"])
        };
        packages.iter().map(one).collect::<Vec<_>>().join(", ")
    }
}

/// A number of a row.
pub(crate) fn number(row: &Row, name: &str) -> f64 {
    row[name].parse().unwrap_or_else(|_| panic!("`{}` is no number", row[name]))
}

/// A column of numbers.
pub(crate) fn column(rows: &[Row], name: &str) -> Vec<f64> {
    rows.iter().map(|row| number(row, name)).collect()
}
