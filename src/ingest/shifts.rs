//! Shifts from a small file: rows under a header, or TOML tables.

use crate::model::shift::{Shift, ShiftError, parse_days, span};

/// The columns of a file of shifts; `beat` may be left out.
pub const COLUMNS: [&str; 6] = ["name", "days", "from", "to", "officers", "beat"];

/// Why a file of shifts cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ShiftsError {
    /// A column is missing or unknown.
    #[error("the header of the shifts is `{found}`; give the columns {}", COLUMNS.join(","))]
    Header {
        /// What stands there.
        found: String,
    },
    /// A row cannot be read.
    #[error("shift {row}: {why}")]
    Row {
        /// Its number, from 1.
        row: usize,
        /// Why.
        why: ShiftError,
    },
    /// A row has too many or too few cells.
    #[error(
        "shift {row} has {cells} cells under {columns} columns; days are separated by blanks, as in `Fri Sat`"
    )]
    Cells {
        /// Its number, from 1.
        row: usize,
        /// Its cells.
        cells: usize,
        /// Those of the header.
        columns: usize,
    },
    /// The number of officers cannot be read.
    #[error("shift {row} has `{text}` officers; give a whole number from 1 to {MOST_OFFICERS}")]
    Officers {
        /// Its number, from 1.
        row: usize,
        /// What stands there.
        text: String,
    },
    /// A shift without a name.
    #[error("shift {row} has no name; give one, since its officers are told apart by it")]
    Name {
        /// Its number, from 1.
        row: usize,
    },
    /// The TOML cannot be read.
    #[error("the shifts cannot be read as TOML tables [[shift]]: {why}")]
    Toml {
        /// What the reader says.
        why: String,
    },
    /// There is none.
    #[error("there is no shift; give one row a shift under the header {}", COLUMNS.join(","))]
    None,
}

/// More officers than any shift has: a slip of the pen.
pub const MOST_OFFICERS: u32 = 1_000;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    shift: Vec<Row>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    days: String,
    from: String,
    to: String,
    officers: toml::Value,
    beat: Option<String>,
}

/// Shifts from the text of a file: CSV with the columns of [`COLUMNS`], or TOML with a table `[[shift]]` each.
///
/// ```text
/// name,days,from,to,officers,beat
/// evening,Fri Sat,18:00,02:00,4,district:3
/// ```
///
/// # Errors
///
/// [`ShiftsError`] with the number of the shift that cannot be used.
pub fn read_shifts(text: &str) -> Result<Vec<Shift>, ShiftsError> {
    let text = text.trim_start_matches('\u{feff}');
    let rows = if text.lines().any(|line| line.trim().starts_with("[[")) {
        toml_rows(text)?
    } else {
        csv_rows(text)?
    };
    if rows.is_empty() {
        return Err(ShiftsError::None);
    }
    (1..).zip(rows).map(|(number, row)| shift(number, row)).collect()
}

fn toml_rows(text: &str) -> Result<Vec<Row>, ShiftsError> {
    let file: File = toml::from_str(text).map_err(|e| ShiftsError::Toml { why: e.message().to_owned() })?;
    Ok(file.shift)
}

fn csv_rows(text: &str) -> Result<Vec<Row>, ShiftsError> {
    let mut reader =
        csv::ReaderBuilder::new().trim(csv::Trim::All).flexible(true).from_reader(text.as_bytes());
    let header = || ShiftsError::Header { found: text.lines().next().unwrap_or_default().to_owned() };
    let names: Vec<String> = reader.headers().map_err(|_| header())?.iter().map(str::to_lowercase).collect();
    let known = names.iter().all(|name| COLUMNS.contains(&name.as_str()));
    let there = COLUMNS[..5].iter().all(|name| names.iter().filter(|n| n == name).count() == 1);
    if !known || !there {
        return Err(header());
    }
    let mut rows = Vec::new();
    for (number, record) in (1..).zip(reader.records()) {
        let record = record.map_err(|_| header())?;
        if record.len() != names.len() {
            return Err(ShiftsError::Cells { row: number, cells: record.len(), columns: names.len() });
        }
        let cell = |column: &str| {
            names
                .iter()
                .position(|name| name == column)
                .and_then(|at| record.get(at))
                .unwrap_or_default()
                .to_owned()
        };
        rows.push(Row {
            name: cell("name"),
            days: cell("days"),
            from: cell("from"),
            to: cell("to"),
            officers: toml::Value::String(cell("officers")),
            beat: Some(cell("beat")),
        });
    }
    Ok(rows)
}

fn shift(number: usize, row: Row) -> Result<Shift, ShiftsError> {
    let bad = |why| ShiftsError::Row { row: number, why };
    if row.name.trim().is_empty() {
        return Err(ShiftsError::Name { row: number });
    }
    let text = row.officers.as_str().map_or_else(|| row.officers.to_string(), str::to_owned);
    let officers = text.trim().parse().ok().filter(|n| (1..=MOST_OFFICERS).contains(n));
    let (from, to) = span(&row.from, &row.to).map_err(bad)?;
    Ok(Shift {
        name: row.name.trim().to_owned(),
        beat: row.beat.map(|beat| beat.trim().to_owned()).filter(|beat| !beat.is_empty()),
        days: parse_days(&row.days).map_err(bad)?,
        from,
        to,
        officers: officers.ok_or(ShiftsError::Officers { row: number, text })?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_the_same_as_rows_and_as_tables() {
        let rows = "name,days,from,to,officers,beat\nevening,Fri Sat,18:00,02:00,4,district:3\nday,Mon-Fri,07:00,15:00,2,\n";
        let tables = "[[shift]]\nname = \"evening\"\ndays = \"Fri Sat\"\nfrom = \"18:00\"\nto = \"02:00\"\nofficers = 4\nbeat = \"district:3\"\n\
                      [[shift]]\nname = \"day\"\ndays = \"Mon-Fri\"\nfrom = \"07:00\"\nto = \"15:00\"\nofficers = 2\n";
        let shifts = read_shifts(rows).expect("rows");
        assert_eq!(shifts, read_shifts(tables).expect("tables"));
        assert_eq!(
            (shifts[0].minutes(), shifts[0].officers, shifts[0].beat.as_deref()),
            (480, 4, Some("district:3"))
        );
        assert_eq!(shifts[1].beat, None);
    }

    #[test]
    fn what_cannot_be_used_is_refused_with_its_row_and_the_mend() {
        let head = "name,days,from,to,officers\n";
        for (rows, says) in [
            ("a,Fri,18:00,02:00,0", "from 1 to 1000"),
            ("a,Fri,18:00,02:00,-1", "from 1 to 1000"),
            ("a,Fri,18:00,02:00,x", "`x` officers"),
            ("a,Frday,18:00,02:00,1", "Mon-Fri"),
            ("a,Fri,18:00,18:00,1", "no length"),
            ("a,Fri,18.00,02:00,1", "18:00"),
            (",Fri,18:00,02:00,1", "no name"),
            ("a,Fri,Sat,18:00,02:00,1", "blanks"),
            ("", "no shift"),
        ] {
            let refused = read_shifts(&format!("{head}{rows}\n")).expect_err(rows).to_string();
            assert!(refused.contains(says), "{rows}: {refused}");
        }
        for header in ["name,days,from,to\n", "name,days,from,to,officers,zone\n", ""] {
            assert!(matches!(read_shifts(header), Err(ShiftsError::Header { .. })), "{header}");
        }
        assert!(matches!(read_shifts("[[shift]]\nname = 3"), Err(ShiftsError::Toml { .. })));
    }
}
