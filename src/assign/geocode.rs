//! Places from addresses: along a street's house numbers, in the middle of its hundred-block, or where two streets meet.

use geo::{Coord, Euclidean, Length, LineString};

use crate::index::names::{NameIndex, SHORTEST_BEGINNING};
use crate::model::address::{Address, StreetName};
use crate::model::house_numbers::{Fit, Numbers, Sides};
use crate::model::street_words::Words;
use crate::model::streets::{Street, StreetUse};
use crate::space::bbox::LocalBox;
use crate::space::coord::{Local, LonLat, Metres};
use crate::space::crs::Crs;

/// How far a house lies from the middle line of its street.
pub const SETBACK: Metres = Metres(12.0);

/// Two streets that do not touch meet if they come this near: a bridge, a ramp, a gap in the file.
const MEET: Metres = Metres(60.0);

/// Answers farther apart than this are two places, and the address has none.
const ONE_PLACE: Metres = Metres(300.0);

/// How a place was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// Between the house numbers of a street's piece, on the side of its odd or even numbers.
    Range,
    /// The middle of a hundred-block.
    Hundred,
    /// Where two streets meet.
    Intersection,
}

impl Method {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Range, Self::Hundred, Self::Intersection];

    /// As it stands in results.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Range => "range",
            Self::Hundred => "hundred",
            Self::Intersection => "intersection",
        }
    }
}

/// A place that was found from an address.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Geocoded {
    /// In the local plane.
    pub at: Local,
    /// On the globe.
    pub lonlat: LonLat,
    /// How it was found.
    pub method: Method,
}

/// Streets with their house numbers, by name.
#[derive(Clone, Debug)]
pub struct Geocoder {
    crs: Crs,
    words: Words,
    names: NameIndex,
    /// By the position of the name.
    lines: Vec<Vec<Line>>,
}

#[derive(Clone, Debug)]
struct Line {
    places: Vec<Local>,
    length: f64,
    numbers: Sides,
    bounds: LocalBox,
}

/// The part of a hundred-block that lies on one line.
struct InHundred {
    /// How far its nearest number is from the middle one.
    off: u32,
    /// Numbers between the ends of its side.
    width: u32,
    /// Where the nearest number lies.
    at: Local,
    /// Where its lowest and highest number of the hundred lie.
    ends: [Local; 2],
}

/// Wider than this beside a narrower one is a slip of the file: 3437 to 6459 for 6437 to 6459.
fn slip(narrowest: u32) -> u32 {
    2 * narrowest.max(100)
}

impl Geocoder {
    /// Takes the streets of a file, closed ones too, since addresses name their crossings. Time O(n log n).
    ///
    /// A street too far from the area of the local CRS is left out: no incident of the data set lies there.
    #[must_use]
    pub fn new(streets: &[Street], crs: &Crs, words: &Words) -> Self {
        let mut names = NameIndex::default();
        let mut lines: Vec<Vec<Line>> = Vec::new();
        for street in streets {
            let Some(name) = StreetName::parse(&street.name, words) else { continue };
            let places: Result<Vec<_>, _> = street.line.iter().map(|&at| crs.to_local(at)).collect();
            let Ok(places) = places else { continue };
            let Some(bounds) = LocalBox::around(places.iter().copied()) else { continue };
            let at = names.add(name) as usize;
            lines.resize_with(names.len(), Vec::new);
            let length = Euclidean.length(&places.iter().map(|&at| Coord::from(at)).collect::<LineString>());
            let numbers = if street.used_as == StreetUse::Closed { Sides::default() } else { street.numbers };
            lines[at].push(Line { places, length, numbers, bounds });
        }
        names.finish();
        Self { crs: crs.clone(), words: words.clone(), names, lines }
    }

    /// The places of rows without one, by their addresses; those of sensitive classes are never looked up.
    ///
    /// `rows` gives a position and an address, `sensitive` says of a position whether its class is
    /// one whose place may be kept back on purpose (counting.md 6).
    pub fn geocode<'a>(
        &'a self,
        rows: impl Iterator<Item = (usize, &'a str)> + 'a,
        sensitive: impl Fn(usize) -> bool + 'a,
    ) -> impl Iterator<Item = (usize, Geocoded)> + 'a {
        rows.filter(move |&(row, _)| !sensitive(row))
            .filter_map(|(row, address)| Some((row, self.locate(address)?)))
    }

    /// The place of an address; `None` if its street is not known, or where it lies is not clear.
    ///
    /// | address | place |
    /// |---|---|
    /// | house | between the house numbers of its street, [`SETBACK`] off the middle line on its side; one between none has no place |
    /// | hundred-block | its middle |
    /// | crossing | where the streets meet, the middle of the places if they lie within 300 m |
    /// | street alone | none |
    ///
    /// A place is given only if all that fits equally well lies within 300 m. Time O(1) for a house
    /// number, O(vertices of both streets) for a crossing.
    #[must_use]
    pub fn locate(&self, address: &str) -> Option<Geocoded> {
        let (at, method) = match Address::parse(address, &self.words)? {
            Address::House(number, street) => self.house(number, &street),
            Address::Hundred(number, street) => self.hundred(number, &street),
            Address::Crossing(a, b) => self.crossing(&a, &b).map(|at| (at, Method::Intersection)),
            Address::Street(_) => None,
        }?;
        Some(Geocoded { at, lonlat: self.crs.from_local(at).ok()?, method })
    }

    fn house(&self, number: u32, street: &StreetName) -> Option<(Local, Method)> {
        let exact = self.names.find(street, SHORTEST_BEGINNING, |names| {
            [Fit::Side, Fit::Span].into_iter().find_map(|fit| {
                let fitting = || self.of(names).filter(|line| line.numbers.fit(number) == Some(fit));
                let narrowest = fitting().filter_map(|line| line.numbers.width(number)).min()?;
                let narrow = |line: &&Line| line.numbers.width(number) <= Some(slip(narrowest));
                one_place(fitting().filter(narrow).map(|line| line.house(number)).collect())
            })
        });
        exact.map(|at| (at, Method::Range))
    }

    fn hundred(&self, number: u32, street: &StreetName) -> Option<(Local, Method)> {
        let middle = self.names.find(street, SHORTEST_BEGINNING, |names| {
            let in_hundred = |line: &Line| line.in_hundred(number / 100 * 100);
            let mut places: Vec<InHundred> = self.of(names).filter_map(in_hundred).collect();
            let narrowest = places.iter().map(|p| p.width).min()?;
            places.retain(|p| p.width <= slip(narrowest));
            one_place(places.iter().flat_map(|p| p.ends).collect())?;
            let nearest = places.iter().map(|p| p.off).min()?;
            one_place(places.into_iter().filter(|p| p.off == nearest).map(|p| p.at).collect())
        });
        middle.map(|at| (at, Method::Hundred))
    }

    fn crossing(&self, a: &StreetName, b: &StreetName) -> Option<Local> {
        // One letter is enough where the street must meet the other.
        self.names.find(a, 1, |first| {
            self.names.find(b, 1, |second| {
                let mut places = Vec::new();
                for a in self.of(first) {
                    places.extend(self.of(second).filter_map(|b| a.meets(b)));
                }
                let least = places.iter().map(|(far, _)| *far).min_by(f64::total_cmp)?;
                one_place(places.into_iter().filter(|(far, _)| *far <= least + 1.0).map(|p| p.1).collect())
            })
        })
    }

    fn of<'a>(&'a self, names: &'a [u32]) -> impl Iterator<Item = &'a Line> + 'a {
        names.iter().flat_map(|&name| &self.lines[name as usize])
    }
}

impl Line {
    fn house(&self, number: u32) -> Local {
        let sides = [(self.numbers.left, 1.0), (self.numbers.right, -1.0)];
        let on = |fits: fn(Numbers, u32) -> bool| {
            sides.into_iter().find_map(|(side, sign)| Some((side.filter(|&s| fits(s, number))?, sign)))
        };
        match on(Numbers::has) {
            Some((side, sign)) => self.along(side.along(number), sign * SETBACK.0),
            None => on(Numbers::span)
                .map_or_else(|| self.along(0.5, 0.0), |(s, _)| self.along(s.along(number), 0.0)),
        }
    }

    /// Where its numbers of a hundred come nearest to the hundred's middle.
    fn in_hundred(&self, hundred: u32) -> Option<InHundred> {
        let middle = hundred.saturating_add(50);
        let of = |side: Numbers| {
            let (low, high) = (side.lowest().max(hundred), side.highest().min(hundred.saturating_add(99)));
            let place = |number: u32| self.along(side.along(number), 0.0);
            (low <= high).then(|| InHundred {
                off: middle.clamp(low, high).abs_diff(middle),
                width: side.highest() - side.lowest(),
                at: place(middle.clamp(low, high)),
                ends: [place(low), place(high)],
            })
        };
        self.numbers.all().filter_map(of).min_by_key(|place| place.off)
    }

    /// The place at a fraction of the length, so many metres to the left.
    fn along(&self, fraction: f64, left: f64) -> Local {
        let mut rest = fraction * self.length;
        for way in self.places.windows(2) {
            let (a, b) = (way[0], way[1]);
            let long = a.distance(b).0;
            if rest <= long && long > 0.0 {
                let (ux, uy) = ((b.x - a.x) / long, (b.y - a.y) / long);
                return Local { x: a.x + ux * rest - uy * left, y: a.y + uy * rest + ux * left };
            }
            rest -= long;
        }
        self.places[self.places.len() - 1]
    }

    /// How near two lines come within [`MEET`], and where, half way between.
    fn meets(&self, other: &Self) -> Option<(f64, Local)> {
        let apart = |a: &LocalBox, b: &LocalBox| {
            a.min.x > b.max.x + MEET.0
                || b.min.x > a.max.x + MEET.0
                || a.min.y > b.max.y + MEET.0
                || b.min.y > a.max.y + MEET.0
        };
        if apart(&self.bounds, &other.bounds) {
            return None;
        }
        let mut best: Option<(f64, Local)> = None;
        for p in self.places.windows(2) {
            for q in other.places.windows(2) {
                let (far, at) = nearest([p[0], p[1]], [q[0], q[1]]);
                if far <= MEET.0 && best.is_none_or(|(least, _)| far < least) {
                    best = Some((far, at));
                }
            }
        }
        best
    }
}

/// How near two straight lines come, and the place half way between.
fn nearest(p: [Local; 2], q: [Local; 2]) -> (f64, Local) {
    if let Some(at) = crossing(p, q) {
        return (0.0, at);
    }
    let ends = [(p[0], q), (p[1], q), (q[0], p), (q[1], p)];
    ends.into_iter()
        .map(|(end, line)| {
            let foot = foot(end, line);
            (end.distance(foot).0, Local { x: end.x.midpoint(foot.x), y: end.y.midpoint(foot.y) })
        })
        .min_by(|a, b| a.0.total_cmp(&b.0))
        .expect("there are four ends")
}

/// The place of a straight line that is nearest to another place.
fn foot(to: Local, [a, b]: [Local; 2]) -> Local {
    let (dx, dy) = (b.x - a.x, b.y - a.y);
    let long2 = dx * dx + dy * dy;
    let t = if long2 > 0.0 { ((to.x - a.x) * dx + (to.y - a.y) * dy) / long2 } else { 0.0 };
    let t = t.clamp(0.0, 1.0);
    Local { x: a.x + t * dx, y: a.y + t * dy }
}

/// Where two straight lines cross.
fn crossing(p: [Local; 2], q: [Local; 2]) -> Option<Local> {
    let (px, py) = (p[1].x - p[0].x, p[1].y - p[0].y);
    let (qx, qy) = (q[1].x - q[0].x, q[1].y - q[0].y);
    let det = px * qy - py * qx;
    if det == 0.0 {
        return None;
    }
    let (dx, dy) = (q[0].x - p[0].x, q[0].y - p[0].y);
    let (t, u) = ((dx * qy - dy * qx) / det, (dx * py - dy * px) / det);
    let inside = (0.0..=1.0).contains(&t) && (0.0..=1.0).contains(&u);
    inside.then(|| Local { x: p[0].x + t * px, y: p[0].y + t * py })
}

/// The middle of places in a box no longer than [`ONE_PLACE`] from corner to corner.
fn one_place(places: Vec<Local>) -> Option<Local> {
    let bounds = LocalBox::around(places.iter().copied())?;
    let n = places.len() as f64;
    (bounds.min.distance(bounds.max).0 <= ONE_PLACE.0).then(|| Local {
        x: places.iter().map(|at| at.x).sum::<f64>() / n,
        y: places.iter().map(|at| at.y).sum::<f64>() / n,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEST: f64 = 700_000.0;
    const SOUTH: f64 = 4_280_000.0;

    /// Minerva Ave runs east from 5900 to 6098 over 200 m, Oak St crosses it at its middle.
    fn geocoder() -> Geocoder {
        let crs = Crs::new("EPSG:32615").expect("UTM");
        let words = Words::parse(include_str!("../../data/street_words.csv")).expect("shipped");
        let street = |name: &str, ends: [(f64, f64); 2], numbers| Street {
            name: name.into(),
            numbers,
            line: ends
                .iter()
                .map(|&(x, y)| crs.from_local(Local { x: WEST + x, y: SOUTH + y }).expect("in the zone"))
                .collect(),
            ..Street::default()
        };
        let sides = Sides { left: Some(Numbers::new(5900, 6098)), right: Some(Numbers::new(5901, 6099)) };
        let slip = Sides { left: Some(Numbers::new(5901, 9099)), right: None };
        let none = Sides::default();
        let far = LonLat::new(-3.0, 0.0).expect("on the globe");
        let streets = [
            street("MINERVA AVE", [(0., 0.), (200., 0.)], sides),
            street("MINERVA AVE", [(5000., 0.), (5100., 0.)], slip),
            street("OAK ST", [(100., -300.), (100., 300.)], none),
            Street { used_as: StreetUse::Closed, ..street("Interstate 70", [(0., 50.), (300., 50.)], none) },
            street("SELBER CT", [(0., 900.), (80., 900.)], none),
            Street { name: "FAR RD".into(), numbers: sides, line: vec![far, far], ..Street::default() },
        ];
        Geocoder::new(&streets, &crs, &words)
    }

    #[track_caller]
    fn check(address: &str, expected: Option<(f64, f64, Method)>) {
        let found = geocoder().locate(address);
        let rounded = |at: Local| ((at.x - WEST).round(), (at.y - SOUTH).round());
        let found = found.map(|g| (rounded(g.at).0, rounded(g.at).1, g.method));
        assert_eq!(found, expected, "{address}");
    }

    #[test]
    fn a_house_lies_along_the_numbers_on_its_side_of_the_street() {
        check("5950 MINERVA AVE", Some((51., 12., Method::Range)));
        check("5951 MINERVA", Some((51., -12., Method::Range)));
        check("5950 MINERVA BLVD", Some((51., 12., Method::Range)));
        check("7000 MINERVA AVE", Some((5034., 0., Method::Range)));
        for nowhere in ["12 NOWHERE AVE", "5900 FAR RD", "5899 MINERVA AVE", "12 SELBER CT", "MINERVA AVE"] {
            check(nowhere, None);
        }
    }

    #[test]
    fn a_hundred_block_has_its_middle_and_a_crossing_its_corner() {
        check("60XX MINERVA AVE", Some((152., 0., Method::Hundred)));
        check("OAK ST / MINERVA AVE", Some((100., 0., Method::Intersection)));
        check("I 70 EASTBOUND / OAK", Some((100., 50., Method::Intersection)));
        check("MINERVA AVE / SELBER CT", None);
    }

    #[test]
    fn what_is_sensitive_is_never_looked_up() {
        let geocoder = geocoder();
        let rows = [(0, "5950 MINERVA AVE"), (1, "5952 MINERVA AVE"), (2, "X"), (3, "5954 MINERVA AVE")];
        let found: Vec<usize> = geocoder.geocode(rows.into_iter(), |row| row == 1).map(|f| f.0).collect();
        assert_eq!(found, [0, 3]);
    }
}
