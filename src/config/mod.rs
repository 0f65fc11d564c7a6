//! The configuration file: where the data is, what is said of it, what parameters default to.

pub mod live;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::engine::params::near_repeat::NEAR_REPEAT;
use crate::engine::params::table::{
    BANDWIDTH, CATEGORY, CELL, COMMANDS_ONLY, EPS, MIN_POINTS, OPERATIONS, Param,
};
use crate::engine::params::values::{BadValue, Values};
use crate::ingest::harm::EQUAL;
use crate::model::block::Intersections;
use crate::model::cutoff::Retention;
use crate::model::dataset::Placing;
use crate::model::link::LinkRule;
use crate::space::coord::Metres;

/// A configuration file, `hotblocks.toml`. Unknown keys are errors; paths are relative to the file.
#[derive(Clone, Debug, Default, PartialEq, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Name of the data set, for people.
    pub title: Option<String>,
    /// What must be said with every answer.
    pub notice: Option<String>,
    /// Files of incidents.
    pub incidents: Vec<PathBuf>,
    /// File or files of blocks: street lines or polygons; or the word `addresses`.
    pub blocks: Files,
    /// Files of named areas, by their kind.
    pub areas: BTreeMap<String, Files>,
    /// Files of places around blocks, by a word for what they are.
    pub context: BTreeMap<String, Files>,
    /// CRS of files that do not name one.
    pub crs: Option<String>,
    /// Name of the source, if not its layout's.
    pub source: Option<String>,
    /// A layout of one's own.
    pub layout: Option<PathBuf>,
    /// Table of harm weights: a file, or the word `equal`.
    pub harm: Option<PathBuf>,
    /// Categories where a request names none.
    pub category: Vec<String>,
    /// Radius of the kernel.
    pub bandwidth_m: Option<f64>,
    /// Side of a density cell.
    pub cell_m: Option<f64>,
    /// Radius of a cluster's neighborhood.
    pub eps_m: Option<f64>,
    /// Incidents that make a cluster's core.
    pub min_points: Option<u64>,
    /// Any other parameter of an operation, by its name in a query.
    pub parameters: BTreeMap<String, toml::Value>,
    /// Whether incidents without coordinates get a place from their address; they do where nothing is said.
    pub geocode: Option<bool>,
    /// What becomes of incidents at intersections: node, split, first or exclude.
    pub intersections: Option<String>,
    /// Address to serve at.
    pub listen: Option<String>,
    /// Address to serve metrics at; nowhere where nothing is said.
    pub metrics_listen: Option<String>,
    /// The address that clients use, where it is another: all links begin with it.
    pub public_url: Option<String>,
    /// Addresses or networks of proxies whose `Forwarded` and `X-Forwarded-…` count; none where nothing is said.
    pub trusted_proxies: Vec<String>,
    /// Origins whose pages may read and, where they are named, run analyses; `*` for public data, to read alone. Those of this machine may in any case.
    pub allow_origins: Vec<String>,
    /// Bounds of the live feed.
    pub live: live::LiveConfig,
    /// Held places that someone has looked at and let go, by the name in the list.
    pub released: Option<Vec<String>>,
    /// Whether events of different feeds (report, call, alert) become one where they are near each other.
    pub link: Option<bool>,
    /// Days for which incidents are kept, by source; `*` stands for those that are not named. For good where nothing is said.
    pub retention_days: BTreeMap<String, u32>,
    /// Minutes between them at most.
    pub link_minutes: Option<u32>,
    /// Metres between them at most.
    pub link_m: Option<f64>,
}

/// Stands for a file of blocks where they are made from the incidents' addresses.
pub const ADDRESSES: &str = "addresses";

/// Incidents are kept for so many days at most, or for good: a century.
const MOST_DAYS: u32 = 36_525;

/// One file, or a list of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(from = "OneOrMany")]
pub struct Files(pub Vec<PathBuf>);

#[derive(serde::Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(PathBuf),
    Many(Vec<PathBuf>),
}

impl From<OneOrMany> for Files {
    fn from(files: OneOrMany) -> Self {
        Self(match files {
            OneOrMany::One(file) => vec![file],
            OneOrMany::Many(files) => files,
        })
    }
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The disk refused.
    #[error("cannot read the configuration `{file}`")]
    Open {
        /// The file.
        file: String,
        /// Why.
        source: std::io::Error,
    },
    /// Not TOML, or an unknown key.
    #[error("the configuration `{file}` cannot be used")]
    Read {
        /// The file.
        file: String,
        /// Why.
        source: Box<toml::de::Error>,
    },
    /// A value out of bounds.
    #[error("the configuration cannot be used")]
    Value(#[from] BadValue),
    /// It cannot be written.
    #[error("the configuration cannot be kept")]
    Keep(#[source] Box<toml::ser::Error>),
}

impl Config {
    /// Reads a file; its paths become relative to the working directory.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if it cannot be read or used.
    pub fn open(path: &Path) -> Result<Self, ConfigError> {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Open { file: file.clone(), source })?;
        let mut config = Self::parse(&file, &text)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let harm = config.harm.as_mut().filter(|file| file.as_os_str() != EQUAL);
        let blocks = config.blocks.0.iter_mut().filter(|file| file.as_os_str() != ADDRESSES);
        for each in config
            .incidents
            .iter_mut()
            .chain(blocks)
            .chain(config.areas.values_mut().flat_map(|files| &mut files.0))
            .chain(config.context.values_mut().flat_map(|files| &mut files.0))
            .chain(&mut config.layout)
            .chain(harm)
        {
            *each = folder.join(&each);
        }
        Ok(config)
    }

    /// Reads the text of a configuration.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Read`] if it cannot be used.
    pub fn parse(file: &str, text: &str) -> Result<Self, ConfigError> {
        toml::from_str(text).map_err(|e| ConfigError::Read { file: file.to_owned(), source: Box::new(e) })
    }

    /// Its text without files, as a store keeps it.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Keep`] for what cannot be written, as a path that is no text.
    pub fn to_keep(&self) -> Result<String, ConfigError> {
        let kept = Self {
            incidents: Vec::new(),
            blocks: Files::default(),
            areas: BTreeMap::new(),
            context: BTreeMap::new(),
            layout: None,
            harm: None,
            ..self.clone()
        };
        toml::to_string(&kept).map_err(|e| ConfigError::Keep(Box::new(e)))
    }

    /// The configuration that a store keeps.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Read`] if it is of a later version.
    pub fn kept(text: &str) -> Result<Self, ConfigError> {
        Self::parse("of the store", text)
    }

    /// This one where it says something, else another; the files are those of this one.
    #[must_use]
    pub fn over(self, other: Self) -> Self {
        let list = |own: Vec<String>, other: Vec<String>| if own.is_empty() { other } else { own };
        let mut parameters = other.parameters;
        parameters.extend(self.parameters);
        let mut retention_days = other.retention_days;
        retention_days.extend(self.retention_days);
        Self {
            title: self.title.or(other.title),
            notice: self.notice.or(other.notice),
            crs: self.crs.or(other.crs),
            source: self.source.or(other.source),
            category: list(self.category, other.category),
            bandwidth_m: self.bandwidth_m.or(other.bandwidth_m),
            cell_m: self.cell_m.or(other.cell_m),
            eps_m: self.eps_m.or(other.eps_m),
            min_points: self.min_points.or(other.min_points),
            parameters,
            geocode: self.geocode.or(other.geocode),
            intersections: self.intersections.or(other.intersections),
            listen: self.listen.or(other.listen),
            metrics_listen: self.metrics_listen.or(other.metrics_listen),
            public_url: self.public_url.or(other.public_url),
            trusted_proxies: list(self.trusted_proxies, other.trusted_proxies),
            allow_origins: list(self.allow_origins, other.allow_origins),
            live: if self.live == live::LiveConfig::default() { other.live } else { self.live },
            released: self.released.or(other.released),
            retention_days,
            link: self.link.or(other.link),
            link_minutes: self.link_minutes.or(other.link_minutes),
            link_m: self.link_m.or(other.link_m),
            incidents: self.incidents,
            blocks: self.blocks,
            areas: self.areas,
            context: self.context,
            layout: self.layout,
            harm: self.harm,
        }
    }

    /// How events of different feeds become one; `None` where `link = false`.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Value`] for a bound that is none.
    pub fn link_rule(&self) -> Result<Option<LinkRule>, ConfigError> {
        let usual = LinkRule::default();
        let bad = |name: &str, value: String, mend: &str| BadValue {
            name: name.to_owned(),
            value,
            mend: mend.to_owned(),
        };
        let minutes = self.link_minutes.unwrap_or(usual.seconds / 60);
        if minutes > 1_440 {
            return Err(bad("link_minutes", minutes.to_string(), "give at most 1440 minutes").into());
        }
        let distance = self.link_m.unwrap_or(usual.distance.0);
        if !(0.0..=10_000.0).contains(&distance) {
            return Err(bad("link_m", distance.to_string(), "give a length in metres up to 10000").into());
        }
        let rule = LinkRule { seconds: minutes * 60, distance: Metres(distance) };
        Ok(self.link.unwrap_or(true).then_some(rule))
    }

    /// How long incidents are kept.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Value`] for no day at all, and for more than a century.
    pub fn retention(&self) -> Result<Retention, ConfigError> {
        for (source, &days) in &self.retention_days {
            let bad = |value: String, mend: &str| BadValue {
                name: format!("retention_days.{source}"),
                value,
                mend: mend.to_owned(),
            };
            if !(1..=MOST_DAYS).contains(&days) {
                return Err(bad(days.to_string(), "give a number of days from 1 to 36525").into());
            }
        }
        Ok(Retention(self.retention_days.clone()))
    }

    /// How incidents come to places and blocks.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Value`] for a word that is no option.
    pub fn placing(&self) -> Result<Placing, ConfigError> {
        let mut placing = Placing::default();
        placing.geocode = self.geocode.unwrap_or(placing.geocode);
        if let Some(word) = &self.intersections {
            let words = Intersections::ALL.map(Intersections::word).join(", ");
            placing.intersections = Intersections::from_word(word).ok_or_else(|| BadValue {
                name: "intersections".to_owned(),
                value: word.clone(),
                mend: format!("give one of {words}"),
            })?;
        }
        Ok(placing)
    }

    /// The parameters that it sets, checked by the one table.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Value`] for one out of bounds.
    pub fn defaults(&self) -> Result<Values, ConfigError> {
        let mut values = Values::default();
        for name in &self.category {
            values.set_wire(&CATEGORY, name)?;
        }
        let lengths: [(&Param, Option<f64>); 3] =
            [(&BANDWIDTH, self.bandwidth_m), (&CELL, self.cell_m), (&EPS, self.eps_m)];
        for (param, value) in lengths {
            if let Some(value) = value {
                values.set_wire(param, &value.to_string())?;
            }
        }
        if let Some(value) = self.min_points {
            values.set_wire(&MIN_POINTS, &value.to_string())?;
        }
        // The command of near repeats shows more than their layer does.
        let operations = || [NEAR_REPEAT].into_iter().chain(OPERATIONS).chain(COMMANDS_ONLY);
        let known = || operations().flat_map(|operation| operation.params);
        for (name, value) in &self.parameters {
            let one = |value: &toml::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let text = match value {
                toml::Value::Array(several) => several.iter().map(one).collect::<Vec<_>>().join(","),
                other => one(other),
            };
            let param = known().find(|param| param.wire == name).ok_or_else(|| BadValue {
                name: format!("parameters.{name}"),
                value: text.clone(),
                mend: "there is no such parameter; docs/parameters.md has them all".to_owned(),
            })?;
            values.set_wire(param, &text)?;
        }
        Ok(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_is_an_error_that_names_it() {
        let error = Config::parse("c.toml", "bandwith_m = 250").expect_err("misspelt");
        let ConfigError::Read { source, .. } = error else { panic!("another error") };
        assert!(source.to_string().contains("bandwith_m"), "{source}");
    }

    #[test]
    fn blocks_and_areas_are_one_file_or_several() {
        let text = "blocks = \"a.shp\"\n[areas]\nward = [\"w.shp\", \"x.shp\"]\nbeat = \"b.shp\"";
        let config = Config::parse("c.toml", text).expect("usable");
        assert_eq!(config.blocks, Files(vec!["a.shp".into()]));
        assert_eq!(config.areas["ward"], Files(vec!["w.shp".into(), "x.shp".into()]));
        assert_eq!(config.areas["beat"].0.len(), 1);
        let both = Config::parse("c.toml", "blocks = [\"a.shp\", \"b.shp\"]").expect("usable");
        assert_eq!(both.blocks.0.len(), 2);
    }

    #[test]
    fn incidents_are_geocoded_and_belong_to_nodes_where_nothing_else_is_said() {
        assert_eq!(Config::default().placing().expect("usable"), Placing::default());
        assert!(Placing::default().geocode);
        let config = Config::parse("c.toml", "geocode = false\nintersections = \"split\"").expect("usable");
        let expected = Placing { geocode: false, intersections: Intersections::Split };
        assert_eq!(config.placing().expect("usable"), expected);
        let config = Config { intersections: Some("half".to_owned()), ..Config::default() };
        let error =
            std::error::Error::source(&config.placing().expect_err("no option")).map(|e| e.to_string());
        assert_eq!(
            error.as_deref(),
            Some("`intersections` is `half`; give one of node, split, first, exclude")
        );
    }

    #[test]
    fn incidents_are_kept_for_some_days_by_source_and_for_good_where_nothing_is_said() {
        assert_eq!(Config::default().retention().expect("usable"), Retention::default());
        let text = "[retention_days]\nalerts = 90\n\"*\" = 1826";
        let config = Config::parse("c.toml", text).expect("usable");
        let kept = Config::kept(&config.to_keep().expect("writable")).expect("usable");
        let given = Config::parse("d.toml", "[retention_days]\nalerts = 30").expect("usable");
        let both = given.over(kept).retention().expect("usable");
        assert_eq!(both, Retention([("*".to_owned(), 1_826), ("alerts".to_owned(), 30)].into()));
        for (text, named) in [
            ("alerts = 0", "`retention_days.alerts` is `0`"),
            ("alerts = 40000", "`retention_days.alerts` is `40000`"),
        ] {
            let config = Config::parse("c.toml", &format!("[retention_days]\n{text}")).expect("TOML");
            let error = config.retention().expect_err(text);
            let why = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            assert!(why.starts_with(named), "{why}");
        }
        assert!(Config::parse("c.toml", "[retention_days]\nalerts = -1").is_err());
    }

    #[test]
    fn every_parameter_of_the_table_can_be_configured() {
        let text = "[parameters]\norigin = [\"citizen\", \"sensor\"]\nbandwidth_m = 300";
        let values = Config::parse("c.toml", text).and_then(|config| config.defaults()).expect("usable");
        assert_eq!(values.length(&BANDWIDTH), Some(Metres(300.0)));
        assert_eq!(values.query().origins.len(), 2);
        let config = Config::parse("c.toml", "[parameters]\nbandwith_m = 300").expect("TOML");
        let refused = config.defaults().expect_err("misspelt");
        let why = std::error::Error::source(&refused).map(ToString::to_string).unwrap_or_default();
        assert!(why.contains("parameters.bandwith_m"), "{why}");
    }

    #[test]
    fn what_a_store_keeps_comes_back_and_a_given_value_wins() {
        let text = "title = \"T\"\nincidents = [\"a.csv\"]\nblocks = \"b.shp\"\nreleased = [\"HQ\"]\neps_m = 90.0\n[parameters]\nbandwidth_m = 300\ntop_n = 7";
        let config = Config::parse("c.toml", text).expect("usable");
        let kept = Config::kept(&config.to_keep().expect("writable")).expect("usable");
        let bare = Config { incidents: Vec::new(), blocks: Files::default(), ..config.clone() };
        assert_eq!(kept, bare);
        let given = Config::parse("d.toml", "eps_m = 50.0\n[parameters]\ntop_n = 3").expect("usable");
        let both = given.over(kept.clone());
        assert_eq!((both.title.as_deref(), both.eps_m), (Some("T"), Some(50.0)));
        assert_eq!((both.parameters["top_n"].as_integer(), both.parameters.len()), (Some(3), 2));
        assert_eq!(Config::default().over(kept.clone()), kept);
    }

    #[test]
    fn a_value_out_of_bounds_is_an_error() {
        let config = Config { bandwidth_m: Some(-1.0), ..Config::default() };
        assert!(config.defaults().is_err());
    }

    #[test]
    fn every_key_is_documented_and_the_document_s_example_is_read() {
        let page = include_str!("../../docs/configuration.md");
        let keys = |of: serde_json::Value| -> Vec<String> {
            of.as_object().expect("a table").keys().cloned().collect()
        };
        let told =
            |result: Result<serde_json::Value, serde_json::Error>| keys(result.expect("it can be written"));
        let mut all = told(serde_json::to_value(Config::default()));
        all.extend(told(serde_json::to_value(live::LiveConfig::default())));
        all.extend(told(serde_json::to_value(live::RuleConfig::default())));
        all.extend(told(serde_json::to_value(live::WebhookConfig::default())));
        all.retain(|key| !["live", "rules", "webhooks", "parameters"].contains(&key.as_str()));
        for key in all {
            assert!(page.contains(&format!("`{key}`")), "docs/configuration.md does not tell of `{key}`");
        }
        let example = page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("one");
        let config = Config::parse("example.toml", example).expect("usable");
        assert_eq!(config.live.checked_rules().expect("usable").len(), 2);
        assert_eq!(config.live.webhooks[0].secret_env.len(), 2);
    }
}
