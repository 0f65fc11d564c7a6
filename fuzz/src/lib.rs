//! What must hold of a reader whatever the bytes are: the account adds up, and reading again reads the same.

pub mod bytes;
pub mod csv;
pub mod features;
mod incidents;
pub mod memory;

use hotblocks::ingest::refused::Account;

/// Names one target's body; every input also goes through the bound on memory.
#[macro_export]
macro_rules! target {
    ($body:path) => {
        #[global_allocator]
        static MEMORY: $crate::memory::Bounded = $crate::memory::Bounded;

        libfuzzer_sys::fuzz_target!(init: $crate::let_held_panics_pass(), |data: &[u8]| $body(data));
    };
}

/// A panic that nobody holds ends the process where it arrives; one that a reader holds, as that of Parquet does with
/// its library's, is no finding. Without this the first of either would end it.
pub fn let_held_panics_pass() {
    std::panic::set_hook(Box::new(|panic| {
        if !panic.location().is_some_and(|at| at.file().contains("/parquet-")) {
            eprintln!("{panic}");
        }
    }));
}

/// Every row is kept or refused, and a refused one has its line and a reason.
fn adds_up(account: &Account, file: &str) {
    assert_eq!(account.read, account.kept + account.refused.len(), "read = kept + refused");
    for refused in &account.refused {
        assert_eq!(refused.file, file, "a refused row names its file");
        assert!(refused.line > 0, "a refused row has a line: {refused:?}");
        assert!(!refused.reason.is_empty(), "a refused row has a reason: {refused:?}");
    }
}

/// An error says what and where, down to its cause.
fn speaks(error: &dyn std::error::Error) {
    let mut next = Some(error);
    while let Some(error) = next {
        assert!(!error.to_string().is_empty(), "an error says something: {error:?}");
        next = error.source();
    }
}
