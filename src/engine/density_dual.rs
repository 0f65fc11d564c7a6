//! Two densities beside each other: one period beside another, or some incidents beside others.

use geo::{Area, MultiPolygon};

use super::density_ask::{DensityAsk, DensityError};
use super::density_statistics::Ground;
use super::query::Selection;
use super::snapshot::Snapshot;
use super::weights::Weighed;
use crate::analysis::density::bandwidth::Chosen;
use crate::analysis::density::contour::{contour, value_at};
use crate::analysis::density::dual::{Comparison, compare};
use crate::analysis::density::edge::{Edge, kde_within};
use crate::analysis::density::kde::{Density, KdeParams};
use crate::analysis::density::method::surface;
use crate::engine::params::density::{ADAPTIVE, SURFACE};
use crate::space::coord::{Local, SquareKm};
use crate::space::grid::Grid;

/// Where one density is higher or lower than the other by so much.
#[derive(Clone, Debug)]
pub struct Change {
    /// Whether it is higher.
    pub up: bool,
    /// By this factor, or more; of a difference, by this density or more, in incidents per km² and day.
    pub level: f64,
    /// Incidents of the first selection inside.
    pub now: usize,
    /// Incidents of the other inside.
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
    /// What the rule chose, from the incidents of the first.
    pub chosen: Option<Chosen>,
    /// How they are compared.
    pub comparison: Comparison,
    /// What the study area is.
    pub ground: Ground,
    /// What the incidents of the first were weighed by, if anything; `each` has no entries.
    pub weighed: Option<Weighed>,
    /// What was added to both densities: incidents per km² and day, or the part of all incidents per km²; 0 for a difference.
    pub floor: f64,
    /// Incidents behind them, of the first and of the other.
    pub incidents: [usize; 2],
    /// Selected incidents outside the study area, of the first and of the other.
    pub outside: [usize; 2],
    /// The cells.
    pub grid: Grid,
    /// The comparison in each cell, in the grid's order; none where neither has anything.
    pub values: Vec<Option<f64>>,
    /// Outlines, up before down, the lowest level first.
    pub changes: Vec<Change>,
}

/// The two fields whose level lines are the outlines of a comparison, as [`value_at`] reads them between the middles of cells.
#[derive(Clone, Debug)]
pub struct ChangeFields {
    /// How many times as dense the first is; of a difference, how much denser, or 0.
    pub up: Density,
    /// The same of the other beside the first.
    pub down: Density,
    /// Levels that are outlined on both, ascending; none where nothing differs.
    pub levels: Vec<f64>,
}

/// Factors that are outlined.
pub const FACTORS: [f64; 3] = [1.5, 2.0, 3.0];

/// Differences that are outlined, as parts of the largest one.
pub const PARTS: [f64; 3] = [0.25, 0.5, 0.75];

/// One of two densities: its incidents and what each of them counts.
struct Side {
    places: Vec<Local>,
    outside: usize,
    /// What each counts in the density.
    weights: Vec<f64>,
    /// What one counts in the mean.
    each: f64,
}

impl Snapshot {
    /// Where the density of one selection is higher or lower than that of another, with the days that each was observed.
    ///
    /// | comparison | of |
    /// |---|---|
    /// | [`Comparison::Ratio`], [`Comparison::LogRatio`], [`Comparison::Difference`] | incidents per km² and observed day |
    /// | [`Comparison::LogRelativeRisk`], [`Comparison::RelativeDifference`] | the part of its incidents per km² |
    ///
    /// But for differences, what one incident of the other selection has at its own place is added to both: so no quotient is
    /// made by a density of nearly nothing, and where neither has anything the ratio is 1.
    ///
    /// # Errors
    ///
    /// As [`Snapshot::density_with`], and [`DensityError::Nobody`] for parts of no incidents.
    pub fn density_change(
        &self,
        now: (&Selection, i64),
        before: (&Selection, i64),
        comparison: Comparison,
        ask: &DensityAsk,
    ) -> Result<ChangeAnswer, DensityError> {
        let (answer, fields, sides) = self.two_densities(now, before, comparison, ask)?;
        Ok(ChangeAnswer { changes: outlines(&fields, &sides)?, ..answer })
    }

    /// The same without outlines, and the fields that these are drawn from: for cells and pictures.
    ///
    /// # Errors
    ///
    /// As [`Snapshot::density_change`].
    pub fn density_change_fields(
        &self,
        now: (&Selection, i64),
        before: (&Selection, i64),
        comparison: Comparison,
        ask: &DensityAsk,
    ) -> Result<(ChangeAnswer, ChangeFields), DensityError> {
        let (answer, fields, _) = self.two_densities(now, before, comparison, ask)?;
        Ok((answer, fields))
    }

    /// Both densities beside each other, still without outlines.
    fn two_densities(
        &self,
        now: (&Selection, i64),
        before: (&Selection, i64),
        comparison: Comparison,
        ask: &DensityAsk,
    ) -> Result<(ChangeAnswer, ChangeFields, [Side; 2]), DensityError> {
        if ask.adaptive.is_some() || ask.standard_error {
            let param = if ask.standard_error { SURFACE.wire } else { ADAPTIVE.wire };
            let what = "a comparison of two densities";
            return Err(DensityError::Apart { param, what, without: "leave one of them out" });
        }
        let relative = matches!(comparison, Comparison::LogRelativeRisk | Comparison::RelativeDifference);
        let mut weighed = None;
        let mut side = |(selection, days): (&Selection, i64)| -> Result<Side, DensityError> {
            let (inside, outside) = self.in_study_area(selection);
            let (numbers, places): (Vec<usize>, Vec<Local>) = inside.into_iter().unzip();
            let told = self.weighed(selection, ask.weights, &numbers)?;
            let mut weights = told.as_ref().map_or_else(|| vec![1.0; places.len()], |told| told.each.clone());
            weighed = weighed.take().or(told);
            let total: f64 = weights.iter().sum();
            let of = if relative { total } else { days as f64 };
            let of = if of > 0.0 { of } else { 1.0 };
            weights.iter_mut().for_each(|weight| *weight /= of);
            let each = if total > 0.0 { total / places.len() as f64 } else { 1.0 } / of;
            Ok(Side { places, outside, weights, each })
        };
        let sides = [side(now)?, side(before)?];
        weighed.iter_mut().for_each(|weighed| weighed.each = Vec::new());
        if let Some(of) = sides.iter().position(|side| relative && side.places.is_empty()) {
            return Err(DensityError::Nobody { other: of == 1 });
        }
        let (params, chosen) = self.params(&sides[0].places, ask)?;
        let (mask, grid, ground) =
            self.mask(ask, &params, now.0.of_sensors_alone() && before.0.of_sensors_alone())?;
        let density = |side: &Side| -> Result<Density, DensityError> {
            let weights = &side.weights;
            Ok(match ask.edge {
                Edge::None => surface(&side.places, Some(weights), &grid, &params, ask.method)?.density,
                edge => kde_within(&side.places, Some(weights), &mask, &params, edge)?.density,
            })
        };
        let (mut f, mut g) = (density(&sides[0])?, density(&sides[1])?);
        let nowhere: Vec<bool> = f.per_km2.iter().zip(&g.per_km2).map(|(f, g)| f + g <= 0.0).collect();
        let differs = matches!(comparison, Comparison::Difference | Comparison::RelativeDifference);
        let floor = if differs { 0.0 } else { kernel_height(&params) * sides[1].each };
        f.per_km2.iter_mut().chain(&mut g.per_km2).for_each(|value| *value += floor);
        // Relative ones are of parts already.
        let plain = match comparison {
            Comparison::LogRelativeRisk => Comparison::LogRatio,
            Comparison::RelativeDifference => Comparison::Difference,
            other => other,
        };
        let compared = compare(&f, &g, None, plain, 0.0)?;
        let (grid, fields) = (f.grid, fields(&f, &g, differs));
        let values = compared.into_iter().zip(nowhere).map(|(v, nowhere)| v.filter(|_| !nowhere)).collect();
        let [now, before] = &sides;
        let (incidents, outside) = ([now.places.len(), before.places.len()], [now.outside, before.outside]);
        let answer = ChangeAnswer {
            params,
            chosen,
            comparison,
            ground,
            weighed,
            floor,
            incidents,
            outside,
            grid,
            values,
            changes: Vec::new(),
        };
        Ok((answer, fields, sides))
    }
}

/// The fields of two densities, with [`FACTORS`] of the ratio as levels, or [`PARTS`] of the largest difference.
fn fields(f: &Density, g: &Density, differs: bool) -> ChangeFields {
    let higher = |a: f64, b: f64| match () {
        () if differs => (a - b).max(0.0),
        () if b > 0.0 => a / b,
        () => 0.0,
    };
    let field = |value: &dyn Fn(f64, f64) -> f64| Density {
        grid: f.grid,
        per_km2: f.per_km2.iter().zip(&g.per_km2).map(|(&f, &g)| value(f, g)).collect(),
    };
    let (up, down) = (field(&higher), field(&|f, g| higher(g, f)));
    let largest = up.peak().max(down.peak());
    let levels = if differs { PARTS.map(|part| part * largest) } else { FACTORS };
    ChangeFields { up, down, levels: levels.into_iter().filter(|level| *level > 0.0).collect() }
}

/// Outlines at the levels of both fields.
fn outlines(fields: &ChangeFields, sides: &[Side; 2]) -> Result<Vec<Change>, DensityError> {
    let mut changes = Vec::new();
    for (up, field) in [(true, &fields.up), (false, &fields.down)] {
        for &level in &fields.levels {
            let shape = contour(field, level)?;
            let area = SquareKm::from_square_metres(shape.unsigned_area());
            let inside = |side: &Side| side.places.iter().filter(|at| value_at(field, **at) >= level).count();
            let (now, before) = (inside(&sides[0]), inside(&sides[1]));
            if !shape.0.is_empty() {
                changes.push(Change { up, level, now, before, area, shape });
            }
        }
    }
    Ok(changes)
}

/// Density of one incident at its own place, per km².
fn kernel_height(params: &KdeParams) -> f64 {
    params.kernel.constant() * (1e3 / params.bandwidth.0).powi(2)
}
