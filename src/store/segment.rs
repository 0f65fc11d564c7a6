//! Reports of one transaction as bytes, with their keys: rows of fixed size, then texts.

use super::bytes::{Put, Take, Torn};
use crate::model::class::ClassId;
use crate::model::period::{Interval, Precision};
use crate::model::report::{Day, Origin, Place, Report, Sign, Status};
use crate::model::reports::Reports;
use crate::space::coord::LonLat;
use hashbrown::HashMap;

/// The most reports of one segment: what is read, checked and rewritten at once.
pub(super) const MOST_ROWS: usize = 1 << 15;

/// The form of the bytes.
const FORM: u8 = 1;
/// Bytes of a row.
const ROW: usize = 76;

const STATUSES: [Status; 3] = [Status::Confirmed, Status::Unreviewed, Status::Withdrawn];
const TAKES_BACK: u8 = 1;
const INTERSECTION: u8 = 2;
const RECORDED: u8 = 4;
const PLACED: u8 = 8;
const WITHHELD: u8 = 16;
const ADDRESSED: u8 = 32;
const NAMED: u8 = 64;

/// Reports in the store's numbering, with the key of each.
#[derive(Clone, Debug, Default)]
pub(super) struct Segment {
    pub(super) keys: Vec<u128>,
    pub(super) reports: Reports,
}

impl Segment {
    pub(super) fn push(&mut self, key: u128, report: &Report<'_>) {
        self.keys.push(key);
        self.reports.push(report);
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    /// The bytes.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut put = Put(Vec::with_capacity(self.len() * (ROW + 24) + 64));
        put.u8(FORM);
        put.len(self.len());
        let mut addresses: HashMap<&str, u32> = HashMap::new();
        let mut texts: Vec<&str> = Vec::new();
        for (key, report) in self.keys.iter().zip(self.reports.iter()) {
            let address = report.address.map(|text| {
                *addresses.entry(text).or_insert_with(|| {
                    texts.push(text);
                    u32::try_from(texts.len() - 1).expect("fewer addresses than rows")
                })
            });
            row(&mut put, *key, &report, address);
        }
        put.list(&texts, |put, text| put.text(text));
        self.reports.iter().filter_map(|report| report.id).for_each(|id| put.text(id));
        put.0
    }

    /// What [`Segment::encode`] wrote.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, Torn> {
        let mut take = Take(bytes);
        if take.u8()? != FORM {
            return Err(Torn);
        }
        let n = take.len()?;
        let rows = take.bytes(n.checked_mul(ROW).ok_or(Torn)?)?;
        let texts = take.list(Take::text)?;
        let mut segment = Self { keys: Vec::with_capacity(n), reports: Reports::over(&texts).ok_or(Torn)? };
        for bytes in rows.chunks_exact(ROW) {
            let (key, mut report, address) = unrow(&mut Take(bytes))?;
            if address.is_some_and(|at| at as usize >= texts.len()) {
                return Err(Torn);
            }
            if report.id.is_some() {
                report.id = Some(take.text()?).filter(|id| !id.is_empty());
                report.id.ok_or(Torn)?;
            }
            segment.keys.push(key);
            segment.reports.push_addressed(&report, address);
        }
        take.end()?;
        Ok(segment)
    }
}

/// One row; its texts lie elsewhere.
fn row(put: &mut Put, key: u128, report: &Report<'_>, address: Option<u32>) {
    let (placed, lon, lat) = match report.place {
        Place::At(at) => (PLACED, at.lon(), at.lat()),
        Place::Missing => (0, 0.0, 0.0),
        Place::Withheld => (WITHHELD, 0.0, 0.0),
    };
    let bit = |set: bool, bit: u8| if set { bit } else { 0 };
    put.u128(key);
    put.i64(report.when.from);
    put.f64(lon);
    put.f64(lat);
    put.i64(report.revision);
    put.u32(report.line);
    put.u32(report.when.seconds);
    put.u32(report.recorded.map_or(0, |day| day.0.cast_unsigned()));
    put.u32(address.unwrap_or(0));
    put.u16(report.file);
    put.u16(report.source);
    put.u16(report.class.0);
    put.u8(place_of(&Precision::ALL, report.when.precision));
    put.u8(place_of(&STATUSES, report.status));
    put.u8(place_of(&Origin::ALL, report.origin));
    put.u8(placed
        | bit(report.sign == Sign::TakesBack, TAKES_BACK)
        | bit(report.intersection, INTERSECTION)
        | bit(report.recorded.is_some(), RECORDED)
        | bit(address.is_some(), ADDRESSED)
        | bit(report.id.is_some(), NAMED));
    // Room for what rows may have to hold one day.
    put.u16(0);
}

/// Key, report and number of its address; of an id only that there is one.
fn unrow(take: &mut Take<'_>) -> Result<(u128, Report<'static>, Option<u32>), Torn> {
    let key = take.u128()?;
    let from = take.i64()?;
    let (lon, lat) = (take.f64()?, take.f64()?);
    let (revision, line, seconds) = (take.i64()?, take.u32()?, take.u32()?);
    let (recorded, address) = (take.u32()?, take.u32()?);
    let (file, source, class) = (take.u16()?, take.u16()?, ClassId(take.u16()?));
    let precision = *Precision::ALL.get(usize::from(take.u8()?)).ok_or(Torn)?;
    let status = *STATUSES.get(usize::from(take.u8()?)).ok_or(Torn)?;
    let origin = *Origin::ALL.get(usize::from(take.u8()?)).ok_or(Torn)?;
    let bits = take.u8()?;
    let has = |bit: u8| bits & bit != 0;
    let place = match (has(PLACED), has(WITHHELD)) {
        (true, _) => Place::At(LonLat::new(lon, lat).map_err(|_| Torn)?),
        (false, true) => Place::Withheld,
        (false, false) => Place::Missing,
    };
    let report = Report {
        source,
        file,
        line,
        id: has(NAMED).then_some(""),
        revision,
        status,
        sign: if has(TAKES_BACK) { Sign::TakesBack } else { Sign::Adds },
        class,
        origin,
        when: Interval { from, seconds, precision },
        recorded: has(RECORDED).then_some(Day(recorded.cast_signed())),
        place,
        address: None,
        intersection: has(INTERSECTION),
    };
    Ok((key, report, has(ADDRESSED).then_some(address)))
}

fn place_of<T: PartialEq>(all: &[T], one: T) -> u8 {
    let at = all.iter().position(|each| *each == one).expect("the list has all there are");
    u8::try_from(at).expect("few")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Segment {
        let when = Interval { from: -5, seconds: 60, precision: Precision::Range };
        let at = Place::At(LonLat::new(-90.123_456_789_012_34, 38.0).expect("on the globe"));
        let plain = Report::plain(ClassId(1), when, at);
        let rows = [
            Report { id: Some("ä-1"), address: Some("1 A ST"), recorded: Some(Day(-3)), ..plain },
            Report { place: Place::Withheld, sign: Sign::TakesBack, revision: i64::MIN, ..plain },
            Report { place: Place::Missing, status: Status::Withdrawn, line: u32::MAX, ..plain },
            Report { address: Some("1 A ST"), origin: Origin::Sensor, source: 7, file: 9, ..plain },
            Report { id: Some("b"), intersection: true, address: Some("2 B ST"), ..plain },
        ];
        let mut segment = Segment::default();
        rows.iter().zip(1 << 90..).for_each(|(report, key)| segment.push(key, report));
        segment
    }

    #[test]
    fn a_segment_comes_back_as_it_was() {
        let segment = all();
        let bytes = segment.encode();
        let again = Segment::decode(&bytes).expect("whole");
        assert_eq!(again.keys, segment.keys);
        let told = |s: &Segment| s.reports.iter().map(|r| format!("{r:?}")).collect::<Vec<_>>();
        assert_eq!(told(&again), told(&segment));
        assert_eq!(again.encode(), bytes);
        assert_eq!(Segment::decode(&Segment::default().encode()).map(|s| s.len()), Ok(0));
    }

    #[test]
    fn bytes_that_are_cut_or_go_on_are_refused_without_a_panic() {
        let bytes = all().encode();
        for n in 0..bytes.len() {
            assert!(Segment::decode(&bytes[..n]).is_err(), "{n}");
            let mut flipped = bytes.clone();
            flipped[n] ^= 0x80;
            let _whatever = Segment::decode(&flipped);
        }
        let mut more = bytes;
        more.push(0);
        assert!(Segment::decode(&more).is_err());
    }
}
