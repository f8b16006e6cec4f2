//! The folder of a run: of which command it is, and whether it has ended.

use std::path::Path;

use anyhow::Result;
use candle_mixup::Error;
use serde::Deserialize;

use super::train::RESULT;

/// What a trained run's rows are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trained {
    Text,
    Table,
    Image,
    Tags,
}

/// What the run in a folder was trained on.
///
/// # Errors
/// [`Error::File`] for a folder that is no run, and for that of a comparison, which keeps no model.
pub fn trained(folder: &Path) -> Result<Trained> {
    #[derive(Deserialize)]
    struct Settings {
        command: String,
    }
    let file = folder.join("settings.json");
    if !file.is_file() {
        return Err(Error::file(folder, "not a run: it has no settings.json").into());
    }
    let Settings { command } = read_json(&file)?;
    match command.as_str() {
        "train text" => Ok(Trained::Text),
        "train table" => Ok(Trained::Table),
        "train image" => Ok(Trained::Image),
        "train tags" => Ok(Trained::Tags),
        _ => {
            let problem =
                format!("a run of 'mixup {command}'; only a 'mixup train' run has a model");
            Err(Error::file(folder, problem).into())
        }
    }
}

/// Refuses a run that has not ended.
pub fn check_ended(folder: &Path) -> Result<()> {
    if folder.join(RESULT).is_file() {
        return Ok(());
    }
    let problem = "the run has not ended; go on with it by --resume";
    Err(Error::file(folder, problem).into())
}

/// Reads a file of JSON.
pub fn read_json<T: for<'a> Deserialize<'a>>(path: &Path) -> Result<T> {
    let text = std::fs::read_to_string(path).map_err(Error::io(path))?;
    Ok(serde_json::from_str(&text).map_err(|e| Error::file(path, e))?)
}
