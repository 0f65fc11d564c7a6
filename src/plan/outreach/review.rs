//! A review: from the version before and a ranking to the next version.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};

use jiff::civil::Date;

use super::fill::{fill, takes_of};
use super::reason::Change;
use super::register::{Capacity, Entry, Made, Rules, Version, months_later};
use super::words::{FIRST, SCHEDULED};

/// A block that may be assigned.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// Its id in the block set.
    pub block: String,
    /// Its name.
    pub name: String,
    /// Its position in the block set: the last tie-breaker.
    pub order: u32,
    /// P(top N), 0 to 1.
    pub p: f64,
    /// Its score; decides between equal P, as where nothing shows that blocks differ.
    pub score: f64,
    /// First second of its latest incident that counts; decides after that. `None` without any: such a block is never assigned.
    pub latest: Option<i64>,
    /// Who lives there, where that is known.
    pub households: Option<f64>,
}

impl Candidate {
    /// Which of two comes first at equal chance: the higher score, then the later incident, then the order of the file.
    pub(super) fn at_equal_chance(&self, other: &Self) -> Ordering {
        let score = other.score.total_cmp(&self.score);
        score.then(other.latest.cmp(&self.latest)).then(self.order.cmp(&other.order))
    }
}

/// Why there is no new version.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ReviewError {
    /// Too early for a review without a name.
    #[error(
        "the next review is due on {due}, after the one of {last}; to hold one on {on} all the same, name it with --review"
    )]
    NotDue {
        /// The date of the version before.
        last: Date,
        /// When it is due.
        due: Date,
        /// When it was to be held.
        on: Date,
    },
    /// The last version is of that date or a later one.
    #[error(
        "the last version is of {last}; a review on {on} would come before it or on the same day, give a later --as-of"
    )]
    NotLater {
        /// The date of the version before.
        last: Date,
        /// When it was to be held.
        on: Date,
    },
    /// The team takes less than what it must not leave yet.
    #[error(
        "blocks that are assigned for less than {months} months take {needed} {unit}, and the capacity is {capacity}; give {needed}{unit} or more, or review again on {until}"
    )]
    Capacity {
        /// What they take.
        needed: u64,
        /// In blocks or households.
        unit: &'static str,
        /// What there is.
        capacity: u32,
        /// The least stay.
        months: u32,
        /// When the first of them may leave.
        until: Date,
    },
    /// No block says who lives there.
    #[error(
        "the capacity is in households, and no block has any with a number; give it in blocks, as 25blocks"
    )]
    NoHouseholds,
    /// Not a probability or not a score.
    #[error(
        "block `{block}` has the chance {p} and the score {score}; a chance is from 0 to 1 and a score finite"
    )]
    NotANumber {
        /// Which block.
        block: String,
        /// P(top N).
        p: f64,
        /// Its score.
        score: f64,
    },
    /// A block is there twice.
    #[error("block `{block}` is there twice among those to be ranked")]
    Twice {
        /// Which block.
        block: String,
    },
}

/// Fills the list for a review.
///
/// ```text
/// place of a block = P(top N) + bonus where it is assigned; then score, latest incident, order in the file
/// ```
///
/// 1. Assigned blocks whose least stay is not over keep their place.
/// 2. The rest of the capacity goes to blocks with incidents in the order of their place. In households, a block that does not
///    fit in is passed over, and one with none counts as one.
/// 3. Assigned blocks without a place go to aftercare; they take no capacity there.
/// 4. Blocks in aftercare with a place are assigned anew; the others stay in it for its months, and then leave.
///
/// | | what | unit |
/// |---|---|---|
/// | `previous` | the version before; `None` for the first one | – |
/// | `candidates` | every block that is asked about, once, in any order | – |
/// | `on` | the date of the review | local date |
/// | `named` | what the review is called, a word of [`super::words::REVIEWS`]; without it, it must be due | – |
/// | returns | the next version, the same for the same input whatever its order | – |
///
/// Time O(b log b). Source: P(rank ≤ N) in falling order is the best list of N for the number of wrong members, Lin, Louis, Paddock &
/// Ridgeway (2006), *Bayesian Analysis* 1(4); the bonus is the band of hysteresis of `methods.md` 2.7.
///
/// # Limits
///
/// A list by P(top N) is the best one for a single review. The least stay and the bonus keep blocks on it that would not be chosen
/// today: that is their purpose, since people are visited and not places sampled.
///
/// # Errors
///
/// [`ReviewError`] if the review is not due, the capacity is too small for what must stay, or a number is none.
///
/// # Examples
///
/// ```
/// use hotblocks::plan::outreach::{register::{Capacity, Made, Rules}, review::{Candidate, review}};
///
/// let block = |order: u32, p| Candidate {
///     block: format!("b{order}"), name: String::new(), order, p, score: p, latest: Some(0), households: None,
/// };
/// let rules = Rules::of(Capacity::Blocks(2));
/// let first = review(None, &[block(0, 0.2), block(1, 0.9), block(2, 0.6)], &rules, &Made::default(), "2024-01-01".parse()?, None)?;
/// let ids: Vec<&str> = first.entries.iter().map(|e| e.block.as_str()).collect();
/// assert_eq!(ids, ["b1", "b2"]);
/// // A year later b0 leads; b2 makes room and goes to aftercare.
/// let next = review(Some(&first), &[block(0, 0.9), block(1, 0.8), block(2, 0.1)], &rules, &Made::default(), "2025-01-01".parse()?, None)?;
/// let told: Vec<_> = next.entries.iter().map(|e| (e.block.as_str(), e.status().word())).collect();
/// assert_eq!(told, [("b0", "assigned"), ("b1", "assigned"), ("b2", "aftercare")]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn review(
    previous: Option<&Version>,
    candidates: &[Candidate],
    rules: &Rules,
    made: &Made,
    on: Date,
    named: Option<&'static str>,
) -> Result<Version, ReviewError> {
    if let Some(last) = previous {
        if on <= last.date {
            return Err(ReviewError::NotLater { last: last.date, on });
        }
        if named.is_none() && on < last.next_review() {
            return Err(ReviewError::NotDue { last: last.date, due: last.next_review(), on });
        }
    }
    let known = known(candidates)?;
    let before: &[Entry] = previous.map_or(&[], |last| &last.entries);
    let listed = Listed::of(before, &known, rules, on)?;
    let mut order: Vec<(f64, &Candidate)> = candidates
        .iter()
        .filter(|c| {
            // Who has improved keeps the place while there is room.
            let listed_now = listed.free.contains(c.block.as_str());
            (c.latest.is_some() || listed_now) && !listed.bound.contains(c.block.as_str())
        })
        .map(|c| (c.p + if listed.free.contains(c.block.as_str()) { rules.bonus } else { 0.0 }, c))
        .collect();
    let filled = fill(&mut order, rules.capacity, listed.taken);
    if filled.taken.is_empty() && !order.is_empty() && filled.unweighed as usize == order.len() {
        return Err(ReviewError::NoHouseholds);
    }
    // Who would have a place without the bonus, to say who has it by the bonus alone.
    order.iter_mut().for_each(|(place, c)| *place = c.p);
    let earned = fill(&mut order, rules.capacity, listed.taken);
    let chosen: BTreeSet<&str> = filled.taken.iter().map(|(c, _)| c.block.as_str()).collect();
    let earned: BTreeSet<&str> = earned.taken.iter().map(|(c, _)| c.block.as_str()).collect();

    let mut version = Version {
        number: previous.map_or(1, |last| last.number + 1),
        date: on,
        review: named.unwrap_or(if previous.is_none() { FIRST } else { SCHEDULED }),
        rules: *rules,
        made: made.clone(),
        entries: Vec::new(),
        left: Vec::new(),
        passed_over: filled.passed_over,
        unweighed: filled.unweighed,
    };
    let takes: HashMap<&str, u32> =
        filled.taken.iter().map(|(c, takes)| (c.block.as_str(), *takes)).collect();
    for entry in before {
        let candidate = known.get(entry.block.as_str()).copied();
        let mut entry = Entry { p: candidate.map(|c| rounded(c.p)), ..entry.clone() };
        let id = entry.block.as_str();
        if chosen.contains(id) {
            entry.takes = takes[id];
            entry.change = match entry.aftercare.take() {
                Some(_) => {
                    entry.since = on;
                    Change::Returned
                }
                None if earned.contains(id) => Change::Stayed,
                None => Change::StayedByBonus,
            };
        } else if listed.bound.contains(id) {
            entry.takes = takes_still(&entry, candidate, rules.capacity);
            entry.change = Change::StayedByTerm;
        } else if let Some(from) = entry.aftercare {
            let over = months_later(from, rules.aftercare_months) <= on;
            entry.change = if over { Change::Left } else { Change::InAftercare };
        } else {
            entry.aftercare = Some(on);
            entry.change = Change::ToAftercare;
        }
        if entry.change == Change::Left { version.left.push(entry) } else { version.entries.push(entry) }
    }
    let new = filled.taken.iter().filter(|(c, _)| !before.iter().any(|entry| entry.block == c.block));
    version.entries.extend(new.map(|(c, takes)| Entry {
        block: c.block.clone(),
        name: c.name.clone(),
        since: on,
        aftercare: None,
        takes: *takes,
        p: Some(rounded(c.p)),
        change: Change::Entered,
    }));
    in_order(&mut version, &known);
    Ok(version)
}

/// What is known of the blocks, by their ids.
fn known(candidates: &[Candidate]) -> Result<HashMap<&str, &Candidate>, ReviewError> {
    let mut known = HashMap::new();
    for c in candidates {
        if !(0.0..=1.0).contains(&c.p) || !c.score.is_finite() {
            return Err(ReviewError::NotANumber { block: c.block.clone(), p: c.p, score: c.score });
        }
        if known.insert(c.block.as_str(), c).is_some() {
            return Err(ReviewError::Twice { block: c.block.clone() });
        }
    }
    Ok(known)
}

/// Who is on the list already.
struct Listed<'a> {
    /// Assigned, and may not leave yet.
    bound: BTreeSet<&'a str>,
    /// Assigned, and may leave.
    free: BTreeSet<&'a str>,
    /// What the bound ones take.
    taken: u64,
}

impl<'a> Listed<'a> {
    fn of(
        before: &'a [Entry],
        known: &HashMap<&str, &Candidate>,
        rules: &Rules,
        on: Date,
    ) -> Result<Self, ReviewError> {
        let mut listed = Self { bound: BTreeSet::new(), free: BTreeSet::new(), taken: 0 };
        let mut until = Date::MAX;
        for entry in before.iter().filter(|entry| entry.aftercare.is_none()) {
            let free_from = months_later(entry.since, rules.stay_months);
            if free_from <= on {
                listed.free.insert(&entry.block);
                continue;
            }
            until = until.min(free_from);
            let candidate = known.get(entry.block.as_str()).copied();
            listed.taken += u64::from(takes_still(entry, candidate, rules.capacity));
            listed.bound.insert(&entry.block);
        }
        if listed.taken > u64::from(rules.capacity.amount()) {
            return Err(ReviewError::Capacity {
                needed: listed.taken,
                unit: rules.capacity.unit(),
                capacity: rules.capacity.amount(),
                months: rules.stay_months,
                until,
            });
        }
        Ok(listed)
    }
}

/// What an assigned block takes; what it took before, where nobody knows any longer.
fn takes_still(entry: &Entry, candidate: Option<&Candidate>, capacity: Capacity) -> u32 {
    match capacity {
        Capacity::Blocks(_) => 1,
        Capacity::Households(_) => candidate.and_then(|c| takes_of(c, capacity)).unwrap_or(entry.takes),
    }
}

/// Assigned ones first, each group by P, score, latest incident and order in the file; those nothing is known of last, by id.
fn in_order(version: &mut Version, known: &HashMap<&str, &Candidate>) {
    let sort = |entries: &mut Vec<Entry>| {
        entries.sort_by(|a, b| {
            let key = |entry: &Entry| known.get(entry.block.as_str()).copied();
            a.status().cmp(&b.status()).then_with(|| match (key(a), key(b)) {
                (Some(x), Some(y)) => y.p.total_cmp(&x.p).then_with(|| x.at_equal_chance(y)),
                (x, y) => y.is_some().cmp(&x.is_some()).then_with(|| a.block.cmp(&b.block)),
            })
        });
    };
    sort(&mut version.entries);
    sort(&mut version.left);
}

/// As draws can tell it: to four decimals.
fn rounded(p: f64) -> f64 {
    (p * 1e4).round() / 1e4
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn block(order: u32, p: f64) -> Candidate {
        Candidate {
            block: format!("b{order}"),
            name: format!("Block {order}"),
            order,
            p,
            score: p,
            latest: Some(0),
            households: None,
        }
    }

    fn blocks(p: &[f64]) -> Vec<Candidate> {
        (0..).zip(p).map(|(order, &p)| block(order, p)).collect()
    }

    fn hold(
        previous: Option<&Version>,
        candidates: &[Candidate],
        rules: &Rules,
        on: Date,
        named: Option<&'static str>,
    ) -> Result<Version, ReviewError> {
        let made = Made { top_n: 2, ..Made::default() };
        review(previous, candidates, rules, &made, on, named)
    }

    fn told(version: &Version) -> Vec<(&str, &str)> {
        version.entries.iter().map(|e| (e.block.as_str(), e.change.word())).collect()
    }

    #[test]
    fn a_block_without_an_incident_keeps_its_place_while_there_is_room() {
        let rules = Rules::of(Capacity::Blocks(2));
        let first = hold(None, &blocks(&[0.9, 0.8, 0.1]), &rules, date(2020, 1, 1), None).expect("first");
        let quiet = |p: &[f64]| {
            let mut all = blocks(p);
            all[0].latest = None;
            all
        };
        let alone = quiet(&[0.0, 0.9]);
        let year = hold(Some(&first), &alone, &rules, date(2021, 1, 1), None).expect("due");
        assert_eq!(told(&year), [("b1", "stayed"), ("b0", "stayed")], "nobody else asks for the place");
        let wanted =
            hold(Some(&first), &quiet(&[0.0, 0.9, 0.4]), &rules, date(2021, 1, 1), None).expect("due");
        assert_eq!(told(&wanted), [("b1", "stayed"), ("b2", "entered"), ("b0", "to-aftercare")]);
        // Nor does a quiet block that was not on the list come onto it.
        let new = hold(None, &quiet(&[0.0, 0.9]), &rules, date(2021, 1, 1), None).expect("first");
        assert_eq!(told(&new), [("b1", "entered")]);
    }

    #[test]
    fn a_block_goes_from_assigned_to_aftercare_and_leaves_each_after_its_months() {
        let rules = Rules::of(Capacity::Blocks(1));
        let (high, low) = (blocks(&[0.9, 0.1]), blocks(&[0.0, 0.9]));
        let first = hold(None, &high, &rules, date(2020, 1, 1), None).expect("first");
        assert_eq!((first.review, told(&first)), ("first", vec![("b0", "entered")]));
        let early = hold(Some(&first), &low, &rules, date(2020, 6, 30), None).expect_err("not due");
        assert!(
            early.to_string().contains("2020-07-01") && early.to_string().contains("--review"),
            "{early}"
        );
        let extra = hold(Some(&first), &low, &rules, date(2020, 6, 30), Some("summer")).expect("named");
        assert_eq!((extra.review, told(&extra)), ("summer", vec![("b0", "stayed-by-term")]));
        let year = hold(Some(&extra), &low, &rules, date(2021, 1, 1), None).expect("due");
        assert_eq!(told(&year), [("b1", "entered"), ("b0", "to-aftercare")]);
        assert_eq!(year.entries[1].aftercare, Some(date(2021, 1, 1)));
        let after = hold(Some(&year), &low, &rules, date(2021, 12, 31), None).expect("due");
        assert_eq!(told(&after), [("b1", "stayed-by-term"), ("b0", "in-aftercare")]);
        let end = hold(Some(&after), &low, &rules, date(2022, 7, 1), None).expect("due");
        assert_eq!((told(&end), end.left[0].change), (vec![("b1", "stayed")], Change::Left));
    }

    #[test]
    fn a_block_comes_back_from_aftercare_for_another_year() {
        let rules = Rules::of(Capacity::Blocks(1));
        let first = hold(None, &blocks(&[0.9, 0.1]), &rules, date(2020, 1, 1), None).expect("first");
        let year = hold(Some(&first), &blocks(&[0.0, 0.9]), &rules, date(2021, 1, 1), None).expect("due");
        let wide = Rules::of(Capacity::Blocks(2));
        let back = hold(Some(&year), &blocks(&[0.5, 0.9]), &wide, date(2021, 7, 1), None).expect("due");
        assert_eq!(told(&back), [("b1", "stayed-by-term"), ("b0", "returned")]);
        assert_eq!((back.entries[1].since, back.entries[1].aftercare), (date(2021, 7, 1), None));
    }

    #[test]
    fn the_bonus_keeps_a_block_that_a_little_noise_would_move() {
        let rules = Rules::of(Capacity::Blocks(1));
        let first = hold(None, &blocks(&[0.5, 0.4]), &rules, date(2020, 1, 1), None).expect("first");
        let stays = hold(Some(&first), &blocks(&[0.4, 0.6]), &rules, date(2021, 1, 1), None).expect("due");
        assert_eq!(told(&stays), [("b0", "stayed-by-bonus")]);
        let goes = hold(Some(&first), &blocks(&[0.4, 0.66]), &rules, date(2021, 1, 1), None).expect("due");
        assert_eq!(told(&goes), [("b1", "entered"), ("b0", "to-aftercare")]);
        let none = Rules { bonus: 0.0, ..rules };
        let goes = hold(Some(&first), &blocks(&[0.4, 0.6]), &none, date(2021, 1, 1), None).expect("due");
        assert_eq!(told(&goes), [("b1", "entered"), ("b0", "to-aftercare")]);
    }

    #[test]
    fn what_must_stay_is_never_squeezed_out_by_a_smaller_team() {
        let two = Rules::of(Capacity::Blocks(2));
        let first = hold(None, &blocks(&[0.9, 0.8]), &two, date(2020, 1, 1), None).expect("first");
        let one = Rules::of(Capacity::Blocks(1));
        let error =
            hold(Some(&first), &blocks(&[0.9, 0.8]), &one, date(2020, 7, 1), None).expect_err("small");
        let text = error.to_string();
        assert!(text.contains("2blocks or more") && text.contains("2021-01-01"), "{text}");
        let later = hold(Some(&first), &blocks(&[0.9, 0.8]), &one, date(2021, 1, 1), None).expect("due");
        assert_eq!(told(&later), [("b0", "stayed"), ("b1", "to-aftercare")]);
    }

    #[test]
    fn households_fill_the_capacity_and_what_does_not_fit_is_told() {
        let homes = [(0.9, Some(40.0)), (0.8, Some(70.0)), (0.7, None), (0.6, Some(0.0)), (0.5, Some(59.4))];
        let candidates: Vec<Candidate> = (0..)
            .zip(homes)
            .map(|(order, (p, households))| Candidate { households, ..block(order, p) })
            .collect();
        let rules = Rules::of(Capacity::Households(100));
        let list = hold(None, &candidates, &rules, date(2020, 1, 1), None).expect("first");
        let takes: Vec<_> = list.entries.iter().map(|e| (e.block.as_str(), e.takes)).collect();
        assert_eq!(takes, [("b0", 40), ("b3", 1), ("b4", 59)]);
        assert_eq!((list.taken(), list.passed_over, list.unweighed), (100, 1, 1));
        let unknown = blocks(&[0.9, 0.8]);
        let error = hold(None, &unknown, &rules, date(2020, 1, 1), None).expect_err("no households");
        assert_eq!(error, ReviewError::NoHouseholds);
    }

    #[test]
    fn households_that_change_take_more_of_the_capacity_of_those_who_stay() {
        let rules = Rules::of(Capacity::Households(40));
        let homes = |of: [(f64, f64); 4]| -> Vec<Candidate> {
            let one = |(order, (p, n))| Candidate { households: Some(n), ..block(order, p) };
            (0..).zip(of).map(one).collect()
        };
        let takes = |version: &Version| -> Vec<(String, u32)> {
            version.assigned().map(|e| (e.block.clone(), e.takes)).collect()
        };
        let at = |order: u32, takes: u32| (format!("b{order}"), takes);
        let first = homes([(0.9, 10.0), (0.8, 20.0), (0.2, 12.0), (0.1, 5.0)]);
        let first = hold(None, &first, &rules, date(2020, 1, 1), None).expect("first");
        assert_eq!(takes(&first), [at(0, 10), at(1, 20), at(3, 5)]);
        // Built over: bound for a year, the first block takes 5 more now, and nobody else has room.
        let more = homes([(0.9, 15.0), (0.8, 20.0), (0.2, 5.0), (0.1, 5.0)]);
        let half = hold(Some(&first), &more, &rules, date(2020, 7, 1), None).expect("due");
        assert_eq!((takes(&half), half.taken()), (vec![at(0, 15), at(1, 20), at(3, 5)], 40));
        // Free to stay after the year, they take what they have then.
        let again = homes([(0.9, 17.0), (0.8, 20.0), (0.2, 50.0), (0.1, 3.0)]);
        let year = hold(Some(&half), &again, &rules, date(2021, 1, 1), None).expect("due");
        assert_eq!((takes(&year), year.taken()), (vec![at(0, 17), at(1, 20), at(3, 3)], 40));
    }

    #[test]
    fn a_block_without_incidents_is_not_assigned_and_an_empty_list_is_a_list() {
        let rules = Rules::of(Capacity::Blocks(5));
        let none = Candidate { latest: None, ..block(0, 1.0) };
        let list = hold(None, &[none, block(1, 0.1)], &rules, date(2020, 1, 1), None).expect("first");
        assert_eq!(told(&list), [("b1", "entered")]);
        let empty = hold(None, &[], &rules, date(2020, 1, 1), None).expect("first");
        assert!(empty.entries.is_empty());
        let gone = hold(Some(&list), &[], &rules, date(2021, 1, 1), None).expect("due");
        assert_eq!((told(&gone), gone.entries[0].p), (vec![("b1", "to-aftercare")], None));
    }

    #[test]
    fn equal_chances_are_told_apart_by_score_then_latest_incident_then_order() {
        let rules = Rules::of(Capacity::Blocks(4));
        let of = |order, score, latest| Candidate { score, latest: Some(latest), ..block(order, 0.5) };
        let mut candidates = vec![of(3, 1.0, 5), of(2, 1.0, 5), of(1, 1.0, 9), of(0, 2.0, 1)];
        for _ in 0..4 {
            candidates.rotate_left(1);
            let list = hold(None, &candidates, &rules, date(2020, 1, 1), None).expect("first");
            let ids: Vec<&str> = list.entries.iter().map(|e| e.block.as_str()).collect();
            assert_eq!(ids, ["b0", "b1", "b2", "b3"]);
        }
    }

    #[test]
    fn what_is_no_number_and_what_is_there_twice_are_refused() {
        let rules = Rules::of(Capacity::Blocks(1));
        for p in [f64::NAN, -0.1, 1.1, f64::INFINITY] {
            let error = hold(None, &[block(0, p)], &rules, date(2020, 1, 1), None).expect_err("no chance");
            assert!(matches!(error, ReviewError::NotANumber { .. }), "{error}");
        }
        let twice = hold(None, &[block(0, 0.1), block(0, 0.2)], &rules, date(2020, 1, 1), None);
        assert_eq!(twice, Err(ReviewError::Twice { block: "b0".into() }));
        let first = hold(None, &blocks(&[0.5]), &rules, date(2020, 1, 1), None).expect("first");
        let same = hold(Some(&first), &blocks(&[0.5]), &rules, date(2020, 1, 1), Some("annual"));
        assert!(matches!(same, Err(ReviewError::NotLater { .. })));
    }
}
