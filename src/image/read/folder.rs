//! Finding files by their usual names.

use std::path::{Path, PathBuf};

/// The file of this name in a folder, or the one with `.gz` behind it.
pub(super) fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    let packed = format!("{name}.gz");
    [name, &packed]
        .into_iter()
        .map(|name| folder.join(name))
        .find(|path| path.is_file())
}
