//! The segment between a row and a partner: the one way in which SMOTE, its relatives and mixup draw their pairs.

use rayon::prelude::*;

use super::draws::{BLOCK, Draws};
use crate::random::{Purpose, Stream};

/// What one block of rows draws from, a stream each for base, partner and weight.
pub(super) struct Streams {
    pub base: Stream,
    pub partner: Stream,
    pub weight: Stream,
}

/// One row's pair.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Drawn {
    pub own: u32,
    pub partner: u32,
    pub weight: f64,
    pub label_weight: f64,
}

/// The four columns of pairs, in the order of [`Pairs::new`](crate::Pairs::new).
pub(super) type Columns = (Vec<u32>, Vec<u32>, Vec<f64>, Vec<f64>);

/// `count` pairs, row `r` by `draw(r, streams)`; blocks of rows are drawn side by side, each from streams of its own.
pub(super) fn draw(
    count: usize,
    draws: Draws,
    draw: impl Fn(usize, &mut Streams) -> Drawn + Sync,
) -> Columns {
    let mut columns = (
        vec![0u32; count],
        vec![0u32; count],
        vec![0f64; count],
        vec![0f64; count],
    );
    (
        columns.0.par_chunks_mut(BLOCK),
        columns.1.par_chunks_mut(BLOCK),
        columns.2.par_chunks_mut(BLOCK),
        columns.3.par_chunks_mut(BLOCK),
    )
        .into_par_iter()
        .enumerate()
        .for_each(|(block, (own, partner, weight, label_weight))| {
            let mut streams = Streams {
                base: draws.stream(Purpose::Base, block),
                partner: draws.stream(Purpose::Partner, block),
                weight: draws.stream(Purpose::Weight, block),
            };
            for i in 0..own.len() {
                let drawn = draw(block * BLOCK + i, &mut streams);
                own[i] = drawn.own;
                partner[i] = drawn.partner;
                weight[i] = drawn.weight;
                label_weight[i] = drawn.label_weight;
            }
        });
    columns
}

/// λ uniform on (0, 1]: one less a step in [0, 1) towards the partner.
pub(super) fn uniform(stream: &mut Stream) -> f64 {
    1.0 - stream.unit()
}
