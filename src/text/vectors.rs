//! Word vectors in GloVe's text format (Pennington et al. 2014): a word and its numbers, one word a line.

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};

use crate::data::{Source, read_error, shorten};
use crate::error::{Error, Result};
use crate::random::{Purpose, Stream, name_key};

/// Bound of the uniform draw for words without a vector (Kim 2014).
const UNSEEN: f64 = 0.25;

/// The vectors of a vocabulary's words.
#[derive(Debug, Clone, PartialEq)]
pub struct WordVectors {
    path: PathBuf,
    width: usize,
    by_id: BTreeMap<u32, Vec<f32>>,
}

impl WordVectors {
    /// Reads the vectors of `words` (a vocabulary with its ids) from a file, plain or packed with gzip; the others are
    /// passed over, so memory depends on the vocabulary and not on the file. A first line of two whole numbers
    /// (word2vec, fastText) is passed over.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Utf8`]; [`Error::Cell`] naming the first line of another length; [`Error::File`] where
    /// the file is empty or no word of the vocabulary is in it.
    pub fn read(path: impl AsRef<Path>, words: &[(String, u32)]) -> Result<Self> {
        let path = path.as_ref();
        let ids: HashMap<&str, u32> = words.iter().map(|(w, id)| (w.as_str(), *id)).collect();
        let mut lines = BufReader::new(Source::File(path.into()).reader()?);
        let mut width = 0;
        let mut by_id = BTreeMap::new();
        let (mut text, mut line) = (String::new(), 0u64);
        loop {
            text.clear();
            if lines
                .read_line(&mut text)
                .map_err(|e| read_error(path, e))?
                == 0
            {
                break;
            }
            line += 1;
            let entry = text.trim_end();
            if entry.is_empty() || line == 1 && is_header(entry) {
                continue;
            }
            if width == 0 {
                width = entry.split(' ').count() - 1;
            }
            let (word, numbers) = parse(entry, width).ok_or_else(|| Error::Cell {
                path: path.into(),
                line,
                column: None,
                expected: format!("a word and {width} numbers, as in the first line"),
                value: shorten(entry),
            })?;
            if let Some(&id) = ids.get(word) {
                by_id.entry(id).or_insert(numbers);
            }
        }
        if by_id.is_empty() {
            return Err(Error::file(
                path,
                "holds no vector of a word that occurs in the texts",
            ));
        }
        Ok(Self {
            path: path.into(),
            width,
            by_id,
        })
    }

    /// Numbers of a vector.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Words of the vocabulary that have a vector.
    pub fn found(&self) -> usize {
        self.by_id.len()
    }

    /// The vectors by the number of their word, in order.
    pub(super) fn by_word(&self) -> impl Iterator<Item = (u32, &[f32])> {
        self.by_id
            .iter()
            .map(|(id, vector)| (*id, vector.as_slice()))
    }

    /// Where the vectors were read.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// An embedding table `[rows, width]`, f32 on the CPU: words without a vector are drawn from U(-0.25, 0.25), a
    /// function of the seed and their id.
    ///
    /// # Errors
    /// Candle's.
    pub fn table(&self, rows: usize, seed: u64) -> Result<Tensor> {
        let key = name_key("word vectors");
        let mut table = Vec::with_capacity(rows * self.width);
        for id in 0..rows as u32 {
            match self.by_id.get(&id) {
                Some(vector) => table.extend_from_slice(vector),
                None => {
                    let mut draw = Stream::keyed(seed, Purpose::Init, key, u64::from(id));
                    let unseen = || ((2.0 * draw.unit() - 1.0) * UNSEEN) as f32;
                    table.extend(std::iter::repeat_with(unseen).take(self.width));
                }
            }
        }
        Ok(Tensor::from_vec(table, (rows, self.width), &Device::Cpu)?)
    }
}

fn is_header(line: &str) -> bool {
    let mut parts = line.split(' ').map(str::parse::<u64>);
    matches!(
        (parts.next(), parts.next(), parts.next()),
        (Some(Ok(_)), Some(Ok(_)), None)
    )
}

/// A word, which may hold spaces, and exactly `width` finite numbers.
fn parse(line: &str, width: usize) -> Option<(&str, Vec<f32>)> {
    let mut fields = line.rsplitn(width + 1, ' ');
    let mut numbers: Vec<f32> = fields
        .by_ref()
        .take(width)
        .map(|n| n.parse().ok().filter(|n: &f32| n.is_finite()))
        .collect::<Option<_>>()?;
    numbers.reverse();
    let word = fields.next()?;
    // a longer vector shows as a word that ends in a number
    let longer = word
        .rsplit_once(' ')
        .is_some_and(|(_, last)| last.parse::<f32>().is_ok());
    (width > 0 && numbers.len() == width && !longer && !word.is_empty()).then_some((word, numbers))
}
