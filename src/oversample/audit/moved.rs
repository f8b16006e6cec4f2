//! How far the columns of a class moved: its real rows against its real and synthetic rows together.
//!
//! ```text
//! number:    D = sup |F_real − F_all|      (Kolmogorov 1933, Smirnov 1939),
//!            shift = (mean_all − mean_real) / sd_real,   ratio = sd_all / sd_real
//! category:  D = ½ Σ |p_real − p_all|      (total variation)
//! ```
//!
//! F_all = (1 − w) F_real + w F_synthetic for the share w of synthetic rows, so that samples of either are enough.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::nearest::percentiles;
use super::sample::{Sample, picks};
use super::{Grown, REAL_ROWS};
use crate::oversample::deviation::median;
use crate::oversample::rows::{Real, Rows};

/// Columns that are listed, over all classes.
const LISTED: usize = 20;

/// How far the columns of all classes that grew moved.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Moved {
    /// Columns compared, counted for each class.
    pub compared: usize,
    /// The 20 largest moves, largest first.
    pub largest: Vec<Move>,
    /// What became of the spread of each class that grew.
    pub spreads: Vec<Spread>,
}

/// A column of either kind, counted from 0 among its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AuditedColumn {
    /// A numeric column.
    Number(usize),
    /// A categorical column.
    Category(usize),
}

/// How far one column of one class moved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Move {
    /// The class.
    pub class: u32,
    /// The column.
    pub column: AuditedColumn,
    /// D, in [0, 1].
    pub distance: f64,
    /// The shift of the mean in standard deviations of the real rows; `None` for categories and constant columns.
    pub shift: Option<f64>,
    /// The ratio of the standard deviations; `None` as for the shift.
    pub ratio: Option<f64>,
    /// The 0th to 100th percentile of the real rows; empty for categories.
    pub real: Vec<f64>,
    /// The same of real and synthetic rows together.
    pub all: Vec<f64>,
}

/// What became of the spread of one class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// The class.
    pub class: u32,
    /// Its real rows, and how many of them were looked at.
    pub real: [usize; 2],
    /// Its synthetic rows, and how many of them were looked at.
    pub synthetic: [usize; 2],
    /// Numeric columns whose standard deviation fell by more than 1 %.
    pub narrower: usize,
    /// Numeric columns whose standard deviation rose by more than 1 %.
    pub wider: usize,
    /// Numeric columns that varied in the real rows.
    pub numbers: usize,
    /// The median ratio of standard deviations over the numeric columns that varied.
    pub ratio: Option<f64>,
    /// The largest D of its columns.
    pub largest: f64,
}

impl Moved {
    /// Compares the columns of one class.
    pub(super) fn add<T: Real>(&mut self, rows: &Rows<'_, T>, grown: &Grown<'_, T>, seed: u64) {
        let chosen = picks(
            grown.members.len(),
            REAL_ROWS,
            seed,
            "audit moved",
            grown.class,
        );
        let chosen: Vec<usize> = chosen
            .into_iter()
            .map(|i| grown.members[i] as usize)
            .collect();
        let share = grown.made as f64 / (grown.made + grown.members.len()) as f64;
        let number = |j| of_numbers(grown.class, j, rows, &chosen, &grown.synthetic, share);
        let category = |j| of_categories(grown.class, j, rows, &chosen, &grown.synthetic, share);
        let numbers = (0..rows.width()).map(number);
        let mut moves: Vec<Move> = numbers
            .chain((0..rows.categories()).map(category))
            .collect();
        let ratios: Vec<f64> = moves.iter().filter_map(|m| m.ratio).collect();
        self.compared += moves.len();
        self.spreads.push(Spread {
            class: grown.class,
            real: [grown.members.len(), chosen.len()],
            synthetic: [grown.made, grown.synthetic.len()],
            narrower: ratios.iter().filter(|r| **r < 0.99).count(),
            wider: ratios.iter().filter(|r| **r > 1.01).count(),
            numbers: ratios.len(),
            ratio: (!ratios.is_empty()).then(|| median(ratios)),
            largest: moves.iter().map(|m| m.distance).fold(0.0, f64::max),
        });
        self.largest.append(&mut moves);
        self.keep_largest();
    }

    /// Keeps the largest moves.
    fn keep_largest(&mut self) {
        let key = |m: &Move| (m.class, m.column);
        self.largest
            .sort_by(|a, b| b.distance.total_cmp(&a.distance).then(key(a).cmp(&key(b))));
        self.largest.truncate(LISTED);
    }
}

fn of_numbers<T: Real>(
    class: u32,
    j: usize,
    rows: &Rows<'_, T>,
    chosen: &[usize],
    synthetic: &Sample<T>,
    share: f64,
) -> Move {
    let real = sorted(chosen.iter().map(|&i| rows.numbers(i)[j].to_f64()));
    let made = sorted((0..synthetic.len()).map(|i| synthetic.numbers(i)[j].to_f64()));
    let ((mean, sd), (made_mean, made_sd)) = (moments(&real), moments(&made));
    let shift = share * (made_mean - mean) / sd;
    // Variances add as within and between the two kinds of rows, in units of sd.
    let within = (1.0 - share) + share * (made_sd / sd).powi(2);
    let between = share * (1.0 - share) * ((made_mean - mean) / sd).powi(2);
    let finite = |x: f64| (sd > 0.0 && x.is_finite()).then_some(x);
    let weigh = |values: &[f64], share: f64| -> Vec<(f64, f64)> {
        let weight = share / values.len().max(1) as f64;
        values.iter().map(|&v| (v, weight)).collect()
    };
    let mut all = weigh(&real, 1.0 - share);
    all.extend(weigh(&made, share));
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    Move {
        class,
        column: AuditedColumn::Number(j),
        distance: share * kolmogorov_smirnov(&real, &made),
        shift: finite(shift),
        ratio: finite((within + between).sqrt()),
        real: percentiles(&weigh(&real, 1.0)),
        all: percentiles(&all),
    }
}

fn of_categories<T: Real>(
    class: u32,
    j: usize,
    rows: &Rows<'_, T>,
    chosen: &[usize],
    synthetic: &Sample<T>,
    share: f64,
) -> Move {
    let mut counts: BTreeMap<u32, [usize; 2]> = BTreeMap::new();
    for &i in chosen {
        counts.entry(rows.codes(i)[j]).or_default()[0] += 1;
    }
    for i in 0..synthetic.len() {
        counts.entry(synthetic.codes(i)[j]).or_default()[1] += 1;
    }
    // In whole numbers, so that equal shares differ by nothing.
    let [n, m] = [chosen.len() as u64, synthetic.len() as u64];
    let apart = |[a, b]: &[usize; 2]| (*a as u64 * m).abs_diff(*b as u64 * n);
    let apart: u64 = counts.values().map(apart).sum();
    Move {
        class,
        column: AuditedColumn::Category(j),
        distance: share * 0.5 * apart as f64 / (n * m).max(1) as f64,
        shift: None,
        ratio: None,
        real: Vec::new(),
        all: Vec::new(),
    }
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

/// Mean and population standard deviation, the latter exactly 0 for equal values.
fn moments(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let Some(&first) = values.first() else {
        return (0.0, 0.0);
    };
    let shift = values.iter().map(|v| v - first).sum::<f64>() / n;
    let squares = values.iter().map(|v| (v - first - shift).powi(2));
    (first + shift, (squares.sum::<f64>() / n).sqrt())
}

/// sup |F − G| of two samples in ascending order.
fn kolmogorov_smirnov(a: &[f64], b: &[f64]) -> f64 {
    let (mut i, mut j, mut most) = (0, 0, 0.0f64);
    while let (Some(&x), Some(&y)) = (a.get(i), b.get(j)) {
        let value = x.min(y);
        i += a[i..].iter().take_while(|v| **v <= value).count();
        j += b[j..].iter().take_while(|v| **v <= value).count();
        most = most.max((i as f64 / a.len() as f64 - j as f64 / b.len() as f64).abs());
    }
    most
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::oversample::audit::Coverage;
    use crate::oversample::audit::tests::halves;
    use crate::oversample::settings::Settings;

    #[test]
    fn the_largest_gap_of_two_steps() {
        assert_eq!(kolmogorov_smirnov(&[1.0, 2.0, 3.0], &[1.0, 2.0, 3.0]), 0.0);
        assert_eq!(kolmogorov_smirnov(&[1.0, 2.0], &[3.0, 4.0]), 1.0);
        assert_eq!(kolmogorov_smirnov(&[3.0, 4.0], &[1.0, 2.0]), 1.0);
        // At 2: 2/4 against 3/4 below; ties count on both sides.
        assert_eq!(
            kolmogorov_smirnov(&[1.0, 2.0, 3.0, 4.0], &[2.0, 2.0, 2.0, 9.0]),
            0.25
        );
    }

    #[test]
    fn moves_computed_by_hand() {
        // Class 1 holds 0, 2, 4, 6 and in the second column 5; half-way rows 1, 1, 5, 5 join it.
        let numbers = [9.0, 9.0, 0.0, 5.0, 2.0, 5.0, 4.0, 5.0, 6.0, 5.0];
        let codes = [0, 0, 0, 1, 1];
        let rows = Rows::mixed(&numbers, 2, &codes, 1).unwrap();
        let pairs = [(1, 2), (1, 2), (3, 4), (4, 3)];
        let settings = Settings::default();
        let audit = halves(&rows, &[0, 1, 1, 1, 1], &pairs, &settings, Coverage::Whole).unwrap();
        let moved = audit.moved;
        assert_eq!((moved.compared, moved.largest.len()), (3, 3));
        let of = |column| moved.largest.iter().find(|m| m.column == column).unwrap();
        let first = of(AuditedColumn::Number(0));
        // F_real and F_synthetic differ by 1/4 at most; half of the rows are synthetic.
        assert!((first.distance - 0.125).abs() < 1e-12);
        assert_eq!(first.shift, Some(0.0));
        // Variances 5 and (5 + 4) / 2.
        assert!((first.ratio.unwrap() - (4.5f64 / 5.0).sqrt()).abs() < 1e-12);
        assert_eq!(
            (first.real[0], first.real[50], first.real[100]),
            (0.0, 2.0, 6.0)
        );
        assert_eq!(
            (first.all[0], first.all[50], first.all[51]),
            (0.0, 2.0, 4.0)
        );
        let constant = of(AuditedColumn::Number(1));
        assert_eq!(
            (constant.distance, constant.shift, constant.ratio),
            (0.0, None, None)
        );
        // Own rows 1, 1, 3, 4: codes 0, 0, 1, 1 as in the real rows.
        assert_eq!(of(AuditedColumn::Category(0)).distance, 0.0);
        let spread = &moved.spreads[0];
        assert_eq!((spread.narrower, spread.wider, spread.numbers), (1, 0, 1));
        assert_eq!((spread.real, spread.synthetic), ([4, 4], [4, 4]));
    }

    #[test]
    fn shifts_and_categories_that_move() {
        let codes = [0, 1, 1, 2, 2];
        let numbers = [0.0, 1.0, 1.0, 3.0, 3.0];
        let rows = Rows::mixed(&numbers, 1, &codes, 1).unwrap();
        let settings = Settings::default();
        let audit = halves(
            &rows,
            &[0, 1, 1, 1, 1],
            &[(4, 4); 12],
            &settings,
            Coverage::Whole,
        );
        let moved = audit.unwrap().moved;
        // 12 rows of code 2 beside 2 and 2: shares 2/16 and 14/16 instead of a half each.
        assert_eq!(moved.largest[0].column, AuditedColumn::Number(0));
        assert_eq!(moved.largest[1].column, AuditedColumn::Category(0));
        assert!((moved.largest[1].distance - 0.375).abs() < 1e-12);
        // The mean goes from 2 to 2.75, and the deviation is 1.
        assert!((moved.largest[0].shift.unwrap() - 0.75).abs() < 1e-12);
        let ratio = (4.0 * 0.125 * 0.875f64).sqrt();
        assert!((moved.largest[0].ratio.unwrap() - ratio).abs() < 1e-12);
    }
}
