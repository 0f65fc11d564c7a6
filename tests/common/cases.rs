//! Property tests that try the same cases in every run.

use proptest::prelude::ProptestConfig;
use proptest::test_runner::RngSeed;

/// So many cases, which follow from the seed; nothing is remembered from run to run.
pub(crate) fn cases(n: u32, seed: u64) -> ProptestConfig {
    ProptestConfig {
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        ..ProptestConfig::with_cases(n)
    }
}
