//! Embedding tables, and the sum of several (word + position + type) in one pass.

use candle_core::{DType, Tensor};

use super::cpu;
use super::embedding_op::{EmbedOp, Source};
use super::init::Init;
use super::lazy_rows::LazyRows;
use super::scope::Scope;
use crate::error::{Error, Result};

/// A table of `count` vectors, `[count, width]`.
///
/// The gradient of a table that a [`Scope`] gave out is the touched rows alone and is read by
/// [`backward`](super::backward); Candle's own `Tensor::backward` does not show it.
#[derive(Debug, Clone)]
pub struct Embedding {
    table: Tensor,
    rows: Option<LazyRows>,
}

impl Embedding {
    /// The table `name` (full names end in `.weight`) of the scope.
    ///
    /// # Errors
    /// Those of [`Scope::get`].
    pub fn load(scope: &Scope, name: &str, count: usize, width: usize, init: Init) -> Result<Self> {
        let (table, rows) = scope.table(name, count, width, init)?;
        Ok(Self { table, rows })
    }

    /// A table of the caller's own; its gradient is dense and in Candle's store.
    pub fn new(table: Tensor) -> Self {
        Self { table, rows: None }
    }

    /// How many vectors the table has.
    pub fn count(&self) -> usize {
        self.table.dims().first().copied().unwrap_or(0)
    }

    /// The vectors of `ids` (u32, any shape), `[.., width]`.
    ///
    /// # Errors
    /// Those of [`embed_sum`].
    pub fn forward(&self, ids: &Tensor) -> Result<Tensor> {
        embed_sum(&[(self, ids)])
    }
}

/// The sum of one to three tables' vectors, `[.., width]`.
///
/// `ids` are u32 (or u8, i64); the first shape counts, and the others must equal it or its last dimensions (positions
/// `[tokens]` beside words `[rows, tokens]`).
///
/// # Errors
/// [`Error::Shape`] if shapes or the number of tables do not fit, and Candle's if an id is outside its table.
pub fn embed_sum(tables: &[(&Embedding, &Tensor)]) -> Result<Tensor> {
    let shape = check(tables)?;
    for (embedding, ids) in tables {
        if let Some(rows) = &embedding.rows {
            rows.catch_up_tensor(&embedding.table, ids)?;
        }
    }
    let operands: Vec<&Tensor> = tables.iter().map(|(e, _)| &e.table).collect();
    if !cpu::fits(&operands) || shape.contains(&0) {
        return composed(tables);
    }
    let sources = tables.iter().map(|(embedding, ids)| {
        let ids = ids.flatten_all()?.to_dtype(DType::U32)?.to_vec1()?;
        let rows = embedding.rows.clone();
        Ok(Source { ids, rows })
    });
    let sources = sources.collect::<Result<_>>()?;
    let op = EmbedOp { sources, shape };
    match operands[..] {
        [a] => Ok(a.contiguous()?.apply_op1(op)?),
        [a, b] => Ok(a.contiguous()?.apply_op2(&b.contiguous()?, op)?),
        [a, b, c] => {
            let (b, c) = (b.contiguous()?, c.contiguous()?);
            Ok(a.contiguous()?.apply_op3(&b, &c, op)?)
        }
        _ => Err(number(operands.len())),
    }
}

fn number(tables: usize) -> Error {
    wrong("embed_sum", "1 to 3 tables", tables)
}

fn wrong(what: &str, expected: impl ToString, got: impl ToString) -> Error {
    Error::Shape {
        what: what.into(),
        expected: expected.to_string(),
        got: got.to_string(),
    }
}

/// The shape of the first ids.
fn check(tables: &[(&Embedding, &Tensor)]) -> Result<Vec<usize>> {
    let [(first, ids), rest @ ..] = tables else {
        return Err(number(0));
    };
    if rest.len() > 2 {
        return Err(number(tables.len()));
    }
    let width = first.table.dims2()?.1;
    for (other, other_ids) in rest {
        if other.table.dims2()?.1 != width {
            let got = format!("{:?}", other.table.dims());
            return Err(wrong("embedding table", format!("[.., {width}]"), got));
        }
        if !ids.dims().ends_with(other_ids.dims()) {
            let expected = format!("{:?} or its last dimensions", ids.dims());
            return Err(wrong("ids", expected, format!("{:?}", other_ids.dims())));
        }
    }
    Ok(ids.dims().to_vec())
}

fn composed(tables: &[(&Embedding, &Tensor)]) -> Result<Tensor> {
    let mut sum: Option<Tensor> = None;
    for (embedding, ids) in tables {
        let width = embedding.table.dims2()?.1;
        let rows = embedding.table.index_select(&ids.flatten_all()?, 0)?;
        let mut shape = ids.dims().to_vec();
        shape.push(width);
        let rows = rows.reshape(shape)?;
        sum = Some(match sum {
            Some(sum) => sum.broadcast_add(&rows)?,
            None => rows,
        });
    }
    sum.ok_or_else(|| number(0))
}
