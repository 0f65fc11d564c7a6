//! The tree of clusters that are large enough, made from links, and those of them that last longest.

use super::spanning::{Link, root};

/// The cluster of each place, and how far inside it is.
pub(super) struct Chosen {
    /// The cluster from 0, `None` for noise.
    pub(super) label: Vec<Option<u32>>,
    /// From 0 for noise to 1 in the densest part of a cluster.
    pub(super) probability: Vec<f64>,
    pub(super) n_clusters: usize,
}

/// The joining of two parts: places below the number of places, joinings from there on.
struct Joining {
    parts: [u32; 2],
    /// 1 over mutual reachability.
    lambda: f64,
    size: u64,
}

/// A part that was large enough when it came off.
struct Part {
    parent: u32,
    /// λ at which it came off.
    birth: f64,
    /// The largest λ at which something left it.
    death: f64,
    stability: f64,
    size: u64,
}

/// 1 over a distance; infinite where many points share a place.
fn lambda(squared: f64) -> f64 {
    1.0 / squared.sqrt()
}

/// Joins the links, the shortest first.
fn joinings(links: &[Link], weight: &[u64]) -> Vec<Joining> {
    let n = weight.len();
    let mut group: Vec<u32> = (0..n as u32).collect();
    // What each group has become so far.
    let mut part = group.clone();
    let mut joinings: Vec<Joining> = Vec::with_capacity(links.len());
    let size = |joinings: &[Joining], part: u32| match (part as usize).checked_sub(n) {
        Some(joining) => joinings[joining].size,
        None => weight[part as usize],
    };
    for link in links {
        let (a, b) = (root(&mut group, link.a), root(&mut group, link.b));
        let parts = [part[a as usize], part[b as usize]];
        let size = size(&joinings, parts[0]) + size(&joinings, parts[1]);
        joinings.push(Joining { parts, lambda: lambda(link.reach2), size });
        // Weighted by nothing: halved ways alone keep it flat enough.
        group[a.max(b) as usize] = a.min(b);
        part[a.min(b) as usize] = (n + joinings.len() - 1) as u32;
    }
    joinings
}

/// Chooses clusters by excess of mass: a part stands if it lasts longer, times its points, than all its parts do.
///
/// The links are sorted; every place weighs as many points as lie there, and they leave one another at its core
/// distance.
pub(super) fn choose(links: &[Link], weight: &[u64], core2: &[f64], least: u64) -> Chosen {
    let n = weight.len();
    let joinings = joinings(links, weight);
    let size = |part: u32| match (part as usize).checked_sub(n) {
        Some(joining) => joinings[joining].size,
        None => weight[part as usize],
    };
    let all = weight.iter().sum();
    let mut parts = vec![Part { parent: 0, birth: 0.0, death: 0.0, stability: 0.0, size: all }];
    // The part that each place left last, and the λ of that.
    let mut left = vec![(0_u32, 0.0_f64); n];
    let mut open: Vec<(u32, u32)> = Vec::new();
    if n > 0 {
        open.push(((n + joinings.len() - 1) as u32, 0));
    }
    let mut leaving = Vec::new();
    while let Some((mut node, part)) = open.pop() {
        // Down along the larger half, as long as one is large enough.
        loop {
            let Some(joining) = (node as usize).checked_sub(n) else {
                leaving.push((node, lambda(core2[node as usize])));
                break;
            };
            let Joining { parts: [a, b], lambda, .. } = joinings[joining];
            match (size(a) >= least, size(b) >= least) {
                (true, true) => {
                    for half in [a, b] {
                        let child = Part {
                            parent: part,
                            birth: lambda,
                            death: lambda,
                            stability: 0.0,
                            size: size(half),
                        };
                        open.push((half, parts.len() as u32));
                        parts.push(child);
                    }
                    break;
                }
                (true, false) => {
                    leaving.push((b, lambda));
                    node = a;
                }
                (false, true) => {
                    leaving.push((a, lambda));
                    node = b;
                }
                (false, false) => {
                    leaving.push((a, lambda));
                    leaving.push((b, lambda));
                    break;
                }
            }
        }
        let mut below = Vec::new();
        for (node, lambda) in leaving.drain(..) {
            let from = &mut parts[part as usize];
            from.death = from.death.max(lambda);
            from.stability += (lambda - from.birth) * size(node) as f64;
            below.push(node);
            while let Some(node) = below.pop() {
                match (node as usize).checked_sub(n) {
                    Some(joining) => below.extend(joinings[joining].parts),
                    None => left[node as usize] = (part, lambda),
                }
            }
        }
    }
    label(parts, &left)
}

fn label(mut parts: Vec<Part>, left: &[(u32, f64)]) -> Chosen {
    for child in (1..parts.len()).rev() {
        let Part { parent, birth, size, .. } = parts[child];
        let parent = &mut parts[parent as usize];
        parent.stability += (birth - parent.birth) * size as f64;
        parent.death = parent.death.max(birth);
    }
    // What the best choice below each part is worth. Children come after their parents.
    let mut below = vec![0.0; parts.len()];
    let mut stands = vec![false; parts.len()];
    for part in (1..parts.len()).rev() {
        stands[part] = parts[part].stability >= below[part];
        below[parts[part].parent as usize] += parts[part].stability.max(below[part]);
    }
    // The uppermost part that stands, for each part.
    let mut chosen: Vec<Option<u32>> = vec![None; parts.len()];
    for part in 1..parts.len() {
        let above = chosen[parts[part].parent as usize];
        chosen[part] = above.or(stands[part].then_some(part as u32));
    }
    let mut number = vec![None; parts.len()];
    let mut n_clusters = 0;
    let mut label = Vec::with_capacity(left.len());
    let mut probability = Vec::with_capacity(left.len());
    for &(part, lambda) in left {
        let cluster = chosen[part as usize].map(|cluster| cluster as usize);
        label.push(cluster.map(|cluster| {
            *number[cluster].get_or_insert_with(|| {
                n_clusters += 1;
                n_clusters - 1
            })
        }));
        probability.push(cluster.map_or(0.0, |cluster| {
            let death = parts[cluster].death;
            if lambda.is_finite() && death > 0.0 { lambda.min(death) / death } else { 1.0 }
        }));
    }
    Chosen { label, probability, n_clusters: n_clusters as usize }
}
