//! The end of a residual block: max(a + b, 0) (He et al. 2016).

use candle_core::{CpuStorage, CustomOp2, Layout, Result as CandleResult, Shape, Tensor};
use rayon::prelude::*;

use super::buffer;
use super::cpu;
use super::simd::kernels;
use crate::error::{Error, Result};

/// Numbers of a parallel task.
const BLOCK: usize = 32 << 10;

/// max(a + b, 0) of two tensors of one shape; its derivative at 0 is 0.
///
/// # Errors
/// [`Error::Shape`] for two shapes, and Candle's.
pub fn add_relu(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    if a.shape() != b.shape() {
        return Err(Error::Shape {
            what: "what is added to a residual".into(),
            expected: format!("{:?}", a.dims()),
            got: format!("{:?}", b.dims()),
        });
    }
    if cpu::fits(&[a, b]) {
        return Ok(a.contiguous()?.apply_op2(&b.contiguous()?, AddRelu)?);
    }
    let sum = (a + b)?;
    Ok(sum.le(0f64)?.where_cond(&sum.zeros_like()?, &sum)?)
}

struct AddRelu;

impl CustomOp2 for AddRelu {
    fn name(&self) -> &'static str {
        "add-relu"
    }

    fn cpu_fwd(
        &self,
        a: &CpuStorage,
        a_layout: &Layout,
        b: &CpuStorage,
        b_layout: &Layout,
    ) -> CandleResult<(CpuStorage, Shape)> {
        let (a, b) = (cpu::floats(a, a_layout)?, cpu::floats(b, b_layout)?);
        let with = a.par_chunks(BLOCK).zip(b.par_chunks(BLOCK));
        let (y, _) = buffer::fill(a.len(), BLOCK, with, |(a, b), y| add(y, a, b));
        Ok((CpuStorage::F32(y), a_layout.shape().clone()))
    }

    fn bwd(
        &self,
        _: &Tensor,
        _: &Tensor,
        y: &Tensor,
        g: &Tensor,
    ) -> CandleResult<(Option<Tensor>, Option<Tensor>)> {
        let g = g.contiguous()?;
        let (values, y) = (cpu::view(&g)?, cpu::view(y)?);
        let with = values.par_chunks(BLOCK).zip(y.par_chunks(BLOCK));
        let (dx, _) = buffer::fill(y.len(), BLOCK, with, |(g, y), to| keep(to, g, y));
        let dx = cpu::tensor(dx, g.shape())?;
        Ok((Some(dx.clone()), Some(dx)))
    }
}

kernels! {
    /// y = max(a + b, 0); NaN stays NaN.
    fn add(y: &mut [f32], a: &[f32], b: &[f32]) {
        let n = y.len();
        assert!(a.len() == n && b.len() == n);
        for i in 0..n {
            let sum = a[i] + b[i];
            y[i] = if sum <= 0.0 { 0.0 } else { sum };
        }
    }

    /// to = g where y is above 0.
    fn keep(to: &mut [f32], g: &[f32], y: &[f32]) {
        let n = to.len();
        assert!(g.len() == n && y.len() == n);
        for i in 0..n {
            to[i] = if y[i] <= 0.0 { 0.0 } else { g[i] };
        }
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device, Var};

    use super::*;

    #[test]
    fn both_forms_agree_in_value_and_gradient() -> Result<()> {
        let a = [[1f32, -2., 0.5], [3., -1., 0.]];
        let b = [[-0.5f32, 1., -0.5], [1., 4., -0.]];
        let (a, b) = (Var::new(&a, &Device::Cpu)?, Var::new(&b, &Device::Cpu)?);
        let y = add_relu(&a, &b)?;
        assert_eq!(y.to_vec2::<f32>()?, [[0.5, 0., 0.], [4., 3., 0.]]);
        let (wide_a, wide_b) = (a.to_dtype(DType::F64)?, b.to_dtype(DType::F64)?);
        let z = add_relu(&wide_a, &wide_b)?.to_dtype(DType::F32)?;
        assert_eq!(y.to_vec2::<f32>()?, z.to_vec2::<f32>()?);
        let (ours, theirs) = (
            y.sqr()?.sum_all()?.backward()?,
            z.sqr()?.sum_all()?.backward()?,
        );
        for of in [&a, &b] {
            let (x, y) = (
                ours.get(of).expect("reached"),
                theirs.get(of).expect("reached"),
            );
            assert_eq!(x.to_vec2::<f32>()?, y.to_vec2::<f32>()?);
            assert_eq!(x.to_vec2::<f32>()?, [[1., 0., 0.], [8., 6., 0.]]);
        }
        assert!(matches!(
            add_relu(&a, &b.narrow(0, 0, 1)?),
            Err(Error::Shape { .. })
        ));
        Ok(())
    }
}
