//! What a curve must be, checked once.

use std::ops::RangeInclusive;

use super::curve::{Curve, Cycle, Piece, Step};
use super::moment::Moment;
use crate::error::{Error, Result};

impl Curve {
    /// Refuses a curve that is malformed or leaves `within` (an end of `f64::MAX` bounds nothing but infinity).
    ///
    /// `field` is the setting's name in messages; `epochs`, the run's length, orders epochs among shares.
    ///
    /// # Errors
    /// [`Error::Setting`] naming the number, the range and the value.
    pub fn check(&self, field: &str, within: RangeInclusive<f64>, epochs: u32) -> Result<()> {
        let number = |name: &str, value: f64| check_number(&join(field, name), value, &within);
        match self {
            Self::Constant(value) => number("", *value),
            Self::Linear { from, to, .. } => {
                number("linear.from", *from)?;
                number("linear.to", *to)
            }
            Self::Cosine { from, to, .. } => {
                number("cosine.from", *from)?;
                number("cosine.to", *to)
            }
            Self::Steps { from, then } => {
                number("steps.from", *from)?;
                check_steps(&join(field, "steps.then"), then, &within, epochs)
            }
            Self::Cycle(cycle) => {
                number("cycle", 0.0)?;
                number("cycle", 1.0)?;
                check_cycle(&join(field, "cycle"), cycle)
            }
            Self::Pieces(pieces) => check_pieces(&join(field, "pieces"), pieces, &within, epochs),
        }
    }
}

/// Refuses a number outside a range, testing finiteness first.
pub(super) fn check_number(field: &str, value: f64, within: &RangeInclusive<f64>) -> Result<()> {
    if value.is_finite() && within.contains(&value) {
        return Ok(());
    }
    let (low, high) = (within.start(), within.end());
    let expected = if *high == f64::MAX {
        format!("finite and at least {low}")
    } else {
        format!("within [{low}, {high}]")
    };
    Err(Error::setting(field, expected, value))
}

fn check_steps(
    field: &str,
    steps: &[Step],
    within: &RangeInclusive<f64>,
    epochs: u32,
) -> Result<()> {
    if steps.is_empty() {
        return Err(Error::setting(field, "at least one step", "none"));
    }
    let mut previous = 0.0;
    for (i, step) in steps.iter().enumerate() {
        previous = check_moment(&format!("{field}[{i}].at"), step.at, previous, epochs)?;
        check_number(&format!("{field}[{i}].value"), step.value, within)?;
    }
    Ok(())
}

fn check_pieces(
    field: &str,
    pieces: &[Piece],
    within: &RangeInclusive<f64>,
    epochs: u32,
) -> Result<()> {
    let Some((last, earlier)) = pieces.split_last() else {
        return Err(Error::setting(field, "at least one piece", "none"));
    };
    let mut previous = 0.0;
    for (i, piece) in earlier.iter().enumerate() {
        previous = check_moment(
            &format!("{field}[{i}].until"),
            piece.until,
            previous,
            epochs,
        )?;
    }
    if last.until != Moment::Share(1.0) {
        let field = format!("{field}[{}].until", earlier.len());
        return Err(Error::setting(
            field,
            "1 in the last piece",
            show(last.until),
        ));
    }
    pieces.iter().enumerate().try_for_each(|(i, piece)| {
        let field = format!("{field}[{i}].value");
        piece.value.check(&field, within.clone(), epochs)
    })
}

/// Refuses a moment at or before `previous`, or a share at or past the end; an epoch past a short run's end may be.
fn check_moment(field: &str, moment: Moment, previous: f64, epochs: u32) -> Result<f64> {
    let (share, ceiling) = match moment {
        Moment::Share(share) => (share, 1.0),
        Moment::Epoch(epoch) => (f64::from(epoch) / f64::from(epochs), f64::INFINITY),
    };
    if share.is_finite() && share > previous && share < ceiling {
        return Ok(share);
    }
    let expected = match moment {
        Moment::Share(_) => format!("above {previous} and below 1 (strictly rising to 1)"),
        Moment::Epoch(_) => format!(
            "after epoch {} of {epochs} (strictly rising)",
            previous * f64::from(epochs)
        ),
    };
    Err(Error::setting(field, expected, show(moment)))
}

fn check_cycle(field: &str, cycle: &Cycle) -> Result<()> {
    match *cycle {
        Cycle::Epochs { on, period, .. } => {
            if on == 0 || on > period {
                let expected = format!("within 1..={period}, the period");
                return Err(Error::setting(join(field, "epochs.on"), expected, on));
            }
        }
        Cycle::Share { start, on, period } => {
            check_share(
                &join(field, "share.start"),
                start,
                (0.0..1.0).contains(&start),
            )?;
            check_share(
                &join(field, "share.period"),
                period,
                period > 0.0 && period <= 1.0,
            )?;
            let fits = on > 0.0 && on <= period;
            check_share(&join(field, "share.on"), on, fits)?;
        }
    }
    Ok(())
}

fn check_share(field: &str, value: f64, fits: bool) -> Result<()> {
    // Every comparison with NaN is false, so `fits` covers it.
    let expected = match field.rsplit('.').next() {
        Some("start") => "at least 0 and below 1",
        Some("period") => "above 0 and at most 1",
        _ => "above 0 and at most the period",
    };
    match fits {
        true => Ok(()),
        false => Err(Error::setting(field, expected, value)),
    }
}

fn join(field: &str, name: &str) -> String {
    if name.is_empty() {
        return field.to_owned();
    }
    format!("{field}.{name}")
}

fn show(moment: Moment) -> String {
    match moment {
        Moment::Share(share) => share.to_string(),
        Moment::Epoch(epoch) => format!("epoch {epoch}"),
    }
}
