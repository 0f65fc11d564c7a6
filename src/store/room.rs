//! Room on the disk of a store.

use std::path::Path;

/// Part of the disk that must be free.
const FREE: f64 = 0.05;

/// Whether the disk of a folder has room for what may come; not where that cannot be told.
pub(crate) fn has_room(folder: &Path) -> bool {
    rustix::fs::statvfs(folder).is_ok_and(|disk| disk.f_bavail as f64 >= FREE * disk.f_blocks as f64)
}

/// The folder of a file.
pub(crate) fn folder(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
