//! Operations on texts in memory, one thread: median microseconds a sentence of 10 to 40 words, as one JSON object in the
//! last line. `benches/peers/augment.py` does the same work in nlpaug, the reference EDA and AEDA; run the two in turn:
//!
//! ```text
//! python benches/peers/alternate.py 3 "cargo bench --bench augment" "python benches/peers/augment.py eda.py"
//! ```

use std::time::Instant;

use anyhow::Result;
use candle_mixup::data::{Cell, Header, Records, Source};
use candle_mixup::text::WordFinder;
use candle_mixup::text::augment::{AugmentSettings, Draw, Lists, Marked, WordList, Workbench};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The figure's name, after the peer that has the same work, and the operation.
const WORK: [(&str, &str); 12] = [
    ("nlpaug swap", "swap-adjacent"),
    ("nlpaug delete", "delete=0.3"),
    ("nlpaug crop", "drop"),
    ("nlpaug substitute", "mask=0.3"),
    ("nlpaug keyboard", "keyboard=0.3"),
    ("eda swap", "swap"),
    ("eda delete", "delete"),
    ("aeda", "aeda"),
    ("crop", "crop"),
    ("insert", "insert"),
    ("splice", "splice"),
    ("case", "case"),
];
const ROUNDS: usize = 15;

fn main() -> Result<()> {
    let texts = sentences()?;
    let words: usize = texts.iter().map(|t| t.split_whitespace().count()).sum();
    eprintln!(
        "{} sentences, {:.1} words and {:.0} bytes each",
        texts.len(),
        words as f64 / texts.len() as f64,
        texts.iter().map(String::len).sum::<usize>() as f64 / texts.len() as f64
    );
    let mut figures = serde_json::Map::new();
    let finder = WordFinder::new();
    let mut spans = Vec::new();
    let found = median(|| texts.iter().for_each(|text| finder.words(text, &mut spans)));
    report(&mut figures, "words", found, texts.len());
    let corpus = WordList::of(&texts);
    for (name, op) in WORK {
        let settings = AugmentSettings {
            ops: vec![op.parse()?],
            ..AugmentSettings::default()
        };
        let lists = Lists {
            corpus: Some(corpus.clone().into()),
            ..Lists::default()
        };
        let augmenter = settings.check(lists)?;
        let mut bench = Workbench::default();
        let mut bytes = 0;
        let taken = median(|| {
            for (row, text) in texts.iter().enumerate() {
                let marked = Marked::plain(text);
                let partner = Marked::plain(&texts[(row + 1) % texts.len()]);
                let partner = augmenter.takes_partner(0).then_some(&partner);
                let draw = Draw {
                    seed: 0,
                    row: row as u64,
                    output: 0,
                };
                let made = augmenter
                    .read(&marked, &mut bench)
                    .and_then(|()| augmenter.draw(&marked, partner, draw, 0, &mut bench));
                bytes += made.map_or(0, |made| made.text.len());
            }
        });
        anyhow::ensure!(bytes > 0, "{op} made nothing");
        report(&mut figures, name, taken, texts.len());
    }
    println!("{}", serde_json::Value::Object(figures));
    Ok(())
}

fn report(
    figures: &mut serde_json::Map<String, serde_json::Value>,
    name: &str,
    seconds: f64,
    n: usize,
) {
    let microseconds = seconds / n as f64 * 1e6;
    eprintln!(
        "{name:20} {microseconds:7.3} µs  {:9.0} sentences/s",
        n as f64 / seconds
    );
    figures.insert(name.into(), microseconds.into());
}

/// The median seconds of a call.
fn median(mut work: impl FnMut()) -> f64 {
    let mut taken: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let started = Instant::now();
            work();
            started.elapsed().as_secs_f64()
        })
        .collect();
    taken.sort_by(f64::total_cmp);
    taken[ROUNDS / 2]
}

/// The movie reviews of 10 to 40 words.
fn sentences() -> Result<Vec<String>> {
    let records = Records::open(&Source::parse("@reviews")?, Header::First)?;
    let text = records.find("text")?;
    let texts = records.map(|record| match record?.cells.get(text) {
        Some(Cell::Text(text)) => Ok(text.clone()),
        _ => anyhow::bail!("a review without a text"),
    });
    let texts: Result<Vec<String>> = texts.collect();
    let fits = |text: &String| (10..=40).contains(&text.split_whitespace().count());
    Ok(texts?.into_iter().filter(fits).collect())
}
