//! A bound on what is allocated at any moment, so that a short peak is found too, which a sampled resident size is not.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

/// No input may need more: 512 MiB.
const LIMIT: usize = 512 << 20;

static NOW: AtomicUsize = AtomicUsize::new(0);

/// The system's allocator, which ends the process beyond the bound.
pub struct Bounded;

impl Bounded {
    fn grow(by: usize) {
        let now = NOW.fetch_add(by, Ordering::Relaxed) + by;
        if now > LIMIT && now - by <= LIMIT {
            eprintln!("ERROR: an input needs more than {LIMIT} bytes: {by} on top of {}", now - by);
            std::process::abort();
        }
    }
}

// SAFETY: every call is handed to the system's allocator as it is; counting touches no memory of its own.
unsafe impl GlobalAlloc for Bounded {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Self::grow(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        Self::grow(layout.size());
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        NOW.fetch_sub(layout.size(), Ordering::Relaxed);
        Self::grow(size);
        unsafe { System.realloc(at, layout, size) }
    }
}
