//! Power cuts, played: what a store wrote is recorded with its syncs, cut at many moments, and of what was not synced
//! any part is dropped; the store must open and have all that was acknowledged before the cut.
//!
//! `CUTS=10000` (`make crash`) cuts so often; CI does so 300 times.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::panic::AssertUnwindSafe;
use std::path::Path;

use super::common::lots::Lots;
use super::{
    OWN, ROWS, Synchronous, kept, made, opened, record, start, succeeded, there_is_strace, until_it_ends,
};

/// What a store did to its files and said, in order.
#[derive(Clone, Debug)]
enum Step {
    Write {
        file: String,
        at: usize,
        bytes: Vec<u8>,
    },
    Truncate {
        file: String,
        len: usize,
    },
    Synced {
        file: String,
    },
    /// The write that is so many steps after the first is on the disk.
    Durable {
        write: usize,
    },
    Acknowledged {
        key: String,
    },
}

/// Bytes that strace wrote as `\x41\x42`.
fn bytes(text: &str) -> Vec<u8> {
    let hex = |two: &str| u8::from_str_radix(two, 16).expect("two digits");
    text.split("\\x").skip(1).map(|two| hex(&two[..2])).collect()
}

/// The name after the last slash of a file that strace names as `5<\x2f…>` or `5</…>`.
fn name(call: &str) -> String {
    let inside = call.split('<').nth(1).and_then(|rest| rest.split('>').next()).unwrap_or_default();
    let path = if inside.contains("\\x") {
        String::from_utf8_lossy(&bytes(inside)).into_owned()
    } else {
        inside.to_owned()
    };
    path.rsplit('/').next().unwrap_or_default().to_owned()
}

/// Reads a trace of `strace -f -y -xx`: writes count when they begin, syncs when they return; synchronous writes are both.
fn steps(trace: &str, store: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut syncing: BTreeMap<&str, String> = BTreeMap::new();
    let mut writing: BTreeMap<&str, usize> = BTreeMap::new();
    let mut synchronous = Synchronous::default();
    let ours = |file: &str| file.strip_prefix(store).is_some_and(|end| ["", "-wal", "-log"].contains(&end));
    for line in trace.lines() {
        let (thread, call) = line.split_once(' ').unwrap_or_default();
        let call = call.trim_start();
        let file = name(call);
        synchronous.look(thread, call, |returned| name(returned).ends_with("-log"));
        if call.starts_with("pwrite64(") && ours(&file) {
            let mut parts = call.split('"');
            let data = bytes(parts.nth(1).expect("what was written"));
            let rest = parts.next().expect("how much and where");
            let numbers: Vec<usize> = rest
                .split(|c: char| !c.is_ascii_digit())
                .filter(|part| !part.is_empty())
                .map(|part| part.parse().expect("a number"))
                .collect();
            assert_eq!(numbers[0], data.len(), "strace cut the bytes short");
            let write = steps.len();
            steps.push(Step::Write { file, at: numbers[1], bytes: data });
            if synchronous.has(call) && call.contains("<unfinished") {
                writing.insert(thread, write);
            } else if synchronous.has(call) && succeeded(call) {
                steps.push(Step::Durable { write });
            }
        } else if call.starts_with("ftruncate(") && ours(&file) {
            let len = call.split(", ").nth(1).and_then(|rest| rest.split(')').next()).expect("a length");
            let len = len.split(' ').next().and_then(|len| len.parse().ok()).expect("a length");
            steps.push(Step::Truncate { file, len });
        } else if (call.starts_with("fsync(") || call.starts_with("fdatasync(")) && ours(&file) {
            if call.contains("<unfinished") {
                syncing.insert(thread, file);
            } else if call.trim_end().ends_with("= 0") {
                steps.push(Step::Synced { file });
            }
        } else if call.contains("pwrite64 resumed") {
            if let Some(write) = writing.remove(thread).filter(|_| succeeded(call)) {
                steps.push(Step::Durable { write });
            }
        } else if call.contains("sync resumed") {
            if let Some(file) = syncing.remove(thread).filter(|_| call.trim_end().ends_with("= 0")) {
                steps.push(Step::Synced { file });
            }
        } else if call.starts_with("write(1<") {
            let said = String::from_utf8(bytes(call.split('"').nth(1).unwrap_or_default())).expect("words");
            let words: Vec<&str> = said.split_whitespace().collect();
            if let [.., "acknowledged", key] = words[..] {
                steps.push(Step::Acknowledged { key: key.to_owned() });
            }
        }
    }
    steps
}

fn apply(file: &mut Vec<u8>, step: &Step) {
    match step {
        Step::Write { at, bytes, .. } => {
            file.resize(file.len().max(at + bytes.len()), 0);
            file[*at..at + bytes.len()].copy_from_slice(bytes);
        }
        Step::Truncate { len, .. } => file.resize(*len, 0),
        Step::Synced { .. } | Step::Durable { .. } | Step::Acknowledged { .. } => {}
    }
}

/// The files as a cut before a step may leave them: what was synced, and of the rest any part.
fn cut(
    before: &BTreeMap<String, Vec<u8>>,
    steps: &[Step],
    keeps: &mut impl FnMut(usize) -> usize,
) -> BTreeMap<String, Vec<u8>> {
    let mut files = before.clone();
    let durable: BTreeSet<usize> = steps
        .iter()
        .filter_map(|step| if let Step::Durable { write } = step { Some(*write) } else { None })
        .collect();
    for (name, file) in &mut files {
        let last = steps.iter().rposition(|step| matches!(step, Step::Synced { file } if file == name));
        for (at, step) in steps.iter().enumerate() {
            let safe = last.is_some_and(|last| at < last) || durable.contains(&at);
            match step {
                Step::Write { file: name_of, .. } | Step::Truncate { file: name_of, .. }
                    if name_of != name => {}
                step if safe => apply(file, step),
                Step::Write { file: name, at, bytes } => {
                    let bytes = bytes[..keeps(bytes.len())].to_vec();
                    if bytes.is_empty() {
                        continue;
                    }
                    apply(file, &Step::Write { file: name.clone(), at: *at, bytes });
                }
                Step::Truncate { .. } if keeps(1) == 1 => apply(file, step),
                _ => {}
            }
        }
    }
    files
}

/// What is wrong with the store that a cut left, if anything.
fn wrong(folder: &Path, files: &BTreeMap<String, Vec<u8>>, acknowledged: &BTreeSet<&str>) -> Option<String> {
    for (name, bytes) in files {
        let file = folder.join(name);
        std::fs::write(&file, bytes).expect("written");
        // As the store made it: one that others may read is not opened.
        std::fs::set_permissions(&file, Permissions::from_mode(0o600)).expect("its own");
    }
    let _ = std::fs::remove_file(folder.join("city.hotblocks-shm"));
    let store = match opened(&folder.join("city.hotblocks")) {
        Ok(store) => store,
        Err(error) => return Some(error.to_string()),
    };
    let kept = match std::panic::catch_unwind(AssertUnwindSafe(|| kept(&store))) {
        Ok(kept) => kept,
        Err(_) => return Some("damaged".to_owned()),
    };
    if let Some(lost) = acknowledged.iter().find(|key| !kept.contains_key(**key)) {
        return Some(format!("`{lost}` was acknowledged"));
    }
    kept.iter().find(|(_, n)| **n != ROWS).map(|(key, n)| format!("`{key}` has {n} reports"))
}

/// The batches that were acknowledged.
fn keys(steps: &[Step]) -> BTreeSet<&str> {
    fn told(step: &Step) -> Option<&str> {
        match step {
            Step::Acknowledged { key } => Some(key.as_str()),
            _ => None,
        }
    }
    steps.iter().filter_map(told).collect()
}

/// How often a write to the log began while another was on its way.
fn beside(steps: &[Step]) -> usize {
    let mut flying = BTreeSet::new();
    let mut beside = 0;
    for (at, step) in steps.iter().enumerate() {
        match step {
            Step::Write { file, .. } if file.ends_with("-log") => {
                beside += usize::from(!flying.is_empty());
                flying.insert(at);
            }
            Step::Durable { write } => drop(flying.remove(write)),
            // The zeros of its beginning.
            Step::Synced { file } if file.ends_with("-log") => flying.clear(),
            _ => {}
        }
    }
    beside
}

#[test]
fn whatever_of_what_was_not_synced_a_power_cut_drops_nothing_acknowledged_is_lost() {
    if !there_is_strace() {
        return;
    }
    // One that appends for all that wait, and has the log brought into the file in between; writers that each append themselves.
    for round in ["emptied", OWN] {
        cut_often(round);
    }
}

fn cut_often(round: &str) {
    let cuts: usize = std::env::var("CUTS").ok().and_then(|n| n.parse().ok()).unwrap_or(300) / 2;
    let folder = tempfile::tempdir().expect("a folder");
    let file = made(folder.path());
    let before: BTreeMap<String, Vec<u8>> = BTreeMap::from([
        ("city.hotblocks".to_owned(), std::fs::read(&file).expect("readable")),
        ("city.hotblocks-wal".to_owned(), Vec::new()),
        ("city.hotblocks-log".to_owned(), Vec::new()),
    ]);
    let trace = folder.path().join("trace");
    let out = trace.to_string_lossy().into_owned();
    let calls = "trace=openat,pwrite64,write,fsync,fdatasync,ftruncate";
    let above = ["strace", "-f", "-y", "-xx", "-s", "4000000", "-o", &out, "-e", calls];
    let (said, code, errors) = until_it_ends(start(&above, &file, round, Some(120)));
    assert_eq!(code, Some(0), "{errors}");
    assert!(said.acknowledged.len() > 50);
    let steps = steps(&std::fs::read_to_string(&trace).expect("a trace"), "city.hotblocks");
    if round == OWN {
        assert!(beside(&steps) > 5, "records fly beside others");
    } else {
        let emptied = |step: &Step| matches!(step, Step::Truncate { len: 0, .. });
        assert!(steps.iter().any(emptied), "the log was brought into the file in between");
    }

    let spot = tempfile::tempdir().expect("a folder");
    let mut lots = Lots::new(3);
    let acknowledged = |upto: usize| -> BTreeSet<&str> { keys(&steps[..upto]) };
    for n in 0..cuts {
        // Every moment in turn, and the end as well.
        let upto = (n * steps.len() / cuts + lots.below(steps.len() / cuts + 2)).min(steps.len());
        let one_in = lots.below(4);
        // All of it is dropped, or every second write and so on; what is kept may end at any sector.
        let mut keeps = |n: usize| match (one_in, lots.below(one_in + 1), lots.below(4)) {
            (0, ..) => 0,
            (_, 0, 0) => n.min(512 * lots.below(n / 512 + 1)),
            (_, 0, _) => n,
            _ => 0,
        };
        let files = cut(&before, &steps[..upto], &mut keeps);
        let wrong = wrong(spot.path(), &files, &acknowledged(upto));
        assert_eq!(wrong, None, "cut {n} before step {upto} of {}", steps.len());
    }

    // The same of a store that does not sync (`synchronous=OFF`) loses what it acknowledged.
    let unsynced: Vec<Step> = steps
        .iter()
        .filter(|step| !matches!(step, Step::Synced { .. } | Step::Durable { .. }))
        .cloned()
        .collect();
    let files = cut(&before, &unsynced, &mut |_| 0);
    assert!(wrong(spot.path(), &files, &keys(&unsynced)).is_some_and(|why| why.contains("was acknowledged")));
    record(
        &format!("2-cuts-{round}"),
        &format!(
            "power cut, {}: recorded writes cut, those not synced dropped whole or in part, replayed | {cuts} cuts over {} steps, {} records written beside others | nothing acknowledged is lost, no batch is there in part; the same without its syncs loses what it acknowledged, and the check finds it",
            if round == OWN { "each writer for itself" } else { "one for all that wait" },
            steps.len(),
            beside(&steps)
        ),
    );
}
