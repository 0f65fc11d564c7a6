//! Aoristic weights: an incident that happened somewhere between two times, shared out over the hours of the week.

/// Hours of a week: bin 0 is Monday from 00:00 to 01:00, local time.
pub const HOURS: usize = 168;

const HOUR: i64 = 3_600;
const WEEK: u32 = 604_800;

/// Adds an incident to the hours of the week, by the part of its interval that lies in each.
///
/// ```text
/// weight of bin B = |interval ∩ B| / |interval|,   all bins together 1
/// ```
///
/// | | what | unit |
/// |---|---|---|
/// | `bins` | incidents by hour of the local week | incidents |
/// | `begin` | first second, by the local clock | s since 1970-01-01 00:00 local |
/// | `seconds` | length; a point in time is a short interval | s |
///
/// An interval of a week or more says nothing of the hour: each bin gets 1/168. The clock of the beginning
/// holds for the whole interval. Source: Ratcliffe (2000), *International Journal of Geographical Information Science* 14;
/// a midpoint or the beginning instead misleads: Ashby & Bowers (2013), *Crime Science* 2:1.
pub fn add(bins: &mut [f64; HOURS], begin: i64, seconds: u32) {
    if seconds >= WEEK {
        bins.iter_mut().for_each(|bin| *bin += 1.0 / HOURS as f64);
        return;
    }
    let end = begin + i64::from(seconds);
    let mut at = begin;
    while at < end {
        let next = (at.div_euclid(HOUR) + 1) * HOUR;
        bins[hour_of_week(at)] += (next.min(end) - at) as f64 / f64::from(seconds);
        at = next;
    }
}

/// The hour of the week of a second by the local clock; 0 is Monday's first.
#[must_use]
pub fn hour_of_week(second: i64) -> usize {
    // The first of January 1970 was a Thursday.
    (second.div_euclid(HOUR) + 3 * 24).rem_euclid(HOURS as i64) as usize
}

/// The number of the week of a second by the local clock; weeks begin on Monday.
#[must_use]
pub fn week(second: i64) -> i64 {
    (second + 3 * 24 * HOUR).div_euclid(i64::from(WEEK))
}

#[cfg(test)]
mod tests {
    use super::*;
    fn weights(from: &str, seconds: u32) -> [f64; HOURS] {
        let at: jiff::civil::DateTime = from.parse().expect("a time");
        let local = at.to_zoned(jiff::tz::TimeZone::UTC).expect("no gap").timestamp().as_second();
        let mut bins = [0.0; HOURS];
        add(&mut bins, local, seconds);
        bins
    }

    #[test]
    fn a_night_is_shared_out_over_its_hours_and_a_minute_is_in_one() {
        // Monday 2018-01-01, 22:30 to Tuesday 01:30: half an hour, two hours, half an hour.
        let bins = weights("2018-01-01T22:30", 3 * 3_600);
        let expected = [(22, 1.0 / 6.0), (23, 1.0 / 3.0), (24, 1.0 / 3.0), (25, 1.0 / 6.0)];
        for (bin, weight) in expected {
            assert!((bins[bin] - weight).abs() < 1e-12, "{bin}: {}", bins[bin]);
        }
        let minute = weights("2018-01-07T23:59", 60);
        assert!((minute[167] - 1.0).abs() < 1e-12, "Sunday's last hour");
    }

    #[test]
    fn weeks_begin_on_monday() {
        // 1970-01-05 was a Monday.
        let monday = 4 * 86_400;
        assert_eq!((hour_of_week(monday), hour_of_week(monday - 1)), (0, 167));
        assert_eq!((week(monday), week(monday - 1), week(monday + 604_799)), (1, 0, 1));
    }

    #[test]
    fn every_incident_has_the_weight_one_however_long_it_took() {
        for seconds in [1, 60, 3_600, 86_400, 604_799, 604_800, 40_000_000] {
            let sum: f64 = weights("2018-06-03T13:37:11", seconds).iter().sum();
            assert!((sum - 1.0).abs() < 1e-9, "{seconds}: {sum}");
        }
    }
}
