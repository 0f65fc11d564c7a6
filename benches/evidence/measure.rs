//! One case timed in a process of its own, so that peaks of memory do not mix.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::common::clock::{cpu_seconds, median, memory};

/// Seconds of a lap, at least.
const LAP: f64 = 0.005;
/// Laps go on for so long at least, and no more begin after the other.
const SHORTEST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(4);

/// Set where a case is only to be gone through: one lap, no figures to believe.
pub(crate) static ONCE: AtomicBool = AtomicBool::new(false);

/// What a case took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    /// Median seconds on the clock.
    pub(crate) seconds: f64,
    /// Mean seconds of all cores together.
    pub(crate) cpu: f64,
    /// Peak memory of the process while it ran, MiB.
    pub(crate) peak: f64,
    /// Memory that was there before it ran, MiB.
    pub(crate) before: f64,
    /// A number of the answer, to compare.
    pub(crate) found: f64,
}

impl Measured {
    /// For one of `n` equal parts.
    pub(crate) fn per(self, n: usize) -> Self {
        Self {
            seconds: self.seconds / n as f64,
            cpu: self.cpu / n as f64,
            found: self.found / n as f64,
            ..self
        }
    }

    /// As one line, from a child to its parent.
    pub(crate) fn line(&self) -> String {
        let Self { seconds, cpu, peak, before, found } = self;
        format!("{seconds:e} {cpu:e} {peak:e} {before:e} {found:e}")
    }

    /// From that line.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let numbers: Vec<f64> = line.split_whitespace().map(str::parse).collect::<Result<_, _>>().ok()?;
        match numbers[..] {
            [seconds, cpu, peak, before, found] => Some(Self { seconds, cpu, peak, before, found }),
            _ => None,
        }
    }
}

/// Times work on fresh inputs: at least three laps and half a second, unless a lap is long. Short work is done
/// often enough in a lap for reading the clocks not to matter.
pub(crate) fn time<I, T>(
    mut input: impl FnMut() -> I,
    mut work: impl FnMut(I) -> T,
    found: impl Fn(&T) -> f64,
) -> Measured {
    let before = memory("VmRSS:");
    // 5 makes the peak start anew; where the kernel does not allow it, the peak of the preparation stays in.
    drop(std::fs::write("/proc/self/clear_refs", "5"));
    let (mut laps, mut cpu, mut often) = (Vec::new(), 0.0, 1);
    let once = ONCE.load(Ordering::Relaxed);
    let begin = Instant::now();
    let answer = loop {
        let given: Vec<I> = (0..often).map(|_| input()).collect();
        let (cpu_before, lap) = (cpu_seconds(), Instant::now());
        let mut answer = f64::NAN;
        for given in given {
            answer = found(&black_box(work(black_box(given))));
        }
        let seconds = lap.elapsed().as_secs_f64();
        if seconds < LAP && often == 1 && !once {
            // Too short to tell: a trial, which also warms what is warm in a service.
            often = (LAP / seconds.max(1e-7)).ceil() as usize + 1;
            continue;
        }
        laps.push(seconds / often as f64);
        cpu += (cpu_seconds() - cpu_before) / often as f64;
        if once || begin.elapsed() >= LONGEST || (laps.len() >= 3 && begin.elapsed() >= SHORTEST) {
            break answer;
        }
    };
    Measured {
        seconds: median(&mut laps),
        cpu: cpu / laps.len() as f64,
        peak: memory("VmHWM:"),
        before,
        found: answer,
    }
}
