//! Weights that fade with age: what happened lately counts more.

/// Why there are no weights.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DecayError {
    /// The half-life is zero, negative or not a number.
    #[error("a half-life of {half_life} days cannot be used; give a number of days above 0")]
    HalfLife {
        /// What was given.
        half_life: f64,
    },
    /// An age is negative or not a number: an incident from the future.
    #[error("incident {index} is {age} days old; give a finite age of at least 0")]
    Age {
        /// Position of the incident, from 0.
        index: usize,
        /// Its age.
        age: f64,
    },
}

/// How much an incident of each age counts, if it counts half after each half-life.
///
/// ```text
/// w = exp(−age / τ) = 2^(−age / half-life),   τ = half-life / ln 2
/// ```
///
/// | | what | shape | unit |
/// |---|---|---|---|
/// | `ages` | time since each incident | `n` | days |
/// | `half_life` | | | days |
/// | returns | weights from 1 (now) towards 0 | `n` | incidents |
///
/// A surface of these weights ages as a whole: a day later every value is smaller by the same factor. Time O(n).
///
/// # Limits
///
/// A density of weights is no longer a count per km²: it is one of incidents of today's worth.
///
/// # Errors
///
/// [`DecayError`].
///
/// # Examples
///
/// ```
/// use hotblocks::analysis::density::decay::half_life_weights;
///
/// assert_eq!(half_life_weights(&[0.0, 7.0, 14.0], 7.0)?, [1.0, 0.5, 0.25]);
/// # Ok::<(), hotblocks::analysis::density::decay::DecayError>(())
/// ```
pub fn half_life_weights(ages: &[f64], half_life: f64) -> Result<Vec<f64>, DecayError> {
    if !(half_life > 0.0 && half_life.is_finite()) {
        return Err(DecayError::HalfLife { half_life });
    }
    if let Some(index) = ages.iter().position(|age| !(*age >= 0.0 && age.is_finite())) {
        return Err(DecayError::Age { index, age: ages[index] });
    }
    Ok(ages.iter().map(|age| (-age / half_life).exp2()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_fall_by_the_same_factor_in_the_same_time() {
        let ages: Vec<f64> = (0..200).map(|i| f64::from(i) * 0.7).collect();
        let tau = 9.0 / std::f64::consts::LN_2;
        let weights = half_life_weights(&ages, 9.0).expect("good input");
        for (w, age) in weights.iter().zip(&ages) {
            assert!((w - (-age / tau).exp()).abs() < 1e-15);
        }
        assert_eq!(half_life_weights(&[1e300], 1e-300), Ok(vec![0.0]));
    }

    #[test]
    fn the_future_and_a_half_life_of_nothing_are_refused() {
        for half_life in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(matches!(half_life_weights(&[1.0], half_life), Err(DecayError::HalfLife { .. })));
        }
        for age in [-1.0, f64::NAN, f64::INFINITY] {
            assert!(matches!(half_life_weights(&[1.0, age], 1.0), Err(DecayError::Age { index: 1, .. })));
        }
    }
}
