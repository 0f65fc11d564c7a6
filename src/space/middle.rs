//! The middle of many places, which a few stray ones do not move.

/// The median of each coordinate by itself; of an even number the upper one. `None` without places. Time O(n).
pub(crate) fn middle(places: impl IntoIterator<Item = (f64, f64)>) -> Option<(f64, f64)> {
    let (mut x, mut y): (Vec<f64>, Vec<f64>) = places.into_iter().unzip();
    median(&mut x).zip(median(&mut y))
}

/// The median; of an even number the upper one. `None` without values. Time O(n), and their order is lost.
pub(crate) fn median(values: &mut [f64]) -> Option<f64> {
    let at = values.len() / 2;
    (!values.is_empty()).then(|| *values.select_nth_unstable_by(at, f64::total_cmp).1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_coordinate_has_its_own_middle_and_strays_do_not_move_it() {
        assert_eq!(middle([(1.0, 30.0), (3.0, 10.0), (2.0, 20.0)]), Some((2.0, 20.0)));
        assert_eq!(middle([(1.0, 4.0), (2.0, 3.0), (1e9, -1e9), (3.0, 5.0)]), Some((3.0, 4.0)));
        assert_eq!(middle([]), None);
    }
}
