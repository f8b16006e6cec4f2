//! The screen on AVX-512 VNNI: 64 products of 8-bit codes an instruction, four queries by four vectors of rows at a time.

use std::arch::x86_64::*;

use super::codes::{GROUP, LANES, Queries, TILE};

/// Whether the processor has the instructions.
pub(super) fn available() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vnni")
}

/// See [`super::screen::screen`].
///
/// # Safety
/// The processor has the instructions ([`available`]); every active query has its codes; for each `LANES` norms there are
/// as many groups of codes as a query has, and for each active query as many thresholds and masks as there are such
/// vectors.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub(super) unsafe fn screen(
    codes: &[u8],
    norms: &[i32],
    queries: &Queries,
    active: &[usize],
    least: &[i32],
    masks: &mut [u16],
) {
    let groups = queries.groups;
    let vectors = norms.len() / LANES;
    for first in (0..active.len()).step_by(TILE) {
        // A short tile repeats its last query or vector, whose masks are then written more than once.
        let last = (active.len() - first).min(TILE) - 1;
        let place = [0, 1, 2, 3].map(|t: usize| first + t.min(last));
        let tile = place.map(|a| queries.codes[active[a] * groups..].as_ptr());
        for v in (0..vectors).step_by(TILE) {
            let last = (vectors - v).min(TILE) - 1;
            let vector = [0, 1, 2, 3].map(|u: usize| v + u.min(last));
            // SAFETY: every vector is one of the `vectors` vectors, and every query has `groups` codes.
            let sums = unsafe { products(codes, norms, vector, tile, groups) };
            for (a, sums) in place.into_iter().zip(sums) {
                for (v, sum) in vector.into_iter().zip(sums) {
                    let at = a * vectors + v;
                    masks[at] = _mm512_cmpge_epi32_mask(sum, _mm512_set1_epi32(least[at]));
                }
            }
        }
    }
}

/// Products of four queries with four vectors, less half the rows' norms.
///
/// # Safety
/// `codes` and `norms` hold the vectors named, of `groups` groups each, and from each query `groups` codes can be read.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
unsafe fn products(
    codes: &[u8],
    norms: &[i32],
    vectors: [usize; TILE],
    queries: [*const i32; TILE],
    groups: usize,
) -> [[__m512i; TILE]; TILE] {
    // SAFETY: the caller vouches for the vectors.
    let norms =
        vectors.map(|v| unsafe { _mm512_loadu_si512(norms.as_ptr().add(v * LANES).cast()) });
    let starts = vectors.map(|v| v * groups * LANES * GROUP);
    let mut sums = [norms; TILE];
    for group in 0..groups {
        // SAFETY: `group` is below `groups`, and the caller vouches for the rest.
        let rows = starts.map(|start| unsafe {
            _mm512_loadu_si512(codes.as_ptr().add(start + group * LANES * GROUP).cast())
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
