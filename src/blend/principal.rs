//! Rows moved towards their partners along principal directions, composed of Candle's own operations.
//!
//! ```text
//! mixed[r] = x[own] + V Vᵀ (1 − w[r])(x[partner] − x[own])   or   x[own] + V S[r] Vᵀ (x[partner] − x[own])
//! ```
//!
//! The categories' cells, which follow the basis's, are mixed by the weight in the first form and kept in the second.

use candle_core::{DType, Tensor};

use super::composed::{column, keep_copies, select};
use crate::error::{Error, Result};
use crate::pairs::Pairs;
use crate::plan::{ColumnMask, Principal};

/// Mixes rows `[n, ...]`; `pairs` are checked against `x`.
pub(super) fn mix(x: &Tensor, pairs: &Pairs, principal: &Principal) -> Result<Tensor> {
    let basis = &principal.basis;
    basis.check()?;
    let wide = match x.dtype() {
        DType::F64 => DType::F64,
        _ => DType::F32,
    };
    let flat = x.contiguous()?.flatten_from(1)?.to_dtype(wide)?;
    let rest = check(&flat, pairs, principal)?;
    let (own, partner) = (select(&flat, pairs.own())?, select(&flat, pairs.partner())?);
    let towards = |start: usize, len: usize| -> Result<(Tensor, Tensor)> {
        let own = own.narrow(1, start, len)?;
        let step = partner.narrow(1, start, len)?.sub(&own)?;
        Ok((own, step))
    };
    let (numbers, step) = towards(0, basis.cells)?;
    let directions =
        Tensor::from_slice(&basis.directions, (basis.count(), basis.cells), x.device())?
            .to_dtype(wide)?;
    let scores = step.matmul(&directions.t()?)?;
    let scores = scores.broadcast_mul(&shares(pairs, principal, &scores)?)?;
    let mut mixed = numbers.add(&scores.matmul(&directions)?)?;
    if rest > 0 {
        mixed = Tensor::cat(&[mixed, categories(&own, &partner, pairs, principal)?], 1)?;
    }
    let mut dims = x.dims().to_vec();
    dims[0] = pairs.len();
    let mixed = keep_copies(&own, mixed, &as_copies(pairs)?)?;
    Ok(mixed.to_dtype(x.dtype())?.reshape(dims)?)
}

/// The cells behind the numeric ones.
fn check(flat: &Tensor, pairs: &Pairs, principal: &Principal) -> Result<usize> {
    let (width, cells) = (flat.dim(1)?, principal.basis.cells);
    if width < cells {
        return Err(Error::Shape {
            what: "cells of a row to mix".into(),
            expected: format!("at least the {cells} numeric cells of the directions"),
            got: width.to_string(),
        });
    }
    let wanted = (pairs.len(), principal.basis.count());
    match &principal.own {
        Some(own) if (own.len(), own.width()) != wanted => Err(Error::Shape {
            what: "mask of the scores".into(),
            expected: format!("{} rows of {}", wanted.0, wanted.1),
            got: format!("{} rows of {}", own.len(), own.width()),
        }),
        _ => Ok(width - cells),
    }
}

/// How far each score goes to the partner's: `[rows, 1]`, or `[rows, directions]` of 0 and 1.
fn shares(pairs: &Pairs, principal: &Principal, like: &Tensor) -> Result<Tensor> {
    let Some(own) = &principal.own else {
        let rest: Vec<f64> = pairs.weight().iter().map(|w| 1.0 - w).collect();
        return column(&rest, like);
    };
    Ok(swapped(own, like)?)
}

fn swapped(own: &ColumnMask, like: &Tensor) -> candle_core::Result<Tensor> {
    let swapped: Vec<f32> = own.cells().iter().map(|&own| f32::from(!own)).collect();
    Tensor::from_vec(swapped, (own.len(), own.width()), like.device())?.to_dtype(like.dtype())
}

fn categories(
    own: &Tensor,
    partner: &Tensor,
    pairs: &Pairs,
    principal: &Principal,
) -> Result<Tensor> {
    let cells = principal.basis.cells;
    let tail = |rows: &Tensor| rows.narrow(1, cells, rows.dim(1)? - cells);
    let own = tail(own)?;
    if principal.own.is_some() {
        return Ok(own);
    }
    let rest: Vec<f64> = pairs.weight().iter().map(|w| 1.0 - w).collect();
    let mixed = own
        .broadcast_mul(&column(pairs.weight(), &own)?)?
        .add(&tail(partner)?.broadcast_mul(&column(&rest, &own)?)?)?;
    Ok(mixed)
}

/// The same pairs with weight 1 where a row is its own partner, so that it is copied.
fn as_copies(pairs: &Pairs) -> Result<Pairs> {
    let alone = |r: usize| pairs.own()[r] == pairs.partner()[r];
    let weight: Vec<f64> = (0..pairs.len())
        .map(|r| if alone(r) { 1.0 } else { pairs.weight()[r] })
        .collect();
    let (own, partner) = (pairs.own().to_vec(), pairs.partner().to_vec());
    Pairs::new(own, partner, weight, pairs.label_weight().to_vec())
}
