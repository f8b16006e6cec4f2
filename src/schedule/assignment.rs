//! The cheapest way to give each of n rows one of n columns (Kuhn 1955, Munkres 1957), in O(n³).
//!
//! Row by row: the shortest augmenting path over costs reduced by a price for every row and column, as Jonker and
//! Volgenant (1987) walk it.

/// The column of each row, of least total cost; `costs` is `[n, n]`, row by row.
pub(super) fn cheapest(costs: &[f64], n: usize) -> Vec<usize> {
    let mut prices = Prices {
        row: vec![0.0; n],
        column: vec![0.0; n],
    };
    let mut row_of = vec![None; n];
    for row in 0..n {
        augment(row, costs, &mut prices, &mut row_of);
    }
    let mut column_of = vec![0; n];
    for (column, row) in row_of.into_iter().enumerate() {
        if let Some(row) = row {
            column_of[row] = column;
        }
    }
    column_of
}

/// What every row and column is charged; no cost is below the sum of its two prices.
struct Prices {
    row: Vec<f64>,
    column: Vec<f64>,
}

/// Gives `start` a column, moving others along the shortest path to a free one.
fn augment(start: usize, costs: &[f64], prices: &mut Prices, row_of: &mut [Option<usize>]) {
    let n = row_of.len();
    let mut distance = vec![f64::INFINITY; n];
    let mut from = vec![None; n];
    let mut done = vec![false; n];
    let (mut row, mut column, mut walked) = (start, None, 0.0);
    let free = loop {
        for j in (0..n).filter(|&j| !done[j]) {
            let reduced = costs[row * n + j] - prices.row[row] - prices.column[j];
            if walked + reduced < distance[j] {
                distance[j] = walked + reduced;
                from[j] = column;
            }
        }
        let open = (0..n).filter(|&j| !done[j]);
        let Some(next) = open.min_by(|&a, &b| distance[a].total_cmp(&distance[b])) else {
            return;
        };
        done[next] = true;
        walked = distance[next];
        column = Some(next);
        match row_of[next] {
            None => break next,
            Some(taken) => row = taken,
        }
    };
    reprice(start, walked, &distance, &done, prices, row_of);
    let mut column = free;
    while let Some(before) = from[column] {
        row_of[column] = row_of[before];
        column = before;
    }
    row_of[column] = Some(start);
}

/// Charges what was walked, so that the path's costs equal their prices.
fn reprice(
    start: usize,
    walked: f64,
    distance: &[f64],
    done: &[bool],
    prices: &mut Prices,
    row_of: &[Option<usize>],
) {
    prices.row[start] += walked;
    for j in (0..done.len()).filter(|&j| done[j]) {
        prices.column[j] -= walked - distance[j];
        if let Some(row) = row_of[j] {
            prices.row[row] += walked - distance[j];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Stream};

    fn cost(costs: &[f64], n: usize, columns: &[usize]) -> f64 {
        (0..n).map(|r| costs[r * n + columns[r]]).sum()
    }

    /// Every permutation of 0..n (Heap's algorithm).
    fn permutations(n: usize) -> Vec<Vec<usize>> {
        if n == 0 {
            return vec![Vec::new()];
        }
        let shorter = permutations(n - 1).into_iter();
        let longer = |p: Vec<usize>| {
            (0..n).map(move |at| {
                let mut p = p.clone();
                p.insert(at, n - 1);
                p
            })
        };
        shorter.flat_map(longer).collect()
    }

    #[test]
    fn it_is_the_best_of_all_permutations() {
        let mut stream = Stream::new(5, Purpose::Partner, 0);
        for n in 0..=6 {
            let all = permutations(n);
            for round in 0..200 {
                // Small whole numbers make ties.
                let costs: Vec<f64> = (0..n * n)
                    .map(|_| match round % 2 {
                        0 => stream.below(4) as f64,
                        _ => stream.unit(),
                    })
                    .collect();
                let found = cheapest(&costs, n);
                let best = all.iter().map(|p| cost(&costs, n, p));
                let best = best.fold(f64::INFINITY, f64::min);
                assert!((cost(&costs, n, &found) - best).abs() < 1e-12 || n == 0);
                assert!(all.contains(&found), "{found:?} is a permutation");
            }
        }
    }
}
