//! The screen on AVX-512 VNNI: 64 products of 8-bit codes an instruction, four queries by four vectors of rows at a time.

use std::arch::x86_64::*;

use super::codes::{Coded, GROUP, LANES, Query};
use super::screen::ROOM;

/// Queries, and vectors of rows, whose sums stay in registers.
const TILE: usize = 4;

/// Whether the processor has the instructions.
pub(super) fn available() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vnni")
}

/// See [`super::screen::screen`].
///
/// # Safety
/// The processor has the instructions ([`available`]); every query has `groups` codes; `coded` has `vectors` vectors of
/// `groups` groups, norms and losses; `reach` has one number a query and `masks` `vectors` masks a query.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub(super) unsafe fn screen(
    coded: &Coded,
    queries: &[&Query],
    reach: &[f32],
    masks: &mut [u16],
    groups: usize,
    vectors: usize,
) {
    for first in (0..queries.len()).step_by(TILE) {
        let tile = &queries[first..queries.len().min(first + TILE)];
        // A short tile repeats its last query, whose masks are then written more than once.
        let place = |t: usize| first + t.min(tile.len() - 1);
        let codes = [0, 1, 2, 3].map(|t| queries[place(t)].codes.as_ptr());
        let mut v = 0;
        while v < vectors {
            let count = (vectors - v).min(TILE);
            let vector = |u: usize| v + u.min(count - 1);
            let starts = [0, 1, 2, 3].map(|u| vector(u) * groups * LANES * GROUP);
            // SAFETY: each start is that of one of the `vectors` vectors of `groups` groups, and each query has `groups`
            // codes, so all reads are within.
            let sums = unsafe { products(coded.codes.as_ptr(), starts, codes, groups) };
            for (t, sums) in sums.iter().enumerate() {
                let q = place(t);
                for (u, &sum) in sums.iter().enumerate() {
                    let at = vector(u);
                    masks[q * vectors + at] = passes(coded, at, queries[q], reach[q], sum);
                }
            }
            v += count;
        }
    }
}

/// Sums of products of four queries with four vectors.
///
/// # Safety
/// From each start `groups` groups can be read, and from each query `groups` codes.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
unsafe fn products(
    rows: *const u8,
    starts: [usize; TILE],
    queries: [*const i32; TILE],
    groups: usize,
) -> [[__m512i; TILE]; TILE] {
    let mut sums = [[_mm512_setzero_si512(); TILE]; TILE];
    for group in 0..groups {
        // SAFETY: `group` is below `groups`, which the caller vouches for.
        let rows = starts.map(|start| unsafe {
            _mm512_loadu_si512(rows.add(start + group * LANES * GROUP).cast())
        });
        for (sums, query) in sums.iter_mut().zip(queries) {
            // SAFETY: the same.
            let query = _mm512_set1_epi32(unsafe { *query.add(group) });
            for (sum, rows) in sums.iter_mut().zip(rows) {
                *sum = _mm512_dpbusd_epi32(*sum, rows, query);
            }
        }
    }
    sums
}

/// The mask of one vector for one query.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn passes(coded: &Coded, vector: usize, query: &Query, reach: f32, products: __m512i) -> u16 {
    let norms = &coded.norms[vector * LANES..][..LANES];
    let lost = &coded.lost[vector * LANES..][..LANES];
    // SAFETY: both slices hold `LANES` numbers of 32 bits.
    let (norms, lost) = unsafe {
        (
            _mm512_loadu_si512(norms.as_ptr().cast()),
            _mm512_loadu_ps(lost.as_ptr()),
        )
    };
    let norms = _mm512_add_epi32(norms, _mm512_set1_epi32(query.norm));
    let apart = _mm512_sub_epi32(norms, _mm512_slli_epi32::<1>(products));
    let sum = _mm512_mul_ps(
        _mm512_add_ps(_mm512_set1_ps(reach), lost),
        _mm512_set1_ps(ROOM),
    );
    let limit = _mm512_mul_ps(sum, sum);
    _mm512_cmp_ps_mask::<_CMP_LE_OQ>(_mm512_cvtepi32_ps(apart), limit)
}
