//! `mixup train tags` and `compare tags`, and what becomes of their runs.
#![cfg(feature = "cli")]

#[path = "common/program.rs"]
mod program;

use anyhow::{Context, Result};
use program::Desk;
use serde_json::Value;

/// Sentences of fruit and cars between other words, in columns; `from..to` by number.
fn columns(from: usize, to: usize) -> String {
    let fruit = ["red", "apple", "sweet", "pear"];
    let car = ["fast", "wheel", "engine", "brake"];
    let other = ["the", "of", "it", "road", "tree"];
    let mut text = String::new();
    for i in from..to {
        let (a, b, c) = (fruit[i % 4], car[i / 2 % 4], other[i % 5]);
        text += &format!(
            "{c} O\n{a} B-fruit\n{} I-fruit\nof O\n{b} B-car\n",
            fruit[(i + 1) % 4]
        );
        if i % 3 == 0 {
            text += &format!("{} O\n{} B-car\n", other[(i + 1) % 5], car[i % 4]);
        }
        text += "\n";
    }
    text
}

fn desk() -> Result<Desk> {
    let desk = Desk::new()?;
    desk.tiny_encoder("tiny")?;
    desk.write("rows.conll", columns(0, 60))?;
    Ok(desk)
}

const TRAIN: &str = "train tags --data rows.conll --model tiny --steps 300 --batch 8 --lr 5e-3 --head-lr 5e-3 --quiet";

fn number(value: &Value, path: &str) -> Result<f64> {
    value
        .pointer(path)
        .and_then(Value::as_f64)
        .with_context(|| format!("{path} in {value}"))
}

#[test]
fn a_run_learns_is_scored_again_and_labels_what_reads_back_as_itself() -> Result<()> {
    let desk = desk()?;
    let trained = desk.prints(&format!("{TRAIN} --mix lada --out run --json"))?;
    let f1 = number(&trained, "/test/entity_f1")?;
    assert!(f1 > 0.9, "{f1}");
    assert_eq!(trained["settings"]["command"], "train tags");
    assert_eq!(number(&trained, "/data/test_rows")?, 12.0);
    assert!(number(&trained, "/per_class/fruit/f1")? > 0.9);
    assert!(trained["test"]["token_accuracy"].is_f64() && trained["test"]["log_loss"].is_f64());
    let again = desk.prints("evaluate run --json")?;
    assert_eq!(again["test"], trained["test"]);
    assert_eq!(again["per_class"], trained["per_class"]);
    assert!(desk.succeeds("evaluate run")?.contains("entity_f1"));
    desk.write("new.conll", columns(60, 90))?;
    for out in ["said.conll", "said.bio", "said.jsonl"] {
        desk.succeeds(&format!("predict run --data new.conll --out {out} --quiet"))?;
        let own = desk.prints(&format!("evaluate run --data {out} --json"))?;
        assert_eq!(number(&own, "/test/entity_f1")?, 1.0, "{out}");
        assert_eq!(number(&own, "/test/token_accuracy")?, 1.0, "{out}");
        assert_eq!(number(&own, "/rows")?, 30.0);
    }
    let gold = desk.prints("evaluate run --data new.conll --json")?;
    assert!(number(&gold, "/test/entity_f1")? > 0.9);
    let config = desk.json("run/config.json")?;
    let tags = ["O", "B-car", "I-car", "B-fruit", "I-fruit"];
    for (id, tag) in tags.iter().enumerate() {
        assert_eq!(config["id2label"][id.to_string()], *tag);
    }
    Ok(())
}

#[test]
fn predictions_go_to_stdout_in_columns_or_as_spans() -> Result<()> {
    let desk = desk()?;
    desk.succeeds(&format!("{TRAIN} --mix none --out run"))?;
    desk.write(
        "new.jsonl",
        "{\"text\": \"the red apple of wheel\"}\n{\"text\": \"of it\"}\n",
    )?;
    let columns = desk.succeeds("predict run --data new.jsonl --quiet")?;
    let expected = "the\tO\nred\tB-fruit\napple\tI-fruit\nof\tO\nwheel\tB-car\n\nof\tO\nit\tO\n\n";
    assert_eq!(columns, expected);
    let lines = desk.succeeds("predict run --data new.jsonl --quiet --json")?;
    let first: Value = serde_json::from_str(lines.lines().next().context("a line")?)?;
    assert_eq!(first["text"], "the red apple of wheel");
    let spans = serde_json::json!([
        { "start": 4, "end": 13, "label": "fruit" }, { "start": 17, "end": 22, "label": "car" }
    ]);
    assert_eq!((&first["spans"], &first["line"]), (&spans, &Value::from(1)));
    Ok(())
}

#[test]
fn a_text_without_a_word_has_no_tag() -> Result<()> {
    let desk = desk()?;
    desk.succeeds(&format!("{TRAIN} --mix none --out run"))?;
    let texts = ["", "the red apple", "  ", "of wheel", "\u{a0}"];
    let lines = texts.map(|text| format!("{}\n", serde_json::json!({ "text": text })));
    desk.write("new.jsonl", lines.concat())?;
    desk.succeeds("predict run --data new.jsonl --out said.jsonl --quiet")?;
    let said = desk.text("said.jsonl")?;
    let said: Vec<Value> = said
        .lines()
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()?;
    let spans = |line: &Value| line["spans"].as_array().map_or(0, Vec::len);
    assert_eq!(said.iter().map(spans).collect::<Vec<_>>(), [0, 1, 0, 1, 0]);
    assert!(
        said.iter()
            .zip(texts)
            .all(|(line, text)| line["text"] == text)
    );
    desk.write("none.jsonl", lines[0].clone())?;
    let one = desk.succeeds("predict run --data none.jsonl --quiet --json")?;
    assert_eq!(one.lines().count(), 1);
    Ok(())
}

#[test]
fn predictions_do_not_overwrite_what_they_are_of() -> Result<()> {
    let desk = desk()?;
    desk.succeeds(&format!("{TRAIN} --mix none --out run"))?;
    let before = desk.read("rows.conll")?;
    let itself = "predict run --data rows.conll --out ./rows.conll --force";
    desk.refuses(2, itself, &["that is the file of --data itself"])?;
    assert_eq!(desk.read("rows.conll")?, before);
    let stdout = desk.succeeds("predict run --data rows.conll --quiet")?;
    assert_eq!(
        desk.succeeds("predict run --data rows.conll --out - --quiet")?,
        stdout
    );
    Ok(())
}

#[test]
fn types_that_columns_cannot_hold_are_written_as_spans_alone() -> Result<()> {
    let desk = desk()?;
    let line = |i: usize| {
        format!(
            "{{\"text\": \"red apple {i}\", \"spans\": [{{\"start\": 0, \"end\": 3, \"label\": \"a tone\"}}]}}\n"
        )
    };
    desk.write("rows.jsonl", (0..20).map(line).collect::<String>())?;
    desk.succeeds(
        "train tags --data rows.jsonl --model tiny --steps 2 --mix none --quiet --out run",
    )?;
    let words = ["the type \"a tone\" holds white space"];
    desk.refuses(
        2,
        "predict run --data rows.jsonl --out x.conll --quiet",
        &words,
    )?;
    desk.refuses(2, "predict run --data rows.jsonl --quiet", &words)?;
    assert!(!desk.at("x.conll").exists());
    desk.succeeds("predict run --data rows.jsonl --out x.jsonl --quiet")?;
    Ok(())
}

#[test]
fn arms_are_compared_by_entities() -> Result<()> {
    let desk = desk()?;
    let args = "compare tags --data rows.conll --model tiny --train-rows 20 --steps 40 --batch 8 --lr 5e-3 --seeds 2 \
                --arms none,smoothing,lada,lada-intra --out runs --quiet --json";
    let found = desk.prints(args)?;
    assert_eq!(found["metric"], "entity_f1");
    let names: Vec<&str> = ["none", "smoothing", "lada", "lada-intra"].to_vec();
    let arms = found["arms"].as_array().context("arms")?;
    assert_eq!(arms.len(), 4);
    for (arm, name) in arms.iter().zip(names) {
        assert_eq!(arm["name"], name);
        assert_eq!(arm["runs"].as_array().context("runs")?.len(), 2);
        let versus = arm["versus_first"].as_array().context("differences")?;
        match name {
            "none" => assert!(versus.is_empty()),
            _ => {
                assert_eq!(versus[0]["metric"], "entity_f1");
                let loss = versus.iter().find(|v| v["metric"] == "log_loss");
                assert!(
                    loss.context("a difference")?["ci95"].is_array(),
                    "{versus:?}"
                );
            }
        }
    }
    assert_eq!(number(&found, "/data/training_rows")?, 20.0);
    assert!(desk.text("runs/report.html")?.contains("entity_f1"));
    Ok(())
}

#[test]
fn lost_words_are_counted_and_scored_as_wrong() -> Result<()> {
    let desk = desk()?;
    // [CLS] and [SEP] leave room for three of five or seven words.
    let cut = desk.prints(&format!(
        "{TRAIN} --mix none --max-tokens 5 --out cut --json"
    ))?;
    let rows = 60.0;
    let lost = 2.0 * rows + 2.0 * 20.0;
    assert_eq!(number(&cut, "/data/cut_texts")?, rows);
    assert_eq!(number(&cut, "/data/lost_words")?, lost);
    let scored = desk.prints("evaluate cut --json")?;
    let (rows, texts) = (number(&scored, "/rows")?, number(&scored, "/cut_texts")?);
    assert_eq!(
        (rows, texts),
        (12.0, 12.0),
        "of the sentences that are scored"
    );
    assert_eq!(scored["test"], cut["test"]);
    assert_eq!(
        number(&cut, "/per_class/car/recall")?,
        0.0,
        "cars stand behind the cut"
    );
    assert!(number(&cut, "/per_class/fruit/f1")? > 0.9);
    let accuracy = number(&cut, "/test/token_accuracy")?;
    assert!(
        accuracy < 0.6 + 1e-9,
        "three of five words at most: {accuracy}"
    );
    Ok(())
}

#[test]
fn plans_are_saved_and_replayed() -> Result<()> {
    let desk = desk()?;
    let args =
        "train tags --data rows.conll --model tiny --steps 6 --batch 8 --quiet --mix lada-intra";
    desk.succeeds(&format!("{args} --save-plans --out first"))?;
    desk.succeeds(&format!("{args} --replay first --out second"))?;
    assert_eq!(
        desk.read("first/model.safetensors")?,
        desk.read("second/model.safetensors")?
    );
    let shown = desk.succeeds("schedule --replay first --step 3")?;
    assert!(shown.contains("reordered"), "{shown}");
    Ok(())
}

#[test]
fn what_is_wrong_is_said() -> Result<()> {
    let desk = desk()?;
    let train = "train tags --model tiny --steps 4 --out x --quiet";
    desk.refuses(
        1,
        &format!("{train} --data rows.csv"),
        &["must be .conll, .iob, .bio or .jsonl"],
    )?;
    desk.write("bad.conll", "the O\nred X-fruit\n")?;
    desk.refuses(
        1,
        &format!("{train} --data bad.conll"),
        &["bad.conll, line 2, column '2': expected a tag: O, B-TYPE or I-TYPE (E- and L- are read as I-, S- and U- as B-), got 'X-fruit'"],
    )?;
    desk.refuses(
        2,
        &format!("{train} --data rows.conll --word 0"),
        &["word column must be at least 1, got 0"],
    )?;
    let sentence = format!("{train} --data rows.conll --mix sentence");
    desk.refuses(
        2,
        &sentence,
        &["no site pooled", "embedding, hidden1, hidden2"],
    )?;
    desk.refuses(
        2,
        &format!("{train} --data rows.conll --mix cutmix"),
        &["'cutmix' is for tables"],
    )?;
    desk.refuses(
        2,
        &format!("{train} --data rows.conll --train-rows 5000"),
        &["--train-rows must be between 1 and the 48 training rows, got 5000"],
    )?;
    desk.write("one.conll", "the O\nred B-fruit\n")?;
    desk.refuses(
        1,
        &format!("{train} --data one.conll"),
        &["one.conll", "one sentence"],
    )?;
    let cnn = "train tags --data rows.conll --model cnn --steps 4 --out x --quiet";
    desk.refuses(1, cnn, &["cnn: No such file or directory"])?;
    desk.succeeds(&format!("{TRAIN} --mix none --out run"))?;
    desk.refuses(
        2,
        "evaluate run --label y",
        &["--label is for texts, and the run is of tagged sentences"],
    )?;
    desk.refuses(
        2,
        "predict run --data rows.conll --no-header",
        &["--no-header is for texts"],
    )?;
    desk.refuses(
        2,
        "predict run --data rows.conll --out x.csv",
        &["a name that ends in .conll, .iob, .bio or .jsonl"],
    )?;
    desk.refuses(
        1,
        "linearity run",
        &["linearity is measured of one output a row"],
    )?;
    desk.write("other.conll", "the O\nred B-colour\n")?;
    let words = "other.conll, line 2: expected entities of the types car, fruit, got 'colour'";
    desk.refuses(1, "evaluate run --data other.conll", &[words])?;
    Ok(())
}
