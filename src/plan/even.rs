//! Even coverage of many blocks: where they are too many to weigh each against each, neighbors are taken together.

use std::collections::BTreeMap;

use super::cover::{CoverError, Sites, usable};
use super::max_covering::max_covering;
use super::p_median::p_median;
use crate::space::coord::{Local, Metres};

/// Places × candidates × sites that one round of exchanges may look at: some tenths of a second.
const ROUND: f64 = 4e7;

/// Width of the first cells that neighbors are taken together in, in m; it doubles until there are few enough.
const FIRST_CELL: f64 = 25.0;

/// What the chosen sites are to do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Even {
    /// Be near on average: p-median.
    Near,
    /// Have most within so many meters: maximal covering.
    Within(Metres),
}

/// One chosen site and what it serves.
#[derive(Clone, Debug, PartialEq)]
pub struct Served {
    /// The block that it is at.
    pub site: usize,
    /// Blocks to which no other site is nearer; of two as near, the first chosen one's.
    pub blocks: Vec<usize>,
    /// Their weight.
    pub weight: f64,
    /// That of those within reach; `weight` without a reach.
    pub covered: f64,
    /// Mean distance of their weight, in m.
    pub mean_m: f64,
    /// Distance of the furthest that weighs something, in m.
    pub furthest_m: f64,
}

/// Sites that cover evenly.
#[derive(Clone, Debug, PartialEq)]
pub struct Coverage {
    /// The sites, the one that serves most first.
    pub sites: Vec<Served>,
    /// Candidates that were looked at.
    pub candidates: usize,
    /// Width of the cells in which neighbors were taken together, in m; `None` where each block was looked at.
    pub gathered_m: Option<f64>,
    /// Gap to the bound, as a share of it; over the cells where neighbors were taken together.
    pub gap: f64,
    /// Whether it is the optimum of what was looked at.
    pub optimum: bool,
}

/// Chooses `p` of the blocks as sites for all of them.
///
/// Blocks that weigh something are the demand, and each of them is a candidate. Where that is too much, blocks of one cell
/// count as one place at their weighted middle, and the block nearest to it is its candidate; which sites serve which blocks, and
/// all that is told of them, is then worked out from the blocks themselves.
///
/// | input | unit | shape |
/// |---|---|---|
/// | `weights` | expected incidents or harm, 0 or more | one a block |
/// | `blocks` | m | the same |
/// | `p` | sites | 1 or more |
///
/// Distances are as the crow flies. Time: some rounds of places × candidates × `p`, at most 4e7 each.
///
/// Sources: Hakimi (1964) for the p-median, Church and ReVelle (1974) for maximal covering, see [`p_median`] and [`max_covering`].
///
/// # Errors
///
/// [`CoverError`] without a block that weighs something, for numbers that cannot be used, or more sites than there are candidates.
pub fn even(weights: &[f64], blocks: &[Local], p: usize, aim: Even) -> Result<Coverage, CoverError> {
    usable(weights, blocks)?;
    let asked: Vec<usize> = (0..blocks.len()).filter(|&at| weights[at] > 0.0).collect();
    if asked.is_empty() {
        return Err(CoverError::Nothing { demands: 0, sites: blocks.len() });
    }
    if p == 0 {
        return Err(CoverError::Sites { p, most: asked.len() });
    }
    // More sites than places would be possible where cells hold many; a place for each site is the least.
    let most = ((ROUND / p as f64).sqrt() as usize).max(2 * p);
    let places = gather(weights, blocks, &asked, most);
    let weighed: Vec<f64> = places.of.iter().map(|place| place.weight).collect();
    let at: Vec<Local> = places.of.iter().map(|place| place.middle).collect();
    let candidates: Vec<Local> = places.of.iter().map(|place| blocks[place.candidate]).collect();
    let found: Sites = match aim {
        Even::Near => p_median(&weighed, &at, &candidates, p)?,
        Even::Within(reach) => max_covering(&weighed, &at, &candidates, p, reach)?,
    };
    let chosen: Vec<usize> = found.sites.iter().map(|&site| places.of[site].candidate).collect();
    Ok(Coverage {
        sites: serve(weights, blocks, &asked, &chosen, aim),
        candidates: candidates.len(),
        gathered_m: places.cell,
        gap: found.gap(),
        optimum: found.optimum,
    })
}

/// Blocks that count as one place.
struct Place {
    weight: f64,
    middle: Local,
    candidate: usize,
}

struct Places {
    of: Vec<Place>,
    cell: Option<f64>,
}

/// Each block by itself where there are few enough, else the blocks of each cell together.
fn gather(weights: &[f64], blocks: &[Local], asked: &[usize], most: usize) -> Places {
    let alone = |&at: &usize| Place { weight: weights[at], middle: blocks[at], candidate: at };
    if asked.len() <= most {
        return Places { of: asked.iter().map(alone).collect(), cell: None };
    }
    let mut cell = FIRST_CELL;
    loop {
        let mut cells: BTreeMap<(i64, i64), Vec<usize>> = BTreeMap::new();
        for &at in asked {
            let key = |x: f64| (x / cell).floor() as i64;
            cells.entry((key(blocks[at].y), key(blocks[at].x))).or_default().push(at);
        }
        if cells.len() <= most {
            let together = cells.into_values().map(|members| together(weights, blocks, &members));
            return Places { of: together.collect(), cell: Some(cell) };
        }
        cell *= 2.0;
    }
}

fn together(weights: &[f64], blocks: &[Local], members: &[usize]) -> Place {
    let weight: f64 = members.iter().map(|&at| weights[at]).sum();
    let mean = |of: &dyn Fn(Local) -> f64| {
        members.iter().map(|&at| of(blocks[at]) * (weights[at] / weight)).sum::<f64>()
    };
    let middle = Local { x: mean(&|at| at.x), y: mean(&|at| at.y) };
    let distance = |at: usize| blocks[at].distance(middle).0;
    let nearest =
        members.iter().copied().min_by(|&a, &b| distance(a).total_cmp(&distance(b)).then(a.cmp(&b)));
    Place { weight, middle, candidate: nearest.expect("a cell has a member") }
}

/// Gives every block to its nearest site.
fn serve(weights: &[f64], blocks: &[Local], asked: &[usize], chosen: &[usize], aim: Even) -> Vec<Served> {
    let mut sites: Vec<Served> = chosen
        .iter()
        .map(|&site| Served {
            site,
            blocks: Vec::new(),
            weight: 0.0,
            covered: 0.0,
            mean_m: 0.0,
            furthest_m: 0.0,
        })
        .collect();
    for &at in asked {
        let distance = |site: &Served| blocks[site.site].distance(blocks[at]).0;
        let nearest = sites.iter_mut().min_by(|a, b| distance(a).total_cmp(&distance(b)));
        let site = nearest.expect("there is a site");
        let away = blocks[site.site].distance(blocks[at]).0;
        site.blocks.push(at);
        site.weight += weights[at];
        site.mean_m += weights[at] * away;
        site.furthest_m = site.furthest_m.max(away);
        let near = match aim {
            Even::Near => true,
            Even::Within(reach) => away <= reach.0,
        };
        site.covered += if near { weights[at] } else { 0.0 };
    }
    // A site serves itself at least, so it has a weight.
    sites.iter_mut().filter(|site| site.weight > 0.0).for_each(|site| site.mean_m /= site.weight);
    sites.sort_by(|a, b| b.weight.total_cmp(&a.weight).then(a.site.cmp(&b.site)));
    sites
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(n: usize) -> Vec<Local> {
        (0..n).map(|at| Local { x: 100.0 * at as f64, y: 0.0 }).collect()
    }

    #[test]
    fn two_clusters_get_a_site_each_at_their_weighted_middle() {
        let mut blocks = line(3);
        blocks.extend(line(3).into_iter().map(|at| Local { x: at.x + 10_000.0, ..at }));
        let found = even(&[1.0, 1.0, 1.0, 1.0, 1.0, 9.0], &blocks, 2, Even::Near).expect("sites");
        assert!(found.optimum && found.gathered_m.is_none());
        let of: Vec<(usize, usize, f64)> =
            found.sites.iter().map(|site| (site.site, site.blocks.len(), site.weight)).collect();
        assert_eq!(of, [(5, 3, 11.0), (1, 3, 3.0)]);
        // (200 + 100) / 11 and (100 + 100) / 3 by hand.
        assert!((found.sites[0].mean_m - 300.0 / 11.0).abs() < 1e-9);
        assert!((found.sites[1].mean_m - 200.0 / 3.0).abs() < 1e-9);
        assert_eq!((found.sites[0].furthest_m, found.sites[1].furthest_m), (200.0, 100.0));
    }

    #[test]
    fn within_a_reach_what_lies_beyond_is_served_and_not_covered() {
        let found = even(&[5.0, 1.0, 1.0, 4.0], &line(4), 1, Even::Within(Metres(100.0))).expect("a site");
        let site = &found.sites[0];
        assert_eq!((site.site, site.weight, site.covered, site.furthest_m), (1, 11.0, 7.0, 200.0));
    }

    #[test]
    fn many_blocks_are_taken_together_and_every_one_is_served_once_by_its_nearest_site() {
        let n = 20_000;
        let blocks: Vec<Local> = (0..n)
            .map(|at: usize| Local { x: (at * 7_919 % 10_007) as f64, y: (at * 104_729 % 9_973) as f64 })
            .collect();
        let weights: Vec<f64> = (0..n).map(|at| (at % 5) as f64).collect();
        let found = even(&weights, &blocks, 10, Even::Near).expect("sites");
        assert!(found.gathered_m.is_some() && found.candidates <= 2_000 && found.sites.len() == 10);
        let mut served: Vec<usize> = found.sites.iter().flat_map(|site| site.blocks.clone()).collect();
        served.sort_unstable();
        assert_eq!(served, (0..n).filter(|at| weights[*at] > 0.0).collect::<Vec<_>>());
        for site in &found.sites {
            for &at in site.blocks.iter().step_by(97) {
                let own = blocks[site.site].distance(blocks[at]).0;
                assert!(found.sites.iter().all(|other| blocks[other.site].distance(blocks[at]).0 >= own));
            }
        }
        // Ten sites over 100 km²: even discs of 10 km² have a mean distance of 1,190 m, squares of 1,210 m.
        let all: f64 = found.sites.iter().map(|site| site.mean_m * site.weight).sum();
        assert!(found.gap < 0.1 && all / weights.iter().sum::<f64>() < 1_400.0, "{} {all}", found.gap);
    }

    #[test]
    fn what_cannot_be_covered_is_refused() {
        let near = |weights: &[f64], p| even(weights, &line(weights.len()), p, Even::Near);
        assert!(matches!(near(&[], 1), Err(CoverError::Nothing { .. })));
        assert!(matches!(near(&[0.0, 0.0], 1), Err(CoverError::Nothing { .. })));
        assert!(matches!(near(&[1.0, 0.0], 2), Err(CoverError::Sites { p: 2, most: 1 })));
        assert!(matches!(near(&[1.0, f64::NAN], 1), Err(CoverError::Number { what: "weight", index: 1 })));
        let reach = Even::Within(Metres(f64::NAN));
        assert!(matches!(even(&[1.0], &line(1), 1, reach), Err(CoverError::Radius { .. })));
    }
}
