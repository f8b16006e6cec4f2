//! The program as a user runs it: what it prints, what it writes, and that the same command gives the same bytes.
#![cfg(feature = "cli")]

#[path = "common/program.rs"]
mod program;

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use candle_mixup::schedule::Domain;
use serde_json::Value;

use program::{Desk, csv, row};

/// Trains a CNN on the 60 rows; further arguments follow.
const TRAIN: &str = "train text --data rows.csv --model cnn --quiet";
/// Compares CNNs on the 60 rows.
const COMPARE: &str = "compare text --data rows.csv --model cnn --quiet";
/// What a run directory of `train` holds once the run has ended.
const RUN: [&str; 7] = [
    "config.json",
    "history.jsonl",
    "metrics.json",
    "model.safetensors",
    "report.html",
    "settings.json",
    "tokenizer.json",
];
const MODEL: &str = "model.safetensors";

/// The classes of the rows, sorted.
const CLASSES: [&str; 3] = ["car", "fruit", "sea"];

fn number(value: &Value) -> Result<f64> {
    value
        .as_f64()
        .with_context(|| format!("{value} is no number"))
}

fn array(value: &Value) -> Result<&Vec<Value>> {
    value
        .as_array()
        .with_context(|| format!("{value} is no array"))
}

/// A page is whole, and shows nothing that would have to be fetched.
fn works_offline(page: &str) -> Result<()> {
    ensure!(
        page.trim_end().ends_with("</html>"),
        "the page is cut short"
    );
    let fetched = page
        .split("http")
        .skip(1)
        .map(|rest| rest.chars().take(40).collect::<String>());
    let outside: Vec<_> = fetched
        .filter(|rest| !rest.starts_with("://www.w3.org/"))
        .collect();
    ensure!(outside.is_empty(), "the page names {outside:?}");
    ensure!(
        !page.contains("src=\"//") && !page.contains("@import"),
        "the page fetches something"
    );
    Ok(())
}

/// A classification's scores, each a finite number in its range.
fn scores_are_plausible(test: &Value) -> Result<()> {
    for share in ["accuracy", "macro_f1", "ece"] {
        let value = number(&test[share])?;
        ensure!((0.0..=1.0).contains(&value), "{share} is {value}");
    }
    let loss = number(&test["log_loss"])?;
    ensure!(loss > 0.0 && loss < 5.0, "log_loss is {loss}");
    Ok(())
}

// -- train

#[test]
fn train_writes_a_run_and_prints_one_json_object() -> Result<()> {
    let desk = Desk::new()?;
    let printed = desk.prints(&format!("{TRAIN} --steps 6 --out run --json"))?;
    assert_eq!(desk.names("run")?, RUN);
    let metrics = desk.json("run/metrics.json")?;
    assert_eq!(printed, metrics);
    assert_eq!(metrics["settings"], desk.json("run/settings.json")?);
    assert_eq!(metrics["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(metrics["data"]["rows"], 60);
    assert_eq!(metrics["data"]["training_rows"], 48);
    assert_eq!(metrics["data"]["test_rows"], 12);
    assert_eq!(
        metrics["data"]["fingerprint"].as_str().map(str::len),
        Some(32)
    );
    let sites = array(&metrics["linearity"]["sites"])?;
    let first = &sites[0];
    assert_eq!(first["site"], "embedding");
    for gap in ["gap", "relative_gap", "probability_gap"] {
        assert!(number(&first[gap])? > 0.0, "{gap}");
    }
    assert!((0.0..=1.0).contains(&number(&metrics["linearity"]["fit"])?));
    assert!(number(&metrics["seconds"])? > 0.0);
    scores_are_plausible(&metrics["test"])?;
    let history = array(&metrics["history"])?;
    assert_eq!(history.last().map(|p| &p["step"]), Some(&6.into()));
    for point in history {
        number(&point["epoch"])?;
        number(&point["train_loss"])?;
        assert!(point["validation"].is_null());
    }
    let lines = desk.text("run/history.jsonl")?;
    assert_eq!(lines.lines().count(), history.len());
    for line in lines.lines() {
        serde_json::from_str::<Value>(line)?;
    }
    let config = desk.json("run/config.json")?;
    assert_eq!(
        config["id2label"],
        serde_json::json!({ "0": "car", "1": "fruit", "2": "sea" })
    );
    works_offline(&desk.text("run/report.html")?)
}

#[test]
fn train_without_json_says_where_the_run_is() -> Result<()> {
    let desk = Desk::new()?;
    let first = desk.succeeds(&format!("{TRAIN} --steps 2"))?;
    assert!(
        first.contains("accuracy") && first.contains("runs/train-text-1"),
        "{first}"
    );
    let second = desk.succeeds(&format!("{TRAIN} --steps 2"))?;
    assert!(second.contains("runs/train-text-2"), "{second}");
    assert_eq!(desk.names("runs")?, ["train-text-1", "train-text-2"]);
    Ok(())
}

#[test]
fn quiet_and_json_print_nothing_else() -> Result<()> {
    let desk = Desk::new()?;
    let ended = desk.mixup(
        "train text --data rows.csv --model cnn --steps 2 --out run --json --quiet --max-tokens 4",
    )?;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    let ended =
        desk.mixup("train text --data rows.csv --model cnn --steps 2 --out loud --max-tokens 4")?;
    assert!(
        ended.stderr.contains("60 texts were cut to 4 tokens"),
        "{}",
        ended.stderr
    );
    Ok(())
}

#[test]
fn a_text_of_100000_characters_is_cut_and_counted() -> Result<()> {
    let desk = Desk::new()?;
    let long = "wave ".repeat(20_000);
    desk.write(
        "rows.csv",
        csv("text,label", 0..60, |t, c| format!("{t},{c}")) + &format!("{long},sea\n"),
    )?;
    let metrics = desk.prints(&format!("{TRAIN} --steps 2 --out run --json"))?;
    assert_eq!(metrics["data"]["cut_texts"], 1);
    desk.tiny_encoder("tiny")?;
    let args = "train text --data rows.csv --model tiny --steps 2 --quiet --out cut --json";
    assert_eq!(desk.prints(args)?["data"]["cut_texts"], 1);
    Ok(())
}

#[test]
fn the_same_bytes_with_one_and_two_threads() -> Result<()> {
    let desk = Desk::new()?;
    desk.tiny_encoder("tiny")?;
    for model in ["cnn", "tiny"] {
        for mix in ["manifold", "regmixup"] {
            let train =
                format!("train text --data rows.csv --model {model} --quiet --steps 8 --mix {mix}");
            let run = |n: u32| format!("{model}-{mix}-{n}");
            for threads in [1, 2] {
                desk.succeeds(&format!(
                    "{train} --threads {threads} --out {}",
                    run(threads)
                ))?;
            }
            let weights = |n: u32| desk.read(&format!("{}/{MODEL}", run(n)));
            assert!(
                weights(1)? == weights(2)?,
                "{model}, {mix}: other weights with two threads"
            );
        }
    }
    Ok(())
}

#[test]
fn another_seed_gives_other_weights() -> Result<()> {
    let desk = Desk::new()?;
    for (seed, out) in [(0, "a"), (0, "b"), (1, "c")] {
        desk.succeeds(&format!("{TRAIN} --steps 4 --seed {seed} --out {out}"))?;
    }
    let weights = |out: &str| desk.read(&format!("{out}/{MODEL}"));
    assert!(weights("a")? == weights("b")?);
    assert!(weights("a")? != weights("c")?);
    Ok(())
}

#[test]
fn settings_of_training_change_the_weights() -> Result<()> {
    let desk = Desk::new()?;
    // One class in three has half the rows, so that class weights differ from 1.
    let rows = (0..60).filter(|i| i % 6 != 0);
    desk.write(
        "rows.csv",
        csv("text,label", rows, |t, c| format!("{t},{c}")),
    )?;
    let base = format!("{TRAIN} --steps 4 --mix none");
    desk.succeeds(&format!("{base} --out base"))?;
    let plain = desk.read(&format!("base/{MODEL}"))?;
    let settings = [
        "--class-weights",
        "--clip 0.01",
        "--weight-decay 0.5",
        "--lr 0.01",
        "--warm-up 0.5",
        "--accumulate 2",
        "--batch 8",
        "--freeze embeddings",
        "--per-class 5",
        "--train-rows 20",
    ];
    for (i, setting) in settings.iter().enumerate() {
        desk.succeeds(&format!("{base} {setting} --out run{i}"))?;
        assert!(
            desk.read(&format!("run{i}/{MODEL}"))? != plain,
            "{setting} changed nothing"
        );
    }
    Ok(())
}

// -- evaluate and predict

#[test]
fn evaluate_repeats_the_scores_of_the_run() -> Result<()> {
    let desk = Desk::new()?;
    desk.succeeds(&format!("{TRAIN} --steps 20 --out run"))?;
    let metrics = desk.json("run/metrics.json")?;
    let again = desk.prints("evaluate run --json --quiet")?;
    assert_eq!(again["test"], metrics["test"]);
    assert_eq!(again["per_class"], metrics["per_class"]);
    assert_eq!(again["rows"], 12);
    let one = desk.prints("evaluate run --json --quiet --threads 1")?;
    assert_eq!(one["test"], metrics["test"]);
    let whole = desk.prints("evaluate run --data rows.csv --json")?;
    assert_eq!(whole["rows"], 60);
    scores_are_plausible(&whole["test"])?;
    let table = desk.succeeds("evaluate run")?;
    assert!(
        table.contains("accuracy") && CLASSES.iter().all(|c| table.contains(c)),
        "{table}"
    );
    Ok(())
}

#[test]
fn evaluate_reads_a_file_with_some_of_the_classes_and_other_columns() -> Result<()> {
    let desk = Desk::new()?;
    desk.succeeds(&format!("{TRAIN} --steps 20 --out run"))?;
    let sea = (0..60).filter(|i| i % 3 == 2);
    desk.write(
        "sea.tsv",
        csv("kind\tsaid", sea, |t, c| format!("{c}\t{t}")),
    )?;
    let scores = desk.prints("evaluate run --data sea.tsv --text said --label kind --json")?;
    assert_eq!(scores["rows"], 20);
    Ok(())
}

/// One row of `predict`'s csv.
struct Labelled {
    line: u64,
    label: String,
    probability: f64,
    shares: Vec<f64>,
}

fn labelled(text: &str) -> Result<(Vec<String>, Vec<Labelled>)> {
    let mut reader = ::csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers()?.iter().map(str::to_string).collect();
    let row = |record: ::csv::StringRecord| {
        Ok(Labelled {
            line: record[0].parse()?,
            label: record[1].into(),
            probability: record[2].parse()?,
            shares: record
                .iter()
                .skip(3)
                .map(str::parse)
                .collect::<Result<_, _>>()?,
        })
    };
    let rows = reader.records().map(|r| row(r?)).collect::<Result<_>>()?;
    Ok((header, rows))
}

#[test]
fn predict_labels_every_row() -> Result<()> {
    let desk = Desk::new()?;
    desk.succeeds(&format!("{TRAIN} --steps 30 --out run"))?;
    // No label column, more rows than are labelled at a time, a text of two lines, and one of unknown words.
    let long = csv("id,text", (0..1500).map(|i| i % 60), |t, _| {
        format!("7,{t}")
    });
    desk.write("new.csv", format!("{long}8,\"red\napple\"\n9,zzz\n"))?;
    let stdout = desk.succeeds("predict run --data new.csv --quiet")?;
    let (header, rows) = labelled(&stdout)?;
    assert_eq!(
        header,
        ["line", "label", "probability", "car", "fruit", "sea"]
    );
    assert_eq!(rows.len(), 1502);
    assert_eq!(
        (rows[0].line, rows[1500].line, rows[1501].line),
        (2, 1502, 1504)
    );
    let mut right = 0;
    for (i, row) in rows.iter().enumerate() {
        let sum: f64 = row.shares.iter().sum();
        assert!((sum - 1.0).abs() < 1e-5, "row {i} sums to {sum}");
        let best = (1..3).fold(0, |b, c| if row.shares[c] > row.shares[b] { c } else { b });
        assert_eq!(
            (row.label.as_str(), row.probability),
            (CLASSES[best], row.shares[best])
        );
        right += usize::from(i < 1500 && row.label == program::row(i % 60).1);
    }
    assert!(right > 1000, "{right} of 1500 right");

    let json = desk.succeeds("predict run --data new.csv --quiet --json")?;
    for (line, row) in json.lines().zip(&rows) {
        let object: Value = serde_json::from_str(line)?;
        assert_eq!(
            (&object["line"], &object["label"]),
            (&row.line.into(), &row.label.as_str().into())
        );
        for (class, share) in CLASSES.iter().zip(&row.shares) {
            assert!((number(&object["probabilities"][class])? - share).abs() < 1e-6);
        }
    }
    assert_eq!(json.lines().count(), 1502);
    desk.succeeds("predict run --data new.csv --quiet --out labels.jsonl")?;
    assert_eq!(desk.text("labels.jsonl")?, json);
    desk.succeeds("predict run --data new.csv --quiet --threads 1 --out labels.csv")?;
    assert_eq!(desk.text("labels.csv")?, stdout);
    Ok(())
}

#[test]
fn predict_overwrites_only_when_told_to() -> Result<()> {
    let desk = Desk::new()?;
    desk.succeeds(&format!("{TRAIN} --steps 2 --out run"))?;
    desk.write("labels.csv", "mine")?;
    let predict = "predict run --data rows.csv --quiet --out labels.csv";
    let ended = desk.mixup(predict)?;
    assert_eq!(ended.code, Some(2));
    assert!(
        ended.stderr.contains("labels.csv") && ended.stderr.contains("--force"),
        "{}",
        ended.stderr
    );
    assert_eq!(desk.text("labels.csv")?, "mine");
    desk.succeeds(&format!("{predict} --force"))?;
    assert_eq!(labelled(&desk.text("labels.csv")?)?.1.len(), 60);
    Ok(())
}

#[test]
fn predict_writes_what_the_name_says() -> Result<()> {
    let desk = Desk::new()?;
    desk.succeeds(&format!("{TRAIN} --steps 2 --out run"))?;
    let ended = desk.mixup("predict run --data rows.csv --quiet --out labels.jsonl.gz")?;
    // Packed, or refused; never csv under this name.
    match ended.code {
        Some(0) => assert_eq!(desk.read("labels.jsonl.gz")?[..2], [0x1f, 0x8b]),
        code => {
            assert_eq!(code, Some(2), "{}", ended.stderr);
            assert!(ended.stderr.contains("labels.jsonl.gz"), "{}", ended.stderr);
            assert!(!desk.at("labels.jsonl.gz").exists());
        }
    }
    Ok(())
}

#[test]
fn predict_passes_over_empty_texts_where_the_run_did_or_it_is_told_to() -> Result<()> {
    let desk = Desk::new()?;
    desk.succeeds(&format!("{TRAIN} --steps 2 --out run"))?;
    desk.write("gap.csv", "text\nred apple\n \ndeep sea\n")?;
    let (_, rows) = labelled(&desk.succeeds("predict run --data gap.csv --skip-empty")?)?;
    assert_eq!(rows.iter().map(|r| r.line).collect::<Vec<_>>(), [2, 4]);
    Ok(())
}

#[test]
fn a_reader_that_goes_away_is_no_failure() -> Result<()> {
    let desk = Desk::new()?;
    desk.succeeds(&format!("{TRAIN} --steps 2 --out run"))?;
    desk.write(
        "long.csv",
        csv("text", (0..9000).map(|i| i % 60), |t, _| t.into()),
    )?;
    let commands = [
        "predict run --data long.csv --quiet",
        "datasets reviews",
        "evaluate run --json",
        "datasets --json",
    ];
    for args in commands {
        let mut child = desk
            .command(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        drop(child.stdout.take());
        let output = child.wait_with_output()?;
        let stderr = String::from_utf8(output.stderr)?;
        assert_eq!(
            (output.status.code(), stderr.as_str()),
            (Some(0), ""),
            "mixup {args}"
        );
    }
    Ok(())
}

// -- compare

#[test]
fn compare_writes_the_comparison_and_a_page() -> Result<()> {
    let desk = Desk::new()?;
    let result = desk.prints(&format!(
        "{COMPARE} --arms none,mixup --seeds 2 --steps 6 --out run --json"
    ))?;
    let kept = desk.names("run")?;
    assert!(
        ["comparison.json", "report.html", "settings.json"]
            .iter()
            .all(|f| kept.contains(&f.to_string()))
    );
    assert_eq!(result, desk.json("run/comparison.json")?);
    assert_eq!(result["metric"], "accuracy");
    assert!(number(&result["seconds"])? > 0.0);
    let arms = array(&result["arms"])?;
    assert_eq!(
        arms.iter().map(|a| &a["name"]).collect::<Vec<_>>(),
        ["none", "mixup"]
    );
    for arm in arms {
        let runs = array(&arm["runs"])?;
        assert_eq!(runs.iter().map(|r| &r["seed"]).collect::<Vec<_>>(), [0, 1]);
        for run in runs {
            scores_are_plausible(&run["test"])?;
            assert!(number(&run["linearity"]["sites"][0]["relative_gap"])? > 0.0);
        }
        let mean =
            (number(&runs[0]["test"]["log_loss"])? + number(&runs[1]["test"]["log_loss"])?) / 2.0;
        assert!((number(&arm["mean"]["log_loss"])? - mean).abs() < 1e-12);
        number(&arm["std"]["log_loss"])?;
    }
    assert_eq!(arms[0]["versus_first"], Value::Array(Vec::new()));
    let versus = array(&arms[1]["versus_first"])?;
    assert_eq!(versus[0]["metric"], "accuracy");
    let metrics: BTreeSet<_> = versus.iter().filter_map(|v| v["metric"].as_str()).collect();
    assert!(
        ["accuracy", "macro_f1", "log_loss", "ece"]
            .iter()
            .all(|m| metrics.contains(m)),
        "{metrics:?}"
    );
    for difference in versus {
        let ci = array(&difference["ci95"])?;
        let (low, high) = (number(&ci[0])?, number(&ci[1])?);
        let mid = number(&difference["difference"])?;
        assert!(low <= mid && mid <= high, "{difference}");
        assert!(number(&difference["p_adjusted"])? >= number(&difference["p_value"])?);
        let verdict = difference["verdict"].as_str().unwrap_or_default();
        assert!(
            ["better", "worse", "undecided"].contains(&verdict),
            "{difference}"
        );
    }
    let page = desk.text("run/report.html")?;
    assert!(page.contains("none") && page.contains("mixup"));
    works_offline(&page)
}

#[test]
fn the_same_comparison_with_one_and_two_threads() -> Result<()> {
    let desk = Desk::new()?;
    let compare = format!("{COMPARE} --arms none,manifold,regmixup --seeds 2 --steps 6 --json");
    let one = desk.prints(&format!("{compare} --threads 1 --out one"))?;
    let two = desk.prints(&format!("{compare} --threads 2 --out two"))?;
    assert_eq!(one["arms"], two["arms"]);
    Ok(())
}

/// An arm of a comparison is the run that `train` makes with the same settings.
#[test]
fn an_arm_is_the_run_of_train() -> Result<()> {
    let desk = Desk::new()?;
    let result = desk.prints(&format!(
        "{COMPARE} --arms none,manifold --seeds 2 --steps 6 --per-class 8 --out grid --json"
    ))?;
    for (arm, mix) in ["none", "manifold"].iter().enumerate() {
        for seed in [0, 1] {
            let args = format!(
                "{TRAIN} --mix {mix} --seed {seed} --steps 6 --per-class 8 --json --out {mix}-{seed}"
            );
            assert_eq!(
                result["arms"][arm]["runs"][seed]["test"],
                desk.prints(&args)?["test"],
                "{mix}, seed {seed}"
            );
        }
    }
    Ok(())
}

#[test]
fn a_killed_comparison_goes_on_where_it_stopped() -> Result<()> {
    let desk = Desk::new()?;
    let compare = format!("{COMPARE} --arms none,mixup --steps 60 --batch 8");
    let whole = desk.prints(&format!("{compare} --seeds 3 --out whole --json"))?;
    let part = format!("{compare} --threads 1 --out part --resume");
    let mut child = start_until(&desk, &format!("{part} --seeds 3"), || {
        let cells = desk.names("part/cells").unwrap_or_default();
        cells.iter().any(|name| name.ends_with(".json"))
    })?;
    child.kill()?;
    child.wait()?;
    ensure!(
        !desk.at("part/comparison.json").exists(),
        "the comparison ended before it could be killed"
    );
    let resumed = desk.prints(&format!("{part} --seeds 3 --json"))?;
    assert_eq!(resumed["arms"], whole["arms"]);
    let bytes = desk.read("part/comparison.json")?;
    assert_eq!(desk.prints(&format!("{part} --seeds 3 --json"))?, resumed);
    assert_eq!(desk.read("part/comparison.json")?, bytes);
    let other = desk.mixup(&format!("{part} --seeds 4"))?;
    assert_eq!(other.code, Some(1));
    assert!(
        other.stderr.contains("seeds was 3, now 4"),
        "{}",
        other.stderr
    );
    Ok(())
}

#[test]
fn arms_whose_names_are_alike_stay_apart() -> Result<()> {
    let desk = Desk::new()?;
    desk.write(
        "a.json",
        "{\"name\": \"half way\", \"weight\": {\"beta\": [0.4, 0.4]}}",
    )?;
    desk.write(
        "b.json",
        "{\"name\": \"half_way\", \"weight\": {\"beta\": [9, 9]}, \"sites\": [\"pooled\"]}",
    )?;
    let result = desk.prints(&format!(
        "{COMPARE} --arms none,a.json,b.json --seeds 2 --steps 6 --out run --json"
    ))?;
    let arms = array(&result["arms"])?;
    assert_eq!(
        arms.iter().map(|a| &a["name"]).collect::<Vec<_>>(),
        ["none", "half way", "half_way"]
    );
    for arm in arms {
        assert_eq!(array(&arm["runs"])?.len(), 2, "{arm}");
    }
    assert_ne!(arms[1]["mean"], arms[2]["mean"]);
    Ok(())
}

/// With nothing else given, the shipped encoder and 10 rows a class of the shipped questions.
#[test]
fn compare_names_nothing_and_gets_few_labels() -> Result<()> {
    let desk = Desk::new()?;
    let args = "compare text --arms none,manifold --seeds 1 --steps 1 --batch 8 --max-tokens 16 --test 0.01 --json";
    let result = desk.prints(&format!("{args} --freeze 3 --quiet"))?;
    assert_eq!(result["data"]["training_rows"], 60);
    assert_eq!(result["data"]["rows"], 5452);
    assert_eq!(desk.names("runs")?, ["compare-text-1"]);
    Ok(())
}

// -- kill and resume

/// Starts the program and waits until what is waited for has come.
fn start_until(desk: &Desk, args: &str, come: impl Fn() -> bool) -> Result<Child> {
    let mut child = desk
        .command(args)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    let started = Instant::now();
    while !come() {
        if let Some(status) = child.try_wait()? {
            bail!("mixup {args}: ended too soon ({status}): more steps are needed");
        }
        if started.elapsed() > Duration::from_secs(60) {
            child.kill()?;
            bail!("mixup {args}: nothing within a minute");
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(child)
}

/// Starts the program and waits until it has written a checkpoint.
fn start_until_checkpoint(desk: &Desk, args: &str, out: &str) -> Result<Child> {
    let file = desk.at(out).join("checkpoint.safetensors");
    let written = || file.metadata().and_then(|m| m.modified()).ok();
    let before = written();
    start_until(desk, args, || {
        written().is_some_and(|now| Some(now) != before)
    })
}

/// Kills the run some time after its first checkpoint, goes on, kills it again, goes on, and compares the bytes.
fn killed_and_resumed(model: &str, mix: &str, steps: u32, waits: &[u64]) -> Result<()> {
    let desk = Desk::new()?;
    desk.tiny_encoder("tiny")?;
    let args = format!(
        "train text --data rows.csv --model {model} --mix {mix} --steps {steps} --batch 8 --accumulate 2 --lr 0.003 \
         --validation 0.2 --quiet --checkpoint-every 0"
    );
    let whole = desk.prints(&format!("{args} --out whole --json"))?;
    let resume = format!("{args} --out run --resume");
    for wait in waits {
        let mut child = start_until_checkpoint(&desk, &resume, "run")?;
        std::thread::sleep(Duration::from_millis(*wait));
        ensure!(
            child.try_wait()?.is_none(),
            "the run ended before it could be killed: more steps are needed"
        );
        child.kill()?;
        child.wait()?;
    }
    assert!(!desk.names("run")?.contains(&"metrics.json".to_string()));
    let resumed = desk.prints(&format!("{resume} --json"))?;
    for file in [
        MODEL,
        "history.jsonl",
        "config.json",
        "tokenizer.json",
        "settings.json",
    ] {
        let same = desk.read(&format!("run/{file}"))? == desk.read(&format!("whole/{file}"))?;
        assert!(same, "{model}, {mix}: {file} differs");
    }
    for field in [
        "test",
        "history",
        "best_step",
        "steps",
        "per_class",
        "batches_too_small_to_mix",
    ] {
        assert_eq!(resumed[field], whole[field], "{model}, {mix}: {field}");
    }
    assert!(!whole["best_step"].is_null());
    assert_eq!(desk.names("run")?, RUN);
    Ok(())
}

#[test]
fn a_killed_cnn_goes_on_bit_for_bit_with_manifold_mixing() -> Result<()> {
    killed_and_resumed("cnn", "manifold", 150, &[0, 60, 120])
}

#[test]
fn a_killed_cnn_goes_on_bit_for_bit_with_regmixup() -> Result<()> {
    killed_and_resumed("cnn", "regmixup", 150, &[5, 90])
}

#[test]
fn a_killed_encoder_goes_on_bit_for_bit_with_manifold_mixing() -> Result<()> {
    killed_and_resumed("tiny", "manifold", 200, &[0, 70])
}

#[test]
fn a_killed_encoder_goes_on_bit_for_bit_with_regmixup() -> Result<()> {
    killed_and_resumed("tiny", "regmixup", 200, &[40])
}

/// Ctrl-C saves: nothing of what was computed is lost, and the run goes on.
#[cfg(unix)]
#[test]
fn an_interrupted_run_saves_and_goes_on() -> Result<()> {
    let desk = Desk::new()?;
    let args = format!("{TRAIN} --steps 400 --validation 0.2 --mix mwh");
    desk.succeeds(&format!("{args} --out whole"))?;
    let interrupted = format!("{args} --out run --checkpoint-every 0");
    let child = start_until_checkpoint(&desk, &interrupted, "run")?;
    let sent = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()?;
    ensure!(sent.success(), "kill -INT failed");
    let output = child.wait_with_output()?;
    let stderr = String::from_utf8(output.stderr)?;
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("--out run --resume"), "{stderr}");
    assert!(desk.at("run/checkpoint.safetensors").is_file());
    desk.succeeds(&format!("{args} --out run --resume"))?;
    assert!(desk.read(&format!("run/{MODEL}"))? == desk.read(&format!("whole/{MODEL}"))?);
    assert_eq!(desk.names("run")?, RUN);
    Ok(())
}

/// A kill while a file is written leaves it beside its place; a resumed run clears it away.
#[test]
fn what_a_kill_left_half_written_is_cleared() -> Result<()> {
    let desk = Desk::new()?;
    let args = format!("{TRAIN} --steps 100 --checkpoint-every 0 --out run");
    let mut child = start_until_checkpoint(&desk, &args, "run")?;
    child.kill()?;
    child.wait()?;
    desk.write("run/.checkpoint.safetensors.999999.part", "half")?;
    desk.succeeds(&format!("{args} --resume"))?;
    assert_eq!(desk.names("run")?, RUN);
    Ok(())
}

#[test]
fn resume_of_an_ended_run_changes_nothing() -> Result<()> {
    let desk = Desk::new()?;
    let args = format!("{TRAIN} --steps 4 --out run");
    let metrics = desk.prints(&format!("{args} --json"))?;
    let read = || {
        RUN.iter()
            .map(|f| desk.read(&format!("run/{f}")))
            .collect::<Result<Vec<_>>>()
    };
    let before = read()?;
    assert_eq!(
        desk.prints(&format!("{args} --resume --json --threads 1"))?,
        metrics
    );
    let said = desk.succeeds(&format!("{args} --resume"))?;
    assert!(said.contains("nothing was changed"), "{said}");
    assert_eq!(desk.names("run")?, RUN);
    assert!(read()? == before);
    Ok(())
}

#[test]
fn resume_with_other_settings_names_them() -> Result<()> {
    let desk = Desk::new()?;
    desk.succeeds(&format!("{TRAIN} --steps 4 --out run"))?;
    let other = [
        ("--lr 0.5", "rate"),
        ("--seed 7", "seed"),
        ("--mix manifold", "manifold"),
        ("--batch 7", "batch"),
        ("--max-tokens 9", "max_tokens"),
        ("--per-class 5", "per_class"),
        ("--head-lr 0.5", "head_rate"),
        ("--class-weights", "class_weights"),
        ("--test 0.3", "test"),
        ("--skip-empty", "empty"),
    ];
    for (args, name) in other {
        let ended = desk.mixup(&format!("{TRAIN} --steps 4 --out run --resume {args}"))?;
        assert_eq!(ended.code, Some(1), "{args}: {}", ended.stderr);
        assert!(
            ended.stderr.contains("run") && ended.stderr.contains(name),
            "{args}: {}",
            ended.stderr
        );
        assert!(ended.stderr.contains(", now "), "{args}: {}", ended.stderr);
    }
    desk.write(
        "rows.csv",
        csv("text,label", 1..61, |t, c| format!("{t},{c}")),
    )?;
    let ended = desk.mixup(&format!("{TRAIN} --steps 4 --out run --resume"))?;
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(ended.stderr.contains("fingerprint"), "{}", ended.stderr);
    Ok(())
}

#[test]
fn resume_of_nothing_starts_afresh() -> Result<()> {
    let desk = Desk::new()?;
    desk.succeeds(&format!("{TRAIN} --steps 4 --out whole"))?;
    desk.succeeds(&format!("{TRAIN} --steps 4 --out deep/down/run --resume"))?;
    std::fs::create_dir(desk.at("empty"))?;
    desk.succeeds(&format!("{TRAIN} --steps 4 --out empty --resume"))?;
    // A run that was killed before its first checkpoint has its settings and nothing else.
    desk.write("begun/settings.json", desk.read("whole/settings.json")?)?;
    desk.succeeds(&format!("{TRAIN} --steps 4 --out begun --resume"))?;
    for run in ["deep/down/run", "empty", "begun"] {
        assert!(
            desk.read(&format!("{run}/{MODEL}"))? == desk.read(&format!("whole/{MODEL}"))?,
            "{run}"
        );
        assert_eq!(desk.names(run)?, RUN);
    }
    Ok(())
}

#[test]
fn a_broken_checkpoint_is_named() -> Result<()> {
    let desk = Desk::new()?;
    desk.succeeds(&format!("{TRAIN} --steps 4 --out whole"))?;
    desk.write("run/settings.json", desk.read("whole/settings.json")?)?;
    desk.write("run/checkpoint.safetensors", "torn")?;
    let ended = desk.mixup(&format!("{TRAIN} --steps 4 --out run --resume"))?;
    assert_eq!(ended.code, Some(1));
    assert!(
        ended.stderr.contains("run/checkpoint.safetensors"),
        "{}",
        ended.stderr
    );
    Ok(())
}

#[test]
fn early_stopping_keeps_the_best_weights() -> Result<()> {
    let desk = Desk::new()?;
    let args = format!(
        "{TRAIN} --epochs 60 --lr 0.05 --validation 0.2 --patience 2 --mix none --out run --json"
    );
    let metrics = desk.prints(&args)?;
    let best = number(&metrics["best_step"])?;
    let losses = array(&metrics["history"])?
        .iter()
        .filter(|p| !p["validation"].is_null())
        .map(|p| Ok((number(&p["validation"]["log_loss"])?, number(&p["step"])?)))
        .collect::<Result<Vec<_>>>()?;
    let least = losses
        .iter()
        .copied()
        .fold((f64::INFINITY, 0.0), |a, b| if b.0 < a.0 { b } else { a });
    assert_eq!(best, least.1);
    assert_eq!(desk.prints("evaluate run --json")?["test"], metrics["test"]);
    Ok(())
}

// -- what can be read

/// A run is trained, scores its own test rows again, and labels rows; the metrics.
fn round_trip(desk: &Desk, train: &str, predict: &str) -> Result<Value> {
    let metrics = desk.prints(&format!(
        "train text --model cnn --steps 8 --quiet --json --out run {train}"
    ))?;
    assert_eq!(desk.names("run")?, RUN);
    assert_eq!(
        desk.prints("evaluate run --json")?["test"],
        metrics["test"],
        "{train}"
    );
    let labels = desk.succeeds(&format!("predict run {predict}"))?;
    ensure!(labels.lines().count() > 1, "predict {predict}: no rows");
    Ok(metrics)
}

#[test]
fn several_labels_a_row() -> Result<()> {
    let desk = Desk::new()?;
    let two = |text: &str, class: &str| match text.contains("red") {
        true => format!("{text},{class};red"),
        false => format!("{text},{class}"),
    };
    desk.write(
        "multi.csv",
        csv("text,label", 0..60, two) + "nothing of it,\n",
    )?;
    let metrics = round_trip(
        &desk,
        "--data multi.csv --multi-label ;",
        "--data multi.csv",
    )?;
    assert_eq!(metrics["data"]["rows"], 61);
    let f1 = number(&metrics["test"]["micro_f1"])?;
    assert!((0.0..=1.0).contains(&f1));
    let config = desk.json("run/config.json")?;
    assert_eq!(config["problem_type"], "multi_label_classification");
    let json = desk.succeeds("predict run --data multi.csv --json")?;
    for line in json.lines() {
        let object: Value = serde_json::from_str(line)?;
        let chosen: Vec<&str> = array(&object["label"])?
            .iter()
            .filter_map(Value::as_str)
            .collect();
        let shares = object["probabilities"].as_object().context("an object")?;
        let above: Vec<&str> = shares
            .iter()
            .filter(|(_, p)| p.as_f64() > Some(0.5))
            .map(|(c, _)| c.as_str())
            .collect();
        assert_eq!(chosen, above);
    }
    let compared = desk.prints(
        "compare text --data multi.csv --multi-label ; --model cnn --steps 2 --seeds 2 --arms none,mixup --quiet --json --out grid",
    )?;
    assert_eq!(compared["metric"], "micro_f1");
    Ok(())
}

#[test]
fn ratings_and_shares_as_soft_labels() -> Result<()> {
    let desk = Desk::new()?;
    let rated = |text: &str, class: &str| match class {
        "fruit" => format!("{text},positive,\"3,1,-1,0\",\"0.25,0.75\""),
        _ => format!("{text},negative,\"-2,-1,-3,4\",\"0.9,0.1\""),
    };
    desk.write("rated.csv", csv("text,label,ratings,shares", 0..60, rated))?;
    let hard = round_trip(
        &desk,
        "--data rated.csv --ratings ratings",
        "--data rated.csv",
    )?;
    std::fs::rename(desk.at("run"), desk.at("hard"))?;
    let soft = round_trip(
        &desk,
        "--data rated.csv --ratings ratings --train-on soft",
        "--data rated.csv",
    )?;
    for metrics in [&hard, &soft] {
        number(&metrics["test"]["soft_log_loss"])?;
        number(&metrics["test"]["soft_brier"])?;
    }
    assert!(desk.read(&format!("hard/{MODEL}"))? != desk.read(&format!("run/{MODEL}"))?);
    std::fs::rename(desk.at("run"), desk.at("soft"))?;
    let shares = round_trip(
        &desk,
        "--data rated.csv --shares shares --train-on soft",
        "--data rated.csv",
    )?;
    number(&shares["test"]["soft_log_loss"])?;
    let again = desk.prints("evaluate run --data rated.csv --json")?;
    number(&again["test"]["soft_log_loss"])?;
    let named = desk.prints("evaluate run --data rated.csv --shares shares --json")?;
    assert_eq!(named["test"], again["test"]);
    Ok(())
}

#[test]
fn the_shipped_reviews_are_scored_against_the_raters() -> Result<()> {
    let desk = Desk::new()?;
    let args = "train text --data @reviews --per-class 20 --test 0.02 --model cnn --steps 2 --quiet --json --out run";
    let metrics = desk.prints(args)?;
    number(&metrics["test"]["soft_log_loss"])?;
    assert_eq!(desk.prints("evaluate run --json")?["test"], metrics["test"]);
    Ok(())
}

#[test]
fn words_that_come_in_are_of_the_training_rows_alone() -> Result<()> {
    let desk = Desk::new()?;
    let schedule = r#"{"probability": 0, "texts": {"ops": ["substitute=0.7", "insert=0.7"]}}"#;
    desk.write("words.json", schedule)?;
    for (file, word) in [("a", "harbour"), ("b", "violin"), ("c", "apple")] {
        let rows = (0..9).map(|i| format!("{word} {word}{i},{}\n", row(i).1));
        desk.write(
            &format!("{file}.csv"),
            format!("text,label\n{}", rows.collect::<String>()),
        )?;
    }
    let mut more = desk.text("rows.csv")?;
    more += "violin violin,sea\n";
    desk.write("more.csv", more)?;
    let losses = |args: &str| -> Result<Vec<Value>> {
        let args =
            format!("train text --model cnn --steps 6 --quiet --json --schedule words.json {args}");
        let run = desk.prints(&args)?;
        assert!(run["texts_to_change"].as_u64() > Some(0));
        let points = run["history"].as_array().context("points")?;
        Ok(points
            .iter()
            .map(|point| point["train_loss"].clone())
            .collect())
    };
    let first = losses("--data rows.csv --test a.csv --validation b.csv --out 1")?;
    assert_eq!(first.len(), 6);
    assert_eq!(
        losses("--data rows.csv --test b.csv --validation c.csv --out 2")?,
        first
    );
    assert_ne!(
        losses("--data more.csv --test a.csv --validation b.csv --out 3")?,
        first
    );
    Ok(())
}

#[test]
fn arms_whose_texts_stay_as_they_were_are_named() -> Result<()> {
    let desk = Desk::new()?;
    let args = "--data rows.csv --model cnn --per-class 1 --steps 4";
    let told = "12 of 12 texts that were to be changed came out as they were (no partner 12)";
    let run = format!("train text {args} --mix splice --out run");
    let shown = desk.succeeds(&run)?;
    // The preset changes every other text.
    let counts = desk.json("run/metrics.json")?;
    let texts = counts["texts_to_change"].as_u64().context("a number")?;
    assert_eq!(counts["texts_left_as_they_were"]["no partner"], texts);
    assert!(texts > 0 && texts <= 12, "{texts}");
    let told = told.replace("12", &texts.to_string());
    assert!(shown.contains(&told), "{shown}");
    let arms = format!("compare text {args} --arms none,splice --seeds 1 --out grid --quiet");
    let ended = desk.mixup(&arms)?;
    assert!(
        ended.stderr.contains(&format!("arm 'splice': {told}")),
        "{}",
        ended.stderr
    );
    assert!(!ended.stderr.contains("arm 'none'"));
    let details = &desk.json("grid/comparison.json")?["details"];
    assert_eq!(details[1]["texts_to_change"], texts);
    assert_eq!(details[0]["texts_to_change"], 0);
    Ok(())
}

#[test]
fn pairs_of_texts() -> Result<()> {
    let desk = Desk::new()?;
    desk.tiny_encoder("tiny")?;
    desk.write(
        "pairs.csv",
        csv("one,two,label", 0..60, |t, c| format!("{t},{c} of it,{c}")),
    )?;
    let columns = "--data pairs.csv --text one --text-pair two";
    round_trip(&desk, columns, "--data pairs.csv")?;
    let args = format!("train text {columns} --model tiny --steps 3 --quiet --out tiny-run --json");
    let metrics = desk.prints(&args)?;
    assert_eq!(
        desk.prints("evaluate tiny-run --json")?["test"],
        metrics["test"]
    );
    Ok(())
}

#[test]
fn packed_json_lines() -> Result<()> {
    let desk = Desk::new()?;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    for i in 0..60 {
        let (text, class) = row(i);
        writeln!(
            packed,
            "{}",
            serde_json::json!({ "label": class, "text": text })
        )?;
    }
    desk.write("rows.jsonl.gz", packed.finish()?)?;
    let metrics = round_trip(&desk, "--data rows.jsonl.gz", "--data rows.jsonl.gz")?;
    std::fs::rename(desk.at("run"), desk.at("json"))?;
    let from_csv = round_trip(&desk, "--data rows.csv", "--data rows.jsonl.gz")?;
    assert_eq!(metrics["test"], from_csv["test"]);
    assert_eq!(
        metrics["data"]["fingerprint"],
        from_csv["data"]["fingerprint"]
    );
    Ok(())
}

#[test]
fn columns_by_number_in_a_file_without_a_header() -> Result<()> {
    let desk = Desk::new()?;
    let body: String = (0..60)
        .map(row)
        .map(|(t, c)| format!("{c}\t0\t{t}\n"))
        .collect();
    desk.write("bare.tsv", body)?;
    let metrics = round_trip(
        &desk,
        "--data bare.tsv --no-header --text 3 --label 1",
        "--data bare.tsv",
    )?;
    assert_eq!(metrics["data"]["rows"], 60);
    assert_eq!(
        desk.succeeds("predict run --data bare.tsv --json")?
            .lines()
            .count(),
        60
    );
    Ok(())
}

#[test]
fn test_and_validation_rows_from_other_files() -> Result<()> {
    let desk = Desk::new()?;
    desk.write(
        "test.csv",
        csv("text,label", 60..75, |t, c| format!("{t},{c}")),
    )?;
    desk.write(
        "validation.csv",
        csv("text,label", 75..84, |t, c| format!("{t},{c}")),
    )?;
    // A repeat: a test row with the text of a training row.
    let (text, class) = row(0);
    desk.write(
        "test.csv",
        desk.text("test.csv")? + &format!("{text},{class}\n"),
    )?;
    let args = "--data rows.csv --test test.csv --validation validation.csv";
    let metrics = round_trip(&desk, args, "--data test.csv")?;
    let data = &metrics["data"];
    let counts = [
        "training_rows",
        "validation_rows",
        "test_rows",
        "rows_in_training_and_test",
    ]
    .map(|f| data[f].as_u64());
    assert_eq!(counts, [60, 9, 16, 1].map(Some));
    assert!(!metrics["best_step"].is_null());
    // The scores are those of the file.
    let on_file = desk.prints("evaluate run --data test.csv --json")?;
    assert_eq!(on_file["test"], metrics["test"]);
    Ok(())
}

#[test]
fn groups_stay_on_one_side() -> Result<()> {
    let desk = Desk::new()?;
    // All rows of a group have one text, so a group on both sides would be counted as a repeat.
    let lines: String = (0..60)
        .map(|i| format!("{},{},g{}\n", row(i % 12).0, row(i % 12).1, i % 12))
        .collect();
    desk.write("groups.csv", format!("text,label,who\n{lines}"))?;
    let metrics = round_trip(
        &desk,
        "--data groups.csv --group who --validation 0.2",
        "--data rows.csv",
    )?;
    assert_eq!(metrics["data"]["rows_in_training_and_test"], 0);
    assert!((8.0..=12.0).contains(&number(&metrics["data"]["test_rows"])?));
    let split = desk
        .prints("train text --model cnn --steps 2 --quiet --json --out split --data groups.csv")?;
    assert!(number(&split["data"]["rows_in_training_and_test"])? > 0.0);
    Ok(())
}

#[test]
fn the_latest_rows_are_the_test_rows() -> Result<()> {
    let desk = Desk::new()?;
    // File order is not time order: row i is of day (7 i) mod 60.
    let line = |i: usize| format!("{},{},{}\n", row(i).0, row(i).1, 7 * i % 60);
    let lines: String = (0..60).map(line).collect();
    let late: String = (0..60).filter(|i| 7 * i % 60 >= 48).map(line).collect();
    desk.write("days.csv", format!("text,label,day\n{lines}"))?;
    desk.write("late.csv", format!("text,label,day\n{late}"))?;
    let metrics = round_trip(&desk, "--data days.csv --time day", "--data rows.csv")?;
    assert_eq!(metrics["data"]["test_rows"], 12);
    assert_eq!(
        desk.prints("evaluate run --data late.csv --json")?["test"],
        metrics["test"]
    );
    Ok(())
}

#[test]
fn partners_from_outside_the_batch() -> Result<()> {
    let desk = Desk::new()?;
    desk.tiny_encoder("tiny")?;
    desk.write(
        "near.json",
        "{\"name\": \"near\", \"partner\": {\"nearest\": {\"k\": 3, \"p\": 0.7}}}",
    )?;
    desk.write(
        "any.json",
        "{\"name\": \"any\", \"partner\": \"uniform\", \"sites\": [\"hidden\"]}",
    )?;
    desk.write(
        "fair.json",
        "{\"name\": \"fair\", \"partner\": \"class-balanced\", \"mode\": \"add-to\"}",
    )?;
    let mut seen = BTreeSet::new();
    for model in ["cnn", "tiny"] {
        for file in ["near", "any", "fair"] {
            if (model, file) == ("cnn", "any") {
                continue; // The CNN has no block to mix behind.
            }
            let train = format!(
                "train text --data rows.csv --model {model} --batch 8 --steps 6 --quiet --schedule {file}.json"
            );
            let metrics = desk.prints(&format!("{train} --out {model}-{file} --json"))?;
            assert_eq!(metrics["settings"]["arms"][0][0], *file);
            desk.succeeds(&format!("{train} --out {model}-{file}-1 --threads 1"))?;
            let weights = desk.read(&format!("{model}-{file}/{MODEL}"))?;
            assert!(
                weights == desk.read(&format!("{model}-{file}-1/{MODEL}"))?,
                "{model}, {file}"
            );
            assert!(
                seen.insert(weights),
                "{model}, {file}: the weights of another run"
            );
        }
    }
    let arms = "--arms none,near.json,fair.json --seeds 2 --steps 3";
    let result = desk.prints(&format!("{COMPARE} {arms} --out grid --json"))?;
    let names: Vec<_> = array(&result["arms"])?.iter().map(|a| &a["name"]).collect();
    assert_eq!(names, ["none", "near", "fair"]);
    Ok(())
}

#[test]
fn a_cnn_that_begins_with_word_vectors() -> Result<()> {
    let desk = Desk::new()?;
    let vectors: String = ["apple", "wheel", "wave", "unseen"]
        .iter()
        .enumerate()
        .map(|(i, word)| format!("{word} {i}.5 -0.25 1e-1 0.125\n"))
        .collect();
    desk.write("vectors.txt", &vectors)?;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(vectors.as_bytes())?;
    desk.write("vectors.txt.gz", packed.finish()?)?;
    let args = "--data rows.csv --freeze embeddings --vectors";
    round_trip(&desk, &format!("{args} vectors.txt"), "--data rows.csv")?;
    let weights = desk.read(&format!("run/{MODEL}"))?;
    let tensors = safetensors::SafeTensors::deserialize(&weights)?;
    let embedding = tensors
        .names()
        .into_iter()
        .find(|n| n.starts_with("embedding."))
        .context("an embedding")?;
    assert_eq!(tensors.tensor(embedding)?.shape()[1], 4);
    let wave: Vec<u8> = [2.5f32, -0.25, 0.1, 0.125]
        .iter()
        .flat_map(|x| x.to_le_bytes())
        .collect();
    assert!(
        tensors
            .tensor(embedding)?
            .data()
            .chunks(16)
            .any(|row| row == wave),
        "the frozen vector of 'wave' is gone"
    );
    std::fs::rename(desk.at("run"), desk.at("plain"))?;
    round_trip(&desk, &format!("{args} vectors.txt.gz"), "--data rows.csv")?;
    assert!(desk.read(&format!("run/{MODEL}"))? == weights);
    desk.write("ragged.txt", "apple 1 2 3\nwheel 1 2\n")?;
    let ended = desk.mixup(&format!("{TRAIN} --vectors ragged.txt --out bad"))?;
    assert_eq!(ended.code, Some(1));
    assert!(
        ended.stderr.contains("ragged.txt") && ended.stderr.contains("line 2"),
        "{}",
        ended.stderr
    );
    assert!(!desk.at("bad").exists());
    Ok(())
}

// -- the shipped encoder

#[test]
fn the_shipped_encoder_trains_scores_and_labels() -> Result<()> {
    let desk = Desk::new()?;
    let args =
        "train text --data rows.csv --freeze 2 --steps 2 --batch 8 --max-tokens 16 --quiet --json";
    let metrics = desk.prints(&format!("{args} --out run"))?;
    assert_eq!(desk.names("run")?, RUN);
    assert_eq!(desk.prints("evaluate run --json")?["test"], metrics["test"]);
    let (_, rows) = labelled(&desk.succeeds("predict run --data rows.csv")?)?;
    assert_eq!(rows.len(), 60);
    // The folder of a run is a model folder in turn.
    let again = "train text --data rows.csv --model run --freeze 3 --steps 1 --batch 8 --max-tokens 16 --quiet --out next";
    desk.succeeds(again)?;
    Ok(())
}

#[test]
fn a_missing_encoder_names_where_it_was_looked_for() -> Result<()> {
    let desk = Desk::new()?;
    std::fs::create_dir(desk.at("models"))?;
    let built_in = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("models/minilm-l3/config.json")
        .is_file();
    let args = "train text --data rows.csv --freeze 3 --steps 1 --batch 8 --max-tokens 16 --quiet --out run";
    let output = desk
        .command(args)
        .env("CANDLE_MIXUP_MODELS", desk.at("models"))
        .output()?;
    // The variable's folder has no encoder; that of the build has.
    assert_eq!(
        output.status.success(),
        built_in,
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

// -- schedule and datasets

#[test]
fn schedule_prints_what_will_be_drawn() -> Result<()> {
    let desk = Desk::new()?;
    let printed = desk.prints("schedule --mix manifold --steps 20 --rows 30 --batch 8 --json")?;
    assert_eq!(printed["schedule"]["name"], "manifold");
    let steps = array(&printed["steps"])?;
    assert_eq!(steps.len(), 20);
    let sites = array(&printed["sites"])?;
    for (i, step) in steps.iter().enumerate() {
        assert_eq!(step["step"], i);
        assert_eq!(step["probability"], 1.0);
        let plan = &step["plan"];
        assert!(sites.contains(&plan["site"]), "{plan}");
        let weights = array(&plan["pairs"]["weight"])?;
        assert_eq!(weights.len(), 8);
        assert!(
            weights
                .iter()
                .all(|w| w.as_f64().is_some_and(|w| (0.0..=1.0).contains(&w)))
        );
    }
    assert_eq!(
        desk.prints("schedule --mix manifold --steps 20 --rows 30 --batch 8 --json")?,
        printed
    );
    assert_ne!(
        desk.prints("schedule --mix manifold --steps 20 --rows 30 --batch 8 --seed 1 --json")?,
        printed
    );
    // The JSON that is printed is a schedule file.
    desk.write("again.json", printed["schedule"].to_string())?;
    assert_eq!(
        desk.prints("schedule --schedule again.json --steps 20 --rows 30 --batch 8 --json")?,
        printed
    );
    Ok(())
}

#[test]
fn schedule_plots_and_lists() -> Result<()> {
    let desk = Desk::new()?;
    let text = desk.succeeds("schedule --mix samplepairing --plot plot.svg --show 3")?;
    assert!(
        text.contains("of 150 steps mix") && text.contains("plot.svg"),
        "{text}"
    );
    let plot = desk.text("plot.svg")?;
    assert!(plot.contains("<svg") && plot.trim_end().ends_with("</svg>"));
    let list = desk.succeeds("schedule --list")?;
    for preset in candle_mixup::schedule::presets() {
        assert!(
            list.lines()
                .any(|line| line.split_whitespace().next() == Some(preset.name)),
            "{list}"
        );
        if preset.name != "samplepairing-paper" {
            desk.succeeds(&format!("schedule --mix {} --steps 30", preset.name))?;
        }
    }
    desk.write("near.json", "{\"partner\": {\"nearest\": {\"k\": 3}}}")?;
    desk.succeeds("schedule --schedule near.json --steps 5")?;
    Ok(())
}

#[test]
fn every_preset_trains_that_has_its_site() -> Result<()> {
    let desk = Desk::new()?;
    desk.tiny_encoder("tiny")?;
    for preset in candle_mixup::schedule::presets() {
        let name = preset.name;
        let for_texts = preset.domains.contains(&Domain::Text);
        if name != "samplepairing-paper" && for_texts {
            let args = format!(
                "train text --data rows.csv --model tiny --steps 12 --batch 8 --quiet --mix {name} --out {name}"
            );
            match name {
                "lada-intra" => desk.refuses(2, &args, &["needs rows whose words have tags"])?,
                _ => drop(desk.succeeds(&args)?),
            }
        }
    }
    Ok(())
}

#[test]
fn datasets_are_listed_and_written_out() -> Result<()> {
    let desk = Desk::new()?;
    let list = desk.succeeds("datasets")?;
    let sets = desk.prints("datasets --json")?;
    for set in array(&sets)? {
        let name = set["name"].as_str().context("a name")?;
        assert!(list.contains(&format!("@{name} ")), "{list}");
        assert!(set["licence"].is_string() && set["source"].is_string());
        let text = desk.succeeds(&format!("datasets {name}"))?;
        if set["kind"] == "tags" {
            let sentences = text.split("\n\n").filter(|s| !s.trim().is_empty());
            assert_eq!(set["rows"], sentences.count(), "{name}");
            continue;
        }
        let lines = ::csv::ReaderBuilder::new()
            .delimiter(if set["file"].as_str().is_some_and(|f| f.contains("tsv")) {
                b'\t'
            } else {
                b','
            })
            .from_reader(text.as_bytes())
            .into_records()
            .collect::<Result<Vec<_>, _>>()?;
        assert_eq!(set["rows"], lines.len(), "{name}");
    }
    desk.succeeds("datasets @products --out products.tsv")?;
    assert_eq!(
        desk.text("products.tsv")?,
        desk.succeeds("datasets products")?
    );
    Ok(())
}

#[test]
fn products_keep_the_sentences_of_a_review_together() -> Result<()> {
    let desk = Desk::new()?;
    let args =
        "train text --data @products --per-class 20 --model cnn --steps 2 --quiet --json --out run";
    let metrics = desk.prints(args)?;
    assert_eq!(desk.prints("evaluate run --json")?["test"], metrics["test"]);
    Ok(())
}
