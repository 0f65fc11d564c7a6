//! Values of parameters, checked against the table.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::amount::{self, Amount};
use super::parse::{MOST_HOURS, list, parse_bbox, parse_hours, parse_length};
use super::patrol::{NOT_WITH_SITES, SITES};
use super::table::{Kind, LIMIT, MOST_NUMBERS, ORIGIN, PERIOD, Param, STATUS};
use crate::engine::query::Query;
use crate::model::period::{Period, PeriodError};
use crate::model::report::{Origin, Status};
use crate::plan::outreach::register::{Capacity, NoCapacity};
use crate::space::bbox::LonLatBox;
use crate::space::coord::Metres;

/// The word for every category; it wins over names beside it.
pub const ALL: &str = "all";

/// A parameter's value that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is `{value}`; {mend}")]
pub struct BadValue {
    /// The parameter, as the user knows it.
    pub name: String,
    /// What was given.
    pub value: String,
    /// What can be given.
    pub mend: String,
}

/// Values of an operation's parameters, checked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Values {
    /// `datetime`, `--period`.
    pub period: Option<Period>,
    /// `category`; `None` where not given, empty for all.
    pub categories: Option<Vec<String>>,
    /// `within`: names of areas as they were given, several in one text where separated by commas.
    pub within: Option<Vec<String>>,
    /// All others by their wire name.
    given: BTreeMap<&'static str, Given>,
    /// `bbox`.
    pub bbox: Option<LonLatBox>,
}

/// What was given for one parameter.
#[derive(Clone, Debug, PartialEq)]
enum Given {
    /// One length or several.
    Lengths(Vec<Metres>),
    /// One number or several.
    Numbers(Vec<f64>),
    /// A whole number.
    Count(u64),
    /// Words out of a closed list.
    Words(Vec<&'static str>),
    /// Two dates.
    Period(Period),
    /// An amount with its unit.
    Amount(Amount),
    /// A name as it is.
    Text(String),
    /// A local date.
    Date(Date),
    /// What a team takes.
    Capacity(Capacity),
}

impl Values {
    /// A length, where it was given.
    #[must_use]
    pub fn length(&self, param: &Param) -> Option<Metres> {
        self.lengths(param)?.first().copied()
    }

    /// Lengths, where they were given.
    #[must_use]
    pub fn lengths(&self, param: &Param) -> Option<&[Metres]> {
        match self.given.get(param.wire)? {
            Given::Lengths(lengths) => Some(lengths),
            _ => None,
        }
    }

    /// A number, where it was given.
    #[must_use]
    pub fn number(&self, param: &Param) -> Option<f64> {
        self.numbers(param)?.first().copied()
    }

    /// Numbers, where they were given.
    #[must_use]
    pub fn numbers(&self, param: &Param) -> Option<&[f64]> {
        match self.given.get(param.wire)? {
            Given::Numbers(numbers) => Some(numbers),
            _ => None,
        }
    }

    /// One of a closed list of words, where it was given.
    #[must_use]
    pub fn word(&self, param: &Param) -> Option<&'static str> {
        self.words(param).first().copied()
    }

    /// Words of a closed list; none where none was given.
    #[must_use]
    pub fn words(&self, param: &Param) -> &[&'static str] {
        match self.given.get(param.wire) {
            Some(Given::Words(words)) => words,
            _ => &[],
        }
    }

    /// A period other than [`PERIOD`], where it was given.
    #[must_use]
    pub fn other_period(&self, param: &Param) -> Option<Period> {
        match self.given.get(param.wire)? {
            Given::Period(period) => Some(*period),
            _ => None,
        }
    }

    /// An amount with its unit, where it was given.
    #[must_use]
    pub fn amount(&self, param: &Param) -> Option<Amount> {
        match self.given.get(param.wire)? {
            Given::Amount(amount) => Some(*amount),
            _ => None,
        }
    }

    /// A name as it is, where it was given.
    #[must_use]
    pub fn text(&self, param: &Param) -> Option<&str> {
        match self.given.get(param.wire)? {
            Given::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether it was given.
    #[must_use]
    pub fn has(&self, param: &Param) -> bool {
        self.given.contains_key(param.wire)
    }

    /// A whole number, where it was given.
    #[must_use]
    pub fn count(&self, param: &Param) -> Option<u64> {
        match self.given.get(param.wire)? {
            Given::Count(count) => Some(*count),
            _ => None,
        }
    }

    /// A local date, where it was given.
    #[must_use]
    pub fn date(&self, param: &Param) -> Option<Date> {
        match self.given.get(param.wire)? {
            Given::Date(date) => Some(*date),
            _ => None,
        }
    }

    /// What a team takes, where it was given.
    #[must_use]
    pub fn capacity(&self, param: &Param) -> Option<Capacity> {
        match self.given.get(param.wire)? {
            Given::Capacity(capacity) => Some(*capacity),
            _ => None,
        }
    }

    /// These values, and for those not given the others.
    #[must_use]
    pub fn or(&self, others: &Self) -> Self {
        // What is configured for patrols is not meant for sites.
        let others = if self.has(&SITES) { &others.without(&NOT_WITH_SITES) } else { others };
        let mut all = others.clone();
        all.period = self.period.or(others.period);
        all.categories = self.categories.clone().or(all.categories);
        all.within = self.within.clone().or(all.within);
        all.given.extend(self.given.clone());
        all.bbox = self.bbox.or(others.bbox);
        all
    }

    /// These without some of them.
    #[must_use]
    pub fn without(&self, params: &[Param]) -> Self {
        let mut rest = self.clone();
        rest.given.retain(|wire, _| params.iter().all(|param| param.wire != *wire));
        rest
    }

    /// The incidents that are meant.
    #[must_use]
    pub fn query(&self) -> Query {
        let chosen = self.categories.iter().flatten().filter(|name| *name != ALL);
        let has = |param: &Param, word: &str| self.words(param).contains(&word);
        let statuses = [Status::Confirmed, Status::Unreviewed];
        Query {
            period: self.period,
            categories: chosen.cloned().collect(),
            origins: Origin::ALL.into_iter().filter(|origin| has(&ORIGIN, origin.word())).collect(),
            statuses: statuses.into_iter().filter(|status| has(&STATUS, status.word())).collect(),
        }
    }

    /// Takes a value from the command line, where lengths carry a unit.
    ///
    /// # Errors
    ///
    /// [`BadValue`] with the bounds.
    pub fn set_flag(&mut self, param: &Param, text: &str) -> Result<(), BadValue> {
        self.set(param, &format!("--{}", param.flag), text, parse_length)
    }

    /// Takes a value from a query, where lengths are in metres.
    ///
    /// # Errors
    ///
    /// [`BadValue`] with the bounds.
    pub fn set_wire(&mut self, param: &Param, text: &str) -> Result<(), BadValue> {
        self.set(param, param.wire, text, |text| text.parse().ok())
    }

    fn set(
        &mut self,
        param: &Param,
        name: &str,
        text: &str,
        length: impl Fn(&str) -> Option<f64>,
    ) -> Result<(), BadValue> {
        let bad = |mend: String| BadValue { name: name.to_owned(), value: text.to_owned(), mend };
        match param.kind {
            Kind::Period => {
                let period = text.parse().map_err(|e: PeriodError| bad(e.to_string()))?;
                if param.flag == PERIOD.flag {
                    self.period = Some(period);
                } else {
                    self.given.insert(param.wire, Given::Period(period));
                }
            }
            Kind::Names => {
                let names: Vec<String> = text.split(',').map(|n| n.trim().to_owned()).collect();
                if names.iter().any(String::is_empty) {
                    return Err(bad("give at least one name, and a comma between each two".to_owned()));
                }
                let all = self.categories.get_or_insert_default();
                all.extend(names);
                if all.iter().any(|n| n == ALL) {
                    *all = vec![ALL.to_owned()];
                }
            }
            Kind::Areas if text.trim().is_empty() => return Err(bad("give the name of an area".to_owned())),
            Kind::Areas => self.within.get_or_insert_default().push(text.trim().to_owned()),
            Kind::Length { least, most } | Kind::Lengths { least, most } => {
                let unit =
                    if name.starts_with("--") { " with its unit (m, km, ft, mi)" } else { " in metres" };
                let several = matches!(param.kind, Kind::Lengths { .. });
                let what =
                    if several { most_of("lengths, the shorter first,") } else { "a length".to_owned() };
                let lengths = list(text, several, least..=most, length)
                    .ok_or_else(|| bad(format!("give {what}{unit} from {least} m to {most} m")))?;
                self.given.insert(param.wire, Given::Lengths(lengths.into_iter().map(Metres).collect()));
            }
            Kind::Number { least, most } | Kind::Numbers { least, most } => {
                let several = matches!(param.kind, Kind::Numbers { .. });
                let what =
                    if several { most_of("numbers, the smaller first,") } else { "a number".to_owned() };
                let numbers = list(text, several, least..=most, |text| text.parse().ok())
                    .ok_or_else(|| bad(format!("give {what} from {least} to {most}")))?;
                self.given.insert(param.wire, Given::Numbers(numbers));
            }
            Kind::Count { least, most } => {
                let value: u64 = text.parse().ok().filter(|v| *v >= least).ok_or_else(|| {
                    bad(format!(
                        "give a whole number from {least}{}",
                        if most == u64::MAX { String::new() } else { format!(" to {most}") }
                    ))
                })?;
                // OGC API Features, requirement 22 C: a `limit` of features above the maximum is no error.
                let value = if *param == LIMIT { value.min(most) } else { value };
                if value > most {
                    return Err(bad(format!("give a whole number from {least} to {most}")));
                }
                self.given.insert(param.wire, Given::Count(value));
            }
            Kind::Words(known) => {
                let mut words = self.words(param).to_vec();
                for word in text.split(',').map(str::trim) {
                    let found = known.iter().find(|known| **known == word);
                    let found = found.ok_or_else(|| bad(format!("give some of {}", known.join(", "))))?;
                    if !words.contains(found) {
                        words.push(found);
                    }
                }
                self.given.insert(param.wire, Given::Words(words));
            }
            Kind::Word(known) => {
                let found = known.iter().find(|known| **known == text.trim());
                let found = found.ok_or_else(|| bad(format!("give one of {}", known.join(", "))))?;
                self.given.insert(param.wire, Given::Words(vec![found]));
            }
            Kind::Amount => {
                let amount = Amount::parse(text).ok_or_else(|| bad(amount::MEND.to_owned()))?;
                self.given.insert(param.wire, Given::Amount(amount));
            }
            Kind::Text if text.trim().is_empty() => return Err(bad("give a name".to_owned())),
            Kind::Text => _ = self.given.insert(param.wire, Given::Text(text.trim().to_owned())),
            Kind::Hours => {
                let flag = name.starts_with("--");
                let read = if flag { parse_hours(text) } else { text.parse().ok() };
                let hours = read.filter(|hours| (0.0..=MOST_HOURS).contains(hours)).ok_or_else(|| {
                    let unit = if flag { "a time with its unit, h or d," } else { "hours" };
                    bad(format!("give {unit} from 0 to {MOST_HOURS} hours"))
                })?;
                self.given.insert(param.wire, Given::Numbers(vec![hours]));
            }
            Kind::Date => {
                let day: Option<Period> = text.parse().ok().filter(|_| !text.contains('/'));
                let date = day.and_then(Period::first);
                let date = date.ok_or_else(|| bad("give a date as 2014-09-30".to_owned()))?;
                self.given.insert(param.wire, Given::Date(date));
            }
            Kind::Capacity => {
                let capacity = text.parse().map_err(|e: NoCapacity| bad(e.to_string()))?;
                self.given.insert(param.wire, Given::Capacity(capacity));
            }
            Kind::BBox => self.bbox = Some(parse_bbox(text).map_err(bad)?),
        }
        Ok(())
    }
}

/// So many of them at most.
fn most_of(what: &str) -> String {
    format!("up to {MOST_NUMBERS} {what}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::params::table::{BANDWIDTH, CATEGORY};

    #[test]
    fn a_length_needs_its_unit_on_the_command_line() {
        for (text, metres) in [("250m", 250.0), ("0.25 km", 250.0), ("1000ft", 304.8), ("1mi", 1609.344)] {
            assert!((parse_length(text).expect(text) - metres).abs() < 1e-9, "{text}");
        }
        for bad in ["250", "m", "-", "NaN", "1e999km"] {
            let refused = Values::default().set_flag(&BANDWIDTH, bad).expect_err(bad);
            assert!(refused.to_string().contains("unit"), "{refused}");
        }
    }

    #[test]
    fn lists_ascend_and_words_are_of_their_list() {
        const BANDS: Param =
            Param { wire: "bands", kind: Kind::Lengths { least: 1.0, most: 1e3 }, ..BANDWIDTH };
        const DAYS: Param =
            Param { wire: "days", kind: Kind::Numbers { least: 0.5, most: 1e3 }, ..BANDWIDTH };
        const KERNEL: Param = Param { wire: "kernel", kind: Kind::Word(&["a", "b"]), ..BANDWIDTH };
        let mut values = Values::default();
        values.set_flag(&BANDS, "100m, 0.2km").expect("ascending");
        values.set_wire(&DAYS, "7,14.5").expect("ascending");
        values.set_wire(&KERNEL, "a").expect("of the list");
        values.set_wire(&KERNEL, "b").expect("of the list");
        assert_eq!(values.lengths(&BANDS), Some(&[Metres(100.0), Metres(200.0)][..]));
        assert_eq!((values.numbers(&DAYS), values.word(&KERNEL)), (Some(&[7.0, 14.5][..]), Some("b")));
        for bad in ["200m,100m", "100m,100m", "100,200", "", "100m,", "0m", "NaN"] {
            assert!(values.set_flag(&BANDS, bad).is_err(), "{bad}");
        }
        assert!(values.set_wire(&BANDWIDTH, "100,200").is_err() && values.set_wire(&KERNEL, "a,b").is_err());
    }

    #[test]
    fn dates_hours_and_capacities_are_read_with_their_units() {
        use crate::engine::params::outreach::{AS_OF, CAPACITY, DELAY};
        let mut values = Values::default();
        values.set_flag(&DELAY, "1.5d").expect("a time");
        values.set_wire(&AS_OF, "2014-09-30").expect("a date");
        values.set_wire(&CAPACITY, "25blocks").expect("a capacity");
        assert_eq!(
            (values.number(&DELAY), values.capacity(&CAPACITY)),
            (Some(36.0), Some(Capacity::Blocks(25)))
        );
        assert_eq!(values.date(&AS_OF), Some(jiff::civil::date(2014, 9, 30)));
        values.set_wire(&DELAY, "24").expect("hours");
        for bad in ["24", "h", "-1h", "NaNh", "1e9d", "1w", ""] {
            assert!(values.set_flag(&DELAY, bad).is_err(), "{bad}");
        }
        for bad in ["2014-02-30", "2014-09-01/2014-09-02", "today", "", "../2014-09-01"] {
            let refused = values.set_flag(&AS_OF, bad).expect_err(bad).to_string();
            assert!(refused.contains("2014-09-30"), "{refused}");
        }
        assert!(values.set_wire(&CAPACITY, "25").expect_err("no unit").to_string().contains("25blocks"));
    }

    #[test]
    fn all_wins_over_names_in_any_order() {
        for given in [&["all", "robbery"][..], &["robbery", "all"], &["robbery,all"]] {
            let mut values = Values::default();
            given.iter().for_each(|text| values.set_wire(&CATEGORY, text).expect("names"));
            assert!(values.query().categories.is_empty(), "{given:?}");
        }
    }

    #[test]
    fn bounds_hold_and_the_error_names_them() {
        for bad in ["-50", "0", "NaN", "inf", "x", ""] {
            let refused = Values::default().set_wire(&BANDWIDTH, bad).expect_err(bad);
            assert!(refused.to_string().contains("from 1 m to 100000 m"), "{refused}");
        }
        let mut values = Values::default();
        values.set_wire(&LIMIT, "1000000000").expect("cut, not refused");
        assert_eq!(values.count(&LIMIT), Some(10_000));
        for bad in ["unlimited", "0", "-1", "1.5"] {
            assert!(values.set_wire(&LIMIT, bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_box_may_cross_the_antimeridian_and_carry_heights_but_not_be_upside_down() {
        for good in ["177,65,-177,70", "-90.2600000000000051,38,-90,39", "0,0,1,10,10,2"] {
            assert!(parse_bbox(good).is_ok(), "{good}");
        }
        for bad in ["1,2,3", "1,2,3,4,5", "a,b,c,d", "", "0,0,NaN,1", "-181,0,0,1", "0,10,1,5"] {
            assert!(parse_bbox(bad).is_err(), "{bad}");
        }
    }
}
