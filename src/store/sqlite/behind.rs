//! Work that those who answer must not wait for.

use rayon::ThreadPoolBuilder;

/// Has work done, with all that it shares out, by one thread of the lowest priority: whoever answers meanwhile goes first, and
/// finds the threads of the others free. Where there is no such thread to be had it is done here.
pub(super) fn behind<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    let lowest = |_| {
        // Of this thread alone; where it is refused, the work goes on as any other.
        let _ = rustix::process::setpriority_process(None, 19);
    };
    match ThreadPoolBuilder::new().num_threads(1).start_handler(lowest).build() {
        Ok(pool) => pool.install(work),
        Err(_) => work(),
    }
}

#[cfg(test)]
mod tests {
    use rayon::prelude::*;

    use super::*;

    /// How far this thread stands back.
    fn priority() -> i32 {
        rustix::process::getpriority_process(None).expect("told")
    }

    #[test]
    fn all_of_it_is_done_by_one_thread_of_lower_priority_and_this_one_keeps_its_own() {
        let mine = (std::thread::current().id(), priority());
        let (at, shared) = behind(|| {
            let shared: Vec<_> =
                (0..1_000).into_par_iter().map(|_| (std::thread::current().id(), priority())).collect();
            (std::thread::current().id(), shared)
        });
        assert_ne!(at, mine.0);
        assert!(shared.iter().all(|one| *one == (at, 19)), "{:?}", shared[0]);
        assert_eq!((std::thread::current().id(), priority()), mine);
    }
}
