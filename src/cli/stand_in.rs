//! Stand-ins for the data that `mixup schedule` does not have: what plans look like can be shown without any.

use std::ops::Range;
use std::sync::Arc;

use candle_mixup::schedule::{
    Basis, BlendRule, ClassIndex, Domain, Features, KernelIndex, Mode, Pairing, Points, Rows,
    Schedule, Scheduler, SiteChoice,
};
use candle_mixup::{Result, Site};

/// Features of the table that stands in: half numeric, half categorical, a token of 16 cells each.
const FEATURES: usize = 8;
const TOKEN_WIDTH: usize = 16;

/// Tokens of the texts that stand in, special ones left out: these in turn.
const LENGTHS: [usize; 5] = [12, 25, 8, 31, 18];
/// Words of every sentence that stands in.
const WORDS: u32 = 8;

/// The rows without which a schedule cannot be drawn; texts where any will do.
pub fn domain(schedule: &Schedule, sites: &[Site]) -> Domain {
    if schedule.blend.needs_images() {
        return Domain::Image;
    }
    let table = sites.contains(&Site::Input)
        || schedule.sites.contains(&SiteChoice::At(Site::Input))
        || schedule.blend.needs_features()
        || matches!(
            schedule.partner,
            Pairing::Kernel { .. } | Pairing::Blocks { .. }
        );
    match table {
        true => Domain::Table,
        false => Domain::Text,
    }
}

/// The sites that a model of the domain may have.
pub fn sites(domain: Domain) -> Vec<Site> {
    let first: &[Site] = match domain {
        Domain::Text => &[Site::Embedding],
        Domain::Table => &[Site::Input, Site::Embedding],
        Domain::Image => &[Site::Input],
    };
    let blocks = (1..=3).map(Site::Hidden);
    first
        .iter()
        .copied()
        .chain(blocks)
        .chain([Site::Pooled])
        .collect()
}

/// The features of a table.
pub fn features() -> Features {
    let cells = FEATURES / 2;
    let mut directions = vec![0.0; cells * cells];
    for direction in 0..cells {
        directions[direction * (cells + 1)] = 1.0;
    }
    Features {
        widths: (0..FEATURES)
            .map(|f| if f < cells { 1 } else { 4 })
            .collect(),
        tokens: vec![1; FEATURES],
        token_width: TOKEN_WIDTH,
        information: vec![1.0 / FEATURES as f64; FEATURES],
        basis: Some(Arc::new(Basis {
            cells,
            directions,
            variances: (0..cells).rev().map(|d| f64::from(1 << d)).collect(),
        })),
    }
}

/// What stands in for the training rows: their numbers for targets and points, the next in number for neighbours.
pub struct StandIn {
    classes: Vec<u32>,
    by_class: ClassIndex,
    neighbours: Option<Vec<Vec<u32>>>,
    targets: Option<KernelIndex>,
    numbers: Vec<f32>,
    texts: Vec<Vec<Range<usize>>>,
    words: Vec<u32>,
}

impl StandIn {
    /// Rows for a schedule, the classes in turn.
    pub fn new(scheduler: &Scheduler, rows: usize, classes: usize) -> Result<Self> {
        let classes_of: Vec<u32> = (0..rows).map(|r| (r % classes) as u32).collect();
        let numbers: Vec<f32> = (0..rows).map(|r| r as f32).collect();
        Ok(Self {
            by_class: ClassIndex::new(&classes_of),
            classes: classes_of,
            neighbours: neighbours(scheduler, rows, classes),
            targets: scheduler.kernel_index(&numbers, 1)?,
            numbers,
            texts: (0..rows).map(text).collect(),
            words: vec![WORDS; rows],
        })
    }

    /// The rows of a batch.
    pub fn rows<'a>(&'a self, batch: &'a [u32]) -> Rows<'a> {
        Rows {
            batch,
            classes: Some(&self.classes),
            by_class: Some(&self.by_class),
            neighbours: self.neighbours.as_deref(),
            targets: self.targets.as_ref(),
            points: Some(Points {
                values: &self.numbers,
                width: 1,
            }),
            stretches: Some(&self.texts),
            token_width: Some(TOKEN_WIDTH),
            words: Some(&self.words),
        }
    }
}

/// One text between two special tokens.
fn text(row: usize) -> Vec<Range<usize>> {
    let tokens = LENGTHS[row % LENGTHS.len()];
    std::iter::once(1..tokens + 1).collect()
}

fn neighbours(scheduler: &Scheduler, rows: usize, classes: usize) -> Option<Vec<Vec<u32>>> {
    let (k, stride) = match scheduler.schedule().partner {
        Pairing::Nearest { k, .. } => (k, 1),
        Pairing::ClassNearest { k } => (k, classes),
        _ => return None,
    };
    let count = k.min((rows - 1) / stride);
    let next = |row: usize| {
        (1..=count)
            .map(|step| ((row + step * stride) % rows) as u32)
            .collect()
    };
    Some((0..rows).map(next).collect())
}

/// What the table of steps must say of the stand-ins; nothing where none was needed.
pub fn note(schedule: &Schedule) -> Option<&'static str> {
    match schedule.partner {
        Pairing::Nearest { .. } | Pairing::ClassNearest { .. } => {
            Some("neighbours need data: here the rows next in number stand in for them")
        }
        Pairing::Kernel { .. } => {
            Some("targets need data: here the numbers of the rows stand in for them")
        }
        Pairing::Blocks { .. } => {
            Some("distances need data: here the numbers of the rows stand in for them")
        }
        Pairing::Reordered => Some("words need data: here every row has eight"),
        _ if schedule.blend.needs_features() => {
            Some("features need data: here four numbers and four categories stand in for them")
        }
        _ if schedule.blend.needs_saliency() => Some(
            "saliency needs a model: here texts of 8 to 31 tokens stand in, with spans at random",
        ),
        _ if schedule.needs_stretches() => {
            Some("tokens need data: here texts of 8 to 31 tokens stand in for them")
        }
        _ if schedule.needs_token_width() => {
            Some("embeddings need a model: here tokens of 16 numbers stand in for them")
        }
        _ if schedule.blend.needs_images() => None,
        _ if schedule.mode == Mode::Balance || schedule.blend != BlendRule::Linear => {
            Some("rows need data: here the classes in turn stand in for them")
        }
        _ => None,
    }
}
