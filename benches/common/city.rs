//! A city without chance: a warped grid of 9,940 street segments in UTM zone 15, addresses ten metres apart on
//! both sides, incidents that crowd around sixty hot spots and return to the same addresses.

use std::fmt::Write;

use geo::{Coord, LineString, MultiPolygon, Polygon};
use hotblocks::index::addresses::AddressIndex;
use hotblocks::index::blocks::BlockIndex;
use hotblocks::ingest::crosswalk::{Crosswalk, tree};
use hotblocks::model::areas::Area;
use hotblocks::model::block::BlockSet;
use hotblocks::model::class::Classes;
use hotblocks::model::house_numbers::{Numbers, Sides};
use hotblocks::model::incident::{Incident, Incidents, Located};
use hotblocks::model::period::{Interval, Precision};
use hotblocks::model::report::{Place, Report, Source, Unit};
use hotblocks::model::reports::{Ledger, Reports};
use hotblocks::model::street_words::Words;
use hotblocks::model::streets::{Street, segments_and_nodes};
use hotblocks::space::coord::{Local, LonLat};
use hotblocks::space::crs::Crs;
use rayon::prelude::*;

/// Streets each way: 2 · 71 · 70 segments between their crossings.
const STREETS: u16 = 71;
/// Metres between two streets.
const APART: f64 = 120.0;
/// Metres along one side of the city.
const SIDE: f64 = APART * (STREETS - 1) as f64;
/// Metres from the middle of a street to the houses.
const SETBACK: f64 = 12.0;
/// Metres between two houses.
const HOUSE: f64 = 10.0;
/// Where the city's first crossing lies, in metres of EPSG:32615.
const ORIGIN: Local = Local { x: 738_000.0, y: 4_274_000.0 };
/// 2014-01-01 in Chicago.
const BEGIN: i64 = 1_388_556_000;
/// Minutes over which incidents are spread: four years.
const MINUTES: f64 = 4.0 * 365.25 * 24.0 * 60.0;
/// Codes of the shipped crosswalk `slmpd`, the common ones several times.
const CODES: [&str; 12] = [
    "064701", "142320", "091113", "064701", "142320", "051111", "038800", "042000", "265321", "181000",
    "021000", "010000",
];

/// A linear congruential generator (Knuth's MMIX): the same numbers on every machine.
struct Lcg(u64);

impl Lcg {
    /// The next number from 0 to 1.
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Near 0 mostly, from -1.5 to 1.5: three numbers added.
    fn bell(&mut self) -> f64 {
        self.next() + self.next() + self.next() - 1.5
    }
}

/// One row of the city's police log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spot {
    /// Where, in metres of the local CRS.
    pub(crate) at: Local,
    /// Number of the row whose complaint this one belongs to.
    complaint: u32,
    street: u16,
    /// House number, or none at a crossing with `cross`.
    house: u16,
    cross: u16,
    minute: u32,
    code: u8,
}

/// The local CRS of the city.
pub(crate) fn crs() -> Crs {
    Crs::new("EPSG:32615").expect("PROJ knows UTM")
}

/// From the plan of the city to the plane: bent a little, and turned by 0.2 radians.
fn plane(u: f64, v: f64) -> Local {
    let (x, y) = (u + 6.0 * (v / 300.0).sin(), v + 6.0 * (u / 400.0).sin());
    let (sin, cos) = 0.2_f64.sin_cos();
    Local { x: ORIGIN.x + x * cos - y * sin, y: ORIGIN.y + x * sin + y * cos }
}

fn lonlat(at: Local) -> LonLat {
    crs().from_local(at).expect("the city lies in its zone")
}

fn street_name(street: u16) -> String {
    if street < STREETS { format!("E {street}TH ST") } else { format!("N {}TH AVE", street - STREETS) }
}

/// The street lines, with a vertex at every crossing and one between.
pub(crate) fn streets() -> Vec<Street> {
    let crs = crs();
    let steps = 2 * (STREETS - 1);
    let line = |street: u16| {
        let along = (0..=steps).map(|step| f64::from(step) * APART / 2.0);
        let places = along.map(|s| match street {
            east if east < STREETS => plane(s, f64::from(east) * APART),
            north => plane(f64::from(north - STREETS) * APART, s),
        });
        places.map(|at| crs.from_local(at).expect("the city lies in its zone")).collect()
    };
    (0..2 * STREETS)
        .map(|street| Street { name: street_name(street), line: line(street), ..Street::default() })
        .collect()
}

/// House numbers as [`address`] gives them, odd and even on both sides.
fn house_numbers() -> Sides {
    let numbers = Some(Numbers { from: 100, to: 100 + (SIDE / HOUSE) as u32, mixed: true });
    Sides { left: numbers, right: numbers }
}

/// Segments and nodes of the city.
pub(crate) fn blocks() -> BlockSet {
    segments_and_nodes(&streets(), &crs()).expect("the city lies in its zone")
}

/// Blocks by the streets they lie on.
pub(crate) fn addresses(set: &BlockSet, index: &BlockIndex) -> AddressIndex {
    let table = hotblocks::ingest::shipped::file("street_words.csv").expect("shipped");
    let words = Words::parse(std::str::from_utf8(&table).expect("UTF-8")).expect("a table");
    AddressIndex::build(set, index, &words)
}

/// 10,000 polygons of 16 corners that cover the city and share their edges.
pub(crate) fn areas() -> Vec<Area> {
    const ROWS: u32 = 100;
    let cell = SIDE / f64::from(ROWS);
    let corner = |u: f64, v: f64| {
        let at = lonlat(plane(u + 9.0 * (v / 21.0).sin(), v + 9.0 * (u / 17.0).sin()));
        Coord { x: at.lon(), y: at.lat() }
    };
    let area = |k: u32| {
        let (u, v) = (f64::from(k % ROWS), f64::from(k / ROWS));
        let step = |s: u32| f64::from(s) / 4.0;
        let south = (0..4).map(|s| (u + step(s), v));
        let east = (0..4).map(|s| (u + 1.0, v + step(s)));
        let north = (0..4).map(|s| (u + 1.0 - step(s), v + 1.0));
        let west = (0..4).map(|s| (u, v + 1.0 - step(s)));
        let ring: Vec<Coord> =
            south.chain(east).chain(north).chain(west).map(|(u, v)| corner(u * cell, v * cell)).collect();
        Area { shape: MultiPolygon(vec![Polygon::new(LineString(ring), Vec::new())]), ..Area::default() }
    };
    (0..ROWS * ROWS).map(area).collect()
}

/// The first rows of the log; every row is the same whatever their number.
pub(crate) fn spots(n: usize) -> Vec<Spot> {
    let mut chance = Lcg(20_260_101);
    let hot: Vec<(f64, f64, f64)> =
        (0..60).map(|_| (chance.next() * SIDE, chance.next() * SIDE, 60.0 + 340.0 * chance.next())).collect();
    // Zipf: the k-th hot spot draws 1/k.
    let mut upto: Vec<f64> = (1..=60).map(|k| 1.0 / f64::from(k)).collect();
    for k in 1..upto.len() {
        upto[k] += upto[k - 1];
    }
    let mut rows: Vec<Spot> = Vec::with_capacity(n);
    for row in 0..n {
        let code = (chance.next() * CODES.len() as f64) as u8;
        // Every sixteenth row is a second victim of the row before.
        if row % 16 == 1 {
            rows.push(Spot { code, ..rows[row - 1] });
            continue;
        }
        let (u, v) = if chance.next() < 0.7 {
            let drawn = chance.next() * upto[59];
            let (u, v, spread) = hot[upto.partition_point(|&to| to < drawn).min(59)];
            (u + spread * chance.bell(), v + spread * chance.bell())
        } else {
            (chance.next() * SIDE, chance.next() * SIDE)
        };
        let complaint = u32::try_from(row).expect("at most a million rows");
        let minute = (chance.next() * MINUTES) as u32;
        rows.push(Spot {
            complaint,
            minute,
            code,
            ..address(u.clamp(0.0, SIDE), v.clamp(0.0, SIDE), &mut chance)
        });
    }
    rows
}

/// The address nearest to a place: a house, or a crossing for one in twenty.
fn address(u: f64, v: f64, chance: &mut Lcg) -> Spot {
    let nearest = |along: f64| (along / APART).round();
    let (row, col) = (nearest(v), nearest(u));
    let draw = chance.next();
    let nothing = Spot {
        at: Local::default(),
        complaint: 0,
        street: row as u16,
        house: 0,
        cross: 0,
        minute: 0,
        code: 0,
    };
    if draw < 0.05 {
        return Spot { at: plane(col * APART, row * APART), cross: STREETS + col as u16, ..nothing };
    }
    let side = if draw < 0.525 { SETBACK } else { -SETBACK };
    let house = |along: f64| ((along / HOUSE).round(), 100 + (along / HOUSE).round() as u16);
    if chance.next() < 0.5 {
        let (step, house) = house(u);
        Spot { at: plane(step * HOUSE, row * APART + side), house, ..nothing }
    } else {
        let (step, house) = house(v);
        Spot { at: plane(col * APART + side, step * HOUSE), street: STREETS + col as u16, house, ..nothing }
    }
}

/// Where the incidents lie.
pub(crate) fn places(n: usize) -> Vec<Local> {
    spots(n).into_iter().map(|spot| spot.at).collect()
}

impl Spot {
    fn address(&self) -> String {
        if self.house == 0 {
            format!("{} / {}", street_name(self.street), street_name(self.cross))
        } else {
            format!("{} {}", self.house, street_name(self.street))
        }
    }

    fn when(&self) -> Interval {
        Interval { from: BEGIN + i64::from(self.minute) * 60, seconds: 60, precision: Precision::Minute }
    }
}

/// The log as reports.
pub(crate) fn ledger(n: usize) -> Ledger {
    let tree = tree().expect("the tree ships");
    let crosswalk = Crosswalk::shipped("slmpd", &tree).expect("the crosswalk ships");
    let mut classes = Classes::over(tree.clone());
    let codes =
        CODES.map(|code| classes.intern(0, code, || crosswalk.class(code, &tree)).expect("twelve classes"));
    let mut reports = Reports::default();
    for spot in &spots(n) {
        let (id, address) = (format!("14-{:06}", spot.complaint), spot.address());
        reports.push(&Report {
            id: Some(&id),
            address: Some(&address),
            intersection: spot.house == 0,
            ..Report::plain(codes[usize::from(spot.code)], spot.when(), Place::At(lonlat(spot.at)))
        });
    }
    let zone = jiff::tz::TimeZone::get("America/Chicago").expect("the time zones ship");
    let sources = vec![Source::new("city", Unit::Victim, zone)];
    Ledger { sources, classes, reports, ..Ledger::default() }
}

/// The log as stored incidents, one a row.
pub(crate) fn incidents(n: usize) -> Incidents {
    let ledger = ledger(n);
    let stored = |(spot, report): (&Spot, Report<'_>)| Incident {
        source: 0,
        id: spot.complaint.to_string(),
        when: report.when,
        classes: vec![report.class],
        reports: 1,
        located: Located::Yes,
        mercator: lonlat(spot.at).into(),
        local: spot.at,
        address: report.address.map(Into::into),
        intersection: report.intersection,
        origin: report.origin,
        status: report.status,
    };
    Incidents::store(spots(n).iter().zip(ledger.reports.iter()).map(stored).collect())
}

/// The log as a file of the layout `slmpd`, in its feet.
pub(crate) fn csv(n: usize) -> String {
    const HEADER: &str = "Complaint,CodedMonth,DateOccur,FlagCrime,FlagUnfounded,FlagAdministrative,Count,FlagCleanup,Crime,District,Description,ILEADSAddress,ILEADSStreet,Neighborhood,LocationName,LocationComment,CADAddress,CADStreet,XCoord,YCoord\n";
    let feet = Crs::new("ESRI:102696").expect("PROJ knows Missouri");
    let rows = spots(n);
    let rows: Vec<String> = rows
        .par_iter()
        .map(|spot| {
            let day = jiff::civil::date(2014, 1, 1) + jiff::Span::new().days(i64::from(spot.minute / 1440));
            let at = feet.to_local(lonlat(spot.at)).expect("the city lies in Missouri");
            let street = if spot.house == 0 { spot.address() } else { street_name(spot.street) };
            let (hour, minute) = (spot.minute / 60 % 24, spot.minute % 60);
            format!(
                "14-{:06},{}-{:02},{:02}/{:02}/{} {hour:02}:{minute:02},Y, , ,1, ,{},3,DESCRIPTION OF THE OFFENSE,{},{street},15, , ,0,{street},{:.1},{:.1}",
                spot.complaint, day.year(), day.month(), day.month(), day.day(), day.year(), CODES[usize::from(spot.code)], spot.house, at.x, at.y
            )
        })
        .collect();
    let mut text = HEADER.to_owned();
    for row in rows {
        writeln!(text, "{row}").expect("a string takes all");
    }
    text
}
