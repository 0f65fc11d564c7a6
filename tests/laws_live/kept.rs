//! Kept places change nothing: with them a data set and a live engine are those that are made without, to the bit.

use std::sync::Arc;

use hotblocks::engine::build::{About, BuildError, Ground, build, build_placed};
use hotblocks::engine::live::Live;
use hotblocks::engine::placed::{HandOut, Key};
use hotblocks::engine::snapshot::Snapshot;
use hotblocks::model::areas::Area;
use hotblocks::model::block::Intersections;
use hotblocks::model::dataset::{Dataset, Placing};
use hotblocks::model::house_numbers::Numbers;
use hotblocks::model::incident::Located;
use hotblocks::model::link::LinkRule;
use hotblocks::model::report::{Place, Report};
use hotblocks::model::reports::Ledger;
use hotblocks::model::streets::{Street, StreetUse};
use hotblocks::space::coord::LonLat;
use hotblocks::store::setting::Setting;
use hotblocks::store::sqlite::{Access, SqliteStore};
use hotblocks::store::{Batch, Store, ledger};
use sha2::{Digest, Sha256};

use crate::feed::{self, FeedOf};
use crate::same::same;

/// Stores of random reports.
const CASES: u64 = 12;

fn town() -> Vec<Street> {
    let Ground::Streets(streets) = feed::ground() else { panic!("streets") };
    streets
}

/// The town with every corner somewhere else.
fn moved(streets: Vec<Street>, to: impl Fn(f64, f64) -> (f64, f64)) -> Vec<Street> {
    let line = |street: &Street| {
        let place = |at: &LonLat| {
            let (lon, lat) = to(at.lon(), at.lat());
            LonLat::new(lon, lat).expect("on the globe")
        };
        street.line.iter().map(place).collect()
    };
    streets.into_iter().map(|street| Street { line: line(&street), ..street }).collect()
}

fn with(change: impl FnOnce(&mut Vec<Street>)) -> Vec<Street> {
    let mut streets = town();
    change(&mut streets);
    streets
}

/// Two areas that share an edge; `middle` is its longitude.
fn areas(middle: f64) -> Ground {
    let area = |west: f64, east: f64| {
        let ring = geo::LineString::from(vec![(west, 38.59), (east, 38.59), (east, 38.61), (west, 38.61)]);
        let shape = geo::MultiPolygon(vec![geo::Polygon::new(ring, Vec::new())]);
        Area { shape, ..Area::default() }
    };
    Ground::Areas(vec![area(-90.21, middle), area(middle, -90.19)])
}

/// Grounds of which any two differ in something that enters, some of them in as little as can be.
fn grounds() -> Vec<Ground> {
    let far = |street: &str| {
        let ends = [(20.0, 38.6), (20.01, 38.6)].map(|(lon, lat)| LonLat::new(lon, lat).expect("there"));
        Street { name: street.to_owned(), line: ends.to_vec(), ..Street::default() }
    };
    let streets = [
        town(),
        // The middle of all lies in another zone.
        with(|streets| streets.push(far("Far St"))),
        moved(town(), |lon, lat| (lon, lat + 2e-4)),
        moved(town(), |lon, lat| (if lon == -90.19 { lon + 1e-9 } else { lon }, lat)),
        with(|streets| streets[0].name = "Elm St".to_owned()),
        with(|streets| streets[0].numbers.left = Some(Numbers { from: 100, to: 199, mixed: true })),
        with(|streets| streets[1].used_as = StreetUse::Alley),
        with(|streets| streets.reverse()),
    ];
    let areas = [-90.2, -90.200_01].map(areas);
    streets.into_iter().map(Ground::Streets).chain(areas).collect()
}

fn about(intersections: Intersections) -> About {
    let placing = Placing { intersections, ..Placing::default() };
    About { link: Some(LinkRule::default()), placing, ..About::default() }
}

/// All that kept places enter, to the bit.
fn told(data: &Dataset) -> Vec<String> {
    let all = (0..data.incidents.len()).map(|at| {
        let incidents = &data.incidents;
        let local = incidents.local(at).map(|at| (at.x.to_bits(), at.y.to_bits()));
        let places = (incidents.located(at), local, incidents.mercator(at), incidents.elsewhere(at));
        let shares: Vec<_> = data.assignment.shares(at).collect();
        format!("{} {places:?} {shares:?} {}", incidents.id(at), data.assignment.near_boundary(at))
    });
    all.chain([format!("{:?}", data.assigned)]).collect()
}

/// What a store handed out: segments, and those that had something.
#[derive(Debug, Default, PartialEq)]
struct Handed {
    key: Key,
    segments: usize,
    kept: usize,
}

/// A live engine over all that a store has, with what it keeps.
fn live(store: &dyn Store, ground: &Ground, about: &About) -> (Live, Handed) {
    let (all, revision) = ledger(store).expect("whole");
    let mut handed = Handed::default();
    let places: HandOut<'_> = &mut |key, take| {
        handed.key = *key;
        let damaged = store.places(key, revision, &mut |n, bytes| {
            handed.segments += 1;
            handed.kept += usize::from(bytes.is_some());
            take(n, bytes);
        });
        assert_eq!(damaged.expect("readable"), Vec::<String>::new());
    };
    let live = Live::placed(all, ground.clone(), about.clone(), Some(places));
    (live.expect("blocks"), handed)
}

fn keep(store: &dyn Store, live: &Live) -> usize {
    let placer = live.placer();
    let (mut after, mut kept) = (0, 0);
    while let Some(next) =
        store.keep_places(placer.key(), after, &mut |reports| placer.places(reports)).expect("kept")
    {
        (after, kept) = (next, kept + 1);
    }
    kept
}

/// With kept places and without: a live engine, and a build where there can be one.
fn as_without(store: &dyn Store, ground: &Ground, about: &About) -> Handed {
    let (mut with, handed) = live(store, ground, about);
    let (all, revision) = ledger(store).expect("whole");
    let mut plain = Live::new(all.clone(), ground.clone(), about.clone()).expect("blocks");
    let (a, b) = (with.snapshot(1), plain.snapshot(1));
    assert_eq!(told(a.dataset()), told(b.dataset()));
    same(&a, &b);
    let places: HandOut<'_> = &mut |key, take| {
        assert_eq!(*key, handed.key, "one key for both");
        store.places(key, revision, take).expect("readable");
    };
    let placed = build_placed(all.clone(), ground, about.clone(), Some(places));
    match (placed, build(all, ground, about.clone())) {
        (Ok(placed), Ok(plain)) => {
            assert_eq!(told(&placed), told(&plain));
            same(&Snapshot::new(placed, 1), &Snapshot::new(plain, 1));
        }
        (Err(BuildError::NothingNear { .. }), Err(BuildError::NothingNear { .. })) => {}
        (placed, plain) => panic!("{:?} {:?}", placed.err(), plain.err()),
    }
    handed
}

#[test]
fn whatever_is_kept_the_state_is_that_without_it() {
    let grounds = grounds();
    let (mut elsewhere, mut split) = (0, 0);
    for seed in 0..CASES {
        let mut feed = FeedOf::new(seed);
        let folder = tempfile::tempdir().expect("a folder");
        let store = SqliteStore::create(&folder.path().join("s"), &Setting::default()).expect("made");
        let append = |ledger: Ledger| {
            store.append(vec![Batch { ledger, ..Batch::default() }]).expect("taken");
            // Brought into the file, so that the next ones are a segment of their own.
            store.revision().expect("readable");
        };
        let ids = ["far", "crossing", "kept back", "kept back"];
        let mut first =
            feed.ledger(&[vec![feed.first()], ids.map(|id| feed.of_code("R", id)).into()].concat());
        let at = |lon, lat| Place::At(LonLat::new(lon, lat).expect("on the globe"));
        let place = |nth: usize, one: Report<'_>| match one.id {
            // So far away that it has no place in the plane.
            Some("far") => at(-3.0, 0.0),
            Some("crossing") => at(-90.2, 38.6),
            // One report of the event has a place, the other says that it is not to be told.
            Some("kept back") if nth == 4 => Place::Withheld,
            _ => one.place,
        };
        let rows = first.reports.iter().enumerate();
        first.reports = rows.map(|(nth, one)| Report { place: place(nth, one), ..one }).collect();
        append(first);
        for _ in 0..3 {
            let rows: Vec<_> = (0..12).flat_map(|_| feed.rows()).collect();
            append(feed.ledger(&rows));
        }
        let nth = usize::try_from(seed).expect("small");
        let ground = &grounds[nth % grounds.len()];
        let about = about(Intersections::ALL[nth % 4]);
        let (mut first, handed) = live(&store, ground, &about);
        assert_eq!((handed.segments, handed.kept), (4, 0));
        let content = store.content_hash().expect("readable");
        assert_eq!(keep(&store, &first), 4);
        assert_eq!(keep(&store, &first), 0, "all of it is there");
        assert_eq!(
            (store.content_hash().expect("readable"), store.revision().expect("readable")),
            (content, 4)
        );
        assert_eq!(as_without(&store, ground, &about), Handed { kept: 4, ..handed });
        // More comes, and some of what was there goes: the segments that are as they were keep theirs.
        let rows: Vec<_> = (0..6).flat_map(|_| feed.rows()).collect();
        append(feed.ledger(&rows));
        assert_eq!(as_without(&store, ground, &about).kept, 4);
        if let Some((source, id)) = feed.sent_id()
            && store.forget(source, &id).is_ok()
        {
            assert!(as_without(&store, ground, &about).kept < 5);
        }
        let (second, _) = live(&store, ground, &about);
        keep(&store, &second);
        let all = as_without(&store, ground, &about);
        assert_eq!(all.kept, all.segments);
        // Another ground finds nothing under its key, and what it keeps takes the place of the other's.
        let other = &grounds[feed.chance.below(grounds.len())];
        let of_other = as_without(&store, other, &about);
        assert_eq!(of_other.kept == 0, of_other.key != all.key);
        let (third, _) = live(&store, other, &about);
        keep(&store, &third);
        assert_eq!(as_without(&store, other, &about).kept, all.segments);
        assert_eq!(as_without(&store, ground, &about).kept == 0, of_other.key != all.key);
        let snapshot = first.snapshot(1);
        let data = snapshot.dataset();
        let all = 0..data.incidents.len();
        elsewhere += all.clone().filter(|&at| data.incidents.located(at) == Located::Elsewhere).count();
        split += all.filter(|&at| data.assignment.shares(at).count() > 1).count();
    }
    assert!(elsewhere > 0 && split > 0, "{elsewhere} {split}: such were among them");
}

#[test]
fn grounds_and_settings_that_differ_in_anything_that_enters_have_their_own_keys() {
    let feed = FeedOf::new(0);
    let key = |ground: &Ground, about: About| {
        *Live::new(feed.ledger(&[feed.first()]), ground.clone(), about).expect("blocks").placer().key()
    };
    let mut keys: Vec<Key> = Vec::new();
    for ground in &grounds() {
        keys.extend(Intersections::ALL.map(|option| key(ground, about(option))));
        let placing = Placing { geocode: false, ..Placing::default() };
        keys.push(key(ground, About { placing, ..About::default() }));
        assert_eq!(
            key(ground, About::default()),
            key(ground, about(Intersections::Node)),
            "links enter nothing"
        );
    }
    let n = keys.len();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), n);
}

#[test]
fn what_is_kept_is_taken_and_not_made_again() {
    let feed = FeedOf::new(0);
    let all = feed.ledger(&[feed.first()]);
    let ground = feed::ground();
    let live = Live::new(all.clone(), ground.clone(), About::default()).expect("blocks");
    let mut bytes = live.placer().places(&all.reports);
    // One report, one entry: its number, its place, its block.
    assert_eq!(bytes.len(), 8 + 2 + 21);
    let x = |bytes: &[u8]| f64::from_le_bytes(bytes[10..18].try_into().expect("eight"));
    let moved = x(&bytes) + 1.0;
    bytes[10..18].copy_from_slice(&moved.to_le_bytes());
    bytes[26] ^= 1;
    let made = |times: usize, bytes: &[u8]| {
        let places: HandOut<'_> = &mut |_, take| {
            (0..times).for_each(|_| take(1, Some(bytes)));
        };
        let mut live =
            Live::placed(all.clone(), ground.clone(), About::default(), Some(places)).expect("blocks");
        let snapshot = live.snapshot(1);
        let data = snapshot.dataset();
        (data.incidents.local(0).expect("placed").x, data.assignment.main(0))
    };
    let plain = made(0, &bytes);
    assert_eq!(made(1, &bytes).0, moved);
    assert_ne!(made(1, &bytes).1, plain.1);
    // Not as many as there are reports, bytes of another length, a block that is not there: it is made as without.
    assert_eq!(made(2, &bytes), plain);
    assert_eq!(made(1, &bytes[..30]), plain);
    bytes[29] = 1;
    assert_eq!(made(1, &bytes).1, plain.1);
}

/// Stores have blocks that an earlier version found: where this fails, `VERSION` in `engine/placed.rs` is to be raised, and the text here
/// to be that of the new version.
#[test]
fn blocks_are_found_as_the_version_of_kept_places_says() {
    let mut hash = Sha256::new();
    for seed in 0..8 {
        let mut feed = FeedOf::new(seed);
        let rows: Vec<_> = (0..24).flat_map(|_| feed.rows()).collect();
        let all = feed.ledger(&rows);
        for ground in grounds() {
            for option in Intersections::ALL {
                let live = Live::new(Ledger::default(), ground.clone(), about(option)).expect("blocks");
                let bytes = live.placer().places(&all.reports);
                // Of each entry the block and how it was found; where it lies is in the key, as all blocks do.
                let entries = bytes[8 + 2 * all.reports.len()..].chunks_exact(21);
                entries.for_each(|entry| hash.update(&entry[16..]));
            }
        }
    }
    let found: String = hash.finalize()[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(found, "aed66c4ac6eb0064");
}

/// The sample over streets and over polygons, from a store that was closed between.
#[test]
fn the_sample_is_the_same_with_kept_places() {
    use hotblocks::ingest::blocks::{Shapes, read};
    use hotblocks::ingest::incidents::{self, Options};
    use hotblocks::ingest::input::Input;
    let input = |name: &str| {
        Input::at(&crate::common::repository(&format!("data/new-haven/{name}"))).expect("a known ending")
    };
    let options = Options::default();
    let (reports, _) = incidents::read(&[input("new_haven_merged.shp")], &options, &|| ()).expect("readable");
    for blocks in ["newhaven_nework.shp", "derived_newhaven_blocks.geojson"] {
        let ground = match read(&input(blocks), None).expect("readable").0 {
            Shapes::Streets(streets) => Ground::Streets(streets),
            Shapes::Areas(areas) => Ground::Areas(areas),
        };
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("s");
        let store = SqliteStore::create(&file, &Setting::default()).expect("made");
        store.append(vec![Batch { ledger: reports.clone(), ..Batch::default() }]).expect("taken");
        let about = about(Intersections::Node);
        let (made, _) = live(&store, &ground, &about);
        let kept = keep(&store, &made);
        drop((store, made));
        let store = Arc::new(SqliteStore::open(&file, Access::Read).expect("there"));
        let (mut with, handed) = live(&*store, &ground, &about);
        assert_eq!((handed.kept, handed.segments), (kept, kept));
        let mut plain =
            Live::new(ledger(&*store).expect("whole").0, ground.clone(), about.clone()).expect("blocks");
        assert_eq!(told(with.snapshot(1).dataset()), told(plain.snapshot(1).dataset()));
        let plain = build(reports.clone(), &ground, about.clone()).expect("a data set");
        assert_eq!(told(with.snapshot(1).dataset()), told(&plain));
    }
}
