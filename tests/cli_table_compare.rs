//! `mixup compare table` from the command line.
#![cfg(feature = "cli")]

#[path = "common/anomalies.rs"]
mod anomalies;
#[path = "common/program.rs"]
mod program;

use anomalies::{QUICK, desk};
use anyhow::{Context, Result, ensure};
use serde_json::Value;

fn names(json: &Value) -> Vec<&str> {
    let arms = json["arms"].as_array().map_or(&[][..], Vec::as_slice);
    arms.iter().filter_map(|a| a["name"].as_str()).collect()
}

fn arm<'a>(json: &'a Value, name: &str) -> Result<&'a Value> {
    let arms = json["arms"].as_array().context("arms")?;
    let found = arms.iter().find(|a| a["name"] == name);
    found.with_context(|| format!("{name} among {:?}", names(json)))
}

#[test]
fn every_detector_gets_every_arm_that_it_takes() -> Result<()> {
    let desk = desk()?;
    let json = desk.prints(&format!(
        "compare table --data t.csv {QUICK} --json --out r"
    ))?;
    ensure!(json["metric"] == "average_precision", "{}", json["metric"]);
    for network in ["mlp", "transformer"] {
        for name in [
            "none", "weights", "random", "smote", "mixup", "hidden", "latent",
        ] {
            let arm = arm(&json, &format!("{network}/{name}"))?;
            let runs = arm["runs"].as_array().context("runs")?;
            ensure!(runs.len() == 3, "three folds");
            let folds: Vec<_> = runs.iter().filter_map(|r| r["fold"].as_u64()).collect();
            ensure!(folds == [0, 1, 2]);
            for metric in [
                "average_precision",
                "roc_auc",
                "precision_at_n",
                "recall_at_n",
                "log_loss",
                "ece",
            ] {
                let value = arm["mean"][metric].as_f64();
                ensure!(
                    value.is_some_and(f64::is_finite),
                    "{network}/{name} {metric}"
                );
            }
            let versus = arm["versus_first"].as_array().context("versus")?;
            ensure!(versus.is_empty() == (name == "none"), "{network}/{name}");
        }
    }
    for tree in ["forest", "boosted"] {
        arm(&json, &format!("{tree}/none"))?;
        arm(&json, &format!("{tree}/smote"))?;
        ensure!(arm(&json, &format!("{tree}/mixup")).is_err());
    }
    ensure!(
        names(&json)
            .iter()
            .filter(|n| n.starts_with("isolation/"))
            .count()
            == 1
    );
    ensure!(arm(&json, "isolation/none")?["mean"]["log_loss"].is_null());
    // Before the correction of the prior the latent arm would say what `none` says, had its head not been trained again.
    let learnt = json["details"].as_array().context("details")?.iter();
    let learnt = learnt.filter(|d| d["detector"] == "mlp" && d["arm"] == "latent");
    let learnt: Vec<_> = learnt.map(|d| d["as_learnt"]["log_loss"].clone()).collect();
    let plain = arm(&json, "mlp/none")?["runs"].as_array().context("runs")?;
    let plain: Vec<_> = plain
        .iter()
        .map(|r| r["test"]["log_loss"].clone())
        .collect();
    ensure!(learnt.len() == 3 && learnt.iter().all(Value::is_number));
    ensure!(
        learnt.iter().zip(&plain).all(|(a, b)| a != b),
        "{learnt:?} {plain:?}"
    );
    // What is not there is said, with a reason.
    let absent = json["absent"].as_array().context("absent")?;
    let says = |detector: &str, arm: &str| {
        absent.iter().any(|a| {
            a["detector"] == detector
                && a["arm"] == arm
                && a["why"].as_str().is_some_and(|w| w.len() > 10)
        })
    };
    ensure!(says("forest", "mixup") && says("linear", "hidden") && says("isolation", "smote"));
    let page = desk.text("r/report.html")?;
    ensure!(page.contains("smotenc") && page.contains("</html>"));
    ensure!(desk.names("r/cells")?.len() == names(&json).len() * 3);
    Ok(())
}

#[test]
fn a_comparison_goes_on_cell_by_cell_and_ends_the_same() -> Result<()> {
    let desk = desk()?;
    let command = |out: &str, more: &str| {
        format!(
            "compare table --data t.csv {QUICK} --detectors mlp,boosted --arms none,smote,hidden --json --out {out} {more}"
        )
    };
    let whole = desk.prints(&command("a", ""))?;
    // A comparison of which some cells are there, one of them torn off.
    std::fs::create_dir_all(desk.at("b/cells"))?;
    desk.write("b/settings.json", desk.read("a/settings.json")?)?;
    for (i, cell) in desk.names("a/cells")?.into_iter().enumerate() {
        if i % 3 == 0 {
            desk.write(
                &format!("b/cells/{cell}"),
                desk.read(&format!("a/cells/{cell}"))?,
            )?;
        }
    }
    desk.write("b/cells/torn.json.part", "{\"table\":")?;
    let resumed = desk.prints(&command("b", "--resume"))?;
    ensure!(whole["arms"] == resumed["arms"], "the same numbers");
    let again = desk.prints(&command("b", "--resume"))?;
    ensure!(again == resumed, "nothing is done twice");
    let other = desk.mixup(&command("b", "--resume --lr 0.5"))?;
    ensure!(
        other.code == Some(1) && other.stderr.contains("rate"),
        "{}",
        other.stderr
    );
    let one = desk.prints(&command("c", "--threads 1").replace("--threads 2", ""))?;
    ensure!(one["arms"] == whole["arms"], "the same at any thread count");
    Ok(())
}

#[test]
fn few_anomalies_make_a_series() -> Result<()> {
    let desk = desk()?;
    let json = desk.prints(&format!(
        "compare table --data t.csv {QUICK} --detectors linear --arms smote --anomalies 6,2,all --json --out r"
    ))?;
    let arms = json["arms"].as_array().context("arms")?;
    let kept: Vec<_> = arms
        .iter()
        .filter(|a| a["arm"] == "none")
        .map(|a| a["anomalies"].clone())
        .collect();
    ensure!(
        kept == [Value::from(2), Value::from(6), Value::Null],
        "{kept:?}"
    );
    let details = json["details"].as_array().context("details")?;
    let rows = |anomalies: Value| -> Vec<u64> {
        let own = details
            .iter()
            .filter(|d| d["anomalies"] == anomalies && d["arm"] == "none");
        own.filter_map(|d| d["training_rows"].as_u64()).collect()
    };
    ensure!(
        rows(Value::from(2)) == [72, 72, 72],
        "70 usual rows and 2: {:?}",
        rows(Value::from(2))
    );
    ensure!(rows(Value::Null).iter().all(|n| *n == 80));
    ensure!(desk.text("r/report.html")?.contains("anomalies"));
    let too_many = desk.mixup(&format!(
        "compare table --data t.csv {QUICK} --detectors linear --anomalies 11 --out x"
    ))?;
    ensure!(
        too_many.code == Some(1) && too_many.stderr.contains("rare"),
        "{}",
        too_many.stderr
    );
    ensure!(!desk.at("x").exists(), "nothing is half-written");
    Ok(())
}

#[test]
fn several_tables_give_ranks() -> Result<()> {
    let desk = desk()?;
    desk.write(
        "u.csv",
        anomalies::table(|i, row| row[1] = format!("{}", (i * 29 % 31) + i % 8)),
    )?;
    let json = desk.prints(&format!(
        "compare table --data t.csv u.csv {QUICK} --detectors linear,mlp --arms none,mixup --json --out r"
    ))?;
    let ranks = json["ranks"].as_array().context("ranks")?;
    ensure!(ranks.len() == 2, "one for each detector: {ranks:?}");
    ensure!(json["data"].as_array().is_some_and(|d| d.len() == 2));
    ensure!(desk.text("r/report.html")?.contains("Friedman"));
    Ok(())
}

#[test]
fn numbers_are_told_in_their_units() -> Result<()> {
    let desk = desk()?;
    let json = desk.prints(&format!(
        "compare table --data n.csv --target label {QUICK} --detectors mlp,forest --arms none,mixup,cmixup --json --out r"
    ))?;
    ensure!(json["metric"] == "rmse");
    for metric in ["rmse", "mae", "mape", "r2"] {
        ensure!(
            arm(&json, "mlp/cmixup")?["mean"][metric].is_number(),
            "{metric}"
        );
    }
    let rmse = arm(&json, "forest/none")?["mean"]["rmse"]
        .as_f64()
        .context("rmse")?;
    ensure!((0.1..10.0).contains(&rmse), "in units of the label: {rmse}");
    let absent = json["absent"].to_string();
    ensure!(
        absent.contains("weights") && absent.contains("random"),
        "{absent}"
    );
    Ok(())
}

#[test]
fn what_cannot_be_compared_is_refused_before_anything_is_written() -> Result<()> {
    let desk = desk()?;
    desk.write(
        "one.csv",
        anomalies::table(|_, row| row[5] = "usual".into()),
    )?;
    desk.write(
        "held.csv",
        anomalies::table(|i, row| {
            row[4] = if i % 8 == 3 { "all" } else { "g" }.to_string()
                + &(i % 5 * usize::from(i % 8 != 3)).to_string()
        }),
    )?;
    desk.write(
        "text.csv",
        anomalies::table(|i, row| {
            if i == 7 {
                row[1] = "much".into()
            }
        }),
    )?;
    desk.write(
        "constant.csv",
        anomalies::table(|_, row| row[5] = "4".into()),
    )?;
    desk.write(
        "hole.csv",
        anomalies::table(|i, row| row[5] = if i == 9 { String::new() } else { i.to_string() }),
    )?;
    let refused = [
        ("--data t.csv --folds 16", 1, "rare"),
        ("--data t.csv --folds 1", 2, "folds must be"),
        ("--data t.csv --seeds 0", 2, "--seeds"),
        (
            "--data held.csv --group group --folds 3",
            1,
            "group 'all0' holds 15 of its 15",
        ),
        ("--data one.csv --folds 3", 1, "usual"),
        ("--data text.csv --numeric x --folds 3", 1, "much"),
        ("--data constant.csv --target label --folds 3", 1, "label"),
        ("--data hole.csv --target label --folds 3", 1, "label"),
        ("--data t.csv --label nothing", 1, "nothing"),
        ("--data t.csv --anomaly strange", 2, "strange"),
        ("--data t.csv --target x --anomaly rare", 2, "--anomaly"),
        ("--data t.csv --arms nothing", 2, "nothing"),
        ("--data t.csv --arms mixup,mixup", 2, "mixup"),
        ("--data t.csv --detectors tree", 2, "tree"),
        ("--data t.csv --arms cmixup --folds 3", 2, "cmixup"),
        (
            "--data t.csv --arms adasyn --folds 3",
            2,
            "adasyn takes numbers only",
        ),
        (
            "--data n.csv --target label --arms smote --folds 3",
            2,
            "smote",
        ),
        ("--data t.csv n.csv --folds 3", 2, "the same kind of label"),
        ("--data t.csv t.csv --folds 3", 2, "twice"),
        ("--data t.csv --anomalies 0 --folds 3", 2, "--anomalies"),
        ("--data t.csv --anomalies 3,3 --folds 3", 2, "twice"),
        ("--data t.csv --class-weights --folds 3", 2, "weights"),
        ("--data t.csv --numbers strange", 2, "strange"),
        ("--data t.csv --heads 3 --width 8 --folds 3", 2, "heads"),
        ("--data t.csv --hidden 0 --folds 3", 2, "hidden"),
        ("--data none.csv", 1, "none.csv"),
    ];
    for (args, code, says) in refused {
        let ended = desk.mixup(&format!("compare table {args} --ignore id --quiet --out r"))?;
        ensure!(
            ended.code == Some(code),
            "{args}: {:?} {}",
            ended.code,
            ended.stderr
        );
        ensure!(ended.stderr.contains(says), "{args}: {}", ended.stderr);
        ensure!(ended.stdout.is_empty() && !desk.at("r").exists(), "{args}");
    }
    Ok(())
}

#[test]
fn the_baselines_are_there_unless_left_out_with_a_word() -> Result<()> {
    let desk = desk()?;
    let command = |more: &str, out: &str| {
        format!(
            "compare table --data t.csv {QUICK} --detectors linear --arms mixup {more} --json --out {out}"
        )
    };
    let with = desk.prints(&command("", "a"))?;
    ensure!(
        names(&with)
            == [
                "linear/none",
                "linear/weights",
                "linear/random",
                "linear/mixup"
            ]
    );
    let bare = desk.prints(&command("--bare", "b"))?;
    ensure!(names(&bare) == ["linear/mixup"]);
    let reasons = bare["absent"].as_array().context("absent")?;
    ensure!(
        reasons
            .iter()
            .filter(|a| a["why"] == "left out by --bare")
            .count()
            == 3,
        "{reasons:?}"
    );
    Ok(())
}

#[test]
fn probabilities_are_brought_back_to_the_real_shares() -> Result<()> {
    let desk = desk()?;
    let command = |prior: &str| {
        format!(
            "compare table --data t.csv {} --detectors mlp --arms none,random --prior {prior} --json --out {prior}",
            QUICK.replace("--steps 12", "--steps 60")
        )
    };
    let (kept, corrected) = (
        desk.prints(&command("keep"))?,
        desk.prints(&command("correct"))?,
    );
    let value = |json: &Value, arm_name: &str, metric: &str| -> Result<f64> {
        arm(json, arm_name)?["mean"][metric]
            .as_f64()
            .context("a number")
    };
    for name in ["mlp/none", "mlp/random", "mlp/weights"] {
        let same = value(&kept, name, "average_precision")?
            - value(&corrected, name, "average_precision")?;
        ensure!(
            same.abs() < 1e-9,
            "the order does not change: {name} {same}"
        );
    }
    ensure!(arm(&kept, "mlp/none")? == arm(&corrected, "mlp/none")?);
    ensure!(
        value(&kept, "mlp/random", "log_loss")? != value(&corrected, "mlp/random", "log_loss")?
    );
    let learnt = &corrected["details"];
    let random = learnt
        .as_array()
        .context("details")?
        .iter()
        .find(|d| d["arm"] == "random");
    let random = random.context("random")?;
    ensure!(
        random["as_learnt"]["log_loss"] != random["corrected"]["log_loss"],
        "{random}"
    );
    Ok(())
}

#[test]
fn arms_differ_in_nothing_but_what_they_do() -> Result<()> {
    let desk = desk()?;
    desk.write(
        "twin.json",
        r#"{"name": "twin", "probability": 0, "sites": []}"#,
    )?;
    let json = desk.prints(&format!(
        "compare table --data t.csv {QUICK} --seeds 2 --detectors linear,mlp,transformer --arms none,mixup,twin.json --json --out r"
    ))?;
    for detector in ["linear", "mlp", "transformer"] {
        let of = |name: &str| {
            Ok::<_, anyhow::Error>(arm(&json, &format!("{detector}/{name}"))?["runs"].clone())
        };
        let none = of("none")?;
        ensure!(
            none == of("twin")?,
            "{detector}: same folds, initial weights, order and dropout"
        );
        ensure!(none != of("mixup")?, "{detector}: mixup does something");
        let runs = none.as_array().context("runs")?;
        ensure!(
            runs.len() == 6 && runs[0]["test"] != runs[3]["test"],
            "seeds differ"
        );
    }
    Ok(())
}
