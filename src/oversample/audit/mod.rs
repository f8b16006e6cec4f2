//! What oversampling did to a table, in numbers: where the new rows lie, how near to real ones, and what moved.
//!
//! Everything is computed from samples of stated size, drawn from the seed of the settings: beside them, memory holds row
//! numbers and never a copy of the table. The samples, and so the numbers, are the same at any thread count.

mod eigen;
mod moved;
mod nearest;
mod projection;
mod sample;
mod search;

use serde::{Deserialize, Serialize};

use super::engine::{Balanced, Made};
use super::neighbours::Progress;
use super::rows::{Real, Rows};
use super::settings::Settings;
use crate::error::{Error, Result};
use crate::split::Strata;
use sample::{Sample, picks};

pub use moved::{AuditedColumn, Move, Moved, Spread};
pub use nearest::{ClassDistances, Nearest};
pub use projection::{Cloud, Points, Projection};

/// At most so many synthetic rows of a class are looked at.
pub const SYNTHETIC_ROWS: usize = 5_000;

/// At most so many real rows of a class are looked at where columns are compared.
pub const REAL_ROWS: usize = 20_000;

/// Which rows a table in memory holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Coverage {
    /// Those of all classes.
    Whole,
    /// Those of the classes that grew, all of them, and no others.
    GrownClasses,
}

/// What oversampling did to a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Audit {
    /// The seed of the samples.
    pub seed: u64,
    /// Which real rows it was computed from.
    pub coverage: Coverage,
    /// The rows in two dimensions; `None` where no column varies.
    pub projection: Option<Projection>,
    /// How near the rows lie to real ones, for each class that grew.
    pub distances: Vec<ClassDistances>,
    /// How far the columns moved.
    pub moved: Moved,
}

/// One class that grew, with the sample of its synthetic rows.
struct Grown<'a, T> {
    class: u32,
    /// Its real rows, ascending.
    members: &'a [u32],
    /// Synthetic rows in all.
    made: usize,
    synthetic: Sample<T>,
}

/// Looks at what was made of `rows`: `balanced` and `settings` are those of the
/// [`Oversampler`](super::Oversampler). `fit` is what becomes of synthetic numbers, `[rows, width]`, before they are used,
/// such as [`table::fit`](crate::table::fit); `&|_| ()` for nothing.
///
/// # Errors
/// [`Error::Shape`] if rows and classes differ in number, [`Error::Pairs`] if `balanced` was made from other rows,
/// [`Error::Value`] for a number beyond ±1e152, [`Error::Data`] for a class that grew from no row,
/// [`Error::Interrupted`].
pub fn audit<T: Real>(
    rows: &Rows<'_, T>,
    strata: Strata<'_>,
    balanced: &Balanced,
    settings: &Settings,
    coverage: Coverage,
    fit: &dyn Fn(&mut [T]),
    progress: &dyn Progress,
) -> Result<Audit> {
    rows.check_measurable()?;
    let members = by_class(rows, strata)?;
    let mut projection = Projection::begin(rows, &members, &balanced.made, settings.seed);
    let mut distances = Vec::new();
    let mut moved = Moved::default();
    for made in &balanced.made {
        let grown = grown(rows, &members, made, settings.seed, fit)?;
        if let Some(projection) = &mut projection {
            projection.add(&grown);
        }
        let others = (0..).zip(strata.classes).filter(|(_, c)| **c != made.class);
        let others: Option<Vec<u32>> =
            (coverage == Coverage::Whole).then(|| others.map(|(i, _)| i).collect());
        distances.push(nearest::distances(
            rows,
            others.as_deref(),
            &grown,
            settings,
            progress,
        )?);
        moved.add(rows, &grown, settings.seed);
    }
    Ok(Audit {
        seed: settings.seed,
        coverage,
        projection: projection.map(|p| p.projection),
        distances,
        moved,
    })
}

/// The rows in two dimensions and nothing else of an [`audit`]; `None` where no column varies.
///
/// # Errors
/// Those of [`audit`].
pub fn project<T: Real>(
    rows: &Rows<'_, T>,
    strata: Strata<'_>,
    balanced: &Balanced,
    seed: u64,
    fit: &dyn Fn(&mut [T]),
) -> Result<Option<Projection>> {
    rows.check_measurable()?;
    let members = by_class(rows, strata)?;
    let Some(mut projection) = Projection::begin(rows, &members, &balanced.made, seed) else {
        return Ok(None);
    };
    for made in &balanced.made {
        projection.add(&grown(rows, &members, made, seed, fit)?);
    }
    Ok(Some(projection.projection))
}

/// The rows of each class, ascending.
fn by_class<T: Real>(rows: &Rows<'_, T>, strata: Strata<'_>) -> Result<Vec<Vec<u32>>> {
    if rows.len() != strata.classes.len() {
        return Err(Error::Shape {
            what: "classes".into(),
            expected: format!("one for each of the {} rows", rows.len()),
            got: strata.classes.len().to_string(),
        });
    }
    let mut members = vec![Vec::new(); strata.names.len()];
    for (row, &class) in (0..).zip(strata.classes) {
        let class = class as usize;
        if class >= members.len() {
            members.resize(class + 1, Vec::new());
        }
        members[class].push(row);
    }
    Ok(members)
}

fn grown<'a, T: Real>(
    rows: &Rows<'_, T>,
    members: &'a [Vec<u32>],
    made: &Made,
    seed: u64,
    fit: &dyn Fn(&mut [T]),
) -> Result<Grown<'a, T>> {
    let class = made.class;
    let members = members.get(class as usize).map_or(&[][..], Vec::as_slice);
    if members.is_empty() {
        return Err(Error::Data(format!(
            "class {class} grew, but the table holds none of its rows"
        )));
    }
    let count = made.recipe.len();
    let chosen = picks(count, SYNTHETIC_ROWS, seed, "audit synthetic", class);
    Ok(Grown {
        class,
        members,
        made: count,
        synthetic: Sample::of_recipe(&made.recipe, rows, &chosen, fit)?,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(super) mod tests {
    use super::*;
    use crate::pairs::Pairs;

    /// The audit of a table of which rows `own` mixed half and half with `partner` are the new rows of class 1.
    pub fn halves(
        rows: &Rows<'_, f64>,
        classes: &[u32],
        pairs: &[(u32, u32)],
        settings: &Settings,
        coverage: Coverage,
    ) -> Result<Audit> {
        let (own, partner): (Vec<u32>, Vec<u32>) = pairs.iter().copied().unzip();
        let n = own.len();
        let pairs = Pairs::new(own, partner, vec![0.5; n], vec![1.0; n]).unwrap();
        let made = Made {
            class: 1,
            recipe: pairs.into(),
        };
        let balanced = Balanced {
            made: vec![made],
            notes: Vec::new(),
        };
        let names = ["usual", "rare"].map(String::from);
        let strata = Strata {
            classes,
            names: &names,
        };
        audit(rows, strata, &balanced, settings, coverage, &|_| (), &())
    }

    #[test]
    fn wrong_tables_are_errors() {
        let rows = Rows::numeric(&[0.0, 1.0, 2.0], 1).unwrap();
        let settings = Settings::default();
        let shape = halves(&rows, &[0, 1], &[(1, 1)], &settings, Coverage::Whole);
        assert!(matches!(shape, Err(Error::Shape { .. })));
        let none = halves(&rows, &[0, 0, 0], &[(1, 1)], &settings, Coverage::Whole);
        assert!(matches!(none, Err(Error::Data(_))));
        let outside = halves(&rows, &[0, 1, 1], &[(7, 1)], &settings, Coverage::Whole);
        assert!(matches!(outside, Err(Error::Pairs { .. })));
    }

    #[test]
    fn the_same_at_any_thread_count() {
        let numbers: Vec<f64> = (0..9000).map(|i| ((i * i) % 977) as f64).collect();
        let rows = Rows::numeric(&numbers, 3).unwrap();
        let classes: Vec<u32> = (0..3000).map(|i| u32::from(i % 4 == 0)).collect();
        let pairs: Vec<(u32, u32)> = (0..700).map(|i| (4 * i, 4 * (i + 1))).collect();
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            let settings = Settings::default();
            pool.unwrap()
                .install(|| halves(&rows, &classes, &pairs, &settings, Coverage::Whole).unwrap())
        };
        assert_eq!(run(1), run(3));
    }
}
