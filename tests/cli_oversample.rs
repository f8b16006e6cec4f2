//! `mixup oversample` from the command line: what it prints, what it writes, what it refuses.
#![cfg(feature = "cli")]

#[path = "common/program.rs"]
mod program;

use anyhow::{Context, Result, ensure};
use program::Desk;

/// Forty usual rows and eight rare ones: two numbers, one of them whole, a category, and an id.
fn rows() -> String {
    let row = |i: usize| {
        let rare = i % 6 == 5;
        let x = (i * 37 % 23) as f64 / 4.0 + if rare { 9.0 } else { 0.0 };
        let colour = ["red", "green", "\"light, blue\""][i % 3];
        let class = if rare { "rare" } else { "usual" };
        format!("id{i},{x},{},{colour},{class}\r\n", i * 7 % 11)
    };
    std::iter::once("id,x,n,colour,label\r\n".to_owned())
        .chain((0..48).map(row))
        .collect()
}

fn desk() -> Result<Desk> {
    let desk = Desk::new()?;
    desk.write("t.csv", rows())?;
    Ok(desk)
}

#[test]
fn the_table_comes_first_byte_for_byte_and_synthetic_rows_behind_it() -> Result<()> {
    let desk = desk()?;
    let json = desk.prints("oversample t.csv --ignore id --json --quiet")?;
    ensure!(json["method"] == "smotenc" && json["rows"] == 80, "{json}");
    ensure!(json["classes"]["rare"]["before"] == 8 && json["classes"]["rare"]["after"] == 40);
    ensure!(json["classes"]["usual"]["before"] == 40 && json["classes"]["usual"]["after"] == 40);
    ensure!(json["seconds"].as_f64().is_some_and(|s| s > 0.0));
    let balanced = desk.text("t.balanced.csv")?;
    ensure!(
        balanced.starts_with(&rows()),
        "the table is not at the front"
    );
    let made: Vec<&str> = balanced[rows().len()..].lines().collect();
    ensure!(made.len() == 32);
    for line in made {
        ensure!(line.starts_with(',') && line.ends_with(",rare"), "{line}");
        let n = line.split(',').nth(2).context("a cell")?;
        ensure!(
            n.parse::<i64>().is_ok(),
            "a whole number stays whole: {line}"
        );
    }
    Ok(())
}

#[test]
fn parents_are_on_record_and_recompute_the_row() -> Result<()> {
    let desk = desk()?;
    desk.succeeds("oversample t.csv --ignore id,colour --provenance --out p.csv --quiet")?;
    let mut reader = csv::Reader::from_path(desk.at("p.csv"))?;
    let rows: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>()?;
    let x = |i: usize| rows[i][1].parse::<f64>();
    let mut seen = 0;
    for row in &rows {
        if &row[5] == "0" {
            ensure!(row[6].is_empty() && row[7].is_empty() && row[8].is_empty());
            continue;
        }
        let (own, partner) = (row[6].parse::<usize>()?, row[7].parse::<usize>()?);
        let weight: f64 = row[8].parse()?;
        ensure!(own != partner && &rows[own][4] == "rare" && &rows[partner][4] == "rare");
        let expected = weight * x(own)? + (1.0 - weight) * x(partner)?;
        ensure!((row[1].parse::<f64>()? - expected).abs() < 1e-12);
        seen += 1;
    }
    ensure!(seen == 32, "{seen}");
    Ok(())
}

#[test]
fn the_same_bytes_at_any_thread_count_and_others_for_another_seed() -> Result<()> {
    let desk = desk()?;
    for (name, flags) in [
        ("a", "--threads 1"),
        ("b", "--threads 2"),
        ("c", "--seed 1"),
    ] {
        desk.succeeds(&format!(
            "oversample t.csv --ignore id {flags} --out {name}.csv --quiet"
        ))?;
    }
    let [a, b, c] = ["a.csv", "b.csv", "c.csv"].map(|name| desk.read(name));
    let (a, b, c) = (a?, b?, c?);
    ensure!(a == b && a != c);
    Ok(())
}

#[test]
fn every_method_balances_a_shipped_table_exactly() -> Result<()> {
    let desk = Desk::new()?;
    for method in [
        "random",
        "rose",
        "smote",
        "borderline1",
        "borderline2",
        "svm",
        "kmeans",
        "adasyn",
        "geometric",
        "star",
        "prowsyn",
        "mixup",
    ] {
        let json = desk.prints(&format!(
            "oversample @page-blocks --method {method} --out {method}.csv --json --quiet"
        ))?;
        ensure!(
            json["classes"]["1"]["after"] == 4913 && json["rows"] == 9826,
            "{method}: {json}"
        );
        ensure!(
            desk.text(&format!("{method}.csv"))?.lines().count() == 9827,
            "{method}"
        );
    }
    let json = desk.prints("oversample @car --json --quiet --strategy 1=500")?;
    ensure!(json["method"] == "smoten" && json["classes"]["1"]["after"] == 500);
    let json = desk.prints("oversample @hypothyroid --missing impute --json --quiet")?;
    ensure!(json["method"] == "smotenc" && json["classes"]["1"]["after"] == 3012);
    Ok(())
}

#[test]
fn cleaning_takes_rows_away_and_says_so() -> Result<()> {
    let desk = Desk::new()?;
    let json = desk.prints("oversample @page-blocks --clean tomek --out c.csv --json --quiet")?;
    let removed = json["classes"]["0"]["removed"]
        .as_u64()
        .context("a count")?;
    ensure!(
        removed > 0 && json["classes"]["1"]["removed"] == 0,
        "{json}"
    );
    ensure!(json["rows"].as_u64() == Some(9826 - removed));
    let lines = desk.text("c.csv")?.lines().count() as u64;
    ensure!(lines == 9827 - removed);
    Ok(())
}

#[test]
fn parquet_and_stdout_hold_the_same_rows() -> Result<()> {
    let desk = desk()?;
    desk.succeeds("oversample t.csv --ignore id --out t.parquet --quiet")?;
    desk.succeeds("oversample t.csv --ignore id --out t2.csv --quiet")?;
    let printed = desk.succeeds("oversample t.csv --ignore id --out - --quiet")?;
    ensure!(printed == desk.text("t2.csv")?);
    let json = desk.prints(
        "oversample t.parquet --ignore id --strategy rare=50 --out back.csv --json --quiet",
    )?;
    ensure!(
        json["classes"]["rare"]["before"] == 40 && json["classes"]["rare"]["after"] == 50,
        "{json}"
    );
    Ok(())
}

#[test]
fn the_report_is_one_page_that_fetches_nothing() -> Result<()> {
    let desk = Desk::new()?;
    desk.succeeds("oversample @page-blocks --report r.html --quiet")?;
    let page = desk.text("r.html")?;
    for part in ["<svg", "principal", "nearest", "page-blocks"] {
        ensure!(page.contains(part), "no {part}");
    }
    ensure!(!page.contains("<script") && !page.contains("src=\"http"));
    Ok(())
}

#[test]
fn soft_labels_are_shares_of_the_classes() -> Result<()> {
    let desk = Desk::new()?;
    desk.succeeds("oversample @page-blocks --method mixup --partner any --soft-label same --out s.csv --quiet")?;
    let mut reader = csv::Reader::from_path(desk.at("s.csv"))?;
    let mut mixed = 0;
    for row in reader.records().skip(5472) {
        let row = row?;
        let shares: Vec<f64> = row[11]
            .split(',')
            .map(str::parse)
            .collect::<Result<_, _>>()?;
        ensure!(shares.len() == 2 && (shares.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        ensure!(shares[1] >= 0.5, "the rare row keeps most: {shares:?}");
        mixed += usize::from(shares[0] > 0.0);
    }
    ensure!(mixed > 3000, "{mixed}");
    Ok(())
}

#[test]
fn what_is_refused_names_what_is_wrong_and_leaves_nothing() -> Result<()> {
    let desk = desk()?;
    desk.write("taken.csv", "x")?;
    desk.write("one.csv", "x,label\n1,a\n2,a\n")?;
    desk.write("each.csv", "x,label\n1,a\n2,b\n")?;
    desk.write("nan.csv", "x,label\n1,a\n2,a\nnan,b\n")?;
    desk.write("few.csv", "x,label\n1,a\n2,a\n3,a\n4,b\n5,b\n")?;
    desk.write("wide.csv", "a,b,c,d,e,f,label\n1,2,3,4,5,6,u\n2,3,4,5,6,7,u\n3,4,5,6,7,8,u\n1,1,1,1,1,1,r\n2,2,2,2,2,2,r\n")?;
    desk.write("empty.csv", "x,label\n")?;
    let many: String = (0..2000).map(|i| format!("{i},{}\n", i % 9)).collect();
    desk.write("turns.csv", format!("x,label\n{many}oops,1\n{many}"))?;
    desk.write("far.csv", "x,label\n1,a\n2,a\n1e160,b\n")?;
    let before = desk.names(".")?;
    for (args, code, says) in [
        (
            "far.csv --k 1",
            1,
            &["far.csv", "'x'", "1e160", "1e152"][..],
        ),
        (
            "t.csv --ignore id --report t.csv --force",
            2,
            &["--report t.csv", "input"],
        ),
        (
            "t.csv --ignore id --out n.csv --report ./n.csv",
            2,
            &["--report ./n.csv", "table"],
        ),
        (
            "t.csv --ignore id --report no/r.html",
            1,
            &["no/r.html", "no folder"],
        ),
        (
            "t.csv --ignore id --method random --missing carry --clean tomek",
            2,
            &["carry", "--clean", "impute"],
        ),
        (
            "t.csv --ignore id --method random --scale standard",
            2,
            &["random", "--scale"],
        ),
        (
            "t.csv --ignore id,colour --method prowsyn --bases even",
            2,
            &["prowsyn", "bases"],
        ),
        (
            "t.csv --ignore id --method random --metric cosine --clean enn",
            2,
            &["colour", "--clean", "Euclidean"],
        ),
        ("few.csv", 1, &["few.csv", "--small-class"]),
        ("nope.csv", 1, &["nope.csv"][..]),
        (
            "t.csv --label klass",
            1,
            &["klass", "id, x, n, colour, label"],
        ),
        ("t.csv --method smote", 2, &["smote", "colour", "smotenc"]),
        (
            "t.csv --method smotenc --m 4 --ignore id",
            2,
            &["--m", "smotenc", "k"],
        ),
        ("t.csv --method smot", 2, &["smot", "smote"]),
        (
            "t.csv --method rose --shrinkage nan",
            2,
            &["--shrinkage", "finite", "NaN"],
        ),
        (
            "t.csv --method geometric --selection all",
            2,
            &["--selection", "all", "minority, majority, combined"],
        ),
        ("t.csv --ignore id --k 0", 2, &["k", "at least 1", "0"]),
        (
            "t.csv --ignore id --strategy rare=3",
            2,
            &["rare", "8", "3"],
        ),
        (
            "t.csv --ignore id --strategy other=3",
            2,
            &["other", "rare, usual"],
        ),
        (
            "t.csv --ignore id --strategy 0.1",
            1,
            &["0.1", "reached", "rare 8"],
        ),
        ("t.csv --ignore id --strategy 1.5", 2, &["(0, 1]", "1.5"]),
        (
            "t.csv --ignore id --out taken.csv",
            2,
            &["taken.csv", "--force"],
        ),
        ("t.csv --ignore id --out t.csv --force", 2, &["t.csv"]),
        ("t.csv --ignore id --out t.xlsx", 1, &["t.xlsx", ".csv"]),
        ("t.csv --ignore id --missing carry", 2, &["carry", "random"]),
        (
            "t.csv --ignore id --metric standardised --scale robust",
            2,
            &["standardised", "robust"],
        ),
        ("one.csv", 1, &["one class"]),
        ("each.csv", 1, &["class of its own"]),
        ("nan.csv", 1, &["nan.csv", "line 4", "'x'", "nan"]),
        ("few.csv", 1, &["'b'", "2 rows", "k = 5", "6"]),
        ("wide.csv --k 2", 1, &["'r'", "2 rows", "k = 2"]),
        ("empty.csv", 1, &["empty.csv", "no rows"]),
        (
            "turns.csv",
            1,
            &[
                "turns.csv",
                "2002",
                "'x'",
                "oops",
                "--categorical",
                "--na-values",
                "--ignore",
            ],
        ),
    ] {
        let ended = desk.mixup(&format!("oversample {args} --quiet"))?;
        ensure!(
            ended.code == Some(code),
            "{args}: {:?} {}",
            ended.code,
            ended.stderr
        );
        for word in says {
            ensure!(
                ended.stderr.contains(word),
                "{args}: no '{word}' in {}",
                ended.stderr
            );
        }
        ensure!(
            ended.stdout.is_empty() && desk.names(".")? == before,
            "{args}: left something"
        );
    }
    let text = desk.succeeds("oversample few.csv --small-class shrink-k --quiet")?;
    ensure!(text.contains("k = 1 instead of 5"), "{text}");
    Ok(())
}

#[test]
fn cleaning_takes_categories_and_stands_in_the_record_and_on_the_page() -> Result<()> {
    let desk = Desk::new()?;
    let row = |i: usize| {
        let class = if i % 6 == 5 { "rare" } else { "usual" };
        format!("{},{},{class}\n", i * 37 % 23, ["red", "green"][i % 2])
    };
    let rows: String = (0..48).map(row).collect();
    desk.write("t.csv", format!("x,colour,label\n{rows}"))?;
    let json = desk
        .prints("oversample t.csv --clean enn --bounds observed --report r.html --json --quiet")?;
    ensure!(json["clean"] == "enn" && json["bounds"] == "observed" && json["missing"] == "reject");
    let count = |class: &str, what: &str| json["classes"][class][what].as_u64();
    let removed = count("rare", "removed").zip(count("usual", "removed"));
    let (rare, usual) = removed.context("counts")?;
    ensure!(rare + usual > 0, "the step has work to do: {json}");
    ensure!(
        json["notes"][0]
            .as_str()
            .is_some_and(|n| n.starts_with(&format!(
                "cleaning by enn removed {} rows of 80",
                rare + usual
            ))),
        "{json}"
    );
    let page = desk.text("r.html")?;
    ensure!(page.contains("cleaning by enn removed") && page.contains("32 synthetic rows"));
    Ok(())
}

#[test]
fn what_is_cleaned_is_what_is_written() -> Result<()> {
    // Whole numbers: unrounded, other rows would be each other's nearest.
    let desk = Desk::new()?;
    let row = |i: usize| {
        let rare = i.is_multiple_of(4);
        let (x, y) = (i * 37 % 61, i * i % 53);
        format!("{x},{y},{}\n", if rare { "r" } else { "u" })
    };
    let rows: String = (0..160).map(row).collect();
    desk.write("t.csv", format!("x,y,label\n{rows}"))?;
    desk.succeeds("oversample t.csv --out all.csv --quiet")?;
    desk.succeeds("oversample t.csv --clean tomek --out cleaned.csv --quiet")?;
    let mut sets = Vec::new();
    for name in ["all.csv", "cleaned.csv"] {
        let mut reader = csv::Reader::from_path(desk.at(name))?;
        let rows: Vec<(f64, f64, bool)> = reader
            .deserialize::<(f64, f64, String)>()
            .map(|r| r.map(|(x, y, class)| (x, y, class == "r")))
            .collect::<Result<_, _>>()?;
        sets.push(rows);
    }
    let all = &sets[0];
    let apart = |i: usize, j: usize| (all[i].0 - all[j].0).powi(2) + (all[i].1 - all[j].1).powi(2);
    let nearest = |i: usize| {
        let others = (0..all.len()).filter(|&j| j != i);
        others.min_by(|&a, &b| apart(i, a).total_cmp(&apart(i, b)).then(a.cmp(&b)))
    };
    let is_link =
        |i: usize| nearest(i).is_some_and(|j| nearest(j) == Some(i) && all[i].2 != all[j].2);
    let kept: Vec<_> = (0..all.len())
        .filter(|&i| all[i].2 || !is_link(i))
        .map(|i| all[i])
        .collect();
    ensure!(kept.len() < all.len() && kept == sets[1]);
    Ok(())
}

#[test]
fn a_column_that_outweighs_the_others_is_told() -> Result<()> {
    let desk = Desk::new()?;
    let row = |i: usize| {
        format!(
            "{},{},{}\n",
            1_700_000_000 + i * 9000,
            i % 7,
            u8::from(i.is_multiple_of(5))
        )
    };
    let rows: String = (0..60).map(row).collect();
    desk.write("t.csv", format!("seen,x,label\n{rows}"))?;
    let text = desk.succeeds("oversample t.csv --quiet")?;
    ensure!(
        text.contains("'seen'") && text.contains("--scale standard"),
        "{text}"
    );
    let text = desk.succeeds("oversample t.csv --scale standard --quiet --force")?;
    ensure!(!text.contains("--scale standard"), "{text}");
    Ok(())
}
