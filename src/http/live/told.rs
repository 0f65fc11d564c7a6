//! What changed, as events: single incidents where layers of single incidents may show them, and that there is a new snapshot.

use serde_json::json;

use super::hub::{Event, Scope};
use crate::engine::live::{Change, Changed};
use crate::model::report::Status;
use crate::space::bbox::LonLatBox;

/// Single incidents told of one snapshot at most: of more, clients load the layer again.
const MOST_SINGLE: usize = 200;

/// Collections that an incident changes, beside its own: all that counts.
const CHANGED: [&str; 7] = ["incidents", "blocks", "density", "clusters", "hotspots", "near-repeat", "areas"];

/// The events of what a snapshot shows beside the one before it, the snapshot's own last.
///
/// Of protected and sensitive incidents nothing is told but that there is a new snapshot; since its box would tell
/// their place, it is then that of the whole data set.
pub(super) fn events(changes: &[Change], token: &str, extent: LonLatBox) -> Vec<Event> {
    let all = || {
        changes.iter().flat_map(|change| {
            let added = change.added.iter().map(|one| ("incident.added", one));
            let revised = change.revised.iter().map(|one| ("incident.revised", one));
            let withdrawn = change.withdrawn.iter().map(|one| ("incident.withdrawn", one));
            added.chain(revised).chain(withdrawn)
        })
    };
    let places: Option<Vec<_>> =
        all().map(|(_, one)| one.shown.as_ref().and_then(|shown| shown.at)).collect();
    let around = places.and_then(LonLatBox::around).unwrap_or(extent);
    let told = all().filter(|(_, one)| one.shown.is_some());
    let singly = told.clone().count() <= MOST_SINGLE;
    let mut events: Vec<Event> = Vec::new();
    if singly {
        events.extend(told.map(|(kind, one)| single(kind, one)));
    }
    events.push(snapshot(token, around, singly));
    events
}

/// The event of a new snapshot that differs within a box; `singly` says whether all that differs is told.
pub(super) fn snapshot(token: &str, around: LonLatBox, singly: bool) -> Event {
    let data = json!({
        "snapshot": token,
        "changed": CHANGED,
        "bbox": [around.west, around.south, around.east, around.north],
        "singly": singly,
    });
    Event {
        kind: "snapshot.published",
        collections: &CHANGED,
        scope: Scope::Within(around),
        data: data.to_string(),
    }
}

fn single(kind: &'static str, one: &Changed) -> Event {
    let shown = one.shown.as_ref();
    let at = shown.and_then(|shown| shown.at);
    let mut data = json!({
        "id": format!("{}:{}", one.source, one.id),
        "source": one.source,
        "external_id": one.id,
        "revision": one.revision,
        "status": one.status.word(),
    });
    if one.status != Status::Withdrawn {
        data["category"] = shown.and_then(|shown| shown.category.clone()).into();
        data["block"] = shown.and_then(|shown| shown.block.clone()).into();
        data["lon"] = at.map(|at| rounded(at.lon())).into();
        data["lat"] = at.map(|at| rounded(at.lat())).into();
    }
    let scope = at.map_or(Scope::Everywhere, Scope::At);
    Event { kind, collections: &["incidents"], scope, data: data.to_string() }
}

/// Degrees to the centimetre, as in layers.
pub(super) fn rounded(degrees: f64) -> f64 {
    (degrees * 1e7).round() / 1e7
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::live::Shown;
    use crate::space::coord::LonLat;

    const EXTENT: LonLatBox = LonLatBox { west: -91.0, south: 38.0, east: -90.0, north: 39.0 };

    fn changed(id: &str, shown: bool) -> Changed {
        let at = LonLat::new(-90.5, 38.5).ok();
        let shown =
            shown.then(|| Shown { category: Some("robbery".to_owned()), block: Some("b".to_owned()), at });
        Changed { source: "s".to_owned(), id: id.to_owned(), status: Status::Confirmed, revision: 1, shown }
    }

    #[test]
    fn what_is_sensitive_is_told_only_as_a_new_snapshot_of_the_whole_extent() {
        for change in [
            Change { added: vec![changed("secret", false)], ..Change::default() },
            Change { revised: vec![changed("secret", false)], ..Change::default() },
            Change { withdrawn: vec![changed("secret", false)], ..Change::default() },
            Change { added: vec![changed("open", true), changed("secret", false)], ..Change::default() },
        ] {
            let events = events(&[change], "a-7", EXTENT);
            assert!(events.iter().all(|event| !event.data.contains("secret")), "{events:?}");
            let last = events.last().expect("the snapshot's");
            assert_eq!((last.kind, last.scope), ("snapshot.published", Scope::Within(EXTENT)));
            assert!(last.data.contains("\"snapshot\":\"a-7\""));
        }
    }

    #[test]
    fn open_incidents_are_told_one_by_one_with_a_box_around_them() {
        let change = Change {
            added: vec![changed("a", true)],
            revised: vec![changed("b", true)],
            withdrawn: vec![Changed { status: Status::Withdrawn, ..changed("c", true) }],
        };
        let events = events(&[change], "a-7", EXTENT);
        let kinds: Vec<&str> = events.iter().map(|event| event.kind).collect();
        assert_eq!(kinds, ["incident.added", "incident.revised", "incident.withdrawn", "snapshot.published"]);
        assert!(events[0].data.contains("\"category\":\"robbery\"") && !events[2].data.contains("lon"));
        let at = LonLat::new(-90.5, 38.5).expect("on the globe");
        assert_eq!(events[3].scope, Scope::Within(LonLatBox::around([at]).expect("one place")));
    }

    #[test]
    fn a_large_batch_is_told_as_one_snapshot() {
        let many = |n: usize| Change {
            added: (0..n).map(|n| changed(&n.to_string(), true)).collect(),
            ..Change::default()
        };
        assert_eq!(events(&[many(MOST_SINGLE)], "a-7", EXTENT).len(), MOST_SINGLE + 1);
        let events = events(&[many(MOST_SINGLE + 1)], "a-7", EXTENT);
        assert_eq!(events.len(), 1);
        assert!(events[0].data.contains("\"singly\":false"));
    }
}
