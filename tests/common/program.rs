//! Runs the program in a folder of its own, and writes small data for it.
#![allow(
    dead_code,
    reason = "each test binary uses a part of what is shared here"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

/// How a run of the program ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// A temporary folder in which the program runs.
pub struct Desk(TempDir);

/// Words of each class, so that a model can learn something in a few steps.
const WORDS: [(&str, [&str; 6]); 3] = [
    (
        "fruit",
        ["red", "apple", "tree", "sweet", "orchard", "pear"],
    ),
    ("car", ["fast", "road", "wheel", "engine", "drive", "brake"]),
    ("sea", ["deep", "fish", "wave", "salt", "boat", "shore"]),
];

/// The text and the class of row `i`; every text is another.
pub fn row(i: usize) -> (String, &'static str) {
    let (class, words) = WORDS[i % 3];
    let n = i / 3;
    let word = |k: usize| words[(n / 6usize.pow(k as u32) + k * n + k) % 6];
    let text = format!(
        "the {} {} of {} {} it {n}",
        word(0),
        word(1),
        word(2),
        words[n % 6]
    );
    (text, class)
}

impl Desk {
    /// An empty folder with `rows.csv`: 60 rows of 3 classes.
    pub fn new() -> Result<Self> {
        let desk = Self(TempDir::new()?);
        desk.write(
            "rows.csv",
            csv("text,label", 0..60, |text, class| format!("{text},{class}")),
        )?;
        Ok(desk)
    }

    /// The path of something in the folder.
    pub fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> Result<()> {
        let path = self.at(name);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(&path, content).with_context(|| path.display().to_string())
    }

    /// Reads a file.
    pub fn read(&self, name: &str) -> Result<Vec<u8>> {
        std::fs::read(self.at(name)).with_context(|| name.to_string())
    }

    /// Reads a text file.
    pub fn text(&self, name: &str) -> Result<String> {
        Ok(String::from_utf8(self.read(name)?)?)
    }

    /// Reads a JSON file.
    pub fn json(&self, name: &str) -> Result<Value> {
        serde_json::from_slice(&self.read(name)?).with_context(|| name.to_string())
    }

    /// The names in a folder, sorted; `.` for the desk itself.
    pub fn names(&self, folder: &str) -> Result<Vec<String>> {
        let entries = std::fs::read_dir(self.at(folder))?;
        let mut names = entries
            .map(|e| Ok(e?.file_name().to_string_lossy().into_owned()))
            .collect::<Result<Vec<_>>>()?;
        names.sort();
        Ok(names)
    }

    /// The program with arguments that contain no white space, to be started here.
    pub fn command(&self, args: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mixup"));
        command
            .current_dir(self.0.path())
            .args(args.split_whitespace())
            .env_remove("CANDLE_MIXUP_MODELS")
            .env("RUST_BACKTRACE", "0")
            .stdin(Stdio::null());
        command
    }

    /// Runs the program.
    pub fn mixup(&self, args: &str) -> Result<Ended> {
        let output = self.command(args).output()?;
        Ok(Ended {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout)?,
            stderr: String::from_utf8(output.stderr)?,
        })
    }

    /// Runs the program, which must succeed; its stdout.
    pub fn succeeds(&self, args: &str) -> Result<String> {
        let ended = self.mixup(args)?;
        ensure!(
            ended.code == Some(0),
            "mixup {args}: ended with {:?}: {}",
            ended.code,
            ended.stderr
        );
        Ok(ended.stdout)
    }

    /// Runs the program, which must end with this code and name these words on stderr.
    pub fn refuses(&self, code: i32, args: &str, words: &[&str]) -> Result<()> {
        let ended = self.mixup(args)?;
        ensure!(ended.code == Some(code), "mixup {args}: {ended:?}");
        for word in words {
            let said = &ended.stderr;
            ensure!(said.contains(word), "mixup {args}: no '{word}' in {said}");
        }
        Ok(())
    }

    /// Runs the program, whose stdout must be one JSON value.
    pub fn prints(&self, args: &str) -> Result<Value> {
        let stdout = self.succeeds(args)?;
        serde_json::from_str(&stdout).with_context(|| format!("mixup {args}: {stdout}"))
    }

    /// Writes a BERT folder of two narrow blocks, whose tokenizer knows the words of the rows.
    pub fn tiny_encoder(&self, folder: &str) -> Result<()> {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/tiny-bert");
        for file in ["config.json", "model.safetensors"] {
            self.write(&format!("{folder}/{file}"), std::fs::read(from.join(file))?)?;
        }
        self.write(&format!("{folder}/tokenizer.json"), tokenizer().to_string())
    }
}

/// A csv file of some of the rows.
pub fn csv(
    header: &str,
    rows: impl IntoIterator<Item = usize>,
    line: impl Fn(&str, &str) -> String,
) -> String {
    let lines = rows.into_iter().map(|i| {
        let (text, class) = row(i);
        line(&text, class) + "\n"
    });
    std::iter::once(format!("{header}\n"))
        .chain(lines)
        .collect()
}

fn tokenizer() -> Value {
    let special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "the", "of", "it"];
    let words = special
        .into_iter()
        .chain(WORDS.iter().flat_map(|(_, words)| *words));
    let vocab: serde_json::Map<String, Value> = words
        .enumerate()
        .map(|(i, word)| (word.to_string(), i.into()))
        .collect();
    let added = |i: usize| {
        serde_json::json!({ "id": i, "content": special[i], "single_word": false, "lstrip": false, "rstrip": false,
            "normalized": false, "special": true })
    };
    serde_json::json!({
        "version": "1.0", "truncation": null, "padding": null,
        "added_tokens": (0..4).map(added).collect::<Vec<_>>(),
        "normalizer": null, "pre_tokenizer": { "type": "Whitespace" },
        "post_processor": { "type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2] },
        "decoder": null,
        "model": { "type": "WordLevel", "vocab": vocab, "unk_token": "[UNK]" }
    })
}
