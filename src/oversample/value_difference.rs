//! The value difference metric: how far apart two rows of categories are, by the classes their values go with.
//!
//! ```text
//! d(a, b) = Σ_column Σ_class (P(class | value of a) − P(class | value of b))²
//! ```
//!
//! The probabilities are shares of all rows (Stanfill and Waltz 1986, as in Chawla et al. 2002). imbalanced-learn sums
//! (Σ_class |…|)² over the columns, which ranks alike for two classes. Values of one profile are one place: memory goes
//! by the distinct profiles of a column, and never by the square of the rows.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::rows::{Real, Rows};
use super::settings::Like;

/// Above so many distinct profiles a column's differences are computed when they are asked for.
const TABLE: usize = 1024;

/// The shares of the classes among the rows of one value, by ascending class; those of 0 are left out.
type Profile = Vec<(u32, f64)>;

/// The distances between the rows of one class.
pub(super) struct ValueDifference {
    columns: Vec<Column>,
    /// The profile of each row's value, `[rows of the class, columns]`.
    places: Vec<u32>,
    rows: usize,
}

struct Column {
    profiles: Vec<Profile>,
    /// The differences of each two profiles, where they are few.
    table: Vec<f64>,
    like: Like,
}

impl ValueDifference {
    /// The distances between `members`, by the `classes` of all rows.
    pub(super) fn new<T: Real>(
        rows: &Rows<'_, T>,
        classes: &[u32],
        members: &[u32],
        like: Like,
    ) -> Self {
        let width = rows.categories();
        let mut places = vec![0; members.len() * width];
        let columns = (0..width).map(|j| {
            let code = |i: u32| rows.codes(i as usize)[j];
            let of_code = profiles(rows.len(), code, classes, members);
            let (column, place) = Column::new(of_code, like);
            for (places, &i) in places.chunks_mut(width).zip(members) {
                places[j] = place.get(&code(i)).copied().unwrap_or(0);
            }
            column
        });
        Self {
            columns: columns.collect(),
            places,
            rows: members.len(),
        }
    }

    fn places(&self, row: usize) -> &[u32] {
        let width = self.columns.len();
        &self.places[row * width..][..width]
    }

    /// The distance between two rows of the class, by their places in it; `most` or more as soon as it is more.
    fn distance(&self, a: usize, b: usize, most: f64) -> f64 {
        let mut sum = 0.0;
        let pairs = self.places(a).iter().zip(self.places(b));
        for (column, (&a, &b)) in self.columns.iter().zip(pairs) {
            sum += column.difference(a as usize, b as usize);
            if sum > most {
                break;
            }
        }
        sum
    }

    /// The `k` other rows nearest to a row, into `nearest`: (distance, place in the class), ties by place.
    pub(super) fn nearest(&self, row: usize, k: usize, nearest: &mut Vec<(f64, usize)>) {
        nearest.clear();
        for other in (0..self.rows).filter(|&other| other != row) {
            let most = match nearest.len() < k {
                true => f64::INFINITY,
                false => nearest.last().map_or(f64::INFINITY, |n| n.0),
            };
            let distance = self.distance(row, other, most);
            if distance < most {
                let place = nearest.partition_point(|n| n.0 <= distance);
                nearest.truncate(k - 1);
                nearest.insert(place, (distance, other));
            }
        }
    }
}

impl Column {
    /// A column of the distinct profiles, and which of them each code has.
    fn new(of_code: Vec<(u32, Profile)>, like: Like) -> (Self, BTreeMap<u32, u32>) {
        let bits = |p: &Profile| p.iter().map(|&(c, s)| (c, s.to_bits())).collect::<Vec<_>>();
        let mut distinct = BTreeMap::new();
        let mut column = Self {
            profiles: Vec::new(),
            table: Vec::new(),
            like,
        };
        let mut place = BTreeMap::new();
        for (code, profile) in of_code {
            let next = column.profiles.len() as u32;
            let at = *distinct.entry(bits(&profile)).or_insert(next);
            place.insert(code, at);
            if at == next {
                column.profiles.push(profile);
            }
        }
        let count = column.profiles.len();
        if count <= TABLE {
            let differences = |a| (0..count).map(move |b| (a, b));
            let pairs = (0..count).flat_map(differences);
            column.table = pairs.map(|(a, b)| column.compute(a, b)).collect();
        }
        (column, place)
    }

    fn difference(&self, a: usize, b: usize) -> f64 {
        match self.table.is_empty() {
            false => self.table[a * self.profiles.len() + b],
            true => self.compute(a, b),
        }
    }

    fn compute(&self, a: usize, b: usize) -> f64 {
        let differences = differences(&self.profiles[a], &self.profiles[b]);
        match self.like {
            Like::Own => differences.map(|d| d * d).sum(),
            Like::Imblearn => differences.map(f64::abs).sum::<f64>().powi(2),
        }
    }
}

/// The codes that `members` have in a column, ascending, each with its profile over all rows.
fn profiles(
    rows: usize,
    code: impl Fn(u32) -> u32,
    classes: &[u32],
    members: &[u32],
) -> Vec<(u32, Profile)> {
    let mut wanted: Vec<u32> = members.iter().map(|&i| code(i)).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let all = (0..rows as u32).zip(classes);
    let mut pairs: Vec<(u32, u32)> = all
        .map(|(i, &class)| (code(i), class))
        .filter(|(code, _)| wanted.binary_search(code).is_ok())
        .collect();
    pairs.sort_unstable();
    let same_code = |a: &(u32, u32), b: &(u32, u32)| a.0 == b.0;
    pairs
        .chunk_by(same_code)
        .map(|run| {
            let share = |same: &[(u32, u32)]| (same[0].1, same.len() as f64 / run.len() as f64);
            (run[0].0, run.chunk_by(|a, b| a == b).map(share).collect())
        })
        .collect()
}

/// The differences of two profiles, class by class.
fn differences<'a>(a: &'a Profile, b: &'a Profile) -> impl Iterator<Item = f64> + 'a {
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    std::iter::from_fn(move || {
        let order = match (a.peek(), b.peek()) {
            (None, None) => return None,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(x), Some(y)) => x.0.cmp(&y.0),
        };
        let x = if order.is_le() { a.next() } else { None };
        let y = if order.is_ge() { b.next() } else { None };
        Some(x.map_or(0.0, |x| x.1) - y.map_or(0.0, |y| y.1))
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// A table of imbalanced-learn's: codes `[rows, columns]`, classes, and its distances between all rows.
    #[derive(serde::Deserialize)]
    struct Entry {
        codes: Vec<Vec<u32>>,
        y: Vec<u32>,
        distances: Vec<Vec<f64>>,
    }

    fn reference() -> Vec<Entry> {
        let text = include_str!("../../tests/data/oversample_reference.json");
        let json: serde_json::Value = serde_json::from_str(text).unwrap();
        serde_json::from_value(json["smoten"].clone()).unwrap()
    }

    /// Σ_column Σ_class (P(class | value of a) − P(class | value of b))², by counting.
    fn by_definition(Entry { codes, y, .. }: &Entry, a: usize, b: usize) -> f64 {
        let share = |j: usize, i: usize, class: u32| {
            let with = (0..codes.len()).filter(|&r| codes[r][j] == codes[i][j]);
            with.clone().filter(|&r| y[r] == class).count() as f64 / with.count() as f64
        };
        let terms = (0..codes[0].len()).flat_map(|j| (0..3).map(move |c| (j, c)));
        terms
            .map(|(j, c)| (share(j, a, c) - share(j, b, c)).powi(2))
            .sum()
    }

    #[test]
    fn distances_are_those_of_the_definition_and_of_imbalanced_learn() {
        for entry in reference() {
            let flat = entry.codes.concat();
            let rows = Rows::<f64>::mixed(&[], 0, &flat, entry.codes[0].len()).unwrap();
            let all: Vec<u32> = (0..entry.y.len() as u32).collect();
            let of = |like| ValueDifference::new(&rows, &entry.y, &all, like);
            let (own, like) = (of(Like::Own), of(Like::Imblearn));
            let between = |space: &ValueDifference, a, b| space.distance(a, b, f64::INFINITY);
            for (a, row) in entry.distances.iter().enumerate() {
                assert_eq!(between(&own, a, a), 0.0);
                for (b, theirs) in row.iter().enumerate() {
                    assert_eq!(between(&own, a, b), between(&own, b, a));
                    assert!((between(&own, a, b) - by_definition(&entry, a, b)).abs() < 1e-12);
                    assert!((between(&like, a, b) - theirs).abs() < 1e-12, "{a} {b}");
                }
            }
        }
    }

    #[test]
    fn values_merge_where_their_classes_do_and_only_there() {
        // Shares of class 1 by value: 1/2, 2/4, 1/3.
        let codes = [0, 0, 1, 1, 1, 1, 2, 2, 2];
        let classes = [1, 0, 1, 1, 0, 0, 1, 0, 0];
        let rows = Rows::<f64>::mixed(&[], 0, &codes, 1).unwrap();
        let members: Vec<u32> = (0..9).collect();
        let space = ValueDifference::new(&rows, &classes, &members, Like::Own);
        assert_eq!(space.columns[0].profiles.len(), 2);
        assert_eq!(space.distance(0, 2, f64::INFINITY), 0.0);
        assert!(space.distance(0, 6, f64::INFINITY) > 0.0);
    }

    #[test]
    fn ties_go_to_the_lower_place_in_whatever_order_they_come() {
        // Row 3 is nearest to row 0, and rows 1 and 2 tie behind it; row 4 is of another class.
        let (codes, classes) = ([5, 9, 9, 5, 5], [1, 1, 1, 1, 0]);
        let rows = Rows::<f64>::mixed(&[], 0, &codes, 1).unwrap();
        let space = ValueDifference::new(&rows, &classes, &[0, 1, 2, 3], Like::Own);
        let mut nearest = Vec::new();
        space.nearest(0, 2, &mut nearest);
        assert_eq!(nearest.iter().map(|n| n.1).collect::<Vec<_>>(), [3, 1]);
    }

    #[test]
    fn what_is_computed_is_what_the_table_holds() {
        // Value v stands once in class 1 and v times in class 0: a profile of its own.
        let repeat = |v: u32| (0..=v).map(move |i| (v * 1000, u32::from(i == 0)));
        let (codes, classes): (Vec<u32>, Vec<u32>) = (0..60).flat_map(repeat).unzip();
        let rows = Rows::<f64>::mixed(&[], 0, &codes, 1).unwrap();
        let ones = (0..codes.len() as u32).filter(|&i| classes[i as usize] == 1);
        let members: Vec<u32> = ones.collect();
        let table = ValueDifference::new(&rows, &classes, &members, Like::Own);
        let mut computed = ValueDifference::new(&rows, &classes, &members, Like::Own);
        assert_eq!(computed.columns[0].table.len(), 3600);
        computed.columns[0].table.clear();
        for (a, b) in (0..60).flat_map(|a| (0..60).map(move |b| (a, b))) {
            assert_eq!(table.distance(a, b, 9.0), computed.distance(a, b, 9.0));
        }
    }
}
