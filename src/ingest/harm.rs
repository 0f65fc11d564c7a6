//! A table of harm weights: `category,weight,source,note`, and `class` where one class has a weight of its own.

use super::shipped;
use crate::model::class::Classes;
use crate::model::harm::{HarmRow, HarmTable, HarmTableError};

/// Why a table of harm weights cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HarmError {
    /// No CSV.
    #[error("`{file}` is no CSV in UTF-8")]
    Csv {
        /// The file.
        file: String,
        /// Why.
        source: csv::Error,
    },
    /// A column is missing.
    #[error(
        "`{file}` has no column `{column}`; its header is {header}; it needs category,weight,source,note and may have class"
    )]
    Column {
        /// The file.
        file: String,
        /// What is missing.
        column: &'static str,
        /// What is there.
        header: String,
    },
    /// A weight is no number.
    #[error(
        "`{file}` line {line}: the weight is `{text}`; give a number from 0 up, with a point and no thousands"
    )]
    Number {
        /// The file.
        file: String,
        /// Where.
        line: u64,
        /// What stands there.
        text: String,
    },
    /// The rows make no table.
    #[error(transparent)]
    Table(#[from] HarmTableError),
}

/// The word for the table that ships: every class weighs the same.
pub const EQUAL: &str = "equal";

/// Reads a table for the classes of a data set.
///
/// # Errors
///
/// [`HarmError`] with the line.
pub fn read(name: &str, bytes: &[u8], classes: &Classes) -> Result<HarmTable, HarmError> {
    Ok(HarmTable::new(name, rows(name, bytes)?, classes)?)
}

/// The table that ships under [`EQUAL`]: a neutral one, and an example to copy.
///
/// # Errors
///
/// [`HarmError`] where the category tree is not the one that ships.
pub fn equal(classes: &Classes) -> Result<HarmTable, HarmError> {
    read(EQUAL, shipped::text("harm/equal.csv").as_bytes(), classes)
}

fn rows(name: &str, bytes: &[u8]) -> Result<Vec<HarmRow>, HarmError> {
    let file = || name.to_owned();
    let broken = |source| HarmError::Csv { file: file(), source };
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader =
        csv::ReaderBuilder::new().trim(csv::Trim::All).comment(Some(b'#')).flexible(true).from_reader(bytes);
    let header = reader.headers().map_err(broken)?.clone();
    let find = |column: &str| header.iter().position(|name| name.eq_ignore_ascii_case(column));
    let needed = |column: &'static str| {
        let header = header.iter().collect::<Vec<_>>().join(",");
        find(column).ok_or(HarmError::Column { file: file(), column, header })
    };
    let (category, weight) = (needed("category")?, needed("weight")?);
    let (origin, note, class) = (needed("source")?, find("note"), find("class"));
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(broken)?;
        let line = record.position().map_or(0, csv::Position::line);
        let get = |at: Option<usize>| at.and_then(|at| record.get(at)).unwrap_or_default().to_owned();
        let text = get(Some(weight));
        let weight = text.parse().map_err(|_| HarmError::Number { file: file(), line, text })?;
        rows.push(HarmRow {
            class: Some(get(class)).filter(|class| !class.is_empty()),
            category: get(Some(category)),
            weight,
            source: get(Some(origin)),
            note: get(note),
            line,
        });
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::crosswalk::tree;

    fn read(text: &str) -> Result<HarmTable, HarmError> {
        super::read("own.csv", text.as_bytes(), &Classes::over(tree().expect("ships")))
    }

    #[test]
    fn columns_are_found_by_name_in_any_order_and_lines_are_those_of_the_file() {
        let table = read(
            "\u{feff}Weight, SOURCE ,category,class,note\n# ours\n365,policy 12,robbery,,\n20,policy 12,burglary,05a,home\n",
        );
        let table = table.expect("usable");
        let rows = table.rows();
        assert_eq!(
            (rows[0].category.as_str(), rows[0].weight, rows[0].class.as_deref()),
            ("robbery", 365.0, None)
        );
        assert_eq!((rows[1].class.as_deref(), rows[1].note.as_str(), rows[1].line), (Some("05a"), "home", 4));
    }

    #[test]
    fn what_cannot_be_read_is_named_with_column_or_line() {
        for (text, says) in [
            ("category,weight\nrobbery,1\n", "no column `source`"),
            ("", "no column `category`"),
            ("category,weight,source,note\nrobbery,\"1,825\",x,\n", "line 2: the weight is `1,825`"),
            ("category,weight,source,note\nrobbery,1,x,\nrape,inf,x,\n", "line 3: the weight is inf"),
            ("category,weight,source,note\nrobbery,1,,\n", "line 2: `robbery` has no source"),
            ("category,weight,source,note\n", "has no row"),
        ] {
            let why = read(text).expect_err(says).to_string();
            assert!(why.contains(says), "{why}");
        }
    }

    #[test]
    fn the_table_that_ships_weighs_every_class_the_same_and_says_where_from() {
        let table = equal(&Classes::over(tree().expect("ships"))).expect("usable");
        assert!(table.rows().iter().all(|row| row.weight == 1.0 && !row.note.is_empty()));
    }
}
