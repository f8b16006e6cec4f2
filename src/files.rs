//! Files that are whole or absent: written beside their place, then renamed into it.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// Writes `bytes` to `path` so that a reader, or a power cut, finds the old file or the new one and nothing between.
///
/// The bytes go to a file beside `path`, are flushed to the disk, and the file is renamed over `path`.
///
/// # Errors
/// [`Error::Io`] naming `path`, for a missing folder, no room on the disk, no right to write; nothing is left behind.
pub fn write_atomically(path: impl AsRef<Path>, bytes: &[u8]) -> Result<()> {
    let path = path.as_ref();
    let beside = beside(path);
    let written = write_synced(&beside, bytes).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        // The first error is the one to tell; a file that was never made cannot be removed.
        let _ = fs::remove_file(&beside);
    }
    written.map_err(Error::io(path))?;
    sync_folder(path).map_err(Error::io(path))
}

/// `folder/.name.PID.part`: the same folder, so that the rename never crosses a file system.
fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}.part", std::process::id()))
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// The rename itself is on the disk only once its folder is.
#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_path: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .expect("the folder was just made")
            .map(|e| e.expect("readable").file_name().to_string_lossy().into())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn replaces_the_whole_file_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("metrics.json");
        write_atomically(&path, b"a longer first version").expect("written");
        write_atomically(&path, b"second").expect("written");
        assert_eq!(fs::read(&path).expect("readable"), b"second");
        assert_eq!(names(folder.path()), ["metrics.json"]);
    }

    #[test]
    fn a_failed_write_names_the_path_and_leaves_nothing() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        // A folder that is not empty stands where the file should go: the rename fails, after the writing.
        let path = folder.path().join("report.html");
        fs::create_dir(&path).expect("made");
        fs::write(path.join("kept"), b"x").expect("written");
        let error = write_atomically(&path, b"new").expect_err("a folder is in the way");
        assert!(matches!(&error, Error::Io { path: p, .. } if *p == path));
        assert_eq!(names(folder.path()), ["report.html"]);
        assert_eq!(names(&path), ["kept"]);
    }

    #[test]
    fn a_missing_folder_is_an_error() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("no").join("file");
        assert!(matches!(
            write_atomically(&path, b"x"),
            Err(Error::Io { .. })
        ));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn no_room_on_the_disk_is_an_error() {
        // Every write to /dev/full reports ENOSPC.
        let error = write_synced(Path::new("/dev/full"), b"x").expect_err("a full disk");
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }
}
