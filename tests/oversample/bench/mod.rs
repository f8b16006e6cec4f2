//! Tables to oversample, and what every test of an oversampler measures.

pub mod contract;
pub mod made;
pub mod oracles;
pub mod output;
#[path = "../../common/pvalues.rs"]
pub mod pvalues;

pub use pvalues::{LEAST_P, chi_square_p, ks_p, ks_uniform_p};

use candle_mixup::Result;
use candle_mixup::oversample::{Balanced, Method, Rows, Settings, Takes};
use candle_mixup::random::{Purpose, Stream};
use candle_mixup::split::Strata;
use proptest::prelude::*;
use rand_distr::{Distribution, StandardNormal};

/// A table in memory: numbers and codes row by row, and a class a row.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    pub numbers: Vec<f64>,
    pub width: usize,
    pub codes: Vec<u32>,
    pub categories: usize,
    pub classes: Vec<u32>,
    pub names: Vec<String>,
}

impl Table {
    /// A table of numbers alone; the classes are named a, b, c, ...
    pub fn numeric(numbers: Vec<f64>, width: usize, classes: Vec<u32>) -> Self {
        let count = classes.iter().max().map_or(0, |&c| c + 1);
        Self {
            numbers,
            width,
            codes: Vec::new(),
            categories: 0,
            classes,
            names: (0..count)
                .map(|c| char::from(b'a' + c as u8).to_string())
                .collect(),
        }
    }

    /// Normal rows, class c shifted by c in every column; `counts` rows of each class, in random order.
    pub fn normal(counts: &[usize], width: usize, seed: u64) -> Self {
        let mut stream = Stream::new(seed, Purpose::Init, 0);
        let mut classes: Vec<u32> = (0..counts.len() as u32)
            .flat_map(|c| std::iter::repeat_n(c, counts[c as usize]))
            .collect();
        stream.shuffle(&mut classes);
        let mut numbers = Vec::with_capacity(classes.len() * width);
        for &class in &classes {
            for _ in 0..width {
                let z: f64 = StandardNormal.sample(stream.rng());
                numbers.push(z + f64::from(class));
            }
        }
        Self::numeric(numbers, width, classes)
    }

    /// The same with `categories` columns of codes below `values`, beside or instead of the numbers.
    pub fn with_codes(mut self, categories: usize, values: usize, seed: u64) -> Self {
        let mut stream = Stream::new(seed, Purpose::Init, 1);
        self.categories = categories;
        self.codes = (0..self.len() * categories)
            .map(|_| stream.below(values) as u32)
            .collect();
        self
    }

    pub fn len(&self) -> usize {
        self.classes.len()
    }

    pub fn rows(&self) -> Rows<'_, f64> {
        Rows::mixed(&self.numbers, self.width, &self.codes, self.categories).expect("whole rows")
    }

    pub fn strata(&self) -> Strata<'_> {
        Strata {
            classes: &self.classes,
            names: &self.names,
        }
    }

    pub fn row(&self, i: u32) -> &[f64] {
        &self.numbers[i as usize * self.width..][..self.width]
    }

    /// The rows of a class.
    pub fn members(&self, class: u32) -> Vec<u32> {
        (0..self.len() as u32)
            .filter(|&i| self.classes[i as usize] == class)
            .collect()
    }

    /// The same rows in another order: row `i` is what row `order[i]` was.
    pub fn permuted(&self, order: &[u32]) -> Self {
        let mut table = self.clone();
        for (i, &from) in order.iter().enumerate() {
            let from = from as usize;
            table.classes[i] = self.classes[from];
            table.numbers[i * self.width..][..self.width].copy_from_slice(self.row(from as u32));
            table.codes[i * self.categories..][..self.categories]
                .copy_from_slice(self.codes_of(from as u32));
        }
        table
    }

    pub fn codes_of(&self, i: u32) -> &[u32] {
        &self.codes[i as usize * self.categories..][..self.categories]
    }

    /// The squared Euclidean distance of two rows' numbers, by direct differences.
    pub fn square(&self, a: u32, b: u32) -> f64 {
        let pairs = self.row(a).iter().zip(self.row(b));
        pairs.map(|(x, y)| (x - y).powi(2)).sum()
    }

    /// Rows of every class.
    pub fn counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.names.len()];
        for &class in &self.classes {
            counts[class as usize] += 1;
        }
        counts
    }

    pub fn balance(&self, settings: Settings) -> Result<Balanced> {
        settings.check()?.run(&self.rows(), self.strata())
    }
}

/// A table of columns that the method takes: numbers, categories, or both.
pub fn suited(method: &Method, numeric: Table) -> Table {
    match method.takes() {
        Takes::Numbers | Takes::Any => numeric,
        Takes::Both => numeric.with_codes(2, 4, 5),
        Takes::Categories => Table {
            numbers: Vec::new(),
            width: 0,
            ..numeric.with_codes(3, 4, 5)
        },
    }
}

/// The method of this name with its default settings, and the other settings as they are by default; but for kmeans two
/// clusters and no threshold, since small overlapping tables have no cluster that is dense enough by default.
pub fn by_default(name: &str, seed: u64) -> Settings {
    let method = match Method::named(name).expect("a method") {
        Method::Kmeans { k, exponent, .. } => Method::Kmeans {
            k,
            exponent,
            clusters: 2,
            threshold: Some(0.0),
        },
        method => method,
    };
    Settings {
        method,
        seed,
        ..Settings::default()
    }
}

/// Small numeric tables of two or three classes, of odd shapes: ties, repeated rows and constant columns among them.
pub fn tables() -> impl Strategy<Value = Table> {
    (
        1usize..6,
        prop::collection::vec(12usize..40, 2..4),
        any::<u64>(),
        0..4u8,
    )
        .prop_map(|(width, counts, seed, shape)| {
            let mut table = Table::normal(&counts, width, seed);
            match shape {
                0 => table
                    .numbers
                    .iter_mut()
                    .for_each(|x| *x = (*x * 2.0).round()),
                1 => table
                    .numbers
                    .iter_mut()
                    .step_by(width)
                    .for_each(|x| *x = 7.5),
                2 => table.numbers.iter_mut().for_each(|x| *x = *x * 1e-7 + 1e3),
                _ => {}
            }
            table
        })
}
