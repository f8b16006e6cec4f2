//! Arms over many tables: Friedman's test, Iman and Davenport's F, and Nemenyi's critical difference.
//!
//! ```text
//! χ² = [12/(N·k·(k+1))·Σ R_j² − 3·N·(k+1)] / [1 − Σ(t³ − t)/(N·k·(k²−1))]    R_j the rank sums     (Friedman 1937)
//! F  = (N−1)·χ²/(N·(k−1) − χ²)    on k−1 and (k−1)·(N−1) degrees of freedom            (Iman and Davenport 1980)
//! CD = q(0.05, k)·√(k·(k+1)/(6·N))                                           (Nemenyi 1963; Demšar 2006)
//! ```

use serde::{Deserialize, Serialize};
use statrs::distribution::{ChiSquared, ContinuousCDF, FisherSnedecor};

use super::stats::{LEVEL, normal, simpson};
use crate::error::{Error, Result};
use crate::metrics::Direction;

/// Arms ranked on every table, rank 1 the best, and what can be concluded from it (Demšar 2006, section 3.2).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ranks {
    /// The arms.
    pub names: Vec<String>,
    /// Mean rank of each arm; equal scores share the mean of their ranks.
    pub mean_ranks: Vec<f64>,
    /// Number of tables.
    pub tables: usize,
    /// Friedman's χ², corrected for ties; 0 where all arms are equal on every table.
    pub chi_square: f64,
    /// Its p-value on k − 1 degrees of freedom.
    pub p_value: f64,
    /// Iman and Davenport's F, which is less conservative; `null` where all tables rank alike, as it then is infinite.
    pub f_statistic: Option<f64>,
    /// Its p-value; that of χ² where the F is infinite, which for few tables alone would call any agreement certain.
    pub f_p_value: f64,
    /// Nemenyi's critical difference at 5 %: two mean ranks that lie this far apart or farther differ.
    pub critical_difference: f64,
}

/// Ranks the arms `names` by `scores`, a row a table and a column an arm; `None` for fewer than two arms or tables.
///
/// # Errors
/// [`Error::Shape`] for a row that has not one score an arm, [`Error::Data`] for a score that is not finite: a table on
/// which an arm failed is to be left out, or scored, by the caller.
pub fn ranks(names: &[String], scores: &[Vec<f64>], better: Direction) -> Result<Option<Ranks>> {
    check(names, scores)?;
    if names.len() < 2 || scores.len() < 2 {
        return Ok(None);
    }
    let tables = scores.len() as f64;
    let mut sums = vec![0.0; names.len()];
    let mut ties = 0.0;
    for row in scores {
        let (ranks, tied) = mid_ranks(row, better);
        sums.iter_mut()
            .zip(ranks)
            .for_each(|(sum, rank)| *sum += rank);
        ties += tied;
    }
    let mean_ranks: Vec<f64> = sums.iter().map(|sum| sum / tables).collect();
    Ok(Some(Ranks::of(names, mean_ranks, scores.len(), ties)))
}

impl Ranks {
    /// From mean ranks of two arms or more on two tables or more, and Σ(t³ − t) over all groups of t equal scores.
    fn of(names: &[String], mean_ranks: Vec<f64>, tables: usize, ties: f64) -> Self {
        let (n, k) = (tables as f64, mean_ranks.len() as f64);
        let chi_square = chi_square(&mean_ranks, n, ties);
        // Rounding may put χ² a hair beside its largest value.
        let left = n * (k - 1.0) - chi_square;
        let finite = left > 1e-9 * n * k;
        let f_statistic = finite.then(|| (n - 1.0) * chi_square / left);
        let chi = ChiSquared::new(k - 1.0).expect("two arms or more");
        let fisher = FisherSnedecor::new(k - 1.0, (k - 1.0) * (n - 1.0));
        let fisher = fisher.expect("two arms and two tables or more");
        Self {
            names: names.to_vec(),
            tables,
            chi_square,
            p_value: chi.sf(chi_square),
            f_p_value: f_statistic.map_or(chi.sf(chi_square), |f| fisher.sf(f)),
            f_statistic,
            critical_difference: nemenyi(mean_ranks.len()) * (k * (k + 1.0) / (6.0 * n)).sqrt(),
            mean_ranks,
        }
    }

    /// The arms' indices by mean rank, the best first; equal ones in their own order.
    pub fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.mean_ranks.len()).collect();
        order.sort_by(|&a, &b| self.mean_ranks[a].total_cmp(&self.mean_ranks[b]));
        order
    }

    /// The largest groups of arms whose mean ranks all lie closer than the critical difference: first and last place,
    /// from 0, in [`order`](Self::order). No group lies inside another; an arm alone makes none.
    pub fn cliques(&self) -> Vec<(usize, usize)> {
        let ranks: Vec<f64> = self.order().iter().map(|&a| self.mean_ranks[a]).collect();
        let mut cliques: Vec<(usize, usize)> = Vec::new();
        for (first, rank) in ranks.iter().enumerate() {
            let close = ranks.partition_point(|r| r - rank < self.critical_difference);
            let last = close.saturating_sub(1);
            if last > first && cliques.last().is_none_or(|c| c.1 < last) {
                cliques.push((first, last));
            }
        }
        cliques
    }
}

fn check(names: &[String], scores: &[Vec<f64>]) -> Result<()> {
    for (row, scores) in scores.iter().enumerate() {
        if scores.len() != names.len() {
            return Err(Error::Shape {
                what: format!("scores to rank, row {row}"),
                expected: format!("{} values, one an arm", names.len()),
                got: format!("{} values", scores.len()),
            });
        }
        if let Some(arm) = scores.iter().position(|s| !s.is_finite()) {
            return Err(Error::Data(format!(
                "scores: row {row}, arm '{}' is {}, and cannot be ranked",
                names[arm], scores[arm]
            )));
        }
    }
    Ok(())
}

/// The rank of each score, 1 the best, equal ones sharing their mean; and Σ(t³ − t) over the groups of t equal scores.
fn mid_ranks(scores: &[f64], better: Direction) -> (Vec<f64>, f64) {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| match better {
        Direction::Higher => scores[b].total_cmp(&scores[a]),
        Direction::Lower => scores[a].total_cmp(&scores[b]),
    });
    let mut ranks = vec![0.0; scores.len()];
    let (mut above, mut ties) = (0.0, 0.0);
    for group in order.chunk_by(|&a, &b| scores[a] == scores[b]) {
        let size = group.len() as f64;
        for &arm in group {
            ranks[arm] = above + 0.5 * (size + 1.0);
        }
        above += size;
        ties += size.powi(3) - size;
    }
    (ranks, ties)
}

/// Friedman's statistic in its centred form, which loses no digits.
fn chi_square(mean_ranks: &[f64], tables: f64, ties: f64) -> f64 {
    let k = mean_ranks.len() as f64;
    let middle = 0.5 * (k + 1.0);
    let squares: f64 = mean_ranks.iter().map(|r| (r - middle).powi(2)).sum();
    let distinct = 1.0 - ties / (tables * k * (k * k - 1.0));
    match distinct > 0.0 {
        true => 12.0 * tables / (k * (k + 1.0)) * squares / distinct,
        false => 0.0,
    }
}

/// q(0.05, k): the upper 5 % point of the range of k standard normal values, divided by √2.
fn nemenyi(arms: usize) -> f64 {
    let (mut low, mut high) = (0.0, 2.0);
    while range_below(arms, high) < 1.0 - LEVEL {
        high *= 2.0;
    }
    for _ in 0..50 {
        let middle = 0.5 * (low + high);
        match range_below(arms, middle) < 1.0 - LEVEL {
            true => low = middle,
            false => high = middle,
        }
    }
    high / std::f64::consts::SQRT_2
}

/// P(range of k standard normal values < q) = k·∫ φ(z)·[Φ(z) − Φ(z−q)]^(k−1) dz, z the largest of them.
fn range_below(arms: usize, range: f64) -> f64 {
    let density = |z: f64| (-0.5 * z * z).exp() / std::f64::consts::TAU.sqrt();
    let others = |z: f64| (normal(z) - normal(z - range)).powf((arms - 1) as f64);
    arms as f64 * simpson(|z| density(z) * others(z), -8.0, 8.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(k: usize) -> Vec<String> {
        (0..k).map(|i| format!("arm {i}")).collect()
    }

    fn of(scores: &[&[f64]], better: Direction) -> Ranks {
        let scores: Vec<Vec<f64>> = scores.iter().map(|row| row.to_vec()).collect();
        let ranks = ranks(&names(scores[0].len()), &scores, better);
        ranks.expect("finite").expect("two arms and two tables")
    }

    fn near(got: f64, wanted: f64, gap: f64) {
        assert!((got - wanted).abs() < gap, "got {got}, wanted {wanted}");
    }

    /// Demšar 2006, table 5 (a), to its three digits.
    #[test]
    fn nemenyis_q_is_the_published_one() {
        let table = [
            1.960, 2.343, 2.569, 2.728, 2.850, 2.949, 3.031, 3.102, 3.164,
        ];
        for (k, q) in (2..).zip(table) {
            near(nemenyi(k), q, 0.0011);
        }
        // scipy 1.17.1: stats.studentized_range.ppf(0.95, k, np.inf)/2**.5
        for (k, q) in [
            (3, 2.343701),
            (10, 3.163684),
            (20, 3.543799),
            (50, 3.992343),
        ] {
            near(nemenyi(k), q, 1e-5);
        }
    }

    /// Demšar 2006, section 3.2.2: four arms on 14 data sets, by mean ranks printed to three digits.
    #[test]
    fn demsars_example() {
        let ranks = Ranks::of(&names(4), vec![3.143, 2.000, 2.893, 1.964], 14, 0.0);
        near(ranks.chi_square, 9.28, 0.01);
        near(ranks.f_statistic.expect("finite"), 3.69, 0.01);
        near(ranks.critical_difference, 1.25, 0.01);
        // scipy: stats.chi2.sf(9.28, 3), stats.f.sf(3.69, 3, 39)
        near(ranks.p_value, 0.02579, 2e-4);
        near(ranks.f_p_value, 0.01974, 2e-4);
        assert_eq!(ranks.order(), [3, 1, 2, 0]);
        // Best and worst lie 1.179 apart, so the post-hoc test tells none from another.
        assert_eq!(ranks.cliques(), [(0, 3)]);
    }

    /// scipy 1.17.1: stats.friedmanchisquare(*np.array([[.9,.8,.8],[.7,.7,.6],[.5,.6,.4],[.9,.3,.3]]).T)
    #[test]
    fn ties_are_corrected_for_as_in_scipy() {
        let ranks = of(
            &[
                &[0.9, 0.8, 0.8],
                &[0.7, 0.7, 0.6],
                &[0.5, 0.6, 0.4],
                &[0.9, 0.3, 0.3],
            ],
            Direction::Higher,
        );
        assert_eq!(ranks.mean_ranks, [1.375, 1.875, 2.75]);
        near(ranks.chi_square, 4.769230769230769, 1e-12);
        near(ranks.p_value, 0.09212440522976931, 1e-9);
    }

    #[test]
    fn the_direction_turns_the_ranks() {
        let rows: [&[f64]; 3] = [&[1., 2., 3.], &[1., 3., 2.], &[0., 5., 5.]];
        let higher = of(&rows, Direction::Higher);
        let lower = of(&rows, Direction::Lower);
        for (h, l) in higher.mean_ranks.iter().zip(&lower.mean_ranks) {
            near(h + l, 4.0, 1e-12);
        }
        assert_eq!(lower.order()[0], 0);
        near(higher.chi_square, lower.chi_square, 1e-12);
    }

    #[test]
    fn full_agreement_and_full_equality_stay_finite_in_json() {
        let rows: [&[f64]; 2] = [&[1., 2., 3.], &[4., 5., 6.]];
        let same = of(&rows, Direction::Lower);
        assert_eq!((same.f_statistic, same.f_p_value), (None, same.p_value));
        near(same.chi_square, 4.0, 1e-12);
        let json = serde_json::to_string(&same).expect("plain data");
        assert_eq!(serde_json::from_str::<Ranks>(&json).expect("data"), same);

        let equal: [&[f64]; 2] = [&[1., 1.], &[0.0, -0.0]];
        let equal = of(&equal, Direction::Higher);
        assert_eq!((equal.chi_square, equal.p_value), (0.0, 1.0));
        assert_eq!((equal.f_statistic, equal.f_p_value), (Some(0.0), 1.0));
        assert_eq!(equal.cliques(), [(0, 1)]);
    }

    #[test]
    fn cliques_are_the_largest_groups_that_do_not_differ() {
        let mut ranks = Ranks::of(&names(5), vec![5.0, 1.0, 1.5, 2.4, 3.3], 30, 0.0);
        ranks.critical_difference = 1.0;
        assert_eq!(ranks.order(), [1, 2, 3, 4, 0]);
        assert_eq!(ranks.cliques(), [(0, 1), (1, 2), (2, 3)]);
        ranks.critical_difference = 1.5;
        assert_eq!(ranks.cliques(), [(0, 2), (2, 3)]);
        // As far apart as the critical difference is apart.
        ranks.critical_difference = 0.5;
        assert_eq!(ranks.cliques(), []);
    }

    #[test]
    fn too_little_is_none_and_what_is_missing_is_refused() {
        let one_arm = ranks(&names(1), &[vec![1.0], vec![2.0]], Direction::Lower);
        assert_eq!(one_arm.expect("finite"), None);
        let one_table = ranks(&names(2), &[vec![1.0, 2.0]], Direction::Lower);
        assert_eq!(one_table.expect("finite"), None);
        let message = |rows: &[Vec<f64>]| {
            let error = ranks(&names(2), rows, Direction::Lower).expect_err("refused");
            error.to_string()
        };
        let missing = message(&[vec![1.0, 2.0], vec![1.0, f64::NAN]]);
        assert_eq!(
            missing,
            "scores: row 1, arm 'arm 1' is NaN, and cannot be ranked"
        );
        let short = message(&[vec![1.0, 2.0], vec![1.0]]);
        assert!(
            short.contains("row 1") && short.contains("2 values"),
            "{short}"
        );
    }
}
