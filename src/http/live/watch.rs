//! The thread that looks at rules: at each new snapshot, and every minute for what time alone brings.

use std::collections::{BTreeSet, VecDeque};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::json;

use super::feed::Feed;
use super::hub::{Event, Scope};
use super::parameters::RULES;
use super::told::rounded;
use crate::engine::View;
use crate::engine::rules::{Found, Heard, Rule, look, news};
use crate::engine::snapshot::Snapshot;
use crate::http::problem::chain;

/// How often a new snapshot is looked for.
const PACE: Duration = Duration::from_millis(250);

/// How often rules are looked at where there is none.
const IDLE: Duration = Duration::from_secs(60);

/// What rules found and is kept for digests.
const KEPT: usize = 1_000;

/// What a rule found, and when.
#[derive(Clone, Debug)]
pub(super) struct Fired {
    pub(super) number: u64,
    pub(super) at: Timestamp,
    pub(super) rule: String,
    pub(super) found: Found,
}

/// What rules found last, the newest at the end, and when sources were last heard of.
#[derive(Debug, Default)]
pub(super) struct Findings {
    fired: Mutex<(u64, VecDeque<Fired>)>,
    heard: Mutex<Heard>,
}

impl Findings {
    /// Those of any of some areas, `kind:name`, the newest first and at most so many.
    pub(super) fn of(&self, areas: &[String], most: usize) -> Vec<Fired> {
        let fired = self.fired.lock().unwrap_or_else(PoisonError::into_inner);
        let meant = |one: &&Fired| areas.iter().any(|area| one.found.areas.contains(area));
        fired.1.iter().rev().filter(meant).take(most).cloned().collect()
    }

    fn keep(&self, rule: &str, found: &Found, at: Timestamp) {
        let mut fired = self.fired.lock().unwrap_or_else(PoisonError::into_inner);
        fired.0 += 1;
        let number = fired.0;
        fired.1.push_back(Fired { number, at, rule: rule.to_owned(), found: found.clone() });
        if fired.1.len() > KEPT {
            fired.1.pop_front();
        }
    }

    /// Something came of a source at an instant.
    pub(super) fn hear(&self, source: &str, at: i64) {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let last = heard.entry(source.to_owned()).or_insert(at);
        *last = (*last).max(at);
    }

    fn heard(&self) -> Heard {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What looks.
pub(super) struct Watch {
    feed: Arc<Feed>,
    /// Each with what it has found already.
    rules: Vec<(Rule, BTreeSet<String>)>,
    /// Rules that could not be looked at, by name: said once each.
    failed: BTreeSet<String>,
    seen: u64,
    last: Instant,
}

impl Watch {
    /// Looks once: what holds already is no news.
    pub(super) fn new(feed: Arc<Feed>, rules: Vec<Rule>) -> Self {
        let snapshot = feed.engine().open(&View::all());
        let data = snapshot.dataset();
        // Until something comes, a source was heard of when its last incident happened.
        let mut last = vec![None; data.sources.len()];
        for at in data.incidents.standing() {
            let newest = &mut last[usize::from(data.incidents.source(at))];
            *newest = (*newest).max(Some(data.incidents.when(at).from));
        }
        for (source, last) in data.sources.iter().zip(last) {
            last.into_iter().for_each(|at| feed.findings.hear(&source.name, at));
        }
        let seen = snapshot.generation();
        let rules = rules.into_iter().map(|rule| (rule, BTreeSet::new())).collect();
        let mut watch = Self { feed, rules, failed: BTreeSet::new(), seen, last: Instant::now() };
        watch.look(&snapshot, false);
        watch
    }

    /// Looks until nobody can say that it should end.
    pub(super) fn run(mut self, end: &Receiver<()>) {
        while end.recv_timeout(PACE) == Err(RecvTimeoutError::Timeout) {
            let snapshot = self.feed.engine().open(&View::all());
            if snapshot.generation() != self.seen || self.last.elapsed() >= IDLE {
                self.seen = snapshot.generation();
                self.last = Instant::now();
                self.look(&snapshot, true);
            }
        }
    }

    fn look(&mut self, snapshot: &Snapshot, tell: bool) {
        let (now, heard) = (Timestamp::now(), self.feed.findings.heard());
        for (rule, known) in &mut self.rules {
            let found = match look(rule, snapshot, now.as_second(), &heard) {
                Ok(found) => found,
                Err(error) => {
                    if self.failed.insert(rule.name.clone()) {
                        let chain = chain(&error);
                        tracing::error!(rule = rule.name, chain, "a rule cannot be looked at");
                    }
                    continue;
                }
            };
            let (new, all) = news(found, known);
            *known = all;
            for found in new.iter().filter(|_| tell) {
                self.feed.findings.keep(&rule.name, found, now);
                self.feed.hub.tell([event(&rule.name, found, now)]);
            }
        }
    }
}

fn event(rule: &str, found: &Found, at: Timestamp) -> Event {
    let data = json!({
        "rule": rule,
        "at": at.to_string(),
        "sentence": found.sentence,
        "lon": found.at.map(|at| rounded(at.lon())),
        "lat": found.at.map(|at| rounded(at.lat())),
        "incidents": found.incidents,
        "blocks": found.blocks,
        "areas": found.areas,
    });
    let scope = found.at.map_or(Scope::Everywhere, Scope::At);
    Event { kind: "rule.fired", collections: &[RULES], scope, data: data.to_string() }
}
