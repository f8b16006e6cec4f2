//! A table as a task: its rows, and what is to be told of them.

use anyhow::Result;
use candle_mixup::Error;
use candle_mixup::data::Source;
use candle_mixup::metrics::Metric;
use candle_mixup::oversample::Progress;
use candle_mixup::random::name_key;
use candle_mixup::split::{self, Split, Strata};
use candle_mixup::table::{Column, DataSet, DataSetInfo, Target};
use candle_mixup::train::TargetKind;
use serde::{Deserialize, Serialize};

use super::settings::TableData;
use crate::cli::settings::HeldOut;
use crate::cli::splits::Splitter;

/// What is to be told of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Whether it is an anomaly: class 1.
    Detection,
    /// Which of several classes it is of.
    Classes,
    /// Numbers.
    Values,
}

impl Kind {
    /// The metric that decides, first in every table.
    pub fn main_metric(self, outputs: usize) -> Metric {
        match self {
            Self::Detection => Metric::AveragePrecision,
            Self::Classes => Metric::MacroF1,
            // Several numbers have units of their own, and only shares of variance can be averaged.
            Self::Values if outputs > 1 => Metric::R2,
            Self::Values => Metric::Rmse,
        }
    }

    /// What training calls it.
    pub fn target(self) -> TargetKind {
        match self {
            Self::Detection | Self::Classes => TargetKind::SingleLabel,
            Self::Values => TargetKind::Regression,
        }
    }
}

/// A table that was read.
#[derive(Debug)]
pub struct TableTask {
    pub table: TableData,
    pub data: DataSet,
    pub info: DataSetInfo,
    pub kind: Kind,
    /// Hash of its cells.
    pub fingerprint: String,
    /// The classes as the file names them, and which of them is the anomaly.
    pub in_file: InFile,
    /// Whether another table of the comparison has a file of the same name.
    pub full_name: bool,
    /// One stratum for all rows where numbers are told.
    one: Vec<u32>,
}

/// The classes of a file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct InFile {
    /// All names; none where numbers are told.
    pub names: Vec<String>,
    /// The place of the one to detect.
    pub anomaly: Option<usize>,
}

/// The class of rows that are no anomalies, where there are several.
const OTHERS: &str = "others";
/// The same where that is the name of the anomaly.
const ALL_OTHERS: &str = "all others";

impl TableTask {
    /// Reads the table.
    pub fn read(table: TableData, progress: &dyn Progress) -> Result<Self> {
        let source = Source::parse(&table.data)?;
        let (mut data, info) = DataSet::read(&source, &table.columns, progress)?;
        // Times say which rows are for testing, and are no cells of the data.
        let fingerprint = match &info.time_order {
            None => data.fingerprint(),
            Some(order) => {
                let order = name_key(&format!("{order:?}"));
                format!("{}-{order:016x}", data.fingerprint())
            }
        };
        let in_file = InFile::of(&data.target, table.anomaly.as_deref())?;
        let kind = in_file.apply(&mut data.target);
        let one = match kind {
            Kind::Values => vec![0; data.len()],
            _ => Vec::new(),
        };
        Ok(Self {
            table,
            data,
            info,
            kind,
            fingerprint,
            in_file,
            full_name: false,
            one,
        })
    }

    /// The name that reports give it.
    pub fn name(&self) -> String {
        if self.table.data.starts_with('@') {
            return self.table.data.clone();
        }
        let path = std::path::Path::new(&self.table.data);
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned());
        match name {
            Some(name) if !self.full_name => name,
            _ => self.table.data.clone(),
        }
    }

    /// The classes' names; none for numbers.
    pub fn class_names(&self) -> &[String] {
        match &self.data.target {
            Target::Classes { names, .. } => names,
            _ => &[],
        }
    }

    /// The names of the numbers to be told; none for classes.
    pub fn target_names(&self) -> &[String] {
        match &self.data.target {
            Target::Values { names, .. } => names,
            _ => &[],
        }
    }

    /// The class of every row; all of class 0 where numbers are told.
    pub fn classes(&self) -> &[u32] {
        match &self.data.target {
            Target::Classes { classes, .. } => classes,
            _ => &self.one,
        }
    }

    /// The rows' strata.
    pub fn strata(&self) -> Strata<'_> {
        Strata {
            classes: self.classes(),
            names: self.class_names(),
        }
    }

    /// Cells without a value, targets left out.
    pub fn missing(&self) -> u64 {
        self.info.features.iter().map(|c| c.missing).sum()
    }

    /// What a reader should know of the table.
    pub fn notes(&self) -> Vec<String> {
        let rows = self.data.len() as u64;
        let features = || self.info.features.iter();
        let empty = features().filter(|c| c.missing == rows);
        let empty = empty.map(|c| format!("column '{}' has no value at all", c.name));
        let distinct = |c: &&Column| c.categories.len() as u64 * 2 > rows;
        let distinct = features().filter(distinct).map(|c| {
            format!(
                "column '{}' has {} categories in {rows} rows: if it is an id or a date, --ignore leaves it out",
                c.name,
                c.categories.len()
            )
        });
        empty.chain(distinct).chain(self.zeros()).collect()
    }

    /// Targets of 0, which a share of the target cannot be taken of.
    fn zeros(&self) -> Option<String> {
        let Target::Values { values, .. } = &self.data.target else {
            return None;
        };
        let zeros = values.iter().filter(|v| **v == 0.0).count();
        let all = values.len();
        (zeros > 0).then(|| format!("{zeros} of {all} target values are 0: mape leaves them out"))
    }

    /// The features by kind, in a line each.
    pub fn columns(&self) -> Vec<String> {
        let numeric = self.data.numeric.join(", ");
        let coded = self.data.categorical.iter();
        let coded = coded.map(|c| format!("{} ({})", c.name, c.categories.len()));
        let coded = coded.collect::<Vec<_>>().join(", ");
        let lines = [("numeric", numeric), ("categorical", coded)];
        let lines = lines.into_iter().filter(|(_, names)| !names.is_empty());
        lines
            .map(|(kind, names)| format!("  {kind:<12} {names}"))
            .collect()
    }

    /// Outputs of a model: classes, or values.
    pub fn outputs(&self) -> usize {
        match &self.data.target {
            Target::Classes { names, .. } | Target::Values { names, .. } => names.len(),
            Target::Nothing { .. } => 0,
        }
    }

    /// Rows of each class among `rows`.
    pub fn counts(&self, rows: &[u32]) -> Vec<usize> {
        let mut counts = vec![0; self.class_names().len()];
        if self.kind != Kind::Values {
            rows.iter()
                .for_each(|&r| counts[self.classes()[r as usize] as usize] += 1);
        }
        counts
    }

    /// The folds of a seed.
    pub fn folds(&self, count: usize, seed: u64) -> Result<Vec<Split>> {
        let rows: Vec<u32> = (0..self.data.len() as u32).collect();
        Ok(match &self.data.groups {
            Some(groups) => split::grouped_folds(&rows, self.strata(), groups, count, seed)?,
            None => split::folds(&rows, self.strata(), count, seed)?,
        })
    }

    /// The training rows of a fold with only `anomalies` of the anomalies.
    pub fn scarce(&self, rows: &[u32], anomalies: Option<usize>, seed: u64) -> Result<Vec<u32>> {
        Ok(match anomalies {
            None => rows.to_vec(),
            Some(count) => split::keep_of_class(rows, self.strata(), 1, count, seed)?,
        })
    }

    /// What says which rows must stand on one side of a split.
    pub fn splitter(&self) -> Splitter<'_> {
        Splitter {
            strata: self.strata(),
            groups: self.data.groups.as_deref(),
            order: self.info.time_order.clone(),
        }
    }

    /// Test rows and the others, from seed 0.
    pub fn test_split(&self, test: &HeldOut) -> Result<Split> {
        let rows = (0..self.data.len() as u32).collect();
        self.splitter().test(rows, test)
    }
}

impl InFile {
    /// The classes of a target, and the one to detect: the one named, or the rarer of two.
    fn of(target: &Target, anomaly: Option<&str>) -> Result<Self> {
        let Target::Classes { classes, names } = target else {
            return Ok(Self::default());
        };
        Ok(Self {
            anomaly: match anomaly {
                Some(name) => Some(class_named(name, names)?),
                None if names.len() == 2 => Some(rarer(classes)),
                None => None,
            },
            names: names.clone(),
        })
    }

    /// What is to be told; where one class is to be detected, the target becomes that class (1) and all others (0).
    pub fn apply(&self, target: &mut Target) -> Kind {
        let Target::Classes { classes, names } = target else {
            return Kind::Values;
        };
        let Some(anomaly) = self.anomaly else {
            return Kind::Classes;
        };
        let own = self.names[anomaly].clone();
        let others = match self.names.len() {
            2 => self.names[1 - anomaly].clone(),
            _ if own == OTHERS => ALL_OTHERS.into(),
            _ => OTHERS.into(),
        };
        *names = vec![others, own];
        let is_anomaly = |class: &u32| u32::from(*class as usize == anomaly);
        *classes = classes.iter().map(is_anomaly).collect();
        Kind::Detection
    }
}

fn class_named(name: &str, names: &[String]) -> Result<usize> {
    let found = names.iter().position(|n| n == name);
    found.ok_or_else(|| {
        let (kind, name, known) = ("class", name.into(), names.to_vec());
        Error::Unknown { kind, name, known }.into()
    })
}

/// Of two classes the rarer one, of equal ones the second.
fn rarer(classes: &[u32]) -> usize {
    let second = classes.iter().filter(|c| **c == 1).count();
    usize::from(2 * second <= classes.len())
}
