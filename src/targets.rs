//! Targets, which are always soft inside: `[rows, classes]` for classes, `[rows, values]` for numbers.
//!
//! ```text
//! smoothed[c]     = (1 − s)·target[c] + s/C
//! mixed_target[r] = label_weight[r]·y[own[r]] + (1 − label_weight[r])·y[partner[r]]
//! ```
//!
//! Both are linear on distributions, so smooth-then-mix is mix-then-smooth.

use candle_core::{Device, Tensor};

use crate::blend::mix;
use crate::error::{Error, Result};
use crate::pairs::Pairs;
use crate::plan::Blend;

/// Class numbers as f32 rows `[labels.len(), classes]` with a 1 at the class.
///
/// # Errors
/// [`Error::Data`] for a label that is not below `classes`.
pub fn one_hot(labels: &[u32], classes: usize, device: &Device) -> Result<Tensor> {
    let mut rows = vec![0f32; labels.len() * classes];
    for (r, &label) in labels.iter().enumerate() {
        if label as usize >= classes {
            return Err(Error::Data(format!(
                "the label of row {r} must be below {classes} classes, got {label}"
            )));
        }
        rows[r * classes + label as usize] = 1.0;
    }
    Ok(Tensor::from_vec(rows, (labels.len(), classes), device)?)
}

/// Distributions `[rows, classes]` with the share `s` spread evenly over all classes (Szegedy et al. 2016, section 7):
/// a one-hot row becomes 1 − s + s/C at its class and s/C elsewhere. `s` = 0 changes nothing.
///
/// # Errors
/// [`Error::Setting`] for `s` outside [0, 1], [`Error::Shape`] for targets of another rank.
pub fn smooth(targets: &Tensor, s: f64) -> Result<Tensor> {
    let classes = columns(targets)?;
    if !(0.0..=1.0).contains(&s) {
        return Err(Error::setting("smoothing", "within [0, 1]", s));
    }
    if s == 0.0 {
        return Ok(targets.clone());
    }
    Ok(targets.affine(1.0 - s, s / classes as f64)?)
}

/// Distributions `[rows, classes]` with a share for each class, ε, spread evenly over all classes: label-aware smoothing
/// (Zhong et al. 2021). It is linear in the targets, so it may come before or after mixing.
///
/// # Errors
/// [`Error::Shape`] unless there is one ε a class and targets have rank 2.
pub fn smooth_by_class(targets: &Tensor, epsilon: &[f64]) -> Result<Tensor> {
    let classes = columns(targets)?;
    if epsilon.len() != classes {
        return Err(Error::Shape {
            what: "smoothing by class".into(),
            expected: format!("{classes} numbers, one a class"),
            got: epsilon.len().to_string(),
        });
    }
    let row = Tensor::from_slice(epsilon, (1, classes), &Device::Cpu)?
        .to_dtype(targets.dtype())?
        .to_device(targets.device())?;
    let given = targets.broadcast_mul(&row)?;
    let spread = (given.sum_keepdim(1)? / classes as f64)?;
    Ok(targets.sub(&given)?.broadcast_add(&spread)?)
}

/// Targets `[n, c]` mixed by the label weights of `pairs`: `[pairs.len(), c]`, floats of the same dtype.
///
/// ```
/// use candle_core::Device;
/// use candle_mixup::{Pairs, mix_targets, one_hot};
///
/// let y = one_hot(&[0, 2], 3, &Device::Cpu)?;
/// let pairs = Pairs::new(vec![0, 1], vec![1, 0], vec![0.5, 0.5], vec![0.75, 1.0])?;
/// assert_eq!(mix_targets(&y, &pairs)?.to_vec2::<f32>()?, [[0.75, 0., 0.25], [0., 0., 1.]]);
/// # Ok::<(), candle_mixup::Error>(())
/// ```
///
/// # Errors
/// [`Error::Pairs`] for a row that there is not, [`Error::Shape`] for targets of another rank, [`Error::Unsupported`]
/// for integers.
pub fn mix_targets(targets: &Tensor, pairs: &Pairs) -> Result<Tensor> {
    columns(targets)?;
    let by_label = Pairs::new(
        pairs.own().to_vec(),
        pairs.partner().to_vec(),
        pairs.label_weight().to_vec(),
        pairs.label_weight().to_vec(),
    )?;
    mix(targets, &by_label, &Blend::Linear)
}

fn columns(targets: &Tensor) -> Result<usize> {
    match *targets.dims() {
        [_, columns] => Ok(columns),
        ref dims => Err(Error::Shape {
            what: "targets".into(),
            expected: "[rows, classes]".into(),
            got: format!("{dims:?}"),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(t: &Tensor) -> Vec<Vec<f32>> {
        t.to_vec2().expect("f32 rows")
    }

    #[test]
    fn labels_become_rows() {
        let y = one_hot(&[1, 0], 2, &Device::Cpu).expect("labels are below 2");
        assert_eq!(rows(&y), [[0., 1.], [1., 0.]]);
        let error = one_hot(&[1, 2], 2, &Device::Cpu).expect_err("2 is not below 2");
        assert_eq!(
            error.to_string(),
            "the label of row 1 must be below 2 classes, got 2"
        );
    }

    #[test]
    fn smoothing_spreads_its_share() {
        let y = one_hot(&[1, 3], 4, &Device::Cpu).expect("labels");
        let off = 0.2f32 / 4.0;
        let on = 1.0 - 0.2 + off;
        let smoothed = rows(&smooth(&y, 0.2).expect("0.2 is a share"));
        assert_eq!(smoothed, [[off, on, off, off], [off, off, off, on]]);
        assert_eq!(rows(&smooth(&y, 0.0).expect("0 is a share")), rows(&y));
        for s in [-0.1, 1.5, f64::NAN] {
            let error = smooth(&y, s).expect_err("not a share").to_string();
            assert_eq!(error, format!("smoothing must be within [0, 1], got {s}"));
        }
    }

    #[test]
    fn smoothing_and_mixing_commute() {
        let y = one_hot(&[0, 2, 1], 3, &Device::Cpu).expect("labels");
        let w = vec![0.3, 1.0, 0.9];
        let pairs = Pairs::new(vec![0, 1, 2], vec![1, 2, 0], w.clone(), w).expect("pairs");
        let one = mix_targets(&smooth(&y, 0.1).expect("share"), &pairs).expect("mixed");
        let other = smooth(&mix_targets(&y, &pairs).expect("mixed"), 0.1).expect("share");
        for (a, b) in rows(&one).concat().iter().zip(rows(&other).concat()) {
            assert!((a - b).abs() < 1e-6, "{a} {b}");
        }
        for row in rows(&one) {
            assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-6);
        }
    }

    #[test]
    fn smoothing_by_class_is_linear_and_refuses_other_widths() {
        let y = one_hot(&[0, 2, 1], 3, &Device::Cpu).expect("labels");
        let epsilon = [0.4, 0.2, 0.1];
        let smoothed = rows(&smooth_by_class(&y, &epsilon).expect("three classes"));
        for (row, (&label, e)) in smoothed
            .iter()
            .zip([0, 2, 1].iter().zip([0.4f32, 0.1, 0.2]))
        {
            for (c, &value) in row.iter().enumerate() {
                let on = if c == label { 1.0 - e } else { 0.0 };
                assert!((value - on - e / 3.0).abs() < 1e-6, "{value}");
            }
        }
        let w = vec![0.3, 1.0, 0.9];
        let pairs = Pairs::new(vec![0, 1, 2], vec![1, 2, 0], w.clone(), w).expect("pairs");
        let smooth = |y: &Tensor| smooth_by_class(y, &epsilon).expect("three classes");
        let first = mix_targets(&smooth(&y), &pairs).expect("mixed");
        let last = smooth(&mix_targets(&y, &pairs).expect("mixed"));
        for (a, b) in rows(&first).concat().iter().zip(rows(&last).concat()) {
            assert!((a - b).abs() < 1e-6, "{a} {b}");
        }
        let error = smooth_by_class(&y, &[0.1])
            .expect_err("one number")
            .to_string();
        assert_eq!(
            error,
            "smoothing by class: expected 3 numbers, one a class, got 1"
        );
    }

    #[test]
    fn the_label_weight_counts_and_not_the_weight() {
        let y = one_hot(&[0, 1], 2, &Device::Cpu).expect("labels");
        let pairs =
            Pairs::new(vec![0, 1], vec![1, 0], vec![0.5; 2], vec![1.0, 0.25]).expect("pairs");
        let mixed = mix_targets(&y, &pairs).expect("mixed");
        assert_eq!(rows(&mixed), [[1., 0.], [0.75, 0.25]]);
    }

    #[test]
    fn other_ranks_are_refused() {
        let y = Tensor::new(&[1f32, 0.], &Device::Cpu).expect("a row");
        for error in [
            smooth(&y, 0.1).expect_err("rank 1"),
            mix_targets(&y, &Pairs::identity(2)).expect_err("rank 1"),
        ] {
            assert_eq!(
                error.to_string(),
                "targets: expected [rows, classes], got [2]"
            );
        }
    }
}
