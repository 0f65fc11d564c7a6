//! A store whose process is killed at any moment under eight writers: nothing acknowledged is lost, doubled or half there.
//!
//! The child is this test binary again. `ROUNDS=1000` (`make crash`) kills it so often; CI does so 50 times.

#[path = "../common/mod.rs"]
mod common;
mod cuts;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use common::lots::Lots;
use hotblocks::ingest::incidents::{self, Options};
use hotblocks::ingest::input::Input;
use hotblocks::store::error::StoreError;
use hotblocks::store::setting::Setting;
use hotblocks::store::sqlite::{Access, SqliteStore};
use hotblocks::store::{Batch, Store, ledger};

const WRITERS: usize = 8;
/// A child whose writing should fail ends after so many batches where it does not.
const MOST_TAKEN: usize = 20_000;
/// Reports of one batch: all of them are there, or none.
const ROWS: usize = 3;
/// The environment of a child: the store's file, and what it is to do.
const STORE: &str = "HOTBLOCKS_CRASH_STORE";
const ROUND: &str = "HOTBLOCKS_CRASH_ROUND";
const MOST: &str = "HOTBLOCKS_CRASH_MOST";
/// Begins the name of a round whose writers each append themselves; of others one appends for all.
const OWN: &str = "own";

fn batch(round: &str, writer: usize, n: usize) -> Batch {
    let rows: String = (0..ROWS)
        .map(|row| format!("\n{round}-{writer}-{n}-{row},2024-01-05 13:30,robbery,-90.2,38.6"))
        .collect();
    let text = format!("incidentid,date,category,longitude,latitude{rows}");
    let input = Input::of("alerts.csv", text.into_bytes()).expect("a table");
    let (ledger, _) = incidents::read(&[input], &Options::default(), &|| ()).expect("readable");
    Batch { ledger, key: Some(format!("{round}-{writer}-{n}")), ..Batch::default() }
}

/// Writes without an end, or until so many are taken, eight at a time with one commit for all that wait, and says a line for each batch that is
/// asked for and for each that is acknowledged.
fn write_for_ever(store: &Path, round: &str) {
    let store = opened(store).expect("there");
    store.warm().expect("whole");
    let said = Arc::new(Mutex::new(std::io::stdout()));
    let say = move |word: &str, key: &str| {
        let mut out = said.lock().expect("nobody panicked");
        writeln!(out, "{word} {key}").and_then(|()| out.flush()).expect("somebody listens");
    };
    let most: usize = std::env::var(MOST).ok().and_then(|n| n.parse().ok()).unwrap_or(usize::MAX);
    if round.starts_with(OWN) {
        write_at_once(&store, round, most, &say)
    }
    let (send, wait) = mpsc::channel::<(Batch, mpsc::Sender<()>)>();
    let begin = |writer| {
        let (send, say, round) = (send.clone(), say.clone(), round.to_owned());
        std::thread::spawn(move || {
            for n in 0.. {
                let batch = batch(&round, writer, n);
                let key = format!("{round}-{writer}-{n}");
                let (answer, answered) = mpsc::channel();
                say("asked", &key);
                // Nobody takes it, or says what became of it: the writing has ended.
                if send.send((batch, answer)).is_err() || answered.recv().is_err() {
                    return;
                }
                say("acknowledged", &key);
            }
        })
    };
    let writers: Vec<_> = (0..WRITERS).map(begin).collect();
    let (mut taken, mut code) = (0, 0);
    while let Ok(first) = wait.recv() {
        let (batches, answers): (Vec<_>, Vec<_>) = std::iter::once(first).chain(wait.try_iter()).unzip();
        taken += batches.len();
        if round == "emptied" && taken % 40 < batches.len() {
            // Nothing has this id, but the log is brought into the file.
            store.forget("lonlat", "nobody").expect_err("nothing to forget");
        }
        match store.append(batches) {
            Ok(_) if taken >= most => break,
            Ok(_) => answers.into_iter().for_each(|answer| answer.send(()).expect("somebody waits")),
            Err(error) => {
                eprintln!("stopped: {}", common::chain(&error));
                code = 7;
                break;
            }
        }
    }
    // The writers end first: one that is cut off as the process ends may make a signal of it.
    drop(wait);
    for writer in writers {
        let _ended = writer.join();
    }
    std::process::exit(code)
}

/// The same with writers that each append themselves.
fn write_at_once(store: &SqliteStore, round: &str, most: usize, say: &(impl Fn(&str, &str) + Sync)) -> ! {
    let failed = std::thread::scope(|scope| {
        let begin = |writer| {
            scope.spawn(move || {
                (0..most / WRITERS).find_map(|n| {
                    let key = format!("{round}-{writer}-{n}");
                    say("asked", &key);
                    match store.append(vec![batch(round, writer, n)]) {
                        Ok(_) => {
                            say("acknowledged", &key);
                            None
                        }
                        Err(error) => Some(common::chain(&error)),
                    }
                })
            })
        };
        let writers: Vec<_> = (0..WRITERS).map(begin).collect();
        let ended = writers.into_iter().map(|writer| writer.join().expect("nobody panicked"));
        ended.flatten().collect::<Vec<_>>()
    });
    failed.iter().for_each(|why| eprintln!("stopped: {why}"));
    std::process::exit(if failed.is_empty() { 0 } else { 7 })
}

/// The child's part of the tests below; without its environment there is nothing to do.
#[test]
fn child() {
    if let (Ok(store), Ok(round)) = (std::env::var(STORE), std::env::var(ROUND)) {
        write_for_ever(Path::new(&store), &round);
    }
}

/// This binary as a child that writes, below a command as `strace` or alone.
fn start(above: &[&str], store: &Path, round: &str, most: Option<usize>) -> Child {
    let own = std::env::current_exe().expect("this binary");
    let mut command = match above {
        [] => Command::new(own),
        [first, rest @ ..] => {
            let mut command = Command::new(first);
            command.args(rest).arg(own);
            command
        }
    };
    command
        .args(["--exact", "child", "--nocapture", "--test-threads=1"])
        .env(STORE, store)
        .env(ROUND, round)
        .env(MOST, most.map_or(String::new(), |n| n.to_string()))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts")
}

/// What a child said before it ended.
#[derive(Debug, Default)]
struct Said {
    asked: BTreeSet<String>,
    acknowledged: BTreeSet<String>,
}

impl Said {
    fn take(&mut self, line: &str) {
        // The first line follows the harness's own words.
        let words: Vec<&str> = line.split_whitespace().collect();
        if let [.., word, key] = words[..] {
            match word {
                "asked" => drop(self.asked.insert(key.to_owned())),
                "acknowledged" => drop(self.acknowledged.insert(key.to_owned())),
                _ => {}
            }
        }
    }

    /// Batches that were on their way.
    fn in_flight(&self) -> usize {
        self.asked.len() - self.acknowledged.len()
    }
}

/// Opens a store that nobody writes to any more. A child that another test starts at this moment holds a copy of every
/// lock of this process for an instant, until it becomes a program of its own.
fn opened(file: &Path) -> Result<SqliteStore, StoreError> {
    for _ in 0..500 {
        match SqliteStore::open(file, Access::Write) {
            Err(StoreError::InUse { .. }) => std::thread::sleep(Duration::from_millis(10)),
            other => return other,
        }
    }
    SqliteStore::open(file, Access::Write)
}

/// How many reports of every batch are there.
fn kept(store: &dyn Store) -> BTreeMap<String, usize> {
    let (ledger, _) = ledger(store).expect("whole");
    let mut kept = BTreeMap::new();
    for report in ledger.reports.iter() {
        let id = report.id.expect("all have ids");
        *kept.entry(id.rsplit_once('-').expect("batch and row").0.to_owned()).or_insert(0) += 1;
    }
    kept
}

fn made(folder: &Path) -> PathBuf {
    let file = folder.join("city.hotblocks");
    drop(SqliteStore::create(&file, &Setting::default()).expect("made"));
    file
}

#[test]
fn nothing_acknowledged_is_lost_doubled_or_half_there_after_a_kill_at_any_moment() {
    let given: Option<usize> = std::env::var("ROUNDS").ok().and_then(|n| n.parse().ok());
    let rounds = given.unwrap_or(50);
    let folder = tempfile::tempdir().expect("a folder");
    let mut file = made(folder.path());
    let mut lots = Lots::new(11);
    let mut all = Said::default();
    let (mut in_flight, mut acknowledged, mut in_sync) = (0, 0, 0);
    for round in 0..rounds {
        if round % 25 == 0 {
            // A store that grows for ever would make the test slower, not better.
            file = made(tempfile::tempdir_in(folder.path()).expect("a folder").keep().as_path());
            all = Said::default();
        }
        let mut child =
            start(&[], &file, &format!("{}{round}", if round % 2 == 0 { "r" } else { OWN }), None);
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let mut said = Said::default();
        // Killed after so many acknowledgements, with another batch asked for, and a little: so all moments of a commit are met.
        let wanted = 1 + lots.below(60);
        while said.acknowledged.len() < wanted || said.in_flight() == 0 {
            said.take(&lines.next().expect("it goes on").expect("a line"));
        }
        std::thread::sleep(Duration::from_micros(lots.below(1_000) as u64));
        in_sync += usize::from(is_in_sync(child.id()));
        child.kill().expect("it runs");
        child.wait().expect("it ended");
        lines.map_while(Result::ok).for_each(|line| said.take(&line));
        in_flight += usize::from(said.in_flight() > 0);
        acknowledged += said.acknowledged.len();
        all.asked.append(&mut said.asked);
        all.acknowledged.append(&mut said.acknowledged);

        let store = opened(&file).expect("opens after a kill");
        let kept = kept(&store);
        for key in &all.acknowledged {
            assert_eq!(kept.get(key), Some(&ROWS), "round {round}: `{key}` was acknowledged");
        }
        for (key, n) in &kept {
            assert_eq!(*n, ROWS, "round {round}: `{key}` is there in part or twice");
            assert!(all.asked.contains(key), "round {round}: nobody asked for `{key}`");
        }
        if round % 10 == 0 {
            store.verify().expect("whole");
        }
    }
    record(
        "1-kills",
        &format!(
            "`kill -9` under {WRITERS} writers | {rounds} kills, {in_flight} with a batch in flight, {in_sync} of them seen inside a synchronous write, fsync or fdatasync just before | {acknowledged} batches acknowledged: all there, each once and whole"
        ),
    );
    assert!(in_flight * 10 >= rounds * 8, "{in_flight} of {rounds} kills met a batch in flight");
    // On a disk in memory nothing waits; where so many are asked for, there is one that syncs.
    assert!(in_sync > 0 || given.is_none(), "no kill met a sync");
}

/// Says what was found, and leaves it for `make crash` to write into the documents.
fn record(name: &str, row: &str) {
    println!("{row}");
    if let Ok(folder) = std::env::var("FAULTS") {
        std::fs::write(Path::new(&folder).join(name), format!("| {row} |\n")).expect("a folder");
    }
}

/// Whether any thread of a process waits for the disk to have everything, or to have what it writes to the log; `false` where that
/// cannot be seen.
fn is_in_sync(id: u32) -> bool {
    const SYNCS: [&str; 2] = if cfg!(target_arch = "x86_64") { ["74", "75"] } else { ["82", "83"] };
    const WRITE: &str = if cfg!(target_arch = "x86_64") { "18" } else { "68" };
    let is_log = |file: &str| {
        let number = u32::from_str_radix(file.trim_start_matches("0x"), 16).unwrap_or(u32::MAX);
        std::fs::read_link(format!("/proc/{id}/fd/{number}"))
            .is_ok_and(|path| path.to_string_lossy().ends_with("-log"))
    };
    let Ok(threads) = std::fs::read_dir(format!("/proc/{id}/task")) else { return false };
    threads.flatten().any(|thread| {
        let call = std::fs::read_to_string(thread.path().join("syscall")).unwrap_or_default();
        let mut words = call.split(' ');
        words.next().is_some_and(|number| {
            SYNCS.contains(&number) || (number == WRITE && words.next().is_some_and(is_log))
        })
    })
}

/// Whether strace is here and may follow another program; says so where it is not.
fn there_is_strace() -> bool {
    let mut follow = Command::new("strace");
    follow.args(["-f", "-o", "/dev/null", "true"]).stdout(Stdio::null()).stderr(Stdio::null());
    let there = follow.status().is_ok_and(|status| status.success());
    if !there {
        eprintln!("SKIPPED: strace is not here, or may not be used");
    }
    there
}

/// Lets a child write until it ends by itself.
fn until_it_ends(mut child: Child) -> (Said, Option<i32>, String) {
    let mut said = Said::default();
    let errors = child.stderr.take().expect("piped");
    let errors = std::thread::spawn(move || std::io::read_to_string(errors).unwrap_or_default());
    for line in BufReader::new(child.stdout.take().expect("piped")).lines().map_while(Result::ok) {
        said.take(&line);
    }
    let status = child.wait().expect("it ended");
    (said, status.code(), errors.join().expect("read"))
}

/// Acknowledged batches are there, whole.
fn all_there(file: &Path, said: &Said) {
    let kept = kept(&opened(file).expect("opens again"));
    for key in &said.acknowledged {
        assert_eq!(kept.get(key), Some(&ROWS), "`{key}` was acknowledged");
    }
    assert!(kept.values().all(|n| *n == ROWS));
}

#[test]
fn an_fsync_that_fails_is_never_acknowledged_and_ends_the_writing() {
    if !there_is_strace() {
        return;
    }
    // Before there is a log it is written 33 times, with zeros; without one, commits go into the file.
    let log = |n: usize| ("pwrite64", n + 33);
    let sync = |n: usize| ("fsync,fdatasync", n);
    let cases = [
        (log(1), "r"),
        (log(9), "r"),
        (log(17), "r"),
        (log(2), OWN),
        (log(9), OWN),
        (log(17), OWN),
        (sync(1), "r"),
        (sync(3), "r"),
        (sync(3), OWN),
    ];
    for ((calls, n), round) in cases {
        let folder = tempfile::tempdir().expect("a folder");
        let file = made(folder.path());
        let inject = format!("inject={calls}:error=EIO:when={n}+");
        let calls = format!("trace={calls}");
        let mut log = file.clone().into_os_string();
        log.push("-log");
        let log = log.to_string_lossy().into_owned();
        let mut trace = vec!["strace", "-f", "-o", "/dev/null", "-e", &calls, "-e", &inject];
        if calls.contains("pwrite64") {
            trace.extend(["-P", &log]);
        }
        let (said, code, errors) = until_it_ends(start(&trace, &file, round, Some(MOST_TAKEN)));
        assert_eq!(code, Some(7), "{calls} {n}: {errors}");
        assert!(errors.contains("cannot be used while"), "{errors}");
        assert!(said.in_flight() > 0);
        assert!(n < 35 || !said.acknowledged.is_empty(), "{calls} {n}: those before it were taken");
        all_there(&file, &said);
    }
    record(
        "3-fsync",
        &format!(
            "a synchronous write to the log, or fsync, fails with EIO from its 1st to its 17th call on (strace) | {} runs | no false acknowledgement, the writing ends and says why, what was acknowledged is there",
            cases.len()
        ),
    );
}

#[test]
fn a_full_disk_is_never_acknowledged_and_what_was_stays() {
    // A bound on the size of a file stands for a full disk, which takes no rights to set; then a small disk, where one may be mounted.
    let folder = tempfile::tempdir().expect("a folder");
    let file = made(folder.path());
    let limit = ["bash", "-c", "trap '' XFSZ; ulimit -f 300; exec \"$0\" \"$@\""];
    let (said, code, errors) = until_it_ends(start(&limit, &file, "r", Some(MOST_TAKEN)));
    assert_eq!(code, Some(7), "{errors}");
    assert!(errors.contains("stopped"), "{errors}");
    assert!(!said.acknowledged.is_empty());
    all_there(&file, &said);
    let says = "no false acknowledgement, a clear message, what was acknowledged is there";
    record("4-limit", &format!("the file may not grow (a bound on its size) | 1 run | {says}"));

    let disk = folder.path().join("disk");
    std::fs::create_dir(&disk).expect("made");
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"])
        .arg(&disk)
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !mounted {
        eprintln!("SKIPPED: a small disk, which may not be mounted here");
        return;
    }
    let file = made(&disk);
    let (said, code, errors) = until_it_ends(start(&[], &file, "r", Some(MOST_TAKEN)));
    let whole = std::panic::catch_unwind(|| {
        assert_eq!(code, Some(7), "{errors}");
        assert!(errors.contains("full"), "{errors}");
        let reader = SqliteStore::open(&file, Access::Read).expect("opens again");
        let kept = kept(&reader);
        assert!(said.acknowledged.iter().all(|key| kept.get(key) == Some(&ROWS)));
        assert!(!said.acknowledged.is_empty());
    });
    // A child that another test starts at this moment holds copies of open files for an instant.
    let unmounted = (0..500).any(|_| {
        let done = Command::new("umount").arg(&disk).stderr(Stdio::null()).status();
        let done = done.is_ok_and(|status| status.success());
        if !done {
            std::thread::sleep(Duration::from_millis(10));
        }
        done
    });
    assert!(unmounted);
    whole.expect("the full disk");
    record("5-full", &format!("ENOSPC on a tmpfs of 1 MiB | 1 run | {says}"));
}

/// In the order of the system's calls no acknowledgement comes before the sync of what it acknowledges.
///
/// Between what a writer asks for and what it is told a sync of the log begins and ends: a write to it that returns when it is on
/// the disk.
#[test]
fn a_trace_shows_no_acknowledgement_before_its_sync() {
    if !there_is_strace() {
        return;
    }
    for round in ["r", OWN] {
        traced(round);
    }
}

fn traced(round: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = made(folder.path());
    let trace = folder.path().join("trace");
    let out = trace.to_string_lossy().into_owned();
    let calls = "trace=openat,pwrite64,write,fsync,fdatasync,ftruncate";
    let above = ["strace", "-f", "-y", "-o", &out, "-s", "256", "-e", calls];
    let (said, ..) = until_it_ends(start(&above, &file, round, Some(64)));
    assert!(said.acknowledged.len() >= 40);
    let text = std::fs::read_to_string(&trace).expect("a trace");
    let (writes, acknowledged, early) = order(&text);
    assert!(acknowledged >= 40, "{acknowledged} acknowledgements in the trace");
    assert_eq!(early, 0, "of {acknowledged} acknowledgements");
    assert!(writes > 0, "the log was written");
    // The check can fail: without the syncs all of them come too early.
    let without: String = text
        .lines()
        .filter(|line| !line.contains("sync"))
        .flat_map(|line| [line.replace("|O_DSYNC", ""), "\n".to_owned()])
        .collect();
    assert_eq!(order(&without).2, acknowledged);
    record(
        &format!("0-trace-{round}"),
        &format!(
            "order of system calls (strace), {} | {acknowledged} acknowledgements, {writes} writes to the log | none before the sync of its batch has returned; the same trace without its syncs fails the check",
            if round == OWN { "each writer for itself" } else { "one for all that wait" }
        ),
    );
}

/// Which descriptors of a trace are of the log and return when what was written is on the disk.
#[derive(Default)]
struct Synchronous {
    opening: BTreeMap<String, bool>,
    all: BTreeSet<String>,
}

impl Synchronous {
    /// Looks at a call of a thread, if it opens a file that `is_log`.
    fn look(&mut self, thread: &str, call: &str, is_log: impl Fn(&str) -> bool) {
        let opens = call.starts_with("openat(");
        if opens && call.contains("unfinished") {
            self.opening.insert(thread.to_owned(), call.contains("O_DSYNC"));
            return;
        }
        let resumed = call.contains("openat resumed").then(|| self.opening.remove(thread)).flatten();
        let Some(synchronous) = resumed.or(opens.then(|| call.contains("O_DSYNC"))) else { return };
        let Some((_, returned)) = call.rsplit_once(" = ") else { return };
        if let Some((number, _)) = returned.split_once('<').filter(|_| is_log(returned)) {
            if synchronous {
                self.all.insert(number.to_owned());
            } else {
                self.all.remove(number);
            }
        }
    }

    /// Whether a write goes to one of them.
    fn has(&self, call: &str) -> bool {
        let number = call.split_once('(').and_then(|(_, rest)| rest.split_once('<'));
        number.is_some_and(|(number, _)| self.all.contains(number))
    }
}

/// Whether a call, or its end, returned what it was to do.
fn succeeded(call: &str) -> bool {
    call.rsplit_once(" = ")
        .is_some_and(|(_, value)| value.trim().parse::<i64>().is_ok_and(|value| value >= 0))
}

/// Writes to the log, acknowledgements, and those of them without a sync of the log that began after their batch was asked for.
fn order(trace: &str) -> (usize, usize, usize) {
    let (mut writes, mut acknowledged, mut early) = (0, 0, 0);
    let mut synchronous = Synchronous::default();
    // When the syncs began that have not returned yet, by thread; and of all others the latest.
    let mut syncing: BTreeMap<&str, usize> = BTreeMap::new();
    let mut synced = None;
    let mut asked_at: BTreeMap<String, usize> = BTreeMap::new();
    for (at, line) in trace.lines().enumerate() {
        let (thread, call) = line.split_once(' ').unwrap_or_default();
        let call = call.trim_start();
        synchronous.look(thread, call, |file| file.contains("-log>"));
        let log = call.contains("-wal>") || call.contains("-log>");
        let is_write = log && call.starts_with("pwrite64(");
        writes += usize::from(is_write);
        if (log && call.contains("sync(")) || (is_write && synchronous.has(call)) {
            if call.contains("unfinished") {
                syncing.insert(thread, at);
            } else if succeeded(call) {
                synced = synced.max(Some(at));
            }
        } else if call.contains("resumed") {
            // Counted when it returns.
            let begun = syncing.remove(thread).filter(|_| succeeded(call));
            synced = synced.max(begun);
        } else if call.starts_with("write(1<") {
            let said = call.split('"').nth(1).unwrap_or_default().trim_end_matches("\\n");
            let words: Vec<&str> = said.split_whitespace().collect();
            match words[..] {
                [.., "asked", key] => {
                    asked_at.insert(key.to_owned(), at);
                }
                [.., "acknowledged", key] => {
                    acknowledged += 1;
                    let asked = asked_at.get(key).copied();
                    early += usize::from(asked.is_none_or(|asked| synced.is_none_or(|begun| begun < asked)));
                }
                _ => {}
            }
        }
    }
    (writes, acknowledged, early)
}
