//! What an oversampler gave for one class, laid open, and what every such output is checked for.
//!
//! A checker gives `Err` with what is wrong, so that a test can hand it a spoilt output and see it refused.

use std::collections::BTreeSet;

use candle_mixup::Pairs;
use candle_mixup::oversample::{Balanced, Recipe, Residue};

use super::Table;

/// What a checker says.
pub type Verdict = Result<(), String>;

/// The synthetic rows of one class, free to be spoilt.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    pub class: u32,
    pub own: Vec<u32>,
    pub partner: Vec<u32>,
    pub weight: Vec<f64>,
    pub label_weight: Vec<f64>,
    pub numbers: Vec<f64>,
    pub codes: Vec<u32>,
    pub derived: Vec<f64>,
    pub residue: Residue,
}

/// The outputs of all classes that grew.
pub fn outputs(table: &Table, balanced: &Balanced) -> Vec<Output> {
    let rows = table.rows();
    let open = |made: &candle_mixup::oversample::Made| {
        let Recipe { pairs, .. } = &made.recipe;
        let all = 0..made.recipe.len();
        Output {
            class: made.class,
            own: pairs.own().to_vec(),
            partner: pairs.partner().to_vec(),
            weight: pairs.weight().to_vec(),
            label_weight: pairs.label_weight().to_vec(),
            numbers: made.recipe.numbers(&rows, all.clone()).expect("numbers"),
            codes: made.recipe.codes(&rows, all).expect("codes"),
            derived: made.recipe.derived.clone(),
            residue: made.recipe.residue.clone(),
        }
    };
    balanced.made.iter().map(open).collect()
}

/// `Err(said())` unless `holds`.
pub fn ensure(holds: bool, said: impl FnOnce() -> String) -> Verdict {
    match holds {
        true => Ok(()),
        false => Err(said()),
    }
}

impl Output {
    pub fn len(&self) -> usize {
        self.own.len()
    }

    /// The numbers of synthetic row `r`.
    pub fn row(&self, width: usize, r: usize) -> &[f64] {
        &self.numbers[r * width..][..width]
    }

    /// The pairs as they are replayed.
    pub fn pairs(&self) -> candle_mixup::Result<Pairs> {
        Pairs::beyond(
            self.own.clone(),
            self.partner.clone(),
            self.weight.clone(),
            self.label_weight.clone(),
        )
    }

    /// A row of the table, or a derived one.
    pub fn parent<'a>(&'a self, table: &'a Table, i: u32) -> &'a [f64] {
        match (i as usize).checked_sub(table.len()) {
            None => table.row(i),
            Some(d) => &self.derived[d * table.width..][..table.width],
        }
    }

    /// How often each row of the class was a base, in order of the members.
    pub fn base_counts(&self, table: &Table) -> Vec<usize> {
        let members = table.members(self.class);
        let mut counts = vec![0; members.len()];
        for own in &self.own {
            counts[members.binary_search(own).expect("a row of the class")] += 1;
        }
        counts
    }
}

/// So many rows of each class, in blocks by ascending class, and none of a class that does not grow.
pub fn check_totals(outputs: &[Output], to_make: &[usize]) -> Verdict {
    let made: Vec<(u32, usize)> = outputs.iter().map(|o| (o.class, o.len())).collect();
    let expected: Vec<(u32, usize)> = (0..to_make.len() as u32)
        .map(|c| (c, to_make[c as usize]))
        .filter(|&(_, n)| n > 0)
        .collect();
    ensure(made == expected, || {
        format!("made {made:?}, asked {expected:?}")
    })
}

/// Whose rows the partners may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Partners {
    /// The row itself.
    Own,
    /// Another row of the class.
    OfClass,
    /// Another row of any class.
    Any,
    /// A derived row or another row of the class.
    Derived,
}

/// Both parents exist and are of the classes that the method says.
pub fn check_class_rule(table: &Table, output: &Output, partners: Partners) -> Verdict {
    let class = |i: u32| table.classes.get(i as usize).copied();
    for (r, (&own, &partner)) in output.own.iter().zip(&output.partner).enumerate() {
        ensure(class(own) == Some(output.class), || {
            format!("row {r}: own {own} is of another class")
        })?;
        let kept = match partners {
            Partners::Own => partner == own,
            Partners::OfClass => partner != own && class(partner) == Some(output.class),
            Partners::Any => partner != own && class(partner).is_some(),
            Partners::Derived => partner != own,
        };
        ensure(kept, || format!("row {r}: own {own}, partner {partner}"))?;
    }
    Ok(())
}

/// Every number is the blend of its parents bit for bit, where nothing is added after it.
pub fn check_replay(table: &Table, output: &Output) -> Verdict {
    if output.residue != Residue::None {
        return Ok(());
    }
    for r in 0..output.len() {
        let (w, rest) = (output.weight[r], 1.0 - output.weight[r]);
        let own = output.parent(table, output.own[r]);
        let partner = output.parent(table, output.partner[r]);
        for (j, &made) in output.row(table.width, r).iter().enumerate() {
            let (a, b) = (own[j], partner[j]);
            let blend = match w {
                1.0 => a,
                0.0 => b,
                w if w < 1.0 => (w * a + rest * b).clamp(a.min(b), a.max(b)),
                w if w > 1.0 && a == b => a,
                w => w * a + rest * b,
            };
            ensure(made.to_bits() == blend.to_bits(), || {
                format!("row {r}, column {j}: {made} is not {w} of {a} and {rest} of {b}")
            })?;
        }
    }
    Ok(())
}

/// Weights are on (0, 1] and the label is own's.
pub fn check_weights(output: &Output) -> Verdict {
    let inside = |w: &f64| *w > 0.0 && *w <= 1.0;
    ensure(output.weight.iter().all(inside), || {
        "a weight outside (0, 1]".into()
    })?;
    ensure(output.label_weight.iter().all(|&w| w == 1.0), || {
        "a label that is not own's alone".into()
    })
}

/// The (own, partner) pairs that occur.
pub fn support(output: &Output) -> BTreeSet<(u32, u32)> {
    output
        .own
        .iter()
        .copied()
        .zip(output.partner.iter().copied())
        .collect()
}
