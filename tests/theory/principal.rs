//! Mixing along all principal directions is mixing the input (the directions are an orthonormal basis), so that PCA space by itself changes nothing; leaving directions out does.
//!
//! ```text
//! V of all d directions:   Vᵀ(λ V x_i + (1−λ) V x_j) = λ x_i + (1−λ) x_j,   since VᵀV = 1
//! ```

use std::sync::Arc;

use candle_core::Tensor;
use candle_mixup::schedule::Basis;
use candle_mixup::table::{EncodedRows, TableShape, principal};
use candle_mixup::{Blend, Principal, Result, mix};

use crate::data::{Data, ROWS, WIDTH, dot};
use crate::tensors::{all_pairs, tensor};

const LAMBDA: f64 = 0.3;

/// The crate's own directions of these rows.
fn basis(data: &Data) -> Result<Basis> {
    let rows = EncodedRows {
        shape: TableShape {
            numeric: vec![1; WIDTH],
            categories: Vec::new(),
        },
        numbers: data.x.iter().flatten().map(|x| *x as f32).collect(),
        codes: Vec::new(),
        len: ROWS,
    };
    let all: Vec<u32> = (0..ROWS as u32).collect();
    let (directions, variances) = principal(&rows, &all)?;
    Ok(Basis {
        cells: WIDTH,
        directions,
        variances,
    })
}

/// The same directions in double precision, by Gram and Schmidt: as f32 they are orthonormal to 1e-7 only.
fn orthonormal(basis: &Basis) -> Vec<Vec<f64>> {
    let mut found: Vec<Vec<f64>> = Vec::new();
    for direction in basis.directions.chunks(WIDTH) {
        let mut left: Vec<f64> = direction.iter().map(|v| f64::from(*v)).collect();
        for before in &found {
            let share = dot(&left, before);
            left.iter_mut()
                .zip(before)
                .for_each(|(l, b)| *l -= share * b);
        }
        let length = dot(&left, &left).sqrt();
        found.push(left.iter().map(|v| v / length).collect());
    }
    found
}

/// Two rows mixed by their scores, brought back to cells.
fn by_scores(directions: &[Vec<f64>], own: &[f64], partner: &[f64]) -> [f64; WIDTH] {
    let mut cells = [0.0; WIDTH];
    for direction in directions {
        let score = LAMBDA * dot(own, direction) + (1.0 - LAMBDA) * dot(partner, direction);
        cells
            .iter_mut()
            .zip(direction)
            .for_each(|(c, v)| *c += score * v);
    }
    cells
}

/// The largest difference of a cell mixed by scores from the same cell mixed as it is, over all ordered pairs.
fn off(data: &Data, directions: &[Vec<f64>]) -> f64 {
    let pairs = data
        .x
        .iter()
        .flat_map(|own| data.x.iter().map(move |p| (own, p)));
    let apart = pairs.flat_map(|(own, partner)| {
        let along = by_scores(directions, own, partner);
        (0..WIDTH).map(move |c| along[c] - LAMBDA * own[c] - (1.0 - LAMBDA) * partner[c])
    });
    apart.fold(0.0, |most: f64, d| most.max(d.abs()))
}

#[test]
fn all_directions_are_mixing_the_input_and_one_fewer_is_not() -> Result<()> {
    let data = Data::new(10, 0.0);
    let directions = orthonormal(&basis(&data)?);
    assert_eq!(directions.len(), WIDTH);
    let all = off(&data, &directions);
    assert!(all < 1e-10, "{all}");
    assert!(off(&data, &directions[..WIDTH - 1]) > 0.1);
    Ok(())
}

#[test]
fn so_they_are_through_the_blend_along_directions() -> Result<()> {
    let data = Data::new(11, 0.0);
    let x = tensor(data.x.iter().flatten().copied(), WIDTH)?;
    let (pairs, basis) = (all_pairs(LAMBDA, LAMBDA)?, basis(&data)?);
    let linear = mix(&x, &pairs, &Blend::Linear)?;
    let apart = |count: usize| -> Result<f32> {
        let basis = Arc::new(basis.first(count));
        let along = mix(
            &x,
            &pairs,
            &Blend::Principal(Principal { basis, own: None }),
        )?;
        let apart: Tensor = (along - &linear)?.abs()?;
        Ok(apart.max_all()?.to_scalar()?)
    };
    assert!(apart(WIDTH)? < 1e-4, "{}", apart(WIDTH)?);
    assert!(apart(WIDTH - 1)? > 0.1);
    Ok(())
}
