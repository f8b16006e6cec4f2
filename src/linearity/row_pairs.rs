//! Between which rows a model is measured.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::random::{Purpose, Stream};
use crate::schedule::ClassIndex;

/// How the two rows of a pair stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Relation {
    /// Any two rows.
    #[default]
    Random,
    /// Two rows of one class.
    SameClass,
    /// Two rows of different classes.
    OtherClass,
    /// A row and its nearest other row.
    Nearest,
}

impl Relation {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Random,
        Self::SameClass,
        Self::OtherClass,
        Self::Nearest,
    ];
}

impl fmt::Display for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Random => "random",
            Self::SameClass => "same-class",
            Self::OtherClass => "other-class",
            Self::Nearest => "nearest",
        })
    }
}

impl FromStr for Relation {
    type Err = Error;

    fn from_str(s: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|r| r.to_string() == s);
        let words = "random, same-class, other-class or nearest";
        found.ok_or_else(|| Error::setting("pairs between", words, format!("'{s}'")))
    }
}

/// Pairs of two different rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowPairs {
    relation: Relation,
    own: Vec<u32>,
    partner: Vec<u32>,
}

impl RowPairs {
    /// `n` pairs of any two of `rows`. Every row is own equally often, as nearly as n allows; its partner is uniform
    /// over the others.
    ///
    /// # Errors
    /// [`Error::Data`] for fewer than two rows.
    pub fn random(rows: &[u32], n: usize, seed: u64) -> Result<Self> {
        if rows.len() < 2 {
            let problem = format!("a pair needs two rows, and there is {}", rows.len());
            return Err(Error::Data(problem));
        }
        let draw = |place: usize, stream: &mut Stream| {
            let other = stream.below(rows.len() - 1);
            Some(other + usize::from(other >= place))
        };
        Self::drawn(rows, n, seed, Relation::Random, draw)
    }

    /// `n` pairs of two rows of one class; `classes` holds the class of each of `rows`.
    ///
    /// # Errors
    /// [`Error::Data`] where no class has two rows.
    pub fn same_class(rows: &[u32], classes: &[u32], n: usize, seed: u64) -> Result<Self> {
        let index = ClassIndex::new(classes);
        let draw = |place: usize, stream: &mut Stream| {
            let members = index.rows_of(classes[place]);
            let own = members.binary_search(&(place as u32)).ok()?;
            let others = members.len() - 1;
            let other = (others > 0).then(|| stream.below(others))?;
            Some(members[other + usize::from(other >= own)] as usize)
        };
        Self::drawn(rows, n, seed, Relation::SameClass, draw)
    }

    /// `n` pairs of two rows of different classes.
    ///
    /// # Errors
    /// [`Error::Data`] where all rows are of one class.
    pub fn other_class(rows: &[u32], classes: &[u32], n: usize, seed: u64) -> Result<Self> {
        let index = ClassIndex::new(classes);
        let draw = |place: usize, stream: &mut Stream| {
            let others = rows.len() - index.rows_of(classes[place]).len();
            let mut other = (others > 0).then(|| stream.below(others))?;
            for (class, members) in index.classes() {
                match members.get(other) {
                    _ if *class == classes[place] => {}
                    Some(row) => return Some(*row as usize),
                    None => other -= members.len(),
                }
            }
            None
        };
        Self::drawn(rows, n, seed, Relation::OtherClass, draw)
    }

    /// `n` pairs of a row and the first of its `neighbours`, which are places among `rows`, as
    /// [`train::neighbours`](crate::train::neighbours()) gives them.
    ///
    /// # Errors
    /// [`Error::Data`] where no row has a neighbour.
    pub fn nearest(rows: &[u32], neighbours: &[Vec<u32>], n: usize, seed: u64) -> Result<Self> {
        let draw = |place: usize, _: &mut Stream| {
            let first = neighbours.get(place)?.first()?;
            Some(*first as usize)
        };
        Self::drawn(rows, n, seed, Relation::Nearest, draw)
    }

    /// Rows in a drawn order, over and over, each with the partner that `draw` finds for its place.
    fn drawn(
        rows: &[u32],
        n: usize,
        seed: u64,
        relation: Relation,
        draw: impl Fn(usize, &mut Stream) -> Option<usize>,
    ) -> Result<Self> {
        let mut stream = Stream::keyed(seed, Purpose::Probe, relation as u64, 0);
        let order = stream.permutation(rows.len());
        let (mut own, mut partner) = (Vec::with_capacity(n), Vec::with_capacity(n));
        while own.len() < n {
            let before = own.len();
            for &place in order.iter().take(n - before) {
                if let Some(other) = draw(place as usize, &mut stream) {
                    own.push(rows[place as usize]);
                    partner.push(rows[other]);
                }
            }
            if own.len() == before {
                return Err(none(relation, rows.len()));
            }
        }
        Ok(Self {
            relation,
            own,
            partner,
        })
    }

    /// How the two rows of a pair stand to each other.
    pub fn relation(&self) -> Relation {
        self.relation
    }

    /// Number of pairs.
    pub fn len(&self) -> usize {
        self.own.len()
    }

    /// Whether there is no pair.
    pub fn is_empty(&self) -> bool {
        self.own.is_empty()
    }

    /// The row whose weight λ is.
    pub fn own(&self) -> &[u32] {
        &self.own
    }

    /// The other row.
    pub fn partner(&self) -> &[u32] {
        &self.partner
    }

    /// The first `n` pairs, or as many as there are.
    pub fn first(&self, n: usize) -> Self {
        let n = n.min(self.len());
        Self {
            relation: self.relation,
            own: self.own[..n].to_vec(),
            partner: self.partner[..n].to_vec(),
        }
    }
}

fn none(relation: Relation, rows: usize) -> Error {
    let why = match relation {
        Relation::Random => "a pair needs two rows",
        Relation::SameClass => "no class has two rows",
        Relation::OtherClass => "all rows are of one class",
        Relation::Nearest => "no row has a neighbour",
    };
    Error::Data(format!("no {relation} pair among {rows} rows: {why}"))
}
