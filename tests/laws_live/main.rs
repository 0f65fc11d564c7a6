//! The live engine is a fresh build: whatever comes in whatever order, its snapshot says what a build of all reports says.

#[path = "../common/mod.rs"]
mod common;
mod feed;
mod kept;
mod same;

use std::collections::BTreeSet;
use std::sync::Arc;

use feed::{FeedOf, Row};
use hotblocks::engine::build::{About, BuildError, Ground, build};
use hotblocks::engine::live::{Change, Live, Merges};
use hotblocks::engine::snapshot::Snapshot;
use hotblocks::model::block::Intersections;
use hotblocks::model::class::ClassId;
use hotblocks::model::cutoff::{Cutoffs, Gone};
use hotblocks::model::dataset::Placing;
use hotblocks::model::incident::Located;
use hotblocks::model::link::LinkRule;
use hotblocks::model::report::{Report, Source};
use hotblocks::model::reports::Ledger;
use rayon::prelude::*;
use same::{same, same_layers};

/// Sequences that every run tries; `HOTBLOCKS_LIVE_CASES` sets another number.
const CASES: u64 = 10_000;

/// Rows that come or go before a merge, and reports that are replaced before they go.
const MERGED_ROWS: usize = 8;

/// Operations of a sequence, at least.
const LEAST: usize = 30;

fn about(seed: u64) -> About {
    let intersections = if seed % 4 == 3 { Intersections::Split } else { Intersections::Node };
    About {
        link: (seed % 8 != 7).then(LinkRule::default),
        placing: Placing { intersections, ..Placing::default() },
        ..About::default()
    }
}

/// A live engine beside the plain list of everything that it was told.
struct Both {
    live: Live,
    all: Ledger,
    about: About,
    ground: Arc<Ground>,
    /// Source and id of all incidents, as the changes tell them.
    told: BTreeSet<(String, String)>,
}

impl Both {
    fn new(ground: &Arc<Ground>, about: About, merges: Merges, first: Ledger) -> Self {
        let live = Live::new(first.clone(), Ground::clone(ground), about.clone()).expect("blocks");
        let mut both = Self {
            live: live.merging(merges),
            all: first,
            about,
            ground: Arc::clone(ground),
            told: BTreeSet::new(),
        };
        let snapshot = both.live.snapshot(1);
        both.told = ids(&snapshot);
        both
    }

    fn apply(&mut self, batch: &Ledger) {
        self.apply_all(std::slice::from_ref(batch));
    }

    fn apply_all(&mut self, batches: &[Ledger]) {
        batches.iter().for_each(|batch| self.all.add(batch).expect("few classes"));
        let change = self.live.apply_all(batches).expect("few classes");
        self.tell(&change);
    }

    fn forget(&mut self, source: &str, id: &str) {
        let named: Vec<bool> = self.all.sources.iter().map(|one| one.name == source).collect();
        let reports = std::mem::take(&mut self.all.reports);
        let kept = reports.iter().filter(|one| one.id != Some(id) || !named[usize::from(one.source)]);
        self.all.reports = kept.collect();
        let change = self.live.forget(source, id, self.all.clone());
        self.tell(&change);
    }

    /// Some events and whatever has no id and ended before a day are kept no more.
    fn expire(&mut self, named: &[(String, String)], day: jiff::civil::Date) {
        let ids = |source: &Source| {
            let of = named.iter().filter(|(name, _)| *name == source.name);
            of.map(|(_, id)| id.as_str().into()).collect()
        };
        let ids = self.all.sources.iter().map(|source| (source.clone(), ids(source))).collect();
        let gone = Gone::new(Cutoffs::before(day, None), ids);
        let among = gone.among(&self.all.sources);
        let reports = std::mem::take(&mut self.all.reports);
        self.all.reports = reports.iter().filter(|one| !among.has(one)).collect();
        let change = self.live.forget_gone(&gone, self.all.clone());
        let among = gone.among(&self.live.ledger().sources);
        assert!(!self.live.ledger().reports.iter().any(|one| among.has(&one)), "none of them is left");
        self.tell(&change);
    }

    /// Follows the changes: what is added was not there, what is revised or withdrawn was.
    fn tell(&mut self, change: &Change) {
        for one in &change.withdrawn {
            assert!(self.told.remove(&(one.source.clone(), one.id.clone())), "{one:?} was not there");
        }
        for one in &change.revised {
            assert!(self.told.contains(&(one.source.clone(), one.id.clone())), "{one:?} was not there");
        }
        for one in &change.added {
            assert!(self.told.insert((one.source.clone(), one.id.clone())), "{one:?} was there");
        }
    }

    /// `None` where no incident with a place of its own lies on a block: a fresh build refuses such data, a live engine waits.
    fn fresh(&self) -> Option<Snapshot> {
        match build(self.all.clone(), &self.ground, self.about.clone()) {
            Ok(dataset) => Some(Snapshot::new(dataset, 1)),
            Err(BuildError::NothingNear { .. }) => None,
            Err(error) => panic!("{error}"),
        }
    }

    /// The engine has let history go, and the others it has in their order; corrections mean the same of them.
    fn same_reports(&self, live: &Snapshot, fresh: &Snapshot) {
        let said = |ledger: &Ledger, at: usize| {
            let one = ledger.reports.get(at);
            let code = &ledger.classes.get(one.class).code;
            format!("{code} {:?}", Report { file: 0, class: ClassId(0), ..one })
        };
        let corrections = |ledger: &Ledger, of: &Snapshot| {
            let resolution = &of.dataset().resolution;
            let pair = |&(a, b): &(usize, usize)| format!("{} by {}", said(ledger, a), said(ledger, b));
            let alone = resolution.unmatched.iter().map(|&at| said(ledger, at));
            resolution.taken_back.iter().map(pair).chain(alone).collect::<Vec<_>>()
        };
        let (kept, all) = (self.live.ledger(), &self.all);
        assert_eq!(corrections(kept, live), corrections(all, fresh));
        let mut all = (0..all.reports.len()).map(|at| said(all, at));
        for at in 0..kept.reports.len() {
            let wanted = said(kept, at);
            assert!(all.any(|one| one == wanted), "{wanted} is kept, and came");
        }
    }

    fn check(&mut self, layers: bool) -> Option<(Arc<Snapshot>, Snapshot)> {
        let live = self.live.snapshot(1);
        let Some(fresh) = self.fresh() else {
            let data = live.dataset();
            let on_a_block =
                |at: usize| data.incidents.located(at) == Located::Yes && data.assignment.main(at).is_some();
            assert!(!data.incidents.standing().any(on_a_block));
            return None;
        };
        same(&live, &fresh);
        self.same_reports(&live, &fresh);
        if layers {
            same_layers(&live, &fresh);
        }
        assert_eq!(self.told, ids(&live), "the changes tell of every incident");
        Some((live, fresh))
    }
}

fn ids(snapshot: &Snapshot) -> BTreeSet<(String, String)> {
    let data = snapshot.dataset();
    let name = |at: usize| data.sources[usize::from(data.incidents.source(at))].name.clone();
    data.incidents.standing().map(|at| (name(at), data.incidents.id(at).to_owned())).collect()
}

/// One sequence of operations, looked at in the middle, now and then between, and at the end.
fn sequence(seed: u64, ground: &Arc<Ground>) {
    let mut feed = FeedOf::new(seed);
    let mut first = vec![feed.first()];
    // Some begin with a store full of reports, some with an empty one.
    for _ in 0..feed.chance.pick(&[0, 0, 20]) {
        first.extend(feed.rows());
    }
    // A merge takes effect at once, or while further batches come.
    let merges = Merges { rows: MERGED_ROWS, batches: Some(feed.chance.below(4)) };
    let mut both = Both::new(ground, about(seed), merges, feed.ledger(&first));
    let n = LEAST + feed.chance.below(10);
    let mut earlier: Option<(Arc<Snapshot>, Snapshot)> = None;
    for step in 0..n {
        if feed.chance.one_in(60)
            && let Some((source, id)) = feed.sent_id()
        {
            both.forget(source, &id);
        }
        if feed.chance.one_in(60) {
            let named = (0..3).filter_map(|_| feed.sent_id());
            let named: Vec<_> = named.map(|(source, id)| (source.to_owned(), id)).collect();
            let when = both.all.reports.when(both.all.reports.len() / 2);
            let middle = jiff::Timestamp::from_second(when.from).expect("a time");
            both.expire(&named, middle.to_zoned(jiff::tz::TimeZone::UTC).date());
        }
        let rows: Vec<Row> = feed.rows();
        let mut batches = vec![feed.ledger(&rows)];
        if feed.chance.one_in(6) {
            let more = feed.rows();
            batches.push(feed.ledger(&more));
        }
        both.apply_all(&batches);
        if step == n / 2 {
            earlier = both.check(false);
        }
    }
    both.check(seed.is_multiple_of(16));
    // Nobody who holds a snapshot sees it change.
    if let Some((held, then)) = earlier {
        same(&held, &then);
    }
}

#[test]
fn after_any_sequence_of_reports_a_snapshot_is_that_of_a_fresh_build() {
    let cases = std::env::var("HOTBLOCKS_LIVE_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(CASES);
    let ground = Arc::new(feed::ground());
    let failed = (0..cases)
        .into_par_iter()
        .find_first(|&seed| std::panic::catch_unwind(|| sequence(seed, &ground)).is_err());
    assert_eq!(failed, None, "the first sequence that fails");
}

#[test]
fn what_later_revisions_replaced_is_let_go_and_counted_all_the_same() {
    let feed = FeedOf::new(1);
    let ground = Arc::new(feed::ground());
    let merges = Merges { rows: MERGED_ROWS, batches: Some(0) };
    let mut both = Both::new(&ground, about(1), merges, feed.ledger(&[feed.first()]));
    for n in 0..500 {
        let row = feed.of_code(["R", "B", "L"][n % 3], ["one", "two"][n % 2]);
        both.apply(&feed.ledger(&[row.revised(n as i64)]));
        let kept = both.live.ledger().reports.len();
        assert!(kept <= 3 + MERGED_ROWS + 1, "{kept} reports are kept");
    }
    // One that comes late is counted, and changes nothing.
    both.apply(&feed.ledger(&[feed.of_code("H", "one").revised(3)]));
    let (live, _) = both.check(true).expect("incidents");
    assert_eq!(live.dataset().resolution.reports, 502);
    assert_eq!((live.dataset().resolution.superseded, live.dataset().incidents.count()), (499, 3));
}

#[test]
fn blocks_made_of_addresses_are_refused_since_they_would_move() {
    let refused = Live::new(Ledger::default(), Ground::Addresses, About::default());
    let error = refused.err().map(|error| error.to_string()).unwrap_or_default();
    assert!(error.contains("give a file of streets or polygons"), "{error}");
}

#[test]
fn a_change_tells_nothing_of_a_sensitive_incident_but_its_id() {
    let feed = FeedOf::new(1);
    let mut live = Live::new(feed.ledger(&[feed.first()]), feed::ground(), About::default()).expect("blocks");
    let batch = feed.ledger(&["R", "X", "?"].map(|code| feed.of_code(code, &format!("one-{code}"))));
    let change = live.apply(&batch).expect("few classes");
    let told: Vec<_> = change.added.iter().map(|one| (one.id.as_str(), one.shown.is_some())).collect();
    assert_eq!(told, [("one-?", false), ("one-R", true), ("one-X", false)]);
    let shown = change.added[1].shown.as_ref().expect("a robbery");
    assert_eq!(shown.category.as_deref(), Some("robbery"));
    assert!(shown.block.is_some() && shown.at.is_some());
    let again = live.apply(&batch).expect("few classes");
    assert!(again.added.is_empty() && again.withdrawn.is_empty(), "{again:?}");
}

#[test]
fn what_is_forgotten_is_in_no_report_and_no_snapshot_any_more() {
    let feed = FeedOf::new(1);
    let mut live = Live::new(feed.ledger(&[feed.first()]), feed::ground(), About::default()).expect("blocks");
    live.apply(&feed.ledger(&[feed.of_code("R", "gone"), feed.of_code("R", "stays")])).expect("few classes");
    let rest = feed.ledger(&[feed.first(), feed.of_code("R", "stays")]);
    let change = live.forget("police", "gone", rest.clone());
    assert_eq!(change.withdrawn.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["gone"]);
    assert!(live.ledger().reports.iter().all(|report| report.id != Some("gone")));
    assert_eq!(ids(&live.snapshot(2)).len(), 2);
    assert!(live.forget("police", "gone", rest).is_empty());
}

#[test]
fn what_is_left_may_count_its_sources_in_another_order() {
    let mut feed = FeedOf::new(3);
    let mut rows = vec![feed.first()];
    (0..40).for_each(|_| rows.extend(feed.rows()));
    let all = feed.ledger(&rows);
    let last = u16::try_from(all.sources.len() - 1).expect("few");
    assert!(last > 0, "one source has one order");
    let reports = all.reports.iter().map(|one| Report { source: last - one.source, ..one }).collect();
    let sources = all.sources.iter().rev().cloned().collect();
    let rest = Ledger { sources, reports, ..all.clone() };
    let ground = feed::ground();
    let mut live = Live::new(all, ground.clone(), about(0)).expect("blocks");
    live.forget_gone(&Gone::default(), rest.clone());
    let fresh = Snapshot::new(build(rest, &ground, about(0)).expect("near"), 2);
    same(&live.snapshot(2), &fresh);
}
