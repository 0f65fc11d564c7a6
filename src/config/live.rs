//! The part of a configuration that is about the live feed: `[live]`.

use crate::engine::params::values::BadValue;
use crate::engine::rules::{Counts, Looks, Rule};
use crate::space::coord::Metres;

/// Bounds of the live feed; the usual ones hold where nothing is said.
#[derive(Clone, Debug, Default, PartialEq, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct LiveConfig {
    /// Clients of `/events` at most.
    pub clients: Option<usize>,
    /// Of these from one address at most.
    pub clients_each: Option<usize>,
    /// Seconds after which a client that hears nothing else is told that the line is alive.
    pub heartbeat_s: Option<f64>,
    /// MiB of a body at most, as it comes.
    pub body_mib: Option<usize>,
    /// MiB of a body at most, unpacked.
    pub unpacked_mib: Option<usize>,
    /// MiB of files that may be read, written and shown at a time.
    pub waiting_mib: Option<usize>,
    /// Alerts that may wait to be written and shown.
    pub waiting_alerts: Option<usize>,
    /// What someone wants to be told at once.
    pub rules: Vec<RuleConfig>,
    /// Where it is sent.
    pub webhooks: Vec<WebhookConfig>,
}

/// A rule, `[[live.rules]]`.
#[derive(Clone, Debug, Default, PartialEq, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct RuleConfig {
    /// What the agency calls it.
    pub name: String,
    /// What is looked for: threshold, enters-top, near-repeat or silent.
    pub looks_for: String,
    /// How many incidents make a threshold.
    pub at_least: Option<usize>,
    /// In how many days.
    pub days: Option<f64>,
    /// How near they are.
    pub radius_m: Option<f64>,
    /// How many blocks are the top.
    pub top: Option<usize>,
    /// Hours of silence.
    pub hours: Option<f64>,
    /// The source that is silent; any where nothing is said.
    pub source: Option<String>,
    /// Which incidents count: shootings or gun-crime; all of `category` where nothing is said.
    pub counts: Option<String>,
    /// Their categories; all where none is named.
    pub category: Vec<String>,
    /// Whether those that nobody has looked at yet count as well.
    pub unreviewed: bool,
}

/// A webhook, `[[live.webhooks]]`.
#[derive(Clone, Debug, Default, PartialEq, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebhookConfig {
    /// Where events are sent.
    pub url: String,
    /// Environment variables that hold its secrets, the newest first; a secret stands in no file of ours.
    pub secret_env: Vec<String>,
    /// Kinds of events; `rule.fired` alone where none is named.
    pub events: Vec<String>,
    /// Whether it may be on this machine, and only there without TLS, as in tests.
    pub allow_loopback: bool,
    /// Seconds before the first repetition.
    pub first_retry_s: Option<f64>,
}

impl LiveConfig {
    /// The rules, checked.
    ///
    /// # Errors
    ///
    /// [`BadValue`] for one that cannot be used.
    pub fn checked_rules(&self) -> Result<Vec<Rule>, BadValue> {
        self.rules.iter().map(RuleConfig::checked).collect()
    }
}

impl RuleConfig {
    fn checked(&self) -> Result<Rule, BadValue> {
        let bad = |name: &str, value: String, mend: &str| BadValue {
            name: format!("live.rules.{name}"),
            value,
            mend: mend.to_owned(),
        };
        if self.name.trim().is_empty() {
            return Err(bad("name", self.name.clone(), "give the rule a name"));
        }
        let positive = |name: &str, value: Option<f64>| {
            let shown = value.map_or_else(|| "not given".to_owned(), |n| n.to_string());
            value.filter(|n| *n > 0.0 && *n <= 1e6).ok_or_else(|| bad(name, shown, "give a number above 0"))
        };
        let whole = |name: &str, value: Option<usize>| {
            let shown = value.map_or_else(|| "not given".to_owned(), |n| n.to_string());
            value.filter(|n| *n > 0).ok_or_else(|| bad(name, shown, "give a whole number above 0"))
        };
        let looks = match self.looks_for.as_str() {
            "threshold" => Looks::Threshold {
                at_least: whole("at_least", self.at_least)?,
                days: positive("days", self.days)?,
                radius: Metres(positive("radius_m", self.radius_m)?),
            },
            "enters-top" => {
                Looks::EntersTop { n: whole("top", self.top)?, days: positive("days", self.days)? }
            }
            "near-repeat" => Looks::NearRepeat {
                radius: Metres(positive("radius_m", self.radius_m)?),
                days: positive("days", self.days)?,
            },
            "silent" => Looks::Silent { source: self.source.clone(), hours: positive("hours", self.hours)? },
            other => {
                let mend = "give threshold, enters-top, near-repeat or silent";
                return Err(bad("looks_for", other.to_owned(), mend));
            }
        };
        let counts = match self.counts.as_deref() {
            None => Counts::Categories(self.category.clone()),
            Some("shootings") => Counts::Shootings,
            Some("gun-crime") => Counts::GunCrime,
            Some(other) => return Err(bad("counts", other.to_owned(), "give shootings or gun-crime")),
        };
        if self.counts.is_some() && !self.category.is_empty() {
            return Err(bad("counts", "given beside category".to_owned(), "give one of them"));
        }
        Ok(Rule { name: self.name.clone(), looks, counts, unreviewed: self.unreviewed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn a_rule_says_all_that_it_needs_and_a_misspelt_one_is_refused() {
        let rule = |text: &str| {
            let config = Config::parse("c.toml", &format!("[[live.rules]]\nname = \"r\"\n{text}"));
            config.map_err(|_| "unread".to_owned())?.live.checked_rules().map_err(|bad| bad.name)
        };
        let good =
            "looks_for = \"threshold\"\nat_least = 3\ndays = 7\nradius_m = 300\ncounts = \"shootings\"";
        let rules = rule(good).expect("usable");
        let looks = Looks::Threshold { at_least: 3, days: 7.0, radius: Metres(300.0) };
        assert_eq!((&rules[0].looks, &rules[0].counts), (&looks, &Counts::Shootings));
        for (text, named) in [
            ("looks_for = \"three\"", "live.rules.looks_for"),
            ("looks_for = \"threshold\"\nat_least = 3\ndays = 7", "live.rules.radius_m"),
            ("looks_for = \"threshold\"\nat_least = 0", "live.rules.at_least"),
            ("looks_for = \"silent\"\nhours = -1", "live.rules.hours"),
            ("looks_for = \"near-repeat\"\nradius_m = 1\ndays = nan", "live.rules.days"),
            ("looks_for = \"silent\"\nhours = 1\ncounts = \"guns\"", "live.rules.counts"),
            ("lookfor = \"silent\"", "unread"),
        ] {
            assert_eq!(rule(text).expect_err(text), named, "{text}");
        }
    }
}
