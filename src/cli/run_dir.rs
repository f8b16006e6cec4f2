//! The folder of a run: made, found again, or refused.

use std::path::{Path, PathBuf};

use anyhow::Result;
use candle_mixup::{Error, files};
use serde_json::Value;

use super::args::OutputArgs;

/// A run's folder.
#[derive(Debug)]
pub struct RunDir {
    path: PathBuf,
    /// Whether the run in it has ended.
    pub finished: bool,
}

impl RunDir {
    /// Makes the folder, or finds the unfinished or finished run in it again.
    ///
    /// `result` is the file that an ended run has. Nothing is written if the folder is refused.
    pub fn open(
        output: &OutputArgs,
        command: &str,
        settings: &Value,
        result: &str,
    ) -> Result<Self> {
        let path = output.out.clone().unwrap_or_else(|| free_name(command));
        if !path.exists() {
            files::create_folder(&path)?;
            files::write(path.join("settings.json"), pretty(settings)?.as_bytes())?;
            return Ok(Self {
                path,
                finished: false,
            });
        }
        let started = path.join("settings.json");
        let is_run = started.is_file();
        let is_empty = path.is_dir()
            && std::fs::read_dir(&path)
                .map_err(Error::io(&path))?
                .next()
                .is_none();
        if !is_run && !is_empty {
            return Err(Error::Conflict(format!(
                "--out {}: it exists and is not a run",
                path.display()
            ))
            .into());
        }
        if is_run && !output.resume {
            let advice = "give --resume to go on with it, or another --out";
            return Err(Error::Conflict(format!(
                "--out {}: the run exists; {advice}",
                path.display()
            ))
            .into());
        }
        if is_run {
            same_settings(&path, &started, settings)?;
            files::clear_parts(&path)?;
        } else {
            files::write(&started, pretty(settings)?.as_bytes())?;
        }
        let finished = path.join(result).is_file();
        Ok(Self { path, finished })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Writes a JSON file, beside and renamed.
    pub fn write_json(&self, name: &str, value: &impl serde::Serialize) -> Result<()> {
        Ok(files::write(self.file(name), pretty(value)?.as_bytes())?)
    }
}

/// JSON as it stands in files: indented, with a newline at the end.
pub fn pretty(value: &impl serde::Serialize) -> Result<String> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}

/// The first of runs/COMMAND-1, runs/COMMAND-2, ... that does not exist.
fn free_name(command: &str) -> PathBuf {
    let name = |n: u32| Path::new("runs").join(format!("{command}-{n}"));
    (1..)
        .map(name)
        .find(|path| !path.exists())
        .expect("some number is free")
}

fn same_settings(path: &Path, file: &Path, now: &Value) -> Result<()> {
    let text = std::fs::read_to_string(file).map_err(Error::io(file))?;
    let then: Value = serde_json::from_str(&text).map_err(|e| Error::file(file, e))?;
    let mut differences = Vec::new();
    compare("", &then, now, &mut differences);
    if differences.is_empty() {
        Ok(())
    } else {
        Err(Error::OtherSettings {
            path: path.into(),
            differences,
        }
        .into())
    }
}

fn compare(name: &str, then: &Value, now: &Value, differences: &mut Vec<String>) {
    match (then, now) {
        (Value::Object(a), Value::Object(b)) => {
            for key in a.keys().chain(b.keys().filter(|k| !a.contains_key(*k))) {
                let name = if name.is_empty() {
                    key.clone()
                } else {
                    format!("{name}.{key}")
                };
                compare(
                    &name,
                    a.get(key).unwrap_or(&Value::Null),
                    b.get(key).unwrap_or(&Value::Null),
                    differences,
                );
            }
        }
        _ if then == now => {}
        _ => differences.push(format!("{name} was {then}, now {now}")),
    }
}
