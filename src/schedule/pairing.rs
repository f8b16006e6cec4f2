//! Pairings: with whom a row is mixed.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::bandwidth::Bandwidth;
use super::blocks::blocks;
use super::class_index::ClassIndex;
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
    /// One of the k nearest training rows of the row's own class, or of as many as there are (SMOTE; Chawla et al.
    /// 2002); a row alone in its class is its own partner.
    ClassNearest {
        /// How many neighbours count, at least 1; default 5.
        #[serde(default = "neighbours")]
        k: usize,
    },
    /// Any training row, the likelier the nearer its target (C-Mixup; Yao et al. 2022).
    Kernel {
        /// The standard deviation of the Gaussian, in the units of the targets; default `auto`.
        #[serde(default)]
        bandwidth: Bandwidth,
        /// Whether the row itself is left out; default false.
        #[serde(default)]
        exclude_self: bool,
    },
    /// A uniform permutation, rearranged within blocks of k rows so that partners lie as near as can be (k-mixup;
    /// Greenewald et al. 2021); k = 1 is shuffle.
    ///
    /// Nothing is nearer than the row itself, so that about k rows of a batch are their own partners, and all are where
    /// the batch has k rows or fewer: batches should be many times k.
    Blocks {
        /// Rows of a block, at least 1; default 16.
        #[serde(default = "block")]
        k: usize,
    },
    /// The row itself with its words in another, uniform order (LADA, intra; Chen et al. 2020): its tags go along. For
    /// rows whose words have tags alone.
    Reordered,
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
        matches!(
            self,
            Self::SameClass | Self::ClassBalanced | Self::ClassNearest { .. }
        )
    }

    /// Whether partners may come from outside the batch.
    pub fn leaves_batch(&self) -> bool {
        matches!(
            self,
            Self::Uniform
                | Self::ClassBalanced
                | Self::Nearest { .. }
                | Self::ClassNearest { .. }
                | Self::Kernel { .. }
        )
    }

    /// Whether partners can be found for any training row, in the batch or not: what balancing needs.
    pub(super) fn serves_any_row(&self) -> bool {
        matches!(
            self,
            Self::Uniform | Self::SameClass | Self::ClassBalanced | Self::ClassNearest { .. }
        )
    }

    pub(super) fn check(&self) -> Result<()> {
        match self {
            Self::Nearest { k: 0, .. } => Err(Error::setting("partner.nearest.k", "at least 1", 0)),
            Self::Nearest { p, .. } => check_number("partner.nearest.p", *p, &(0.0..=1.0)),
            Self::ClassNearest { k: 0 } => {
                Err(Error::setting("partner.class-nearest.k", "at least 1", 0))
            }
            Self::Blocks { k: 0 } => Err(Error::setting("partner.blocks.k", "at least 1", 0)),
            Self::Kernel { bandwidth, .. } => bandwidth.check(),
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
            Self::ClassNearest { k } => {
                let choose = |own: &u32| class_nearest(rows, *own, *k, stream);
                rows.batch.iter().map(choose).collect::<Result<_>>()?
            }
            Self::Kernel {
                bandwidth,
                exclude_self,
            } => kernel(rows, *bandwidth, *exclude_self, stream)?,
            Self::Blocks { k } => places(blocks(rows, *k, stream.permutation(n))?),
            Self::Reordered => places(0..n as u32),
        })
    }
}

/// A uniform order of the words of each row of the batch.
pub(super) fn orders(rows: Rows<'_>, stream: &mut Stream) -> Result<Vec<Vec<u32>>> {
    let words = rows.words.ok_or_else(|| {
        Error::Conflict("the reordered pairing needs the words of every training row".into())
    })?;
    let order = |&row: &u32| {
        let count = words.get(row as usize).ok_or_else(|| Error::Shape {
            what: "words".into(),
            expected: format!("a number for training row {row}"),
            got: format!("{} numbers", words.len()),
        })?;
        Ok(stream.permutation(*count as usize))
    };
    rows.batch.iter().map(order).collect()
}

/// A uniform training row of each row's class, in the batch or not: the pairing `same-class` where rows outside the
/// batch are mixed.
pub(super) fn class_mates(rows: Rows<'_>, stream: &mut Stream) -> Result<Vec<Partner>> {
    let index = class_index(rows)?;
    let mate = |&own: &u32| {
        let mates = index.rows_of(class_of(rows, own)?);
        Ok(Partner::Row(mates[stream.below(mates.len())]))
    };
    rows.batch.iter().map(mate).collect()
}

/// The prepared index, or one made for the batch.
pub(super) fn class_index(rows: Rows<'_>) -> Result<Cow<'_, ClassIndex>> {
    Ok(match rows.by_class {
        Some(index) => Cow::Borrowed(index),
        None => Cow::Owned(ClassIndex::new(classes(rows)?)),
    })
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

fn class_balanced(rows: Rows<'_>, stream: &mut Stream) -> Result<Vec<Partner>> {
    let index = class_index(rows)?;
    let classes = index.classes();
    if classes.is_empty() {
        return Err(Error::Data("no training row has a class".into()));
    }
    let mut draw = || {
        let (_, rows) = &classes[stream.below(classes.len())];
        Partner::Row(rows[stream.below(rows.len())])
    };
    Ok(rows.batch.iter().map(|_| draw()).collect())
}

/// One of the k nearest of the row's class, or of as many as are known.
fn class_nearest(rows: Rows<'_>, own: u32, k: usize, stream: &mut Stream) -> Result<Partner> {
    let lists = rows.neighbours.ok_or_else(|| {
        let pairing = "the class-nearest pairing needs the neighbours of every training row";
        Error::Conflict(pairing.into())
    })?;
    let class = class_of(rows, own)?;
    let list = lists.get(own as usize).map_or(&[][..], Vec::as_slice);
    let mut near = Vec::with_capacity(k.min(list.len()));
    for &row in list {
        if row != own && near.len() < k && class_of(rows, row)? == class {
            near.push(row);
        }
    }
    Ok(Partner::Row(match near.len() {
        0 => own,
        known => near[stream.below(known)],
    }))
}

fn kernel(
    rows: Rows<'_>,
    bandwidth: Bandwidth,
    exclude_self: bool,
    stream: &mut Stream,
) -> Result<Vec<Partner>> {
    let index = rows.targets.ok_or_else(|| {
        Error::Conflict("the kernel pairing needs the targets of every training row".into())
    })?;
    if let Bandwidth::Fixed(b) = bandwidth
        && b != index.bandwidth()
    {
        let given = index.bandwidth();
        let problem = format!("the kernel's bandwidth is {b}, that of the targets' index {given}");
        return Err(Error::Conflict(problem));
    }
    let partners = index.partners(rows.batch, exclude_self, stream)?;
    Ok(partners.into_iter().map(Partner::Row).collect())
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

fn block() -> usize {
    16
}
