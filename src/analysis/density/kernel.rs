//! Kernels: how the influence of an incident fades with distance.

use std::f64::consts::PI;

use crate::space::coord::Metres;

/// How the influence of an incident fades with distance d, for a bandwidth h. Every kernel integrates to 1.
///
/// | kernel | K(d), r = d/h ≤ 1 | standard deviation along one axis |
/// |---|---|---|
/// | uniform | 1/(π h²) | h/2 |
/// | triangular | 3/(π h²) · (1 − r) | h·√(3/20) |
/// | Epanechnikov | 2/(π h²) · (1 − r²) | h/√6 |
/// | quartic | 3/(π h²) · (1 − r²)² | h/√8 |
/// | triweight | 4/(π h²) · (1 − r²)³ | h/√10 |
/// | Gaussian | exp(−d²/2σ²)/(2πσ²), σ = h/√8, any d | h/√8 |
///
/// **The bandwidth is the radius beyond which an incident does not count.** The Gaussian has no such radius: its bandwidth
/// is that of the quartic with the same standard deviation, σ = h/√8, so that the two draw nearly the same map. Programs
/// disagree on what they call bandwidth: here, in `ArcGIS`, `QGIS` and `CrimeStat` it is the radius; in spatstat and
/// `KDEpy` it is the standard deviation. [`Kernel::sigma`] and [`Kernel::bandwidth`] go from one to the other.
///
/// Source: Silverman (1986), *Density Estimation*, ch. 4.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kernel {
    /// The same everywhere within the radius, with a step at its rim.
    Uniform,
    /// Falls evenly to the rim, with a tip in the middle.
    Triangular,
    /// The parabola: least mean squared error of all, with a crease at the rim.
    Epanechnikov,
    /// The field's usual kernel: smooth, and nothing beyond the bandwidth.
    #[default]
    Quartic,
    /// As the quartic, smoother still at the rim and narrower for the same bandwidth.
    Triweight,
    /// The bell, which never quite ends.
    Gaussian,
}

impl Kernel {
    /// All kernels, from the roughest to the smoothest.
    pub const ALL: [Self; 6] =
        [Self::Uniform, Self::Triangular, Self::Epanechnikov, Self::Quartic, Self::Triweight, Self::Gaussian];

    /// Its name in lower case, as parameters and answers have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Uniform => "uniform",
            Self::Triangular => "triangular",
            Self::Epanechnikov => "epanechnikov",
            Self::Quartic => "quartic",
            Self::Triweight => "triweight",
            Self::Gaussian => "gaussian",
        }
    }

    /// The kernel of that name, if there is one.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kernel| kernel.name() == name)
    }

    /// The kernel's height over its center for a bandwidth of 1: 3/π for the quartic.
    #[must_use]
    pub const fn constant(self) -> f64 {
        match self {
            Self::Uniform => 1.0 / PI,
            Self::Triangular | Self::Quartic => 3.0 / PI,
            Self::Epanechnikov => 2.0 / PI,
            // 1 / (2π σ²) with σ² = 1/8.
            Self::Triweight | Self::Gaussian => 4.0 / PI,
        }
    }

    /// The share of its height that the kernel has at r bandwidths from its center, given r².
    #[must_use]
    #[inline]
    pub fn shape(self, r2: f64) -> f64 {
        let rest = 1.0 - r2;
        match self {
            Self::Gaussian => (-4.0 * r2).exp(),
            _ if rest <= 0.0 => 0.0,
            Self::Uniform => 1.0,
            Self::Triangular => 1.0 - r2.sqrt(),
            Self::Epanechnikov => rest,
            Self::Quartic => rest * rest,
            Self::Triweight => rest * rest * rest,
        }
    }

    /// How far the kernel reaches, in bandwidths: 1, and for the Gaussian 8.6 standard deviations.
    ///
    /// There the Gaussian is below 1e-16 of its height, so that nothing is left out that a sum could hold.
    #[must_use]
    pub const fn reach(self) -> f64 {
        match self {
            Self::Gaussian => 8.6 / EIGHT_ROOT,
            _ => 1.0,
        }
    }

    /// Standard deviation along one axis, in bandwidths.
    const fn spread(self) -> f64 {
        match self {
            Self::Uniform => 0.5,
            Self::Triangular => 0.387_298_334_620_741_7,
            Self::Epanechnikov => 0.408_248_290_463_863,
            Self::Quartic | Self::Gaussian => 1.0 / EIGHT_ROOT,
            Self::Triweight => 0.316_227_766_016_837_94,
        }
    }

    /// The kernel's standard deviation along one axis: h/√8 for the quartic.
    #[must_use]
    pub fn sigma(self, bandwidth: Metres) -> Metres {
        Metres(bandwidth.0 * self.spread())
    }

    /// The bandwidth with which the kernel has this standard deviation along one axis: √8 σ for the quartic.
    ///
    /// ```
    /// use hotblocks::analysis::density::kernel::Kernel;
    /// use hotblocks::space::coord::Metres;
    ///
    /// // What density.ppp(sigma = 50, kernel = "quartic") of spatstat draws.
    /// assert!((Kernel::Quartic.bandwidth(Metres(50.0)).0 - 141.421_356).abs() < 1e-6);
    /// ```
    #[must_use]
    pub fn bandwidth(self, sigma: Metres) -> Metres {
        Metres(sigma.0 / self.spread())
    }

    /// The bandwidth with which this kernel smooths as much as another one does with its own: equal standard deviations.
    #[must_use]
    pub fn equivalent(self, other: Self, bandwidth: Metres) -> Metres {
        self.bandwidth(other.sigma(bandwidth))
    }
}

/// √8.
const EIGHT_ROOT: f64 = 2.0 * std::f64::consts::SQRT_2;

#[cfg(test)]
mod tests {
    use super::*;

    /// ∫ f(r) · K(r) · 2πr dr by the midpoint rule.
    fn integral(kernel: Kernel, f: impl Fn(f64) -> f64) -> f64 {
        let n = 200_000;
        let step = kernel.reach() / f64::from(n);
        let at = |i: i32| (f64::from(i) + 0.5) * step;
        let one = |r: f64| f(r) * kernel.constant() * kernel.shape(r * r) * 2.0 * PI * r * step;
        (0..n).map(|i| one(at(i))).sum()
    }

    #[test]
    fn every_kernel_holds_one_incident_and_spreads_as_its_table_says() {
        for kernel in Kernel::ALL {
            assert!((integral(kernel, |_| 1.0) - 1.0).abs() < 1e-9, "{kernel:?}");
            let variance = integral(kernel, |r| r * r / 2.0);
            let sigma = kernel.sigma(Metres(1.0)).0;
            assert!((variance.sqrt() - sigma).abs() < 1e-9, "{kernel:?}: {variance}");
        }
    }

    #[test]
    fn bandwidths_of_equal_spread_are_those_of_the_books() {
        // Bandwidths that equal a Gaussian with σ = 1.
        let books = [2.0, 2.582, 2.449, 2.828, 3.162, 2.828];
        for (kernel, book) in Kernel::ALL.into_iter().zip(books) {
            let found = kernel.bandwidth(Metres(1.0)).0;
            assert!((found - book).abs() < 5e-4, "{kernel:?}: {found}");
            let back = kernel.equivalent(Kernel::Gaussian, Kernel::Gaussian.bandwidth(Metres(1.0)));
            assert!((back.0 - found).abs() < 1e-12);
        }
    }

    #[test]
    fn names_lead_back_to_their_kernels() {
        assert!(Kernel::ALL.into_iter().all(|kernel| Kernel::named(kernel.name()) == Some(kernel)));
        assert_eq!(Kernel::named("biweight"), None);
    }

    #[test]
    fn beyond_its_reach_a_kernel_is_nothing() {
        for kernel in Kernel::ALL {
            assert!(kernel.shape(kernel.reach().powi(2)) < 1e-16, "{kernel:?}");
            assert!((kernel.shape(0.0) - 1.0).abs() < 1e-15);
        }
    }
}
