//! Pairings: with whom a row is mixed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::curve_check::check_number;
use super::task::Rows;
use crate::error::{Error, Result};
use crate::random::Stream;

/// How partners are chosen, for a batch of n rows.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Pairing {
    /// A uniform permutation of the batch.
    #[default]
    Shuffle,
    /// A uniform permutation in which no row keeps its place.
    Derange,
    /// The row before, (r − 1) mod n (torchvision); needs a shuffled batch.
    Roll,
    /// The mirrored row, n − 1 − r (timm); the middle row of an odd batch stays plain.
    Flip,
    /// The row half a batch away, both ways (SSMix; Yoon et al. 2021); the last row of an odd batch stays plain.
    Halves,
    /// Uniform among the batch rows of the same class, the row itself included.
    SameClass,
    /// Uniform over the training rows, with replacement.
    Uniform,
    /// A uniform class, then a uniform training row of it (Balanced-MixUp; Galdran et al. 2021).
    ClassBalanced,
    /// With probability p one of the k nearest training rows, else any training row (LADA; Chen et al. 2020).
    Nearest {
        /// How many neighbours count, at least 1; default 5.
        #[serde(default = "neighbours")]
        k: usize,
        /// The probability of a neighbour, in [0, 1]; default 0.5.
        #[serde(default = "half")]
        p: f64,
    },
}

/// One row's partner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Partner {
    /// By its place in the batch.
    Place(u32),
    /// By its training-row number, in the batch or not.
    Row(u32),
}

impl Pairing {
    /// Whether the pairing reads classes.
    pub fn needs_classes(&self) -> bool {
        matches!(self, Self::SameClass | Self::ClassBalanced)
    }

    /// Whether partners may come from outside the batch.
    pub fn leaves_batch(&self) -> bool {
        matches!(
            self,
            Self::Uniform | Self::ClassBalanced | Self::Nearest { .. }
        )
    }

    pub(super) fn check(&self) -> Result<()> {
        match self {
            Self::Nearest { k: 0, .. } => Err(Error::setting("partner.nearest.k", "at least 1", 0)),
            Self::Nearest { p, .. } => check_number("partner.nearest.p", *p, &(0.0..=1.0)),
            _ => Ok(()),
        }
    }

    /// One partner for each batch row; `training_rows` is the size of the training set.
    pub(super) fn partners(
        &self,
        rows: Rows<'_>,
        training_rows: usize,
        stream: &mut Stream,
    ) -> Result<Vec<Partner>> {
        let n = rows.batch.len();
        let any = |stream: &mut Stream| Partner::Row(stream.below(training_rows) as u32);
        Ok(match self {
            Self::Shuffle => places(stream.permutation(n)),
            Self::Derange => places(derangement(n, stream)),
            Self::Roll => places((0..n).map(|r| ((r + n - 1) % n) as u32)),
            Self::Flip => places((0..n as u32).rev()),
            Self::Halves => places(halves(n)),
            Self::SameClass => same_class(rows, stream)?,
            Self::Uniform => rows.batch.iter().map(|_| any(stream)).collect(),
            Self::ClassBalanced => class_balanced(rows, stream)?,
            Self::Nearest { k, p } => {
                let choose = |own: &u32| match stream.unit() < *p {
                    true => nearest(rows, *own, *k, stream),
                    false => Ok(any(stream)),
                };
                rows.batch.iter().map(choose).collect::<Result<_>>()?
            }
        })
    }
}

fn places(partners: impl IntoIterator<Item = u32>) -> Vec<Partner> {
    partners.into_iter().map(Partner::Place).collect()
}

/// A uniform permutation without fixed point, by rejection; a single row keeps its place.
///
/// A permutation is accepted with probability close to 1/e, so that 64 refusals in a row (less than 1e-12) end in a
/// cyclic shift rather than in a loop without bound.
fn derangement(n: usize, stream: &mut Stream) -> Vec<u32> {
    for _ in 0..64 {
        let partners = stream.permutation(n);
        if partners.iter().enumerate().all(|(r, &p)| r != p as usize) {
            return partners;
        }
    }
    (0..n).map(|r| ((r + 1) % n) as u32).collect()
}

fn halves(n: usize) -> Vec<u32> {
    let half = n / 2;
    let both = (half..2 * half).chain(0..half);
    both.chain((n % 2 == 1).then_some(n - 1))
        .map(|p| p as u32)
        .collect()
}

fn same_class(rows: Rows<'_>, stream: &mut Stream) -> Result<Vec<Partner>> {
    let own: Vec<u32> = rows
        .batch
        .iter()
        .map(|&row| class_of(rows, row))
        .collect::<Result<_>>()?;
    let mut members: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for (place, &class) in own.iter().enumerate() {
        members.entry(class).or_default().push(place as u32);
    }
    Ok(places(own.iter().map(|class| {
        let members = &members[class];
        members[stream.below(members.len())]
    })))
}

/// Walks the training set's classes once a batch.
fn class_balanced(rows: Rows<'_>, stream: &mut Stream) -> Result<Vec<Partner>> {
    let mut members: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for (row, &class) in classes(rows)?.iter().enumerate() {
        members.entry(class).or_default().push(row as u32);
    }
    let members: Vec<Vec<u32>> = members.into_values().collect();
    if members.is_empty() {
        return Err(Error::Data("no training row has a class".into()));
    }
    let mut draw = || {
        let class = &members[stream.below(members.len())];
        Partner::Row(class[stream.below(class.len())])
    };
    Ok(rows.batch.iter().map(|_| draw()).collect())
}

/// One of the k nearest, uniformly; the row itself is left out by its number, whatever the list says.
fn nearest(rows: Rows<'_>, own: u32, k: usize, stream: &mut Stream) -> Result<Partner> {
    let lists = rows.neighbours.ok_or_else(|| {
        Error::Conflict("the nearest pairing needs the neighbours of every training row".into())
    })?;
    let list = lists.get(own as usize).map_or(&[][..], Vec::as_slice);
    let near: Vec<u32> = list.iter().copied().filter(|&r| r != own).take(k).collect();
    if near.len() < k {
        return Err(Error::setting(
            "partner.nearest.k",
            format!("at most the {} neighbours known of row {own}", near.len()),
            k,
        ));
    }
    Ok(Partner::Row(near[stream.below(k)]))
}

fn classes<'a>(rows: Rows<'a>) -> Result<&'a [u32]> {
    rows.classes.ok_or_else(|| {
        Error::Conflict(
            "class pairings and label rules need the class of every training row".into(),
        )
    })
}

/// The class of a training row.
pub(super) fn class_of(rows: Rows<'_>, row: u32) -> Result<u32> {
    let classes = classes(rows)?;
    classes
        .get(row as usize)
        .copied()
        .ok_or_else(|| Error::Shape {
            what: "classes".into(),
            expected: format!("a class for training row {row}"),
            got: format!("{} classes", classes.len()),
        })
}

fn neighbours() -> usize {
    5
}

fn half() -> f64 {
    0.5
}
