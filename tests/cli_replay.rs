//! `--save-plans`, `--replay` and `mixup schedule --replay`.
#![cfg(feature = "cli")]

#[path = "common/program.rs"]
mod program;

use std::io::{Read, Write};

use anyhow::{Result, ensure};
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use program::Desk;

const IMAGE: &str =
    "train image --data @digits --model mlp --hidden 16 --per-class 10 --steps 30 --quiet";

fn plans(desk: &Desk, name: &str) -> Result<String> {
    let mut text = String::new();
    MultiGzDecoder::new(&desk.read(name)?[..]).read_to_string(&mut text)?;
    Ok(text)
}

fn save(desk: &Desk, name: &str, text: &str) -> Result<()> {
    let mut out = GzEncoder::new(Vec::new(), Compression::fast());
    out.write_all(text.as_bytes())?;
    desk.write(name, out.finish()?)
}

/// The model and the plans of a run and of its replay are the same, byte for byte.
fn replays(desk: &Desk, train: &str) -> Result<()> {
    desk.succeeds(&format!("{train} --save-plans --out a"))?;
    desk.succeeds(&format!("{train} --save-plans --replay a --out b"))?;
    ensure!(desk.read("a/model.safetensors")? == desk.read("b/model.safetensors")?);
    ensure!(plans(desk, "a/plans.jsonl.gz")? == plans(desk, "b/plans.jsonl.gz")?);
    ensure!(
        !desk
            .names("a")?
            .iter()
            .any(|name| name.contains("unfinished"))
    );
    Ok(())
}

#[test]
fn replayed_image_runs_give_the_same_bytes_whatever_the_blend() -> Result<()> {
    for mix in ["manifold", "cutmix", "regmixup", "none"] {
        let desk = Desk::new()?;
        replays(&desk, &format!("{IMAGE} --mix {mix}"))?;
        let lines = plans(&desk, "a/plans.jsonl.gz")?;
        ensure!(
            lines.lines().count() == 31,
            "{mix}: a header and a line a step"
        );
        let plain = lines.matches("\"plan\":null").count();
        ensure!(
            (plain == 30) == (mix == "none"),
            "{mix}: {plain} plain steps"
        );
    }
    Ok(())
}

#[test]
fn replayed_table_and_text_runs_give_the_same_bytes() -> Result<()> {
    let desk = Desk::new()?;
    replays(
        &desk,
        "train table --data @car --model mlp --mix featmix --steps 20 --accumulate 2 --quiet",
    )?;
    ensure!(
        plans(&desk, "a/plans.jsonl.gz")?.lines().count() == 41,
        "a line a pass"
    );
    for mix in ["manifold", "ssmix", "nfm", "cutoff"] {
        let desk = Desk::new()?;
        desk.tiny_encoder("tiny")?;
        replays(
            &desk,
            &format!(
                "train text --data rows.csv --model tiny --mix {mix} --steps 12 --batch 8 --quiet"
            ),
        )?;
    }
    Ok(())
}

#[test]
fn spans_and_residues_are_printed_and_compared() -> Result<()> {
    let desk = Desk::new()?;
    desk.tiny_encoder("tiny")?;
    // The rows are of eight words: a tenth of them would be none.
    desk.write(
        "cut.json",
        r#"{"sites": "embedding", "weight": {"constant": 1}, "residue": {"cutoff": {"ratio": 0.3}}}"#,
    )?;
    let common = "text --data rows.csv --model tiny --steps 4 --batch 8 --quiet";
    for (mix, part) in [
        ("ssmix", r#"{"blend":{"span":[[],"#),
        ("neftune", r#""residue":{"neftune":{"alpha":5.0,"key":"#),
        ("cut.json", r#""residue":{"cutoff":{"tokens":[["#),
        ("nfm", r#""residue":{"noise":{"additive":"#),
    ] {
        let flag = match mix.ends_with(".json") {
            true => "schedule",
            false => "mix",
        };
        desk.succeeds(&format!(
            "train {common} --{flag} {mix} --save-plans --out run-{mix}"
        ))?;
        let full = desk.succeeds(&format!("schedule --replay run-{mix} --step 0"))?;
        ensure!(full.starts_with("step 0: mixes at "), "{full}");
        ensure!(full.contains(part), "{mix}: {full}");
        let metrics: serde_json::Value =
            serde_json::from_str(&desk.text(&format!("run-{mix}/metrics.json"))?)?;
        ensure!(metrics["rows_too_short_for_a_span"].is_u64());
    }
    let compared = desk.prints(&format!(
        "compare {common} --arms none,ssmix,nfm,neftune,cutoff --seeds 2 --json --out compared"
    ))?;
    let arms = compared["arms"].as_array().map(Vec::as_slice);
    let names = arms.unwrap_or_default().iter().map(|arm| &arm["name"]);
    let expected = ["none", "ssmix", "nfm", "neftune", "cutoff"];
    ensure!(names.eq(expected.iter()), "{compared}");
    Ok(())
}

#[test]
fn an_edited_plan_is_carried_out() -> Result<()> {
    let desk = Desk::new()?;
    desk.succeeds(&format!("{IMAGE} --mix mixup --save-plans --out a"))?;
    let text = plans(&desk, "a/plans.jsonl.gz")?;
    let mut lines: Vec<String> = text.lines().map(String::from).collect();
    lines[5] = r#"{"step":4,"plan":null}"#.into();
    save(&desk, "edited.gz", &(lines.join("\n") + "\n"))?;
    desk.succeeds(&format!(
        "{IMAGE} --mix mixup --save-plans --replay edited.gz --out b"
    ))?;
    ensure!(desk.read("a/model.safetensors")? != desk.read("b/model.safetensors")?);
    ensure!(plans(&desk, "b/plans.jsonl.gz")?.lines().nth(5) == Some(lines[5].as_str()));
    Ok(())
}

#[test]
fn saved_plans_are_printed() -> Result<()> {
    let desk = Desk::new()?;
    desk.succeeds(&format!("{IMAGE} --mix mixup --save-plans --out a"))?;
    let printed = desk.succeeds("schedule --replay a --show 3")?;
    ensure!(
        printed.contains("100 training rows, batches of")
            && printed.contains("30 of 30 passes mix")
    );
    let json = desk.prints("schedule --replay a/plans.jsonl.gz --json")?;
    ensure!(json["steps"].as_array().map(Vec::len) == Some(30));
    ensure!(json["steps"][29]["plan"]["site"] == "input" && json["header"]["training_rows"] == 100);
    let full = desk.succeeds("schedule --replay a --step 2")?;
    ensure!(full.starts_with("step 2: mixes at input\n") && full.contains("\n0 <- "));
    let pairs = json["steps"][2]["plan"]["pairs"]["own"].as_array();
    ensure!(pairs.map(|own| own.len() + 2) == Some(full.lines().count()));
    let past = ["--step", "a saved pass, 29 at most", "got 30"];
    desk.refuses(2, "schedule --replay a --step 30", &past)?;
    desk.refuses(2, "schedule --step 3", &["--replay"])
}

#[test]
fn plans_that_do_not_suit_a_run_are_refused() -> Result<()> {
    let desk = Desk::new()?;
    desk.succeeds(&format!("{IMAGE} --mix mixup --save-plans --out a"))?;
    desk.succeeds(&format!("{IMAGE} --mix mixup --out without"))?;
    let other = |change: &str| IMAGE.replace("--per-class 10", change);
    let few = other("--per-class 8");
    desk.refuses(
        1,
        &format!("{few} --mix mixup --replay a --out r"),
        &["training rows were 100, now 80"],
    )?;
    desk.refuses(
        1,
        &format!("{IMAGE} --mix manifold --replay a --out r"),
        &["the schedule is another"],
    )?;
    let long = IMAGE.replace("--steps 30", "--steps 31");
    desk.refuses(
        1,
        &format!("{long} --mix mixup --replay a --out s"),
        &["30 passes were saved"],
    )?;
    desk.refuses(
        1,
        &format!("{IMAGE} --mix mixup --replay without --out r"),
        &["without/plans.jsonl.gz"],
    )?;
    let text = plans(&desk, "a/plans.jsonl.gz")?;
    let spoilt = |from: &str, to: &str| save(&desk, "x.gz", &text.replacen(from, to, 1));
    let replay = format!("{IMAGE} --mix mixup --replay x.gz --out r");
    spoilt("\"site\":\"input\"", "\"site\":\"hidden9\"")?;
    desk.refuses(1, &replay, &["x.gz", "step 0", "no site hidden9"])?;
    spoilt("\"own\":[0,", "\"own\":[9999,")?;
    desk.refuses(1, &replay, &["x.gz", "step 0", "own"])?;
    spoilt("{\"step\":3,", "{\"step\":7,")?;
    desk.refuses(1, &replay, &["x.gz", "line 5", "step 7, expected 3"])?;
    spoilt("\"format\":1", "\"format\":2,\"more\":1")?;
    desk.refuses(1, &replay, &["line 1", "format 2, expected 1"])?;
    let bytes = desk.read("a/plans.jsonl.gz")?;
    desk.write("x.gz", &bytes[..bytes.len() / 2])?;
    desk.refuses(1, "schedule --replay x.gz", &["x.gz", "line"])?;
    for out in ["r", "s"] {
        ensure!(!desk.at(out).exists(), "nothing was begun in {out}");
    }
    Ok(())
}

/// Seven batches an epoch, three a step.
#[test]
fn steps_of_fewer_batches_at_an_epochs_end_are_replayed() -> Result<()> {
    let desk = Desk::new()?;
    let train = format!("{IMAGE} --batch 16 --accumulate 3 --mix mixup");
    replays(&desk, &train)?;
    let json = desk.prints("schedule --replay a --json")?;
    ensure!(json["steps"][6]["step"] == 6 && json["steps"][7]["step"] == 9);
    ensure!(json["steps"].as_array().map(Vec::len) == Some(70));
    Ok(())
}

#[test]
fn a_run_that_patience_ended_is_replayed_with_the_same_patience() -> Result<()> {
    let desk = Desk::new()?;
    let train = IMAGE.replace("--steps 30", "--epochs 60 --validation 0.3 --lr 0.05");
    replays(&desk, &format!("{train} --mix mixup --patience 2"))?;
    let saved = plans(&desk, "a/plans.jsonl.gz")?.lines().count() - 1;
    ensure!(saved < 120, "patience ended the run: {saved} passes");
    let words = format!("{saved} passes were saved, and the run has 120");
    desk.refuses(
        1,
        &format!("{train} --mix mixup --replay a --out r"),
        &[&words],
    )
}

/// Interrupted, then taken up; and taken up again as if it had been killed before it wrote its results.
#[test]
fn an_interrupted_run_saves_and_replays_the_same_plans() -> Result<()> {
    let desk = Desk::new()?;
    let long = IMAGE.replace("--steps 30", "--steps 900 --batch 16 --accumulate 3");
    let train = format!("{long} --mix mixup --checkpoint-every 0");
    desk.succeeds(&format!("{train} --save-plans --out whole"))?;
    let whole = plans(&desk, "whole/plans.jsonl.gz")?;
    for more in ["", " --replay whole"] {
        let resume = format!("{train}{more} --save-plans --out run --resume");
        let checkpoint = desk.at("run/checkpoint.safetensors");
        let mut child = desk.command(&resume).spawn()?;
        while !checkpoint.exists() && child.try_wait()?.is_none() {
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        child.kill()?;
        child.wait()?;
        let early = std::fs::read(&checkpoint)?;
        ensure!(
            !desk.at("run/metrics.json").exists(),
            "more steps are needed"
        );
        for taken_up in 0..2 {
            desk.succeeds(&resume)?;
            ensure!(
                plans(&desk, "run/plans.jsonl.gz")? == whole,
                "{more} {taken_up}"
            );
            ensure!(desk.read("run/model.safetensors")? == desk.read("whole/model.safetensors")?);
            std::fs::remove_file(desk.at("run/metrics.json"))?;
            std::fs::write(&checkpoint, &early)?;
        }
        std::fs::remove_dir_all(desk.at("run"))?;
    }
    Ok(())
}
