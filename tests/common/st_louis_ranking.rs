//! What seven years of St. Louis say of rankings: how lists overlap and fall, and what predictive laws hold. `make evidence`
//! writes it into `docs/ranking.md`, and a test computes it again. No block is named.

use std::collections::BTreeMap;

use geo::Centroid;
use hotblocks::engine::query::Query;
use hotblocks::engine::snapshot::Snapshot;
use hotblocks::model::period::Period;
use hotblocks::rank::gamma_poisson::{Posterior, fit};
use hotblocks::rank::predict::{Drift, Predictive, fit_drift};
use hotblocks::rank::stability::{PERSISTENCE, rbo};
use hotblocks::space::coord::Local;
use jiff::civil::date;

/// First and last year of the files.
pub(crate) const FIRST: i16 = 2012;
pub(crate) const LAST: i16 = 2018;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    All,
    Gun,
}

impl What {
    pub(crate) const BOTH: [Self; 2] = [Self::All, Self::Gun];

    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::All => "all incidents",
            Self::Gun => "gun crime",
        }
    }
}

/// One counted incident.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event {
    pub(crate) block: u32,
    pub(crate) year: i16,
    pub(crate) second: i64,
    pub(crate) gun: bool,
    pub(crate) at: Local,
}

/// The years, as far as they are complete.
pub(crate) struct Years {
    pub(crate) events: Vec<Event>,
    pub(crate) middles: Vec<Local>,
    /// Length in metres; a node has none.
    pub(crate) lengths: Vec<Option<f64>>,
    /// Observed days of each year.
    pub(crate) days: BTreeMap<i16, f64>,
}

impl Years {
    pub(crate) fn of(snapshot: &Snapshot) -> Self {
        let data = snapshot.dataset();
        let until = snapshot.complete_until().expect("the files tell when they were recorded");
        let blocks = &data.block_set.blocks;
        let middle = |block: &hotblocks::model::block::Block| {
            let at = block.local.centroid().expect("streets have a shape");
            Local { x: at.x(), y: at.y() }
        };
        let middles: Vec<Local> = blocks.iter().map(middle).collect();
        let all = snapshot.select(&Query::default()).expect("no category");
        let event = |at: usize| {
            let day = data.local_date(at)?;
            let block = data.assignment.main(at)?;
            (!data.held[at] && all.has(data, at) && day <= until && (FIRST..=LAST).contains(&day.year()))
                .then(|| Event {
                    block: block.0,
                    year: day.year(),
                    second: data.incidents.when(at).from,
                    gun: data.incidents.classes(at).any(|class| data.classes.gun_crime(class)),
                    at: data.incidents.local(at).unwrap_or(middles[block.0 as usize]),
                })
        };
        let events: Vec<Event> = (0..data.incidents.len()).filter_map(event).collect();
        let days = |year: i16| {
            let last = date(year, 12, 31).min(until);
            let period = Period::new(Some(date(year, 1, 1)), Some(last)).expect("a year");
            let query = Query { period: Some(period), ..Query::default() };
            (year, snapshot.observed_days(&query) as f64)
        };
        let lengths = blocks.iter().map(|block| block.length.map(|length| length.0)).collect();
        Self { events, middles, lengths, days: (FIRST..=LAST).map(days).collect() }
    }

    pub(crate) fn n_blocks(&self) -> usize {
        self.middles.len()
    }

    /// Years of observation.
    pub(crate) fn exposure(&self, from: i16, to: i16) -> f64 {
        (from..=to).map(|year| self.days[&year]).sum::<f64>() / 365.25
    }

    /// The incidents of some years.
    pub(crate) fn of_years(&self, what: What, from: i16, to: i16) -> impl Iterator<Item = &Event> {
        let meant =
            move |event: &&Event| (from..=to).contains(&event.year) && (what == What::All || event.gun);
        self.events.iter().filter(meant)
    }

    /// Incidents of every block.
    pub(crate) fn counts(&self, what: What, from: i16, to: i16) -> Vec<u32> {
        let mut counts = vec![0; self.n_blocks()];
        for event in self.of_years(what, from, to) {
            counts[event.block as usize] += 1;
        }
        counts
    }

    /// The blocks with the highest scores above 0; ties as hotblocks breaks them: the latest incident first, then the order
    /// of the blocks.
    pub(crate) fn top(&self, scores: &[f64], what: What, to: i16, n: usize) -> Vec<u32> {
        let mut latest = vec![i64::MIN; scores.len()];
        for event in self.of_years(what, FIRST, to) {
            let at = &mut latest[event.block as usize];
            *at = (*at).max(event.second);
        }
        let mut order: Vec<u32> = (0..scores.len() as u32).filter(|&b| scores[b as usize] > 0.0).collect();
        let key = |block: u32| (scores[block as usize], latest[block as usize]);
        order.sort_by(|&a, &b| {
            let ((x, late_x), (y, late_y)) = (key(a), key(b));
            y.total_cmp(&x).then(late_y.cmp(&late_x)).then(a.cmp(&b))
        });
        order.truncate(n);
        order
    }

    fn list(&self, what: What, from: i16, to: i16, n: usize) -> Vec<u32> {
        let counts: Vec<f64> = self.counts(what, from, to).into_iter().map(f64::from).collect();
        self.top(&counts, what, to, n)
    }

    /// Posteriors of all blocks with equal exposure.
    pub(crate) fn posteriors(&self, what: What, from: i16, to: i16) -> Vec<Posterior> {
        let (counts, exposure) = (self.counts(what, from, to), self.exposure(from, to));
        let found = fit(&counts, &vec![exposure; counts.len()]).expect("blocks with incidents");
        counts.iter().map(|&count| found.posterior(count, exposure)).collect()
    }
}

fn spread(values: &[f64]) -> (f64, f64, f64) {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let (least, most) = values.iter().fold((f64::INFINITY, 0.0f64), |(a, b), &v| (a.min(v), b.max(v)));
    (mean, least, most)
}

/// Rows of the table of overlaps.
pub(crate) fn overlap_rows(years: &Years) -> Vec<String> {
    let mut rows = Vec::new();
    for what in What::BOTH {
        for n in [20usize, 50, 100] {
            let pairs = |window: i16| {
                (FIRST + window..=LAST - window + 1)
                    .map(move |next| ((next - window, next - 1), (next, next + window - 1)))
            };
            let both = |(a, b): ((i16, i16), (i16, i16))| {
                let (a, b) = (years.list(what, a.0, a.1, n), years.list(what, b.0, b.1, n));
                (a.iter().filter(|block| b.contains(block)).count() as f64, a, b)
            };
            let single: Vec<_> = pairs(1).map(both).collect();
            let triple: Vec<f64> = pairs(3).map(|pair| both(pair).0).collect();
            let shared: Vec<f64> = single.iter().map(|(shared, ..)| *shared).collect();
            let rbos: Vec<f64> = single
                .iter()
                .map(|(_, a, b)| rbo(a, b, PERSISTENCE).expect("lists").expect("not empty"))
                .collect();
            let falls: Vec<f64> = pairs(1)
                .map(|(now, next)| {
                    let list = years.list(what, now.0, now.1, n);
                    let of = |(from, to): (i16, i16)| {
                        let counts = years.counts(what, from, to);
                        let sum: u32 = list.iter().map(|&block| counts[block as usize]).sum();
                        let city: u32 = counts.iter().sum();
                        f64::from(sum) / f64::from(city)
                    };
                    1.0 - of(next) / of(now)
                })
                .collect();
            let (mean, least, most) = spread(&shared);
            let (fall, ..) = spread(&falls);
            rows.push(format!(
                "| {} | {n} | {mean:.1} ({least:.0}–{most:.0}) | {:.2} | {:.1} | {:.0} % |",
                what.words(),
                spread(&rbos).0,
                spread(&triple).0,
                100.0 * fall,
            ));
        }
    }
    rows
}

/// How much of the blocks' counts a law holds.
#[derive(Clone, Debug)]
pub(crate) struct Coverage {
    pub(crate) what: What,
    pub(crate) year: i16,
    pub(crate) drift: bool,
    /// Blocks with so many incidents in the known years; `None` for all.
    pub(crate) group: Option<(u32, u32)>,
    pub(crate) blocks: usize,
    /// Share within the closed interval.
    pub(crate) closed: f64,
    /// Share within the interval of exactly 90 %.
    pub(crate) fair: f64,
}

/// Groups of blocks by their incidents in the five known years.
pub(crate) const GROUPS: [(u32, u32); 5] = [(0, 0), (1, 4), (5, 19), (20, 49), (50, u32::MAX)];

/// Years that are known.
const KNOWN: (i16, i16) = (2012, 2016);

/// The drift that is learned from the known years for so many years ahead: it never sees a year that is foretold.
pub(crate) fn learned(years: &Years, what: What, ahead: i16) -> Drift {
    let posteriors: Vec<(f64, f64)> = years
        .posteriors(what, KNOWN.0, KNOWN.1 - ahead)
        .iter()
        .map(|posterior| (posterior.shape, posterior.rate))
        .collect();
    let observed = years.counts(what, KNOWN.1, KNOWN.1);
    let found =
        fit_drift(&posteriors, &observed, years.exposure(KNOWN.1, KNOWN.1)).expect("incidents in every year");
    // Whether the city will rise or fall nobody knows.
    Drift { ratio: 1.0, ..found }
}

/// Coverage of 90 % predictive intervals from 2012–2016 in 2017 and 2018, plainly and with drift.
pub(crate) fn coverage(years: &Years) -> Vec<Coverage> {
    let mut found = Vec::new();
    for what in What::BOTH {
        let known = years.counts(what, KNOWN.0, KNOWN.1);
        let posteriors = years.posteriors(what, KNOWN.0, KNOWN.1);
        for year in [2017, 2018] {
            let observed = years.counts(what, year, year);
            let exposure = years.exposure(year, year);
            for drift in [None, Some(learned(years, what, year - KNOWN.1))] {
                let one = |(posterior, &count): (&Posterior, &u32)| {
                    let law = Predictive::new(
                        posterior.shape,
                        posterior.rate,
                        exposure,
                        drift.unwrap_or(Drift::NONE),
                    )
                    .expect("a posterior of a block");
                    let (lo, hi) = law.interval(0.9);
                    (f64::from(u8::from((lo..=hi).contains(&count))), law.fair_part(0.9, count))
                };
                let held: Vec<(f64, f64)> = posteriors.iter().zip(&observed).map(one).collect();
                for group in std::iter::once(None).chain(GROUPS.into_iter().map(Some)) {
                    let inside: Vec<usize> = (0..known.len())
                        .filter(|&b| group.is_none_or(|(from, to)| (from..=to).contains(&known[b])))
                        .collect();
                    let mean = |of: fn(&(f64, f64)) -> f64| {
                        inside.iter().map(|&b| of(&held[b])).sum::<f64>() / inside.len() as f64
                    };
                    if !inside.is_empty() {
                        found.push(Coverage {
                            what,
                            year,
                            drift: drift.is_some(),
                            group,
                            blocks: inside.len(),
                            closed: mean(|held| held.0),
                            fair: mean(|held| held.1),
                        });
                    }
                }
            }
        }
    }
    found
}

/// Rows of the table of coverage: a line a group, the laws side by side.
pub(crate) fn coverage_rows(all: &[Coverage]) -> Vec<String> {
    let plain = all.iter().filter(|c| !c.drift);
    plain
        .map(|c| {
            let same = |d: &&Coverage| d.drift && (d.what, d.year, d.group) == (c.what, c.year, c.group);
            let with = all.iter().find(same).expect("each law for each group");
            let group = match c.group {
                None => "**all blocks**".to_owned(),
                Some((from, u32::MAX)) => format!("{from} or more"),
                Some((from, to)) if from == to => format!("{from}"),
                Some((from, to)) => format!("{from}–{to}"),
            };
            let percent = |share: f64| format!("{:.1} %", 100.0 * share);
            format!(
                "| {} | {} | {group} | {} | {} | {} | {} | {} |",
                c.what.words(),
                c.year,
                c.blocks,
                percent(c.closed),
                percent(c.fair),
                percent(with.closed),
                percent(with.fair)
            )
        })
        .collect()
}
