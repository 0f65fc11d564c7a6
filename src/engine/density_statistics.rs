//! Densities as they are asked for: bandwidth by rule, edge correction, decay, contours of several kinds.

use geo::{Area, MultiPolygon};

use super::density_adaptive::{Widths, adaptive};
use super::density_ask::{DensityAsk, DensityError, Outline, Width};
pub use super::density_ground::{ALONG, Ground};
use super::density_kept::Counted;
use super::query::Selection;
use super::snapshot::Snapshot;
use super::weights::Weighed;
use crate::analysis::density::bandwidth::{Chosen, bandwidth};
use crate::analysis::density::binned::Binned;
use crate::analysis::density::contour::{contour, threshold_for_share, value_at};
use crate::analysis::density::decay::half_life_weights;
use crate::analysis::density::edge::{Edge, kde_within};
use crate::analysis::density::error_bound::ErrorBound;
use crate::analysis::density::kde::{Density, KdeParams};
use crate::analysis::density::levels::{level_of_area, level_of_area_share, level_of_mean};
use crate::analysis::density::mask::Mask;
use crate::analysis::density::method::{Method, surface};
use crate::analysis::density::standard_error::standard_error;
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
    /// What these weigh.
    pub weight: f64,
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
    /// What they were weighed by, if anything; `each` has no entries.
    pub weighed: Option<Weighed>,
    /// Selected incidents with a place outside the study area, which are not behind it.
    pub outside: usize,
    /// What the study area is.
    pub ground: Ground,
    /// Outlines, the largest first.
    pub contours: Vec<DensityContour>,
}

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
        let mut weights =
            ask.half_life.map(|days| half_life_weights(&self.ages(&inside, period), days)).transpose()?;
        let numbers: Vec<usize> = inside.iter().map(|(at, _)| *at).collect();
        let mut weighed = self.weighed(selection, ask.weights, &numbers)?;
        let (mask, grid, ground) = self.mask(ask, &params, selection.of_sensors_alone())?;
        let kept = if ask.method == Method::Live {
            let each = weighed.as_ref().map(|weighed| &weighed.each[..]);
            Some(self.kept_density(&inside, each, (period, ask.half_life), &grid, &params)?)
        } else {
            None
        };
        if let Some(each) = weighed.as_mut().map(|weighed| std::mem::take(&mut weighed.each)) {
            let faded = weights.take();
            let of = |at: usize| faded.as_ref().map_or(1.0, |faded| faded[at]);
            weights = Some(each.iter().enumerate().map(|(at, weight)| weight * of(at)).collect());
        }
        let (weights, mut widths) = (weights.as_deref(), None);
        let (Binned { density, error }, left_out, weight) = if ask.edge == Edge::None {
            let weight = weights.map_or(places.len() as f64, |w| w.iter().sum());
            let made = match (kept, ask.adaptive) {
                (Some(kept), _) => kept,
                (None, None) => surface(&places, weights, &grid, &params, ask.method)?,
                (None, Some(how)) => {
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
            let over = if ask.edge == Edge::None { Mask::whole(&grid) } else { mask.clone() };
            Some(standard_error(&places, weights, &over, &params, ask.edge)?)
        } else {
            None
        };
        // What an edge correction leaves out has no part in what is outlined either.
        let kept: Vec<usize> =
            (0..places.len()).filter(|&at| ask.edge == Edge::None || mask.holds(places[at])).collect();
        let counted: Vec<Local> = kept.iter().map(|&at| places[at]).collect();
        let whole = mask_area(&mask);
        let mut contours = Vec::new();
        for &level in ask.levels.iter().filter(|_| density.peak() > 0.0) {
            let threshold = match ask.outline {
                Outline::Share => threshold_for_share(&density, &counted, level)?.threshold,
                Outline::Mean => level_of_mean(&density, &mask, level)?.threshold,
                Outline::AreaShare => level_of_area_share(&density, &mask, level)?.threshold,
                Outline::AreaKm2 => level_of_area(&density, &mask, SquareKm(level))?.threshold,
            };
            let shape = contour(&density, threshold)?;
            let area = SquareKm::from_square_metres(shape.unsigned_area());
            let is_inside = |at: &usize| value_at(&density, places[*at]) >= threshold;
            let inside: Vec<usize> = kept.iter().copied().filter(is_inside).collect();
            let weight = weights.map_or(inside.len() as f64, |w| inside.iter().map(|&at| w[at]).sum());
            contours.push(DensityContour {
                level,
                per_km2: threshold,
                inside: inside.len(),
                weight,
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
            weighed,
            outside,
            ground,
            contours,
        })
    }

    /// The surface of incidents that is kept from one snapshot to the next.
    fn kept_density(
        &self,
        inside: &[(usize, Local)],
        weights: Option<&[f64]>,
        (period, half_life): (Option<Period>, Option<f64>),
        grid: &Grid,
        params: &KdeParams,
    ) -> Result<Binned, DensityError> {
        let begin = |at: usize| self.dataset().incidents.when(at).from as f64 / DAY;
        // On the clock of a closed period all have their age; of an open one the latest incident is the time.
        let closed = period.filter(|period| period.last().is_some());
        let ages = closed.map(|_| self.ages(inside, period));
        let day = |i: usize| ages.as_ref().map_or_else(|| begin(inside[i].0), |ages| -ages[i]);
        let latest = (0..inside.len()).map(day).fold(f64::NEG_INFINITY, f64::max);
        let now = if closed.is_some() || inside.is_empty() { 0.0 } else { latest };
        let one = |(i, &(at, place)): (usize, &(usize, Local))| Counted {
            at,
            place,
            weight: weights.map_or(1.0, |weights| weights[i]),
            day: day(i),
        };
        let incidents: Vec<Counted> = inside.iter().enumerate().map(one).collect();
        self.kept.densities.density(&incidents, grid, params, (half_life, now))
    }

    /// Drawn incidents in the study area, by position and place, and how many lie outside.
    pub(super) fn in_study_area(&self, selection: &Selection) -> (Vec<(usize, Local)>, usize) {
        let study_area = self.dataset().study_area;
        let (inside, outside): (Vec<_>, Vec<_>) =
            self.drawn(selection).partition(|(_, at)| study_area.contains(*at));
        (inside, outside.len())
    }

    pub(super) fn params(
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

/// Area of a mask in km², never 0, so that a share of it is a number.
fn mask_area(mask: &Mask) -> f64 {
    mask.area().0.max(f64::MIN_POSITIVE)
}
