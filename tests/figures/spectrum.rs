//! Singular values of small matrices.

/// The singular values of a matrix given by its columns, largest first: pairs of columns are turned until all are at
/// right angles, and their lengths are then the values (Hestenes 1958).
pub fn singular_values(mut columns: Vec<Vec<f64>>) -> Vec<f64> {
    let n = columns.len();
    let pairs = || (0..n).flat_map(|p| (p + 1..n).map(move |q| (p, q)));
    // Each sweep squares what is left of the angles: ten and more are never needed.
    for _ in 0..30 {
        let turned = pairs().filter(|&(p, q)| turn(&mut columns, p, q)).count();
        if turned == 0 {
            break;
        }
    }
    let mut values: Vec<f64> = columns.iter().map(|c| dot(c, c).sqrt()).collect();
    values.sort_by(|a, b| b.total_cmp(a));
    values
}

/// Turns columns p and q to a right angle; says whether they were not at one.
fn turn(columns: &mut [Vec<f64>], p: usize, q: usize) -> bool {
    let (low, high) = columns.split_at_mut(q);
    let (x, y) = (&mut low[p], &mut high[0]);
    let (xx, yy, xy) = (dot(x, x), dot(y, y), dot(x, y));
    if xy == 0.0 || xy.abs() <= 1e-14 * (xx * yy).sqrt() {
        return false;
    }
    let zeta = (yy - xx) / (2.0 * xy);
    let tangent = zeta.signum() / (zeta.abs() + (1.0 + zeta * zeta).sqrt());
    let cosine = 1.0 / (1.0 + tangent * tangent).sqrt();
    for (x, y) in x.iter_mut().zip(y) {
        (*x, *y) = (cosine * (*x - tangent * *y), cosine * (tangent * *x + *y));
    }
    true
}

fn dot(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(a, b)| a * b).sum()
}

#[test]
fn known_spectra_are_found() {
    // [[3, 0], [4, 5]] has 3√5 and √5.
    let values = singular_values(vec![vec![3.0, 4.0], vec![0.0, 5.0]]);
    assert!((values[0] - 45f64.sqrt()).abs() < 1e-12 && (values[1] - 5f64.sqrt()).abs() < 1e-12);
    // Of rank 1: nothing besides the first, the product of the lengths.
    let rank_one = |k: f64| [1.0, -2.0, 2.0, 4.0].iter().map(|v| v * k).collect();
    let values = singular_values(vec![rank_one(2.0), rank_one(-3.0), rank_one(6.0)]);
    assert!((values[0] - 35.0).abs() < 1e-12, "{values:?}");
    assert!(values[1..].iter().all(|v| *v < 1e-12), "{values:?}");
}
