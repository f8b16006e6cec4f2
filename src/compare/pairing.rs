//! Which runs of two arms belong together: those of one seed and one fold.

use super::comparison::{Arm, Run};
use crate::error::{Error, Result};
use crate::metrics::Metric;

/// What a run shares with one run of every other arm.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    seed: u64,
    fold: Option<u32>,
}

impl Key {
    fn of(run: &Run) -> Self {
        Self {
            seed: run.seed,
            fold: run.fold,
        }
    }

    fn text(&self) -> String {
        match self.fold {
            Some(fold) => format!("seed {} fold {fold}", self.seed),
            None => self.seed.to_string(),
        }
    }
}

/// Refuses what makes a paired comparison impossible.
///
/// # Errors
/// [`Error::Setting`] for no arm, an arm named twice, no run, a seed or a seed's fold given twice, and arms that differ
/// in their seeds and folds.
pub(super) fn check(arms: &[(String, Vec<Run>)]) -> Result<()> {
    let Some((_, first)) = arms.first() else {
        return Err(Error::setting("arms", "at least one arm", "none"));
    };
    let wanted = keys(first);
    if wanted.is_empty() || wanted.windows(2).any(|w| w[0] == w[1]) {
        let field = field(&wanted);
        return Err(Error::setting(
            field,
            "one or more, each once",
            list(&wanted),
        ));
    }
    for (i, (name, runs)) in arms.iter().enumerate() {
        if arms[..i].iter().any(|(other, _)| other == name) {
            return Err(Error::setting("arms", "named once each", name));
        }
        let own = keys(runs);
        if own != wanted {
            let field = format!("{} of '{name}'", field(&wanted));
            let expected = format!("{}, as in the first arm", list(&wanted));
            return Err(Error::setting(field, expected, list(&own)));
        }
    }
    Ok(())
}

/// `arm` minus `other`, run by run; NaN where either has no value.
pub(super) fn differences(metric: Metric, arm: &Arm, other: &Arm) -> Vec<f64> {
    differences_in(arm, other, |run| run.test.get(metric).unwrap_or(f64::NAN))
}

/// The same in any number of a run.
pub(crate) fn differences_in(arm: &Arm, other: &Arm, value: impl Fn(&Run) -> f64) -> Vec<f64> {
    let difference = |run: &Run| {
        let twin = other.runs.iter().find(|r| Key::of(r) == Key::of(run));
        value(run) - twin.map_or(f64::NAN, &value)
    };
    arm.runs.iter().map(difference).collect()
}

fn keys(runs: &[Run]) -> Vec<Key> {
    let mut keys: Vec<Key> = runs.iter().map(Key::of).collect();
    keys.sort_unstable();
    keys
}

fn field(keys: &[Key]) -> &'static str {
    match keys.iter().any(|k| k.fold.is_some()) {
        true => "seeds and folds",
        false => "seeds",
    }
}

fn list(keys: &[Key]) -> String {
    let keys: Vec<String> = keys.iter().map(Key::text).collect();
    format!("[{}]", keys.join(", "))
}
