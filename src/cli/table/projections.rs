//! Real and synthetic rows in two dimensions, for the arms that make rows.

use anyhow::Result;
use candle_mixup::oversample::{Balanced, Rows, Settings, project};
use candle_mixup::report::{ClassCount, TableProjection};
use candle_mixup::split::Strata;
use candle_mixup::table::Encoder;

use super::arm::{Treatment, suited};
use super::balance::{balance, classes};
use super::grid::{Cell, Grid};

/// One projection for each table and oversampling arm: the training rows of the first fold.
pub fn projections(grid: &Grid) -> Result<Vec<TableProjection>> {
    let mut all = Vec::new();
    for table in 0..grid.tasks.len() {
        for arm in &grid.settings.arms {
            if let Treatment::Oversample { settings, .. } = &arm.treatment {
                all.extend(projection(grid, table, &arm.name, settings)?);
            }
        }
    }
    Ok(all)
}

fn projection(
    grid: &Grid,
    table: usize,
    arm: &str,
    settings: &Settings,
) -> Result<Option<TableProjection>> {
    let task = &grid.tasks[table];
    let (width, categories) = (task.data.numeric.len(), task.data.categorical.len());
    let Ok((settings, _)) = suited(settings, width, categories) else {
        return Ok(None);
    };
    let first = Cell {
        table,
        anomalies: grid.settings.anomalies.len() - 1,
        seed: 0,
        fold: 0,
        detector: 0,
        arm: 0,
    };
    let train = grid.rows(&first)?.train;
    let encoder = Encoder::fit(grid.settings.networks.encode, &task.data, &train)?;
    let (numbers, codes) = encoder.imputed(&task.data, &train)?;
    let rows = Rows::mixed(&numbers, width, &codes, categories)?;
    let seed = grid.seed(&first);
    let made = balance(task, &settings, &train, &rows, seed)?;
    let classes = classes(task, &train);
    let strata = Strata {
        classes: &classes,
        names: task.class_names(),
    };
    let projection = project(&rows, strata, &made.balanced, seed, &|_| ())?;
    let counts = task.counts(&train);
    Ok(projection.map(|projection| TableProjection {
        table: task.name(),
        arm: arm.into(),
        classes: class_counts(task.class_names(), &counts, &made.balanced),
        numeric: width,
        categorical: categories,
        seed,
        projection,
    }))
}

fn class_counts(names: &[String], counts: &[usize], balanced: &Balanced) -> Vec<ClassCount> {
    let made = |class: usize| {
        let own = balanced.made.iter().filter(|m| m.class as usize == class);
        own.map(|m| m.recipe.len()).sum::<usize>()
    };
    let classes = names.iter().zip(counts).enumerate();
    let count = |(class, (name, &before)): (usize, (&String, &usize))| ClassCount {
        name: name.clone(),
        before,
        made: made(class),
        removed: 0,
    };
    classes.map(count).collect()
}
