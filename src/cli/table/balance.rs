//! Balancing the training rows of one run: raw rows, or the vectors of a hidden space.

use anyhow::Result;
use candle_mixup::oversample::{Balanced, Real, Rows, Settings, Strategy};
use candle_mixup::split::Strata;

use super::task::TableTask;

/// Synthetic rows, and what a reader should know of them.
pub struct Made {
    pub balanced: Balanced,
    pub notes: Vec<String>,
}

/// Balances `real`, the rows of a table that `train` lists.
///
/// Classes of one size have nothing to be balanced, which is said and no error.
pub fn balance<T: Real>(
    task: &TableTask,
    settings: &Settings,
    train: &[u32],
    real: &Rows<'_, T>,
    seed: u64,
) -> Result<Made> {
    let counts = task.counts(train);
    let mut sizes = counts.iter().filter(|n| **n > 0);
    let first = sizes.next();
    if settings.strategy == Strategy::default() && sizes.all(|n| Some(n) == first) {
        return Ok(Made {
            balanced: Balanced::default(),
            notes: vec!["all classes have the same number of rows: nothing was balanced".into()],
        });
    }
    let classes = classes(task, train);
    let strata = Strata {
        classes: &classes,
        names: task.class_names(),
    };
    let settings = Settings {
        seed,
        ..settings.clone()
    };
    let balanced = settings.check()?.run(real, strata)?;
    let notes = balanced.notes.iter().map(ToString::to_string).collect();
    Ok(Made { balanced, notes })
}

/// The classes of some rows.
pub fn classes(task: &TableTask, rows: &[u32]) -> Vec<u32> {
    rows.iter().map(|&r| task.classes()[r as usize]).collect()
}

impl Made {
    /// The targets of the synthetic rows, `[len, classes]` flat.
    pub fn targets(&self, task: &TableTask, train: &[u32]) -> Result<Vec<f32>> {
        let classes = classes(task, train);
        let strata = Strata {
            classes: &classes,
            names: task.class_names(),
        };
        let targets = self.balanced.targets(strata)?;
        Ok(targets.iter().map(|&t| t as f32).collect())
    }

    /// The row of `train` from which each synthetic row starts.
    pub fn owners(&self, train: &[u32]) -> Vec<u32> {
        let recipes = self.balanced.made.iter().map(|made| &made.recipe);
        let own = recipes.flat_map(|recipe| recipe.pairs.own());
        own.map(|&i| train[i as usize]).collect()
    }
}
