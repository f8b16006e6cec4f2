//! How many rows each class is to have.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::settings::Like;
use crate::error::{Error, Result};

/// Which classes grow, and to what total. Written `auto`, `minority`, ..., `0.5`, or `A=500,B=300`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// The same as [`Strategy::NotMajority`].
    #[default]
    Auto,
    /// All classes tied for the smallest (for [`Like::Imblearn`] the first of them), up to the largest.
    Minority,
    /// All classes, up to the largest.
    NotMajority,
    /// All but those, up to the largest.
    NotMinority,
    /// All classes, up to the largest.
    All,
    /// All classes, up to this share of the largest, in (0, 1], rounded half up (for [`Like::Imblearn`] down); a class
    /// that has as many stays.
    Ratio(f64),
    /// Totals by class name; classes that are not named stay.
    Counts(BTreeMap<String, usize>),
}

impl Strategy {
    /// The rows to be made of each class, given its `counts`; at least one in all.
    ///
    /// A class without rows is no class: it is neither the smallest, nor raised.
    ///
    /// # Errors
    /// [`Error::Setting`] for a ratio out of range, a total below what there is or more rows than can be numbered,
    /// [`Error::Unknown`] for a class that there is not, [`Error::Data`] for fewer than two classes or if nothing is to
    /// be made.
    pub fn to_make(&self, counts: &[usize], names: &[String], like: Like) -> Result<Vec<usize>> {
        let present = counts.iter().copied().filter(|&n| n > 0);
        let (Some(least), Some(most)) = (present.clone().min(), present.clone().max()) else {
            return Err(Error::Data("there are no rows".into()));
        };
        if present.clone().count() < 2 {
            return Err(Error::Data(
                "all rows are of one class: there is nothing to balance".into(),
            ));
        }
        if most == 1 {
            return Err(Error::Data(format!(
                "every one of the {} rows has a class of its own: is this the label column?",
                present.count()
            )));
        }
        let first = counts.iter().position(|&n| n == least);
        let smallest = |c: usize| match like {
            Like::Own => counts[c] == least,
            Like::Imblearn => first == Some(c),
        };
        let up = |n: usize, grows: bool| if grows && n > 0 { most - n } else { 0 };
        let made: Vec<usize> = match self {
            Self::Auto | Self::NotMajority | Self::All => {
                counts.iter().map(|&n| up(n, true)).collect()
            }
            Self::Minority => (0..counts.len())
                .map(|c| up(counts[c], smallest(c)))
                .collect(),
            Self::NotMinority => (0..counts.len())
                .map(|c| up(counts[c], !smallest(c)))
                .collect(),
            Self::Ratio(ratio) => ratio_counts(*ratio, counts, most, like)?,
            Self::Counts(totals) => named_counts(totals, counts, names)?,
        };
        let sum = made.iter().fold(0usize, |sum, &n| sum.saturating_add(n));
        if sum == 0 {
            return Err(Error::Data(self.idle(counts, most, names)));
        }
        if u32::try_from(sum).is_err() {
            let expected = format!("at most {} rows to be made", u32::MAX);
            return Err(Error::setting("strategy", expected, sum));
        }
        Ok(made)
    }

    fn idle(&self, counts: &[usize], most: usize, names: &[String]) -> String {
        let sizes: Vec<String> = counts
            .iter()
            .enumerate()
            .filter(|(_, n)| **n > 0)
            .take(10)
            .map(|(c, n)| format!("{} {n}", class_name(names, c as u32)))
            .collect();
        let sizes = sizes.join(", ");
        match self {
            Self::Ratio(ratio) => format!(
                "the ratio {ratio} of the largest class ({most} rows) is reached by every class already: {sizes}"
            ),
            _ => format!("the strategy leaves nothing to make: {sizes}"),
        }
    }
}

/// The name of a class, or its number where it has none.
pub(super) fn class_name(names: &[String], class: u32) -> String {
    names
        .get(class as usize)
        .cloned()
        .unwrap_or_else(|| class.to_string())
}

fn ratio_counts(ratio: f64, counts: &[usize], most: usize, like: Like) -> Result<Vec<usize>> {
    if !(ratio > 0.0 && ratio <= 1.0) {
        return Err(Error::setting("strategy", "a ratio in (0, 1]", ratio));
    }
    let exact = ratio * most as f64;
    let made = |n: usize| match like {
        Like::Own => ((exact + 0.5).floor() as usize).saturating_sub(n),
        Like::Imblearn => (exact - n as f64).max(0.0) as usize,
    };
    Ok(counts
        .iter()
        .map(|&n| if n == 0 { 0 } else { made(n) })
        .collect())
}

fn named_counts(
    totals: &BTreeMap<String, usize>,
    counts: &[usize],
    names: &[String],
) -> Result<Vec<usize>> {
    let mut made = vec![0; counts.len()];
    let name = |c: usize| class_name(names, c as u32);
    for (class, &total) in totals {
        let Some(c) = (0..counts.len()).find(|&c| name(c) == *class) else {
            return Err(Error::Unknown {
                kind: "class",
                name: class.clone(),
                known: (0..counts.len()).map(name).collect(),
            });
        };
        let Some(more) = total.checked_sub(counts[c]) else {
            return Err(Error::setting(
                format!("strategy {class}"),
                format!("a total of at least the {} rows there are", counts[c]),
                total,
            ));
        };
        made[c] = more;
    }
    Ok(made)
}

impl FromStr for Strategy {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Ok(match text {
            "auto" => Self::Auto,
            "minority" => Self::Minority,
            "not-majority" => Self::NotMajority,
            "not-minority" => Self::NotMinority,
            "all" => Self::All,
            _ if text.contains('=') => Self::Counts(parse_counts(text)?),
            _ => Self::Ratio(text.parse().map_err(|_| wrong(text))?),
        })
    }
}

/// `A=500,B=300`; a name may itself hold commas and equal signs, since the number comes last.
fn parse_counts(text: &str) -> Result<BTreeMap<String, usize>> {
    let mut totals = BTreeMap::new();
    let mut name = String::new();
    for part in text.split(',') {
        let entry = match name.is_empty() {
            true => part.to_owned(),
            false => format!("{name},{part}"),
        };
        let total = entry
            .rsplit_once('=')
            .map(|(class, total)| (class.to_owned(), total.trim().parse::<usize>()));
        match total {
            Some((class, Ok(total))) => {
                if totals.insert(class.clone(), total).is_some() {
                    return Err(Error::setting("strategy", "each class once", class));
                }
                name.clear();
            }
            _ => name = entry,
        }
    }
    match name.is_empty() {
        true => Ok(totals),
        false => Err(wrong(text)),
    }
}

fn wrong(text: &str) -> Error {
    Error::setting(
        "strategy",
        "auto, minority, not-majority, not-minority, all, a ratio in (0, 1], or totals like A=500,B=300",
        format!("'{text}'"),
    )
}
