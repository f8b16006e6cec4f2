//! Labels: how they are written, and the classes and targets that they become.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::data::{Cell, class_order};
use crate::error::{Error, Result};

/// Largest distance of a row of shares from summing to 1; within it the row is divided by its sum.
const SHARE_TOLERANCE: f64 = 1e-3;

/// How a label is written.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum LabelKind {
    /// One class: any text. The default.
    #[default]
    Single,
    /// Any number of classes: texts between separators, or a JSON array. An empty cell has none.
    Multi {
        /// What stands between two classes, e.g. `|`.
        separator: String,
    },
    /// A share of each class: numbers between commas, or a JSON array, none negative, summing to 1.
    Shares {
        /// The classes, in the order of the numbers.
        classes: Vec<String>,
    },
    /// Whole numbers between commas, one a rater: the share of the non-zero ratings that are positive goes to class
    /// `positive`, the rest to `negative`; where no rating differs from zero both get ½.
    Ratings,
}

impl LabelKind {
    /// The classes that the kind itself names; `None` where they are learnt from the labels.
    pub fn classes(&self) -> Option<Vec<String>> {
        match self {
            Self::Single | Self::Multi { .. } => None,
            Self::Shares { classes } => Some(classes.clone()),
            Self::Ratings => Some(vec!["negative".into(), "positive".into()]),
        }
    }

    /// Whether a row may have several classes at once.
    pub fn is_multi(&self) -> bool {
        matches!(self, Self::Multi { .. })
    }

    /// # Errors
    /// [`Error::Setting`] for an empty separator, or for shares of fewer than two classes or of one class twice.
    pub fn check(&self) -> Result<()> {
        match self {
            Self::Multi { separator } if separator.is_empty() => {
                Err(Error::setting("separator", "at least one character", "''"))
            }
            Self::Shares { classes }
                if classes.len() < 2
                    || classes.iter().collect::<BTreeSet<_>>().len() < classes.len() =>
            {
                Err(Error::setting(
                    "classes of shares",
                    "two or more different names",
                    format!("'{}'", classes.join(",")),
                ))
            }
            _ => Ok(()),
        }
    }
}

/// What a cell should have been. The caller knows the file, line and column.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Expected(pub(super) String);

/// Collects the labels of rows one after the other and turns them into targets at the end.
#[derive(Debug)]
pub(super) struct LabelReader {
    kind: LabelKind,
    known: Known,
    ids: BTreeMap<String, u32>,
    rows: Rows,
}

/// Whether the classes are given.
#[derive(Debug)]
enum Known {
    Given(Vec<String>),
    Learnt,
}

#[derive(Debug, Default)]
struct Rows {
    /// Class ids of all rows, one after the other, in the order in which classes were met.
    ids: Vec<u32>,
    /// Where each row's ids end.
    ends: Vec<usize>,
    /// Finished targets, for soft labels.
    shares: Vec<f32>,
}

impl LabelReader {
    /// A reader of labels; `classes` are those of another file, or `None` to learn them here.
    pub(super) fn new(kind: &LabelKind, classes: Option<&[String]>) -> Result<Self> {
        kind.check()?;
        let given = kind.classes();
        if let (Some(own), Some(asked)) = (&given, classes)
            && own != asked
        {
            return Err(Error::Data(format!(
                "the labels have the classes {}, expected {}",
                own.join(", "),
                asked.join(", ")
            )));
        }
        let known = given
            .or_else(|| classes.map(<[String]>::to_vec))
            .map_or(Known::Learnt, Known::Given);
        let ids = match &known {
            Known::Given(classes) => (0..).zip(classes).map(|(i, c)| (c.clone(), i)).collect(),
            Known::Learnt => BTreeMap::new(),
        };
        Ok(Self {
            kind: kind.clone(),
            known,
            ids,
            rows: Rows::default(),
        })
    }

    /// Takes the next row's label.
    pub(super) fn push(&mut self, cell: &Cell) -> std::result::Result<(), Expected> {
        match self.kind.clone() {
            LabelKind::Single => match cell {
                Cell::Text(name) if !name.trim().is_empty() => self.push_names([name.as_str()]),
                _ => Err(Expected("a label".into())),
            },
            LabelKind::Multi { separator } => match cell {
                Cell::Text(names) => self.push_names(parts(names, &separator)),
                Cell::List(names) => self.push_names(names.iter().map(|n| n.trim())),
                _ => Err(Expected("labels".into())),
            },
            LabelKind::Shares { classes } => {
                let shares = shares(cell, classes.len())?;
                self.rows.shares.extend(shares);
                Ok(())
            }
            LabelKind::Ratings => {
                let positive = positive_share(cell)?;
                self.rows
                    .shares
                    .extend([(1.0 - positive) as f32, positive as f32]);
                Ok(())
            }
        }
    }

    fn push_names<'a>(
        &mut self,
        names: impl IntoIterator<Item = &'a str>,
    ) -> std::result::Result<(), Expected> {
        for name in names {
            let id = match (self.ids.get(name), &self.known) {
                (Some(&id), _) => id,
                (None, Known::Learnt) => {
                    let id = self.ids.len() as u32;
                    self.ids.insert(name.to_owned(), id);
                    id
                }
                (None, Known::Given(classes)) => {
                    return Err(Expected(format!("one of {}", classes.join(", "))));
                }
            };
            self.rows.ids.push(id);
        }
        self.rows.ends.push(self.rows.ids.len());
        Ok(())
    }

    /// The classes and the targets `[rows, classes]`, row by row.
    pub(super) fn finish(self) -> (Vec<String>, Vec<f32>) {
        let classes = match self.known {
            Known::Given(classes) => classes,
            Known::Learnt => class_order(self.ids.keys().cloned().collect()),
        };
        if !self.rows.shares.is_empty() {
            return (classes, self.rows.shares);
        }
        let mut place = vec![0; classes.len()];
        for (column, class) in classes.iter().enumerate() {
            if let Some(&id) = self.ids.get(class) {
                place[id as usize] = column;
            }
        }
        let mut targets = vec![0.0; self.rows.ends.len() * classes.len()];
        let mut start = 0;
        for (row, &end) in self.rows.ends.iter().enumerate() {
            for &id in &self.rows.ids[start..end] {
                targets[row * classes.len() + place[id as usize]] = 1.0;
            }
            start = end;
        }
        (classes, targets)
    }
}

/// The parts between separators, trimmed; empty ones are none.
fn parts<'a>(text: &'a str, separator: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(separator)
        .map(str::trim)
        .filter(|p| !p.is_empty())
}

/// The items of a JSON array, or the parts between commas.
fn items(cell: &Cell) -> Option<Vec<&str>> {
    match cell {
        Cell::Text(text) => Some(parts(text, ",").collect()),
        Cell::List(items) => Some(items.iter().map(String::as_str).collect()),
        Cell::Missing | Cell::Nested(_) => None,
    }
}

fn shares(cell: &Cell, classes: usize) -> std::result::Result<Vec<f32>, Expected> {
    let expected = || Expected(format!("{classes} shares, none negative, that sum to 1"));
    let shares: Vec<f64> = items(cell)
        .ok_or_else(expected)?
        .into_iter()
        .map(|s| s.parse().map_err(|_| expected()))
        .collect::<std::result::Result<_, _>>()?;
    let sum: f64 = shares.iter().sum();
    // NaN and infinite shares fail the comparison of their sum
    let right = shares.len() == classes
        && shares.iter().all(|&s| s >= 0.0)
        && (sum - 1.0).abs() <= SHARE_TOLERANCE;
    if !right {
        return Err(expected());
    }
    Ok(shares.into_iter().map(|s| (s / sum) as f32).collect())
}

/// The share of the non-zero ratings that are positive; ½ where there is none.
fn positive_share(cell: &Cell) -> std::result::Result<f64, Expected> {
    let expected = || Expected("whole numbers between commas".into());
    let (mut positive, mut counted) = (0u32, 0u32);
    for rating in items(cell).ok_or_else(expected)? {
        let rating: i64 = rating.parse().map_err(|_| expected())?;
        positive += u32::from(rating > 0);
        counted += u32::from(rating != 0);
    }
    Ok(match counted {
        0 => 0.5,
        n => f64::from(positive) / f64::from(n),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(
        kind: &LabelKind,
        known: Option<&[String]>,
        cells: &[&str],
    ) -> std::result::Result<(Vec<String>, Vec<f32>), Expected> {
        let mut reader = LabelReader::new(kind, known).map_err(|e| Expected(e.to_string()))?;
        for cell in cells {
            reader.push(&Cell::Text((*cell).into()))?;
        }
        Ok(reader.finish())
    }

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(|&n| n.to_owned()).collect()
    }

    #[test]
    fn single_classes_are_sorted() {
        let (classes, targets) = read(&LabelKind::Single, None, &["b", "a", "b"]).expect("labels");
        assert_eq!(classes, ["a", "b"]);
        assert_eq!(targets, [0., 1., 1., 0., 0., 1.]);
    }

    #[test]
    fn whole_numbers_sort_by_value() {
        let (classes, _) = read(&LabelKind::Single, None, &["10", "9", "-1"]).expect("labels");
        assert_eq!(classes, ["-1", "9", "10"]);
        let (classes, _) = read(&LabelKind::Single, None, &["10", "9", "x"]).expect("labels");
        assert_eq!(classes, ["10", "9", "x"]);
    }

    #[test]
    fn an_unseen_label_names_the_classes() {
        let known = names(&["a", "b"]);
        let e = read(&LabelKind::Single, Some(&known), &["a", "c"]);
        assert_eq!(e, Err(Expected("one of a, b".into())));
        let (classes, targets) = read(&LabelKind::Single, Some(&known), &["b"]).expect("labels");
        assert_eq!((classes, targets), (known, vec![0., 1.]));
    }

    #[test]
    fn several_labels() {
        let kind = LabelKind::Multi {
            separator: "|".into(),
        };
        let (classes, targets) = read(&kind, None, &["b| a", "", "c|c"]).expect("labels");
        assert_eq!(classes, ["a", "b", "c"]);
        assert_eq!(targets, [1., 1., 0., 0., 0., 0., 0., 0., 1.]);
    }

    #[test]
    fn shares_must_sum_to_one() {
        let kind = LabelKind::Shares {
            classes: names(&["no", "yes"]),
        };
        let (classes, targets) =
            read(&kind, None, &["0.25,0.75", "0.2499, 0.7496"]).expect("shares");
        assert_eq!(classes, ["no", "yes"]);
        assert_eq!(targets[..2], [0.25, 0.75]);
        assert!((targets[2] + targets[3] - 1.0).abs() < 1e-6);
        for wrong in [
            "0.5,0.6", "0.5", "-0.5,1.5", "NaN,1", "inf,0", "a,b", "", "1,0,0",
        ] {
            assert!(read(&kind, None, &[wrong]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn ratings_become_the_share_of_positive_raters() {
        let (_, targets) =
            read(&LabelKind::Ratings, None, &["3,0,-1,2,1", "0,0", "", "-4"]).expect("ratings");
        assert_eq!(targets, [0.25, 0.75, 0.5, 0.5, 0.5, 0.5, 1.0, 0.0]);
        assert!(read(&LabelKind::Ratings, None, &["3,x"]).is_err());
        assert!(read(&LabelKind::Ratings, None, &["1.5"]).is_err());
    }
}
