//! The checks of hotspots.

use crate::table::Check;

pub(crate) fn checks() -> Vec<Check> {
    Vec::new()
}
