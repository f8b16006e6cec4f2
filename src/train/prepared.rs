//! What the schedule needs to know of the training rows, by place, prepared once a run.

use std::ops::Range;

use super::job::Job;
use super::neighbours::states;
use crate::error::{Error, Result};
use crate::plan::Site;
use crate::schedule::{ClassIndex, KernelIndex, Pairing, Points, Rows, Scheduler};
use crate::source::RowSource;
use crate::tap::{RecordTap, Tapped};

/// The training rows as a schedule sees them.
pub(super) struct Prepared {
    /// The class of every row; `None` where rows may have several.
    classes: Option<Vec<u32>>,
    by_class: Option<ClassIndex>,
    targets: Option<KernelIndex>,
    /// The rows at the first mixed site of the model as it is before training, and their width.
    points: Option<(Vec<f32>, usize)>,
    /// Where the tokens of every row's texts stand.
    stretches: Option<Vec<Vec<Range<usize>>>>,
    /// Numbers of a token at the embedding.
    token_width: Option<usize>,
    /// The words of every row, where rows are tagged.
    words: Option<Vec<u32>>,
}

impl Prepared {
    /// Prepares what the job's schedule asks for and no more. Targets are passed in their own units.
    ///
    /// # Errors
    /// Those of [`KernelIndex::new`], and whatever the model reports.
    pub fn of<M, S>(job: &Job<'_, M, S>) -> Result<Self>
    where
        M: Tapped,
        S: RowSource<Input = M::Input>,
    {
        let classes = job.labels.classes_of(job.train);
        let wanted = classes
            .as_deref()
            .filter(|_| job.scheduler.draws_by_class());
        let by_class = wanted.map(ClassIndex::new);
        // A kernel looks at distances alone, so the centre may stay out and leave all digits to them.
        let targets = job.labels.spread_out(job.train);
        let targets = job.scheduler.kernel_index(&targets, job.labels.outputs())?;
        let points = match job.scheduler.sites().first() {
            Some(&site) if needs_points(job.scheduler) => {
                Some(states(job.model, job.source, job.train, site)?)
            }
            _ => None,
        };
        let schedule = job.scheduler.schedule();
        let stretches = schedule.needs_stretches().then(|| {
            let of_rows = job.train.iter().map(|&row| job.source.stretches(row));
            of_rows.collect()
        });
        let token_width = match job.train.first() {
            Some(row) if schedule.needs_token_width() => Some(token_width(job, *row)?),
            _ => None,
        };
        Ok(Self {
            classes,
            by_class,
            targets,
            points,
            stretches,
            token_width,
            words: job.labels.word_counts(job.train),
        })
    }

    /// A batch of places, with all that is known of the training rows.
    pub fn rows<'a>(&'a self, batch: &'a [u32], neighbours: Option<&'a [Vec<u32>]>) -> Rows<'a> {
        Rows {
            batch,
            classes: self.classes.as_deref(),
            by_class: self.by_class.as_ref(),
            neighbours,
            targets: self.targets.as_ref(),
            points: self.points.as_ref().map(|(values, width)| Points {
                values,
                width: *width,
            }),
            stretches: self.stretches.as_deref(),
            token_width: self.token_width,
            words: self.words.as_deref(),
        }
    }
}

fn needs_points(scheduler: &Scheduler) -> bool {
    matches!(scheduler.schedule().partner, Pairing::Blocks { k } if k > 1)
}

/// Numbers of a token at the model's embedding, which one row shows.
fn token_width<M, S>(job: &Job<'_, M, S>, row: u32) -> Result<usize>
where
    M: Tapped,
    S: RowSource<Input = M::Input>,
{
    let mut tap = RecordTap::new(&[Site::Embedding]);
    job.model.forward(&job.source.batch(&[row])?, &mut tap)?;
    let flow = tap.flows().first().map(|(_, flow)| flow.x.dims());
    flow.and_then(|dims| dims.last().copied())
        .ok_or_else(|| Error::NoSite {
            site: Site::Embedding.to_string(),
            sites: job.model.sites().iter().map(Site::to_string).collect(),
        })
}
