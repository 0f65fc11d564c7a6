//! One plain sentence on why a block stands where it stands, and one for partners and the public.

use super::peak::Peak;
use super::words::{is_one, number, ordinal, times};

/// What a block's incidents are called: only what the data know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Noun {
    /// Incidents of any class.
    Incidents,
    /// Incidents of one category, by its title.
    Of(String),
    /// Incidents of several categories.
    Chosen,
    /// Incidents that have a weight of harm.
    Weighed,
    /// Homicide, robbery and assault by firearm.
    GunCrimes,
    /// Someone was shot, and the source says so of every incident that counts.
    Shootings,
}

impl Noun {
    /// With its number: `1 gun crime`, `14 incidents of burglary`.
    #[must_use]
    pub fn with(&self, n: f64) -> String {
        let one = is_one(n);
        let incidents = if one { "incident" } else { "incidents" };
        let words = match self {
            Self::Incidents => incidents.to_owned(),
            Self::Of(title) => format!("{incidents} of {}", lower(title)),
            Self::Chosen => format!("{incidents} of the chosen categories"),
            Self::Weighed => format!("{incidents} with a weight of harm"),
            Self::GunCrimes => if one { "gun crime" } else { "gun crimes" }.to_owned(),
            Self::Shootings => if one { "shooting" } else { "shootings" }.to_owned(),
        };
        format!("{} {words}", number(n))
    }
}

/// A title within a sentence.
fn lower(title: &str) -> String {
    let mut chars = title.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

/// How a block's rate stands to that of all blocks together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Against {
    /// The block's score over its exposure, by that of all blocks; finite.
    pub ratio: f64,
    /// The same of what is expected of it: drawn to the city's, since the first of many are also the luckiest.
    pub expected: f64,
    /// What the rate is of besides time: `for its length`; nothing where blocks are compared as they are.
    pub per: Option<&'static str>,
    /// Whether scores are weights of harm.
    pub harm: bool,
    /// From whom the block has learned what is expected of it: `its neighbors`; nothing where it stands for itself.
    pub learned: Option<&'static str>,
}

/// What a sentence is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Told<'a> {
    /// 1 is first; `None` without incidents.
    pub rank: Option<u32>,
    /// The 5 and 95 % rank; `None` without draws.
    pub interval: Option<(u32, u32)>,
    /// Other blocks of the same score.
    pub tied_with: u32,
    /// The names of the areas that it is ranked in; everywhere where empty.
    pub within: &'a [String],
    /// Incidents, with the parts of those that are split.
    pub count: f64,
    /// What they are.
    pub noun: Noun,
    /// Those of them that are known to be shootings, where some are and others are not.
    pub shootings: u64,
    /// The observed time in words; `None` where nothing was observed.
    pub period: Option<&'a str>,
    /// Days after which an incident counts half; `None` where all count alike.
    pub half_life: Option<f64>,
    /// The comparison with the city.
    pub against: Option<Against>,
    /// When, if the hours say so.
    pub peak: Option<&'a Peak>,
}

/// The sentence for analysts.
///
/// # Examples
///
/// ```
/// use hotblocks::rank::sentence::{Against, Noun, Told, sentence};
///
/// let told = Told {
///     rank: Some(3),
///     interval: Some((2, 7)),
///     tied_with: 0,
///     within: &[],
///     count: 14.0,
///     noun: Noun::GunCrimes,
///     shootings: 0,
///     period: Some("3 years"),
///     half_life: None,
///     against: Some(Against { ratio: 4.1, expected: 3.9, per: None, harm: false, learned: None }),
///     peak: None,
/// };
/// let expected = "Ranked 3rd (likely 2nd to 7th): 14 gun crimes in 3 years, about 4 times the city's rate";
/// assert_eq!(sentence(&told), expected);
/// ```
#[must_use]
pub fn sentence(told: &Told<'_>) -> String {
    let within = within(told.within);
    let period = told.period.map_or_else(String::new, |period| format!(" in {period}"));
    let Some(rank) = told.rank else {
        let none = told.noun.with(0.0);
        return format!("Not ranked{within}: {}{period}", none.replacen('0', "no", 1));
    };
    let tied = match told.tied_with {
        0 => String::new(),
        1 => ", level with 1 other".to_owned(),
        n => format!(", level with {} others", number(f64::from(n))),
    };
    let shootings = match told.shootings {
        0 => String::new(),
        1 => " (1 of them a known shooting)".to_owned(),
        n => format!(" ({} of them known shootings)", number(n as f64)),
    };
    let older = match told.half_life {
        None => String::new(),
        Some(days) if is_one(days) => " (each counts half for every day that it lies back)".to_owned(),
        Some(days) => format!(" (each counts half for every {} days that it lies back)", number(days)),
    };
    let against = told.against.map_or_else(String::new, |against| format!(", {}", comparison(&against)));
    let peak = told.peak.map_or_else(String::new, |peak| format!("; peak {peak}"));
    format!(
        "Ranked {}{within}{tied}{}: {}{shootings}{period}{older}{against}{peak}",
        ordinal(rank),
        likely(told.interval),
        told.noun.with(told.count),
    )
}

fn within(areas: &[String]) -> String {
    match areas {
        [] => String::new(),
        [one] => format!(" within {one}"),
        [first @ .., last] => format!(" within {} and {last}", first.join(", ")),
    }
}

fn likely(interval: Option<(u32, u32)>) -> String {
    match interval {
        None => String::new(),
        Some((lo, hi)) if lo == hi => format!(" (likely {})", ordinal(lo)),
        Some((lo, hi)) => format!(" (likely {} to {})", ordinal(lo), ordinal(hi)),
    }
}

fn comparison(against: &Against) -> String {
    let per = against.per.map_or_else(String::new, |per| format!(" {per}"));
    let chance = allowing_for_chance(against);
    match (times(against.ratio), against.harm) {
        (None, false) => format!("about as often as elsewhere{per}{chance}"),
        (None, true) => format!("with about as much harm as elsewhere{per}{chance}"),
        (Some(times), false) => format!("{times} the city's rate{per}{chance}"),
        (Some(times), true) => format!("with {times} the city's harm{per}{chance}"),
    }
}

/// What is left of a high rate once chance is allowed for, where that is another word; always where others had a say.
fn allowing_for_chance(against: &Against) -> String {
    let words = times(against.expected);
    if let Some(others) = against.learned {
        let words = words.unwrap_or_else(|| "about as much as elsewhere".to_owned());
        return format!(" ({} with what {others} tell)", words.trim_end_matches(" times"));
    }
    if against.ratio < 1.15 || against.expected < 0.85 || words == times(against.ratio) {
        return String::new();
    }
    let words = words.unwrap_or_else(|| "about as much as elsewhere".to_owned());
    format!(" ({} allowing for chance)", words.trim_end_matches(" times"))
}

/// The sentence for partners and the public: no numbers of incidents, no hours, no classes, nothing about a person or a house.
///
/// A block among the first `top_n` is a priority block for support; how sure that is follows from P(top N), where
/// it was drawn: `clearly` from 0.9, `likely` from 0.5, else it `may` belong.
///
/// # Examples
///
/// ```
/// use hotblocks::rank::sentence::public_sentence;
///
/// assert_eq!(public_sentence(Some(3), 20, Some(0.97)), "Priority block for support: clearly among the first 20");
/// assert_eq!(public_sentence(Some(21), 20, Some(0.48)), "Not among the 20 priority blocks for support, though it may belong there");
/// ```
#[must_use]
pub fn public_sentence(rank: Option<u32>, top_n: u32, p_top_n: Option<f64>) -> String {
    let first =
        if top_n == 1 { "the first".to_owned() } else { format!("among the first {}", number(top_n.into())) };
    if rank.is_some_and(|rank| rank <= top_n) {
        return match p_top_n {
            Some(p) if p >= CLEARLY => format!("Priority block for support: clearly {first}"),
            Some(p) if p >= LIKELY => format!("Priority block for support: likely {first}"),
            Some(_) => format!("Priority block for support: {first}, as others like it may be"),
            None => format!("Priority block for support: {first}"),
        };
    }
    let blocks = match top_n {
        1 => "Not the priority block for support".to_owned(),
        n => format!("Not among the {} priority blocks for support", number(n.into())),
    };
    match p_top_n {
        Some(p) if p >= MAY => format!("{blocks}, though it may belong there"),
        _ => blocks,
    }
}

/// From this P(top N) on a block is clearly among the first.
pub const CLEARLY: f64 = 0.9;

/// From this one on, likely.
pub const LIKELY: f64 = 0.5;

/// From this one on, a block that is not among the first may belong there.
pub const MAY: f64 = 0.1;

#[cfg(test)]
mod tests {
    use super::*;

    fn told() -> Told<'static> {
        Told {
            rank: Some(3),
            interval: Some((2, 7)),
            tied_with: 0,
            within: &[],
            count: 14.0,
            noun: Noun::GunCrimes,
            shootings: 0,
            period: Some("3 years"),
            half_life: None,
            against: Some(Against { ratio: 4.0, expected: 4.0, per: None, harm: false, learned: None }),
            peak: None,
        }
    }

    #[test]
    fn the_sentence_is_that_of_the_issue() {
        let peak = Peak { first_day: 4, days: 2, from: 22, hours: 4, incidents: 9, of: 14, p: 0.001 };
        let said = sentence(&Told { peak: Some(&peak), ..told() });
        let expected = "Ranked 3rd (likely 2nd to 7th): 14 gun crimes in 3 years, about 4 times the city's rate; peak Friday–Saturday 22–02";
        assert_eq!(said, expected);
    }

    #[test]
    fn one_is_singular_and_none_is_not_ranked() {
        let one = Told { rank: Some(21), interval: Some((4, 4)), count: 1.0, tied_with: 1, ..told() };
        let expected = "Ranked 21st, level with 1 other (likely 4th): 1 gun crime in 3 years, about 4 times the city's rate";
        assert_eq!(sentence(&one), expected);
        let none =
            Told { rank: None, count: 0.0, against: None, noun: Noun::Of("Burglary".into()), ..told() };
        assert_eq!(sentence(&none), "Not ranked: no incidents of burglary in 3 years");
        let parts = Told { count: 1.0 / 3.0, interval: None, noun: Noun::Incidents, ..told() };
        assert!(sentence(&parts).starts_with("Ranked 3rd: 0.3 incidents in"), "{}", sentence(&parts));
    }

    #[test]
    fn shootings_are_said_only_where_they_are_known() {
        assert!(!sentence(&told()).contains("shooting"));
        let known = Told { noun: Noun::Shootings, count: 1.0, ..told() };
        assert!(sentence(&known).contains(": 1 shooting in 3 years"));
        let some = Told { shootings: 3, ..told() };
        assert!(sentence(&some).contains("14 gun crimes (3 of them known shootings) in 3 years"));
    }

    #[test]
    fn the_comparison_fits_its_size_and_exposure() {
        let said = |ratio, per, harm| {
            let against = Against { ratio, expected: ratio, per, harm, learned: None };
            sentence(&Told { against: Some(against), ..told() })
        };
        assert!(said(1.0, None, false).ends_with(", about as often as elsewhere"));
        assert!(
            said(0.5, Some("for its length"), false).ends_with(", about half the city's rate for its length")
        );
        assert!(said(12.2, None, true).ends_with(", with about 12 times the city's harm"));
        assert!(said(1.0, None, true).ends_with(", with about as much harm as elsewhere"));
    }

    #[test]
    fn a_high_rate_is_told_with_what_chance_leaves_of_it() {
        let said = |ratio, expected| {
            let told = Told {
                against: Some(Against { ratio, expected, per: None, harm: false, learned: None }),
                ..told()
            };
            sentence(&told).split_once("3 years, ").map(|(_, rest)| rest.to_owned()).unwrap_or_default()
        };
        assert_eq!(said(34.0, 14.0), "about 34 times the city's rate (about 14 allowing for chance)");
        assert_eq!(said(4.0, 2.0), "about 4 times the city's rate (about twice allowing for chance)");
        assert_eq!(
            said(3.0, 1.0),
            "about 3 times the city's rate (about as much as elsewhere allowing for chance)"
        );
        assert_eq!(said(14.1, 13.9), "about 14 times the city's rate");
        assert_eq!(said(0.5, 0.7), "about half the city's rate");
    }

    #[test]
    fn older_incidents_that_count_less_are_told() {
        let aged = Told { half_life: Some(180.0), ..told() };
        let expected = "Ranked 3rd (likely 2nd to 7th): 14 gun crimes in 3 years (each counts half for every 180 days that it lies back), about 4 times the city's rate";
        assert_eq!(sentence(&aged), expected);
        assert!(sentence(&Told { half_life: Some(1.0), ..aged }).contains("half for every day that"));
    }

    #[test]
    fn what_others_tell_is_always_told() {
        let said = |ratio, expected| {
            let against = Against { ratio, expected, per: None, harm: false, learned: Some("its neighbors") };
            let told = Told { against: Some(against), ..told() };
            sentence(&told).split_once("3 years, ").map(|(_, rest)| rest.to_owned()).unwrap_or_default()
        };
        assert_eq!(said(4.0, 4.0), "about 4 times the city's rate (about 4 with what its neighbors tell)");
        assert_eq!(said(1.0, 2.0), "about as often as elsewhere (about twice with what its neighbors tell)");
        assert_eq!(
            said(0.5, 1.0),
            "about half the city's rate (about as much as elsewhere with what its neighbors tell)"
        );
    }

    #[test]
    fn areas_are_named() {
        let names = ["Penrose", "Hamilton Heights", "Academy"].map(str::to_owned);
        let said = sentence(&Told { within: &names, ..told() });
        assert!(
            said.starts_with("Ranked 3rd within Penrose, Hamilton Heights and Academy (likely"),
            "{said}"
        );
    }

    #[test]
    fn the_public_is_told_of_support_and_nothing_else() {
        let said = [
            public_sentence(Some(1), 20, Some(0.95)),
            public_sentence(Some(1), 20, Some(0.6)),
            public_sentence(Some(20), 20, Some(0.3)),
            public_sentence(Some(1), 20, None),
            public_sentence(Some(1), 1, None),
            public_sentence(Some(2), 1, None),
            public_sentence(Some(30), 20, Some(0.4)),
            public_sentence(None, 20, Some(0.0)),
        ];
        for text in &said {
            assert!(text.contains("support"), "{text}");
            for bad in ["danger", "worst", "crime", "incident", "shoot", "hot", "gun"] {
                assert!(!text.contains(bad), "{text}");
            }
        }
        assert_eq!(said.iter().filter(|text| text.starts_with("Priority block for support")).count(), 5);
        assert_eq!(said[6], "Not among the 20 priority blocks for support, though it may belong there");
        assert_eq!(said[7], "Not among the 20 priority blocks for support");
    }
}
