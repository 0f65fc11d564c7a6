//! What the kernel says of this process: seconds of its processors, its memory.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, Timespec, clock_gettime};

/// How long some work takes by the clock, and what it makes.
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let begun = Instant::now();
    let made = work();
    (begun.elapsed(), made)
}

/// The middle one.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Seconds that all threads of this process have run, those that have ended too.
pub(crate) fn cpu_seconds() -> f64 {
    seconds(clock_gettime(ClockId::ProcessCPUTime))
}

/// Seconds of processors of this thread alone.
pub(crate) fn thread_seconds() -> f64 {
    seconds(clock_gettime(ClockId::ThreadCPUTime))
}

fn seconds(told: Timespec) -> f64 {
    told.tv_sec as f64 + told.tv_nsec as f64 / 1e9
}

/// A figure of this process's memory in MiB.
pub(crate) fn memory(field: &str) -> f64 {
    std::fs::read_to_string("/proc/self/status").map_or(f64::NAN, |status| memory_in(&status, field))
}

/// A figure in the text of a process's status, in MiB.
pub(crate) fn memory_in(status: &str, field: &str) -> f64 {
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    line.and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok())
        .map_or(f64::NAN, |kib| kib / 1024.0)
}
