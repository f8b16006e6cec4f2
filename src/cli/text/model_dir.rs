//! Where the shipped encoder is looked for.

use std::path::{Path, PathBuf};

use anyhow::Result;
use candle_mixup::Error;

/// Folder name of the shipped encoder.
const SHIPPED: &str = "minilm-l3";

/// The shipped encoder's folder: under `CANDLE_MIXUP_MODELS`, beside the executable (in `models/`), or in the source
/// folder of the build.
pub fn shipped() -> Result<PathBuf> {
    let set = std::env::var_os("CANDLE_MIXUP_MODELS").map(|dir| PathBuf::from(dir).join(SHIPPED));
    let beside = std::env::current_exe()
        .ok()
        .and_then(|exe| Some(exe.parent()?.join("models").join(SHIPPED)));
    let source = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("models")
        .join(SHIPPED);
    let places = [set.clone(), beside.clone(), Some(source.clone())];
    if let Some(found) = places
        .into_iter()
        .flatten()
        .find(|dir| dir.join("config.json").is_file())
    {
        return Ok(found);
    }
    let show = |place: Option<PathBuf>, unset: &str| {
        place.map_or(unset.to_string(), |p| p.display().to_string())
    };
    Err(Error::Conflict(format!(
        "the shipped encoder was not found; looked at --model (not given), CANDLE_MIXUP_MODELS ({}), beside the \
         executable ({}), in the source folder of the build ({})",
        show(set, "not set"),
        show(beside, "unknown"),
        source.display(),
    ))
    .into())
}
