//! `docs/ranking.md`: which ranking finds the incidents of years that it has not seen, how steady lists are, and whether the
//! intervals hold what they say. St. Louis, of which no block is named.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use hotblocks::analysis::chance::Chance;
use hotblocks::analysis::hotspots::weights::Neighbors;
use hotblocks::engine::query::Query;
use hotblocks::engine::ranking::Scoring;
use hotblocks::engine::snapshot::Snapshot;
use hotblocks::ingest::harm::equal;
use hotblocks::ingest::input::Input;
use hotblocks::model::period::Period;
use hotblocks::rank::draws::{DrawParams, Drawing, Part, Position, positions};
use hotblocks::rank::gamma_poisson::{How, fit};
use hotblocks::rank::score::{By, Sharing};
use hotblocks::space::coord::{Local, Metres};

use crate::load::{ground, load, st_louis_files, st_louis_folder};
use crate::machine::{heading, thousands};
use crate::st_louis_ranking::{Event, What, Years, coverage, coverage_rows, learned, overlap_rows};
use crate::validation::Page;

/// The last year that a list may know.
const KNOWN: i16 = 2016;

/// The years that it is tried on.
const HELD_OUT: [i16; 2] = [2017, 2018];

/// Lengths of lists.
const LISTS: [usize; 3] = [20, 50, 100];

/// Resamples of the city's square kilometres behind an interval of a difference.
const RESAMPLES: u32 = 2_000;

/// Side of the squares that are drawn as a whole: incidents within one hang together.
const TILE: f64 = 1_000.0;

/// The document and whether its claims hold; `None` where the data are not there.
pub(crate) fn document(root: &Path) -> Option<(String, bool)> {
    let folder = st_louis_folder(root)?;
    let (ground, _) = ground(&Input::at(&folder.join("streets.parquet")).expect("a known ending"));
    let files: Vec<PathBuf> = st_louis_files(&folder).into_iter().flat_map(|(_, files)| files).collect();
    let inputs: Vec<Input> = files.iter().map(|file| Input::at(file).expect("a .csv")).collect();
    let snapshot = load(&inputs, &ground).snapshot;
    let years = Years::of(&snapshot);
    let made = Made::of(&snapshot);
    drop(snapshot);
    let mut page = Page { text: heading("Ranking"), holds: true };
    page.say(&format!(
        "Measured on St. Louis 2012–2018 (outside data): {} blocks, street segments and intersections, of which none is named. \
         2018 is complete until October 3: its counts are of {} days. The lists know nothing after {KNOWN}.\n\n",
        thousands(years.n_blocks()),
        years.days[&2018],
    ));
    overlap(&mut page, &years);
    let places = places(&years);
    widths(&mut page, &years, &places);
    covered(&mut page, &years);
    let trial = Trial { tiles: Tiles::of(&years), years: &years, places, made };
    let mut scores = Page::default();
    let verdicts = trial.scores(&mut scores);
    let mut grounds = Page::default();
    let cells_catch_less = trial.grounds(&mut grounds);
    defaults(&mut page, &verdicts, cells_catch_less);
    page.say(&scores.text);
    page.say(&grounds.text);
    Some((page.text, page.holds))
}

/// What is expected of each block as `hotblocks rank` has it, from the three years up to [`KNOWN`].
struct Made {
    /// `--by harm`, by the table that ships: no index with other weights does.
    harm: Vec<f64>,
    /// `--share neighbors`, all incidents.
    all_neighbors: Vec<f64>,
    /// `--by gun --share neighbors`.
    gun_neighbors: Vec<f64>,
    /// `--by gun --share classes`: homicide, robbery and assault by firearm learn from one another.
    gun_classes: Vec<f64>,
}

impl Made {
    fn of(snapshot: &Snapshot) -> Self {
        let mut dataset = snapshot.dataset().clone();
        dataset.harm = Some(equal(&dataset.classes).expect("the shipped table fits"));
        let snapshot = Snapshot::new(dataset, 1);
        let period: Period = format!("{}-01-01/{KNOWN}-12-31", KNOWN - 2).parse().expect("whole years");
        let query = Query { period: Some(period), ..Query::default() };
        let selection = snapshot.select(&query).expect("no category");
        let expected = |by: By, share: Sharing| {
            let scoring = Scoring { by, share, ..Scoring::default() };
            let ranking = snapshot.ranking(&query, &selection, &scoring, None).expect("years of a city");
            let mut expected = vec![0.0; snapshot.dataset().block_set.blocks.len()];
            ranking.rows.iter().for_each(|row| expected[row.block.0 as usize] = row.expected);
            expected
        };
        Self {
            harm: expected(By::Harm, Sharing::None),
            all_neighbors: expected(By::Count, Sharing::Neighbors),
            gun_neighbors: expected(By::Gun, Sharing::Neighbors),
            gun_classes: expected(By::Gun, Sharing::Classes),
        }
    }
}

fn overlap(page: &mut Page, years: &Years) {
    page.say("## How much of a list is the same a year later\n\n");
    page.say(
        "Blocks by their incidents of a year, beside those of the next (2018 as far as it is complete): how many of the top N are \
         on both lists, in the mean of six pairs of years (least and most); rank-biased overlap (p = 0.9); the same for three \
         years and the next three; and by how much the share of the city's incidents in the listed blocks falls in the next \
         year, with nobody doing anything (regression to the mean).\n\n",
    );
    page.say("| what | N | on both lists | RBO | of three years and the next three | falls by |\n|---|--:|--:|--:|--:|--:|\n");
    for row in overlap_rows(years) {
        page.say(&format!("{row}\n"));
    }
    page.say("\n");
}

fn widths(page: &mut Page, years: &Years, places: &Places) {
    page.say("## How sure a rank is\n\n");
    page.say(
        "5–95 % rank intervals of the listed blocks from 10,000 draws of the Gamma–Poisson model, equal exposure, seed 1: the \
         median width in ranks, and how many of the N blocks have P(top N) of at least one half. The model holds rates for \
         constant over the years that it knows; blocks that change make the truth wider still.\n\n",
    );
    page.say("| what | years | N | median width of the interval | with P(top N) ≥ 0.5 | least P(top N) on the list |\n|---|---|--:|--:|--:|--:|\n");
    for what in What::BOTH {
        for from in [KNOWN, KNOWN - 2] {
            let scores: Vec<f64> = years.counts(what, from, KNOWN).into_iter().map(f64::from).collect();
            for n in LISTS {
                let positions = &places[&(what == What::Gun, from, n)];
                let list: Vec<_> = years
                    .top(&scores, what, KNOWN, n)
                    .into_iter()
                    .map(|block| positions[block as usize])
                    .collect();
                let mut widths: Vec<u32> = list.iter().map(|at| at.hi - at.lo).collect();
                widths.sort_unstable();
                let sure = list.iter().filter(|at| at.p_top_n >= 0.5).count();
                let least = list.iter().map(|at| at.p_top_n).fold(1.0, f64::min);
                page.row(&[
                    what.words().to_owned(),
                    span(from, KNOWN),
                    n.to_string(),
                    widths[widths.len() / 2].to_string(),
                    sure.to_string(),
                    format!("{least:.2}"),
                ]);
            }
        }
    }
    page.say("\n");
}

/// Where blocks may rank by their incidents of three years or of the last one, for each length of list.
type Places = HashMap<(bool, i16, usize), Vec<Position>>;

fn places(years: &Years) -> Places {
    let mut all = Places::new();
    for what in What::BOTH {
        for from in [KNOWN, KNOWN - 2] {
            for n in LISTS {
                all.insert((what == What::Gun, from, n), drawn(years, what, from, KNOWN, n));
            }
        }
    }
    all
}

fn drawn(years: &Years, what: What, from: i16, to: i16, n: usize) -> Vec<Position> {
    let blocks: Vec<Vec<Part>> = years
        .posteriors(what, from, to)
        .into_iter()
        .map(|posterior| vec![Part { weight: 1.0, posterior }])
        .collect();
    let top_n = u32::try_from(n).expect("a short list");
    let params = DrawParams { top_n, draws: DrawParams::DRAWS, seed: 1, how: Drawing::Pruned };
    positions(&blocks, &params).expect("posteriors that can be drawn from")
}

fn covered(page: &mut Page, years: &Years) {
    let all = coverage(years);
    page.say("## Whether intervals hold what they say\n\n");
    page.say(
        "90 % predictive intervals of each block's count in 2017 and 2018, from 2012–2016. *Closed*: the count lies between the \
         two whole numbers, both included; such an interval must hold more than 90 %, since of a quiet block 'none' alone \
         holds more. *Fair*: an end counts with the part that makes the interval exactly 90 % (Czado, Gneiting & Held 2009), so \
         that 90 % is what a right model has. *Plain*: negative binomial, rates stay as they are. *With drift*: a block's rate is \
         multiplied by a factor of mean 1, whose variance is learned from how 2016 strayed from the years before it, one year ahead \
         for 2017 and two for 2018; no year that is foretold is looked at.\n\n",
    );
    for what in What::BOTH {
        let drifts: Vec<String> =
            [1, 2].iter().map(|&ahead| format!("{:.3}", learned(years, what, ahead).variance)).collect();
        page.say(&format!(
            "Variance of the drift, {}: {} one year and two years ahead. ",
            what.words(),
            drifts.join(" and ")
        ));
    }
    page.say("\n\n| what | year | incidents 2012–2016 | blocks | plain, closed | plain, fair | with drift, closed | with drift, fair |\n|---|--:|---|--:|--:|--:|--:|--:|\n");
    for row in coverage_rows(&all) {
        page.say(&format!("{row}\n"));
    }
    let holds = all.iter().filter(|c| c.drift && c.group.is_none()).all(|c| (0.85..=0.95).contains(&c.fair));
    let answer = page.check(holds);
    page.say(&format!("\nWith drift, of all blocks 85 to 95 % (fair) in both years: {answer}. "));
    let busy = |drift: bool| {
        let groups = all.iter().filter(|c| c.what == What::All && c.drift == drift);
        groups.filter(|c| c.group.is_some_and(|(from, _)| from >= 20)).map(|c| c.fair).fold(1.0, f64::min)
    };
    page.say(&format!(
        "The plain model holds its promise in the mean over all blocks and breaks it where it matters: of blocks with 20 or more \
         incidents it holds as few as {:.0} %, with drift {:.0} % or more. Rates of blocks are not constant.\n\n",
        100.0 * busy(false),
        100.0 * busy(true)
    ));
}

/// Where a square kilometre's incidents are counted together.
struct Tiles {
    of: HashMap<(i64, i64), usize>,
}

impl Tiles {
    fn key(at: Local) -> (i64, i64) {
        ((at.x / TILE).floor() as i64, (at.y / TILE).floor() as i64)
    }

    fn of(years: &Years) -> Self {
        let keys: std::collections::BTreeSet<_> = years.events.iter().map(|e| Self::key(e.at)).collect();
        Self { of: keys.into_iter().enumerate().map(|(at, key)| (key, at)).collect() }
    }

    fn at(&self, event: &Event) -> usize {
        self.of[&Self::key(event.at)]
    }
}

/// A share that was found, or the difference of two, with the 2.5 and 97.5 % points of its resamples.
struct Difference {
    share: f64,
    lo: f64,
    hi: f64,
}

impl Difference {
    fn verdict(&self) -> &'static str {
        if self.lo > 0.0 {
            "gain"
        } else if self.hi < 0.0 {
            "**loss**"
        } else {
            "no gain over counts"
        }
    }

    fn words(&self) -> String {
        let points = |share: f64| format!("{:+.2}", 100.0 * share);
        format!("{} ({} to {})", points(self.share), points(self.lo), points(self.hi))
    }
}

struct Trial<'a> {
    tiles: Tiles,
    years: &'a Years,
    places: Places,
    made: Made,
}

/// How much of an incident a choice catches: 1 inside, 0 outside.
type Catch<'a> = Box<dyn Fn(&Event) -> f64 + 'a>;

fn span(from: i16, to: i16) -> String {
    if from == to { to.to_string() } else { format!("{from}–{to}") }
}

impl Trial<'_> {
    /// The share of the incidents of some years that a choice catches.
    fn share(&self, what: What, years: &[i16], catch: &Catch) -> f64 {
        let (mut caught, mut all) = (0.0, 0.0);
        for event in years.iter().flat_map(|&year| self.years.of_years(what, year, year)) {
            caught += catch(event);
            all += 1.0;
        }
        caught / all
    }

    /// How much more of the held-out incidents one choice catches than another: tiles are drawn with replacement, and both
    /// choices are tried on the same tiles.
    fn difference(&self, what: What, ours: &Catch, theirs: &Catch) -> Difference {
        let mut sums = vec![(0.0, 0.0); self.tiles.of.len()];
        for event in HELD_OUT.iter().flat_map(|&year| self.years.of_years(what, year, year)) {
            let tile = &mut sums[self.tiles.at(event)];
            tile.0 += ours(event) - theirs(event);
            tile.1 += 1.0;
        }
        let share = |tiles: &mut dyn Iterator<Item = usize>| {
            let (more, all) = tiles.fold((0.0, 0.0), |(a, b), at| (a + sums[at].0, b + sums[at].1));
            if all > 0.0 { more / all } else { 0.0 }
        };
        let n = u32::try_from(sums.len()).expect("a city");
        let mut resampled: Vec<f64> = (0..RESAMPLES)
            .map(|resample| {
                let mut chance = Chance::new(1, u64::from(resample));
                share(&mut (0..n).map(|_| chance.below(n) as usize))
            })
            .collect();
        resampled.sort_by(f64::total_cmp);
        let at = |p: f64| resampled[((p * f64::from(RESAMPLES)) as usize).min(resampled.len() - 1)];
        Difference { share: share(&mut (0..sums.len())), lo: at(0.025), hi: at(0.975) }
    }

    /// Whether an incident lies in one of these blocks.
    fn blocks(&self, list: &[u32]) -> Catch<'static> {
        let chosen: std::collections::HashSet<u32> = list.iter().copied().collect();
        Box::new(move |event| f64::from(u8::from(chosen.contains(&event.block))))
    }

    /// Which score's list catches the most.
    fn scores(&self, page: &mut Page) -> Vec<Verdicts> {
        let mut found = Vec::new();
        page.say("## Which score finds next year's incidents\n\n");
        page.say(
            "Lists from the years up to 2016 and the share of the incidents of 2017 and of 2018 in their blocks. Then, for the top 100 \
             and both years together, the difference to the list of last year's counts and to that of three years' counts, in points \
             of the share, with a paired 95 % interval: square kilometres are drawn 2,000 times with replacement, both lists on the \
             same ones. 'No gain over counts' is said where the interval holds 0.\n\n",
        );
        for what in What::BOTH {
            page.say(&format!("### {}\n\n", capital(what.words())));
            page.say("| score | top 20: 2017, 2018 | top 50 | top 100 | over one year's counts | over three years' counts | |\n|---|--:|--:|--:|--:|--:|---|\n");
            let all = self.methods(what);
            let mut verdicts = Verdicts { what, three_over_one: "", gains: Vec::new(), losses: Vec::new() };
            let top = |at: usize| self.blocks(&all[at].lists[2]);
            let (one, three) = (top(0), top(1));
            for (at, method) in all.iter().enumerate() {
                let shares = method.lists.iter().map(|list| {
                    let catch = self.blocks(list);
                    let of = |year: i16| format!("{:.1}", 100.0 * self.share(what, &[year], &catch));
                    HELD_OUT.map(of).join(", ") + " %"
                });
                let ours = top(at);
                let (to_one, to_three) =
                    (self.difference(what, &ours, &one), self.difference(what, &ours, &three));
                let same = method.lists[2].iter().collect::<std::collections::BTreeSet<_>>()
                    == all[1].lists[2].iter().collect();
                let words = |difference: &Difference, own: bool| {
                    if own { "–".to_owned() } else { difference.words() }
                };
                let verdict = match at {
                    0 => "last year's counts".to_owned(),
                    1 => format!("{} (over one year)", to_one.verdict()),
                    _ if same => "no gain over counts: the same blocks as three years' counts".to_owned(),
                    _ => to_three.verdict().to_owned(),
                };
                match (at, to_three.verdict()) {
                    (1, _) => verdicts.three_over_one = to_one.verdict(),
                    (2.., "gain") => verdicts.gains.push(method.name.clone()),
                    (2.., "**loss**") => verdicts.losses.push(method.name.clone()),
                    _ => {}
                }
                let mut cells = vec![method.name.clone()];
                cells.extend(shares);
                cells.extend([words(&to_one, at == 0), words(&to_three, at == 1), verdict]);
                page.row(&cells);
            }
            page.say("\n");
            found.push(verdicts);
        }
        found
    }

    fn methods(&self, what: What) -> Vec<Method> {
        let plain = |from: i16, to: i16| -> Vec<f64> {
            self.years.counts(what, from, to).into_iter().map(f64::from).collect()
        };
        let method = |name: &str, scores: &dyn Fn(i16) -> Vec<f64>| self.method(name, what, &scores(KNOWN));
        let decayed = |half_life: f64| {
            move |to: i16| -> Vec<f64> {
                let mut scores = vec![0.0; self.years.n_blocks()];
                for year in to - 4..=to {
                    let weight = 0.5f64.powf(f64::from(to - year) / half_life);
                    for (score, count) in scores.iter_mut().zip(plain(year, year)) {
                        *score += weight * count;
                    }
                }
                scores
            }
        };
        let mut all = vec![
            method("count, one year", &|to| plain(to, to)),
            method("count, three years", &|to| plain(to - 2, to)),
            method("count, five years", &|to| plain(to - 4, to)),
            method("count, five years, half-life 1 year", &decayed(1.0)),
            method("count, five years, half-life 2 years", &decayed(2.0)),
            method("rate per 100 m of street, three years", &|to| self.rate(what, to)),
            method("posterior mean, three years, exposure time", &|to| {
                self.years.posteriors(what, to - 2, to).iter().map(|p| p.mean()).collect()
            }),
            method("posterior mean, three years, exposure time and length", &|to| self.by_length(what, to)),
            self.method(
                "harm, three years, every class but proactive ones weighs the same",
                what,
                &self.made.harm,
            ),
        ];
        let lists = LISTS.map(|n| {
            let scores: Vec<f64> =
                self.places[&(what == What::Gun, KNOWN - 2, n)].iter().map(|at| at.p_top_n).collect();
            self.years.top(&scores, what, KNOWN, n)
        });
        all.push(Method { name: "P(top N), three years, exposure time".to_owned(), lists });
        let neighbors = Neighbors::within(&self.years.middles, Metres(150.0)).expect("blocks of a city");
        let beside = |to: i16| -> Vec<f64> {
            let own = plain(to - 2, to);
            (0..own.len())
                .map(|block| {
                    let near = neighbors.of(block);
                    let sum: f64 = near.iter().map(|&other| own[other as usize]).sum();
                    if near.is_empty() { 0.0 } else { sum / near.len() as f64 }
                })
                .collect()
        };
        all.push(self.sharing(
            what,
            "three years and neighbors within 150 m",
            &|to| plain(to - 2, to),
            &beside,
        ));
        let learned = match what {
            What::All => &self.made.all_neighbors,
            What::Gun => &self.made.gun_neighbors,
        };
        all.push(self.method("`--share neighbors`, three years: the blocks that touch", what, learned));
        if what == What::Gun {
            all.push(self.method(
                "`--share classes`, three years: homicide, robbery and assault by firearm learn from one another",
                what,
                &self.made.gun_classes,
            ));
            let everything = |to: i16| -> Vec<f64> {
                self.years.counts(What::All, to - 2, to).into_iter().map(f64::from).collect()
            };
            all.push(self.sharing(
                what,
                "three years and all other incidents",
                &|to| plain(to - 2, to),
                &everything,
            ));
        }
        all
    }

    fn method(&self, name: &str, what: What, scores: &[f64]) -> Method {
        Method { name: name.to_owned(), lists: LISTS.map(|n| self.years.top(scores, what, KNOWN, n)) }
    }

    /// A score and a part of another; the part is the one whose list of the years up to 2015 catches the most of 2016.
    fn sharing(
        &self,
        what: What,
        name: &str,
        own: &dyn Fn(i16) -> Vec<f64>,
        other: &dyn Fn(i16) -> Vec<f64>,
    ) -> Method {
        let mixed = |to: i16, part: f64| -> Vec<f64> {
            own(to).iter().zip(other(to)).map(|(a, b)| a + part * b).collect()
        };
        let caught = |part: f64| {
            let list = self.years.top(&mixed(KNOWN - 1, part), what, KNOWN - 1, 100);
            self.share(what, &[KNOWN], &self.blocks(&list))
        };
        let parts = [0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0];
        let best = parts.into_iter().fold((0.0, -1.0), |best, part| {
            let caught = caught(part);
            if caught > best.1 { (part, caught) } else { best }
        });
        self.method(&format!("{name}, part {} chosen on 2016", best.0), what, &mixed(KNOWN, best.0))
    }

    fn rate(&self, what: What, to: i16) -> Vec<f64> {
        let counts = self.years.counts(what, to - 2, to);
        let rate = |(count, length): (u32, &Option<f64>)| length.map_or(0.0, |m| f64::from(count) / m);
        counts.into_iter().zip(&self.years.lengths).map(rate).collect()
    }

    /// Expected incidents a year: rates per length for segments, per time for intersections, each kind with its own prior.
    fn by_length(&self, what: What, to: i16) -> Vec<f64> {
        let (counts, years) = (self.years.counts(what, to - 2, to), self.years.exposure(to - 2, to));
        let mut scores = vec![0.0; counts.len()];
        for segments in [true, false] {
            let kind: Vec<usize> =
                (0..counts.len()).filter(|&b| self.years.lengths[b].is_some() == segments).collect();
            let size = |b: usize| self.years.lengths[b].map_or(1.0, |length| length.max(1.0) / 100.0);
            let own: Vec<u32> = kind.iter().map(|&b| counts[b]).collect();
            let exposure: Vec<f64> = kind.iter().map(|&b| years * size(b)).collect();
            let found = fit(&own, &exposure).expect("blocks with incidents");
            assert_ne!(found.how, How::NoEvidence, "streets of a city differ");
            for ((&b, &count), &exposure) in kind.iter().zip(&own).zip(&exposure) {
                scores[b] = found.posterior(count, exposure).mean() * size(b);
            }
        }
        scores
    }

    /// Blocks against cells on the same ground; whether cells catch less in every comparison.
    fn grounds(&self, page: &mut Page) -> bool {
        let mut less = true;
        page.say("## Blocks or cells\n\n");
        page.say(
            "The same ground each: units are taken in their order until it is used up, of the last one a part. A segment's ground is 25 m to \
             either side of it, an intersection's the circle of 25 m, a cell's its square. Incidents count where their block or their \
             place is. The difference is to *blocks by count per ground* of three years, with its paired 95 % interval as above.\n\n",
        );
        for what in What::BOTH {
            page.say(&format!("### {}\n\n", capital(what.words())));
            page.say("| units | 0.5 km²: 2017, 2018 | 1 km² | 2 km² | 5 km² | at 2 km² against blocks by count per ground | |\n|---|--:|--:|--:|--:|--:|---|\n");
            let ways: [(&str, Order); 7] = [
                ("blocks by count per ground, three years", self.order_of_blocks(what, 3, true)),
                ("blocks by count per ground, one year", self.order_of_blocks(what, 1, true)),
                ("blocks by count, three years", self.order_of_blocks(what, 3, false)),
                ("cells of 100 m, three years", self.order_of_cells(what, 3, 100.0)),
                ("cells of 100 m, one year", self.order_of_cells(what, 1, 100.0)),
                ("cells of 200 m, three years", self.order_of_cells(what, 3, 200.0)),
                ("cells of 200 m, one year", self.order_of_cells(what, 1, 200.0)),
            ];
            let first = ways[0].1.catch(2.0);
            for (at, (name, order)) in ways.iter().enumerate() {
                let mut cells = vec![(*name).to_owned()];
                for km2 in [0.5, 1.0, 2.0, 5.0] {
                    let catch = order.catch(km2);
                    let of = |year: i16| format!("{:.1}", 100.0 * self.share(what, &[year], &catch));
                    cells.push(HELD_OUT.map(of).join(", ") + " %");
                }
                let difference = self.difference(what, &order.catch(2.0), &first);
                less &= difference.hi < 0.0 || !name.starts_with("cells");
                let verdict = match difference.verdict() {
                    "no gain over counts" => "no difference",
                    "gain" => "catch more",
                    _ => "catch less",
                };
                cells.push(if at == 0 { "–".to_owned() } else { difference.words() });
                cells.push(if at == 0 { String::new() } else { verdict.to_owned() });
                page.row(&cells);
            }
            page.say("\n");
        }
        less
    }

    fn order_of_blocks(&self, what: What, n_years: i16, per_ground: bool) -> Order {
        let ground = |block: usize| -> f64 {
            const BESIDE: f64 = 25.0;
            self.years.lengths[block]
                .map_or(std::f64::consts::PI * BESIDE * BESIDE, |length| 2.0 * BESIDE * length.max(BESIDE))
        };
        let counts = self.years.counts(what, KNOWN - n_years + 1, KNOWN);
        let scores: Vec<f64> = (0..counts.len())
            .map(|block| f64::from(counts[block]) / if per_ground { ground(block) } else { 1.0 })
            .collect();
        let order = self.years.top(&scores, what, KNOWN, counts.len());
        let units = order.iter().map(|&block| ((i64::from(block), 0), ground(block as usize)));
        Order { side: None, units: units.collect() }
    }

    fn order_of_cells(&self, what: What, n_years: i16, side: f64) -> Order {
        let mut counts: BTreeMap<(i64, i64), (u32, i64)> = BTreeMap::new();
        for event in self.years.of_years(what, KNOWN - n_years + 1, KNOWN) {
            let cell = counts.entry(cell(event.at, side)).or_insert((0, i64::MIN));
            *cell = (cell.0 + 1, cell.1.max(event.second));
        }
        let mut order: Vec<_> = counts.into_iter().collect();
        order.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
        Order { side: Some(side), units: order.into_iter().map(|(cell, _)| (cell, side * side)).collect() }
    }
}

fn cell(at: Local, side: f64) -> (i64, i64) {
    ((at.x / side).floor() as i64, (at.y / side).floor() as i64)
}

/// Units with their ground, the first to be taken first: cells of a side, or blocks by number.
struct Order {
    side: Option<f64>,
    units: Vec<((i64, i64), f64)>,
}

impl Order {
    fn catch(&self, km2: f64) -> Catch<'static> {
        let (side, parts) = (self.side, filled(self.units.iter().copied(), km2));
        Box::new(move |event| {
            let unit = side.map_or((i64::from(event.block), 0), |side| cell(event.at, side));
            parts.get(&unit).copied().unwrap_or(0.0)
        })
    }
}

/// Units in their order until the ground is used up, of the last one a part.
fn filled<K: std::hash::Hash + Eq>(order: impl Iterator<Item = (K, f64)>, km2: f64) -> HashMap<K, f64> {
    let mut left = km2 * 1e6;
    let mut parts = HashMap::new();
    for (unit, ground) in order {
        if left <= 0.0 {
            break;
        }
        parts.insert(unit, (left / ground).min(1.0));
        left -= ground;
    }
    parts
}

/// What the trial says of the defaults, in sentences that follow from its intervals.
fn defaults(page: &mut Page, verdicts: &[Verdicts], cells_catch_less: bool) {
    page.say("## What follows for the defaults\n\n");
    let units = if cells_catch_less {
        "Blocks, not cells: on the same ground cells of 100 m and of 200 m catch less, by intervals that leave 0 out."
    } else {
        "Blocks and cells catch alike in at least one comparison; blocks are the default since they can be named and walked."
    };
    page.say(&format!("- {units}\n"));
    for verdict in verdicts {
        let span = match verdict.three_over_one {
            "gain" => "three years find more of the next ones than one year: look at three",
            "**loss**" => "three years find less than one year: look at one",
            _ => "no gain of three years over one, and no loss",
        };
        page.say(&format!("- {}, the span: {span}.\n", capital(verdict.what.words())));
        let gains = match &verdict.gains[..] {
            [] => "no gain over the counts of three years by decay, rates, shrinkage, P(top N), neighbors or related classes".to_owned(),
            names => format!("a gain over the counts of three years by {}", names.join("; ")),
        };
        let losses = match &verdict.losses[..] {
            [] => String::new(),
            names => format!("; a loss by {}", names.join("; ")),
        };
        page.say(&format!("- {}, the score: {gains}{losses}.\n", capital(verdict.what.words())));
    }
    page.say(
        "- So lists are in the order of counts. The posterior, P(top N) and rank intervals say how sure a place is; with equal exposure \
         they are no better list.\n\n",
    );
}

/// What the trial of the scores found.
struct Verdicts {
    what: What,
    three_over_one: &'static str,
    gains: Vec<String>,
    losses: Vec<String>,
}

fn capital(words: &str) -> String {
    let mut letters = words.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + letters.as_str())
}

/// A way to rank, with its lists of 20, 50 and 100.
struct Method {
    name: String,
    lists: [Vec<u32>; 3],
}
