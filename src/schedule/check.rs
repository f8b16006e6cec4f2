//! The one door from a schedule to a scheduler: past it, settings cannot fail.

use super::blend_rule::BlendRule;
use super::choice::{self, Candidate};
use super::clock::Clock;
use super::curve_check::check_number;
use super::law::Law;
use super::pairing::Pairing;
use super::scheduler::Scheduler;
use super::settings::{Grain, Mode, Schedule};
use super::sites;
use super::smoothing::{ClassSmoothing, SmoothingRule};
use super::task::{Domain, Task, TaskKind};
use crate::error::{Error, Result};
use crate::plan::Site;

impl Schedule {
    /// Checks the schedule against a model's sites and a run.
    ///
    /// A schedule may be off (a constant probability of 0: `none` and `smoothing` are); any other must mix some step or
    /// change texts.
    ///
    /// # Errors
    /// [`Error::Setting`] for a number out of range, [`Error::NoSite`] for a site the model lacks, [`Error::Conflict`]
    /// for a rule that the task cannot serve (classes, targets that are values, features of a table) or rules that
    /// exclude each other, [`Error::Shape`] for malformed principal directions, [`Error::NeverMixes`].
    pub fn check(self, sites: &[Site], task: &Task) -> Result<Scheduler> {
        check_task(task)?;
        self.weight.check("weight", task.epochs)?;
        self.partner.check()?;
        self.label.check()?;
        self.probability
            .check("probability", 0.0..=1.0, task.epochs)?;
        self.check_smoothing(task)?;
        self.check_classes(task)?;
        self.check_partners(task)?;
        if let Some(rule) = &self.texts {
            rule.check(task)?;
            self.check_tokens_stay()?;
        }
        let sites = match self.sites.as_slice() {
            [] if self.is_off() => Vec::new(),
            choices => sites::resolve(choices, sites, task)?,
        };
        self.check_span()?;
        let blends = choice::resolve(&self.blend, &self.weight, &sites, task)?;
        self.residue
            .map_or(Ok(()), |rule| rule.check(&sites, task))?;
        if !self.is_off() && self.texts.is_none() && !self.ever_mixes(&blends, task) {
            return Err(Error::NeverMixes {
                name: self.name,
                steps: task.steps,
                epochs: task.epochs,
            });
        }
        let smoothing = self.class_smoothing(task)?;
        Ok(Scheduler::new(self, sites, blends, smoothing, task))
    }

    fn check_smoothing(&self, task: &Task) -> Result<()> {
        check_number("smoothing", self.smoothing, &(0.0..=1.0))?;
        if self.smoothing == 1.0 {
            return Err(Error::setting("smoothing", "at least 0 and below 1", 1));
        }
        if self.smoothing > 0.0 && task.kind == TaskKind::Regression {
            let smoothing = self.smoothing;
            return Err(Error::Conflict(format!(
                "label smoothing ({smoothing}) is for classes, not for a regression"
            )));
        }
        Ok(())
    }

    /// The smoothing of each class, where the schedule asks for one.
    fn class_smoothing(&self, task: &Task) -> Result<Option<ClassSmoothing>> {
        let Some(SmoothingRule { head, tail, shape }) = self.class_smoothing else {
            return Ok(None);
        };
        if self.smoothing > 0.0 {
            let problem = "smoothing and class_smoothing exclude each other";
            return Err(Error::Conflict(problem.into()));
        }
        ClassSmoothing::new(&task.class_counts, head, tail, shape).map(Some)
    }

    /// Spans and cutoffs are drawn of the tokens that a text has as it is written.
    fn check_tokens_stay(&self) -> Result<()> {
        if self.needs_stretches() {
            let problem = "texts that change have other tokens than those of which the blend \"span\" and cutoffs of tokens \
                 are drawn: leave out the one or the other";
            return Err(Error::Conflict(problem.into()));
        }
        Ok(())
    }

    /// The share of a span is its row's weight, so that a law of one's own would do nothing.
    fn check_span(&self) -> Result<()> {
        let is_span = |blend: &BlendRule| matches!(blend, BlendRule::Span(_));
        let choices = self.blend.choices();
        let own = self.weight != Law::default() || self.fold || self.grain != Grain::Row;
        let given = own && is_span(&self.blend);
        if given
            || choices
                .iter()
                .any(|c| is_span(&c.blend) && c.weight.is_some())
        {
            let problem = "the blend \"span\" has the weight of each row from its \"ratio\": leave out \"weight\", \"fold\" and \"grain\"";
            return Err(Error::Conflict(problem.into()));
        }
        Ok(())
    }

    fn check_classes(&self, task: &Task) -> Result<()> {
        let rule = match () {
            _ if self.partner.needs_classes() => format!("the pairing {}", written(&self.partner)),
            _ if self.label.needs_classes() => format!("the label rule {}", written(&self.label)),
            _ if self.mode == Mode::Balance => "the mode \"balance\"".into(),
            _ if self.class_smoothing.is_some() => "class_smoothing".into(),
            _ => return Ok(()),
        };
        if task.kind != TaskKind::SingleLabel || task.class_counts.is_empty() {
            return Err(Error::Conflict(format!(
                "{rule} needs one class a row, which this task does not have"
            )));
        }
        Ok(())
    }

    fn check_partners(&self, task: &Task) -> Result<()> {
        let pairing = || written(&self.partner);
        if matches!(self.partner, Pairing::Kernel { .. }) && task.kind != TaskKind::Regression {
            let problem = "needs targets that are values, and this task has classes";
            return Err(Error::Conflict(format!(
                "the pairing {} {problem}",
                pairing()
            )));
        }
        let both_ways = matches!(self.partner, Pairing::Flip | Pairing::Halves);
        if [self.grain, self.apply].contains(&Grain::Pair) && !both_ways {
            let pairing = pairing();
            return Err(Error::Conflict(format!(
                "the grain \"pair\" takes partners by flip or halves, not by {pairing}"
            )));
        }
        if self.partner == Pairing::Reordered {
            let needs = match () {
                _ if task.kind != TaskKind::Tags => "rows whose words have tags",
                _ if self.blend != BlendRule::Linear => "the blend \"linear\"",
                _ if self.mode != Mode::Replace => "the mode \"replace\"",
                _ => return Ok(()),
            };
            let problem = format!("the pairing {} needs {needs}", pairing());
            return Err(Error::Conflict(problem));
        }
        if self.mode == Mode::Balance && !self.partner.serves_any_row() {
            let known = "class-nearest, same-class, class-balanced or uniform";
            return Err(Error::Conflict(format!(
                "the mode \"balance\" takes partners by {known}, not by {}",
                pairing()
            )));
        }
        Ok(())
    }

    /// Looks at every step until one mixes.
    fn ever_mixes(&self, blends: &[Candidate], task: &Task) -> bool {
        let steps_per_epoch = task.steps.div_ceil(u64::from(task.epochs));
        let mixes = |step| {
            // The task's own number of epochs, to which the rounded epoch length need not lead back.
            let clock = Clock {
                epochs: task.epochs,
                ..Clock::at(step, task.steps, steps_per_epoch)
            };
            let changes = |b: &Candidate| {
                self.has_residue() || b.moves_all() || !b.weight.keeps_rows(self.fold)
            };
            let drawn = |b: &Candidate| b.weight.alpha(clock) != Some(0.0) && changes(b);
            self.probability.value(clock) > 0.0 && blends.iter().any(drawn)
        };
        (0..task.steps).any(mixes)
    }
}

fn check_task(task: &Task) -> Result<()> {
    if task.rows == 0 {
        return Err(Error::setting("training rows", "at least 1", 0));
    }
    if task.epochs == 0 || task.steps < u64::from(task.epochs) {
        let expected = format!("within 1..={}, the steps of the run", task.steps);
        return Err(Error::setting("epochs", expected, task.epochs));
    }
    if task.kind == TaskKind::Regression && !task.class_counts.is_empty() {
        return Err(Error::Conflict("a regression has no class counts".into()));
    }
    for count in &task.class_counts {
        check_number("class count", *count, &(0.0..=f64::MAX))?;
    }
    if task.image.is_some() && task.domain != Domain::Image {
        let problem = "only images have a height and a width";
        return Err(Error::Conflict(problem.into()));
    }
    match &task.features {
        Some(_) if task.domain != Domain::Table => Err(Error::Conflict(
            "only the rows of a table have features".into(),
        )),
        Some(features) => features.check(),
        None => Ok(()),
    }
}

fn written(rule: &impl serde::Serialize) -> String {
    serde_json::to_string(rule).expect("a rule is plain data")
}
