//! The checks of near repeat.

use crate::table::Check;

pub(crate) fn checks() -> Vec<Check> {
    Vec::new()
}
