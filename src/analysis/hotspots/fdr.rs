//! Of many tests, which still count: false discovery rates.

/// Which rule a false discovery rate follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fdr {
    /// Benjamini & Hochberg: valid where tests are independent or rise and fall together, as those of neighbors do.
    BenjaminiHochberg,
    /// Benjamini & Yekutieli: valid however tests depend on each other; stricter by a factor near log n.
    BenjaminiYekutieli,
}

impl Fdr {
    /// Both, as they stand in parameters: `bh`, `by`.
    pub const ALL: [Self; 2] = [Self::BenjaminiHochberg, Self::BenjaminiYekutieli];

    /// As it stands in parameters and results.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::BenjaminiHochberg => "bh",
            Self::BenjaminiYekutieli => "by",
        }
    }

    /// From its word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.word() == word)
    }
}

/// Why there are no q-values.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FdrError {
    /// A p-value is none.
    #[error("the p-value of test {test} is {p}; give one from 0 to 1")]
    P {
        /// Position of the test, from 0.
        test: usize,
        /// What was given.
        p: f64,
    },
}

/// The q-value of each test: the smallest false discovery rate at which it still counts.
///
/// ```text
/// q₍ₖ₎ = min over l ≥ k of c · n · p₍ₗ₎ / l,   c = 1 (Benjamini–Hochberg), Σ 1/i for i = 1 … n (Benjamini–Yekutieli)
/// ```
///
/// | | what | shape | unit |
/// |---|---|---|---|
/// | `p` | p-values of all units that were tested, not only the small ones | `n` | – |
/// | returns | q-values in the order of `p`, at most 1 | `n` | – |
///
/// The tests with q ≤ 0.05 hold, on the average, 5 % that are false. Time O(n log n). Source: Benjamini & Hochberg
/// (1995), *JRSS B* 57(1); Benjamini & Yekutieli (2001), *Annals of Statistics* 29(4). For local statistics:
/// Caldas de Castro & Singer (2006), *Geographical Analysis* 38(2).
///
/// # Errors
///
/// [`FdrError::P`] for a p-value below 0, above 1, or no number.
///
/// # Examples
///
/// ```
/// use hotblocks::analysis::hotspots::fdr::{Fdr, q_values};
///
/// let q = q_values(&[0.01, 0.04, 0.03, 0.5], Fdr::BenjaminiHochberg)?;
/// assert_eq!(q, [0.04, 0.04 * (4.0 / 3.0), 0.04 * (4.0 / 3.0), 0.5]);
/// # Ok::<(), hotblocks::analysis::hotspots::fdr::FdrError>(())
/// ```
pub fn q_values(p: &[f64], rule: Fdr) -> Result<Vec<f64>, FdrError> {
    if let Some((test, &p)) = p.iter().enumerate().find(|(_, p)| !(0.0..=1.0).contains(*p)) {
        return Err(FdrError::P { test, p });
    }
    let n = p.len();
    let factor = match rule {
        Fdr::BenjaminiHochberg => 1.0,
        Fdr::BenjaminiYekutieli => (1..=n).rev().map(|i| 1.0 / i as f64).sum(),
    } * n as f64;
    let mut order: Vec<(u64, u32)> = p.iter().map(|p| (p + 0.0).to_bits()).zip(0..).collect();
    order.sort_unstable();
    let mut q = vec![0.0; n];
    let mut least: f64 = 1.0;
    for (before, (_, test)) in order.iter().enumerate().rev() {
        least = least.min(p[*test as usize] * (factor / (before + 1) as f64));
        q[*test as usize] = least;
    }
    Ok(q)
}

/// Esri's bin of a unit: 3, 2 or 1 for a hot spot at a false discovery rate of 1, 5 or 10 %, below 0 for a cold one.
///
/// The side comes from z, not from the count. Source: Esri, *How Hot Spot Analysis (Getis-Ord Gi\*) works*, `Gi_Bin`.
///
/// ```
/// use hotblocks::analysis::hotspots::fdr::bin;
///
/// assert_eq!([bin(3.1, 0.008), bin(-2.4, 0.04), bin(2.0, 0.1), bin(1.0, 0.3)], [3, -2, 1, 0]);
/// ```
#[must_use]
pub fn bin(z: f64, q: f64) -> i8 {
    let strength = i8::from(q <= 0.1) + i8::from(q <= 0.05) + i8::from(q <= 0.01);
    if z > 0.0 {
        strength
    } else if z < 0.0 {
        -strength
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_p_values_have_equal_q_values_in_any_order() {
        for rule in Fdr::ALL {
            let q = q_values(&[0.2, 0.01, 0.2, 0.01, 1.0, 0.0], rule).expect("usable");
            assert_eq!((q[0], q[1]), (q[2], q[3]));
            let turned = q_values(&[0.0, 1.0, 0.01, 0.2, 0.01, 0.2], rule).expect("usable");
            assert_eq!(turned.into_iter().rev().collect::<Vec<_>>(), q);
            assert_eq!(Fdr::from_word(rule.word()), Some(rule));
        }
        assert_eq!(q_values(&[], Fdr::BenjaminiYekutieli), Ok(vec![]));
    }

    #[test]
    fn what_is_no_p_value_is_refused_with_its_place() {
        for p in [f64::NAN, -0.1, 1.1] {
            assert!(matches!(q_values(&[0.5, p], Fdr::BenjaminiHochberg), Err(FdrError::P { test: 1, .. })));
        }
        assert_eq!(q_values(&[-0.0, 0.0], Fdr::BenjaminiHochberg), Ok(vec![0.0, 0.0]));
    }
}
