//! Kernel density along streets, with incidents split equally where streets meet.

use super::line_kernel::{half_mass, height};
use super::rays::{Ray, on, reach, sources, spread};
use super::streets::{OnStreet, StreetNetwork};
use super::walk::MOST_ENTRIES;
pub use super::walk::Split;
use crate::analysis::density::kernel::Kernel;
use crate::space::coord::Metres;

/// What a density along streets is made with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NetworkParams {
    /// How the influence fades with the length of the way.
    pub kernel: Kernel,
    /// The length of way beyond which an incident does not count.
    pub bandwidth: Metres,
    /// How an incident is split where streets meet.
    pub split: Split,
    /// The longest piece of street that has one value; `None`: a tenth of the bandwidth.
    pub lixel: Option<Metres>,
}

/// A piece of street with one density.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lixel {
    /// Position of its line.
    pub line: usize,
    /// Where it begins, from the line's first end.
    pub from: Metres,
    /// Where it ends.
    pub to: Metres,
    /// Mean density over the piece, incidents per km of street.
    pub per_km: f64,
}

/// A density along streets.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkDensity {
    /// Every line cut into equal pieces, in the order of the lines and along each.
    pub lixels: Vec<Lixel>,
    /// Sum of the weights.
    pub weight: f64,
    /// What of it lies nowhere: beyond dead ends if the split is discontinuous, and on ways too faint to follow.
    pub lost: f64,
}

/// Why there is no density along streets.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NetworkError {
    /// The bandwidth or the lixel's length is zero, negative or not a number.
    #[error("a {what} of {length} cannot be used; give a length above 0 m")]
    Length {
        /// What was given: `bandwidth` or `lixel`.
        what: &'static str,
        /// How long.
        length: Metres,
    },
    /// The lixels would be too many.
    #[error("lixels of {lixel} make {lixels:.0} of them, more than {MOST_LIXELS}; give a longer lixel")]
    TooMany {
        /// Their length.
        lixel: Metres,
        /// How many there would be.
        lixels: f64,
    },
    /// Weights and incidents are not pairs, or a weight is negative or not a number.
    #[error(
        "weights of incidents are finite numbers of at least 0, one for each of {incidents}; {index} is not"
    )]
    Weight {
        /// How many incidents there are.
        incidents: usize,
        /// Position of the first that has none, from 0.
        index: usize,
    },
    /// A place is not on the network.
    #[error("place {index} is on no line, or beyond its end")]
    Place {
        /// Position of the place, from 0.
        index: usize,
    },
    /// From one node too many ways lead on within the bandwidth.
    #[error(
        "from an end of line {line} more than {MOST_ENTRIES} ways lead on within {bandwidth}; give a smaller bandwidth"
    )]
    Ways {
        /// Position of the line.
        line: usize,
        /// The bandwidth.
        bandwidth: Metres,
    },
}

/// The most lixels that one answer may have.
pub const MOST_LIXELS: usize = 4_000_000;

/// Density of incidents along streets: equal-split kernels, averaged over short pieces.
///
/// ```text
/// λ(u) = Σᵢ wᵢ Σ_{ways p from sᵢ to u} a(p) K(length of p) / h,   K one-dimensional, ∫K = 1
/// discontinuous   a(p) = Π 1/(k − 1) over the nodes on p, k streets meeting; p never turns back;
///                 an incident on a node itself gives each of its k > 1 streets 2/k
/// continuous      a(p) = Π (2/k, or 2/k − 1 where p turns back)
/// ```
///
/// | | what | shape | unit |
/// |---|---|---|---|
/// | `net` | the streets | | m |
/// | `incidents` | places on them | `n` | m |
/// | `weights` | how much each counts; `None`: 1 each | `n` | incidents |
/// | `params` | kernel, bandwidth h, split, longest lixel | | m |
/// | returns | mean density of each lixel | | incidents per km |
///
/// The mean over a lixel is the kernel's integral, in closed form. So the sum of density × length is the sum of the weights:
/// with the continuous split always, dead ends reflect; with the discontinuous one what runs beyond a dead end is lost, and
/// `lost` says how much. Kernels as in [`Kernel`], of one dimension; the Gaussian has σ = h/√8 and reaches 3 h.
///
/// Time O(ways within h of each line with incidents, times its incidents). Ways that carry less than 1e-10 of an incident
/// are not followed; their sum is in `lost`.
/// Source: Okabe, Satoh & Sugihara (2009), *IJGIS* 23(1); McSwiggan, Baddeley & Nair (2017), *Scand. J. Statistics* 44, who
/// call the continuous split's cost exponential: here ways of one length to one place are walked as one. As spatstat.linnet's
/// `densityEqualSplit`.
///
/// # Limits
///
/// A street that is not in the file, or lines that cross without a common end, part what is together. The density of the
/// discontinuous split jumps at nodes. **Per km of street, not per km²: the two are not comparable.**
///
/// # Errors
///
/// [`NetworkError`].
///
/// # Examples
///
/// One incident on a street of 1 km, 250 m from its first end:
///
/// ```
/// use geo::line_string;
/// use hotblocks::analysis::density::kernel::Kernel;
/// use hotblocks::analysis::density::network::density::{NetworkParams, Split, network_density};
/// use hotblocks::analysis::density::network::streets::{OnStreet, StreetNetwork};
/// use hotblocks::space::coord::Metres;
///
/// let net = StreetNetwork::new(&[line_string![(x: 0., y: 0.), (x: 1000., y: 0.)]], Metres(0.1))?;
/// let at = [OnStreet { line: 0, along: Metres(250.) }];
/// let params = NetworkParams {
///     kernel: Kernel::Quartic, bandwidth: Metres(200.), split: Split::Discontinuous, lixel: None,
/// };
/// let found = network_density(&net, &at, None, &params)?;
/// assert_eq!(found.lixels.len(), 50);
/// let sum: f64 = found.lixels.iter().map(|l| l.per_km * (l.to.0 - l.from.0) / 1e3).sum();
/// assert!((sum - 1.0).abs() < 1e-12);
/// let peak = found.lixels.iter().map(|l| l.per_km).fold(0.0, f64::max);
/// assert!((peak - 4.687_5).abs() < 0.02); // 15/16 over 0.2 km, averaged over 20 m
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn network_density(
    net: &StreetNetwork,
    incidents: &[OnStreet],
    weights: Option<&[f64]>,
    params: &NetworkParams,
) -> Result<NetworkDensity, NetworkError> {
    let longest = params.lixel.unwrap_or(Metres(params.bandwidth.0 / 10.0));
    let sources = sources(net, incidents, weights, params)?;
    if !(longest.0 > 0.0 && longest.0.is_finite()) {
        return Err(NetworkError::Length { what: "lixel", length: longest });
    }
    let pieces = |line: usize| (net.length(line).0 / longest.0 - 1e-9).ceil().max(1.0);
    let total: f64 = (0..net.len()).map(pieces).sum();
    if total > MOST_LIXELS as f64 {
        return Err(NetworkError::TooMany { lixel: longest, lixels: total });
    }
    let mut first = vec![0; net.len() + 1];
    for line in 0..net.len() {
        first[line + 1] = first[line] + pieces(line) as usize;
    }
    let h = params.bandwidth.0;
    let add = |ray: &Ray, out: &mut dyn FnMut(usize, f64)| {
        let n = first[ray.line + 1] - first[ray.line];
        let size = net.length(ray.line).0 / n as f64;
        let below = |t: f64| half_mass(params.kernel, (ray.far + t) / h);
        let piece = |at: f64| ((at / size) as usize).min(n - 1);
        let mut at = piece(ray.start);
        let (mut t, mut mass) = (0.0, below(0.0));
        loop {
            let border =
                if ray.forward { (at + 1) as f64 * size - ray.start } else { ray.start - at as f64 * size };
            let border = border.max(t);
            let next = below(border);
            out(first[ray.line] + at, ray.weight * (next - mass));
            (t, mass) = (border, next);
            let done = if ray.forward { at + 1 == n } else { at == 0 };
            if done || ray.far + t >= reach(params) {
                break;
            }
            at = if ray.forward { at + 1 } else { at - 1 };
        }
    };
    let masses = spread(net, &sources, params, first[net.len()], &add)?;
    let mut lixels = Vec::with_capacity(masses.len());
    for line in 0..net.len() {
        let n = first[line + 1] - first[line];
        let size = net.length(line).0 / n as f64;
        for (k, mass) in masses[first[line]..first[line + 1]].iter().enumerate() {
            let (from, to) = (Metres(k as f64 * size), Metres((k + 1) as f64 * size));
            lixels.push(Lixel { line, from, to, per_km: mass.max(0.0) / size * 1e3 });
        }
    }
    let weight: f64 = sources.iter().map(|s| s.weight).sum();
    Ok(NetworkDensity { lixels, weight, lost: (weight - masses.iter().sum::<f64>()).max(0.0) })
}

/// The same density at given places instead of its mean over pieces, in incidents per km.
///
/// At a node it is the density just beside it, on the line of the place.
///
/// # Errors
///
/// As [`network_density`]; [`NetworkError::Place`] also for a place of `at`.
pub fn network_density_at(
    net: &StreetNetwork,
    incidents: &[OnStreet],
    weights: Option<&[f64]>,
    at: &[OnStreet],
    params: &NetworkParams,
) -> Result<Vec<f64>, NetworkError> {
    let sources = sources(net, incidents, weights, params)?;
    let mut by_line: Vec<Vec<(f64, usize)>> = vec![Vec::new(); net.len()];
    for (index, place) in at.iter().enumerate() {
        on(net, place).then_some(()).ok_or(NetworkError::Place { index })?;
        by_line[place.line].push((place.along.0, index));
    }
    let h = params.bandwidth.0;
    let add = |ray: &Ray, out: &mut dyn FnMut(usize, f64)| {
        for &(along, index) in &by_line[ray.line] {
            let t = if ray.forward { along - ray.start } else { ray.start - along };
            // Of the two rays from an incident the forward one has its own place.
            if t > 0.0 || (t == 0.0 && (ray.forward || !ray.own)) {
                out(index, ray.weight * height(params.kernel, (ray.far + t) / h) / h * 1e3);
            }
        }
    };
    let values = spread(net, &sources, params, at.len(), &add)?;
    Ok(values.into_iter().map(|v| v.max(0.0)).collect())
}

#[cfg(test)]
mod tests {
    use geo::{LineString, line_string};

    use super::*;
    use crate::space::coord::Local;

    fn params(split: Split, bandwidth: f64) -> NetworkParams {
        NetworkParams {
            kernel: Kernel::Quartic,
            bandwidth: Metres(bandwidth),
            split,
            lixel: Some(Metres(7.0)),
        }
    }

    /// A grid of streets of 100 m, without dead ends.
    fn town() -> StreetNetwork {
        let mut lines: Vec<LineString> = Vec::new();
        for i in 0..4 {
            for j in 0..3 {
                let (a, b) = (f64::from(i) * 100.0, f64::from(j) * 100.0);
                lines.push(line_string![(x: a, y: b), (x: a, y: b + 100.0)]);
                lines.push(line_string![(x: b, y: a), (x: b + 100.0, y: a)]);
            }
        }
        StreetNetwork::new(&lines, Metres(0.1)).expect("good lines")
    }

    fn held(found: &NetworkDensity) -> f64 {
        found.lixels.iter().map(|l| l.per_km * (l.to.0 - l.from.0) / 1e3).sum()
    }

    #[test]
    fn nothing_is_lost_in_a_town_without_dead_ends() {
        let at = [(0, 30.0), (5, 0.0), (5, 100.0), (17, 99.0), (9, 50.0), (9, 50.0)];
        let at = at.map(|(line, along)| OnStreet { line, along: Metres(along) });
        for kernel in Kernel::ALL {
            for split in Split::ALL {
                let params = NetworkParams { kernel, ..params(split, 250.0) };
                let found = network_density(&town(), &at, None, &params).expect("good input");
                assert!(
                    (held(&found) - 6.0).abs() < 1e-6 && found.lost < 1e-6,
                    "{kernel:?} {split:?} {}",
                    found.lost
                );
            }
        }
    }

    #[test]
    fn a_dead_end_reflects_or_swallows() {
        let street = [line_string![(x: 0.0, y: 0.0), (x: 1000.0, y: 0.0)]];
        let net = StreetNetwork::new(&street, Metres(0.1)).expect("good lines");
        let at = [OnStreet { line: 0, along: Metres(0.0) }];
        let [lost, kept] = Split::ALL
            .map(|split| network_density(&net, &at, None, &params(split, 100.0)).expect("good input"));
        assert!((held(&lost) - 0.5).abs() < 1e-12 && (lost.lost - 0.5).abs() < 1e-12);
        assert!((held(&kept) - 1.0).abs() < 1e-12 && kept.lost < 1e-12);
    }

    #[test]
    fn the_continuous_density_has_no_step_at_a_node_and_the_other_has() {
        let net = town();
        let at = [OnStreet { line: 9, along: Metres(20.0) }];
        let ends: Vec<(usize, OnStreet)> = (0..net.len())
            .flat_map(|line| {
                [(net.ends(line)[0], 0.0), (net.ends(line)[1], 100.0)]
                    .map(|(n, along)| (n, OnStreet { line, along: Metres(along) }))
            })
            .collect();
        let places: Vec<OnStreet> = ends.iter().map(|(_, place)| *place).collect();
        let step = |split| {
            let values =
                network_density_at(&net, &at, None, &places, &params(split, 250.0)).expect("good input");
            let mut largest = 0.0_f64;
            for (i, (node, _)) in ends.iter().enumerate() {
                for (j, _) in ends.iter().enumerate().filter(|(_, other)| other.0 == *node) {
                    largest = largest.max((values[i] - values[j]).abs());
                }
            }
            largest
        };
        assert!(step(Split::Continuous) < 1e-8, "{}", step(Split::Continuous));
        assert!(step(Split::Discontinuous) > 0.1);
    }

    /// Streets that meet in one place, a loop among them; incidents on that place and beside it.
    #[test]
    fn the_order_and_direction_of_lines_change_nothing() {
        let lines = [
            line_string![(x: 0.0, y: 0.0), (x: 100.0, y: 3.0)],
            line_string![(x: 0.0, y: 0.0), (x: -60.0, y: 70.0)],
            line_string![(x: 0.0, y: 0.0), (x: 5.0, y: -80.0)],
            line_string![(x: 100.0, y: 3.0), (x: 160.0, y: 40.0), (x: 130.0, y: 70.0), (x: 100.0, y: 3.0)],
            line_string![(x: 5.0, y: -80.0), (x: 90.0, y: -40.0), (x: 100.0, y: 3.0)],
        ];
        let at =
            [(0.0, 0.0), (100.0, 3.0), (0.0, 0.0), (50.0, 1.5), (-60.0, 70.0)].map(|(x, y)| Local { x, y });
        let surface = |order: &[(usize, bool)], split| {
            let turn = |&(line, turned): &(usize, bool)| {
                let mut coords = lines[line].0.clone();
                if turned {
                    coords.reverse();
                }
                LineString(coords)
            };
            let net = StreetNetwork::new(&order.iter().map(turn).collect::<Vec<_>>(), Metres(0.1))
                .expect("good lines");
            let on: Vec<OnStreet> = net.locate(&at, Metres(1.0)).into_iter().flatten().collect();
            assert_eq!(on.len(), at.len());
            let found = network_density(&net, &on, None, &params(split, 120.0)).expect("good input");
            let mut all = vec![Vec::new(); lines.len()];
            for lixel in &found.lixels {
                all[order[lixel.line].0].push(lixel.per_km);
            }
            for &(line, turned) in order {
                if turned {
                    all[line].reverse();
                }
            }
            (all.concat(), found.lost)
        };
        for split in Split::ALL {
            let (first, lost) = surface(&[(0, false), (1, false), (2, false), (3, false), (4, false)], split);
            for order in [
                [(4, false), (3, false), (2, false), (1, false), (0, false)],
                [(1, true), (4, false), (0, true), (2, false), (3, true)],
                [(2, false), (3, true), (4, true), (0, false), (1, false)],
            ] {
                let (other, also_lost) = surface(&order, split);
                assert!((lost - also_lost).abs() < 1e-8, "{split:?}: {lost} and {also_lost} lost");
                for (one, two) in first.iter().zip(&other) {
                    assert!(
                        (one - two).abs() < 1e-6 * (1.0 + one),
                        "{split:?} {order:?}: {one} is not {two}"
                    );
                }
            }
        }
    }

    #[test]
    fn what_is_not_on_the_network_or_has_no_length_is_refused() {
        let net = town();
        let at = |line, along| OnStreet { line, along: Metres(along) };
        let params = params(Split::Continuous, 100.0);
        for bad in [at(99, 0.0), at(0, -1.0), at(0, 101.0), at(0, f64::NAN)] {
            let found = network_density(&net, &[at(0, 1.0), bad], None, &params);
            assert_eq!(found, Err(NetworkError::Place { index: 1 }));
        }
        for h in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let bad = NetworkParams { bandwidth: Metres(h), ..params };
            assert!(matches!(
                network_density(&net, &[], None, &bad),
                Err(NetworkError::Length { what: "bandwidth", .. })
            ));
            let bad = NetworkParams { lixel: Some(Metres(h)), ..params };
            assert!(matches!(
                network_density(&net, &[], None, &bad),
                Err(NetworkError::Length { what: "lixel", .. })
            ));
        }
        let fine = NetworkParams { lixel: Some(Metres(1e-4)), ..params };
        assert!(matches!(network_density(&net, &[], None, &fine), Err(NetworkError::TooMany { .. })));
        for weights in [&[][..], &[f64::NAN], &[-1.0], &[1.0, 1.0]] {
            let found = network_density(&net, &[at(0, 1.0)], Some(weights), &params);
            assert!(matches!(found, Err(NetworkError::Weight { .. })));
        }
    }
}
