//! Every method with its defaults, on tables that suit it, and what holds of its rows whichever it is.

use candle_mixup::oversample::{Method, MixupPartner};

use super::output::{Output, Partners, Verdict, check_class_rule, check_replay};
use super::{Table, suited};

pub fn methods() -> impl Iterator<Item = &'static str> {
    Method::NAMES.into_iter()
}

/// A table that every method grows: three overlapping classes.
pub fn usual(name: &str) -> Table {
    suited(&method(name), Table::normal(&[120, 40, 30], 3, 11))
}

pub fn method(name: &str) -> Method {
    Method::named(name).expect("a method")
}

pub fn partners(method: &Method) -> Partners {
    match method {
        Method::Random {} | Method::Rose { .. } | Method::Smoten { .. } => Partners::Own,
        Method::Star { .. } => Partners::Derived,
        Method::Borderline2 { .. } | Method::Geometric { .. } => Partners::Any,
        Method::Mixup { partner, .. } if *partner == MixupPartner::Any => Partners::Any,
        _ => Partners::OfClass,
    }
}

/// All that can be said of an output whatever the method.
pub fn check(table: &Table, method: &Method, output: &Output) -> Verdict {
    check_class_rule(table, output, partners(method))?;
    check_replay(table, output)?;
    match output.numbers.iter().find(|x| !x.is_finite()) {
        None => Ok(()),
        Some(x) => Err(format!("made {x}")),
    }
}

pub fn bits(numbers: &[f64]) -> Vec<u64> {
    numbers.iter().map(|x| x.to_bits()).collect()
}
