//! Kernels of one dimension: how the influence of an incident fades along a street.

use libm::erf;

use crate::analysis::density::kernel::Kernel;

/// The one-dimensional kernel at r bandwidths, for a bandwidth of 1.
pub(super) fn height(kernel: Kernel, r: f64) -> f64 {
    let constant = match kernel {
        Kernel::Uniform => 1.0 / 2.0,
        Kernel::Triangular => 1.0,
        Kernel::Epanechnikov => 3.0 / 4.0,
        Kernel::Quartic => 15.0 / 16.0,
        Kernel::Triweight => 35.0 / 32.0,
        Kernel::Gaussian => std::f64::consts::FRAC_2_SQRT_PI,
    };
    constant * kernel.shape(r * r)
}

/// How much of it lies between its center and r ≥ 0 bandwidths; a half in the end.
pub(super) fn half_mass(kernel: Kernel, r: f64) -> f64 {
    if r >= kernel.reach() {
        return 0.5;
    }
    let s = r * r;
    match kernel {
        Kernel::Uniform => r / 2.0,
        Kernel::Triangular => r * (1.0 - r / 2.0),
        Kernel::Epanechnikov => r * (3.0 - s) / 4.0,
        Kernel::Quartic => r * (15.0 - s * (10.0 - 3.0 * s)) / 16.0,
        Kernel::Triweight => r * (35.0 - s * (35.0 - s * (21.0 - 5.0 * s))) / 32.0,
        Kernel::Gaussian => erf(2.0 * r) / 2.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kernel_holds_one_incident_and_its_mass_is_its_integral() {
        for kernel in Kernel::ALL {
            let n = 20_000;
            let step = kernel.reach() / f64::from(n);
            let mut sum = 0.0;
            for i in 0..n {
                let r = (f64::from(i) + 0.5) * step;
                sum += height(kernel, r) * step;
                let there = half_mass(kernel, r + step / 2.0);
                assert!((there - sum).abs() < 1e-7, "{kernel:?} {r}: {there} is not {sum}");
            }
            assert!((sum - 0.5).abs() < 1e-7, "{kernel:?}");
        }
    }
}
