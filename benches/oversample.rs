//! Oversampling of data in memory: median milliseconds of a call, and the extra megabytes it takes at its peak, as one
//! JSON object in the last line. `benches/peers/oversample.py` does the same work in imbalanced-learn; run the two in turn:
//!
//! ```text
//! python benches/peers/alternate.py 3 "cargo bench --bench oversample" "python benches/peers/oversample.py"
//! ```
//!
//! A first argument keeps the cases whose name holds it.

use std::time::Instant;

use anyhow::{Context, Result};
use candle_mixup::oversample::{Method, Rows, Settings};
use candle_mixup::random::{Purpose, Stream};
use candle_mixup::split::Strata;
use rand_distr::{Distribution, StandardNormal};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Rows, rows of the rare class, columns.
const TABLES: [(usize, usize, usize); 5] = [
    (10_000, 1_000, 30),
    (100_000, 500, 30),
    (284_807, 492, 30),
    (200_000, 20_000, 30),
    (200_000, 20_000, 3),
];
const METHODS: [&str; 9] = [
    "random",
    "rose",
    "smote",
    "borderline1",
    "borderline2",
    "adasyn",
    "smotenc",
    "kmeans",
    "svm",
];
/// A support vector classifier takes the square of the rows or more.
const MOST_OF_SVM: usize = 10_000;

fn main() -> Result<()> {
    let wanted = std::env::args().skip(1).find(|a| !a.starts_with('-'));
    let mut figures = serde_json::Map::new();
    for (rows, rare, width) in TABLES {
        let table = Table::new(rows, rare, width);
        for method in METHODS {
            let name = format!("{method} {rows}x{width}, {rare}");
            if wanted.as_ref().is_some_and(|w| !name.contains(w.as_str())) {
                continue;
            }
            if width == 3 && ["smotenc", "kmeans"].contains(&method)
                || rows > MOST_OF_SVM && method == "svm"
            {
                continue;
            }
            let (milliseconds, megabytes) = table.measure(method)?;
            eprintln!("{name:40} {milliseconds:9.1} ms {megabytes:8.0} MB");
            figures.insert(name.clone(), milliseconds.into());
            figures.insert(format!("{name}, MB"), megabytes.into());
        }
    }
    println!("{}", serde_json::Value::from(figures));
    Ok(())
}

/// Normal rows, the rare ones shifted by one in five columns (or in all, if they are fewer).
struct Table {
    numbers: Vec<f64>,
    width: usize,
    classes: Vec<u32>,
    names: Vec<String>,
}

impl Table {
    fn new(rows: usize, rare: usize, width: usize) -> Self {
        let mut stream = Stream::new(0, Purpose::Init, 0);
        let mut classes: Vec<u32> = (0..rows).map(|i| u32::from(i < rare)).collect();
        stream.shuffle(&mut classes);
        let mut numbers = Vec::with_capacity(rows * width);
        for &class in &classes {
            for j in 0..width {
                let z: f64 = StandardNormal.sample(stream.rng());
                numbers.push(z + f64::from(u8::from(class == 1 && j < 5)));
            }
        }
        Self {
            numbers,
            width,
            classes,
            names: ["usual", "rare"].map(String::from).to_vec(),
        }
    }

    fn measure(&self, method: &str) -> Result<(f64, f64)> {
        let mut method_of = Method::named(method)?;
        if let Method::Kmeans { threshold, .. } = &mut method_of {
            // Both programs take every cluster: the default finds none in normal rows.
            *threshold = Some(0.0);
        }
        let oversampler = Settings {
            method: method_of,
            ..Settings::default()
        }
        .check()?;
        let (numbers, codes, categories) = self.columns(method);
        let width = self.width - categories;
        let strata = Strata {
            classes: &self.classes,
            names: &self.names,
        };
        let mut times = Vec::new();
        let mut extra = 0.0f64;
        for _ in 0..5 {
            let before = start_of_peak()?;
            let start = Instant::now();
            let rows = Rows::mixed(&numbers, width, &codes, categories)?;
            let balanced = oversampler.run(&rows, strata)?;
            let made = (balanced.numbers(&rows)?, balanced.codes(&rows)?);
            times.push(start.elapsed().as_secs_f64() * 1e3);
            extra = extra.max(peak()? - before);
            std::hint::black_box(&made);
        }
        times.sort_by(f64::total_cmp);
        Ok((times[times.len() / 2], extra))
    }

    /// For `smotenc` the last five columns are categories of five values.
    fn columns(&self, method: &str) -> (Vec<f64>, Vec<u32>, usize) {
        if method != "smotenc" {
            return (self.numbers.clone(), Vec::new(), 0);
        }
        let mut stream = Stream::new(1, Purpose::Init, 0);
        let numbers = self
            .numbers
            .chunks(self.width)
            .flat_map(|row| &row[..self.width - 5]);
        let codes = (0..self.classes.len() * 5).map(|_| stream.below(5) as u32);
        (numbers.copied().collect(), codes.collect(), 5)
    }
}

/// Resets the highest memory so far to what is in use, which it gives in megabytes.
fn start_of_peak() -> Result<f64> {
    // SAFETY: a call without arguments that matter; it gives freed memory back to the system.
    unsafe { libmimalloc_sys::mi_collect(true) };
    std::fs::write("/proc/self/clear_refs", "5").context("Linux keeps the peak")?;
    field("VmRSS:")
}

fn peak() -> Result<f64> {
    field("VmHWM:")
}

fn field(name: &str) -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status
        .lines()
        .find(|l| l.starts_with(name))
        .context("a line of the status")?;
    let kilobytes = line.split_whitespace().nth(1).context("a number")?;
    Ok(kilobytes.parse::<f64>()? / 1024.0)
}
