//! Synthetic rows laid open, so that a checker can read them and a test can spoil them.

use candle_mixup::oversample::{Balanced, Settings};
use serde_json::Value;

use super::Table;

/// `Ok`, or what is wrong.
pub type Verdict = Result<(), String>;

/// The synthetic rows of one class.
#[derive(Debug, Clone, PartialEq)]
pub struct Made {
    pub class: u32,
    pub own: Vec<u32>,
    pub partner: Vec<u32>,
    pub weight: Vec<f64>,
    pub label_weight: Vec<f64>,
    pub rows: Vec<Vec<f64>>,
    pub derived: Vec<f64>,
}

/// The rows that the settings make, class by class.
pub fn made(table: &Table, settings: Settings) -> candle_mixup::Result<Vec<Made>> {
    table.balance(settings).map(|b| opened(table, &b))
}

pub fn opened(table: &Table, balanced: &Balanced) -> Vec<Made> {
    let open = |m: &candle_mixup::oversample::Made| {
        let pairs = &m.recipe.pairs;
        let numbers = m.recipe.numbers(&table.rows(), 0..m.recipe.len());
        Made {
            class: m.class,
            own: pairs.own().to_vec(),
            partner: pairs.partner().to_vec(),
            weight: pairs.weight().to_vec(),
            label_weight: pairs.label_weight().to_vec(),
            rows: numbers
                .expect("the rows they were made for")
                .chunks(table.width)
                .map(<[f64]>::to_vec)
                .collect(),
            derived: m.recipe.derived.clone(),
        }
    };
    balanced.made.iter().map(open).collect()
}

/// The rows of the only class that grew.
pub fn only(table: &Table, settings: Settings) -> Made {
    let mut all = made(table, settings).expect("rows are made");
    assert_eq!(all.len(), 1, "one class grows");
    all.remove(0)
}

pub fn ensure(holds: bool, what: impl FnOnce() -> String) -> Verdict {
    if holds { Ok(()) } else { Err(what()) }
}

/// Panics unless the checker refused what was spoilt.
pub fn refused(spoilt: &str, verdict: Verdict) {
    assert!(verdict.is_err(), "{spoilt} was not noticed");
}

pub fn accepted(verdict: Verdict) {
    if let Err(what) = verdict {
        panic!("{what}");
    }
}

pub fn square(table: &Table, a: u32, b: u32) -> f64 {
    let pairs = table.row(a).iter().zip(table.row(b));
    pairs.map(|(x, y)| (x - y).powi(2)).sum()
}

/// The rows of `among` but `i`, nearest first, ties by row number.
pub fn nearest(table: &Table, i: u32, among: &[u32]) -> Vec<u32> {
    let mut others: Vec<(f64, u32)> = among
        .iter()
        .filter(|&&j| j != i)
        .map(|&j| (square(table, i, j), j))
        .collect();
    others.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    others.into_iter().map(|(_, j)| j).collect()
}

/// Whether `j` may count as one of the `k` rows of `among` nearest to `i`, however ties fall.
pub fn is_near(table: &Table, i: u32, j: u32, among: &[u32], k: usize) -> bool {
    let edge = nearest(table, i, among)[k - 1];
    i != j && among.contains(&j) && square(table, i, j) <= square(table, i, edge) * (1.0 + 1e-9)
}

/// Each class has as many rows as the largest, exactly.
pub fn check_totals(table: &Table, made: &[Made]) -> Verdict {
    let counts = table.counts();
    let most = counts.iter().max().copied().unwrap_or(0);
    for (class, &count) in counts.iter().enumerate() {
        let rows = made.iter().find(|m| m.class == class as u32);
        let rows = rows.map_or(0, |m| m.own.len());
        ensure(count + rows == most, || {
            format!("class {class}: {rows} made, {} asked", most - count)
        })?;
    }
    Ok(())
}

/// Every row is the blend of its parents, and on their segment unless the weight leaves it.
pub fn check_blend(table: &Table, made: &Made) -> Verdict {
    for r in 0..made.own.len() {
        let (c, s, w) = (
            table.row(made.own[r]),
            table.row(made.partner[r]),
            made.weight[r],
        );
        for ((x, a), b) in made.rows[r].iter().zip(c).zip(s) {
            let expected = w * a + (1.0 - w) * b;
            let scale = a.abs().max(b.abs()).max(1e-300);
            ensure((x - expected).abs() <= 1e-12 * scale * (1.0 + w), || {
                format!("row {r}: {x} is not {w}·{a} + (1 − {w})·{b}")
            })?;
        }
    }
    Ok(())
}

/// Whole shares of a total: the largest remainders get what is left, ties the lower index. By quotients, unlike ours.
pub fn shares(weights: &[f64], total: usize) -> Vec<usize> {
    let sum: f64 = weights.iter().sum();
    let quotas: Vec<f64> = weights.iter().map(|w| w / sum * total as f64).collect();
    let mut shares: Vec<usize> = quotas.iter().map(|q| (q + 1e-9) as usize).collect();
    let mut order: Vec<usize> = (0..weights.len()).collect();
    let fraction = |i: usize| ((quotas[i] - shares[i] as f64) * 1e9).round() as i64;
    order.sort_by_key(|&i| (std::cmp::Reverse(fraction(i)), i));
    let left = total - shares.iter().sum::<usize>();
    for &i in order.iter().cycle().take(left) {
        shares[i] += 1;
    }
    shares
}

/// Kolmogorov's asymptotic p-value of two samples against one law.
pub fn ks_two_p(a: &[f64], b: &[f64]) -> f64 {
    let sorted = |x: &[f64]| {
        let mut x = x.to_vec();
        x.sort_by(f64::total_cmp);
        x
    };
    let (a, b) = (sorted(a), sorted(b));
    let below = |x: &[f64], v: f64| x.partition_point(|&y| y <= v) as f64 / x.len() as f64;
    let gaps = a
        .iter()
        .chain(&b)
        .map(|&v| (below(&a, v) - below(&b, v)).abs());
    let distance = gaps.fold(0.0, f64::max);
    let n = (a.len() * b.len()) as f64 / (a.len() + b.len()) as f64;
    let x = (n.sqrt() + 0.12 + 0.11 / n.sqrt()) * distance;
    if x < 0.2 {
        return 1.0;
    }
    let term = |k: i32| f64::from(1 - 2 * (1 - k % 2)) * (-2.0 * f64::from(k * k) * x * x).exp();
    (2.0 * (1..=100).map(term).sum::<f64>()).clamp(0.0, 1.0)
}

/// The same settings at one thread and at two give the same bytes.
pub fn check_threads(table: &Table, settings: &Settings) -> Verdict {
    let at = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("a pool");
        pool.install(|| made(table, settings.clone()).expect("rows are made"))
    };
    ensure(at(1) == at(2), || "other bytes at two threads".into())
}

/// imbalanced-learn's and scikit-learn's results, made by the program beside them.
pub fn reference() -> Value {
    serde_json::from_str(include_str!("../../data/oversample_reference_b.json")).expect("JSON")
}

/// The small tables of the reference, with their entries.
pub fn reference_tables<'a>(reference: &'a Value) -> Vec<(Table, &'a Value)> {
    let open = |t: &'a Value| {
        let table = Table::numeric(
            numbers(&t["numbers"]),
            t["width"].as_u64().expect("a width") as usize,
            rows(&t["classes"]),
        );
        (table, t)
    };
    reference["tables"]
        .as_array()
        .expect("tables")
        .iter()
        .map(open)
        .collect()
}

pub fn rows(list: &Value) -> Vec<u32> {
    let list = list.as_array().expect("row numbers").iter();
    list.map(|i| i.as_u64().expect("a row number") as u32)
        .collect()
}

fn numbers(list: &Value) -> Vec<f64> {
    let list = list.as_array().expect("numbers").iter();
    list.map(|x| x.as_f64().expect("a number")).collect()
}

/// The shipped set page-blocks.
pub fn page_blocks() -> Table {
    use candle_mixup::data::{Cell, Header, Records, Source};
    let source = Source::parse("@page-blocks").expect("a shipped set");
    let (mut numbers, mut classes) = (Vec::new(), Vec::new());
    for record in Records::open(&source, Header::First).expect("a table") {
        let cells = record.expect("a row").cells;
        let mut values = cells.iter().map(|cell| match cell {
            Cell::Text(text) => text.parse::<f64>().expect("a number"),
            other => panic!("{other:?} is no number"),
        });
        numbers.extend(values.by_ref().take(10));
        classes.push(values.next().expect("a class") as u32);
    }
    Table::numeric(numbers, 10, classes)
}
