//! Bad input to the program: the exit code, a message that says what is wrong and where, and nothing left behind.
#![cfg(feature = "cli")]

#[path = "common/program.rs"]
mod program;

use anyhow::{Result, ensure};

use program::{Desk, csv};

/// Exit code for work that failed.
const FAILED: i32 = 1;
/// Exit code for a request that was wrong.
const USAGE: i32 = 2;

/// The arguments, the exit code, and what the message must name.
type Case<'a> = (&'a str, i32, &'a [&'a str]);

/// Trains on the rows in as little time as possible; the arguments of a case follow.
const TRAIN: &str = "train text --quiet --out run --data";

/// Every case is refused as it says, and the folder is as it was.
fn refused(desk: &Desk, cases: &[Case<'_>]) -> Result<()> {
    let before = desk.names(".")?;
    let mut wrong = Vec::new();
    for (args, code, says) in cases {
        let ended = desk.mixup(args)?;
        if ended.code != Some(*code) {
            wrong.push(format!(
                "mixup {args}: exit code {:?}, not {code}: {}",
                ended.code, ended.stderr
            ));
        }
        let missing: Vec<_> = says
            .iter()
            .filter(|word| !ended.stderr.contains(**word))
            .collect();
        if !missing.is_empty() {
            wrong.push(format!(
                "mixup {args}: the message lacks {missing:?}: {}",
                ended.stderr
            ));
        }
        if !ended.stdout.is_empty() {
            wrong.push(format!(
                "mixup {args}: stdout is not empty: {}",
                ended.stdout
            ));
        }
        let after = desk.names(".")?;
        if after != before {
            wrong.push(format!("mixup {args}: left something behind: {after:?}"));
            if desk.at("run").is_dir() && !before.contains(&"run".into()) {
                std::fs::remove_dir_all(desk.at("run"))?;
            }
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

/// Cases of `mixup train text` with the CNN: the data and further arguments, the exit code, the message.
fn training_refused(desk: &Desk, cases: &[Case<'_>]) -> Result<()> {
    let full: Vec<String> = cases
        .iter()
        .map(|(args, ..)| {
            let steps = if args.contains("--steps") || args.contains("--epochs") {
                ""
            } else {
                " --steps 6"
            };
            let model = if args.contains("--model") {
                ""
            } else {
                " --model cnn"
            };
            format!("{TRAIN} {args}{steps}{model}")
        })
        .collect();
    let cases: Vec<Case<'_>> = full
        .iter()
        .zip(cases)
        .map(|(args, case)| (args.as_str(), case.1, case.2))
        .collect();
    refused(desk, &cases)
}

#[test]
fn a_file_that_is_missing_or_no_table_of_texts() -> Result<()> {
    let desk = Desk::new()?;
    desk.write("empty.csv", "")?;
    desk.write("empty.jsonl", "")?;
    desk.write("header.csv", "text,label\n")?;
    desk.write("rows.txt", "text,label\na,b\n")?;
    desk.write("plain.csv.gz", "text,label\na,b\n")?;
    desk.write(
        "cut.csv.gz",
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x2b",
    )?;
    std::fs::create_dir(desk.at("folder.csv"))?;
    training_refused(
        &desk,
        &[
            ("nope.csv", FAILED, &["nope.csv", "No such file"]),
            (
                "rows.csv --test nope.csv",
                FAILED,
                &["nope.csv", "No such file"],
            ),
            (
                "rows.csv --validation nope.csv",
                FAILED,
                &["nope.csv", "No such file"],
            ),
            (
                "rows.csv --schedule nope.json",
                FAILED,
                &["nope.json", "No such file"],
            ),
            (
                "rows.csv --vectors nope.txt",
                FAILED,
                &["nope.txt", "No such file"],
            ),
            ("rows.csv --model nope", FAILED, &["nope", "No such file"]),
            ("folder.csv", FAILED, &["folder.csv", "folder"]),
            ("rows.txt", FAILED, &["rows.txt", ".csv", ".tsv", ".jsonl"]),
            ("plain.csv.gz", FAILED, &["plain.csv.gz", "not packed"]),
            ("cut.csv.gz", FAILED, &["cut.csv.gz", "cut short"]),
            ("empty.csv", FAILED, &["empty.csv", "empty"]),
            ("empty.jsonl", FAILED, &["empty.jsonl", "empty"]),
            ("header.csv", FAILED, &["header.csv", "no rows"]),
            (
                "@question",
                USAGE,
                &["'question'", "did you mean 'questions'", "reviews-zh"],
            ),
            ("@car", FAILED, &["@car", "'text'", "anomaly"]),
        ],
    )
}

#[test]
fn a_message_says_the_systems_word_once() -> Result<()> {
    let desk = Desk::new()?;
    let ended = desk.mixup(&format!("{TRAIN} nope.csv --model cnn"))?;
    assert_eq!(
        ended.stderr.matches("No such file").count(),
        1,
        "{}",
        ended.stderr
    );
    Ok(())
}

#[test]
fn a_missing_column_names_those_there_are() -> Result<()> {
    let desk = Desk::new()?;
    desk.write(
        "rows.jsonl",
        "{\"text\": \"a\", \"label\": \"b\"}\n{\"text\": \"c\", \"label\": \"d\"}\n",
    )?;
    desk.write(
        "gap.jsonl",
        "{\"text\": \"a\", \"label\": \"b\"}\n{\"label\": \"d\"}\n",
    )?;
    training_refused(
        &desk,
        &[
            (
                "rows.csv --text body",
                FAILED,
                &["rows.csv", "'body'", "text, label"],
            ),
            (
                "rows.csv --label class",
                FAILED,
                &["rows.csv", "'class'", "text, label"],
            ),
            (
                "rows.csv --text-pair other",
                FAILED,
                &["rows.csv", "'other'", "text, label"],
            ),
            (
                "rows.csv --group who",
                FAILED,
                &["rows.csv", "'who'", "text, label"],
            ),
            (
                "rows.csv --time when",
                FAILED,
                &["rows.csv", "'when'", "text, label"],
            ),
            (
                "rows.csv --ratings stars",
                FAILED,
                &["rows.csv", "'stars'", "text, label"],
            ),
            (
                "rows.csv --shares shares",
                FAILED,
                &["rows.csv", "'shares'", "text, label"],
            ),
            (
                "rows.csv --no-header",
                FAILED,
                &["rows.csv", "'text'", "1, 2"],
            ),
            (
                "rows.csv --no-header --text 1 --label 3",
                FAILED,
                &["rows.csv", "'3'", "1, 2"],
            ),
            (
                "rows.jsonl --text body",
                FAILED,
                &["rows.jsonl", "'body'", "text, label"],
            ),
            ("gap.jsonl", FAILED, &["gap.jsonl", "line 2", "'text'"]),
        ],
    )
}

#[test]
fn classes_that_cannot_be_learnt_or_split() -> Result<()> {
    let desk = Desk::new()?;
    desk.write("one.csv", "text,label\na b,x\nc d,x\ne f,x\n")?;
    desk.write(
        "small.csv",
        csv("text,label", 0..60, |t, c| format!("{t},{c}")) + "alone,rare\n",
    )?;
    desk.write("new.csv", "text,label\nred apple,fruit\nold stone,rock\n")?;
    desk.write("blank.csv", "text,label\nred apple,fruit\nold stone,\n")?;
    training_refused(
        &desk,
        &[
            ("one.csv", FAILED, &["one.csv", "'x'", "two classes"]),
            ("small.csv", FAILED, &["'rare'", "1 row,", "at least 2"]),
            (
                "rows.csv --test new.csv",
                FAILED,
                &["new.csv", "line 3", "'label'", "'rock'", "fruit"],
            ),
            (
                "rows.csv --validation new.csv",
                FAILED,
                &["new.csv", "line 3", "'label'", "'rock'", "fruit"],
            ),
            ("blank.csv", FAILED, &["blank.csv", "line 3", "'label'"]),
            (
                "rows.csv --per-class 500",
                FAILED,
                &["'car'", "16 rows", "500"],
            ),
            (
                "rows.csv --train-rows 500",
                USAGE,
                &["--train-rows", "48", "500"],
            ),
            (
                "rows.csv --train-rows 2",
                USAGE,
                &["--train-rows", "3 classes", "2"],
            ),
        ],
    )
}

#[test]
fn an_empty_text_names_its_line_unless_it_is_skipped() -> Result<()> {
    let desk = Desk::new()?;
    let rows = csv("text,label", 0..60, |t, c| format!("{t},{c}"));
    desk.write("gap.csv", format!("{rows}  ,sea\n"))?;
    desk.write("none.csv", "text,label\n,sea\n ,car\n")?;
    desk.write("pair.csv", "a,b,label\nx,y,sea\nx,,car\n")?;
    training_refused(
        &desk,
        &[
            (
                "gap.csv",
                FAILED,
                &["gap.csv", "line 62", "'text'", "a text"],
            ),
            (
                "rows.csv --test gap.csv",
                FAILED,
                &["gap.csv", "line 62", "'text'"],
            ),
            ("none.csv --skip-empty", FAILED, &["none.csv", "no rows"]),
            (
                "pair.csv --text a --text-pair b",
                FAILED,
                &["pair.csv", "line 3", "'b'"],
            ),
        ],
    )?;
    let metrics = desk.prints(&format!(
        "{TRAIN} gap.csv --skip-empty --model cnn --steps 2 --json"
    ))?;
    assert_eq!(metrics["data"]["rows"], 60);
    assert_eq!(metrics["data"]["skipped_rows"], 1);
    Ok(())
}

#[test]
fn rows_that_cannot_be_read_name_file_and_line() -> Result<()> {
    let desk = Desk::new()?;
    desk.write("bytes.csv", b"text,label\nred,fruit\ndeep \xff sea,sea\n")?;
    desk.write(
        "bytes.jsonl",
        b"{\"text\": \"a\", \"label\": \"b\"}\n{\"text\": \"\xc3(\", \"label\": \"b\"}\n",
    )?;
    desk.write(
        "ragged.csv",
        "text,label\n\"two\nlines\",fruit\nred,apple,fruit\n",
    )?;
    desk.write("short.tsv", "text\tlabel\na\tb\nc\n")?;
    desk.write(
        "torn.jsonl",
        "{\"text\": \"a\", \"label\": \"b\"}\n{\"text\": \"c\", \n",
    )?;
    training_refused(
        &desk,
        &[
            ("bytes.csv", FAILED, &["bytes.csv", "line 3", "byte 26"]),
            ("bytes.jsonl", FAILED, &["bytes.jsonl", "line 2", "byte 38"]),
            (
                "ragged.csv",
                FAILED,
                &["ragged.csv", "line 4", "2 cells", "found 3"],
            ),
            (
                "short.tsv",
                FAILED,
                &["short.tsv", "line 3", "2 cells", "found 1"],
            ),
            ("torn.jsonl", FAILED, &["torn.jsonl", "line 2"]),
        ],
    )
}

#[test]
fn soft_labels_that_are_none() -> Result<()> {
    let desk = Desk::new()?;
    desk.write(
        "stars.csv",
        "text,label,stars\na,positive,\"1,2\"\nb,negative,\"-1,bad\"\n",
    )?;
    desk.write(
        "names.csv",
        "text,label,stars\na,good,\"1,2\"\nb,bad,\"-1,-2\"\n",
    )?;
    desk.write(
        "sum.csv",
        "text,label,share\na,x,\"0.5,0.5\"\nb,y,\"0.5,0.6\"\n",
    )?;
    desk.write(
        "count.csv",
        "text,label,share\na,x,\"0.5,0.5\"\nb,y,\"0.5,0.25,0.25\"\n",
    )?;
    training_refused(
        &desk,
        &[
            (
                "stars.csv --ratings stars",
                FAILED,
                &["stars.csv", "line 3", "'stars'", "whole number", "bad"],
            ),
            (
                "names.csv --ratings stars",
                FAILED,
                &["names.csv", "negative, positive", "bad, good"],
            ),
            (
                "sum.csv --shares share",
                FAILED,
                &["sum.csv", "line 3", "'share'", "0.5,0.6"],
            ),
            (
                "count.csv --shares share",
                FAILED,
                &["count.csv", "line 3", "'share'", "2"],
            ),
            (
                "rows.csv --train-on soft",
                USAGE,
                &["--train-on soft", "--ratings", "--shares"],
            ),
        ],
    )
}

#[test]
fn broken_model_folders() -> Result<()> {
    let desk = Desk::new()?;
    let folders = [
        "torn",
        "cut",
        "words",
        "ids",
        "config",
        "weightless",
        "narrow",
        "tokenless",
    ];
    for folder in folders {
        desk.tiny_encoder(folder)?;
    }
    desk.write("torn/model.safetensors", b"not a safetensors file")?;
    let whole = desk.read("cut/model.safetensors")?;
    desk.write("cut/model.safetensors", &whole[..whole.len() / 2])?;
    desk.write("words/tokenizer.json", "{\"model\": {\"type\": ")?;
    let ids = desk
        .text("ids/tokenizer.json")?
        .replace("\"boat\":", "\"boat\":4800,\"ship\":");
    desk.write("ids/tokenizer.json", ids)?;
    desk.write("config/config.json", "{\"model_type\": \"bert\"}")?;
    std::fs::remove_file(desk.at("weightless/model.safetensors"))?;
    std::fs::remove_file(desk.at("tokenless/tokenizer.json"))?;
    let config = desk
        .text("narrow/config.json")?
        .replace("\"vocab_size\": 48", "\"vocab_size\": 50");
    desk.write("narrow/config.json", config)?;
    training_refused(
        &desk,
        &[
            ("rows.csv --model torn", FAILED, &["torn/model.safetensors"]),
            ("rows.csv --model cut", FAILED, &["cut/model.safetensors"]),
            ("rows.csv --model words", FAILED, &["words/tokenizer.json"]),
            ("rows.csv --model ids", FAILED, &["ids", "4800", "48"]),
            ("rows.csv --model config", FAILED, &["config/config.json"]),
            (
                "rows.csv --model weightless",
                FAILED,
                &["weightless", "safetensors"],
            ),
            (
                "rows.csv --model tokenless",
                FAILED,
                &["tokenless", "tokenizer.json"],
            ),
            (
                "rows.csv --model narrow",
                FAILED,
                &["narrow", "embeddings", "50", "48"],
            ),
            (
                "rows.csv --model torn --freeze 9",
                FAILED,
                &["torn/model.safetensors"],
            ),
        ],
    )?;
    desk.tiny_encoder("whole")?;
    training_refused(
        &desk,
        &[
            (
                "rows.csv --model whole --freeze 9",
                USAGE,
                &["freeze", "2 blocks", "9"],
            ),
            (
                "rows.csv --model whole --freeze all",
                USAGE,
                &["freeze", "embeddings", "all"],
            ),
            (
                "rows.csv --model whole --max-tokens 0",
                USAGE,
                &["max", "tokens", "0"],
            ),
        ],
    )
}

/// The tokenizer of the shipped encoder against an embedding that its configuration says is smaller.
#[cfg(unix)]
#[test]
fn a_tokenizer_with_more_words_than_the_embedding() -> Result<()> {
    let desk = Desk::new()?;
    let from = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("models/minilm-l3");
    let config = std::fs::read_to_string(from.join("config.json"))?;
    desk.write(
        "model/config.json",
        config.replace("\"vocab_size\": 30522", "\"vocab_size\": 20000"),
    )?;
    for file in ["model.safetensors", "tokenizer.json"] {
        std::os::unix::fs::symlink(from.join(file), desk.at("model").join(file))?;
    }
    training_refused(
        &desk,
        &[("rows.csv --model model", FAILED, &["30521", "20000"])],
    )
}

#[test]
fn names_that_are_unknown_name_the_nearest() -> Result<()> {
    let desk = Desk::new()?;
    training_refused(
        &desk,
        &[
            (
                "rows.csv --mix manifolt",
                USAGE,
                &["'manifolt'", "did you mean 'manifold'", "samplepairing"],
            ),
            ("rows.csv --mix cutmix", USAGE, &["'cutmix'", "for tables"]),
            (
                "rows.csv --mix samplepairing-paper",
                USAGE,
                &["samplepairing-paper", "never mix", "6 steps"],
            ),
        ],
    )?;
    let compare = "compare text --data rows.csv --model cnn --steps 4 --quiet --out run";
    refused(
        &desk,
        &[
            (
                &format!("{compare} --arms none,mixop"),
                USAGE,
                &["'mixop'", "did you mean 'mixup'"],
            ),
            (
                &format!("{compare} --arms none,remix"),
                USAGE,
                &["'remix'", "tables or images"],
            ),
            (
                &format!("{compare} --arms none,samplepairing-paper"),
                USAGE,
                &["samplepairing-paper", "never mix"],
            ),
            (
                &format!("{compare} --arms none,mixup,none"),
                USAGE,
                &["--arms", "'none'", "twice"],
            ),
            (
                &format!("{compare} --seeds 0"),
                USAGE,
                &["--seeds", "between 1 and", "0"],
            ),
            (
                "schedule --mix manifolt",
                USAGE,
                &["did you mean 'manifold'"],
            ),
            ("schedule --sites embedding,hiden1", USAGE, &["hiden1"]),
            ("schedule --steps 0", USAGE, &["--steps", "at least 1", "0"]),
            (
                "datasets reviewz",
                USAGE,
                &["'reviewz'", "did you mean 'reviews'"],
            ),
            ("trein text", USAGE, &["trein", "train"]),
        ],
    )
}

#[test]
fn schedule_files_that_say_something_else() -> Result<()> {
    let desk = Desk::new()?;
    desk.write(
        "field.json",
        "{\"sites\": [\"first\"],\n \"probabillity\": 0.5}",
    )?;
    desk.write("torn.json", "{\"sites\": [")?;
    desk.write("law.json", "{\"weight\": {\"beta\": [0.4, -1]}}")?;
    desk.write("high.json", "{\"probability\": 1.5}")?;
    desk.write("site.json", "{\"sites\": [\"hidden7\"]}")?;
    desk.write("partner.json", "{\"partner\": {\"nearest\": {\"k\": 500}}}")?;
    training_refused(
        &desk,
        &[
            (
                "rows.csv --schedule field.json",
                FAILED,
                &["field.json", "probabillity", "line 2"],
            ),
            (
                "rows.csv --schedule torn.json",
                FAILED,
                &["torn.json", "line 1"],
            ),
            (
                "rows.csv --schedule law.json",
                USAGE,
                &["weight.beta", "-1"],
            ),
            (
                "rows.csv --schedule high.json",
                USAGE,
                &["probability", "1.5"],
            ),
            (
                "rows.csv --schedule site.json",
                USAGE,
                &["hidden7", "embedding"],
            ),
            (
                "rows.csv --schedule partner.json",
                USAGE,
                &["nearest", "48 training rows", "500"],
            ),
        ],
    )
}

#[test]
fn flags_that_contradict_each_other() -> Result<()> {
    let desk = Desk::new()?;
    training_refused(
        &desk,
        &[
            (
                "rows.csv --steps 3 --epochs 2",
                USAGE,
                &["--steps", "--epochs"],
            ),
            (
                "rows.csv --per-class 3 --train-rows 9",
                USAGE,
                &["--per-class", "--train-rows"],
            ),
            (
                "rows.csv --group label --time text",
                USAGE,
                &["--group", "--time"],
            ),
            (
                "rows.csv --multi-label ; --ratings text",
                USAGE,
                &["--multi-label", "--ratings"],
            ),
            (
                "rows.csv --shares text --ratings text",
                USAGE,
                &["--shares", "--ratings"],
            ),
            (
                "rows.csv --mix mixup --schedule x.json",
                USAGE,
                &["--mix", "--schedule"],
            ),
            ("rows.csv --pooling cls", USAGE, &["--pooling", "encoders"]),
            ("rows.csv --freeze 2", USAGE, &["--freeze", "cnn"]),
            (
                "rows.csv --patience 3",
                USAGE,
                &["--patience", "--validation"],
            ),
            (
                "rows.csv --device cuda",
                if cfg!(feature = "cuda") {
                    FAILED
                } else {
                    USAGE
                },
                &["cuda"],
            ),
        ],
    )?;
    desk.tiny_encoder("tiny")?;
    refused(
        &desk,
        &[
            (
                "train text --data rows.csv --model cnn --steps 2 --resume",
                USAGE,
                &["--out"],
            ),
            (
                "train text --data rows.csv --model tiny --vectors v.txt --out run",
                USAGE,
                &["--vectors", "cnn"],
            ),
            (
                "train text --data rows.csv --vectors v.txt --out run",
                USAGE,
                &["--vectors", "cnn"],
            ),
            ("predict run --data rows.csv --force", USAGE, &["--out"]),
            (
                "predict run --data rows.csv --json --out x.csv",
                USAGE,
                &["--json", "--out"],
            ),
            ("datasets questions --json", USAGE, &["--json"]),
        ],
    )
}

#[test]
fn numbers_outside_their_range() -> Result<()> {
    let desk = Desk::new()?;
    training_refused(
        &desk,
        &[
            ("rows.csv --lr nan", USAGE, &["lr", "positive", "NaN"]),
            ("rows.csv --lr -1", USAGE, &["lr", "positive", "-1"]),
            ("rows.csv --lr=-1", USAGE, &["lr", "positive", "-1"]),
            ("rows.csv --lr inf", USAGE, &["lr", "finite", "inf"]),
            ("rows.csv --lr fast", USAGE, &["--lr", "fast"]),
            (
                "rows.csv --head-lr 0",
                USAGE,
                &["--head-lr", "positive", "0"],
            ),
            ("rows.csv --batch 0", USAGE, &["batch", "at least 1", "0"]),
            (
                "rows.csv --accumulate 0",
                USAGE,
                &["accumulate", "at least 1", "0"],
            ),
            ("rows.csv --steps 0", USAGE, &["steps", "at least 1", "0"]),
            ("rows.csv --epochs 0", USAGE, &["epochs", "at least 1", "0"]),
            (
                "rows.csv --test 1.5",
                USAGE,
                &["--test", "between 0 and 1", "1.5"],
            ),
            (
                "rows.csv --validation 0",
                USAGE,
                &["--validation", "between 0 and 1", "0"],
            ),
            (
                "rows.csv --validation nan",
                USAGE,
                &["--validation", "between 0 and 1", "nan"],
            ),
            (
                "rows.csv --threads 0",
                USAGE,
                &["--threads", "between 1 and", "0"],
            ),
            (
                "rows.csv --per-class 0",
                USAGE,
                &["--per-class", "at least 1", "0"],
            ),
            (
                "rows.csv --weight-decay=-0.1",
                USAGE,
                &["weight-decay", "-0.1"],
            ),
            ("rows.csv --clip nan", USAGE, &["clip", "NaN"]),
            (
                "rows.csv --warm-up 1",
                USAGE,
                &["--warm-up", "below 1", "1"],
            ),
            (
                "rows.csv --patience 0 --validation 0.2",
                USAGE,
                &["patience", "at least 1", "0"],
            ),
            (
                "rows.csv --checkpoint-every=-1",
                USAGE,
                &["--checkpoint-every", "0 or more", "-1"],
            ),
            ("rows.csv --batch 1 --mix mixup", USAGE, &["never mix"]),
            ("rows.csv --seed x", USAGE, &["--seed", "x"]),
        ],
    )?;
    desk.tiny_encoder("tiny")?;
    refused(
        &desk,
        &[
            (
                "train text --data rows.csv --model tiny --per-class 0 --out run",
                USAGE,
                &["--per-class", "at least 1"],
            ),
            (
                "compare text --data rows.csv --model cnn --seed 18446744073709551615 --seeds 2 --out run --quiet",
                USAGE,
                &["--seed"],
            ),
        ],
    )
}

#[test]
fn an_output_folder_that_is_taken() -> Result<()> {
    let desk = Desk::new()?;
    desk.write("mine/letter.txt", "dear")?;
    desk.write("file", "x")?;
    desk.succeeds("train text --data rows.csv --model cnn --steps 2 --quiet --out done")?;
    let metrics = desk.read("done/metrics.json")?;
    let train = "train text --data rows.csv --model cnn --quiet --steps 2";
    let compare = "compare text --data rows.csv --model cnn --quiet --steps 2";
    refused(
        &desk,
        &[
            (
                &format!("{train} --out mine"),
                USAGE,
                &["mine", "not a run"],
            ),
            (
                &format!("{train} --out mine --resume"),
                USAGE,
                &["mine", "not a run"],
            ),
            (
                &format!("{train} --out file"),
                USAGE,
                &["file", "not a run"],
            ),
            (&format!("{train} --out file/run"), FAILED, &["file/run"]),
            (&format!("{train} --out done"), USAGE, &["done", "--resume"]),
            (
                &format!("{compare} --out done"),
                USAGE,
                &["done", "--resume"],
            ),
            (
                &format!("{compare} --out done --resume"),
                FAILED,
                &["done", "command", "train text", "compare text"],
            ),
            (
                &format!("{compare} --out mine"),
                USAGE,
                &["mine", "not a run"],
            ),
            ("datasets car --out file", USAGE, &["file", "exists"]),
            ("datasets car --out no/such.csv", FAILED, &["no/such.csv"]),
            ("schedule --plot no/such.svg", FAILED, &["no/such.svg"]),
        ],
    )?;
    assert_eq!(desk.names("mine")?, ["letter.txt"]);
    assert_eq!(desk.read("done/metrics.json")?, metrics);
    Ok(())
}

#[test]
fn runs_that_cannot_be_scored_or_asked() -> Result<()> {
    let desk = Desk::new()?;
    desk.write("mine/letter.txt", "dear")?;
    desk.write("begun/settings.json", "{}")?;
    desk.write("new.csv", "text,label\nred apple,fruit\nold stone,rock\n")?;
    desk.write("gap.csv", "text\nred apple\n \n")?;
    desk.write("bytes.csv", b"text\nred apple\n\xff\n")?;
    desk.succeeds("train text --data rows.csv --model cnn --steps 2 --quiet --out done")?;
    desk.succeeds("train text --data rows.csv --model cnn --steps 2 --quiet --out broken")?;
    let weights = desk.read("broken/model.safetensors")?;
    desk.write("broken/model.safetensors", &weights[..weights.len() / 2])?;
    desk.succeeds("compare text --data rows.csv --model cnn --steps 2 --seeds 2 --arms none,mixup --quiet --out grid")?;
    desk.succeeds("train text --data rows.csv --model cnn --steps 2 --quiet --out half")?;
    std::fs::remove_file(desk.at("half/metrics.json"))?;
    refused(
        &desk,
        &[
            ("evaluate nope", FAILED, &["nope", "not a run"]),
            (
                "evaluate mine",
                FAILED,
                &["mine", "not a run", "settings.json"],
            ),
            ("evaluate begun", FAILED, &["begun/settings.json"]),
            ("evaluate half", FAILED, &["half", "not ended", "--resume"]),
            ("evaluate grid", FAILED, &["grid", "compare text"]),
            ("evaluate broken", FAILED, &["broken/model.safetensors"]),
            ("evaluate done --data nope.csv", FAILED, &["nope.csv"]),
            (
                "evaluate done --data new.csv",
                FAILED,
                &["new.csv", "line 3", "'rock'", "fruit"],
            ),
            (
                "evaluate done --data gap.csv",
                FAILED,
                &["gap.csv", "'label'", "text"],
            ),
            ("evaluate done --threads 0", USAGE, &["--threads"]),
            (
                "predict mine --data rows.csv",
                FAILED,
                &["mine", "not a run"],
            ),
            (
                "predict half --data rows.csv --out labels.csv",
                FAILED,
                &["half", "not ended"],
            ),
            (
                "predict broken --data rows.csv --out labels.csv",
                FAILED,
                &["broken/model.safetensors"],
            ),
            (
                "predict done --data nope.csv --out labels.csv",
                FAILED,
                &["nope.csv"],
            ),
            (
                "predict done --data rows.csv --text body --out labels.csv",
                FAILED,
                &["'body'", "text, label"],
            ),
            (
                "predict done --data gap.csv --out labels.csv",
                FAILED,
                &["gap.csv", "line 3", "'text'"],
            ),
            (
                "predict done --data bytes.csv --out labels.csv",
                FAILED,
                &["bytes.csv", "line 3", "byte 15"],
            ),
            (
                "predict done --data rows.csv --out no/such.csv",
                FAILED,
                &["no/such.csv"],
            ),
        ],
    )?;
    desk.write(
        "rows.csv",
        csv("text,label", 1..61, |t, c| format!("{t},{c}")),
    )?;
    refused(
        &desk,
        &[("evaluate done", FAILED, &["rows.csv", "changed", "--data"])],
    )
}

/// A disk without room: what was printed is not whole, and the exit code says so.
#[cfg(target_os = "linux")]
#[test]
fn no_room_for_what_is_printed() -> Result<()> {
    let desk = Desk::new()?;
    desk.succeeds("train text --data rows.csv --model cnn --steps 2 --quiet --out run")?;
    let commands = [
        "predict run --data rows.csv --quiet",
        "evaluate run --quiet --json",
        "datasets car",
        "datasets --json",
        "schedule --json",
        "train text --data rows.csv --model cnn --steps 2 --quiet --out run --resume --json",
    ];
    for args in commands {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full")?;
        let output = desk.command(args).stdout(full).output()?;
        let stderr = String::from_utf8(output.stderr)?;
        assert_eq!(output.status.code(), Some(FAILED), "mixup {args}: {stderr}");
        assert!(
            stderr.starts_with("error:") && stderr.contains("No space left"),
            "mixup {args}: {stderr}"
        );
    }
    Ok(())
}
