//! A made-up town and what its feeds send: reports in any order, of few places and times, so that they meet.

use std::sync::LazyLock;

use hotblocks::engine::build::Ground;
use hotblocks::ingest::crosswalk::tree;
use hotblocks::model::category::{CategoryTree, Flags};
use hotblocks::model::class::{Class, ClassId, Classes, Firearm};
use hotblocks::model::house_numbers::{Numbers, Sides};
use hotblocks::model::period::{Interval, Precision};
use hotblocks::model::report::{Day, Feed, Origin, Place, Report, Sign, Source, Status, Unit};
use hotblocks::model::reports::Ledger;
use hotblocks::model::streets::Street;
use hotblocks::space::coord::LonLat;

/// The numbers of one sequence: the same for a seed on every machine.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x2545_F491_4F6C_DD1D)
    }

    /// A number below `n`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % n
    }

    pub(crate) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

fn at(lon: f64, lat: f64) -> LonLat {
    LonLat::new(lon, lat).expect("on the globe")
}

/// Four segments that meet in the middle of a town, with house numbers.
pub(crate) fn ground() -> Ground {
    let side = |from, to| Some(Numbers { from, to, mixed: true });
    let street = |name: &str, ends: [(f64, f64); 2]| Street {
        name: name.to_owned(),
        numbers: Sides { left: side(100, 299), right: side(100, 299) },
        line: vec![at(ends[0].0, ends[0].1), at(-90.2, 38.6), at(ends[1].0, ends[1].1)],
        ..Street::default()
    };
    Ground::Streets(vec![
        street("Main St", [(-90.21, 38.6), (-90.19, 38.6)]),
        street("Oak Ave", [(-90.2, 38.59), (-90.2, 38.61)]),
    ])
}

/// Headquarters, a house 90 m from there, both ends of town, the crossing, and places out of reach or out of the plane.
const PLACES: [(f64, f64); 9] = [
    (-90.205, 38.6001),
    (-90.205, 38.6009),
    (-90.195, 38.6001),
    (-90.1951, 38.5999),
    (-90.2001, 38.605),
    (-90.2, 38.595),
    (-90.2, 38.6),
    (-90.24, 38.64),
    (10.0, 50.0),
];

const ADDRESSES: [&str; 6] =
    ["150 MAIN ST", "250 MAIN ST", "MAIN ST / OAK AVE", "120 OAK AVE", "???", "999 NOWHERE RD"];

/// Code, category, whether by firearm.
const CODES: [(&str, Option<&str>, Firearm); 10] = [
    ("R", Some("robbery"), Firearm::Yes),
    ("S", Some("weapon_discharge"), Firearm::Yes),
    ("A", Some("aggravated_assault"), Firearm::Yes),
    ("B", Some("burglary"), Firearm::No),
    ("L", Some("larceny"), Firearm::No),
    ("D", Some("drugs"), Firearm::No),
    ("H", Some("homicide"), Firearm::Unknown),
    ("X", Some("rape"), Firearm::No),
    ("W", Some("warrant"), Firearm::No),
    ("?", None, Firearm::Unknown),
];
const WANTED: usize = 8;
const LARCENY: usize = 4;

/// Around local midnight before a period, around the hour that a spring lacks, and some other days.
const BEGINS: [i64; 6] =
    [1_519_884_000, 1_519_884_000, 1_520_755_200, 1_522_558_800, 1_525_150_800, 1_514_786_400];

const ONES: [&str; 6] = ["police", "calls", "shots", "log", "days", "police"];

fn source(at: usize) -> Source {
    let zone = |name| jiff::tz::TimeZone::get(name).expect("bundled");
    let chicago = || zone("America/Chicago");
    let name = ONES[at];
    match at {
        0 => Source::new(name, Unit::Victim, chicago()),
        1 => Source { feed: Feed::Call, ..Source::new(name, Unit::Incident, chicago()) },
        2 => Source { feed: Feed::Alert, ..Source::new(name, Unit::Incident, zone("UTC")) },
        3 => Source::new(name, Unit::Offense, chicago()),
        4 => Source::new(name, Unit::Incident, chicago()),
        // Another source of the first one's name.
        _ => Source { feed: Feed::Call, ..Source::new(name, Unit::Victim, zone("America/New_York")) },
    }
}

/// A report, before it is in a ledger.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    source: usize,
    id: Option<String>,
    revision: i64,
    status: Status,
    sign: Sign,
    code: usize,
    when: Interval,
    recorded: Option<Day>,
    place: Place,
    address: Option<&'static str>,
    origin: Origin,
}

impl Row {
    /// The same as another revision.
    pub(crate) fn revised(self, revision: i64) -> Self {
        Self { revision, ..self }
    }
}

/// What has been sent, so that it can be sent again otherwise.
pub(crate) struct FeedOf {
    pub(crate) chance: Chance,
    tree: &'static CategoryTree,
    sent: Vec<Row>,
    next: usize,
}

impl FeedOf {
    pub(crate) fn new(seed: u64) -> Self {
        static TREE: LazyLock<CategoryTree> = LazyLock::new(|| tree().expect("ships"));
        Self { chance: Chance::new(seed), tree: &TREE, sent: Vec::new(), next: 0 }
    }

    /// A table of classes without any.
    pub(crate) fn classes(&self) -> Classes {
        Classes::over(self.tree.clone())
    }

    /// One that lies on a block and is never touched again.
    pub(crate) fn first(&self) -> Row {
        let when = Interval { from: BEGINS[0] - 86_400, seconds: 60, precision: Precision::Minute };
        Row {
            source: 0,
            id: Some("first".into()),
            revision: 0,
            status: Status::Confirmed,
            sign: Sign::Adds,
            code: LARCENY,
            when,
            recorded: None,
            place: Place::At(at(PLACES[2].0, PLACES[2].1)),
            address: None,
            origin: Origin::Citizen,
        }
    }

    /// One at the same place and time, of another code and id.
    pub(crate) fn of_code(&self, code: &str, id: &str) -> Row {
        let code = CODES.iter().position(|(known, ..)| *known == code).expect("a code");
        Row { code, id: Some(id.to_owned()), ..self.first() }
    }

    fn when(&mut self) -> Interval {
        let chance = &mut self.chance;
        let from = chance.pick(&BEGINS) + 60 * chance.pick(&[-31, -30, -1, 0, 0, 1, 12, 29, 30, 60, 90]);
        // Some are the first, the last or the only one of their day for a while.
        let from = if chance.one_in(8) { from + 86_400 * (chance.below(900) as i64 - 450) } else { from };
        let (seconds, precision) =
            chance.pick(&[(60, Precision::Minute), (60, Precision::Minute), (3_600, Precision::Range)]);
        Interval { from, seconds, precision }
    }

    fn place(&mut self) -> (Place, Option<&'static str>) {
        let chance = &mut self.chance;
        let address = chance.one_in(3).then(|| chance.pick(&ADDRESSES));
        match chance.below(12) {
            0 => (Place::Missing, Some(chance.pick(&ADDRESSES))),
            1 => (Place::Missing, None),
            2 => (Place::Withheld, address),
            _ => {
                // Mostly near headquarters, where linking and piles happen.
                let n = chance.pick(&[2, 3, PLACES.len()]);
                let (lon, lat) = PLACES[chance.below(n)];
                (Place::At(at(lon, lat)), address)
            }
        }
    }

    fn any(&mut self, source: usize) -> Row {
        let when = self.when();
        let (place, address) = self.place();
        let chance = &mut self.chance;
        let day = i32::try_from(when.from / 86_400).expect("of our time");
        Row {
            source,
            id: None,
            revision: 0,
            status: chance.pick(&[
                Status::Confirmed,
                Status::Confirmed,
                Status::Confirmed,
                Status::Unreviewed,
            ]),
            sign: Sign::Adds,
            code: chance.below(CODES.len()),
            recorded: (!chance.one_in(4)).then(|| Day(day + chance.pick(&[0, 0, 1, 3, 40]))),
            when,
            place,
            address,
            origin: chance.pick(&Origin::ALL),
        }
    }

    fn fresh(&mut self, source: usize) -> Row {
        self.next += 1;
        let id = Some(format!("{}-{}", ONES[source], self.next));
        Row { id, ..self.any(source) }
    }

    /// One of those that were sent.
    fn known(&mut self) -> Row {
        if self.sent.is_empty() {
            return self.first();
        }
        let n = self.chance.below(self.sent.len());
        self.sent[n].clone()
    }

    /// What comes next.
    pub(crate) fn rows(&mut self) -> Vec<Row> {
        let rows = match self.chance.below(100) {
            0..=29 => {
                let source = self.chance.pick(&[0, 0, 1, 2, 5]);
                vec![self.fresh(source)]
            }
            // A revision, perhaps a stale one, of another class, at another place or time.
            30..=44 => {
                let mut row = Row { revision: self.chance.below(5) as i64, ..self.known() };
                let other = self.any(row.source);
                match self.chance.below(4) {
                    0 => row.code = other.code,
                    1 => (row.place, row.address) = (other.place, other.address),
                    2 => row.when = other.when,
                    _ => row.status = other.status,
                }
                vec![row]
            }
            // A second report of the same event: another victim or offense.
            45..=49 => {
                let row = self.known();
                vec![Row { code: self.chance.below(CODES.len()), ..row }]
            }
            50..=57 => {
                let row = self.known();
                let more = self.chance.below(3) as i64;
                vec![Row { status: Status::Withdrawn, revision: row.revision + more, ..row }]
            }
            // A correction of what was sent, or of what is yet to be.
            58..=65 => {
                let mut row = Row { sign: Sign::TakesBack, ..self.known() };
                match self.chance.below(4) {
                    0 => row.place = Place::Missing,
                    1 => row.address = None,
                    2 => row.code = self.chance.below(CODES.len()),
                    _ => {}
                }
                vec![row]
            }
            66..=73 => {
                let mut row = self.any(3);
                row.code = self.chance.below(3);
                row.when.from = BEGINS[0] + 60 * self.chance.below(2) as i64;
                let twice = self.chance.below(3);
                vec![row; 1 + twice]
            }
            // Whole rows that tell a day: those that say the same stay apart and are numbered.
            74..=79 => {
                let mut row = self.any(4);
                row.when.precision = Precision::Day;
                (row.when.from, row.when.seconds) = (self.chance.pick(&BEGINS), 86_400);
                row.code = LARCENY;
                let twice = self.chance.below(3);
                vec![row; 1 + twice]
            }
            // An alert or a call of what was reported.
            80..=87 => {
                let row = self.known();
                let source = self.chance.pick(&[1, 2, 5]);
                let late = 60 * self.chance.pick(&[0, 5, 29, 30, 31]);
                let when = Interval { from: row.when.from + late, ..row.when };
                vec![Row {
                    place: row.place,
                    code: row.code,
                    when,
                    status: Status::Confirmed,
                    ..self.fresh(source)
                }]
            }
            88..=95 => self.booked(),
            // Many of those that were booked are withdrawn, or were larcenies after all.
            96..=99 => {
                let (n, thefts) = (12 + self.chance.below(24), self.chance.one_in(2));
                let booked =
                    self.sent.iter().filter(|row| row.code == WANTED && row.status == Status::Confirmed);
                let other = |row: &Row| match thefts {
                    true => Row { code: LARCENY, revision: row.revision + 1, ..row.clone() },
                    false => Row { status: Status::Withdrawn, revision: row.revision + 1, ..row.clone() },
                };
                booked.take(n).map(other).collect()
            }
            _ => unreachable!("below 100"),
        };
        self.sent.extend(rows.iter().cloned());
        rows
    }

    /// Many at headquarters: administrative ones mostly.
    fn booked(&mut self) -> Vec<Row> {
        let (n, code) = self.chance.pick(&[
            (12, WANTED),
            (16, WANTED),
            (31, WANTED),
            (20, LARCENY),
            (40, LARCENY),
            (4, 6),
        ]);
        let (lon, lat) = PLACES[self.chance.below(2)];
        let address = self.chance.one_in(2).then_some(ADDRESSES[0]);
        let row = |feed: &mut Self| Row {
            code,
            place: Place::At(at(lon, lat)),
            address,
            status: Status::Confirmed,
            ..feed.fresh(0)
        };
        (0..n).map(|_| row(self)).collect()
    }

    /// Source and id of one that was sent.
    pub(crate) fn sent_id(&mut self) -> Option<(&'static str, String)> {
        let row = self.known();
        Some((ONES[row.source], row.id?)).filter(|(_, id)| id != "first")
    }

    /// Rows as a ledger of their own, with the sources and classes that they need and no other.
    pub(crate) fn ledger(&self, rows: &[Row]) -> Ledger {
        let mut ledger = Ledger { classes: self.classes(), ..Ledger::default() };
        for row in rows {
            let wanted = source(row.source);
            let known = ledger.sources.iter().position(|source| *source == wanted);
            let at = known.unwrap_or_else(|| {
                ledger.sources.push(wanted);
                ledger.sources.len() - 1
            }) as u16;
            let class = self.class(&mut ledger.classes, at, row.code);
            ledger.reports.push(&Report {
                source: at,
                id: row.id.as_deref(),
                revision: row.revision,
                status: row.status,
                sign: row.sign,
                origin: row.origin,
                recorded: row.recorded,
                address: row.address,
                intersection: row.address.is_some_and(|text| text.contains('/')),
                ..Report::plain(class, row.when, row.place)
            });
        }
        ledger
    }

    fn class(&self, classes: &mut Classes, source: u16, code: usize) -> ClassId {
        let (code, category, firearm) = CODES[code];
        let category = category.map(|name| self.tree.position(name).expect("a category"));
        let class = Class { code: code.into(), label: code.into(), category, flags: Flags::NONE, firearm };
        classes.intern(source, code, || class).expect("room")
    }
}
