//! Kernels compiled for AVX-512, for AVX2 with FMA and for the baseline, picked at run time; and the functions that
//! they share.
//!
//! A kernel is plain Rust over slices that the compiler vectorises; it checks lengths once, at its door.

/// Independent sums in a reduction: two AVX-512 registers.
pub(super) const LANES: usize = 32;

/// Defines kernels; in a body, the constant `FMA` says whether fused multiply-add is fast.
macro_rules! kernels {
    ($($(#[$attribute:meta])* fn $name:ident($($arg:ident: $type:ty),* $(,)?) $body:block)*) => {$(
        $(#[$attribute])*
        #[allow(clippy::too_many_arguments)]
        pub(super) fn $name($($arg: $type),*) {
            #[inline(always)]
            fn body<const FMA: bool>($($arg: $type),*) $body

            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
                fn avx512($($arg: $type),*) {
                    body::<true>($($arg),*)
                }
                #[target_feature(enable = "avx2,fma")]
                fn avx2($($arg: $type),*) {
                    body::<true>($($arg),*)
                }
                if $crate::nn::simd::has_avx512() {
                    // SAFETY: the processor has every feature that the function is compiled for.
                    return unsafe { avx512($($arg),*) };
                }
                if $crate::nn::simd::has_avx2() {
                    // SAFETY: the same.
                    return unsafe { avx2($($arg),*) };
                }
            }
            body::<{ cfg!(target_arch = "aarch64") }>($($arg),*)
        }
    )*};
}
pub(crate) use kernels;

#[cfg(target_arch = "x86_64")]
pub(crate) fn has_avx512() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl")
        && has_avx2()
}

#[cfg(target_arch = "x86_64")]
pub(crate) fn has_avx2() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")
}

/// a·b + c.
#[inline(always)]
pub(super) fn fma<const FMA: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FMA { a.mul_add(b, c) } else { a * b + c }
}

/// eˣ to about 1e-7 of its value, for x in [-87, 88]; clamped outside. Polynomial of Cephes (Moshier 1992).
#[inline(always)]
pub(super) fn exp<const FMA: bool>(x: f32) -> f32 {
    const ROUND: f32 = 12_582_912.0; // 1.5·2²³: adding it leaves the nearest whole number in the lowest bits
    let x = x.clamp(-87.0, 88.0);
    let shifted = fma::<FMA>(x, std::f32::consts::LOG2_E, ROUND);
    let n = shifted - ROUND;
    let r = fma::<FMA>(n, -0.693_359_4, x);
    let r = fma::<FMA>(n, 2.121_944_4e-4, r);
    let p = fma::<FMA>(1.987_569_1e-4, r, 1.398_2e-3);
    let p = fma::<FMA>(p, r, 8.333_452e-3);
    let p = fma::<FMA>(p, r, 4.166_579_6e-2);
    let p = fma::<FMA>(p, r, 1.666_666_5e-1);
    let p = fma::<FMA>(p, r, 0.5);
    let y = fma::<FMA>(p * r, r, r) + 1.0;
    y * f32::from_bits((shifted.to_bits() << 23).wrapping_add(127 << 23))
}

/// The error function to about 1e-7. Polynomials of Juffa (2015), on both sides of 475/512.
#[inline(always)]
pub(super) fn erf<const FMA: bool>(x: f32) -> f32 {
    let t = x.abs().min(4.0); // from 4 on it rounds to 1
    let s = t * t;
    let r = fma::<FMA>(-1.728_534_7e-5, t, 3.831_971_3e-4);
    let u = fma::<FMA>(-3.883_964_4e-3, t, 2.425_462_2e-2);
    let r = fma::<FMA>(r, s, u);
    let r = fma::<FMA>(r, t, -1.067_778_8e-1);
    let r = fma::<FMA>(r, t, -6.348_467e-1);
    let r = fma::<FMA>(r, t, -1.287_175_1e-1);
    let far = 1.0 - exp::<FMA>(fma::<FMA>(r, t, -t));
    let r = fma::<FMA>(-5.967_617e-4, s, 4.991_194_3e-3);
    let r = fma::<FMA>(r, s, -2.676_813_5e-2);
    let r = fma::<FMA>(r, s, 1.128_199_3e-1);
    let r = fma::<FMA>(r, s, -3.761_253_4e-1);
    let r = fma::<FMA>(r, s, 1.283_791_7e-1);
    let near = fma::<FMA>(r, t, t);
    let y = if t > 0.927_734_4 { far } else { near };
    y.copysign(x)
}

/// tanh to about 1e-7.
#[inline(always)]
pub(super) fn tanh<const FMA: bool>(x: f32) -> f32 {
    let e = exp::<FMA>(-2.0 * x.abs().min(20.0));
    ((1.0 - e) / (1.0 + e)).copysign(x)
}

/// The sum of `f(i)` for i in 0..n, in a fixed order.
#[inline(always)]
pub(super) fn sum(n: usize, f: impl Fn(usize) -> f32) -> f32 {
    let mut lanes = [0f32; LANES];
    let whole = n / LANES * LANES;
    for start in (0..whole).step_by(LANES) {
        for (j, lane) in lanes.iter_mut().enumerate() {
            *lane += f(start + j);
        }
    }
    let mut width = LANES / 2;
    while width > 0 {
        for j in 0..width {
            lanes[j] += lanes[j + width];
        }
        width /= 2;
    }
    (whole..n).fold(lanes[0], |sum, i| sum + f(i))
}

/// The largest `f(i)` for i in 0..n; -∞ for none.
#[inline(always)]
pub(super) fn maximum(n: usize, f: impl Fn(usize) -> f32) -> f32 {
    let larger = |a: f32, b: f32| if b > a { b } else { a };
    let mut lanes = [f32::NEG_INFINITY; LANES];
    let whole = n / LANES * LANES;
    for start in (0..whole).step_by(LANES) {
        for (j, lane) in lanes.iter_mut().enumerate() {
            *lane = larger(*lane, f(start + j));
        }
    }
    let top = lanes.into_iter().fold(f32::NEG_INFINITY, larger);
    (whole..n).fold(top, |top, i| larger(top, f(i)))
}

kernels! {
    /// to += from.
    fn add_assign(to: &mut [f32], from: &[f32]) {
        assert_eq!(to.len(), from.len());
        for (to, from) in to.iter_mut().zip(from) {
            *to += from;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_within_2e_7_of_f64() {
        let mut worst = [0f64; 4];
        for i in -200_000..=200_000 {
            let x = i as f32 * 1e-4;
            let d = f64::from(x);
            let exact = d.exp();
            let e = (f64::from(exp::<true>(x)) - exact).abs() / exact;
            let portable = (f64::from(exp::<false>(x)) - exact).abs() / exact;
            let erf = (f64::from(erf::<true>(x)) - statrs::function::erf::erf(d)).abs();
            let tanh = (f64::from(tanh::<true>(x)) - d.tanh()).abs();
            for (worst, e) in worst.iter_mut().zip([e, portable, erf, tanh]) {
                *worst = worst.max(e);
            }
        }
        assert!(worst.iter().all(|e| *e < 2e-7), "{worst:?}");
    }

    #[test]
    fn extremes_stay_finite_and_nan_stays_nan() {
        assert!(exp::<true>(-1e30) >= 0.0 && exp::<true>(-1e30) < 1e-37);
        assert!(exp::<true>(1e30).is_finite());
        assert_eq!(erf::<true>(1e30), 1.0);
        assert_eq!(erf::<true>(-1e30), -1.0);
        assert_eq!(tanh::<true>(-1e30), -1.0);
        assert!(exp::<true>(f32::NAN).is_nan());
    }

    #[test]
    fn reductions_take_any_length() {
        for n in [0, 1, 31, 32, 33, 100] {
            assert_eq!(sum(n, |i| i as f32), (n * n.saturating_sub(1) / 2) as f32);
            let top = maximum(n, |i| i as f32 - 200.0);
            let expected = (0..n).map(|i| i as f32 - 200.0);
            assert_eq!(top, expected.fold(f32::NEG_INFINITY, f32::max));
        }
    }
}
