//! Sentences read back into numbers: words are the interface, so they must say what was counted.

/// What a sentence says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Retold {
    pub(crate) rank: u32,
    pub(crate) likely: Option<(u32, u32)>,
    pub(crate) level_with: u32,
    pub(crate) n: f64,
    pub(crate) noun: String,
    pub(crate) known_shootings: u64,
    /// The fewest and the most days that the words can mean.
    pub(crate) days: Option<(f64, f64)>,
    /// The least and the greatest ratio that the words can mean.
    pub(crate) times: Option<(f64, f64)>,
    /// The same once chance is allowed for; as `times` where nothing is said of it.
    pub(crate) expected: Option<(f64, f64)>,
    pub(crate) peak: Option<String>,
}

/// Reads a sentence; `None` for a block that is not ranked.
pub(crate) fn read(sentence: &str) -> Option<Retold> {
    if sentence.starts_with("Not ranked") {
        return None;
    }
    let (head, tail) = sentence.split_once(": ").expect("a colon");
    let head = head.strip_prefix("Ranked ").expect("begins with the rank");
    let (place, likely) = match head.split_once(" (likely ") {
        Some((place, likely)) => (place, Some(interval(likely.strip_suffix(')').expect("closed")))),
        None => (head, None),
    };
    let (place, level_with) = match place.split_once(", level with ") {
        Some((place, others)) => {
            let (n, word) = others.split_once(' ').expect("a number");
            let n = whole(n);
            assert_eq!(word, if n == 1 { "other" } else { "others" }, "{sentence}");
            (place, n)
        }
        None => (place, 0),
    };
    let (body, peak) = match tail.split_once("; peak ") {
        Some((body, peak)) => (body, Some(peak.to_owned())),
        None => (tail, None),
    };
    let (counted, rest) = match body.split_once(" in ") {
        Some((counted, rest)) => (counted, Some(rest)),
        None => (body, None),
    };
    let (period, times) = match rest.map(|rest| rest.split_once(", ").unwrap_or((rest, ""))) {
        Some((period, "")) => (Some(period), None),
        Some((period, times)) => (Some(period), Some(times)),
        None => (None, None),
    };
    let (counted, known_shootings) = match counted.split_once(" (") {
        Some((counted, some)) => (counted, u64::from(whole(some.split(' ').next().expect("a number")))),
        None => (counted, 0),
    };
    let (n, noun) = counted.split_once(' ').expect("a number and a noun");
    let n: f64 = n.replace(',', "").parse().expect("a number");
    let singular = !noun.split(' ').next().expect("a noun").ends_with('s') && !noun.starts_with("gun crimes");
    assert_eq!(n == 1.0, singular, "singular and plural: {sentence}");
    Some(Retold {
        rank: ordinal(place.split(" within ").next().expect("a rank")),
        likely,
        level_with,
        n,
        noun: noun.to_owned(),
        known_shootings,
        days: period.map(days),
        times: times.map(|times| ratio(times.split(" (").next().expect("a comparison"))),
        expected: times.map(|times| match times.split_once(" (") {
            Some((_, chance)) => allowed(chance.strip_suffix(" allowing for chance)").expect("closed")),
            None => ratio(times),
        }),
        peak,
    })
}

fn whole(text: &str) -> u32 {
    text.replace(',', "").parse().unwrap_or_else(|_| panic!("`{text}` is no number"))
}

fn ordinal(text: &str) -> u32 {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let n = whole(digits);
    let ending = match n % 100 {
        11..=13 => "th",
        _ => ["th", "st", "nd", "rd", "th", "th", "th", "th", "th", "th"][n as usize % 10],
    };
    assert_eq!(&text[digits.len()..], ending, "{text}");
    n
}

fn interval(text: &str) -> (u32, u32) {
    match text.split_once(" to ") {
        Some((lo, hi)) => (ordinal(lo), ordinal(hi)),
        None => (ordinal(text), ordinal(text)),
    }
}

fn days(text: &str) -> (f64, f64) {
    let (about, text) = match text.strip_prefix("about ") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (n, unit) = text.split_once(' ').expect("a number and a unit");
    let n: f64 = n.parse().expect("a number");
    assert_eq!(unit.ends_with('s'), n != 1.0, "{text}");
    let (least, most, loose) = match unit.trim_end_matches('s') {
        "day" => (1.0, 1.0, 0.0),
        "month" => (28.0, 31.0, 0.5),
        "year" => (365.0, 366.0, 0.25),
        other => panic!("`{other}` is no unit"),
    };
    let loose = if about { loose } else { 0.0 };
    ((n - loose) * least, (n + loose) * most)
}

fn allowed(text: &str) -> (f64, f64) {
    let whole = ["about twice", "about as much as elsewhere"].contains(&text);
    ratio(&if whole { text.to_owned() } else { format!("{text} times") })
}

fn ratio(text: &str) -> (f64, f64) {
    let text = text.trim_start_matches("with ");
    if text.starts_with("about as ") {
        return (0.85, 1.15);
    }
    let text = text.split(" the city's ").next().expect("a comparison");
    match text {
        "less than a tenth of" => return (0.0, 0.07),
        "about a tenth of" => return (0.07, 0.15),
        "about a fifth of" => return (0.15, 0.225),
        "about a quarter of" => return (0.225, 0.29),
        "about a third of" => return (0.29, 0.41),
        "about half" => return (0.41, 0.58),
        "about two thirds of" => return (0.58, 0.71),
        "about three quarters of" => return (0.71, 0.85),
        "about twice" => return (1.75, 2.25),
        _ => {}
    }
    let n = text.strip_prefix("about ").and_then(|text| text.strip_suffix(" times")).expect("so many times");
    let n: f64 = n.replace(',', "").parse().expect("a number");
    let step = match n {
        n if n < 2.0 => 0.1,
        n if n < 5.0 => 0.5,
        n if n < 100.0 => 1.0,
        n => 10f64.powf(n.log10().floor() - 1.0),
    };
    (n - 0.51 * step, n + 0.51 * step)
}
