//! `mixup linearity`.
#![cfg(feature = "cli")]

#[path = "common/program.rs"]
mod program;

use anyhow::{Result, ensure};
use program::Desk;
use serde_json::Value;

const IMAGE: &str =
    "train image --data @digits --model mlp --hidden 16 --per-class 10 --steps 40 --quiet";
const SMALL: &str = "--pairs 20 --weights 0,0.25,0.5 --quiet";

fn gap(sites: &Value, site: &str) -> Option<f64> {
    let sites = sites.as_array()?;
    let found = sites.iter().find(|s| s["site"] == site)?;
    found["relative_gap"].as_f64()
}

#[test]
fn runs_are_measured_side_by_side_and_a_page_is_left() -> Result<()> {
    let desk = Desk::new()?;
    desk.succeeds(&format!("{IMAGE} --mix none --out a"))?;
    desk.succeeds(&format!("{IMAGE} --mix manifold --out b"))?;
    let json = desk.prints(&format!("linearity a b {SMALL} --out l --json"))?;
    ensure!(json == desk.json("l/linearity.json")?);
    ensure!(desk.names("l")? == ["linearity.json", "report.html", "settings.json"]);
    let runs = json["runs"].as_array().map_or(&[][..], Vec::as_slice);
    ensure!(runs.len() == 2 && runs[0]["run"] == "a" && runs[1]["run"] == "b");
    let relations: Vec<&Value> = runs[0]["between"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|b| &b["relation"])
        .collect();
    ensure!(relations == ["random", "same-class", "other-class", "nearest"]);
    ensure!(json["sites"] == runs[0]["between"][0]["sites"]);
    for run in runs {
        let sites = &run["between"][0]["sites"];
        ensure!(gap(sites, "input").is_some_and(|g| g > 0.01));
        ensure!(
            gap(sites, "pooled").is_some_and(|g| g < 1e-5),
            "a linear head"
        );
        let ends = sites[0]["by_weight"]
            .as_array()
            .map_or(&[][..], Vec::as_slice);
        ensure!(ends.len() == 4 && ends[0]["gap"] == 0.0 && ends[3]["gap"] == 0.0);
        ensure!(run["spectra"][0]["first"].as_f64() > Some(1.0));
        ensure!(run["gradients"][0]["between"].as_f64() > Some(0.0));
    }
    // Inputs are the same for both, and so is their spectrum.
    ensure!(runs[0]["spectra"][0] == runs[1]["spectra"][0]);
    let again = desk.prints(&format!("linearity a b {SMALL} --out m --json --threads 1"))?;
    ensure!(
        again["runs"] == json["runs"],
        "the same at any thread count"
    );
    let table = desk.succeeds(&format!("linearity a b {SMALL} --out n"))?;
    ensure!(
        table.contains("20 nearest pairs of 359 rows") && table.contains("report n/report.html")
    );
    let page = desk.text("l/report.html")?;
    ensure!(page.contains("Gap by weight") && page.matches("<figure").count() > 8);
    Ok(())
}

#[test]
fn the_fit_is_that_of_training_rows() -> Result<()> {
    let desk = Desk::new()?;
    let long = IMAGE.replace("--steps 40", "--steps 400");
    let json = desk.prints(&format!("{long} --out a --json"))?;
    let accuracy = json["test"]["accuracy"].as_f64();
    ensure!(
        json["linearity"]["fit"] == 1.0 && accuracy < Some(0.97),
        "{accuracy:?}"
    );
    Ok(())
}

#[test]
fn text_and_table_runs_are_measured_too() -> Result<()> {
    let desk = Desk::new()?;
    desk.tiny_encoder("tiny")?;
    desk.succeeds("train text --data rows.csv --model tiny --steps 6 --batch 8 --out t --quiet")?;
    let json = desk.prints(&format!("linearity t {SMALL} --out l --json"))?;
    ensure!(gap(&json["sites"], "embedding").is_some_and(|g| g > 0.0));
    ensure!(gap(&json["sites"], "pooled").is_some_and(|g| g < 1e-5));
    // A mean over tokens and a linear head: texts of different lengths share the joined mask.
    ensure!(gap(&json["sites"], "hidden2").is_some_and(|g| g < 1e-5));
    ensure!(gap(&json["sites"], "hidden1").is_some_and(|g| g > 1e-3));
    let other = desk.prints(&format!(
        "linearity t --data rows.csv --sites hidden1 --between random {SMALL} --out k --json"
    ))?;
    ensure!(other["runs"][0]["rows"] == 60 && other["sites"].as_array().map(Vec::len) == Some(1));
    desk.succeeds("train table --data @car --model linear --steps 20 --out c --quiet")?;
    let json = desk.prints(&format!("linearity c {SMALL} --out m --json"))?;
    ensure!(
        gap(&json["sites"], "input").is_some_and(|g| g < 1e-5),
        "a linear model: {}",
        json["sites"]
    );
    Ok(())
}

#[test]
fn what_cannot_be_measured_is_refused_in_words() -> Result<()> {
    let desk = Desk::new()?;
    desk.succeeds(&format!("{IMAGE} --out a"))?;
    desk.succeeds(&format!("{IMAGE} --test 0.5 --out b"))?;
    desk.refuses(1, "linearity nowhere", &["nowhere", "no settings.json"])?;
    desk.refuses(2, "linearity", &["RUN"])?;
    desk.refuses(
        2,
        "linearity a --sites hidden9",
        &["no site hidden9", "input, hidden1", "pooled"],
    )?;
    desk.refuses(
        2,
        "linearity a --sites sideways",
        &["sideways", "input, embedding"],
    )?;
    desk.refuses(
        2,
        "linearity a --weights 1.5",
        &["weights", "[0, 1]", "1.5"],
    )?;
    desk.refuses(
        2,
        "linearity a --weights 0,1",
        &["at least one λ between 0 and 1"],
    )?;
    desk.refuses(2, "linearity a --pairs 0", &["pairs", "1 or more"])?;
    desk.refuses(
        2,
        "linearity a --between far",
        &["random, same-class, other-class or nearest", "far"],
    )?;
    desk.refuses(
        1,
        "linearity a b --quiet",
        &["b: its test rows are not those of a", "--data"],
    )?;
    desk.write("x/keep", "mine")?;
    desk.refuses(2, "linearity a --out x", &["x: it exists"])?;
    desk.succeeds("compare image --data @digits --model mlp --hidden 8 --per-class 10 --steps 5 --arms none --seeds 1 --quiet --out c")?;
    desk.refuses(1, "linearity c", &["only a 'mixup train' run has a model"])?;
    std::fs::remove_file(desk.at("a/model.safetensors"))?;
    desk.refuses(1, "linearity a", &["a", "model.safetensors"])?;
    let header = desk.text("rows.csv")?;
    let one: Vec<&str> = header.lines().take(2).collect();
    desk.write("one.csv", one.join("\n"))?;
    desk.tiny_encoder("tiny")?;
    desk.succeeds("train text --data rows.csv --model tiny --steps 4 --batch 8 --out t --quiet")?;
    desk.refuses(1, "linearity t --data one.csv", &["two rows"])?;
    desk.write(
        "same.csv",
        "text,label\nred apple,fruit\nsweet pear,fruit\n",
    )?;
    desk.refuses(
        1,
        "linearity t --data same.csv --between other-class",
        &["all rows are of one class"],
    )?;
    desk.write("none.csv", "words,label\nred apple,fruit\n")?;
    desk.refuses(1, "linearity t --data none.csv", &["text", "words"])?;
    Ok(())
}

#[test]
fn a_folder_of_another_version_and_data_of_another_form_are_named() -> Result<()> {
    let desk = Desk::new()?;
    desk.succeeds("train table --data @car --model linear --steps 5 --out c --quiet")?;
    desk.write("cells.csv", "buying,label\nlow,unacc\n")?;
    desk.refuses(1, "linearity c --data cells.csv", &["cells.csv", "column"])?;
    desk.succeeds(&format!("{IMAGE} --out a"))?;
    desk.refuses(
        1,
        "linearity a c --quiet",
        &["c: its test rows are not those of a"],
    )?;
    let settings = desk.text("a/settings.json")?;
    desk.write(
        "a/settings.json",
        settings.replacen("\"fingerprint\"", "\"hash\"", 1),
    )?;
    desk.refuses(1, "linearity a", &["a/settings.json", "fingerprint"])?;
    desk.write("a/settings.json", settings)?;
    std::fs::rename(desk.at("a/config.json"), desk.at("kept"))?;
    desk.refuses(1, "linearity a", &["a/config.json"])?;
    std::fs::rename(desk.at("kept"), desk.at("a/config.json"))?;
    std::fs::remove_file(desk.at("a/metrics.json"))?;
    desk.refuses(1, "linearity a", &["a: the run has not ended"])?;
    ensure!(!desk.at("runs").exists(), "nothing was left");
    Ok(())
}

#[test]
fn runs_that_were_tested_on_other_files_are_told_apart() -> Result<()> {
    let desk = Desk::new()?;
    let rows = |from: usize| {
        (from..from + 40).map(|i| format!("{},{}\n", i % 7, if i % 3 == 0 { "yes" } else { "no" }))
    };
    let file = |from: usize| format!("x,label\n{}", rows(from).collect::<String>());
    desk.write("train.csv", file(0))?;
    desk.write("one.csv", file(1))?;
    desk.write("two.csv", file(2))?;
    let train = "train table --data train.csv --model linear --steps 3 --quiet";
    desk.succeeds(&format!("{train} --test one.csv --out a"))?;
    desk.succeeds(&format!("{train} --test two.csv --out b"))?;
    desk.succeeds(&format!("{train} --test one.csv --seed 1 --out c"))?;
    desk.refuses(
        1,
        "linearity a b --quiet",
        &["b: its test rows are not those of a"],
    )?;
    desk.succeeds(&format!("linearity a c {SMALL} --out l"))?;
    Ok(())
}
