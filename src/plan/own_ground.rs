//! The ground of streets: each point near a street belongs to the nearest one, so that areas of streets add up.

use geo::algorithm::bool_ops::unary_union;
use geo::{Line, LineString, MultiPolygon, Rect};

use crate::space::bbox::LocalBox;
use crate::space::coord::{Local, Metres, SquareKm};
use crate::space::grid::{Grid, GridError};

/// Ground farther from every street than this is no street's: where its houses stand.
pub const REACH: Metres = Metres(50.0);

/// Side of the cells in which ground is given out: an area of one block is known to about a hundredth.
pub const CELL: Metres = Metres(10.0);

/// Nobody's ground.
const NOBODY: u32 = u32::MAX;

/// Which street owns each cell.
#[derive(Clone, Debug)]
pub struct OwnGround {
    grid: Grid,
    owner: Vec<u32>,
    cells: Vec<u32>,
}

/// Gives each cell whose middle lies within [`REACH`] of a street to the nearest one, of equally near ones the first.
///
/// | | what | shape | unit |
/// |---|---|---|---|
/// | `streets` | lines of each block; one without lines owns nothing | `n` | m |
/// | `extent` | around all streets | – | m |
/// | returns | areas that add up, and outlines that do not overlap | `n` | km² |
///
/// All of it together is the dissolved strip of [`REACH`] on either side of all streets, but for the cells. Cells lie at
/// whole multiples of [`CELL`] from the CRS's origin, or are larger where the grid would have too many.
/// Time O(Σ cells in the box around each piece of street).
///
/// # Errors
///
/// [`GridError`] for an extent that no grid can be laid over.
///
/// # Examples
///
/// ```
/// use geo::line_string;
/// use hotblocks::plan::own_ground::own_ground;
/// use hotblocks::space::bbox::LocalBox;
/// use hotblocks::space::coord::Local;
///
/// // Two parallel streets of 200 m, 60 m apart: 30 m to the middle, 50 m outward, and a half disc at either end.
/// let streets = [0.0, 60.0].map(|y| vec![line_string![(x: 0.0, y: y), (x: 200.0, y: y)]]);
/// let extent = LocalBox { min: Local { x: 0.0, y: 0.0 }, max: Local { x: 200.0, y: 60.0 } };
/// let ground = own_ground(&streets, extent)?;
/// assert_eq!(ground.area(0), ground.area(1));
/// assert!((ground.area(0).0 - 0.0226).abs() < 0.0004);
/// # Ok::<(), hotblocks::space::grid::GridError>(())
/// ```
pub fn own_ground(streets: &[Vec<LineString>], extent: LocalBox) -> Result<OwnGround, GridError> {
    let area = extent.padded(REACH);
    let laid = |cell: Metres| {
        let down = |at: f64| (at / cell.0).floor() * cell.0;
        Grid::over(LocalBox { min: Local { x: down(area.min.x), y: down(area.min.y) }, max: area.max }, cell)
    };
    let grid = match laid(CELL) {
        // A little more than what just fits, for the corner that was moved.
        Err(GridError::TooMany { least, .. }) => laid(Metres((least.0 * 1.01).ceil()))?,
        grid => grid?,
    };
    let mut owner = vec![NOBODY; grid.len()];
    let mut nearest = vec![(REACH.0 * REACH.0) as f32; grid.len()];
    for (lines, street) in streets.iter().zip(0u32..) {
        for piece in lines.iter().flat_map(LineString::lines) {
            claim(&grid, piece, |cell, distance| {
                if distance < nearest[cell] {
                    (nearest[cell], owner[cell]) = (distance, street);
                }
            });
        }
    }
    let mut cells = vec![0u32; streets.len()];
    owner.iter().filter(|&&street| street != NOBODY).for_each(|&street| cells[street as usize] += 1);
    Ok(OwnGround { grid, owner, cells })
}

/// Tells the squared distance of every cell near a piece of street, to a millimetre so that a tie is a tie.
fn claim(grid: &Grid, piece: Line, mut tell: impl FnMut(usize, f32)) {
    let range = |a: f64, b: f64, origin: f64, n: usize| {
        let first = ((a.min(b) - REACH.0 - origin) / grid.cell.0).floor().max(0.0) as usize;
        let last = ((a.max(b) + REACH.0 - origin) / grid.cell.0).ceil().max(0.0) as usize;
        first.min(n)..last.min(n)
    };
    let (a, b) = (piece.start, piece.end);
    let (dx, dy) = (b.x - a.x, b.y - a.y);
    let length2 = dx * dx + dy * dy;
    for row in range(a.y, b.y, grid.origin.y, grid.n_rows) {
        for col in range(a.x, b.x, grid.origin.x, grid.n_cols) {
            let at = grid.center(col, row);
            let along = if length2 > 0.0 { ((at.x - a.x) * dx + (at.y - a.y) * dy) / length2 } else { 0.0 };
            let along = along.clamp(0.0, 1.0);
            let (ex, ey) = (at.x - a.x - along * dx, at.y - a.y - along * dy);
            tell(row * grid.n_cols + col, ((ex * ex + ey * ey) * 1e3).round() as f32 / 1e3);
        }
    }
}

impl OwnGround {
    /// Side of the cells.
    #[must_use]
    pub fn cell(&self) -> Metres {
        self.grid.cell
    }

    /// The ground that a street owns.
    #[must_use]
    pub fn area(&self, street: usize) -> SquareKm {
        SquareKm::from_square_metres(f64::from(self.cells[street]) * self.grid.cell.0 * self.grid.cell.0)
    }

    /// The outline of the ground of chosen streets, in metres; `chosen` has an entry for each street.
    #[must_use]
    pub fn outline(&self, chosen: &[bool]) -> MultiPolygon {
        let (grid, side) = (&self.grid, self.grid.cell.0);
        let mine = |cell: usize| self.owner[cell] != NOBODY && chosen[self.owner[cell] as usize];
        // Runs of cells in a row; those alike in the row before grow upward.
        let mut open: Vec<(usize, usize, usize)> = Vec::new();
        let mut done: Vec<geo::Polygon> = Vec::new();
        let corner =
            |col: usize, row: usize| (grid.origin.x + col as f64 * side, grid.origin.y + row as f64 * side);
        for row in 0..=grid.n_rows {
            let mut runs: Vec<(usize, usize, usize)> = Vec::new();
            let mut col = 0;
            while row < grid.n_rows && col < grid.n_cols {
                let from = col;
                while col < grid.n_cols && mine(row * grid.n_cols + col) {
                    col += 1;
                }
                if col > from {
                    let below = open.iter().position(|&(a, b, _)| (a, b) == (from, col));
                    runs.push((from, col, below.map_or(row, |at| open.swap_remove(at).2)));
                } else {
                    col += 1;
                }
            }
            done.extend(
                open.drain(..).map(|(a, b, since)| Rect::new(corner(a, since), corner(b, row)).to_polygon()),
            );
            open = runs;
        }
        unary_union(&done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::{Area, Validation, line_string};

    fn town() -> (Vec<Vec<LineString>>, LocalBox) {
        let mut streets = Vec::new();
        for k in 0..5 {
            let at = f64::from(k) * 90.0;
            for from in [0.0, 90.0, 180.0, 270.0] {
                streets.push(vec![line_string![(x: from, y: at), (x: from + 90.0, y: at + 7.0)]]);
                streets.push(vec![line_string![(x: at, y: from), (x: at + 7.0, y: from + 90.0)]]);
            }
        }
        (streets, LocalBox { min: Local { x: 0.0, y: 0.0 }, max: Local { x: 370.0, y: 370.0 } })
    }

    #[test]
    fn areas_add_up_to_the_ground_of_all_and_outlines_have_them() {
        let (streets, extent) = town();
        let ground = own_ground(&streets, extent).expect("a grid");
        let all = vec![true; streets.len()];
        let sum: f64 = (0..streets.len()).map(|street| ground.area(street).0).sum();
        assert!((ground.outline(&all).unsigned_area() / 1e6 - sum).abs() < 1e-9);
        for some in [3usize, 7, 11] {
            let chosen: Vec<bool> = (0..streets.len()).map(|street| street % some == 0).collect();
            let sum: f64 = (0..streets.len()).filter(|&s| chosen[s]).map(|s| ground.area(s).0).sum();
            let outline = ground.outline(&chosen);
            assert!(outline.is_valid() && (outline.unsigned_area() / 1e6 - sum).abs() < 1e-9);
        }
        assert!(ground.outline(&vec![false; streets.len()]).0.is_empty());
    }

    #[test]
    fn a_street_alone_owns_its_strip_and_a_block_without_lines_nothing() {
        let street = vec![line_string![(x: 0.0, y: 0.0), (x: 300.0, y: 400.0)]];
        let extent = LocalBox { min: Local { x: 0.0, y: 0.0 }, max: Local { x: 300.0, y: 400.0 } };
        let ground = own_ground(&[street, Vec::new()], extent).expect("a grid");
        let strip = 500.0 * 100.0 + std::f64::consts::PI * 2500.0;
        assert!((ground.area(0).0 * 1e6 - strip).abs() < 0.02 * strip);
        assert_eq!(ground.area(1).0, 0.0);
    }
}
