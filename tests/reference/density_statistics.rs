//! The checks of density statistics.

use crate::table::Check;

pub(crate) fn checks() -> Vec<Check> {
    Vec::new()
}
