//! One tree of an isolation forest: random cuts until a row stands alone.

use super::Matrix;
use crate::random::Stream;

/// Average path length of an unsuccessful search in a binary tree of `n` rows: 2H(n − 1) − 2(n − 1)/n (Liu, Ting and
/// Zhou 2008, equation 1), with the harmonic number summed rather than approximated.
pub(super) fn average_path(n: usize) -> f64 {
    if n < 2 {
        return 0.0;
    }
    let harmonic: f64 = (1..n).map(|i| 1.0 / i as f64).sum();
    2.0 * harmonic - 2.0 * (n - 1) as f64 / n as f64
}

/// A node; the first of a tree is its root.
#[derive(Debug, Clone, PartialEq)]
enum Node {
    /// The path length of a row that ends here.
    Leaf(f64),
    /// Rows up to `cut` in `column` go on at the next node, the others at `above`.
    Cut {
        column: usize,
        cut: f64,
        above: usize,
    },
}

/// A tree as its nodes, each before those below it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct IsolationTree(Vec<Node>);

impl IsolationTree {
    /// Grows over the rows named by `sample` until each stands alone or `limit` cuts are made.
    pub fn grow(rows: &Matrix, mut sample: Vec<usize>, limit: usize, stream: &mut Stream) -> Self {
        let mut tree = Self(Vec::new());
        tree.add(rows, &mut sample, 0, limit, stream);
        tree
    }

    fn add(
        &mut self,
        rows: &Matrix,
        sample: &mut [usize],
        depth: usize,
        limit: usize,
        stream: &mut Stream,
    ) {
        let leaf = Node::Leaf(depth as f64 + average_path(sample.len()));
        let at = self.0.len();
        self.0.push(leaf);
        if depth == limit || sample.len() < 2 {
            return;
        }
        let Some((column, cut)) = draw_cut(rows, sample, stream) else {
            return;
        };
        let (below, above) = part(sample, |row| f64::from(rows.row(row)[column]) <= cut);
        self.add(rows, below, depth + 1, limit, stream);
        let next = self.0.len();
        self.add(rows, above, depth + 1, limit, stream);
        self.0[at] = Node::Cut {
            column,
            cut,
            above: next,
        };
    }

    /// How many cuts a row passes, and how many more it would take to stand alone.
    pub fn path(&self, row: &[f32]) -> f64 {
        let mut at = 0;
        loop {
            match &self.0[at] {
                Node::Leaf(path) => return *path,
                Node::Cut { column, cut, above } => {
                    let goes_below = f64::from(row[*column]) <= *cut;
                    at = if goes_below { at + 1 } else { *above };
                }
            }
        }
    }
}

/// A uniform cut of a column drawn among those that vary; `None` where all rows are equal.
fn draw_cut(rows: &Matrix, sample: &[usize], stream: &mut Stream) -> Option<(usize, f64)> {
    let mut columns: Vec<usize> = (0..rows.width()).collect();
    while !columns.is_empty() {
        let column = columns.swap_remove(stream.below(columns.len()));
        let values = sample.iter().map(|row| rows.row(*row)[column]);
        let (least, most) = values.fold((f32::INFINITY, f32::NEG_INFINITY), |(least, most), v| {
            (least.min(v), most.max(v))
        });
        if least < most {
            return Some((column, between(f64::from(least), f64::from(most), stream)));
        }
    }
    None
}

/// Uniform on [least, most), kept below `most` where rounding would reach it: no side stays empty.
fn between(least: f64, most: f64, stream: &mut Stream) -> f64 {
    let cut = least + (most - least) * stream.unit();
    if cut < most { cut } else { least }
}

/// Rows for which `first` holds, before the others.
fn part(sample: &mut [usize], first: impl Fn(usize) -> bool) -> (&mut [usize], &mut [usize]) {
    let mut end = 0;
    for i in 0..sample.len() {
        if first(sample[i]) {
            sample.swap(i, end);
            end += 1;
        }
    }
    sample.split_at_mut(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn average_paths_are_those_of_the_equation() {
        assert_eq!(average_path(0), 0.0);
        assert_eq!(average_path(1), 0.0);
        assert_eq!(average_path(2), 1.0);
        assert!((average_path(3) - (3.0 - 4.0 / 3.0)).abs() < 1e-12);
        let approximate = 2.0 * (255f64.ln() + 0.577_215_664_9) - 2.0 * 255.0 / 256.0;
        assert!((average_path(256) - approximate).abs() < 0.005);
    }
}
