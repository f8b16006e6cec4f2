//! Measures one run after another between the same rows.

use std::path::{Path, PathBuf};

use anyhow::Result;
use candle_mixup::linearity::{
    Linearity, LinearitySettings, Relation, RowPairs, gradients, linearity, spectra,
};
use candle_mixup::report::RunLinearity;
use candle_mixup::schedule::ClassIndex;
use candle_mixup::train::{TargetKind, neighbours};
use candle_mixup::{Error, RowSource, Site, Tapped};

use super::args::MeasureArgs;

/// Rows of a class whose spectrum is taken, at most.
const SPECTRUM_ROWS: usize = 100;
/// Pairs at which gradients are taken, at most.
const GRADIENT_PAIRS: usize = 64;

/// The rows between which a run is measured.
pub struct Rows {
    /// Hash of the data.
    pub fingerprint: String,
    pub rows: Vec<u32>,
    pub kind: TargetKind,
    /// The class of each of `rows`; `None` where a row has several or none.
    pub classes: Option<Vec<u32>>,
}

/// What all runs share: settings, and once the first is open the pairs.
pub struct Probe {
    settings: LinearitySettings,
    between: Vec<Relation>,
    first: Option<Shared>,
}

struct Shared {
    run: PathBuf,
    fingerprint: String,
    rows: Vec<u32>,
    pairs: Vec<RowPairs>,
}

impl Probe {
    /// Settings from the arguments.
    pub fn new(args: &MeasureArgs) -> Result<Self> {
        let sites = args.sites.iter().map(|s| s.parse::<Site>());
        let between = args.between.iter().map(|s| s.parse::<Relation>());
        let probe = Self {
            settings: LinearitySettings {
                pairs: args.pairs,
                weights: args.weights.clone(),
                sites: sites.collect::<Result<_, _>>()?,
                seed: args.seed,
            },
            between: between.collect::<Result<_, _>>()?,
            first: None,
        };
        // What can be said without a model is said before one is opened.
        probe.settings.check(&probe.settings.sites)?;
        Ok(probe)
    }

    /// The settings.
    pub fn settings(&self) -> &LinearitySettings {
        &self.settings
    }

    /// Measures a run.
    pub fn measure<M: Tapped>(
        &mut self,
        run: &Path,
        model: &M,
        source: &impl RowSource<Input = M::Input>,
        rows: &Rows,
    ) -> Result<RunLinearity> {
        let sites = self.settings.check(&model.sites())?;
        let shared = match self.first.take() {
            Some(shared) => self.first.insert(shared),
            None => {
                let shared = self.shared(run, model, source, rows)?;
                self.first.insert(shared)
            }
        };
        if (&shared.fingerprint, &shared.rows) != (&rows.fingerprint, &rows.rows) {
            let first = shared.run.display();
            let problem = format!(
                "its test rows are not those of {first}; --data names rows for all of them"
            );
            return Err(Error::file(run, problem).into());
        }
        let between = shared
            .pairs
            .iter()
            .map(|pairs| linearity(model, source, pairs, rows.kind, &self.settings));
        let between: Vec<Linearity> = between.collect::<Result<_, _>>()?;
        let some = shared.pairs[0].first(GRADIENT_PAIRS);
        let steep = sites
            .iter()
            .map(|&site| gradients(model, source, &some, site, &self.settings.weights));
        let (chosen, classes) = spectrum_rows(rows);
        Ok(RunLinearity {
            run: run.display().to_string(),
            rows: rows.rows.len(),
            between,
            spectra: spectra(model, source, &chosen, &classes, &sites)?,
            gradients: steep.collect::<Result<_, _>>()?,
        })
    }

    fn shared<M: Tapped>(
        &self,
        run: &Path,
        model: &M,
        source: &impl RowSource<Input = M::Input>,
        rows: &Rows,
    ) -> Result<Shared> {
        let (n, seed) = (self.settings.pairs, self.settings.seed);
        let classes = rows.classes.as_deref();
        let draw = |relation: &Relation| -> Result<RowPairs> {
            Ok(match relation {
                Relation::Random => RowPairs::random(&rows.rows, n, seed)?,
                Relation::SameClass => {
                    RowPairs::same_class(&rows.rows, needed(classes, *relation)?, n, seed)?
                }
                Relation::OtherClass => {
                    RowPairs::other_class(&rows.rows, needed(classes, *relation)?, n, seed)?
                }
                Relation::Nearest => {
                    let lists = neighbours(model, source, &rows.rows, 1)?;
                    RowPairs::nearest(&rows.rows, &lists, n, seed)?
                }
            })
        };
        let relations = self.relations(classes);
        let pairs = relations.iter().map(draw);
        Ok(Shared {
            run: run.into(),
            fingerprint: rows.fingerprint.clone(),
            rows: rows.rows.clone(),
            pairs: pairs.collect::<Result<_>>()?,
        })
    }

    /// Those asked for, else all that the rows' classes allow.
    fn relations(&self, classes: Option<&[u32]>) -> Vec<Relation> {
        if !self.between.is_empty() {
            return self.between.clone();
        }
        let index = classes.map(ClassIndex::new);
        let classes = index.as_ref().map_or(&[][..], ClassIndex::classes);
        let possible = |relation: &Relation| match relation {
            Relation::SameClass => classes.iter().any(|(_, members)| members.len() > 1),
            Relation::OtherClass => classes.len() > 1,
            Relation::Random | Relation::Nearest => true,
        };
        Relation::ALL.into_iter().filter(possible).collect()
    }
}

fn needed(classes: Option<&[u32]>, relation: Relation) -> Result<&[u32]> {
    let problem = || {
        Error::Conflict(format!(
            "--between {relation}: these rows have no one class each"
        ))
    };
    Ok(classes.ok_or_else(problem)?)
}

/// Up to [`SPECTRUM_ROWS`] rows of each class, spread over the rows; all as of one class where they have none.
fn spectrum_rows(rows: &Rows) -> (Vec<u32>, Vec<u32>) {
    let one = vec![0; rows.rows.len()];
    let classes = rows.classes.as_deref().unwrap_or(&one);
    let index = ClassIndex::new(classes);
    let chosen = index.classes().iter().flat_map(|(_, members)| {
        let n = members.len().min(SPECTRUM_ROWS);
        (0..n).map(move |i| members[i * members.len() / n] as usize)
    });
    let chosen: Vec<usize> = chosen.collect();
    (
        chosen.iter().map(|&p| rows.rows[p]).collect(),
        chosen.iter().map(|&p| classes[p]).collect(),
    )
}
