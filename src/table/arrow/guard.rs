//! The readers of Parquet and Arrow panic at some damaged files; here that is an error like any other.

use std::any::Any;
use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// What a library reports of a file.
pub(in super::super) fn problem(path: &Path, e: impl Display) -> Error {
    let text = e.to_string();
    let problem = match text.split_once("Disabled feature at compile time: ") {
        Some((_, codec)) => format!(
            "its columns are compressed by {codec}, which is not read here; zstd, snappy, gzip and lz4 are"
        ),
        None => format!("damaged, or not what its name says: {text}"),
    };
    Error::file(path, problem)
}

/// Does the work of a library on a file; nothing that the work held is looked at after a panic.
pub(in super::super) fn guarded<T, E: Display>(
    path: &Path,
    work: impl FnOnce() -> std::result::Result<T, E>,
) -> Result<T> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(done) => done.map_err(|e| problem(path, e)),
        Err(panic) => Err(problem(path, message(panic.as_ref()))),
    }
}

/// The items of a library's reader, up to the first error.
pub(super) fn guarded_items<T, E: Display>(
    path: PathBuf,
    reader: impl Iterator<Item = std::result::Result<T, E>>,
) -> impl Iterator<Item = Result<T>> {
    let mut reader = Some(reader);
    std::iter::from_fn(move || {
        let items = reader.as_mut()?;
        let item = guarded(&path, || items.next().transpose()).transpose();
        if !matches!(item, Some(Ok(_))) {
            reader = None;
        }
        item
    })
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no reason is given")
}
