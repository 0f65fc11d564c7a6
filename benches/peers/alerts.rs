//! Alerts over HTTP from sixteen senders, each on the disk before its sender sends the next, over the peers' data, of a service
//! that has shown its first one.

use std::path::Path;
use std::time::Duration;

use geo::{BoundingRect, MultiPolygon};
use hotblocks::ingest::blocks::{self, Shapes};
use hotblocks::ingest::incidents::read;
use hotblocks::ingest::input::Input;

use super::service::{send_at_once, served, warm};

/// How long alerts are sent.
const LONG: Duration = Duration::from_secs(8);

/// Seconds of the clock for an alert and how many there were, or the seconds of processors that one takes in the service and in its
/// sender.
pub(super) fn run(job: &str, folder: &Path) -> Option<(f64, f64)> {
    if !matches!(job, "alert-16" | "alert-16-cpu") {
        return None;
    }
    let inputs = [Input::at(&folder.join("incidents.csv")).expect("a .csv")];
    let (city, _) = read(&inputs, &super::options(), &|| ()).expect("the layout fits");
    let areas = Input::at(&folder.join("blocks.geojson")).expect("a .geojson");
    let (shapes, _) = blocks::read(&areas, None).expect("blocks that can be read");
    let Shapes::Areas(areas) = &shapes else { panic!("polygons") };
    let all: MultiPolygon = areas.iter().flat_map(|area| area.shape.0.iter().cloned()).collect();
    let middle = all.bounding_rect().expect("there are blocks").center();
    let spot = tempfile::tempdir_in(folder).expect("a folder");
    let (at, _store) = served(spot.path(), shapes, city, 1);
    let middle = (middle.x, middle.y);
    warm(at, middle);
    let sent = send_at_once(at, 16, middle, |_, since| since < LONG);
    Some(match job {
        "alert-16" => (1.0 / sent.a_second, sent.times.len() as f64),
        _ => (sent.cpu_each, sent.cpu_sending),
    })
}
