//! Jobs over the cores: each worker trains one model at a time in a thread pool of its own.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::error::{Error, Result};

/// Runs `jobs` over `threads` threads and gives their results in the order of the jobs.
///
/// There are as many workers as jobs or threads, whichever is fewer, and the threads are dealt out among their
/// pools: one each where there are at least as many jobs as threads. A job's result must not depend on the thread
/// count, as nothing in this library does; then the grid gives the same bytes as one job after the other.
///
/// # Errors
/// The first job's error, by the order of the jobs, whatever the order in which they ended; jobs not yet begun are
/// then left out. [`Error::Panicked`] for a job that panics, [`Error::Threads`] if a pool cannot be built, and
/// [`Error::Setting`] for no threads.
pub fn grid<J, T, F>(jobs: Vec<J>, threads: usize, run: F) -> Result<Vec<T>>
where
    J: Send,
    T: Send,
    F: Fn(J) -> Result<T> + Sync,
{
    if threads == 0 {
        return Err(Error::setting("threads", "at least 1", threads));
    }
    let count = jobs.len();
    let pools = pools(count.min(threads), threads)?;
    let queue = Queue::new(jobs);
    let done = Mutex::new(Vec::with_capacity(count));
    thread::scope(|scope| {
        for pool in &pools {
            scope.spawn(|| work(pool, &queue, &run, &done));
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(job, _)| *job);
    done.into_iter().map(|(_, result)| result).collect()
}

/// `workers` pools that hold `threads` threads together.
fn pools(workers: usize, threads: usize) -> Result<Vec<ThreadPool>> {
    (0..workers)
        .map(|worker| {
            let share = threads / workers + usize::from(worker < threads % workers);
            ThreadPoolBuilder::new()
                .num_threads(share)
                .build()
                .map_err(Error::Threads)
        })
        .collect()
}

/// One worker: takes jobs until there are none or one has failed.
fn work<J: Send, T: Send>(
    pool: &ThreadPool,
    queue: &Queue<J>,
    run: &(impl Fn(J) -> Result<T> + Sync),
    done: &Mutex<Vec<(usize, Result<T>)>>,
) {
    while let Some((number, job)) = queue.next() {
        let result = pool.install(|| guarded(number, || run(job)));
        if result.is_err() {
            queue.stop();
        }
        done.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((number, result));
    }
}

/// A panic inside a job as an error, so that the other workers can end in order.
fn guarded<T>(job: usize, run: impl FnOnce() -> Result<T>) -> Result<T> {
    // What the job had half changed is dropped with it; jobs share nothing that they change.
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|payload| {
        Err(Error::Panicked {
            job,
            message: message(&*payload),
        })
    })
}

fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|s| s.to_string());
    text.or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".into())
}

/// Jobs given out in order. Every job before a failed one has been given out, so the first error by job order is
/// always among the results.
struct Queue<J> {
    jobs: Mutex<std::iter::Enumerate<std::vec::IntoIter<J>>>,
    stopped: AtomicBool,
}

impl<J> Queue<J> {
    fn new(jobs: Vec<J>) -> Self {
        Self {
            jobs: Mutex::new(jobs.into_iter().enumerate()),
            stopped: AtomicBool::new(false),
        }
    }

    fn next(&self) -> Option<(usize, J)> {
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        if self.stopped.load(Ordering::SeqCst) {
            return None;
        }
        jobs.next()
    }

    fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
    }
}
