//! `mixup augment` from the command line: what it writes, what it tells, what it refuses.
#![cfg(feature = "cli")]

#[path = "common/program.rs"]
mod program;

use anyhow::{Context, Result, ensure};
use candle_mixup::data::Source;
use candle_mixup::text::{Sentence, Tag, TagColumns, TaggedRows};
use program::Desk;
use serde_json::{Value, json};

const ROWS: &str = "id,text,label\n\
    1,\"The red apple, from the orchard, is sweet.\",fruit\n\
    2,A fast car has good brakes and a loud engine,car\n\
    3,Pears and plums hang in every tree here,fruit\n\
    4,\"He said \"\"drive slowly\"\" on wet roads\r\nat night\",car\n\
    5,word,car\n";

fn desk() -> Result<Desk> {
    let desk = Desk::new()?;
    desk.write("t.csv", ROWS)?;
    Ok(desk)
}

/// The cells of every line of a csv file, the header first.
fn cells(content: &str) -> Result<Vec<Vec<String>>> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(content.as_bytes());
    let records = reader.records();
    records
        .map(|r| Ok(r?.iter().map(str::to_owned).collect()))
        .collect()
}

#[test]
fn outputs_stand_under_their_row_with_their_provenance() -> Result<()> {
    let desk = desk()?;
    let json =
        desk.prints("augment t.csv -n 3 --ops swap,delete=0.3 --keep --provenance --json --quiet")?;
    ensure!(
        json["rows"] == 5 && json["outputs"] == 15 && json["kept"] == 5,
        "{json}"
    );
    ensure!(
        json["shortfall"] == json!({ "outputs": 0, "rows": 0 }),
        "{json}"
    );
    ensure!(
        json["operations"]["swap=0.1"]["unchanged"]["too short"]
            .as_u64()
            .is_some_and(|n| n > 0),
        "{json}"
    );
    let lines = cells(&desk.text("t.augmented.csv")?)?;
    let input = cells(ROWS)?;
    ensure!(
        lines[0][..3] == input[0]
            && lines[0][3..]
                == [
                    "_synthetic",
                    "_operation",
                    "_own",
                    "_partner",
                    "_label_weight",
                    "_partner_label",
                    "_unchanged"
                ]
    );
    ensure!(lines.len() == 21);
    for (i, group) in lines[1..].chunks(4).enumerate() {
        ensure!(group[0][..3] == input[i + 1], "{group:?}");
        ensure!(
            group[0][3..] == ["0", "", &i.to_string(), "", "1", "", ""],
            "{group:?}"
        );
        for made in &group[1..] {
            ensure!(
                made[0] == input[i + 1][0] && made[2] == input[i + 1][2],
                "{made:?}"
            );
            ensure!(
                made[3] == "1" && made[5] == i.to_string() && made[7] == "1",
                "{made:?}"
            );
            ensure!(
                ["swap=0.1", "delete=0.3"].contains(&made[4].as_str()),
                "{made:?}"
            );
            ensure!(
                made[9].is_empty() == (made[1] != input[i + 1][1]),
                "{made:?}"
            );
        }
    }
    Ok(())
}

#[test]
fn the_same_bytes_at_any_thread_count_and_another_seed_gives_others() -> Result<()> {
    let desk = Desk::new()?;
    let run = |out: &str, more: &str| {
        desk.succeeds(&format!("augment @questions -n 2 --ops swap,splice,insert,keyboard --label label --out {out} --quiet {more}"))
    };
    run("one.tsv", "--threads 1")?;
    run("four.tsv", "--threads 4")?;
    run("other.tsv", "--seed 1")?;
    ensure!(desk.read("one.tsv")? == desk.read("four.tsv")?);
    ensure!(desk.read("one.tsv")? != desk.read("other.tsv")?);
    Ok(())
}

#[test]
fn unique_outputs_are_new_and_the_shortfall_is_told() -> Result<()> {
    let desk = Desk::new()?;
    desk.write("t.txt", "a b\nsome more words than the first line has\nx\n")?;
    let json = desk.prints("augment t.txt -n 4 --ops swap --unique --json --quiet")?;
    ensure!(
        json["shortfall"] == json!({ "outputs": 7, "rows": 2 }),
        "{json}"
    );
    let lines = desk.text("t.augmented.txt")?;
    let mut lines: Vec<&str> = lines.lines().collect();
    ensure!(lines.len() == 5 && lines[0] == "b a", "{lines:?}");
    lines.sort_unstable();
    lines.dedup();
    ensure!(lines.len() == 5, "{lines:?}");
    Ok(())
}

#[test]
fn lines_keep_their_ends_and_packed_files_stay_packed() -> Result<()> {
    let desk = Desk::new()?;
    desk.write(
        "t.txt",
        "one two three\r\nfour five six\r\n\r\nlast without an end",
    )?;
    desk.succeeds("augment t.txt --ops mask=1 --mask X --out o.txt --quiet")?;
    ensure!(
        desk.text("o.txt")? == "X X X\r\nX X X\r\n\r\nX X X X\r\n",
        "{:?}",
        desk.text("o.txt")?
    );
    desk.succeeds("augment t.txt --ops mask=1 --mask X --out o.txt.gz --quiet")?;
    ensure!(desk.read("o.txt.gz")?.starts_with(b"\x1f\x8b"));
    let again = desk.succeeds("augment o.txt.gz --ops crop=1 --out - --quiet")?;
    ensure!(again == desk.text("o.txt")?, "{again:?}");
    Ok(())
}

#[test]
fn json_values_come_back_as_they_were_written() -> Result<()> {
    let desk = Desk::new()?;
    desk.write("t.jsonl", "{\"n\": 12345678901234567890123, \"text\": \"caf\\u00e9 one two\", \"x\": [1.50, {\"a\":null}]}\n\n{\"text\": \"b\"}\n")?;
    desk.succeeds("augment t.jsonl --ops mask=1 --mask M --provenance --quiet")?;
    let text = desk.text("t.augmented.jsonl")?;
    let lines: Vec<&str> = text.lines().collect();
    ensure!(lines.len() == 2);
    ensure!(
        lines[0].starts_with(
            r#"{"n":12345678901234567890123,"text":"M M M","x":[1.50, {"a":null}],"_synthetic":1,"#
        ),
        "{}",
        lines[0]
    );
    let second: Value = serde_json::from_str(lines[1])?;
    ensure!(
        second["_own"] == 1 && second["_partner"].is_null() && second["_operation"] == "mask=1",
        "{second}"
    );
    Ok(())
}

#[test]
fn entities_follow_their_words() -> Result<()> {
    let desk = Desk::new()?;
    let rows = [
        json!({ "text": "Zoë met Ann Lee in New York last week.", "spans": [[8, 15, "PER"], [19, 27, "LOC"]] }),
        json!({ "text": "我在北京见了她", "spans": [{ "start": 2, "end": 4, "label": "LOC", "id": 7 }] }),
    ];
    desk.write("t.jsonl", rows.map(|row| format!("{row}\n")).concat())?;
    for offsets in ["chars", "bytes"] {
        let bytes = offsets == "bytes";
        if bytes {
            let rows = [
                json!({ "text": "Zoë met Ann Lee in New York last week.", "spans": [[9, 16, "PER"], [20, 28, "LOC"]] }),
            ];
            desk.write("t.jsonl", rows.map(|row| format!("{row}\n")).concat())?;
        }
        for ops in [
            "swap=0.5",
            "delete=0.5",
            "crop=0.5",
            "insert=0.5",
            "aeda",
            "concat",
            "delete=0.4+swap=0.4+aeda",
        ] {
            let partners = if ops == "concat" {
                "--partners any"
            } else {
                ""
            };
            desk.succeeds(&format!("augment t.jsonl -n 8 --ops {ops} {partners} --entities spans --offsets {offsets} --force --quiet"))?;
            for line in desk.text("t.augmented.jsonl")?.lines() {
                let row: Value = serde_json::from_str(line)?;
                let text = row["text"].as_str().context("a text")?;
                let spans = row["spans"].as_array().context("spans")?;
                ensure!(!spans.is_empty(), "{line}");
                for span in spans {
                    let at = |i: usize, key: &str| {
                        span.get(i)
                            .or(span.get(key))
                            .and_then(Value::as_u64)
                            .unwrap_or(0) as usize
                    };
                    let (start, end) = (at(0, "start"), at(1, "end"));
                    let found: String = match bytes {
                        true => text.get(start..end).unwrap_or("?").into(),
                        false => text.chars().skip(start).take(end - start).collect(),
                    };
                    ensure!(
                        ["Ann Lee", "New York", "北京"].contains(&found.as_str()),
                        "{ops}: '{found}' in {line}"
                    );
                }
            }
        }
    }
    Ok(())
}

const COLUMNS: &str = "-DOCSTART- -X- O\n\nAnna NNP B-person\nflew VBD O\nto IN O\nNew NNP B-place\nYork NNP I-place\n\
    , , O\nthe DT O\ncity NN O\nof IN O\nher PRP O\ndreams NNS O\n. . O\n\n\n\
    Bob NNP S-person\nand CC O\nEve NNP S-person\nfound VBD O\nit PRP O\nrather RB O\ncold JJ O\n\n\
    今天 x O\n东京 x B-place\n下雨 x O\n了 x O\n";

/// The entities of a sentence: type and words.
fn entities(sentence: &Sentence) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for (word, tag) in sentence.words().zip(&sentence.tags) {
        match (tag, found.last_mut()) {
            (Tag::O, _) => {}
            (Tag::B(kind), _) => found.push((kind.clone(), word.into())),
            (Tag::I(kind), Some(last)) if last.0 == *kind => last.1 += &format!(" {word}"),
            (Tag::I(kind), _) => found.push((format!("begins inside: {kind}"), word.into())),
        }
    }
    found.sort();
    found
}

#[test]
fn sentences_in_columns_stay_tagged() -> Result<()> {
    let desk = Desk::new()?;
    desk.write("t.conll", COLUMNS)?;
    let read = |name: &str| -> Result<Vec<Sentence>> {
        let source = Source::File(desk.at(name));
        let rows = TaggedRows::open(&source, &TagColumns::default(), true)?;
        Ok(rows.collect::<candle_mixup::Result<_>>()?)
    };
    let sentences = read("t.conll")?;
    for ops in [
        "swap",
        "delete=0.4",
        "insert=0.3",
        "aeda",
        "keyboard=0.5",
        "crop=0.3",
        "drop",
        "substitute",
        "swap+aeda+omit",
        "mask=0.5",
    ] {
        desk.succeeds(&format!(
            "augment t.conll -n 6 --keep --ops {ops} --force --quiet"
        ))?;
        let made = read("t.augmented.conll")?;
        ensure!(made.len() == 7 * sentences.len(), "{ops}: {}", made.len());
        for (group, old) in made.chunks(7).zip(&sentences) {
            ensure!(
                group[0].text == old.text && group[0].tags == old.tags,
                "{ops}: {:?}",
                group[0]
            );
            // No key of that keyboard is next to a Chinese character.
            ensure!(
                !old.text.is_ascii() || group[1..].iter().any(|new| new.text != old.text),
                "{ops}: {}",
                old.text
            );
            for new in group {
                ensure!(entities(new) == entities(old), "{ops}: {new:?} of {old:?}");
            }
        }
    }
    // Partners bring their entities along, and what may go goes with its tags.
    for ops in ["splice=0.4", "concat", "crop=0.4", "drop=0.4"] {
        desk.succeeds(&format!(
            "augment t.conll -n 20 --ops {ops} --entity drop --force --quiet"
        ))?;
        let known: Vec<_> = sentences.iter().flat_map(entities).collect();
        let counts: Vec<usize> = read("t.augmented.conll")?
            .iter()
            .map(|new| {
                let found = entities(new);
                ensure!(
                    found.iter().all(|entity| known.contains(entity)),
                    "{ops}: {new:?}"
                );
                Ok(found.len())
            })
            .collect::<Result<_>>()?;
        let (least, most) = (counts.iter().min(), counts.iter().max());
        ensure!(most > least, "{ops}: {counts:?}");
    }
    Ok(())
}

#[test]
fn partners_have_the_same_label_or_the_shares_are_told() -> Result<()> {
    let desk = desk()?;
    desk.succeeds(
        "augment t.csv -n 5 --ops concat --label label --provenance --out same.csv --quiet",
    )?;
    let input = cells(ROWS)?;
    for row in &cells(&desk.text("same.csv")?)?[1..] {
        let partner: usize = row[6].parse()?;
        ensure!(
            input[partner + 1][2] == row[2] && row[5] != row[6] && row[7] == "1",
            "{row:?}"
        );
    }
    desk.succeeds("augment t.csv -n 5 --ops concat --label label --partners any --provenance --out any.csv --quiet")?;
    let mut shared = 0;
    for row in &cells(&desk.text("any.csv")?)?[1..] {
        let partner: usize = row[6].parse()?;
        let other = &input[partner + 1][2];
        let weight: f64 = row[7].parse()?;
        if *other == row[2] {
            ensure!(weight == 1.0 && row[8].is_empty(), "{row:?}");
        } else {
            let words = |text: &str| text.split_whitespace().count() as f64;
            let own = words(&input[row[5].parse::<usize>()? + 1][1]);
            let theirs = words(&input[partner + 1][1]);
            ensure!(
                (weight - own / (own + theirs)).abs() < 1e-9 && row[8] == *other,
                "{row:?}"
            );
            shared += 1;
        }
    }
    ensure!(shared > 0);
    desk.refuses(
        2,
        "augment t.csv --ops concat --label label --partners any",
        &["--provenance"],
    )
}

/// A line of the file is a word, whatever it is made of.
#[test]
fn words_of_columns_are_never_taken_apart_or_put_together() -> Result<()> {
    let desk = Desk::new()?;
    let words =
        "see 1996-08-22 and Anglo-French Bob and/or U.S.A. ( 北京 ) 我爱 U.S. :-) e.g. don't";
    let lines = words.split(' ').map(|word| {
        let tag = if word == "Bob" { "B-PER" } else { "O" };
        format!("{word}\t{tag}\n")
    });
    desk.write("t.conll", lines.collect::<String>())?;
    let known: Vec<&str> = words.split(' ').collect();
    for ops in [
        "swap=0.5",
        "delete=0.4",
        "crop=0.4",
        "drop=0.4",
        "insert=0.5",
        "substitute=0.5",
        "aeda=0.9",
        "mask=0.4",
        "delete=0.2+aeda+swap",
    ] {
        desk.succeeds(&format!(
            "augment t.conll -n 50 --ops {ops} --force --quiet"
        ))?;
        for line in desk
            .text("t.augmented.conll")?
            .lines()
            .filter(|line| !line.is_empty())
        {
            let (word, tag) = line.split_once('\t').context("two columns")?;
            let fresh = [".", ",", "!", "?", ";", ":", "[MASK]"].contains(&word);
            // What comes in is written in lower case, or in the case of the word that it takes the place of.
            let is = |known: &&str| known.to_lowercase() == word.to_lowercase();
            ensure!(fresh || known.iter().any(is), "{ops}: {line}");
            ensure!((tag == "B-PER") == (word == "Bob"), "{ops}: {line}");
        }
    }
    let told = desk.succeeds("augment t.conll --ops swap --force")?;
    ensure!(
        told.contains("tags are written as B-TYPE and I-TYPE"),
        "{told}"
    );
    Ok(())
}

#[test]
fn what_is_not_text_or_place_stays_as_it_is_written() -> Result<()> {
    let desk = Desk::new()?;
    // Entities within entities, numbers that no machine holds, and spellings of one's own.
    let row = r#"{"text":"at New York University now","e":[[3,11,"LOC",1.10],{"start":3,"id":12345678901234567890123,"end":22,"s":1.0e5}],"x":1.50}"#;
    desk.write("t.jsonl", format!("\u{feff}{row}\n"))?;
    desk.succeeds("augment t.jsonl --ops insert=0.9 -n 20 --keep --entities e --quiet")?;
    let made = desk.text("t.augmented.jsonl")?;
    let made = made
        .strip_prefix('\u{feff}')
        .context("the byte order mark")?;
    ensure!(made.lines().next() == Some(row), "{made}");
    for line in made.lines() {
        let parsed: Value = serde_json::from_str(line)?;
        let text: Vec<char> = parsed["text"].as_str().context("a text")?.chars().collect();
        let (inner, outer) = (&parsed["e"][0], &parsed["e"][1]);
        let part = |start: &Value, end: &Value| -> Result<String> {
            let at = |value: &Value| value.as_u64().context("a place");
            Ok(text[at(start)? as usize..at(end)? as usize]
                .iter()
                .collect())
        };
        ensure!(part(&inner[0], &inner[1])? == "New York", "{line}");
        ensure!(
            part(&outer["start"], &outer["end"])? == "New York University",
            "{line}"
        );
        for spelling in [
            r#""LOC",1.10]"#,
            r#""id":12345678901234567890123"#,
            r#""s":1.0e5"#,
            r#""x":1.50"#,
        ] {
            ensure!(line.contains(spelling), "{line}");
        }
    }
    desk.write("t.csv", "\u{feff}text,label\r\ncafé au lait,x\r\n")?;
    desk.succeeds("augment t.csv --ops swap=1 --quiet")?;
    ensure!(
        desk.text("t.augmented.csv")?
            .starts_with("\u{feff}text,label\r\n")
    );
    Ok(())
}

#[test]
fn equal_labels_are_of_one_class_whatever_their_spelling() -> Result<()> {
    let desk = Desk::new()?;
    let rows = [
        r#"{"text":"a b c","l":"é"}"#,
        r#"{"text":"d e f","l":"\u00e9"}"#,
        r#"{"text":"g h i","l":["x","y"]}"#,
        r#"{"text":"j k l","l":["x",  "y"]}"#,
        r#"{"text":"m n o","l":1}"#,
        r#"{"text":"p q r","l":1.0}"#,
    ];
    desk.write("t.jsonl", rows.join("\n"))?;
    desk.succeeds("augment t.jsonl --ops concat --label l --provenance --quiet")?;
    let made = desk.text("t.augmented.jsonl")?;
    let partner = |line: &str| Ok(serde_json::from_str::<Value>(line)?["_partner"].clone());
    let partners = made.lines().map(partner).collect::<Result<Vec<_>>>()?;
    ensure!(partners == [1, 0, 3, 2, 5, 4], "{made}");
    ensure!(
        made.contains(r#""l":"\u00e9""#) && made.contains(r#""l":["x",  "y"]"#),
        "{made}"
    );
    // A shipped set knows its label.
    desk.succeeds("augment @questions --ops concat --provenance --out q.tsv --quiet")?;
    ensure!(
        desk.text("q.tsv")?
            .lines()
            .skip(1)
            .all(|line| line.ends_with("\t1\t\t")),
        "shares"
    );
    Ok(())
}

#[test]
fn what_runs_out_ends_soon() -> Result<()> {
    let desk = Desk::new()?;
    desk.write("t.txt", "one\nthree more words\n")?;
    let told = desk.prints("augment t.txt --ops swap=0.5 --unique -n 4000000000 --json --quiet")?;
    let outputs = told["outputs"].as_u64().context("a number")?;
    ensure!(
        outputs == 3,
        "one swap of three words gives three others: {told}"
    );
    ensure!(
        told["shortfall"]["outputs"] == 8_000_000_000_u64 - 3,
        "{told}"
    );
    Ok(())
}

/// All that a row can become is found, whatever number is asked for.
#[test]
fn new_texts_are_found_where_there_are_some() -> Result<()> {
    let desk = Desk::new()?;
    desk.write("t.txt", "bb ccc Don it\n")?;
    for seed in 0..5 {
        let args =
            format!("augment t.txt --ops delete=0.5 --unique --seed {seed} --force --json --quiet");
        for (n, found) in [(14, 14), (1000, 14)] {
            let told = desk.prints(&format!("{args} -n {n}"))?;
            ensure!(told["outputs"] == found, "{n} of 14: {told}");
        }
    }
    // A step of a chain that can do nothing does not end the row.
    desk.write("s.csv", "never,ever\n")?;
    let told = desk.prints(
        "augment t.txt --ops delete=0.5+insert-synonym --synonyms s.csv --unique -n 14 --force --json --quiet",
    )?;
    ensure!(told["outputs"] == 14, "{told}");
    Ok(())
}

#[test]
fn cells_of_spans_stay_as_written_where_nothing_moved() -> Result<()> {
    let desk = Desk::new()?;
    let rows = "text,e\nword,\nword,null\none,\"[[0, 3]]\"\na b c,\na b c,\"[ ]\"\n";
    desk.write("t.csv", rows)?;
    desk.succeeds("augment t.csv --ops swap --entities e --quiet")?;
    let made = cells(&desk.text("t.augmented.csv")?)?;
    let spans: Vec<&str> = made[1..].iter().map(|row| row[1].as_str()).collect();
    ensure!(spans == ["", "null", "[[0, 3]]", "", "[ ]"], "{spans:?}");
    Ok(())
}

#[cfg(unix)]
#[test]
fn an_overwritten_file_keeps_its_permissions_and_a_link_stays_one() -> Result<()> {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let desk = desk()?;
    desk.write("private.csv", "old")?;
    std::fs::set_permissions(desk.at("private.csv"), PermissionsExt::from_mode(0o600))?;
    symlink(desk.at("private.csv"), desk.at("link.csv"))?;
    symlink("new.csv", desk.at("leads_on.csv"))?;
    desk.succeeds("augment t.csv --ops swap --out link.csv --force --quiet")?;
    ensure!(desk.at("link.csv").is_symlink());
    ensure!(desk.text("private.csv")?.starts_with("id,text,label"));
    let mode = std::fs::metadata(desk.at("private.csv"))?
        .permissions()
        .mode();
    ensure!(mode & 0o777 == 0o600, "{mode:o}");
    desk.succeeds("augment t.csv --ops swap --out leads_on.csv --quiet")?;
    ensure!(desk.at("leads_on.csv").is_symlink() && desk.at("new.csv").is_file());
    Ok(())
}

#[test]
fn words_of_columns_are_as_they_were_read() -> Result<()> {
    let desk = Desk::new()?;
    // Tabs alone separate these columns: words and entities hold other white space.
    let rows = "1\u{a0}000\tB-NUM\nFrancs\tO\nin\tO\nNew York\tB-LOC\nCity\tI-LOC\n\nfoo\u{3000}bar\tO\n$\tB-CUR\nhere\tO\n";
    desk.write("t.conll", rows)?;
    desk.succeeds("augment t.conll --ops swap --keep --quiet")?;
    let made = desk.text("t.augmented.conll")?;
    let sentences: Vec<&str> = made.split("\n\n").collect();
    let original: Vec<&str> = rows.trim_end().split("\n\n").collect();
    ensure!(
        sentences[0] == original[0] && sentences[2] == original[1],
        "{made}"
    );
    for ops in [
        "swap",
        "splice=0.4",
        "concat",
        "delete=0.9",
        "insert=0.5",
        "case",
        "crop=0.3",
        "swap+aeda",
    ] {
        for more in ["", "--entity drop"] {
            desk.succeeds(&format!(
                "augment t.conll -n 20 --ops {ops} {more} --force --quiet"
            ))?;
            for line in desk
                .text("t.augmented.conll")?
                .lines()
                .filter(|line| !line.is_empty())
            {
                let (word, tag) = line.split_once('\t').context("a word and its tag")?;
                let bound = [
                    ("1\u{a0}000", "B-NUM"),
                    ("New York", "B-LOC"),
                    ("City", "I-LOC"),
                    ("foo\u{3000}bar", "O"),
                    ("$", "B-CUR"),
                ];
                let known = bound.iter().find(|(bound, _)| {
                    bound.contains(word) && word.chars().count() > 2 || *bound == word
                });
                match known {
                    Some(bound) => ensure!(*bound == (word, tag), "{ops} {more}: {line}"),
                    None => ensure!(tag == "O", "{ops} {more}: {line}"),
                }
            }
        }
    }
    Ok(())
}

#[test]
fn words_of_entities_come_in_nowhere_else() -> Result<()> {
    let desk = Desk::new()?;
    desk.write(
        "t.conll",
        "Zanzibar\tB-LOC\nhas\tO\nfine\tO\nbeaches\tO\n\nMay\tB-PER\ncame\tO\nin\tO\nmay\tO\n",
    )?;
    desk.succeeds("augment t.conll -n 200 --ops insert=0.6,substitute=0.6 --quiet")?;
    let made = desk.text("t.augmented.conll")?;
    ensure!(!made.to_lowercase().contains("zanzibar\to"), "{made}");
    // A word that also stands outside of one does.
    ensure!(
        made.contains("may\tO\nhas\t") || made.contains("\nmay\tO\nfine"),
        "{made}"
    );
    Ok(())
}

#[test]
fn rows_without_a_label_are_of_no_class() -> Result<()> {
    let desk = Desk::new()?;
    desk.write(
        "t.csv",
        "text,label\nhello there world,\ngood bye now,\nred green blue,x\none two three,x\n",
    )?;
    let lines = |args: &str| -> Result<Vec<Vec<String>>> {
        desk.succeeds(&format!(
            "augment t.csv --label label --ops splice=0.5 --provenance --force --quiet {args}"
        ))?;
        Ok(cells(&desk.text("t.augmented.csv")?)?.split_off(1))
    };
    let made = lines("")?;
    ensure!(
        made[..2]
            .iter()
            .all(|row| row[5].is_empty() && row[8] == "no partner"),
        "{made:?}"
    );
    ensure!(
        made[2..]
            .iter()
            .all(|row| !row[5].is_empty() && row[6] == "1"),
        "{made:?}"
    );
    for row in lines("--partners any -n 5")? {
        let labelled = row[1] == "x" && ["2", "3"].contains(&row[5].as_str());
        ensure!((row[6] == "1") == labelled, "{row:?}");
    }
    Ok(())
}

#[test]
fn provenance_in_json_is_as_it_was_written() -> Result<()> {
    let desk = Desk::new()?;
    let rows = "{\"text\": \"alpha beta gamma\", \"y\": 2}\n{\"text\": \"one two three\", \"y\": \"b\"}\n{\"text\": \"z\", \"y\": null}\n";
    desk.write("t.jsonl", rows)?;
    desk.succeeds("augment t.jsonl --label y --partners any --ops swap=1+splice=0.4 -n 30 --provenance --quiet")?;
    let mut seen = std::collections::BTreeSet::new();
    for line in desk.text("t.augmented.jsonl")?.lines() {
        let made: Value = serde_json::from_str(line)?;
        let weight = made["_label_weight"].as_f64().context("a weight")?;
        match made["_partner"].as_u64() {
            Some(partner) => {
                ensure!(weight < 1.0, "{made}");
                let own = [json!(2), json!("b"), Value::Null];
                ensure!(made["_partner_label"] == own[partner as usize], "{made}");
                seen.insert(partner);
            }
            None => ensure!(weight == 1.0 && made["_partner_label"].is_null(), "{made}"),
        }
    }
    ensure!(seen.len() == 3, "{seen:?}");
    desk.refuses(
        1,
        "augment t.augmented.jsonl --provenance --force --out u.jsonl",
        &["line 1", "'_synthetic'", "--provenance"],
    )
}

#[test]
fn kept_spans_get_their_new_places() -> Result<()> {
    let desk = Desk::new()?;
    desk.write(
        "t.csv",
        "keep,text\n\"[[10,18]]\",well then call Bob at noon\n",
    )?;
    desk.succeeds(
        "augment t.csv --keep-spans keep --ops aeda=1,delete=0.5+insert=0.5,crop=0.4 -n 30 --quiet",
    )?;
    for row in &cells(&desk.text("t.augmented.csv")?)?[1..] {
        let spans: Vec<(usize, usize)> = serde_json::from_str(&row[0])?;
        let [(start, end)] = spans[..] else {
            anyhow::bail!("{row:?}")
        };
        ensure!(row[1].get(start..end) == Some("call Bob"), "{row:?}");
    }
    Ok(())
}

#[test]
fn where_one_chain_can_do_nothing_new_the_next_one_does() -> Result<()> {
    let desk = Desk::new()?;
    desk.write("t.txt", "hello there my friend\n")?;
    let json =
        desk.prints("augment t.txt -n 6 --ops sentences,keyboard=0.5 --unique --json --quiet")?;
    ensure!(json["outputs"] == 6, "{json}");
    ensure!(json["operations"]["keyboard=0.5"]["outputs"] == 6, "{json}");
    let made = desk.text("t.augmented.txt")?;
    let distinct: std::collections::BTreeSet<&str> = made.lines().collect();
    ensure!(distinct.len() == 6, "{made}");
    Ok(())
}

/// A row whose outputs are many bytes goes by itself, and the bytes are the same as ever.
#[test]
fn long_rows_come_out_as_short_ones_do() -> Result<()> {
    let desk = Desk::new()?;
    let long = (0..200_000)
        .map(|i| format!("w{i}"))
        .collect::<Vec<_>>()
        .join(" ");
    desk.write(
        "t.txt",
        format!("short text here\n{long}\nanother short one\n"),
    )?;
    desk.succeeds("augment t.txt --ops swap,drop -n 20 --keep --threads 2 --quiet --out a.txt")?;
    desk.succeeds("augment t.txt --ops swap,drop -n 20 --keep --threads 1 --quiet --out b.txt")?;
    let made = desk.text("a.txt")?;
    ensure!(made == desk.text("b.txt")?);
    ensure!(made.lines().count() == 63);
    let at = |line: usize| made.lines().nth(line);
    ensure!(
        at(0) == Some("short text here")
            && at(21) == Some(&long)
            && at(42) == Some("another short one")
    );
    Ok(())
}

#[test]
fn synonyms_that_no_word_has_are_counted() -> Result<()> {
    let desk = Desk::new()?;
    desk.write("t.txt", "a good day in new york\n")?;
    desk.write("s.tsv", "good\tfine\nnew york\tNYC\n")?;
    let told = desk.succeeds("augment t.txt --ops synonym=1 --synonyms s.tsv")?;
    ensure!(
        told.contains("1 words of --synonyms are several words"),
        "{told}"
    );
    ensure!(desk.text("t.augmented.txt")? == "a fine day in new york\n");
    Ok(())
}

#[test]
fn a_preview_shows_and_writes_nothing() -> Result<()> {
    let desk = desk()?;
    let before = desk.names(".")?;
    let shown = desk.succeeds("augment t.csv -n 2 --ops delete=0.5,mask=1 --preview=2")?;
    ensure!(
        shown.contains("row 0") && shown.contains("row 1") && !shown.contains("row 2"),
        "{shown}"
    );
    ensure!(
        shown.contains("[-") && shown.contains("{+[MASK]"),
        "{shown}"
    );
    ensure!(desk.names(".")? == before);
    Ok(())
}

/// What comes in must not make other lines than there are rows, or words.
#[test]
fn what_is_written_has_no_line_end_where_lines_are_rows() -> Result<()> {
    let desk = Desk::new()?;
    desk.write("t.txt", "a line\nand another\n")?;
    desk.write("t.conll", "to O\nRome B-place\n")?;
    let before = desk.names(".")?;
    for (args, flag, text, words) in [
        ("t.txt --ops mask", "--mask", "a\nb", "without a line end"),
        (
            "t.txt --ops concat",
            "--separator",
            "\r",
            "without a line end",
        ),
        ("t.txt --ops mask", "--mask", "", "a word"),
        ("t.conll --ops mask", "--mask", "", "a word"),
        (
            "t.conll --ops concat",
            "--separator",
            " and",
            "so that words stay apart",
        ),
        ("t.conll --ops mask", "--mask", "\u{a0}", "one word"),
        ("t.conll --ops mask", "--mask", "X\u{a0}Y", "one word"),
    ] {
        let mut command = desk.command(&format!("augment {args}"));
        let output = command.args([flag, text]).output()?;
        let said = String::from_utf8(output.stderr)?;
        ensure!(output.status.code() == Some(2), "{args} {text:?}: {said}");
        ensure!(
            said.contains(flag) && said.contains(words),
            "{args}: {said}"
        );
    }
    ensure!(desk.names(".")? == before);
    Ok(())
}

#[test]
fn what_cannot_be_is_refused_and_nothing_is_left() -> Result<()> {
    let desk = desk()?;
    desk.write("bad.csv", b"text\nfine\nca\xe9\n")?;
    desk.write("bad.jsonl", "{\"text\": \"a b\"}\n{\"text\": 5}\n")?;
    desk.write("keys.jsonl", "{\"text\": \"a b\"}\n{\"txt\": \"c\"}\n")?;
    desk.write("broken.jsonl", "{\"text\": \"a b\"\n")?;
    desk.write(
        "spans.jsonl",
        "{\"text\": \"a b\", \"e\": [[0, 1]]}\n{\"text\": \"a b\", \"e\": [[2, 9]]}\n",
    )?;
    desk.write("cut.jsonl", "{\"text\": \"é b\", \"e\": [[1, 2]]}\n")?;
    desk.write(
        "over.jsonl",
        "{\"text\": \"a b c\", \"e\": [[0, 3], [2, 5]]}\n{\"text\": \"a b\", \"e\": [{\"start\":2,\"end\":3,\"start\":0}]}\n",
    )?;
    desk.write("twice.jsonl", "{\"text\": \"a b\", \"text\": \"c d\"}\n")?;
    desk.write("named.csv", "text,_own\na b,1\n")?;
    desk.write("there.csv", "x")?;
    desk.write("c.conll", "to O\nRome X-place\n")?;
    desk.write("two.conll", "to O\nRome B-place\n")?;
    desk.write("lines.txt", "a line\nand another\n")?;
    desk.write("breaks.csv", "line,\"ro\nw\"\n")?;
    let before = desk.names(".")?;
    for (code, args, words) in [
        (
            2,
            "t.csv --ops swop",
            &["unknown operation 'swop'", "did you mean 'swap'"][..],
        ),
        (2, "t.csv --ops swap=2", &["swap", "within 0..=1", "2"]),
        (2, "t.csv -n 0", &["-n", "at least 1"]),
        (2, "t.csv --ops synonym", &["--synonyms FILE is needed"]),
        (2, "t.csv --synonyms t.csv", &["--synonyms is for synonym"]),
        (2, "t.csv --mask X", &["--mask is for mask"]),
        (2, "t.csv --max-words 9", &["--max-words is for concat"]),
        (2, "t.csv --neighbours 9", &["--neighbours is for nearest"]),
        (2, "t.csv --offsets bytes", &["--offsets is for"]),
        (2, "t.csv --entity drop", &["--entity is for --entities"]),
        (2, "t.csv --partners any", &["--partners is for splice"]),
        (2, "t.csv --ops swap --min-keep 2", &["--min-keep is for"]),
        (
            2,
            "t.csv --ops swap,concat",
            &["--label COL", "--partners any"],
        ),
        (1, "twice.jsonl", &["line 1", "the key 'text' stands twice"]),
        (
            1,
            "twice.jsonl --text t --entities e",
            &["line 1", "the key 'text' stands twice"],
        ),
        (
            2,
            "t.csv --ops splice --partners same-label",
            &["needs --label"],
        ),
        (2, "t.csv --out there.csv", &["it exists", "--force"]),
        (2, "t.csv --out o.jsonl", &["a name that ends in .csv"]),
        (2, "t.csv --out t.csv --force", &["the file itself"]),
        (2, "t.csv --protect (", &["a regular expression"]),
        (2, "t.csv --preview --json", &["--json", "writes nothing"]),
        (2, "named.csv --provenance", &["'_own'"]),
        (2, "t.csv --threads 0", &["--threads"]),
        (2, "c.conll --label x", &["--label", "words and tags only"]),
        (
            2,
            "c.conll --provenance",
            &["--provenance", "words and tags only"],
        ),
        (
            2,
            "c.conll --text word",
            &["--text", "number of a column", "word"],
        ),
        (1, "c.conll", &["c.conll, line 2", "B-TYPE", "X-place"]),
        (
            2,
            "c.conll --offsets characters",
            &["--offsets", "words and tags only"],
        ),
        (
            1,
            "two.conll --text 2",
            &[
                "two.conll, line 1, column '2'",
                "another column than the word",
            ],
        ),
        (
            1,
            "lines.txt --ops synonym --synonyms breaks.csv",
            &["breaks.csv, line 1", "line end"],
        ),
        (1, "none.csv", &["none.csv"]),
        (
            1,
            "t.csv --text body",
            &["no column 'body'", "id, text, label"],
        ),
        (
            1,
            "bad.csv --ops swap",
            &["bad.csv, line 3", "invalid UTF-8"],
        ),
        (1, "bad.jsonl", &["line 2", "'text'", "a text", "5"]),
        (1, "keys.jsonl", &["line 2", "'text'", "txt"]),
        (1, "broken.jsonl", &["line 1", "one JSON object"]),
        (
            1,
            "spans.jsonl --entities e",
            &["line 2", "'e'", "3 characters", "[2, 9]"],
        ),
        (
            1,
            "cut.jsonl --entities e --offsets bytes",
            &["line 1", "4 bytes", "[1, 2]"],
        ),
        (
            1,
            "over.jsonl --entities e",
            &["line 2", "'e'", "a JSON list", "\"start\":2"],
        ),
    ] {
        desk.refuses(code, &format!("augment {args}"), words)?;
        ensure!(desk.names(".")? == before, "{args} left something");
    }
    Ok(())
}
