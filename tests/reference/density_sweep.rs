//! The checks of density sweep.

use crate::table::Check;

pub(crate) fn checks() -> Vec<Check> {
    Vec::new()
}
