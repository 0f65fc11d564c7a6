//! Densities as they are asked for: bandwidth by rule, edge correction, decay, contours of several kinds.

use geo::{Area, MultiPolygon};

use super::density_adaptive::{Widths, adaptive};
use super::density_ask::{DensityAsk, DensityError, Outline, Width};
use super::query::Selection;
use super::snapshot::Snapshot;
use crate::analysis::density::bandwidth::{Chosen, bandwidth};
use crate::analysis::density::binned::Binned;
use crate::analysis::density::contour::{contour, threshold_for_share, value_at};
use crate::analysis::density::decay::half_life_weights;
use crate::analysis::density::dual::{Comparison, compare};
use crate::analysis::density::edge::{Edge, kde_within};
use crate::analysis::density::error_bound::ErrorBound;
use crate::analysis::density::kde::{Density, KdeParams};
use crate::analysis::density::levels::{level_of_area, level_of_area_share, level_of_mean};
use crate::analysis::density::mask::Mask;
use crate::analysis::density::method::surface;
use crate::analysis::density::standard_error::standard_error;
use crate::engine::params::density::{ADAPTIVE, SURFACE};
use crate::model::block::BlockKind;
use crate::model::period::Period;
use crate::space::coord::{Local, Metres, SquareKm};
use crate::space::grid::Grid;

/// Where a density is high.
#[derive(Clone, Debug)]
pub struct DensityContour {
    /// The level asked for.
    pub level: f64,
    /// Density at the edge, incidents per km².
    pub per_km2: f64,
    /// Incidents truly inside.
    pub inside: usize,
    /// Its area.
    pub area: SquareKm,
    /// That as a share of the study area.
    pub area_share: f64,
    /// Its shape in local metres.
    pub shape: MultiPolygon,
}

/// A density with its outlines.
#[derive(Clone, Debug)]
pub struct DensityAnswer {
    /// Kernel and bandwidth that were used.
    pub params: KdeParams,
    /// What the rule chose, where one did.
    pub chosen: Option<Chosen>,
    /// The surface.
    pub density: Density,
    /// Its standard error, where it was asked for.
    pub standard_error: Option<Density>,
    /// The bandwidths, where each incident has its own.
    pub widths: Option<Widths>,
    /// How far it may be from the true sums.
    pub error: ErrorBound,
    /// Incidents behind it.
    pub incidents: usize,
    /// The sum of their weights: smaller with a half-life.
    pub weight: f64,
    /// Selected incidents with a place outside the study area, which are not behind it.
    pub outside: usize,
    /// Outlines, the largest first.
    pub contours: Vec<DensityContour>,
}

/// Where a density has risen or fallen by a factor.
#[derive(Clone, Debug)]
pub struct Change {
    /// Whether it has risen.
    pub up: bool,
    /// By this factor, or more.
    pub factor: f64,
    /// Incidents inside now.
    pub now: usize,
    /// Incidents inside before.
    pub before: usize,
    /// Its area.
    pub area: SquareKm,
    /// Its shape in local metres.
    pub shape: MultiPolygon,
}

/// Two densities beside each other.
#[derive(Clone, Debug)]
pub struct ChangeAnswer {
    /// Kernel and bandwidth of both.
    pub params: KdeParams,
    /// What the rule chose, from the incidents of now.
    pub chosen: Option<Chosen>,
    /// What was added to both densities, incidents per km² and day.
    pub floor: f64,
    /// Incidents behind them, now and before.
    pub incidents: [usize; 2],
    /// Selected incidents outside the study area, now and before.
    pub outside: [usize; 2],
    /// Outlines, up before down, the smallest factor first.
    pub changes: Vec<Change>,
}

/// Factors of change that are outlined.
pub const FACTORS: [f64; 3] = [1.5, 2.0, 3.0];

const DAY: f64 = 86_400.0;

impl Snapshot {
    /// Kernel density without an edge correction, with contours by share of the incidents.
    ///
    /// # Errors
    ///
    /// As [`Snapshot::density_with`].
    pub fn density(
        &self,
        selection: &Selection,
        params: &KdeParams,
        cell: Metres,
    ) -> Result<DensityAnswer, DensityError> {
        self.density_with(selection, None, &DensityAsk::plain(*params, cell))
    }

    /// Kernel density over the study area, padded by the kernel's reach where nothing corrects its edge.
    ///
    /// With a half-life the age of an incident is the time to the end of the period, or, without one, to the latest of them.
    ///
    /// # Errors
    ///
    /// [`DensityError`] for a bandwidth, cell or level that cannot be used, or a rule that finds no bandwidth.
    pub fn density_with(
        &self,
        selection: &Selection,
        period: Option<Period>,
        ask: &DensityAsk,
    ) -> Result<DensityAnswer, DensityError> {
        let (inside, outside) = self.in_study_area(selection);
        let places: Vec<Local> = inside.iter().map(|(_, at)| *at).collect();
        let (params, chosen) = self.params(&places, ask)?;
        let weights =
            ask.half_life.map(|days| half_life_weights(&self.ages(&inside, period), days)).transpose()?;
        let (mask, grid) = self.mask(ask, &params)?;
        let (weights, mut widths) = (weights.as_deref(), None);
        let (Binned { density, error }, left_out, weight) = if ask.edge == Edge::None {
            let weight = weights.map_or(places.len() as f64, |w| w.iter().sum());
            let made = match ask.adaptive {
                None => surface(&places, weights, &grid, &params, ask.method)?,
                Some(how) => {
                    let (density, used) = adaptive(&places, weights, &grid, &params, how)?;
                    widths = used;
                    Binned { error: ErrorBound::exact(density.peak()), density }
                }
            };
            (made, 0, weight)
        } else {
            let within = kde_within(&places, weights, &mask, &params, ask.edge)?;
            let error = ErrorBound::exact(within.density.peak());
            (Binned { density: within.density, error }, within.left_out, within.weight)
        };
        let standard_error = if ask.standard_error {
            let ground = if ask.edge == Edge::None { Mask::whole(&grid) } else { mask.clone() };
            Some(standard_error(&places, weights, &ground, &params, ask.edge)?)
        } else {
            None
        };
        let whole = mask_area(&mask);
        let mut contours = Vec::new();
        for &level in ask.levels.iter().filter(|_| density.peak() > 0.0) {
            let threshold = match ask.outline {
                Outline::Share => threshold_for_share(&density, &places, level)?.threshold,
                Outline::Mean => level_of_mean(&density, &mask, level)?.threshold,
                Outline::AreaShare => level_of_area_share(&density, &mask, level)?.threshold,
                Outline::AreaKm2 => level_of_area(&density, &mask, SquareKm(level))?.threshold,
            };
            let shape = contour(&density, threshold)?;
            let area = SquareKm::from_square_metres(shape.unsigned_area());
            let inside = places.iter().filter(|at| value_at(&density, **at) >= threshold).count();
            contours.push(DensityContour {
                level,
                per_km2: threshold,
                inside,
                area,
                area_share: area.0 / whole,
                shape,
            });
        }
        let (incidents, outside) = (places.len() - left_out, outside + left_out);
        Ok(DensityAnswer {
            params,
            chosen,
            density,
            standard_error,
            widths,
            error,
            incidents,
            weight,
            outside,
            contours,
        })
    }

    /// Where the density of one selection is higher or lower than that of another, both per day of their observation.
    ///
    /// To both is added what one incident of the other selection has at its own place: so no quotient is made by a density
    /// of nearly nothing, and where neither has anything the ratio is 1.
    ///
    /// # Errors
    ///
    /// As [`Snapshot::density_with`].
    pub fn density_change(
        &self,
        now: (&Selection, i64),
        before: (&Selection, i64),
        ask: &DensityAsk,
    ) -> Result<ChangeAnswer, DensityError> {
        if ask.adaptive.is_some() || ask.standard_error {
            let param = if ask.standard_error { SURFACE.wire } else { ADAPTIVE.wire };
            let what = "a change between two periods";
            return Err(DensityError::Apart { param, what, without: "leave one of them out" });
        }
        let sides = [now, before].map(|(selection, days)| {
            let (inside, outside) = self.in_study_area(selection);
            let places: Vec<Local> = inside.into_iter().map(|(_, at)| at).collect();
            (places, outside, 1.0 / days.max(1) as f64)
        });
        let (params, chosen) = self.params(&sides[0].0, ask)?;
        let (mask, grid) = self.mask(ask, &params)?;
        let density = |(places, _, per_day): &(Vec<Local>, usize, f64)| -> Result<Density, DensityError> {
            let weights = vec![*per_day; places.len()];
            Ok(match ask.edge {
                Edge::None => surface(places, Some(&weights), &grid, &params, ask.method)?.density,
                edge => kde_within(places, Some(&weights), &mask, &params, edge)?.density,
            })
        };
        let (mut f, mut g) = (density(&sides[0])?, density(&sides[1])?);
        let floor = kernel_height(&params) * sides[1].2;
        f.per_km2.iter_mut().chain(&mut g.per_km2).for_each(|value| *value += floor);
        let ratio = compare(&f, &g, None, Comparison::Ratio, 0.0)?;
        let field = |value: &dyn Fn(f64) -> f64| Density {
            grid: f.grid,
            per_km2: ratio.iter().map(|v| v.map_or(0.0, value)).collect(),
        };
        let mut changes = Vec::new();
        for (up, field) in [(true, field(&|v| v)), (false, field(&|v| if v > 0.0 { 1.0 / v } else { 0.0 }))] {
            for factor in FACTORS {
                let shape = contour(&field, factor)?;
                let area = SquareKm::from_square_metres(shape.unsigned_area());
                let inside =
                    |places: &[Local]| places.iter().filter(|at| value_at(&field, **at) >= factor).count();
                let (now, before) = (inside(&sides[0].0), inside(&sides[1].0));
                if !shape.0.is_empty() {
                    changes.push(Change { up, factor, now, before, area, shape });
                }
            }
        }
        let [now, before] = &sides;
        let (incidents, outside) = ([now.0.len(), before.0.len()], [now.1, before.1]);
        Ok(ChangeAnswer { params, chosen, floor, incidents, outside, changes })
    }

    /// Drawn incidents in the study area, by position and place, and how many lie outside.
    fn in_study_area(&self, selection: &Selection) -> (Vec<(usize, Local)>, usize) {
        let study_area = self.dataset().study_area;
        let (inside, outside): (Vec<_>, Vec<_>) =
            self.drawn(selection).partition(|(_, at)| study_area.contains(*at));
        (inside, outside.len())
    }

    fn params(
        &self,
        places: &[Local],
        ask: &DensityAsk,
    ) -> Result<(KdeParams, Option<Chosen>), DensityError> {
        let kernel = ask.kernel;
        let (width, chosen) = match ask.width {
            Width::Given(width) => (width, None),
            Width::Rule(rule) => {
                let chosen = bandwidth(places, self.dataset().study_area, rule)?;
                (chosen.bandwidth(kernel), Some(chosen))
            }
        };
        if ask.cell.0 > width.0 / 2.0 {
            return Err(DensityError::Coarse { cell: ask.cell, bandwidth: width });
        }
        ask.check()?;
        Ok((KdeParams { kernel, bandwidth: width }, chosen))
    }

    /// The study area on its grid: the cells whose middles lie in a block, where blocks are areas, else in their box.
    ///
    /// The second grid is the same, padded by the kernel, for a density that goes on beyond the border.
    fn mask(&self, ask: &DensityAsk, params: &KdeParams) -> Result<(Mask, Grid), DensityError> {
        let data = self.dataset();
        let area = data.study_area;
        // The bell is padded by what the eye sees of it; beyond is a hundred-millionth of it.
        let reach = Metres(params.bandwidth.0 * params.kernel.reach().min(2.0));
        let padded = Grid::over(area.padded(reach), ask.cell)?;
        let grid = if ask.edge == Edge::None { padded } else { Grid::over(area, ask.cell)? };
        let polygons = data.block_set.blocks.iter().filter(|block| block.kind == BlockKind::Polygon);
        let shapes = polygons.flat_map(|block| match &block.local {
            geo::Geometry::Polygon(polygon) => vec![polygon.clone()],
            geo::Geometry::MultiPolygon(many) => many.0.clone(),
            _ => Vec::new(),
        });
        let shapes = MultiPolygon(shapes.collect());
        let mask = if shapes.0.is_empty() {
            let at = |i: usize| grid.center(i % grid.n_cols, i / grid.n_cols);
            Mask::of_cells(&grid, (0..grid.len()).map(|i| area.contains(at(i))).collect())
        } else {
            Some(Mask::of_area(&grid, &shapes))
        };
        Ok((mask.unwrap_or_else(|| Mask::whole(&grid)), padded))
    }

    /// Days from each incident to the end of the period, or to the latest of them.
    fn ages(&self, inside: &[(usize, Local)], period: Option<Period>) -> Vec<f64> {
        let data = self.dataset();
        let begin = |at: usize| data.incidents.when(at).from;
        let latest = inside.iter().map(|(at, _)| begin(*at)).max().unwrap_or(0);
        let closed = period.filter(|period| period.last().is_some());
        let end = |at: usize| {
            let zone = &data.sources[usize::from(data.incidents.source(at))].zone;
            closed.map_or(latest, |period| period.seconds_in(zone).1)
        };
        inside.iter().map(|(at, _)| (end(*at).saturating_sub(begin(*at))).max(0) as f64 / DAY).collect()
    }
}

/// Density of one incident at its own place, per km².
fn kernel_height(params: &KdeParams) -> f64 {
    params.kernel.constant() * (1e3 / params.bandwidth.0).powi(2)
}

/// Area of a mask in km², never 0, so that a share of it is a number.
fn mask_area(mask: &Mask) -> f64 {
    mask.area().0.max(f64::MIN_POSITIVE)
}
