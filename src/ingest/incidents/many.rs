//! Many rows of a plain file at once: a column after the other, so that no row waits for the one before it.

use super::columns::At;
use super::mapping::Mapping;
use super::swapped::Around;
use super::values::{filled, filled_number, names_intersection, write_address};
use crate::ingest::csv::{Lines, Rows};
use crate::ingest::table::Row;
use crate::model::period::{Interval, Precision};
use crate::model::report::{Place, Report, Sign, Status};
use crate::space::coord::LonLat;

/// The columns of a plain file: a time, a place, and little else.
#[derive(Clone, Copy, Debug)]
struct Plain {
    occurred: usize,
    xy: (usize, usize),
}

/// What was read of some rows, a column each: what is stored part by part and read whole waits for each part.
#[derive(Debug, Default)]
pub(super) struct Many {
    from: Vec<i64>,
    /// 0 seconds where no form fits.
    lasts: Vec<(u32, Precision)>,
    /// Not a number where there is none.
    x: Vec<f64>,
    y: Vec<f64>,
    places: Vec<Option<LonLat>>,
    /// Bytes of the file, until room is made for its reports.
    size: Option<u64>,
}

/// Room is made for no more reports, 200 MB that are not used before they come; further ones make their own.
const EXPECTED: u64 = 1 << 22;

impl Mapping<'_> {
    /// Takes one row or several.
    pub(super) fn take_rows(&mut self, rows: Rows<'_>) {
        match rows {
            Rows::One(row) => self.take(row),
            Rows::Lines(lines) => {
                if let Some(size) = self.many.size.take() {
                    let rows = size.saturating_mul(lines.len() as u64) / lines.bytes().max(1) as u64;
                    // A little more, since the first ids are short.
                    self.reports.expect(rows.saturating_add(rows / 16).min(EXPECTED) as usize);
                }
                match self.plain() {
                    Some(plain) => self.take_lines(lines, plain),
                    None => lines.rows().for_each(|row| self.take(Ok(row))),
                }
            }
        }
    }

    /// The same for a file of so many bytes, where that is known: room for its reports is made at once.
    pub(super) fn expecting(mut self, size: Option<u64>) -> Self {
        self.many.size = size;
        self
    }

    /// Where time and place stand, if the file tells no more than what [`Mapping::keep`] keeps.
    fn plain(&self) -> Option<Plain> {
        // Taken apart whole, so that a new column cannot be forgotten here.
        let At {
            occurred,
            xy,
            id: _,
            class: _,
            number: _,
            street: _,
            // Not looked at where the whole time stands in one column.
            date: _,
            time: _,
            month: _,
            source,
            zone,
            feed,
            unit,
            anonymised,
            precision,
            classes,
            reports,
            place,
            revision,
            status,
            until,
            until_date,
            until_time,
            recorded,
            count,
            area,
            origin,
            domestic,
            firearm,
            shooting,
            child,
        } = self.at;
        let further = [
            source, zone, feed, unit, anonymised, precision, classes, reports, place, revision, status,
            until, until_date, until_time, recorded, count, area, origin, domestic, firearm, shooting, child,
        ];
        let plain = further.iter().all(Option::is_none) && !self.layout.later_file_revises;
        Some(Plain { occurred: occurred?, xy: xy? }).filter(|_| plain)
    }

    /// Takes rows of a plain file: those that tell time and place are kept, all others looked at one by one.
    fn take_lines(&mut self, lines: Lines<'_>, plain: Plain) {
        let mut many = std::mem::take(&mut self.many);
        many.from.clear();
        many.lasts.clear();
        for text in lines.column(plain.occurred) {
            let (from, lasts) = match self.clock.read_plain(text, &self.forms.occurred, filled) {
                Some(Interval { from, seconds, precision }) => (from, (seconds, precision)),
                None => (0, (0, Precision::Second)),
            };
            many.from.push(from);
            many.lasts.push(lasts);
        }
        for (at, numbers) in [(plain.xy.0, &mut many.x), (plain.xy.1, &mut many.y)] {
            numbers.clear();
            numbers.extend(lines.column(at).map(|text| filled_number(text).unwrap_or(f64::NAN)));
        }
        many.places.clear();
        many.places.extend(many.x.iter().zip(&many.y).map(|(&x, &y)| self.on_globe(x, y)));
        let mut around = Around::default();
        let when = many.from.iter().zip(&many.lasts);
        for (row, ((&from, &(seconds, precision)), &place)) in lines.rows().zip(when.zip(&many.places)) {
            match place {
                Some(place) if seconds > 0 => {
                    self.keep(&row, Interval { from, seconds, precision }, place);
                    around.take(place);
                }
                _ => self.take(Ok(row)),
            }
        }
        self.around.join(&around);
        self.many = many;
    }

    /// A place in the file's CRS, if it is one and there is nothing to be said of it.
    #[inline]
    fn on_globe(&self, x: f64, y: f64) -> Option<LonLat> {
        if x.is_nan() || y.is_nan() || self.no_place(x, y).is_some() || self.degrees_among_feet(x, y) {
            return None;
        }
        self.crs.to_lonlat(x, y).ok()
    }

    /// Keeps a row of which time and place are known, and whose other columns cannot be at fault.
    fn keep(&mut self, row: &Row<'_>, when: Interval, place: LonLat) {
        let text = |at: Option<usize>| at.map_or("", |at| filled(row.fields.get(at)));
        let class = self.classing.class(text(self.at.class), |_| "");
        let (number, street) = (text(self.at.number), text(self.at.street));
        let has_street = !street.is_empty();
        let has_address = has_street && write_address(&mut self.address, number, street);
        self.account.read += 1;
        self.account.kept += 1;
        self.reports.push(&Report {
            source: 0,
            file: 0,
            line: u32::try_from(row.line).unwrap_or(u32::MAX),
            id: Some(text(self.at.id)).filter(|id| !id.is_empty()),
            revision: 0,
            status: Status::Confirmed,
            sign: Sign::Adds,
            class,
            origin: self.layout.origin,
            when,
            recorded: None,
            place: Place::At(place),
            address: has_address.then_some(&self.address),
            intersection: has_street && names_intersection(number, street),
        });
    }
}

#[cfg(test)]
mod tests {
    use crate::ingest::incidents::{Options, read};
    use crate::ingest::input::Input;

    const LAYOUT: &str = "name = \"t\"\ntitle = \"t\"\nunit = \"incident\"\ntime_zone = \"America/Chicago\"\n\
        crs = \"OGC:CRS84\"\nrequired = [\"lon\"]\n[formats]\noccurred = [\"%Y-%m-%d %H:%M\", \"%Y-%m-%d\"]\n\
        [columns]\nid = \"id\"\noccurred = \"ts\"\nclass = \"kind\"\nx = \"lon\"\ny = \"lat\"\n\
        number = \"no\"\nstreet = \"street\"\n";

    /// Rows of which some are odd in each way that is told of, and some are no rows.
    fn rows() -> String {
        let mut text = "id,ts,kind,lon,lat,no,street,more\n".to_owned();
        for n in 0..3_000 {
            let odd = |every: usize, what: &'static str, else_: String| {
                if n % every == 1 { what.to_owned() } else { else_ }
            };
            let id = odd(31, "(null)", odd(37, "", format!("i{n}")));
            let ts =
                format!("20{:02}-{:02}-{:02} {:02}:{:02}", n % 20, n % 12 + 1, n % 28 + 1, n % 24, n % 60);
            let ts = odd(
                41,
                "2018-02-30 10:00",
                odd(43, "2018-07-04", odd(47, "2018-07-04 24:00", odd(53, " ", ts))),
            );
            let kind = odd(
                59,
                " robbery ",
                ["theft", "arson", "a kind of more than sixteen letters", ""][n % 4].to_owned(),
            );
            let lon = odd(61, "", odd(67, "0", odd(71, "38.6", odd(73, "x", format!("-90.{:07}", n * 31)))));
            let lat = odd(61, "", odd(67, "0", odd(71, "-90.2", odd(79, "NA", format!(" 38.{}", n * 17)))));
            let street = odd(83, "A ST / B ST", odd(89, "unknown", ["", "C  AV"][n % 2].to_owned()));
            text.push_str(&format!("{id},{ts},{kind},{lon},{lat},{},{street},\n", n % 9));
            if n % 97 == 0 {
                text.push_str("\"q\",2018-01-01,\"a, b\",-90.2,38.6,1,\"D\",\n1,2\n\n");
            }
        }
        text
    }

    #[test]
    fn many_rows_are_taken_as_each_by_itself() {
        // A status, though it is blank, keeps rows from being taken together.
        let with = |layout: String| {
            let options = Options { layout: Some(("t.toml".to_owned(), layout)), ..Options::default() };
            let input = Input::of("t.csv", rows().into_bytes()).expect("csv");
            read(&[input], &options, &|| ()).expect("the layout fits")
        };
        let (plain, account) = with(LAYOUT.to_owned());
        let (each, told) = with(format!("{LAYOUT}status = \"more\"\n"));
        assert_eq!(account, told);
        assert!(
            account.kept > 2_500 && account.refused.len() > 200,
            "{} {}",
            account.kept,
            account.refused.len()
        );
        assert!(account.flags.no_place > 30 && account.flags.swapped == 0, "{:?}", account.flags);
        let all = |ledger: &crate::model::reports::Ledger| {
            ledger.reports.iter().map(|report| format!("{report:?}")).collect::<Vec<_>>()
        };
        let (plain_reports, each_reports) = (all(&plain), all(&each));
        assert!(
            plain_reports == each_reports,
            "{:?}",
            plain_reports.iter().zip(&each_reports).find(|(a, b)| a != b)
        );
        assert_eq!(plain.classes.rows(), each.classes.rows());
        assert!(
            plain
                .reports
                .iter()
                .any(|report| report.intersection && report.id.is_none() || report.address.is_some())
        );
    }
}
