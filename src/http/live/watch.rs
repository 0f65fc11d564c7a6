//! The thread that looks at rules: at each new snapshot, and every minute for what time alone brings.

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::json;

use super::feed::Feed;
use super::hub::{Event, Scope};
use super::parameters::RULES;
use super::told::rounded;
use crate::engine::View;
use crate::engine::live::Change;
use crate::engine::rules::{Found, Heard, Looks, Rule, look, news};
use crate::engine::snapshot::Snapshot;
use crate::http::problem::chain;
use crate::store::Store;
use crate::store::watched::{Finding, KEPT, Watched};

/// How often a new snapshot is looked for.
const PACE: Duration = Duration::from_millis(250);

/// How often rules are looked at where there is none.
const IDLE: Duration = Duration::from_secs(60);

/// How long what rules know may be older in the store than here.
const SAVED: Duration = Duration::from_secs(60);

/// What rules found last, the newest at the end, when sources were last heard of, and what receivers have been sent.
#[derive(Default)]
pub(super) struct Findings {
    fired: Mutex<VecDeque<Finding>>,
    /// The number of the newest that there ever was: of one that was let go none is used again, since receivers were sent it.
    last: AtomicU64,
    heard: Mutex<Heard>,
    sent: Mutex<BTreeMap<String, u64>>,
    /// Where all of it is kept; `None` where nothing is taken in.
    store: Option<Arc<dyn Store>>,
}

impl Findings {
    /// What a store has, and what rules have found already, by rule. Without them where they cannot be read: what counts is
    /// the reports, and of these every one has been.
    pub(super) fn of_store(store: Arc<dyn Store>) -> (Self, Known) {
        match store.watched() {
            Ok(Watched { findings, open, mut heard, sent, .. }) => {
                // A time to come that an earlier form of this program kept would keep a source from ever being silent.
                let now = Timestamp::now().as_second();
                heard.values_mut().for_each(|at| *at = (*at).min(now));
                let numbers = findings.iter().map(|one| one.number).chain(sent.values().copied());
                let last = AtomicU64::new(numbers.max().unwrap_or(0));
                let findings = Self {
                    fired: Mutex::new(findings.into()),
                    last,
                    heard: Mutex::new(heard),
                    sent: Mutex::new(sent),
                    store: Some(store),
                };
                (findings, open)
            }
            Err(error) => {
                let chain = chain(&error);
                tracing::error!(
                    chain,
                    "what rules found before cannot be read, and nothing more of it is kept"
                );
                (Self::default(), Known::new())
            }
        }
    }

    /// Those of any of some areas, `kind:name`, the newest first and at most so many; all where none is named. What has no place,
    /// such as a silent source, is of every area.
    pub(super) fn of(&self, areas: &[String], most: usize) -> Vec<Finding> {
        let fired = locked(&self.fired);
        let everywhere = |one: &Finding| areas.is_empty() || (one.place.is_none() && one.areas.is_empty());
        let meant = |one: &&Finding| everywhere(one) || areas.iter().any(|area| one.areas.contains(area));
        fired.iter().rev().filter(meant).take(most).cloned().collect()
    }

    /// Those after a number, the oldest first.
    fn after(&self, number: u64) -> Vec<Finding> {
        locked(&self.fired).iter().filter(|one| one.number > number).cloned().collect()
    }

    /// What a receiver has not been sent; of one that is new, what is found from now on.
    pub(super) fn unsent(&self, receiver: &str) -> Vec<Finding> {
        let sent = locked(&self.sent).get(receiver).copied();
        match sent {
            Some(last) => self.after(last),
            None => {
                self.send(receiver, self.newest());
                Vec::new()
            }
        }
    }

    /// Receivers hear what is found from now on, those that are known what they missed.
    pub(super) fn know(&self, receivers: impl Iterator<Item = String>) {
        receivers.for_each(|receiver| drop(self.unsent(&receiver)));
    }

    /// A receiver has been sent all up to a number.
    pub(super) fn send(&self, receiver: &str, number: u64) {
        let sent = BTreeMap::from([(receiver.to_owned(), number)]);
        locked(&self.sent).extend(sent.clone());
        self.save(&Watched { sent, ..Watched::default() });
    }

    /// The number of the newest; 0 before the first.
    fn newest(&self) -> u64 {
        self.last.load(Ordering::SeqCst)
    }

    fn save(&self, some: &Watched) {
        let Some(store) = self.store.as_ref().filter(|_| !some.is_empty()) else { return };
        if let Err(error) = store.keep_watched(some) {
            let chain = chain(&error);
            tracing::error!(chain, "what rules found is not kept: a restart forgets it, or tells it again");
        }
    }

    fn keep(&self, new: &[Finding]) {
        let mut fired = locked(&self.fired);
        self.last.fetch_max(new.last().map_or(0, |one| one.number), Ordering::SeqCst);
        fired.extend(new.iter().cloned());
        let too_many = fired.len().saturating_sub(usize::try_from(KEPT).unwrap_or(usize::MAX));
        fired.drain(..too_many);
    }

    /// Lets all go that tell of incidents which may be shown no more since these changes.
    pub(super) fn hide_changed(&self, changes: &[Change]) {
        if locked(&self.fired).is_empty() {
            return;
        }
        let changed = changes.iter().flat_map(|change| change.added.iter().chain(&change.revised));
        let hidden = changed.filter(|one| one.shown.is_none());
        self.hide(&hidden.map(|one| format!("{}:{}", one.source, one.id)).collect());
    }

    /// Lets all go that tell of incidents which these changes took away.
    pub(super) fn hide_withdrawn(&self, changes: &[Change]) {
        let gone = changes.iter().flat_map(|change| &change.withdrawn);
        self.hide(&gone.map(|one| format!("{}:{}", one.source, one.id)).collect());
    }

    /// Lets all go that tell of an incident of these names, `source:id`.
    fn hide(&self, hidden: &HashSet<String>) {
        let tells = |one: &Finding| one.incidents.iter().any(|name| hidden.contains(name));
        let mut fired = locked(&self.fired);
        let gone: Vec<u64> = fired.iter().filter(|one| tells(one)).map(|one| one.number).collect();
        fired.retain(|one| !gone.contains(&one.number));
        drop(fired);
        self.save(&Watched { gone, ..Watched::default() });
    }

    /// The same of all incidents of a snapshot that are sensitive: some may have become so while nobody looked.
    pub(super) fn hide_sensitive(&self, snapshot: &Snapshot) {
        if locked(&self.fired).is_empty() {
            return;
        }
        let data = snapshot.dataset();
        let name = |at: usize| {
            let source = &data.sources[usize::from(data.incidents.source(at))].name;
            format!("{source}:{}", data.incidents.id(at))
        };
        self.hide(&data.incidents.standing().filter(|&at| data.sensitive(at)).map(name).collect());
    }

    /// Something came of a source at an instant.
    pub(super) fn hear(&self, source: &str, at: i64) {
        let mut heard = locked(&self.heard);
        let last = heard.entry(source.to_owned()).or_insert(at);
        *last = (*last).max(at);
    }

    /// A source of which nothing ever came is waited for from an instant on.
    fn wait_for(&self, source: &str, from: i64) {
        locked(&self.heard).entry(source.to_owned()).or_insert(from);
    }

    fn heard(&self) -> Heard {
        locked(&self.heard).clone()
    }
}

fn locked<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What rules have found already, each by [`written`].
pub(super) type Known = BTreeMap<String, BTreeSet<String>>;

/// A rule as it is written down: one that is changed is another, which begins anew.
fn written(rule: &Rule) -> String {
    format!("{rule:?}")
}

/// What looks.
pub(super) struct Watch {
    feed: Arc<Feed>,
    /// Each with what it has found already; `None` until it is looked at for the first time.
    rules: Vec<(Rule, Option<BTreeSet<String>>)>,
    /// Rules that could not be looked at, by name: said once each.
    failed: BTreeSet<String>,
    seen: u64,
    last: Instant,
    saved: Instant,
}

impl Watch {
    /// Looks once: what an earlier run knew, and what holds already of a rule that is new, is no news.
    pub(super) fn new(feed: Arc<Feed>, rules: Vec<Rule>, mut known: Known) -> Self {
        let snapshot = feed.engine().open(&View::all());
        let data = snapshot.dataset();
        // Until something comes, a source was heard of when its last incident happened; of times to come nobody has heard.
        let now = Timestamp::now().as_second();
        let mut last = vec![None; data.sources.len()];
        for at in data.incidents.standing() {
            let (newest, from) =
                (&mut last[usize::from(data.incidents.source(at))], data.incidents.when(at).from);
            if from <= now {
                *newest = (*newest).max(Some(from));
            }
        }
        for (source, last) in data.sources.iter().zip(last) {
            last.into_iter().for_each(|at| feed.findings.hear(&source.name, at));
        }
        for rule in &rules {
            if let Looks::Silent { source: Some(source), .. } = &rule.looks {
                feed.findings.wait_for(source, now);
            }
        }
        let seen = snapshot.generation();
        let rules = rules.into_iter().map(|rule| {
            let known = known.remove(&written(&rule));
            // Silence that is found at the first look is news: nobody was told of it, and it may last.
            let silent = matches!(rule.looks, Looks::Silent { .. });
            (rule, known.or_else(|| silent.then(BTreeSet::new)))
        });
        let (rules, now) = (rules.collect(), Instant::now());
        let mut watch = Self { feed, rules, failed: BTreeSet::new(), seen, last: now, saved: now };
        watch.look(&snapshot);
        watch.save(Vec::new());
        watch
    }

    /// Looks until nobody can say that it should end.
    pub(super) fn run(mut self, end: &Receiver<()>) {
        while end.recv_timeout(PACE) == Err(RecvTimeoutError::Timeout) {
            let snapshot = self.feed.engine().open(&View::all());
            if snapshot.generation() != self.seen || self.last.elapsed() >= IDLE {
                self.seen = snapshot.generation();
                self.last = Instant::now();
                self.look(&snapshot);
            }
            if self.saved.elapsed() >= SAVED {
                self.save(Vec::new());
            }
        }
        self.save(Vec::new());
    }

    fn look(&mut self, snapshot: &Snapshot) {
        // To the microsecond, as it is kept.
        let now = Timestamp::from_microsecond(Timestamp::now().as_microsecond()).unwrap_or_default();
        let heard = self.feed.findings.heard();
        let (mut fresh, newest) = (Vec::new(), self.feed.findings.newest());
        for (rule, known) in &mut self.rules {
            let found = match look(rule, snapshot, now.as_second(), &heard) {
                Ok(found) => found,
                Err(error) => {
                    // A category that is not there yet has no incident that could be no news.
                    known.get_or_insert_default();
                    if self.failed.insert(rule.name.clone()) {
                        let chain = chain(&error);
                        tracing::error!(rule = rule.name, chain, "a rule cannot be looked at");
                    }
                    continue;
                }
            };
            let (new, all) = news(found, known.as_ref().unwrap_or(&BTreeSet::new()));
            // What holds when a rule is looked at for the first time is no news.
            if known.replace(all).is_some() {
                fresh.extend(new.into_iter().map(|found| (rule.name.clone(), found)));
            }
        }
        let finding = |(number, (rule, found)): (u64, (String, Found))| Finding {
            number,
            at: now,
            rule,
            sentence: found.sentence,
            place: found.at,
            incidents: found.incidents,
            blocks: found.blocks,
            areas: found.areas,
        };
        let fresh: Vec<Finding> = (newest + 1..).zip(fresh).map(finding).collect();
        if fresh.is_empty() {
            return;
        }
        // On disk before anyone is told, so that nobody is told twice.
        self.save(fresh.clone());
        self.feed.findings.keep(&fresh);
        // What has become sensitive since this snapshot was let go before it was kept.
        let now = self.feed.engine().open(&View::all());
        if now.generation() != snapshot.generation() {
            self.feed.findings.hide_sensitive(&now);
        }
        self.feed.hub.tell(self.feed.findings.after(newest).iter().map(event));
    }

    /// Keeps findings, and with them what rules know and sources were heard of.
    fn save(&mut self, findings: Vec<Finding>) {
        self.saved = Instant::now();
        let known = |(rule, known): &(Rule, Option<BTreeSet<String>>)| Some((written(rule), known.clone()?));
        let open = self.rules.iter().filter_map(known).collect();
        let some = Watched { findings, open, heard: self.feed.findings.heard(), ..Watched::default() };
        self.feed.findings.save(&some);
    }
}

/// What is told of a finding.
pub(super) fn data(one: &Finding) -> serde_json::Value {
    json!({
        "id": one.id(),
        "rule": one.rule,
        "at": one.at.to_string(),
        "sentence": one.sentence,
        "lon": one.place.map(|at| rounded(at.lon())),
        "lat": one.place.map(|at| rounded(at.lat())),
        "incidents": one.incidents,
        "blocks": one.blocks,
        "areas": one.areas,
    })
}

/// The kind of event of a finding.
pub(super) const FIRED: &str = "rule.fired";

fn event(one: &Finding) -> Event {
    let scope = one.place.map_or(Scope::Everywhere, Scope::At);
    Event { kind: FIRED, collections: &[RULES], scope, data: data(one).to_string() }
}
