//! `mixup evaluate`: a trained run's scores on labelled data.

use anyhow::{Context, Result};

use super::args::EvaluateArgs;
use super::saved::{Trained, trained};
use super::{image, settings, table, tags, text};

pub fn run(args: EvaluateArgs) -> Result<()> {
    let threads = settings::threads(args.machine.threads)?;
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .context("cannot start threads")?;
    pool.install(|| match trained(&args.run)? {
        Trained::Text => text::evaluate(&args),
        Trained::Table => table::evaluate(&args),
        Trained::Image => image::evaluate(&args),
        Trained::Tags => tags::evaluate(&args),
    })
}
