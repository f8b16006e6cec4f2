//! Weights read from safetensors files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use candle_core::{Device, Tensor};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::Deserialize;

use crate::error::{Error, Result};

const SINGLE: &str = "model.safetensors";
const INDEX: &str = "model.safetensors.index.json";

/// Weights by name, decoded to f32 on the CPU.
#[derive(Debug, Clone)]
pub struct Pretrained {
    path: PathBuf,
    tensors: BTreeMap<String, Tensor>,
}

impl Pretrained {
    /// Reads a `.safetensors` file, an index of shards (`*.index.json`), or a directory in Hugging Face layout.
    ///
    /// f32, f16, bf16 and f64 become f32; tensors of whole numbers (position buffers) are left out.
    ///
    /// # Errors
    /// [`Error::Io`] if a file cannot be read, [`Error::File`] if it is broken, truncated or not there in a known form,
    /// [`Error::Weight`] if a shard lacks a weight that the index promises.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let file = locate(path)?;
        let tensors = if file.extension().is_some_and(|e| e == "json") {
            read_shards(&file)?
        } else {
            read_file(&file)?
        };
        Ok(Self {
            path: path.to_path_buf(),
            tensors,
        })
    }

    /// Weights already in memory; `path` is what errors will name.
    ///
    /// # Errors
    /// Candle's, if a tensor cannot be moved to the CPU or cast to f32.
    pub fn from_map(path: impl AsRef<Path>, tensors: BTreeMap<String, Tensor>) -> Result<Self> {
        let tensors = tensors
            .into_iter()
            .map(|(name, t)| {
                let t = t.to_device(&Device::Cpu)?;
                Ok((name, t.to_dtype(candle_core::DType::F32)?.contiguous()?))
            })
            .collect::<Result<_>>()?;
        Ok(Self {
            path: path.as_ref().to_path_buf(),
            tensors,
        })
    }

    /// Renames every weight; those for which `rename` returns `None` are left out.
    pub fn rename(self, rename: impl Fn(&str) -> Option<String>) -> Self {
        let tensors = self.tensors.into_iter();
        Self {
            path: self.path,
            tensors: tensors
                .filter_map(|(name, t)| Some((rename(&name)?, t)))
                .collect(),
        }
    }

    /// Where the weights came from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The names there are, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// The weight of this name, f32 on the CPU.
    pub fn get(&self, name: &str) -> Option<&Tensor> {
        self.tensors.get(name)
    }

    /// The weight of this name, `None` where there is none.
    ///
    /// # Errors
    /// [`Error::Weight`] if its shape is not `shape`.
    pub fn shaped(&self, name: &str, shape: &[usize]) -> Result<Option<&Tensor>> {
        let Some(tensor) = self.get(name) else {
            return Ok(None);
        };
        if tensor.dims() == shape {
            return Ok(Some(tensor));
        }
        let problem = format!("expected shape {shape:?}, got {:?}", tensor.dims());
        Err(self.problem(name, problem))
    }

    /// An [`Error::Weight`] about one of these weights.
    pub(super) fn problem(&self, name: &str, problem: impl Into<String>) -> Error {
        Error::Weight {
            path: self.path.clone(),
            name: name.into(),
            problem: problem.into(),
        }
    }
}

/// The file that holds the weights or lists their shards.
fn locate(path: &Path) -> Result<PathBuf> {
    let kind = std::fs::metadata(path).map_err(Error::io(path))?;
    if kind.is_file() {
        return Ok(path.to_path_buf());
    }
    [SINGLE, INDEX]
        .map(|name| path.join(name))
        .into_iter()
        .find(|file| file.is_file())
        .ok_or_else(|| {
            Error::file(
                path,
                format!("holds neither {SINGLE} nor {INDEX}; other formats are not read"),
            )
        })
}

#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

fn read_shards(index: &Path) -> Result<BTreeMap<String, Tensor>> {
    let text = std::fs::read_to_string(index).map_err(Error::io(index))?;
    let map = serde_json::from_str::<Index>(&text)
        .map_err(|e| Error::file(index, format!("not an index of shards: {e}")))?
        .weight_map;
    let folder = index.parent().unwrap_or(Path::new(""));
    let mut tensors = BTreeMap::new();
    for shard in map.values().collect::<BTreeSet<_>>() {
        let plain = Path::new(shard)
            .components()
            .all(|c| matches!(c, Component::Normal(_)));
        if !plain {
            return Err(Error::file(
                index,
                format!("shard '{shard}' is outside the folder"),
            ));
        }
        tensors.extend(read_file(&folder.join(shard))?);
    }
    for (name, shard) in &map {
        if !tensors.contains_key(name) && !ignorable(name) {
            return Err(Error::Weight {
                path: folder.join(shard),
                name: name.clone(),
                problem: format!("promised by {INDEX}, but missing"),
            });
        }
    }
    Ok(tensors)
}

/// Buffers of whole numbers that some exporters list among the weights.
fn ignorable(name: &str) -> bool {
    name.ends_with("position_ids") || name.ends_with("token_type_ids")
}

fn read_file(path: &Path) -> Result<BTreeMap<String, Tensor>> {
    let bytes = std::fs::read(path).map_err(Error::io(path))?;
    let file = SafeTensors::deserialize(&bytes)
        .map_err(|e| Error::file(path, format!("broken or truncated safetensors file: {e}")))?;
    let mut tensors = BTreeMap::new();
    for (name, view) in file.iter() {
        if let Some(values) = decode(&view) {
            let tensor = Tensor::from_vec(values, view.shape(), &Device::Cpu)?;
            tensors.insert(name.to_string(), tensor);
        }
    }
    Ok(tensors)
}

/// The values as f32, `None` for whole numbers.
fn decode(view: &TensorView<'_>) -> Option<Vec<f32>> {
    let bytes = view.data();
    Some(match view.dtype() {
        Dtype::F32 => values(bytes, f32::from_le_bytes),
        Dtype::F64 => values(bytes, |b| f64::from_le_bytes(b) as f32),
        Dtype::F16 => values(bytes, |b| half::f16::from_le_bytes(b).to_f32()),
        Dtype::BF16 => values(bytes, |b| half::bf16::from_le_bytes(b).to_f32()),
        _ => return None,
    })
}

fn values<const N: usize>(bytes: &[u8], decode: impl Fn([u8; N]) -> f32) -> Vec<f32> {
    bytes
        .as_chunks::<N>()
        .0
        .iter()
        .map(|b| decode(*b))
        .collect()
}
