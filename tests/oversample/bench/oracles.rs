//! Neighbours by brute force, with what ties leave open, and the fixture of a known table.

use super::Table;
use super::output::{Output, Verdict, ensure};

/// How far a distance may be off by rounding, as a share of it.
pub const EPSILON: f64 = 1e-9;

/// A table that imbalanced-learn's tests use; class a has the rows 0, 2, 3, 4, 11, 12, 17 and 19.
pub fn fixture() -> Table {
    let numbers = vec![
        0.11622591,
        -0.0317206,
        0.77481731,
        0.60935141,
        1.25192108,
        -0.22367336,
        0.53366841,
        -0.30312976,
        1.52091956,
        -0.49283504,
        -0.28162401,
        -2.10400981,
        0.83680821,
        1.72827342,
        0.3084254,
        0.33299982,
        0.70472253,
        -0.73309052,
        0.28893132,
        -0.38761769,
        1.15514042,
        0.0129463,
        0.88407872,
        0.35454207,
        1.31301027,
        -0.92648734,
        -1.11515198,
        -0.93689695,
        -0.18410027,
        -0.45194484,
        0.9281014,
        0.53085498,
        -0.14374509,
        0.27370049,
        -0.41635887,
        -0.38299653,
        0.08711622,
        0.93259929,
        1.70580611,
        -0.11219234,
    ];
    let classes = vec![0, 1, 0, 0, 0, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 0, 1, 0];
    Table::numeric(numbers, 2, classes)
}

/// The `k` rows of `among` nearest to `i`, itself left out by number; ties by (distance, row).
pub fn nearest(i: u32, among: &[u32], k: usize, square: impl Fn(u32, u32) -> f64) -> Vec<u32> {
    let mut others: Vec<(f64, u32)> = among
        .iter()
        .filter(|&&j| j != i)
        .map(|&j| (square(i, j), j))
        .collect();
    others.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    others.iter().take(k).map(|&(_, j)| j).collect()
}

/// The square of the distance to the k-th nearest other row.
pub fn kth_square(i: u32, among: &[u32], k: usize, square: impl Fn(u32, u32) -> f64) -> f64 {
    let nearest = nearest(i, among, k, &square);
    square(i, *nearest.last().expect("k rows"))
}

/// Every partner is another row of `among`, no farther than the k-th nearest: any of several at the same distance.
pub fn check_neighbours(
    output: &Output,
    among: &[u32],
    k: usize,
    square: impl Fn(u32, u32) -> f64,
) -> Verdict {
    for (r, (&own, &partner)) in output.own.iter().zip(&output.partner).enumerate() {
        let most = kth_square(own, among, k, &square);
        let reached = own != partner
            && among.contains(&partner)
            && square(own, partner) <= most * (1.0 + EPSILON).powi(2);
        ensure(reached, || {
            format!("row {r}: {partner} is none of the {k} nearest of {own}")
        })?;
    }
    Ok(())
}

/// The least and the most rows of other classes that the `k` nearest of `i` may hold, whatever ties decide.
pub fn other_bounds(table: &Table, i: u32, k: usize) -> (usize, usize) {
    let all: Vec<u32> = (0..table.len() as u32).filter(|&j| j != i).collect();
    let edge = kth_square(i, &all, k, |a, b| table.square(a, b));
    let other = |j: &&u32| table.classes[**j as usize] != table.classes[i as usize];
    let near = |j: &&u32| table.square(i, **j) < edge * (1.0 - EPSILON);
    let tied = |j: &&u32| !near(j) && table.square(i, **j) <= edge * (1.0 + EPSILON);
    let sure = all.iter().filter(near).filter(other).count();
    let open = k - all.iter().filter(near).count();
    let tied_rows = all.iter().filter(tied).count();
    let tied_other = all.iter().filter(tied).filter(other).count();
    let least = sure + open.saturating_sub(tied_rows - tied_other);
    (least, sure + open.min(tied_other))
}

/// The rows of one class made by a rule of the test's own, for mutations: `pair(r)` gives own, partner and λ.
pub fn made_by(
    table: &Table,
    class: u32,
    count: usize,
    mut pair: impl FnMut(usize) -> (u32, u32, f64),
) -> Output {
    let drawn: Vec<(u32, u32, f64)> = (0..count).map(&mut pair).collect();
    let numbers = drawn.iter().flat_map(|&(own, partner, w)| {
        let parents = table.row(own).iter().zip(table.row(partner));
        parents.map(move |(a, b)| w * a + (1.0 - w) * b)
    });
    Output {
        class,
        numbers: numbers.collect(),
        own: drawn.iter().map(|d| d.0).collect(),
        partner: drawn.iter().map(|d| d.1).collect(),
        weight: drawn.iter().map(|d| d.2).collect(),
        label_weight: vec![1.0; count],
        codes: drawn
            .iter()
            .flat_map(|d| table.codes_of(d.0).to_vec())
            .collect(),
        derived: Vec::new(),
        residue: candle_mixup::oversample::Residue::None,
    }
}
