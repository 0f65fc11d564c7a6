//! What must hold for every outreach list: stays, capacity, reasons and bytes over long sequences of reviews; distances of a brief.

use crate::cases;

use std::collections::{BTreeMap, BTreeSet};

use cases::cases;
use geo::{Geometry, LineString};
use hotblocks::analysis::chance::Chance;
use hotblocks::encode::list_file;
use hotblocks::plan::outreach::brief::{Happening, near_blocks};
use hotblocks::plan::outreach::check::check;
use hotblocks::plan::outreach::reason::{Change, reason};
use hotblocks::plan::outreach::register::{Capacity, Made, Register, Rules, Status, Version, months_later};
use hotblocks::plan::outreach::review::{Candidate, ReviewError, review};
use hotblocks::space::coord::Local;
use jiff::ToSpan;
use jiff::civil::{Date, date};
use proptest::prelude::*;

/// What happens at one review: months since the last, the chances, the capacity, and whether a block is asked about at all.
#[derive(Clone, Debug)]
struct Round {
    months: u32,
    named: bool,
    chances: Vec<(u32, bool, bool)>,
    capacity: u32,
}

const BLOCKS: usize = 12;

fn rounds() -> impl Strategy<Value = Vec<Round>> {
    let chances =
        prop::collection::vec((0..=20_u32, prop::bool::weighted(0.9), prop::bool::weighted(0.9)), BLOCKS);
    let round = (1..14_u32, any::<bool>(), chances, 1..9_u32);
    prop::collection::vec(
        round.prop_map(|(months, named, chances, capacity)| Round { months, named, chances, capacity }),
        2..24,
    )
}

fn rules() -> impl Strategy<Value = (Rules, bool)> {
    (0..=4_u32, 1..9_u32, 12..20_u32, 1..20_u32, any::<bool>()).prop_map(
        |(bonus, review_months, stay_months, aftercare_months, households)| {
            let rules = Rules {
                capacity: Capacity::Blocks(1),
                bonus: f64::from(bonus) / 10.0,
                review_months,
                stay_months,
                aftercare_months,
            };
            (rules, households)
        },
    )
}

fn candidates(round: &Round) -> Vec<Candidate> {
    let all = (0..).zip(&round.chances).filter(|(_, (.., asked))| *asked);
    all.map(|(order, &(p, incidents, _))| Candidate {
        block: format!("b{order:02}"),
        name: format!("Block {order}"),
        order,
        p: f64::from(p) / 20.0,
        score: f64::from(p % 7),
        latest: incidents.then_some(i64::from(p % 3)),
        households: (order % 5 != 4).then_some(f64::from(order * 7 % 23)),
    })
    .collect()
}

/// Holds all reviews that can be held; a capacity that is too small is raised to what must stay.
fn run(rounds: &[Round], rules: &Rules, households: bool, shuffle: Option<u64>) -> Register {
    let mut on = date(2020, 1, 31);
    let mut list = Register { block_set: "segments".into(), n_blocks: BLOCKS, ..Register::default() };
    for (at, round) in rounds.iter().enumerate() {
        let mut all = candidates(round);
        if let Some(seed) = shuffle {
            Chance::new(seed, at as u64).shuffle(&mut all);
        }
        on = months_later(on, round.months);
        let unit = |n| if households { Capacity::Households(n) } else { Capacity::Blocks(n) };
        let mut rules = Rules { capacity: unit(round.capacity * if households { 9 } else { 1 }), ..*rules };
        let made = Made { top_n: 3, period: "2019-01-01/2019-12-31".into(), ..Made::default() };
        let named = round.named.then_some("extraordinary");
        let hold = |rules: &Rules| review(list.versions.last(), &all, rules, &made, on, named);
        let next = match hold(&rules) {
            Err(ReviewError::Capacity { needed, .. }) => {
                rules.capacity = unit(u32::try_from(needed).expect("few"));
                hold(&rules)
            }
            next => next,
        };
        match next {
            Ok(version) => list.versions.push(version),
            Err(ReviewError::NotDue { due, .. }) => assert!(due > on && !round.named),
            Err(ReviewError::NoHouseholds) => assert!(households),
            Err(error) => panic!("{error}"),
        }
    }
    list
}

fn assigned(version: &Version) -> BTreeSet<&str> {
    version.assigned().map(|entry| entry.block.as_str()).collect()
}

proptest! {
    #![proptest_config(cases(256, 71))]

    #[test]
    fn an_assigned_block_stays_its_months_and_the_capacity_is_never_exceeded((rules, households) in rules(), rounds in rounds()) {
        let list = run(&rounds, &rules, households, None);
        let mut since: BTreeMap<&str, Date> = BTreeMap::new();
        for version in &list.versions {
            prop_assert!(version.taken() <= u64::from(version.rules.capacity.amount()));
            let now = assigned(version);
            for (block, from) in since.clone() {
                if !now.contains(block) {
                    prop_assert!(months_later(from, rules.stay_months) <= version.date, "{block} left early");
                    // Never straight off the list.
                    let entry = version.entry(block).expect("in aftercare");
                    prop_assert_eq!((entry.status(), entry.change), (Status::Aftercare, Change::ToAftercare));
                    since.remove(block);
                }
            }
            for block in now {
                since.entry(block).or_insert(version.date);
            }
        }
    }

    #[test]
    fn nobody_comes_or_goes_without_a_reason((rules, households) in rules(), rounds in rounds()) {
        let list = run(&rounds, &rules, households, None);
        if list.versions.is_empty() {
            return Ok(());
        }
        // The check of a file knows the rules in another way: by dates and the version before alone.
        prop_assert_eq!(check(&list), Ok(()));
        for pair in list.versions.windows(2) {
            let ids = |version: &Version| -> BTreeSet<String> {
                version.entries.iter().map(|entry| entry.block.clone()).collect()
            };
            let (before, after) = (ids(&pair[0]), ids(&pair[1]));
            let left: BTreeSet<String> = pair[1].left.iter().map(|entry| entry.block.clone()).collect();
            prop_assert_eq!(before.difference(&after).cloned().collect::<BTreeSet<_>>(), left);
            for entry in pair[1].entries.iter().chain(&pair[1].left) {
                prop_assert!(reason(&pair[1], entry).ends_with('.'));
                let new = !before.contains(&entry.block);
                prop_assert_eq!(new, entry.change == Change::Entered, "{:?}", entry);
            }
        }
    }

    #[test]
    fn the_same_input_in_any_order_gives_the_same_bytes_and_a_file_comes_back((rules, households) in rules(), rounds in rounds(), seed in any::<u64>()) {
        let list = run(&rounds, &rules, households, None);
        let text = list_file::write(&list);
        prop_assert_eq!(&text, &list_file::write(&run(&rounds, &rules, households, Some(seed))));
        if !list.versions.is_empty() {
            prop_assert_eq!(list_file::read(&text).expect("what was written"), list);
        }
    }

    #[test]
    fn whoever_is_left_out_has_no_more_than_whoever_entered((rules, _) in rules(), rounds in rounds()) {
        let round = &rounds[0];
        let list = run(&rounds[..1], &rules, false, None);
        let Some(first) = list.versions.first() else { return Ok(()) };
        let on = assigned(first);
        let least = first.assigned().filter_map(|entry| entry.p).fold(1.0, f64::min);
        let full = on.len() == round.capacity as usize;
        for c in candidates(round).iter().filter(|c| c.latest.is_some() && !on.contains(c.block.as_str())) {
            prop_assert!(full && c.p <= least, "{} with {} is left out", c.block, c.p);
        }
    }

    #[test]
    fn a_brief_counts_what_plain_geometry_counts(
        places in prop::collection::vec((-300..300_i32, -300..300_i32, 0..5_u32, 0..3_u8), 0..60),
        streets in prop::collection::vec((-200..200_i32, -200..200_i32, -200..200_i32, -200..200_i32), 1..5),
    ) {
        let shapes: Vec<Geometry> = streets
            .iter()
            .map(|&(a, b, c, d)| LineString::from(vec![(f64::from(a), f64::from(b)), (f64::from(c), f64::from(d))]).into())
            .collect();
        let happenings: Vec<Happening> = places
            .iter()
            .map(|&(x, y, block, age)| Happening {
                at: Some(Local { x: f64::from(x), y: f64::from(y) }),
                block: (block > 0).then_some(block),
                recent: [age == 0, age < 2],
            })
            .collect();
        let units: Vec<(Option<u32>, &Geometry)> = (1..).map(Some).zip(&shapes).collect();
        let found = near_blocks(&units, &happenings);
        for ((unit, near), &(a, b, c, d)) in (1..).zip(&found).zip(&streets) {
            let mut expected = [[0; 2]; 3];
            for happening in &happenings {
                let at = happening.at.expect("given");
                let far = to_segment((at.x, at.y), (f64::from(a), f64::from(b)), (f64::from(c), f64::from(d)));
                // Whole metres do not fall between the two ways to compute a distance.
                let band = if happening.block == Some(unit) || far <= 0.01 { 0 }
                    else if far <= 60.96 { 1 } else if far <= 121.92 { 2 } else { continue };
                for (days, recent) in happening.recent.into_iter().enumerate() {
                    expected[band][days] += u32::from(recent);
                }
            }
            prop_assert_eq!(near.by_band, expected);
            let sum = |days: usize| expected.iter().map(|band| band[days]).sum::<u32>();
            prop_assert_eq!(near.counts, [sum(0), sum(1)]);
            let by_block: u32 = near.by_block.iter().map(|(.., counts)| counts[1]).sum();
            prop_assert_eq!(by_block, near.counts[1]);
        }
    }
}

/// The distance of a place to a straight street, by the foot of the perpendicular.
fn to_segment(p: (f64, f64), a: (f64, f64), b: (f64, f64)) -> f64 {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let length = dx * dx + dy * dy;
    let t =
        if length == 0.0 { 0.0 } else { (((p.0 - a.0) * dx + (p.1 - a.1) * dy) / length).clamp(0.0, 1.0) };
    (p.0 - a.0 - t * dx).hypot(p.1 - a.1 - t * dy)
}

/// How many blocks enter over eleven years of half-yearly reviews of a city that does not change: only chances are noisy.
fn entries(bonus: f64, city: u64) -> usize {
    let mut chance = Chance::new(5, city);
    let truth: Vec<f64> = (0..60).map(|_| 0.2 + 0.6 * chance.unit()).collect();
    let rules = Rules { bonus, ..Rules::of(Capacity::Blocks(12)) };
    let mut versions: Vec<Version> = Vec::new();
    let mut entered = 0;
    for half_year in 0..22 {
        let noisy = |p: f64, chance: &mut Chance| (p + 0.3 * (chance.unit() - 0.5)).clamp(0.0, 1.0);
        let all: Vec<Candidate> = (0..)
            .zip(&truth)
            .map(|(order, &p)| {
                let p = noisy(p, &mut chance);
                Candidate {
                    block: format!("b{order:02}"),
                    name: String::new(),
                    order,
                    p,
                    score: p,
                    latest: Some(0),
                    households: None,
                }
            })
            .collect();
        let on = date(2010, 1, 1).checked_add((6 * half_year).months()).expect("a date");
        let version = review(versions.last(), &all, &rules, &Made { top_n: 12, ..Made::default() }, on, None);
        let version = version.expect("due");
        let new = |change: Change| matches!(change, Change::Entered | Change::Returned);
        entered += version.entries.iter().filter(|entry| new(entry.change)).count();
        versions.push(version);
    }
    entered - 12
}

#[test]
fn noise_alone_does_not_churn_a_list_with_a_bonus() {
    let cities = 0..40;
    let of = |bonus: f64| -> Vec<usize> { cities.clone().map(|city| entries(bonus, city)).collect() };
    let (none, usual) = (of(0.0), of(Rules::BONUS));
    assert!(none.iter().zip(&usual).all(|(none, usual)| usual <= none), "{none:?} {usual:?}");
    let sum = |all: &[usize]| all.iter().sum::<usize>();
    assert!(4 * sum(&usual) < sum(&none), "{} with the bonus, {} without", sum(&usual), sum(&none));
}
