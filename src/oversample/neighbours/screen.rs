//! Which rows of a leaf may be near enough to which queries: the measured inner loop of the search.
//!
//! ```text
//! pass  ⇔  ‖q_x − q_y‖² ≤ (reach_x + e_y)²
//! ```
//!
//! The left side is exact in whole numbers, by products of 8-bit codes where the processor has them (AVX-512 VNNI) and by
//! plain code elsewhere, with the same outcome. The right side is in f32, rounded up.

use super::codes::{Coded, GROUP, LANES, Query};
use crate::nn::simd::kernels;

/// What is lost of a threshold by f32, with room to spare.
pub(super) const ROOM: f32 = 1.0 + 4e-6;

/// Sets bit l of `masks[query·vectors + vector]` where row l of that vector passes for that query. `reach` is in steps.
pub(super) fn screen(coded: &Coded, queries: &[&Query], reach: &[f32], masks: &mut [u16]) {
    let vectors = coded.norms.len() / LANES;
    let groups = queries.first().map_or(0, |q| q.codes.len());
    assert_eq!(coded.norms.len(), vectors * LANES, "whole vectors of norms");
    assert_eq!(coded.lost.len(), vectors * LANES, "whole vectors of losses");
    assert_eq!(
        coded.codes.len(),
        vectors * groups * LANES * GROUP,
        "whole vectors of codes"
    );
    assert!(
        queries.iter().all(|q| q.codes.len() == groups),
        "queries are equally long"
    );
    assert_eq!(reach.len(), queries.len(), "a reach a query");
    assert_eq!(
        masks.len(),
        queries.len() * vectors,
        "a mask a query and vector"
    );
    #[cfg(target_arch = "x86_64")]
    if super::vnni::available() {
        // SAFETY: the processor has the instructions, and the lengths are those that were just asserted.
        return unsafe { super::vnni::screen(coded, queries, reach, masks, groups, vectors) };
    }
    plain(coded, queries, reach, masks);
}

/// (reach + lost)², rounded up.
#[inline(always)]
pub(super) fn threshold(reach: f32, lost: f32) -> f32 {
    let sum = (reach + lost) * ROOM;
    sum * sum
}

kernels! {
    /// The same in plain code.
    fn plain(coded: &Coded, queries: &[&Query], reach: &[f32], masks: &mut [u16]) {
        let vectors = coded.norms.len() / LANES;
        for (q, query) in queries.iter().enumerate() {
            let width = query.codes.len() * LANES * GROUP;
            for v in 0..vectors {
                let codes = &coded.codes[v * width..][..width];
                let mut products = [0i32; LANES];
                for (group, codes) in query.codes.iter().zip(codes.chunks_exact(LANES * GROUP)) {
                    let bytes = group.to_le_bytes();
                    for (product, codes) in products.iter_mut().zip(codes.chunks_exact(GROUP)) {
                        for b in 0..GROUP {
                            *product += i32::from(codes[b]) * i32::from(bytes[b] as i8);
                        }
                    }
                }
                let mut mask = 0u16;
                for (lane, product) in products.iter().enumerate() {
                    let place = v * LANES + lane;
                    let apart = query.norm + coded.norms[place] - 2 * product;
                    let passes = apart as f32 <= threshold(reach[q], coded.lost[place]);
                    mask |= u16::from(passes) << lane;
                }
                masks[q * vectors + v] = mask;
                let _ = FMA;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Stream};

    #[test]
    fn both_kernels_give_the_same_masks() {
        for (groups, vectors, count) in [(1, 1, 1), (8, 16, 64), (3, 5, 7), (18, 2, 3), (2, 7, 5)] {
            let mut stream = Stream::new(groups as u64, Purpose::Init, 0);
            let mut byte = || stream.below(255) as i32 - 127;
            let coded = Coded {
                codes: (0..vectors * groups * LANES * GROUP)
                    .map(|_| (byte() + 128) as u8)
                    .collect(),
                norms: (0..vectors * LANES).map(|_| byte() * byte()).collect(),
                lost: (0..vectors * LANES).map(|_| byte() as f32 * 0.3).collect(),
            };
            let queries: Vec<Query> = (0..count)
                .map(|_| Query {
                    codes: (0..groups)
                        .map(|_| i32::from_le_bytes([0; 4].map(|_: u8| byte() as i8 as u8)))
                        .collect(),
                    norm: byte() * 1000,
                    lost: 0.0,
                })
                .collect();
            let reach: Vec<f32> = (0..count).map(|i| (i as f32 - 2.0) * 60.0).collect();
            let (mut fast, mut slow) = (vec![0u16; count * vectors], vec![1u16; count * vectors]);
            let queries: Vec<&Query> = queries.iter().collect();
            screen(&coded, &queries, &reach, &mut fast);
            plain(&coded, &queries, &reach, &mut slow);
            assert_eq!(fast, slow, "{groups} groups");
            let ones: u32 = slow.iter().map(|m| m.count_ones()).sum();
            assert!(
                count < 7 || (ones > 0 && ones < (16 * slow.len()) as u32),
                "{ones}"
            );
        }
    }
}
