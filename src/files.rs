//! Files that are whole or absent: written beside their place, then renamed into it.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};
use safetensors::SafeTensors;

use crate::error::Error;

/// What the functions of this module return.
type Result<T, E = Error> = std::result::Result<T, E>;

/// Writes `bytes` to `path` so that a reader, or a power cut, finds the old file or the new one and nothing between.
///
/// The bytes go to a file beside `path`, are flushed to the disk, and the file is renamed over `path`. A file that was
/// there hands its permissions on; a link stays one.
///
/// # Errors
/// [`Error::Io`] naming `path`, for a missing folder, no room on the disk, no right to write; nothing is left behind.
pub fn write(path: impl AsRef<Path>, bytes: &[u8]) -> Result<()> {
    write_with(path, |file| file.write_all(bytes))
}

/// The same for content that is produced piece by piece, through a buffer.
///
/// # Errors
/// As [`write()`], and whatever `produce` reports.
pub fn write_with<E>(
    path: impl AsRef<Path>,
    produce: impl FnOnce(&mut BufWriter<File>) -> Result<(), E>,
) -> Result<()>
where
    Failure: From<E>,
{
    // A link stays, and what it leads to is replaced.
    let led = led_to(path.as_ref()).map_err(Error::io(path.as_ref()))?;
    let path = led.as_deref().unwrap_or(path.as_ref());
    let beside = beside(path);
    let old = fs::metadata(path).ok().map(|old| old.permissions());
    let written =
        produce_synced(&beside, old, produce).and_then(|()| Ok(fs::rename(&beside, path)?));
    if written.is_err() {
        // The first error is the one to tell; a file that was never made cannot be removed.
        let _ = fs::remove_file(&beside);
    }
    match written {
        Err(Failure::Io(source)) => return Err(Error::io(path)(source)),
        Err(Failure::Other(error)) => return Err(error),
        Ok(()) => {}
    }
    sync_folder(path).map_err(Error::io(path))
}

/// What comes of producing a file's content.
pub type Outcome<T = ()> = std::result::Result<T, Failure>;

/// Why a file could not be produced: the system's word about the file itself, or an error of the producer.
#[derive(Debug)]
pub enum Failure {
    /// Writing failed.
    Io(io::Error),
    /// Producing failed.
    Other(Error),
}

impl From<io::Error> for Failure {
    fn from(e: io::Error) -> Self {
        Self::Io(e)
    }
}

impl From<Error> for Failure {
    fn from(e: Error) -> Self {
        Self::Other(e)
    }
}

/// Removes what killed programs left half-written in a folder.
///
/// # Errors
/// [`Error::Io`].
pub fn clear_parts(folder: impl AsRef<Path>) -> Result<()> {
    let folder = folder.as_ref();
    for entry in fs::read_dir(folder).map_err(Error::io(folder))? {
        let path = entry.map_err(Error::io(folder))?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if name.starts_with('.') && name.ends_with(".part") {
            fs::remove_file(&path).map_err(Error::io(&path))?;
        }
    }
    Ok(())
}

/// Whether two paths lead to the same file that is there.
pub fn same(a: impl AsRef<Path>, b: impl AsRef<Path>) -> bool {
    match (a.as_ref().canonicalize(), b.as_ref().canonicalize()) {
        (Ok(a), Ok(b)) => a == b,
        _ => false,
    }
}

/// Makes a folder and those above it.
///
/// # Errors
/// [`Error::Io`].
pub fn create_folder(path: impl AsRef<Path>) -> Result<()> {
    fs::create_dir_all(&path).map_err(Error::io(&path))
}

/// Writes tensors as safetensors, in name order, with text beside them.
///
/// # Errors
/// As [`write()`].
pub fn write_tensors(
    path: impl AsRef<Path>,
    tensors: &BTreeMap<String, Tensor>,
    metadata: HashMap<String, String>,
) -> Result<()> {
    let path = path.as_ref();
    let cpu = |(name, t): (&String, &Tensor)| {
        Ok((name.clone(), t.to_device(&Device::Cpu)?.contiguous()?))
    };
    let tensors = tensors
        .iter()
        .map(cpu)
        .collect::<Result<BTreeMap<_, _>>>()?;
    let metadata = (!metadata.is_empty()).then_some(metadata);
    let bytes = safetensors::serialize(&tensors, metadata).map_err(|e| Error::file(path, e))?;
    write(path, &bytes)
}

/// Reads a safetensors file whole, in the dtypes it has, and the text beside the tensors.
///
/// # Errors
/// [`Error::Io`], [`Error::File`] for a broken or truncated file.
pub fn read_tensors(
    path: impl AsRef<Path>,
) -> Result<(BTreeMap<String, Tensor>, HashMap<String, String>)> {
    let path = path.as_ref();
    let bytes = fs::read(path).map_err(Error::io(path))?;
    let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|e| Error::file(path, e))?;
    let metadata = header.metadata().clone().unwrap_or_default();
    let tensors = candle_core::safetensors::load_buffer(&bytes, &Device::Cpu)
        .map_err(|e| Error::file(path, e))?;
    Ok((tensors.into_iter().collect(), metadata))
}

/// `folder/.name.PID.part`: the same folder, so that the rename never crosses a file system.
fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}.part", std::process::id()))
}

/// Where a link leads, whether or not there is a file; `None` where a path is no link.
fn led_to(path: &Path) -> io::Result<Option<PathBuf>> {
    if !path.is_symlink() {
        return Ok(None);
    }
    match path.canonicalize() {
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            let folder = path.parent().unwrap_or(Path::new(""));
            Ok(Some(folder.join(fs::read_link(path)?)))
        }
        known => known.map(Some),
    }
}

/// Writes a file with these permissions, from its first byte on.
fn produce_synced<E>(
    path: &Path,
    permissions: Option<fs::Permissions>,
    produce: impl FnOnce(&mut BufWriter<File>) -> Result<(), E>,
) -> Result<(), Failure>
where
    Failure: From<E>,
{
    let file = File::create(path)?;
    if let Some(permissions) = permissions {
        file.set_permissions(permissions)?;
    }
    let mut file = BufWriter::new(file);
    produce(&mut file)?;
    Ok(file
        .into_inner()
        .map_err(io::IntoInnerError::into_error)?
        .sync_all()?)
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
        write(&path, b"a longer first version").expect("written");
        write(&path, b"second").expect("written");
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
        let error = write(&path, b"new").expect_err("a folder is in the way");
        assert!(matches!(&error, Error::Io { path: p, .. } if *p == path));
        assert_eq!(names(folder.path()), ["report.html"]);
        assert_eq!(names(&path), ["kept"]);
    }

    #[test]
    fn a_missing_folder_is_an_error() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("no").join("file");
        assert!(matches!(write(&path, b"x"), Err(Error::Io { .. })));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn no_room_on_the_disk_is_an_error() {
        // Every write to /dev/full reports ENOSPC.
        let failure = produce_synced(Path::new("/dev/full"), None, |f| f.write_all(b"x"))
            .expect_err("a full disk");
        assert!(matches!(failure, Failure::Io(e) if e.kind() == io::ErrorKind::StorageFull));
    }
}
