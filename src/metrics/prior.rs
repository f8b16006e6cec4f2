//! Probabilities of a model that was trained on other class shares than it meets.
//!
//! ```text
//! p'_c = p_c·real_c/trained_c / Σ_k p_k·real_k/trained_k      (Elkan 2001; Saerens, Latinne and Decaestecker 2002)
//! ```

use crate::error::{Error, Result};

/// Corrects `probabilities` `[rows, classes]` in place, from the class shares `trained` to the class shares `real`.
///
/// Rows of a class must look alike in both; only their number may differ, as after oversampling. Shares are one a
/// class and need not sum to 1. Every row sums to 1 afterwards; a class of probability 0 keeps it.
///
/// ```
/// use candle_mixup::metrics::correct_prior;
///
/// let mut p = [0.5, 0.5];
/// correct_prior(&mut p, 2, &[0.5, 0.5], &[0.75, 0.25])?;
/// assert_eq!(p, [0.75, 0.25]);
/// # Ok::<(), candle_mixup::Error>(())
/// ```
///
/// # Errors
/// [`Error::Shape`] for lengths that do not fit, [`Error::Setting`] for a share that is not positive and finite,
/// [`Error::Data`] for a probability that is negative or not finite and for a row of zeros; `probabilities` then stay
/// as they were.
pub fn correct_prior(
    probabilities: &mut [f32],
    classes: usize,
    trained: &[f64],
    real: &[f64],
) -> Result<()> {
    check_shares("trained", classes, trained)?;
    check_shares("real", classes, real)?;
    check_rows(probabilities, classes)?;
    // In logarithms, so that no ratio of shares overflows.
    let shifts = real.iter().zip(trained).map(|(r, t)| r.ln() - t.ln());
    let shifts: Vec<f64> = shifts.collect();
    for row in probabilities.chunks_mut(classes) {
        correct(row, &shifts);
    }
    Ok(())
}

fn correct(row: &mut [f32], shifts: &[f64]) {
    let cells = row.iter().zip(shifts);
    let logs: Vec<f64> = cells.map(|(&p, s)| f64::from(p).ln() + s).collect();
    let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = logs.iter().map(|l| (l - largest).exp()).sum();
    for (p, log) in row.iter_mut().zip(logs) {
        *p = ((log - largest).exp() / sum) as f32;
    }
}

fn check_shares(what: &str, classes: usize, shares: &[f64]) -> Result<()> {
    if classes == 0 || shares.len() != classes {
        return Err(Error::Shape {
            what: format!("{what} shares"),
            expected: format!("one for each of {classes} classes, at least one"),
            got: format!("{} shares", shares.len()),
        });
    }
    match shares.iter().position(|s| !(s.is_finite() && *s > 0.0)) {
        Some(class) => Err(Error::setting(
            format!("{what} share of class {class}"),
            "positive and finite",
            shares[class],
        )),
        None => Ok(()),
    }
}

fn check_rows(probabilities: &[f32], classes: usize) -> Result<()> {
    if !probabilities.len().is_multiple_of(classes) {
        return Err(Error::Shape {
            what: "probabilities to correct".into(),
            expected: format!("rows of {classes}"),
            got: format!("{} values", probabilities.len()),
        });
    }
    for (row, p) in probabilities.chunks(classes).enumerate() {
        if let Some(class) = p.iter().position(|p| !(p.is_finite() && *p >= 0.0)) {
            return Err(Error::Data(format!(
                "probabilities: row {row}, class {class} is {}, and no probability",
                p[class]
            )));
        }
        if p.iter().all(|p| *p == 0.0) {
            let text = format!("probabilities: row {row} is 0 in every class");
            return Err(Error::Data(text));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn corrected(p: &[f32], trained: &[f64], real: &[f64]) -> Vec<f32> {
        let mut p = p.to_vec();
        correct_prior(&mut p, trained.len(), trained, real).expect("sound shares");
        p
    }

    fn near(got: &[f32], wanted: &[f32]) {
        let gaps = got.iter().zip(wanted).map(|(g, w)| (g - w).abs());
        let largest = gaps.fold(0.0, f32::max);
        assert!(largest < 1e-6, "{got:?} {wanted:?}");
    }

    /// One sign x with P(x | class) = 0.2, 0.6, 0.1: Bayes' rule under each set of shares.
    #[test]
    fn bayes_rule_by_hand() {
        let bayes = |shares: &[f64; 3]| {
            let joint: Vec<f64> = shares
                .iter()
                .zip([0.2, 0.6, 0.1])
                .map(|(s, l)| s * l)
                .collect();
            let sum: f64 = joint.iter().sum();
            joint.iter().map(|j| (j / sum) as f32).collect::<Vec<f32>>()
        };
        let (trained, real) = ([0.25, 0.25, 0.5], [0.7, 0.05, 0.25]);
        let row = corrected(&bayes(&trained), &trained, &real);
        near(&row, &bayes(&real));
        // Only the ratios of shares count.
        let counts = real.map(|s| 1000.0 * s);
        near(
            &corrected(&bayes(&trained), &trained, &counts),
            &bayes(&real),
        );
    }

    #[test]
    fn equal_shares_change_nothing_and_the_way_back_undoes_it() {
        let rows = [0.2, 0.5, 0.3, 0.9, 0.05, 0.05, 0.0, 0.0, 1.0];
        let (a, b) = ([0.3, 0.6, 0.1], [0.1, 0.2, 0.7]);
        near(&corrected(&rows, &a, &a), &rows);
        let there = corrected(&rows, &a, &b);
        assert!((there[0] - rows[0]).abs() > 0.01, "{there:?}");
        near(&corrected(&there, &b, &a), &rows);
    }

    #[test]
    fn sure_answers_and_strange_shares_stay_finite() {
        let rows = [0.0, 1.0, 1.0, 0.0];
        assert_eq!(corrected(&rows, &[0.999, 0.001], &[0.001, 0.999]), rows);
        let far = corrected(&[0.0, 1.0, 0.5, 0.5], &[1e-300, 1e300], &[1e300, 1e-300]);
        assert_eq!(far, [0.0, 1.0, 1.0, 0.0]);
    }

    #[test]
    fn what_cannot_be_corrected_is_refused_and_left_alone() {
        let refused = |p: &[f32], classes, trained: &[f64], real: &[f64], text: &str| {
            let mut changed = p.to_vec();
            let error = correct_prior(&mut changed, classes, trained, real);
            let error = error.expect_err("refused").to_string();
            assert!(error.contains(text), "{error}");
            assert!(
                changed
                    .iter()
                    .zip(p)
                    .all(|(a, b)| a.to_bits() == b.to_bits())
            );
        };
        let even = [0.5, 0.5];
        let p = [0.5, 0.5];
        for share in [0.0, -0.5, f64::NAN, f64::INFINITY] {
            refused(&p, 2, &[0.5, share], &even, "trained share of class 1");
            refused(&p, 2, &even, &[share, 0.5], "real share of class 0");
            refused(&p, 2, &even, &[share, 0.5], &share.to_string());
        }
        refused(&p, 2, &[1.0], &even, "trained shares");
        refused(&p, 2, &even, &[1.0], "real shares");
        refused(&p, 0, &[], &[], "at least one");
        refused(&[0.5; 3], 2, &even, &even, "rows of 2");
        refused(
            &[0.4, 0.6, -0.5, 1.5],
            2,
            &even,
            &even,
            "row 1, class 0 is -0.5",
        );
        refused(&[0.4, f32::NAN], 2, &even, &even, "row 0, class 1 is NaN");
        refused(
            &[0.4, 0.6, 0.0, 0.0],
            2,
            &even,
            &even,
            "row 1 is 0 in every class",
        );
    }
}
