//! A block's record counted again from the incident columns, by plain loops and the calendar of `jiff`.

use std::collections::{BTreeMap, BTreeSet};

use hotblocks::engine::snapshot::Snapshot;
use hotblocks::model::address::Address;
use hotblocks::model::block::BlockId;
use hotblocks::model::category::Flags;
use hotblocks::model::dataset::Dataset;
use hotblocks::model::period::Period;
use hotblocks::model::report::Status;
use jiff::Zoned;

/// The incidents that are asked for.
#[derive(Clone, Copy)]
pub(crate) struct Asked {
    pub(crate) period: Option<Period>,
    pub(crate) gun: bool,
}

/// What one block has.
#[derive(Clone, Default)]
pub(crate) struct Recounted {
    pub(crate) n: usize,
    pub(crate) latest: i64,
    pub(crate) gun: usize,
    pub(crate) shootings: usize,
    pub(crate) held: usize,
    pub(crate) by_class: BTreeMap<(String, String), usize>,
    pub(crate) by_origin: BTreeMap<String, usize>,
    pub(crate) by_year: BTreeMap<i64, usize>,
    pub(crate) hours: Vec<f64>,
    /// Hour of the week and Monday of each incident whose hour is known.
    pub(crate) began: Vec<(usize, jiff::civil::Date)>,
    pub(crate) in_week: usize,
    pub(crate) imprecise: usize,
    pub(crate) left_out: usize,
    pub(crate) addresses: BTreeMap<String, usize>,
    pub(crate) leading: BTreeSet<u16>,
}

fn zoned(data: &Dataset, at: usize, plus: i64) -> Zoned {
    let zone = data.sources[usize::from(data.incidents.source(at))].zone.clone();
    jiff::Timestamp::from_second(data.incidents.when(at).from + plus).expect("a second").to_zoned(zone)
}

fn flagged(data: &Dataset, at: usize, flags: &[Flags]) -> bool {
    data.incidents.classes(at).any(|class| flags.iter().any(|flag| data.classes.get(class).flags.has(*flag)))
}

fn is_gun_crime(data: &Dataset, at: usize) -> bool {
    use hotblocks::model::class::Firearm;
    data.incidents.classes(at).any(|class| {
        let class = data.classes.get(class);
        let name = class.category.map(|at| data.classes.tree().rows()[at].name.clone()).unwrap_or_default();
        match &*name {
            "homicide" => class.firearm != Firearm::No,
            "robbery" | "aggravated_assault" | "simple_assault" => class.firearm == Firearm::Yes,
            _ => false,
        }
    })
}

pub(crate) fn asked(data: &Dataset, at: usize, asked: Asked) -> bool {
    let day = zoned(data, at, 0).date();
    let within = asked.period.is_none_or(|period| {
        period.first().is_none_or(|first| day >= first) && period.last().is_none_or(|last| day <= last)
    });
    within && data.incidents.status(at) == Status::Confirmed && (!asked.gun || is_gun_crime(data, at))
}

/// The minutes of the day that may stand for 'unknown'.
const STANDING: [(i8, i8); 3] = [(0, 0), (0, 1), (12, 0)];

fn standing(at: &Zoned, (hour, minute): (i8, i8)) -> bool {
    at.time() == jiff::civil::time(hour, minute, 0, 0)
}

/// Which of them do in each source: more than one in a hundred times is at that minute.
fn piles(data: &Dataset) -> Vec<[bool; 3]> {
    let mut counts = vec![([0_usize; 3], 0); data.sources.len()];
    for at in 0..data.incidents.len() {
        if data.incidents.when(at).seconds <= 60 {
            let began = zoned(data, at, 0);
            let (of, all) = &mut counts[usize::from(data.incidents.source(at))];
            *all += 1;
            of.iter_mut().zip(STANDING).for_each(|(n, time)| *n += usize::from(standing(&began, time)));
        }
    }
    counts.into_iter().map(|(of, all)| of.map(|n| 100 * n > all)).collect()
}

fn hour_of_week(at: &Zoned) -> usize {
    (at.weekday().to_monday_one_offset() as usize - 1) * 24 + at.hour() as usize
}

/// Counts all blocks of a snapshot again. Incidents must be whole, as they are unless intersections are split.
pub(crate) fn recount(snapshot: &Snapshot, ask: Asked) -> Vec<Recounted> {
    let data = snapshot.dataset();
    let empty = Recounted { hours: vec![0.0; 168], latest: i64::MIN, ..Recounted::default() };
    let mut all = vec![empty; data.block_set.blocks.len()];
    let piles = piles(data);
    for at in (0..data.incidents.len()).filter(|&at| asked(data, at, ask)) {
        let Some(BlockId(block)) = data.assignment.main(at) else { continue };
        let one = &mut all[block as usize];
        if data.held[at] {
            one.held += 1;
            continue;
        }
        one.n += 1;
        one.latest = one.latest.max(data.incidents.when(at).from);
        one.gun += usize::from(is_gun_crime(data, at));
        one.shootings += usize::from(flagged(data, at, &[Flags::SHOOTING]));
        let class = data.classes.get(data.incidents.class(at));
        one.leading.insert(data.incidents.class(at).0);
        let named = class.category.map_or_else(
            || ("unknown".to_owned(), "Classes that are in no category yet".to_owned()),
            |at| (data.classes.tree().rows()[at].name.clone(), class.label.clone()),
        );
        *one.by_class.entry(named).or_default() += 1;
        *one.by_origin.entry(format!("{:?}", data.incidents.origin(at)).to_lowercase()).or_default() += 1;
        let began = zoned(data, at, 0);
        *one.by_year.entry(began.year().into()).or_default() += 1;
        let address = data.incidents.address(at).and_then(|text| Address::parse(text, &data.words));
        let address = match (address, data.incidents.local(at)) {
            (Some(address), _) => format!("{address:?}"),
            (None, Some(place)) => format!("{} {}", place.x, place.y),
            (None, None) => "nowhere".to_owned(),
        };
        *one.addresses.entry(address).or_default() += 1;
        if flagged(data, at, &[Flags::SEXUAL, Flags::DOMESTIC, Flags::CHILD, Flags::UNMAPPED]) {
            one.left_out += 1;
            continue;
        }
        one.in_week += 1;
        let seconds = data.incidents.when(at).seconds;
        let pile = piles[usize::from(data.incidents.source(at))];
        if seconds <= 60 && STANDING.iter().zip(pile).any(|(time, pile)| pile && standing(&began, *time)) {
            let day = hour_of_week(&began) / 24;
            (0..24).for_each(|hour| one.hours[day * 24 + hour] += 1.0 / 24.0);
            one.imprecise += 1;
        } else if seconds >= 604_800 {
            one.hours.iter_mut().for_each(|hour| *hour += 1.0 / 168.0);
            one.imprecise += 1;
        } else {
            // By the clock of the beginning, a minute at a time.
            let minutes = seconds.div_ceil(60);
            let first = hour_of_week(&began) * 60 + began.minute() as usize;
            for minute in 0..minutes as usize {
                one.hours[(first + minute) / 60 % 168] += 1.0 / f64::from(minutes);
            }
            if seconds <= 3_600 {
                let monday =
                    began.date().checked_sub(jiff::Span::new().days(hour_of_week(&began) as i64 / 24));
                one.began.push((hour_of_week(&began), monday.expect("a date")));
            } else {
                one.imprecise += 1;
            }
        }
    }
    all
}

/// p, incidents, hours, days, order, name, and the hours of the week of one window.
type Window = (f64, u32, usize, usize, usize, String, Vec<usize>);

/// The peak by brute force: every window, its tail summed term by term.
pub(crate) fn peak(starts: &[(usize, jiff::civil::Date)]) -> Option<String> {
    const NAMES: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    let mut began = [0_u32; 168];
    starts.iter().for_each(|(hour, _)| began[*hour] += 1);
    let n = starts.len() as u32;
    if n < 10 {
        return None;
    }
    let mut sets: Vec<Vec<usize>> = Vec::new();
    for length in 1..=3 {
        (0..7).for_each(|day| sets.push((day..day + length).collect()));
    }
    sets.push((0..5).collect());
    sets.push((0..7).collect());
    let tail = |q: f64, k: u32| -> f64 {
        let ln_factorial = |n: u32| (1..=n).map(|i| f64::from(i).ln()).sum::<f64>();
        let ln_pmf = |i: u32| {
            ln_factorial(n) - ln_factorial(i) - ln_factorial(n - i)
                + f64::from(i) * q.ln()
                + f64::from(n - i) * (1.0 - q).ln()
        };
        (k..=n).map(|i| ln_pmf(i).exp()).sum()
    };
    let mut known = BTreeMap::new();
    let mut found: Vec<Window> = Vec::new();
    for (order, days) in sets.iter().enumerate() {
        for hours in [3, 4, 6, 8] {
            for from in 0..24 {
                let inside =
                    |day: &usize| -> u32 { (0..hours).map(|h| began[(day * 24 + from + h) % 168]).sum() };
                let k: u32 = days.iter().map(inside).sum();
                let q = (days.len() * hours) as f64 / 168.0;
                if f64::from(k) <= q * f64::from(n) {
                    continue;
                }
                let p = *known.entry((k, days.len() * hours)).or_insert_with(|| tail(q, k));
                let name = match days.len() {
                    7 => "daily".to_owned(),
                    1 => NAMES[days[0]].to_owned(),
                    _ => format!("{}–{}", NAMES[days[0]], NAMES[days[days.len() - 1] % 7]),
                };
                let said = format!("{name} {from:02}–{:02}", (from + hours) % 24);
                let inside = days.iter().flat_map(|day| (0..hours).map(move |h| (day * 24 + from + h) % 168));
                found.push((
                    p,
                    k,
                    hours,
                    days.len(),
                    order * 1000 + hours * 24 + from,
                    said,
                    inside.collect(),
                ));
            }
        }
    }
    found.sort_by(|a, b| {
        let close = (a.0 - b.0).abs() <= 1e-9 * a.0.max(b.0);
        let by_p = if close { std::cmp::Ordering::Equal } else { a.0.total_cmp(&b.0) };
        by_p.then(b.1.cmp(&a.1)).then(a.2.cmp(&b.2)).then(a.3.cmp(&b.3)).then(a.4.cmp(&b.4))
    });
    let (p, k, _, _, _, said, hours) = found.into_iter().next()?;
    let weeks: BTreeSet<_> =
        starts.iter().filter(|(hour, _)| hours.contains(hour)).map(|start| start.1).collect();
    (p * 2208.0 <= 0.05 && 4 * k >= n && weeks.len() >= 3).then_some(said)
}
