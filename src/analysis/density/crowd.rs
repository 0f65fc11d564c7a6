//! A crowd: the places of one cell, and what their kernels are together.

/// What rounding may do to a distance, and more, as a part of the bandwidth.
pub(super) const SLACK: f64 = 1e-7;

/// How far the discs around the places of one cell reach, in cells. The same for every cell.
pub(super) struct Reach {
    /// Rows to the farthest that a disc reaches.
    pub(super) rows: usize,
    /// For a cell so many rows away: how many columns, counted from the place's own to one side, lie in all the discs.
    pub(super) inside: Vec<usize>,
    /// The same for columns that lie in some of the discs.
    pub(super) outside: Vec<usize>,
}

impl Reach {
    pub(super) fn new(radius: f64) -> Self {
        let (least, most) = (radius * (1.0 - SLACK), radius * (1.0 + SLACK));
        let rows = (most + 0.5) as usize;
        // The farthest corner of the cell is ½ farther than its center, the nearest ½ nearer.
        let root = |radius: f64, y: f64| (radius * radius - y * y).max(0.0).sqrt();
        let inside = (0..=rows).map(|dy| (root(least, dy as f64 + 0.5) + 0.5) as usize).collect();
        let outside = (0..=rows).map(|dy| (root(most, (dy as f64 - 0.5).max(0.0)) + 1.5) as usize).collect();
        Self { rows, inside, outside }
    }
}

/// A place of a crowd, u and v its distance from the middle of the cell in bandwidths: 2u, 2v, −u² − v² and its weight.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member {
    pub(super) east: f64,
    pub(super) north: f64,
    pub(super) rest: f64,
    pub(super) weight: f64,
}

/// The sum of a crowd's quartic kernels, as coefficients of powers of x that are polynomials in q, the distance north of the
/// cell's middle: of q⁰, q¹ and q² for x⁰ to x⁴, the count, and in the seventh place what q³ and q⁴ add to x⁰.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(super) struct Sum {
    pub(super) zero: [f64; 8],
    pub(super) one: [f64; 8],
    pub(super) two: [f64; 8],
}

/// Where a crowd is: its cell, which may lie beyond the grid, and its members.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spot {
    pub(super) col: i32,
    pub(super) row: i32,
    pub(super) from: u32,
    pub(super) to: u32,
}

/// One or more incidents with the same coordinates.
#[derive(Clone, Copy, Default)]
pub(super) struct Item {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) weight: f64,
}

impl Sum {
    /// From the moments Σw, Σwu, Σwv, Σws, Σws², Σwsu, Σwsv, Σwu², Σwuv, Σwv² with s = u² + v²; x is measured so that the
    /// cell's middle is at `c`.
    ///
    /// With p = x − c and B = 1 − p² − q² a kernel is (B − s + 2(pu + qv))², which is multiplied out.
    pub(super) fn new(moments: &[f64; 10], c: f64) -> Self {
        let &[w, wu, wv, ws, wss, wsu, wsv, wuu, wuv, wvv] = moments;
        // From powers of p, which is x − c, to those of x.
        let shift = |[g0, g1, g2, g3, g4]: [f64; 5]| {
            [
                (((g4 * c - g3) * c + g2) * c - g1) * c + g0,
                ((-4.0 * g4 * c + 3.0 * g3) * c - 2.0 * g2) * c + g1,
                (6.0 * g4 * c - 3.0 * g3) * c + g2,
                g3 - 4.0 * g4 * c,
            ]
        };
        let both = 2.0 * (ws - w);
        let zero = shift([w - 2.0 * ws + wss, 4.0 * (wu - wsu), both + 4.0 * wuu, -4.0 * wu, w]);
        let one = shift([4.0 * (wv - wsv), 8.0 * wuv, -4.0 * wv, 0.0, 0.0]);
        let two = shift([both + 4.0 * wvv, -4.0 * wu, 2.0 * w, 0.0, 0.0]);
        Self {
            zero: [zero[0], zero[1], zero[2], zero[3], w, 1.0, 0.0, 0.0],
            one: [one[0], one[1], one[2], 0.0, 0.0, 0.0, -4.0 * wv, 0.0],
            two: [two[0], two[1], two[2], 0.0, 0.0, 0.0, w, 0.0],
        }
    }
}

/// Sorts incidents by y, x and weight, so that every later sum has one order, and puts coincident ones together.
pub(super) fn merged(items: &mut [Item]) -> &[Item] {
    if items.len() <= 24 {
        let before = |a: &Item, b: &Item| {
            (a.y < b.y) | ((a.y == b.y) & ((a.x < b.x) | ((a.x == b.x) & (a.weight < b.weight))))
        };
        // One by one is the fastest for so few.
        for i in 1..items.len() {
            let item = items[i];
            let mut at = i;
            while at > 0 && before(&item, &items[at - 1]) {
                items[at] = items[at - 1];
                at -= 1;
            }
            items[at] = item;
        }
    } else {
        items.sort_unstable_by(|a, b| {
            a.y.total_cmp(&b.y).then(a.x.total_cmp(&b.x)).then(a.weight.total_cmp(&b.weight))
        });
    }
    let mut kept = 0;
    for i in 1..items.len() {
        let item = items[i];
        if items[kept].x == item.x && items[kept].y == item.y {
            items[kept].weight += item.weight;
        } else {
            kept += 1;
            items[kept] = item;
        }
    }
    &items[..=kept]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_of_a_crowd_is_that_of_its_kernels() {
        let places = [(0.03, -0.01, 1.0), (-0.05, 0.04, 2.5), (0.0, 0.05, 0.25)];
        let mut moments = [0.0; 10];
        for (u, v, w) in places {
            let s: f64 = u * u + v * v;
            let more = [1.0, u, v, s, s * s, s * u, s * v, u * u, u * v, v * v];
            moments.iter_mut().zip(more).for_each(|(sum, more)| *sum += w * more);
        }
        let c = -1.7;
        let sum = Sum::new(&moments, c);
        for (x, q) in [(-1.2, 0.3), (-2.4, -0.5), (-1.7, 0.9), (-1.0, 0.0)] {
            let expected: f64 = places
                .iter()
                .map(|(u, v, w)| w * (1.0 - f64::powi(x - c - u, 2) - f64::powi(q - v, 2)).powi(2))
                .sum();
            let of = |i: usize| sum.zero[i] + q * sum.one[i] + q * q * sum.two[i];
            let high = q.powi(3) * sum.one[6] + q.powi(4) * sum.two[6];
            let found = (((of(4) * x + of(3)) * x + of(2)) * x + of(1)) * x + of(0) + high;
            assert!((found - expected).abs() < 1e-13, "{found} is not {expected}");
        }
    }
}
