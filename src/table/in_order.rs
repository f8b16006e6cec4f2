//! Pieces of a file worked on side by side and joined in their order: the result is the same at any thread count.

use std::path::Path;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::oversample::Progress;

/// Reads `pieces` on a thread of its own, works on several at once, and hands the results to `join` one by one.
///
/// The error of the earliest piece is the one reported.
pub(super) fn in_order<P: Send, R: Send>(
    path: &Path,
    pieces: impl Iterator<Item = Result<P>> + Send,
    progress: &dyn Progress,
    work: impl Fn(P) -> Result<R> + Sync,
    join: impl FnMut(R) -> Result<()>,
) -> Result<()> {
    let at_once = rayon::current_num_threads() * 2;
    let (send, receive) = sync_channel(at_once);
    thread::scope(|scope| {
        let read = move || {
            for piece in pieces {
                let failed = piece.is_err();
                // A receiver that is gone has met an error of its own.
                if send.send(piece).is_err() || failed {
                    return;
                }
            }
        };
        thread::Builder::new()
            .spawn_scoped(scope, read)
            .map_err(Error::io(path))?;
        joined(receive, at_once, progress, work, join)
    })
}

/// The receiver is dropped on the way out, which ends the thread that reads.
fn joined<P: Send, R: Send>(
    receive: Receiver<Result<P>>,
    at_once: usize,
    progress: &dyn Progress,
    work: impl Fn(P) -> Result<R> + Sync,
    mut join: impl FnMut(R) -> Result<()>,
) -> Result<()> {
    loop {
        let batch: Vec<Result<P>> = receive.iter().take(at_once).collect();
        if progress.stop() {
            return Err(Error::Interrupted);
        }
        if batch.is_empty() {
            return Ok(());
        }
        let results: Vec<Result<R>> = batch.into_par_iter().map(|p| work(p?)).collect();
        for result in results {
            join(result?)?;
        }
    }
}
