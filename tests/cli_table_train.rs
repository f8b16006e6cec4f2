//! `mixup train table`, and what is done with its run.
#![cfg(feature = "cli")]

#[path = "common/anomalies.rs"]
mod anomalies;
#[path = "common/program.rs"]
mod program;

use anomalies::{ROWS, desk, row, table};
use anyhow::{Context, Result, ensure};
use program::Desk;
use serde_json::Value;

const QUICK: &str = "--ignore id,group --steps 30 --hidden 8 --batch 32 --quiet";

fn trained(desk: &Desk, data: &str, more: &str) -> Result<Value> {
    desk.prints(&format!("train table --data {data} {QUICK} --json {more}"))
}

#[test]
fn a_run_is_scored_again_and_labels_rows() -> Result<()> {
    let desk = desk()?;
    let json = trained(&desk, "t.csv", "--mix hidden --out r")?;
    for field in ["settings", "version", "data", "history", "test", "seconds"] {
        ensure!(!json[field].is_null(), "{field}");
    }
    ensure!(json["linearity"]["sites"][0]["site"] == "input" && json["data"]["rows"] == ROWS);
    ensure!(json["test"]["average_precision"].is_number() && json["test"]["roc_auc"].is_number());
    let names = desk.names("r")?;
    for file in [
        "config.json",
        "encoder.json",
        "history.jsonl",
        "metrics.json",
        "model.safetensors",
        "report.html",
    ] {
        ensure!(names.iter().any(|n| n == file), "{file} in {names:?}");
    }
    ensure!(!names.iter().any(|n| n.contains("checkpoint")));
    let again = desk.prints("evaluate r --json --quiet")?;
    ensure!(
        again["test"] == json["test"],
        "{} {}",
        again["test"],
        json["test"]
    );
    let told = desk.succeeds("predict r --data t.csv --quiet")?;
    let lines: Vec<&str> = told.lines().collect();
    ensure!(
        lines.len() == ROWS + 1 && lines[0] == "row,label,probability,usual,rare",
        "{}",
        lines[0]
    );
    let cells: Vec<&str> = lines[1].split(',').collect();
    let shares = [cells[3].parse::<f64>()?, cells[4].parse::<f64>()?];
    ensure!((shares[0] + shares[1] - 1.0).abs() < 1e-5);
    let object = desk.succeeds("predict r --data t.csv --json --quiet")?;
    let first: Value = serde_json::from_str(object.lines().next().context("a line")?)?;
    ensure!(
        first["row"] == 0 && first["probabilities"]["rare"].is_number(),
        "{first}"
    );
    Ok(())
}

#[test]
fn columns_may_stand_in_another_order_and_one_that_is_missing_is_named() -> Result<()> {
    let desk = desk()?;
    trained(&desk, "t.csv", "--out r")?;
    let told = desk.succeeds("predict r --data t.csv --quiet")?;
    let shuffled: String = std::iter::once("colour,extra,y,x\n".to_string())
        .chain((0..ROWS).map(|i| {
            let [_, x, y, colour, ..] = row(i);
            format!("{colour},{i},{y},{x}\n")
        }))
        .collect();
    desk.write("s.csv", shuffled)?;
    ensure!(
        desk.succeeds("predict r --data s.csv --quiet")? == told,
        "by name, not by place"
    );
    desk.write("m.csv", "x,colour\n1,red\n")?;
    let missing = desk.mixup("predict r --data m.csv --quiet")?;
    ensure!(
        missing.code == Some(1) && missing.stderr.contains("'y'"),
        "{}",
        missing.stderr
    );
    desk.write("w.csv", "x,y,colour\n1,2,red\nmuch,2,red\n")?;
    let wrong = desk.mixup("predict r --data w.csv --quiet")?;
    ensure!(wrong.code == Some(1), "{}", wrong.stderr);
    ensure!(
        wrong.stderr.contains("much") && wrong.stderr.contains('x'),
        "{}",
        wrong.stderr
    );
    ensure!(wrong.stdout.is_empty());
    Ok(())
}

#[test]
fn a_category_that_training_never_saw_is_counted_and_told() -> Result<()> {
    let desk = desk()?;
    trained(&desk, "t.csv", "--out r")?;
    desk.write(
        "new.csv",
        "x,y,colour\n1,2,violet\n1,2,violet\n1,,red\n1,2,\n",
    )?;
    let ended = desk.mixup("predict r --data new.csv --quiet")?;
    ensure!(ended.code == Some(0), "{}", ended.stderr);
    ensure!(
        ended.stderr.contains("'colour': 2 rows have a category"),
        "{}",
        ended.stderr
    );
    ensure!(ended.stdout.lines().count() == 5 && !ended.stdout.contains("NaN"));
    Ok(())
}

#[test]
fn test_rows_have_no_part_in_training() -> Result<()> {
    let desk = desk()?;
    for (name, more) in [
        ("plain", "--mix mixup"),
        ("smote", "--mix none --oversample smote"),
        ("featmix", "--mix featmix"),
        ("pca", "--mix pca"),
    ] {
        let first = trained(&desk, "t.csv", &format!("{more} --out {name}1"))?;
        // Rows whose label does not change, but everything else of them, and which are tested.
        let told = desk.prints(&format!("evaluate {name}1 --json --quiet"))?;
        ensure!(told["rows"] == first["data"]["test_rows"]);
        let tested = tested_rows()?;
        desk.write(
            "changed.csv",
            table(|i, row| {
                if tested.contains(&i) {
                    row[1] = format!("{}", 1e6 + i as f64);
                    row[2] = String::new();
                    row[3] = "never seen".into();
                }
            }),
        )?;
        let second = trained(&desk, "changed.csv", &format!("{more} --out {name}2"))?;
        for file in ["model.safetensors", "encoder.json", "history.jsonl"] {
            let (a, b) = (
                desk.read(&format!("{name}1/{file}"))?,
                desk.read(&format!("{name}2/{file}"))?,
            );
            ensure!(a == b, "{name}: {file} knows of the test rows");
        }
        ensure!(
            first["test"] != second["test"],
            "{name}: the test rows did change"
        );
    }
    Ok(())
}

#[test]
fn numbers_of_test_rows_have_no_part_in_training() -> Result<()> {
    let desk = desk()?;
    let numbers = |changed: &[usize]| {
        table(|i, row| {
            let far = if changed.contains(&i) { 1e5 } else { 0.0 };
            row[5] = format!("{}", far + 3.0 + (i * 37 % 23) as f64 * 0.5);
        })
    };
    let tested = held_out(&[0; ROWS], &[])?;
    desk.write("far.csv", numbers(&tested))?;
    let command = "--target label --mix cmixup";
    let near = trained(&desk, "n.csv", &format!("{command} --out near"))?;
    let far = trained(&desk, "far.csv", &format!("{command} --out far"))?;
    for file in ["model.safetensors", "history.jsonl", "config.json"] {
        let (a, b) = (
            desk.read(&format!("near/{file}"))?,
            desk.read(&format!("far/{file}"))?,
        );
        ensure!(a == b, "{file} knows of the targets of test rows");
    }
    let rmse = |json: &Value| json["test"]["rmse"].as_f64().context("rmse");
    ensure!(
        rmse(&far)? > 9e4 && rmse(&near)? < 1e3,
        "the targets did change"
    );
    Ok(())
}

/// The rows that `train` sets aside of the table: they depend on classes and seed 0 alone.
fn tested_rows() -> Result<Vec<usize>> {
    let classes: Vec<u32> = (0..ROWS).map(|i| u32::from(row(i)[5] == "rare")).collect();
    held_out(&classes, &["usual".to_string(), "rare".to_string()])
}

fn held_out(classes: &[u32], names: &[String]) -> Result<Vec<usize>> {
    let strata = candle_mixup::split::Strata { classes, names };
    let rows: Vec<u32> = (0..ROWS as u32).collect();
    let lone = candle_mixup::split::Lone::Refuse;
    let split = candle_mixup::split::stratified(&rows, strata, 0.2, 2000, lone, 0)?;
    Ok(split.held_out.into_iter().map(|r| r as usize).collect())
}

#[test]
fn a_stopped_run_goes_on_bit_for_bit() -> Result<()> {
    let desk = desk()?;
    let long = QUICK.replace("--steps 30", "--steps 4000");
    let command = |out: &str| {
        format!(
            "train table --data t.csv {long} --mix hidden --validation 0.2 --out {out} --checkpoint-every 0"
        )
    };
    desk.succeeds(&command("whole"))?;
    let mut child = desk.command(&command("part")).spawn()?;
    let checkpoint = desk.at("part/checkpoint.safetensors");
    for _ in 0..6000 {
        if checkpoint.exists() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    child.kill()?;
    child.wait()?;
    ensure!(checkpoint.exists(), "killed while it ran");
    let other = desk.mixup(&format!("{} --resume --lr 0.5", command("part")))?;
    ensure!(
        other.code == Some(1) && other.stderr.contains("rate"),
        "{}",
        other.stderr
    );
    desk.succeeds(&format!("{} --resume", command("part")))?;
    for file in [
        "model.safetensors",
        "history.jsonl",
        "encoder.json",
        "config.json",
    ] {
        let (a, b) = (
            desk.read(&format!("whole/{file}"))?,
            desk.read(&format!("part/{file}"))?,
        );
        ensure!(a == b, "{file} is another after the resume");
    }
    let resumed = desk.json("part/metrics.json")?;
    ensure!(
        resumed["resumed_at"].as_u64().is_some_and(|step| step > 0),
        "{}",
        resumed["resumed_at"]
    );
    Ok(())
}

#[test]
fn times_that_do_not_sort_are_refused() -> Result<()> {
    let desk = desk()?;
    let dated = |date: fn(usize) -> String| {
        table(|i, row| row[4] = date(i)).replacen(",group,", ",day,", 1)
    };
    desk.write(
        "iso.csv",
        dated(|i| format!("2024-{:02}-{:02}", 1 + i % 12, 1 + i % 28)),
    )?;
    desk.write(
        "eu.csv",
        dated(|i| format!("{:02}/{:02}/2024", 1 + i % 28, 1 + i % 12)),
    )?;
    let command = |data: &str, more: &str| {
        format!(
            "train table --data {data} --ignore id --time day --steps 5 --hidden 4 --quiet {more}"
        )
    };
    desk.succeeds(&command("iso.csv", "--out a"))?;
    let refused = desk.mixup(&command("eu.csv", "--out b"))?;
    ensure!(refused.code == Some(1), "{}", refused.stderr);
    ensure!(
        refused.stderr.contains("'day'") && refused.stderr.contains("/2024"),
        "{}",
        refused.stderr
    );
    let both = desk.mixup(&command("iso.csv", "--test eu.csv --out c"))?;
    ensure!(
        both.code == Some(2) && both.stderr.contains("--time"),
        "{}",
        both.stderr
    );
    Ok(())
}

#[test]
fn shares_that_mixing_moved_are_brought_back() -> Result<()> {
    let desk = desk()?;
    for more in [
        "--mix smote-batch",
        "--mix none --class-weights",
        "--mix none --oversample random",
    ] {
        let run = |prior: &str| {
            trained(
                &desk,
                "t.csv",
                &format!("{more} --prior {prior} --out {}-{prior}", more.len()),
            )
        };
        let (kept, corrected) = (run("keep")?, run("correct")?);
        let order = |json: &Value| json["test"]["roc_auc"].as_f64().context("roc_auc");
        ensure!(
            (order(&kept)? - order(&corrected)?).abs() < 1e-9,
            "{more}: the order stays"
        );
        ensure!(
            kept["test"]["log_loss"] != corrected["test"]["log_loss"],
            "{more}"
        );
        let config = desk.json(&format!("{}-correct/config.json", more.len()))?;
        let real = config["shift"]["real"][1].as_f64().context("a shift")?;
        ensure!(
            (0.1..0.15).contains(&real),
            "one row in eight is rare: {real}"
        );
        let again = desk.prints(&format!("evaluate {}-correct --json --quiet", more.len()))?;
        ensure!(
            again["test"]["log_loss"] == corrected["test"]["log_loss"],
            "{more}"
        );
    }
    Ok(())
}

#[test]
fn classes_of_one_size_and_tables_without_numbers_are_no_trouble() -> Result<()> {
    let desk = desk()?;
    desk.write(
        "even.csv",
        table(|i, row| row[5] = ["a", "b"][i % 2].into()),
    )?;
    let json = trained(
        &desk,
        "even.csv",
        "--mix none --oversample smote --out even",
    )?;
    ensure!(
        json["data"]["synthetic_rows"] == 0
            && json["data"]["notes"].to_string().contains("same number")
    );
    for mix in ["cutmix", "featmix", "mixup-cutmix"] {
        let coded = format!("--categorical x,y --mix {mix} --out {mix}");
        ensure!(
            trained(&desk, "t.csv", &coded)?["test"]["roc_auc"].is_number(),
            "{mix}"
        );
    }
    let pca = desk.mixup(&format!(
        "train table --data t.csv {QUICK} --categorical x,y --mix pca --out pca"
    ))?;
    ensure!(
        pca.code == Some(2) && pca.stderr.contains("principal"),
        "{}",
        pca.stderr
    );
    Ok(())
}

#[test]
fn numbers_are_learnt_scored_and_told_in_their_units() -> Result<()> {
    let desk = desk()?;
    let json = trained(&desk, "n.csv", "--target label --mix cmixup --out r")?;
    ensure!(json["test"]["rmse"].is_number() && json["test"]["r2"].is_number());
    let told = desk.succeeds("predict r --data n.csv --quiet")?;
    let lines: Vec<&str> = told.lines().collect();
    ensure!(
        lines[0] == "row,label" && lines.len() == ROWS + 1,
        "{}",
        lines[0]
    );
    let mean = lines[1..]
        .iter()
        .filter_map(|l| l.split(',').nth(1)?.parse::<f64>().ok())
        .sum::<f64>()
        / ROWS as f64;
    ensure!(
        (3.0..15.0).contains(&mean),
        "labels lie between 3 and 14: {mean}"
    );
    let again = desk.prints("evaluate r --data n.csv --json --quiet")?;
    ensure!(again["rows"] == ROWS && again["test"]["mape"].is_number());
    // Two at once.
    let two = trained(&desk, "n.csv", "--target label,x --mix mixup --out two")?;
    ensure!(two["test"]["rmse"].is_number() && two["per_target"]["x"]["rmse"].is_number());
    let weighted = desk.mixup(&format!(
        "train table --data n.csv --target label {QUICK} --class-weights --out w"
    ))?;
    ensure!(
        weighted.code == Some(2) && weighted.stderr.contains("--class-weights"),
        "{}",
        weighted.stderr
    );
    let told = desk.succeeds("predict two --data n.csv --quiet")?;
    ensure!(
        told.starts_with("row,label,x\n"),
        "{}",
        told.lines().next().unwrap_or("")
    );
    Ok(())
}

#[test]
fn rows_of_another_file_are_validated_and_tested_on() -> Result<()> {
    let desk = desk()?;
    desk.write(
        "few.csv",
        table(|_, _| ())
            .lines()
            .take(40)
            .collect::<Vec<_>>()
            .join("\n")
            + "\n",
    )?;
    let json = trained(
        &desk,
        "t.csv",
        "--test few.csv --validation few.csv --out r",
    )?;
    ensure!(json["data"]["training_rows"] == ROWS && json["data"]["test_rows"] == 39);
    ensure!(json["best_step"].is_number(), "validation chose");
    ensure!(desk.prints("evaluate r --json --quiet")?["test"] == json["test"]);
    Ok(())
}

#[test]
fn flags_for_texts_are_refused_on_a_table_run() -> Result<()> {
    let desk = desk()?;
    trained(&desk, "t.csv", "--out r")?;
    for args in [
        "evaluate r --text x",
        "evaluate r --ratings x",
        "predict r --data t.csv --skip-empty",
    ] {
        let ended = desk.mixup(args)?;
        ensure!(
            ended.code == Some(2) && ended.stderr.contains("is of a table"),
            "{args}: {}",
            ended.stderr
        );
    }
    let balanced = desk.mixup(&format!(
        "train table --data n.csv --target label {QUICK} --oversample smote --out x"
    ))?;
    ensure!(
        balanced.code == Some(2) && balanced.stderr.contains("--oversample"),
        "{}",
        balanced.stderr
    );
    let unknown = desk.mixup(&format!(
        "train table --data t.csv {QUICK} --oversample much --out x"
    ))?;
    ensure!(
        unknown.code == Some(2) && unknown.stderr.contains("much"),
        "{}",
        unknown.stderr
    );
    ensure!(!desk.at("x").exists());
    Ok(())
}
