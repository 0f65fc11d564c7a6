//! Tiles of the map in Web Mercator, and where in the local plane their pixels lie.

use std::f64::consts::{PI, TAU};
use std::ops::Range;

use super::coord::{Local, LonLat};
use super::crs::{Crs, CrsError};
use super::grid::Grid;

/// Pixels along an edge of a tile.
pub const TILE: u32 = 256;

/// The deepest zoom: a pixel is 4 cm at the equator.
pub const MAX_ZOOM: u8 = 22;

/// Pixels between two places that are projected at most; those between follow by interpolation.
const STEP: u32 = 16;

/// How far interpolation may be off, in pixels, in the middle between projected places.
const MOST_OFF: f64 = 0.05;

/// A tile: the square `x`, `y` of 2^z by 2^z, counted from the north-west.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tile {
    z: u8,
    x: u32,
    y: u32,
}

/// Numbers that name no tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TileError {
    /// Too deep.
    #[error("z is {z}; give a whole number from 0 to {MAX_ZOOM}")]
    Zoom {
        /// What was given.
        z: u64,
    },
    /// Beyond the edge of the world.
    #[error("{axis} is {given}; at zoom {z} give a whole number from 0 to {most}")]
    Beyond {
        /// `x` or `y`.
        axis: &'static str,
        /// What was given.
        given: u64,
        /// The zoom.
        z: u8,
        /// The largest that there is.
        most: u32,
    },
}

impl Tile {
    /// The tile of these numbers.
    ///
    /// # Errors
    ///
    /// [`TileError`] with the bound.
    pub fn new(z: u64, x: u64, y: u64) -> Result<Self, TileError> {
        let zoom = u8::try_from(z).ok().filter(|zoom| *zoom <= MAX_ZOOM).ok_or(TileError::Zoom { z })?;
        let most = (1_u32 << zoom) - 1;
        let inside = |axis, given: u64| {
            let within = u32::try_from(given).ok().filter(|at| *at <= most);
            within.ok_or(TileError::Beyond { axis, given, z: zoom, most })
        };
        Ok(Self { z: zoom, x: inside("x", x)?, y: inside("y", y)? })
    }

    /// How deep it lies: there are 2^z by 2^z tiles.
    #[must_use]
    pub const fn z(self) -> u8 {
        self.z
    }

    /// Columns of tiles west of it.
    #[must_use]
    pub const fn x(self) -> u32 {
        self.x
    }

    /// Rows of tiles north of it.
    #[must_use]
    pub const fn y(self) -> u32 {
        self.y
    }

    /// Longitude and latitude of a place in the tile, in pixels from its north-west corner.
    fn lonlat(self, px: f64, py: f64) -> (f64, f64) {
        let world = f64::from(1_u32 << self.z);
        let (x, y) = (
            (f64::from(self.x) + px / f64::from(TILE)) / world,
            (f64::from(self.y) + py / f64::from(TILE)) / world,
        );
        (x * 360.0 - 180.0, (PI * (1.0 - 2.0 * y)).sinh().atan().to_degrees())
    }

    /// Where in the local plane a place of the tile lies, in pixels from its north-west corner.
    ///
    /// # Errors
    ///
    /// [`CrsError`] too far from the zone of the CRS.
    pub fn place(self, px: f64, py: f64, crs: &Crs) -> Result<Local, CrsError> {
        let (lon, lat) = self.lonlat(px, py);
        match LonLat::new(lon, lat) {
            Ok(at) => crs.to_local(at),
            Err(source) => Err(CrsError::Globe { x: lon, y: lat, crs: crs.to_string(), source }),
        }
    }
}

/// Where a grid lies on the map: the part of the world, 0 to 1 eastward and southward, that it is drawn in.
///
/// Across the 180th meridian the eastern edge is above 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Extent {
    west: f64,
    east: f64,
    north: f64,
    south: f64,
}

/// Places along an edge of a grid that are projected for its extent.
const ALONG: usize = 32;

impl Extent {
    /// The extent of a grid with a margin of one cell, in which a surface falls to 0.
    ///
    /// # Errors
    ///
    /// [`CrsError`] for a grid that is not on the globe.
    pub fn of(grid: &Grid, crs: &Crs) -> Result<Self, CrsError> {
        let (width, height) = (grid.n_cols as f64 + 2.0, grid.n_rows as f64 + 2.0);
        let mut extent: Option<Self> = None;
        for step in 0..=ALONG {
            let part = step as f64 / ALONG as f64;
            for (col, row) in
                [(part * width, 0.0), (part * width, height), (0.0, part * height), (width, part * height)]
            {
                let at = crs.from_local(Local {
                    x: grid.origin.x + (col - 1.0) * grid.cell.0,
                    y: grid.origin.y + (row - 1.0) * grid.cell.0,
                })?;
                let y = (1.0 - at.lat().to_radians().tan().asinh() / PI) / 2.0;
                let mut x = at.lon() / 360.0 + 0.5;
                let so_far = extent.unwrap_or(Self { west: x, east: x, north: y, south: y });
                // Nothing that we draw is half a world wide.
                x += (so_far.west - x).round();
                extent = Some(Self {
                    west: so_far.west.min(x),
                    east: so_far.east.max(x),
                    north: so_far.north.min(y),
                    south: so_far.south.max(y),
                });
            }
        }
        let extent = extent.unwrap_or(Self { west: 0.0, east: 0.0, north: 0.0, south: 0.0 });
        let turn = extent.west.floor();
        // Between two places along an edge it may bulge by a little: a hundredth of the extent is more.
        let (by_x, by_y) = ((extent.east - extent.west) / 100.0, (extent.south - extent.north) / 100.0);
        Ok(Self {
            west: extent.west - turn - by_x,
            east: extent.east - turn + by_x,
            north: extent.north - by_y,
            south: extent.south + by_y,
        })
    }

    /// Columns and rows of a tile's pixels that lie in the extent; a tile that spans the 180th meridian may have two parts.
    #[must_use]
    pub fn pixels(&self, tile: Tile) -> Vec<(Range<u32>, Range<u32>)> {
        let world = f64::from(1_u32 << tile.z) * f64::from(TILE);
        let (left, top) = (f64::from(tile.x) * f64::from(TILE), f64::from(tile.y) * f64::from(TILE));
        let range = |from: f64, to: f64, begin: f64| {
            let cut = |at: f64| (at * world - begin).clamp(0.0, f64::from(TILE));
            cut(from).floor() as u32..cut(to).ceil() as u32
        };
        let rows = range(self.north, self.south, top);
        let parts = [-1.0, 0.0, 1.0].map(|turn| range(self.west + turn, self.east + turn, left));
        let parts = parts.into_iter().filter(|cols| !cols.is_empty() && !rows.is_empty());
        parts.map(|cols| (cols, rows.clone())).collect()
    }
}

/// Places of a tile's pixels in the local plane: some are projected, those between are interpolated.
#[derive(Clone, Debug)]
pub struct Lattice {
    cols: Range<u32>,
    rows: Range<u32>,
    step: u32,
    n_cols: usize,
    nodes: Vec<Local>,
}

impl Lattice {
    /// The lattice over some pixels of a tile; none where they lie too far from the zone of the CRS.
    ///
    /// Places stand every 16 pixels, closer together where the middle between them would be more than a twentieth of a pixel
    /// off: so nothing is off by a tenth.
    #[must_use]
    pub fn over(tile: Tile, (cols, rows): (Range<u32>, Range<u32>), crs: &Crs) -> Option<Self> {
        // A lattice that reaches far beyond the pixels reaches far beyond the zone as well.
        let along = (cols.end - cols.start).max(rows.end - rows.start);
        let mut step = STEP.min(along.next_power_of_two());
        loop {
            let lattice = Self::every(tile, (cols.clone(), rows.clone()), step, crs);
            let lattice = lattice.filter(|found| step == 1 || found.is_fine(tile, crs).unwrap_or(false));
            if lattice.is_some() || step == 1 {
                return lattice;
            }
            step /= 2;
        }
    }

    fn every(tile: Tile, (cols, rows): (Range<u32>, Range<u32>), step: u32, crs: &Crs) -> Option<Self> {
        let nodes_along = |range: &Range<u32>| (range.end - range.start).div_ceil(step) + 1;
        let (n_cols, n_rows) = (nodes_along(&cols), nodes_along(&rows));
        let mut nodes = Vec::with_capacity((n_cols * n_rows) as usize);
        for row in 0..n_rows {
            for col in 0..n_cols {
                let (px, py) = (f64::from(cols.start + col * step), f64::from(rows.start + row * step));
                nodes.push(tile.place(px, py, crs).ok()?);
            }
        }
        Some(Self { cols, rows, step, n_cols: n_cols as usize, nodes })
    }

    /// Whether interpolation is near enough in the middle of every edge between projected places.
    ///
    /// There it is farthest off: both projections are conformal, so what bends along one axis bends the other way along the
    /// other, and in the middle of a square both cancel out.
    fn is_fine(&self, tile: Tile, crs: &Crs) -> Option<bool> {
        let step = f64::from(self.step);
        let squares = |range: &Range<u32>| {
            let (begin, step) = (range.start, self.step);
            (0..(range.end - range.start).div_ceil(step)).map(move |at| f64::from(begin + at * step))
        };
        for row in squares(&self.rows) {
            for col in squares(&self.cols) {
                for (dx, dy) in [(0.5, 0.0), (0.0, 0.5), (0.5, 1.0), (1.0, 0.5)] {
                    let (px, py) = (col + dx * step, row + dy * step);
                    let (exact, found) = (tile.place(px, py, crs).ok()?, self.at(px, py));
                    let pixel = found.distance(self.at(px + 0.25, py)).0 * 4.0;
                    // What is no number is not near either.
                    let is_near = exact.distance(found).0 <= MOST_OFF * pixel;
                    if !is_near {
                        return Some(false);
                    }
                }
            }
        }
        Some(true)
    }

    /// The columns and rows of pixels that it covers.
    #[must_use]
    pub fn pixels(&self) -> (Range<u32>, Range<u32>) {
        (self.cols.clone(), self.rows.clone())
    }

    /// Where a place of the tile lies, in pixels from its north-west corner.
    #[must_use]
    pub fn at(&self, px: f64, py: f64) -> Local {
        let step = f64::from(self.step);
        let (x, y) = ((px - f64::from(self.cols.start)) / step, (py - f64::from(self.rows.start)) / step);
        let n_rows = self.nodes.len() / self.n_cols;
        let col = (x.max(0.0) as usize).min(self.n_cols.saturating_sub(2));
        let row = (y.max(0.0) as usize).min(n_rows.saturating_sub(2));
        let (x, y) = (x - col as f64, y - row as f64);
        let node = |col: usize, row: usize| self.nodes[row * self.n_cols + col];
        let [nw, ne] = [node(col, row), node(col + 1, row)];
        let [sw, se] = [node(col, row + 1), node(col + 1, row + 1)];
        let mix = |of: fn(Local) -> f64| {
            let (north, south) = (of(nw) + (of(ne) - of(nw)) * x, of(sw) + (of(se) - of(sw)) * x);
            north + (south - north) * y
        };
        Local { x: mix(|at| at.x), y: mix(|at| at.y) }
    }
}

/// The tile that a place lies in, at a zoom of at most [`MAX_ZOOM`].
#[must_use]
pub fn tile_of(at: LonLat, zoom: u8) -> Tile {
    let z = zoom.min(MAX_ZOOM);
    let world = f64::from(1_u32 << z);
    let south = (1.0 - at.lat().to_radians().tan().asinh() * 2.0 / TAU) / 2.0;
    let cut = |part: f64| (part * world).clamp(0.0, world - 1.0) as u32;
    Tile { z, x: cut(at.lon() / 360.0 + 0.5), y: cut(south) }
}

/// Where a place lies on the map: parts of the world from its west and north edge, 0 to 1.
///
/// Latitudes beyond ±85.0511 are drawn at that edge of the map.
#[must_use]
pub fn on_map(lon: f64, lat: f64) -> (f64, f64) {
    let south = (1.0 - lat.to_radians().tan().asinh() / PI) / 2.0;
    (lon / 360.0 + 0.5, south.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::bbox::LonLatBox;
    use crate::space::coord::Metres;

    /// St. Louis, Tromsø near the edge of its zone, Quito, Suva across the 180th meridian, Punta Arenas.
    const TOWNS: [(f64, f64); 5] =
        [(-90.2, 38.63), (17.95, 69.65), (-78.5, -0.2), (179.99, -18.1), (-70.9, -53.2)];

    fn ground((lon, lat): (f64, f64), width: f64) -> (Grid, Crs) {
        let area = LonLatBox { west: lon, south: lat, east: lon, north: lat };
        let crs = Crs::local_for(area).expect("UTM");
        let middle = crs.to_local(LonLat::new(lon, lat).expect("on the globe")).expect("in its zone");
        let origin = Local { x: middle.x - width / 2.0, y: middle.y - width / 2.0 };
        let n = (width / 100.0) as usize;
        (Grid { origin, cell: Metres(100.0), n_cols: n, n_rows: n }, crs)
    }

    #[test]
    fn numbers_of_no_tile_are_refused_with_the_bound() {
        assert!(Tile::new(0, 0, 0).is_ok() && Tile::new(22, (1 << 22) - 1, (1 << 22) - 1).is_ok());
        for (z, x, y, says) in [
            (23, 0, 0, "from 0 to 22"),
            (u64::MAX, 0, 0, "from 0 to 22"),
            (0, 1, 0, "x is 1; at zoom 0"),
            (3, 7, 8, "y is 8; at zoom 3 give a whole number from 0 to 7"),
            (3, u64::MAX, 0, "x is"),
        ] {
            let refused = Tile::new(z, x, y).expect_err("no tile").to_string();
            assert!(refused.contains(says), "{refused}");
        }
    }

    #[test]
    fn a_place_is_in_the_tile_that_others_say() {
        // By PROJ's EPSG:3857, whose world is 2 × 20,037,508.34 m wide.
        let at = |lon, lat, z| tile_of(LonLat::new(lon, lat).expect("on the globe"), z);
        assert_eq!(at(-90.1994, 38.6270, 12), Tile { z: 12, x: 1021, y: 1570 });
        assert_eq!(at(178.44, -18.14, 9), Tile { z: 9, x: 509, y: 282 });
        let (lon, lat) = at(-90.1994, 38.6270, 12).lonlat(0.0, 0.0);
        assert!((lon - -90.263_671_875).abs() < 1e-12 && (lat - 38.685_509_760_012).abs() < 1e-9);
    }

    #[test]
    fn interpolated_places_are_off_by_less_than_a_tenth_of_a_pixel_at_every_zoom() {
        for town in TOWNS {
            for width in [20_000.0, 400_000.0] {
                let (grid, crs) = ground(town, width);
                let extent = Extent::of(&grid, &crs).expect("on the globe");
                let middle = LonLat::new(town.0, town.1).expect("on the globe");
                for zoom in 0..=MAX_ZOOM {
                    let tile = tile_of(middle, zoom);
                    for part in extent.pixels(tile) {
                        let Some(lattice) = Lattice::over(tile, part.clone(), &crs) else {
                            panic!("{town:?} {zoom}: too far")
                        };
                        let (cols, rows) = part;
                        for py in rows.clone().step_by(5) {
                            for px in cols.clone().step_by(7) {
                                let (px, py) = (f64::from(px) + 0.5, f64::from(py) + 0.5);
                                let (found, exact) =
                                    (lattice.at(px, py), tile.place(px, py, &crs).expect("near"));
                                let beside = tile.place(px + 0.5, py, &crs).expect("near");
                                let pixel = 2.0 * beside.distance(exact).0;
                                let off = exact.distance(found).0 / pixel;
                                assert!(off < 0.1, "{town:?} {width} {zoom}: {off} pixels at {px}, {py}");
                            }
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn tiles_beside_each_other_agree_along_their_edge() {
        let (grid, crs) = ground(TOWNS[0], 400_000.0);
        let extent = Extent::of(&grid, &crs).expect("on the globe");
        for zoom in [9, 12, 15, 18] {
            let tile = tile_of(LonLat::new(TOWNS[0].0, TOWNS[0].1).expect("on the globe"), zoom);
            let east = Tile { x: tile.x + 1, ..tile };
            let of = |tile: Tile| {
                let part = extent.pixels(tile).into_iter().next().expect("inside");
                Lattice::over(tile, part, &crs).expect("near")
            };
            let (here, there) = (of(tile), of(east));
            let rows = here.pixels().1;
            assert_eq!(rows, there.pixels().1);
            for py in rows {
                let py = f64::from(py) + 0.5;
                let (left, right) = (here.at(256.0, py), there.at(0.0, py));
                let pixel = left.distance(here.at(255.0, py)).0;
                assert!(left.distance(right).0 < 0.01 * pixel, "zoom {zoom}, row {py}");
            }
        }
    }

    #[test]
    fn a_grid_across_the_180th_meridian_is_drawn_on_both_sides_of_the_map() {
        let (grid, crs) = ground(TOWNS[3], 20_000.0);
        let extent = Extent::of(&grid, &crs).expect("on the globe");
        let [west, east] =
            [-179.99, 179.95].map(|lon| tile_of(LonLat::new(lon, -18.1).expect("a place"), 10));
        for tile in [west, east] {
            let parts = extent.pixels(tile);
            assert_eq!(parts.len(), 1, "{tile:?}");
            let lattice = Lattice::over(tile, parts[0].clone(), &crs).expect("near");
            let at = lattice.at(f64::from(parts[0].0.start), f64::from(parts[0].1.start));
            assert!(at.distance(grid.center(100, 100)).0 < 25_000.0, "{at:?}");
        }
        assert_eq!(extent.pixels(Tile { z: 0, x: 0, y: 0 }).len(), 2);
        assert!(extent.pixels(tile_of(LonLat::new(0.0, -18.1).expect("a place"), 10)).is_empty());
    }
}
