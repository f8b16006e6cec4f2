//! Paired differences: interval, p-value, adjustment for many arms, and the power of it all.
//!
//! ```text
//! d̄ ± t(0.975, n−1)·s·√(1/n + r)  paired t-interval: r = 0 (Student 1908), or test by training rows of a run where
//!                                 runs share training rows (Nadeau and Bengio 2003, section 4)
//! p̃(i) = max over j ≤ i of min(1, (m−j+1)·p(j))   with p(1) ≤ … ≤ p(m)   (Holm 1979)
//! ```

use statrs::distribution::{ContinuousCDF, StudentsT};
use statrs::function::{erf::erfc, gamma::ln_gamma};

/// The two-sided level of every interval and test: 5 %.
pub const LEVEL: f64 = 0.05;

/// The power at which a difference counts as detectable: 80 % (Cohen 1988).
pub const POWER: f64 = 0.8;

/// Spreads below this share of the values themselves are rounding, not variation.
const ROUNDING: f64 = 1e-12;

/// The arithmetic mean; `None` for no values or one that is not finite.
pub fn mean(values: &[f64]) -> Option<f64> {
    let usable = !values.is_empty() && values.iter().all(|v| v.is_finite());
    usable.then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// The sample standard deviation (n − 1 below the line); `None` for fewer than two values or one that is not finite.
pub fn standard_deviation(values: &[f64]) -> Option<f64> {
    let centre = mean(values).filter(|_| values.len() > 1)?;
    let squares: f64 = values.iter().map(|v| (v - centre).powi(2)).sum();
    Some((squares / (values.len() - 1) as f64).sqrt())
}

/// What paired differences say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Paired {
    /// Their mean.
    pub difference: f64,
    /// The 95 % t-interval of the mean; `None` for one difference, or where all are the same.
    pub ci95: Option<[f64; 2]>,
    /// Two-sided p-value of the paired t-test; `None` as above.
    pub p_value: Option<f64>,
    /// The true difference that this many pairs with this spread would show, at the 5 % level for one comparison on
    /// its own, in 80 % of repetitions; `None` as above.
    pub detectable: Option<f64>,
}

/// The paired t-test on `differences`; `None` for no difference or one that is not finite.
///
/// `test_share_ratio`, finite and 0 or more, is 0 for independent pairs. Where pairs come from resampling, as folds do,
/// they share training rows and vary together; it is then test rows by training rows of one run, and the variance of
/// the mean is taken as (1/n + ratio)·s² (Nadeau and Bengio 2003, "Inference for the generalization error", section 4;
/// Bouckaert and Frank 2004 for folds repeated over seeds).
///
/// Where all differences are equal there is no spread to judge by: a test on it would call any difference certain, so
/// there is no interval and no p-value.
pub fn paired(differences: &[f64], test_share_ratio: f64) -> Option<Paired> {
    let difference = mean(differences)?;
    let n = differences.len();
    let largest = differences.iter().fold(0f64, |m, d| m.max(d.abs()));
    let spread = standard_deviation(differences).filter(|s| *s > ROUNDING * largest);
    let Some(spread) = spread else {
        return Some(Paired {
            difference,
            ci95: None,
            p_value: None,
            detectable: None,
        });
    };
    let error = spread * (1.0 / n as f64 + test_share_ratio).sqrt();
    let t = students_t(n);
    let half = critical(n) * error;
    Some(Paired {
        difference,
        ci95: Some([difference - half, difference + half]),
        p_value: Some((2.0 * t.sf((difference / error).abs())).min(1.0)),
        detectable: detectable_errors(n).map(|errors| errors * error),
    })
}

/// Holm's step-down adjustment (Holm 1979) of the p-values that there are; `None` stays `None` and is not counted.
pub fn holm(p_values: &[Option<f64>]) -> Vec<Option<f64>> {
    let mut order: Vec<(f64, usize)> = p_values
        .iter()
        .enumerate()
        .filter_map(|(i, p)| p.map(|p| (p, i)))
        .collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0));
    let count = order.len();
    let mut adjusted = vec![None; p_values.len()];
    let mut floor = 0f64;
    for (rank, (p, i)) in order.into_iter().enumerate() {
        floor = floor.max(((count - rank) as f64 * p).min(1.0));
        adjusted[i] = Some(floor);
    }
    adjusted
}

/// The detectable difference of `n` independent pairs, in standard deviations of a difference; `None` for fewer than
/// two.
///
/// It is δ/√n for the δ at which the two-sided 5 % t-test on n − 1 degrees of freedom has 80 % power: the test
/// statistic then follows the non-central t distribution with non-centrality δ (Johnson, Kotz and Balakrishnan 1995,
/// chapter 31), taken exactly and not by a normal approximation, which promises far too much for few seeds.
pub fn detectable_factor(n: usize) -> Option<f64> {
    detectable_errors(n).map(|delta| delta / (n as f64).sqrt())
}

/// The δ of [`detectable_factor`]: the detectable difference in standard errors of the mean, however these come about.
fn detectable_errors(n: usize) -> Option<f64> {
    if n < 2 {
        return None;
    }
    let critical = critical(n);
    let (mut low, mut high) = (0.0, 1.0);
    while power(n, critical, high) < POWER {
        high *= 2.0;
    }
    for _ in 0..50 {
        let middle = 0.5 * (low + high);
        match power(n, critical, middle) < POWER {
            true => low = middle,
            false => high = middle,
        }
    }
    Some(high)
}

/// P(|T| > critical) for the non-central t of n − 1 degrees of freedom ν and non-centrality δ.
///
/// ```text
/// T = (Z + δ)/S,  S² = χ²(ν)/ν:   P = 1 − ∫ [Φ(c·s − δ) − Φ(−c·s − δ)]·f(s) ds
/// f(s) = 2·(ν/2)^(ν/2)/Γ(ν/2)·s^(ν−1)·e^(−ν·s²/2)
/// ```
fn power(n: usize, critical: f64, delta: f64) -> f64 {
    let freedom = (n - 1) as f64;
    let scale = 2f64.ln() + 0.5 * freedom * (0.5 * freedom).ln() - ln_gamma(0.5 * freedom);
    let accepted = |s: f64| {
        // 0⁰ at s = 0 with one degree of freedom is 1.
        let power_of_s = match freedom {
            1.0 => 1.0,
            _ => s.powf(freedom - 1.0),
        };
        let density = (scale - 0.5 * freedom * s * s).exp() * power_of_s;
        (normal(critical * s - delta) - normal(-critical * s - delta)) * density
    };
    // S lies around 1 with a standard deviation of about 1/√(2ν).
    let reach = 8.0 / freedom.sqrt();
    1.0 - simpson(accepted, (1.0 - reach).max(0.0), 1.0 + reach)
}

/// ∫ f over [from, to] by Simpson's rule on 800 steps.
pub(super) fn simpson(f: impl Fn(f64) -> f64, from: f64, to: f64) -> f64 {
    const HALVES: usize = 400;
    let step = (to - from) / (2 * HALVES) as f64;
    let inner: f64 = (1..2 * HALVES)
        .map(|i| [2.0, 4.0][i % 2] * f(from + i as f64 * step))
        .sum();
    (f(from) + inner + f(to)) * step / 3.0
}

/// Φ, the distribution function of the standard normal.
pub(super) fn normal(x: f64) -> f64 {
    0.5 * erfc(-x / std::f64::consts::SQRT_2)
}

/// t(0.975, n − 1).
fn critical(n: usize) -> f64 {
    students_t(n).inverse_cdf(1.0 - LEVEL / 2.0)
}

fn students_t(n: usize) -> StudentsT {
    StudentsT::new(0.0, 1.0, (n - 1) as f64).expect("one or more degrees of freedom are in range")
}
