//! Which crew gives which area a stop in which window: the best of all choices, by flows of greatest gain.

use crate::progress::checkpoint;
use std::collections::{BTreeMap, VecDeque};

/// A window in which a crew is on duty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Which window of the week.
    pub window: u32,
    /// Stops of the whole crew in it at most.
    pub stops: u32,
    /// What a stop in each area is worth in it; areas that the crew may not enter are left out.
    pub gains: Vec<(usize, i64)>,
}

/// The officers of one shift on one day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Crew {
    /// Stops in all of its windows at most.
    pub stops: u32,
    /// Its windows, each at most once.
    pub slots: Vec<Slot>,
}

/// The best choice of stops.
#[derive(Clone, Debug)]
pub struct Allocation {
    /// For each crew and each of its slots the areas that get a stop, ascending.
    pub stops: Vec<Vec<Vec<usize>>>,
    /// What they are worth together.
    pub gain: i64,
    network: Network,
    /// The node of an area in a window.
    places: BTreeMap<(u32, usize), usize>,
}

/// Chooses stops so that they are worth the most, each area at most once a window.
///
/// ```text
/// max Σ gain(crew, slot, area) x   s.t.   Σ over crews of x(·, window, area) ≤ 1,
///     Σ over areas of x(crew, slot, ·) ≤ stops of the slot,   Σ of x(crew, ·, ·) ≤ stops of the crew
/// ```
///
/// The constraints are those of a flow, so whole numbers lose nothing, and one more stop along the path of greatest
/// gain keeps the flow the best of its size: gains of successive stops never rise, and the first that is not above 0
/// ends the search at the optimum. Equal choices go to the first area, then the first crew. Time O(stops × areas ×
/// windows), mostly less. Source: Ford & Fulkerson (1962), *Flows in Networks*; Busacker & Gowen (1961).
///
/// # Limits
///
/// Areas of equal gain may change place with each other where a crew is added.
///
/// # Examples
///
/// Two areas, one window, two crews that may make a stop each; the first may not enter area 0:
///
/// ```
/// use hotblocks::plan::patrol::allocate::{Crew, Slot, allocate};
///
/// let slot = |gains| Slot { window: 0, stops: 1, gains };
/// let crews = [
///     Crew { stops: 1, slots: vec![slot(vec![(1, 5)])] },
///     Crew { stops: 1, slots: vec![slot(vec![(0, 3), (1, 5)])] },
/// ];
/// let best = allocate(&crews);
/// assert_eq!((best.gain, &best.stops[1][0][..]), (8, &[0][..]));
/// ```
#[must_use]
pub fn allocate(crews: &[Crew]) -> Allocation {
    let (mut network, mut places) = (Network::default(), BTreeMap::new());
    let visits: Vec<Visits> =
        crews.iter().map(|crew| network.crew(crew, &mut places, |window| most(crews, window)).1).collect();
    let mut gain = 0;
    while let Some(more) = network.augment(SOURCE, SINK) {
        checkpoint();
        gain += more;
    }
    let chosen = |slot: &Vec<(usize, usize)>| {
        let mut areas: Vec<usize> =
            slot.iter().filter(|(_, edge)| network.edges[*edge].room == 0).map(|(area, _)| *area).collect();
        areas.sort_unstable();
        areas
    };
    let stops = visits.iter().map(|crew| crew.iter().map(chosen).collect()).collect();
    Allocation { stops, gain, network, places }
}

impl Allocation {
    /// What the best choice gains if there were one more crew.
    ///
    /// It is solved, from the flow that is there: only circles through the new crew can gain, and each stop that it
    /// makes takes the best of them, be its area new or another crew's. Time as for its stops alone.
    #[must_use]
    pub fn more(&self, crew: &Crew) -> i64 {
        let (mut network, mut places) = (self.network.clone(), self.places.clone());
        let (node, _) = network.crew(crew, &mut places, |_| usize::MAX);
        (0..crew.stops).map_while(|_| network.augment(SINK, node)).sum()
    }
}

/// Areas of a window that are kept beyond those that its stops can need, for [`Allocation::more`].
const SPARE: u32 = 32;

/// Stops that all crews together can make in a window, with some to spare.
fn most(crews: &[Crew], window: u32) -> usize {
    let slots = crews.iter().flat_map(|crew| &crew.slots).filter(|slot| slot.window == window);
    slots.map(|slot| slot.stops).sum::<u32>().saturating_add(SPARE) as usize
}

/// The areas worth most in a slot: with as many as there are stops in its window, a further one is never needed.
fn best_of(slot: &Slot, most: usize) -> Vec<(usize, i64)> {
    let mut gains: Vec<(usize, i64)> = slot.gains.iter().copied().filter(|(_, gain)| *gain > 0).collect();
    gains.sort_unstable_by_key(|&(area, gain)| (std::cmp::Reverse(gain), area));
    gains.truncate(most);
    gains
}

/// The edges by which the slots of a crew reach areas.
type Visits = Vec<Vec<(usize, usize)>>;

const SOURCE: usize = 0;
const SINK: usize = 1;

/// Edges in pairs, each with its return.
#[derive(Clone, Debug)]
struct Network {
    edges: Vec<Edge>,
    out: Vec<Vec<usize>>,
}

#[derive(Clone, Debug)]
struct Edge {
    to: usize,
    room: u32,
    gain: i64,
}

impl Default for Network {
    fn default() -> Self {
        Self { edges: Vec::new(), out: vec![Vec::new(), Vec::new()] }
    }
}

impl Network {
    fn node(&mut self) -> usize {
        self.out.push(Vec::new());
        self.out.len() - 1
    }

    fn edge(&mut self, from: usize, to: usize, room: u32, gain: i64) -> usize {
        let at = self.edges.len();
        self.edges.extend([Edge { to, room, gain }, Edge { to: from, room: 0, gain: -gain }]);
        self.out[from].push(at);
        self.out[to].push(at + 1);
        at
    }

    /// A crew with its slots, and the areas in them that are worth most, as many as `most` says of their window.
    fn crew(
        &mut self,
        crew: &Crew,
        places: &mut BTreeMap<(u32, usize), usize>,
        most: impl Fn(u32) -> usize,
    ) -> (usize, Visits) {
        let on_duty = self.node();
        self.edge(on_duty, SINK, crew.stops, 0);
        let mut visits = Vec::with_capacity(crew.slots.len());
        for slot in &crew.slots {
            let node = self.node();
            self.edge(node, on_duty, slot.stops, 0);
            let mut of_slot = Vec::new();
            for (area, gain) in best_of(slot, most(slot.window)) {
                let place = *places.entry((slot.window, area)).or_insert_with(|| {
                    let place = self.node();
                    self.edge(SOURCE, place, 1, 0);
                    place
                });
                of_slot.push((area, self.edge(place, node, 1, gain)));
            }
            visits.push(of_slot);
        }
        (on_duty, visits)
    }

    /// One more stop along the path of greatest gain; `None` where no path gains.
    ///
    /// From the sink on, stops that are made can be given up, and further ones cost nothing. Bellman and Ford with a
    /// queue: returns have gains below 0, and a best flow has no circle that gains.
    fn augment(&mut self, start: usize, goal: usize) -> Option<i64> {
        let n = self.out.len();
        let (mut best, mut by, mut waits) = (vec![i64::MIN; n], vec![usize::MAX; n], vec![false; n]);
        let mut queue = VecDeque::from([start, SOURCE]);
        (best[start], best[SOURCE]) = (0, 0);
        while let Some(node) = queue.pop_front() {
            waits[node] = false;
            for &at in &self.out[node] {
                let Edge { to, room, gain } = self.edges[at];
                if room > 0 && best[node] + gain > best[to] {
                    (best[to], by[to]) = (best[node] + gain, at);
                    if !waits[to] && to != goal {
                        waits[to] = true;
                        queue.push_back(to);
                    }
                }
            }
        }
        if best[goal] <= 0 {
            return None;
        }
        let mut node = goal;
        while by[node] != usize::MAX {
            let at = by[node];
            self.edges[at].room -= 1;
            self.edges[at ^ 1].room += 1;
            node = self.edges[at ^ 1].to;
        }
        Some(best[goal])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::chance::Chance;

    /// Every choice there is, one place after the other.
    fn by_enumeration(crews: &[Crew]) -> i64 {
        fn from(places: &[(u32, usize)], crews: &[Crew], used: &mut Vec<(u32, Vec<u32>)>) -> i64 {
            let Some((&(window, area), rest)) = places.split_first() else { return 0 };
            let mut best = from(rest, crews, used);
            for (crew, given) in crews.iter().enumerate() {
                for (at, slot) in given.slots.iter().enumerate().filter(|(_, slot)| slot.window == window) {
                    let Some((_, gain)) = slot.gains.iter().find(|(of, _)| *of == area) else { continue };
                    if used[crew].0 < given.stops && used[crew].1[at] < slot.stops {
                        (used[crew].0, used[crew].1[at]) = (used[crew].0 + 1, used[crew].1[at] + 1);
                        best = best.max(gain + from(rest, crews, used));
                        (used[crew].0, used[crew].1[at]) = (used[crew].0 - 1, used[crew].1[at] - 1);
                    }
                }
            }
            best
        }
        let mut places: Vec<(u32, usize)> = crews
            .iter()
            .flat_map(|crew| &crew.slots)
            .flat_map(|slot| slot.gains.iter().map(|(area, _)| (slot.window, *area)))
            .collect();
        places.sort_unstable();
        places.dedup();
        let mut used = crews.iter().map(|crew| (0, vec![0; crew.slots.len()])).collect();
        from(&places, crews, &mut used)
    }

    /// Up to three crews with up to three windows, three areas, gains with many ties.
    fn some_crews(chance: &mut Chance) -> Vec<Crew> {
        let n = 1 + chance.below(3);
        (0..n)
            .map(|_| {
                let first = chance.below(2);
                let slots = (first..first + 1 + chance.below(2))
                    .map(|window| Slot {
                        window,
                        stops: chance.below(3),
                        gains: (0..3)
                            .map(|area| (area, i64::from(chance.below(8)) - 2))
                            .filter(|(_, gain)| *gain >= 0)
                            .collect(),
                    })
                    .collect();
                Crew { stops: chance.below(4), slots }
            })
            .collect()
    }

    #[test]
    fn no_other_choice_is_worth_more() {
        for lane in 0..600 {
            let mut chance = Chance::new(11, lane);
            let crews = some_crews(&mut chance);
            let best = allocate(&crews);
            assert_eq!(best.gain, by_enumeration(&crews), "{crews:?}");
            let mut sum = 0;
            let mut seen = std::collections::BTreeSet::new();
            for (crew, stops) in crews.iter().zip(&best.stops) {
                assert!(stops.iter().map(Vec::len).sum::<usize>() <= crew.stops as usize);
                for (slot, areas) in crew.slots.iter().zip(stops) {
                    assert!(areas.len() <= slot.stops as usize);
                    for area in areas {
                        assert!(seen.insert((slot.window, *area)), "twice in a window");
                        sum += slot.gains.iter().find(|(of, _)| of == area).expect("one it may enter").1;
                    }
                }
            }
            assert_eq!(sum, best.gain);
        }
    }

    #[test]
    fn what_one_more_crew_adds_is_what_solving_anew_adds() {
        for lane in 0..300 {
            let mut chance = Chance::new(12, lane);
            let crews = some_crews(&mut chance);
            let another = some_crews(&mut chance).remove(0);
            let adds = allocate(&crews).more(&another);
            let anew = allocate(&[crews.clone(), vec![another.clone()]].concat()).gain;
            assert_eq!(allocate(&crews).gain + adds, anew, "{crews:?} and {another:?}");
            assert!(adds >= 0);
        }
    }

    #[test]
    fn without_crews_windows_or_gains_there_is_no_stop() {
        assert_eq!(allocate(&[]).gain, 0);
        assert_eq!(allocate(&[Crew { stops: 3, slots: Vec::new() }]).stops, [Vec::<Vec<usize>>::new()]);
        let nothing = Slot { window: 0, stops: 1, gains: vec![(0, 0)] };
        assert_eq!(allocate(&[Crew { stops: 1, slots: vec![nothing] }]).stops, [[Vec::<usize>::new()]]);
    }
}
