//! 40 synthetic rows of five features.

use candle_mixup::random::{Purpose, Stream};

pub const ROWS: usize = 40;
pub const WIDTH: usize = 5;

/// Features and a target a row.
pub struct Data {
    pub x: Vec<[f64; WIDTH]>,
    pub y: Vec<f64>,
}

/// A standard normal number (Box and Muller 1958).
pub fn normal(stream: &mut Stream) -> f64 {
    let radius = (-2.0 * (1.0 - stream.unit()).ln()).sqrt();
    radius * (std::f64::consts::TAU * stream.unit()).cos()
}

impl Data {
    /// Centred rows of a noisy linear law, moved by `offset`.
    pub fn new(seed: u64, offset: f64) -> Self {
        let mut stream = Stream::new(seed, Purpose::Split, 0);
        let mut x: Vec<[f64; WIDTH]> = (0..ROWS)
            .map(|_| [(); WIDTH].map(|()| normal(&mut stream)))
            .collect();
        for c in 0..WIDTH {
            let mean = x.iter().map(|row| row[c]).sum::<f64>() / ROWS as f64;
            x.iter_mut().for_each(|row| row[c] += offset - mean);
        }
        let law = |row: &[f64; WIDTH]| (0..WIDTH).map(|c| (c as f64 - 1.5) * row[c]).sum::<f64>();
        let mut y: Vec<f64> = x.iter().map(|row| law(row) + normal(&mut stream)).collect();
        let mean = y.iter().sum::<f64>() / ROWS as f64;
        y.iter_mut().for_each(|y| *y += offset - mean);
        Self { x, y }
    }

    /// 1 where the target is above its mean, else 0.
    pub fn classes(&self) -> Vec<f64> {
        let mean = self.y.iter().sum::<f64>() / ROWS as f64;
        self.y
            .iter()
            .map(|y| f64::from(u8::from(*y > mean)))
            .collect()
    }

    /// Scores of a linear model, scaled so that the largest has this size.
    pub fn logits(&self, largest: f64) -> (Vec<f64>, [f64; WIDTH]) {
        let theta = [0.9, -0.4, 0.3, 1.1, -0.7];
        let raw: Vec<f64> = self.x.iter().map(|row| dot(row, &theta)).collect();
        let scale = largest / raw.iter().fold(0.0, |m: f64, f| m.max(f.abs()));
        (
            raw.iter().map(|f| f * scale).collect(),
            theta.map(|t| t * scale),
        )
    }
}

pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

pub fn mean(values: impl IntoIterator<Item = f64>) -> f64 {
    let (sum, n) = values
        .into_iter()
        .fold((0.0, 0.0), |(sum, n), v| (sum + v, n + 1.0));
    sum / n
}

/// The mean of a function of all ordered pairs, own included.
pub fn over_pairs(mut of: impl FnMut(usize, usize) -> f64) -> f64 {
    let pairs = (0..ROWS).flat_map(|i| (0..ROWS).map(move |j| (i, j)));
    mean(pairs.map(|(i, j)| of(i, j)))
}
