//! The support vectors of a classifier of the rows: what SVM-SMOTE starts from.
//!
//! ```text
//! K(x, y) = exp(−γ‖x − y‖²),  γ = 1/(d·Var X),  C = 1,  one class against one
//! ```
//!
//! Var X is that of all numbers of the table together (scikit-learn's `gamma="scale"`). Columns are not standardised;
//! their means are taken off, which changes no difference and keeps the kernel exact under large offsets.

use libsvm_rs::train::svm_train;
use libsvm_rs::{KernelType, SvmNode, SvmParameter, SvmProblem, SvmType, check_parameter};

use super::rows::{Real, Rows};
use crate::error::{Error, Result};
use crate::split::Strata;

/// Kernel rows kept while the classifier is trained, in MB.
const CACHE: f64 = 200.0;

/// The support vectors of an RBF classifier of all classes (C = 1, γ = 1/(d·Var X)), as row numbers, ascending.
///
/// Training is by LIBSVM's algorithm (Chang and Lin 2011) on one thread. It takes time in proportion to the square of
/// the rows or more, and cannot be stopped: at 10,000 rows seconds, at 100,000 minutes to hours.
///
/// ```
/// use candle_mixup::oversample::{Rows, support_vectors};
/// use candle_mixup::split::Strata;
///
/// let rows = Rows::numeric(&[0.0, 1.0, 2.0, 8.0, 9.0, 10.0], 1)?;
/// let strata = Strata { classes: &[0, 0, 0, 1, 1, 1], names: &["low".into(), "high".into()] };
/// assert_eq!(support_vectors(&rows, strata)?, [0, 2, 3, 5]); // scikit-learn's, too
/// # Ok::<(), candle_mixup::Error>(())
/// ```
///
/// # Errors
/// [`Error::Shape`] if rows and classes differ in number, [`Error::Data`] for fewer than two classes or where γ is not
/// finite: all numbers of the table are equal, or so large that their squares are infinite.
pub fn support_vectors<T: Real>(rows: &Rows<'_, T>, strata: Strata<'_>) -> Result<Vec<u32>> {
    if rows.len() != strata.classes.len() {
        return Err(Error::Shape {
            what: "classes".into(),
            expected: format!("one for each of the {} rows", rows.len()),
            got: strata.classes.len().to_string(),
        });
    }
    // Class by class, as scikit-learn hands them over: the path of the solver depends on the order.
    let mut order: Vec<u32> = (0..rows.len() as u32).collect();
    order.sort_by_key(|&i| strata.classes[i as usize]);
    let labels: Vec<f64> = order
        .iter()
        .map(|&i| f64::from(strata.classes[i as usize]))
        .collect();
    if labels.first() == labels.last() {
        return Err(Error::Data("a classifier needs rows of two classes".into()));
    }
    let problem = SvmProblem {
        instances: instances(rows, &order),
        labels,
    };
    let settings = SvmParameter {
        svm_type: SvmType::CSvc,
        kernel_type: KernelType::Rbf,
        gamma: gamma(rows)?,
        c: 1.0,
        cache_size: CACHE,
        ..SvmParameter::default()
    };
    check_parameter(&problem, &settings).map_err(|e| Error::Data(e.to_string()))?;
    libsvm_rs::set_quiet(true);
    let model = svm_train(&problem, &settings);
    let mut support: Vec<u32> = model.sv_indices.iter().map(|&i| order[i - 1]).collect();
    support.sort_unstable();
    Ok(support)
}

/// The rows in `order`, less the means of their columns.
fn instances<T: Real>(rows: &Rows<'_, T>, order: &[u32]) -> Vec<Vec<SvmNode>> {
    let mut means = vec![0.0; rows.width()];
    for i in 0..rows.len() {
        for (mean, x) in means.iter_mut().zip(rows.numbers(i)) {
            *mean += x.to_f64() / rows.len() as f64;
        }
    }
    let node = |(j, (x, mean)): (usize, (&T, &f64))| SvmNode {
        index: j as i32 + 1,
        value: x.to_f64() - mean,
    };
    order
        .iter()
        .map(|&i| {
            let row = rows.numbers(i as usize).iter();
            row.zip(&means).enumerate().map(node).collect()
        })
        .collect()
}

/// 1/(d·Var X), in two passes.
fn gamma<T: Real>(rows: &Rows<'_, T>) -> Result<f64> {
    let all = || {
        (0..rows.len())
            .flat_map(|i| rows.numbers(i))
            .map(|x| x.to_f64())
    };
    let count = (rows.len() * rows.width()) as f64;
    let first = all().next().unwrap_or(0.0);
    let mean = all().map(|x| (x - first) / count).sum::<f64>();
    let variance = all()
        .map(|x| (x - first - mean).powi(2) / count)
        .sum::<f64>();
    let gamma = 1.0 / (rows.width() as f64 * variance);
    if gamma.is_finite() && gamma > 0.0 {
        return Ok(gamma);
    }
    Err(Error::Data(format!(
        "the kernel of a support vector classifier needs numbers that differ: their variance must be positive and finite, got {variance}"
    )))
}
