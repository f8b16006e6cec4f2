//! `mixup schedule`: the checked JSON, what is drawn at each step, and a plot.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Result;
use candle_mixup::report::{Draw, schedule_svg};
use candle_mixup::schedule::{
    Clock, Domain, Pairing, Schedule, Scheduler, Task, TaskKind, presets,
};
use candle_mixup::{Cutoff, Error, Frame, MixPlan, Residue, Site, files};
use clap::{Args, ValueEnum};
use serde_json::json;

use super::stand_in::{self, StandIn};
use super::{settings, show_plans};

/// `mixup schedule`
#[derive(Debug, Clone, Args)]
pub struct ScheduleArgs {
    /// A preset
    #[arg(
        long,
        value_name = "PRESET",
        default_value = "manifold",
        conflicts_with = "schedule"
    )]
    pub mix: String,
    /// A schedule file (JSON)
    #[arg(long, value_name = "FILE")]
    pub schedule: Option<PathBuf>,
    /// Print the plans that `mixup train --save-plans` saved, of a run or a file, instead of drawing any
    #[arg(long, value_name = "FILE|RUN", conflicts_with_all = ["mix", "schedule", "plot"])]
    pub replay: Option<PathBuf>,
    /// Of saved plans print the one of this step in full, with every pair
    #[arg(long, value_name = "N", requires = "replay", conflicts_with = "json")]
    pub step: Option<u64>,
    /// List the presets
    #[arg(long)]
    pub list: bool,
    /// The rows that it is for [default: those that the schedule needs, else texts; a preset for images and tables means
    /// tables]
    #[arg(long = "for", value_name = "ROWS", value_enum)]
    pub rows_of: Option<RowsOf>,
    /// Height and width of images, for boxes
    #[arg(long, value_name = "HxW", default_value = "32x32", value_parser = settings::frame)]
    pub size: Frame,
    /// The model's sites, in forward order [default: embedding,hidden1,hidden2,hidden3,pooled; after input for tables;
    /// for images input instead of the embedding]
    #[arg(long, value_delimiter = ',', value_name = "A,B,...")]
    pub sites: Vec<String>,
    /// Steps of the run
    #[arg(long, value_name = "N", default_value_t = 150)]
    pub steps: u64,
    /// Training rows
    #[arg(long, value_name = "N", default_value_t = 60)]
    pub rows: usize,
    /// Rows of a batch
    #[arg(long, value_name = "N", default_value_t = 32)]
    pub batch: usize,
    /// Classes, of equal size; the row's number modulo this is its class
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub classes: usize,
    /// Seed
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Print what is drawn at this many first steps
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub show: u64,
    /// Plot probability, alpha and the sites' shares over the run (SVG)
    #[arg(long, value_name = "FILE")]
    pub plot: Option<PathBuf>,
    /// One JSON object on stdout: the schedule, and every step's draws
    #[arg(long)]
    pub json: bool,
}

/// What rows may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RowsOf {
    /// Texts.
    Text,
    /// Rows of a table.
    Table,
    /// Images.
    Image,
}

impl From<RowsOf> for Domain {
    fn from(rows: RowsOf) -> Self {
        match rows {
            RowsOf::Text => Self::Text,
            RowsOf::Table => Self::Table,
            RowsOf::Image => Self::Image,
        }
    }
}

pub fn run(args: ScheduleArgs) -> Result<()> {
    if args.list {
        return list();
    }
    if let Some(path) = &args.replay {
        return show_plans::print(path, &args);
    }
    let (name, schedule) = settings::schedule(
        &args.mix,
        args.schedule.as_deref(),
        args.rows_of.map(Domain::from),
    )?;
    if args.steps == 0 || args.rows == 0 || args.batch == 0 || args.classes == 0 {
        return Err(
            Error::setting("--steps, --rows, --batch and --classes", "at least 1", 0).into(),
        );
    }
    let (sites, task) = task(&schedule, &args)?;
    let scheduler = schedule.check(&sites, &task)?;
    let steps = drawn(&scheduler, &args)?;
    if let Some(path) = &args.plot {
        let draws: Vec<Draw> = steps.iter().map(|s| s.draw.clone()).collect();
        files::write(path, schedule_svg(&name, &draws)?.as_bytes())?;
    }
    if args.json {
        print_json(&scheduler, &steps)
    } else {
        print(&scheduler, &steps, &args)
    }
}

/// The sites and the run that the schedule is held against.
fn task(schedule: &Schedule, args: &ScheduleArgs) -> Result<(Vec<Site>, Task)> {
    let given = args.sites.iter().map(|s| s.parse());
    let mut sites = given.collect::<candle_mixup::Result<Vec<Site>>>()?;
    let domain = match args.rows_of {
        Some(rows) => rows.into(),
        None => stand_in::domain(schedule, &sites),
    };
    if sites.is_empty() {
        sites = stand_in::sites(domain);
    }
    let (kind, classes) = match schedule.partner {
        Pairing::Kernel { .. } => (TaskKind::Regression, 0),
        Pairing::Reordered => (TaskKind::Tags, args.classes),
        _ => (TaskKind::SingleLabel, args.classes),
    };
    let task = Task {
        domain,
        kind,
        class_counts: vec![args.rows as f64 / args.classes as f64; classes],
        rows: args.rows,
        steps: args.steps,
        epochs: args.steps.div_ceil(per_epoch(args)) as u32,
        seed: args.seed,
        features: (domain == Domain::Table).then(stand_in::features),
        image: (domain == Domain::Image).then_some(args.size),
    };
    Ok((sites, task))
}

fn per_epoch(args: &ScheduleArgs) -> u64 {
    args.rows.div_ceil(args.batch) as u64
}

/// One step of the run.
struct Step {
    clock: Clock,
    draw: Draw,
    plan: Option<MixPlan>,
}

fn drawn(scheduler: &Scheduler, args: &ScheduleArgs) -> Result<Vec<Step>> {
    let size = args.batch.min(args.rows) as u32;
    let batch: Vec<u32> = (0..size).collect();
    let data = StandIn::new(scheduler, args.rows, args.classes)?;
    let step = |step: u64| {
        let clock = Clock::at(step, args.steps, per_epoch(args));
        let plan = scheduler.plan(clock, data.rows(&batch))?;
        let draw = Draw {
            step,
            probability: scheduler.probability(clock),
            alpha: scheduler.alpha(clock),
            site: plan.as_ref().map(|p| p.site),
        };
        Ok(Step { clock, draw, plan })
    };
    (0..args.steps).map(step).collect()
}

fn print_json(scheduler: &Scheduler, steps: &[Step]) -> Result<()> {
    let step = |s: &Step| {
        json!({
            "step": s.clock.step, "epoch": s.clock.epoch, "probability": s.draw.probability,
            "alpha": s.draw.alpha, "plan": s.plan,
        })
    };
    let steps: Vec<_> = steps.iter().map(step).collect();
    let out =
        json!({ "schedule": scheduler.schedule(), "sites": scheduler.sites(), "steps": steps });
    Ok(writeln!(std::io::stdout(), "{out}")?)
}

fn print(scheduler: &Scheduler, steps: &[Step], args: &ScheduleArgs) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}\n", scheduler.schedule().to_json())?;
    writeln!(
        out,
        "{:>6} {:>5} {:>11} {:>7}  {:<10} first pairs",
        "step", "epoch", "probability", "alpha", "site"
    )?;
    for step in steps.iter().take(args.show as usize) {
        let alpha = step
            .draw
            .alpha
            .map_or("-".to_string(), |a| format!("{a:.3}"));
        let (site, pairs) = match &step.plan {
            None => ("plain".to_string(), String::new()),
            Some(plan) => (plan.site.to_string(), first_pairs(plan)),
        };
        let (s, e, p) = (step.clock.step, step.clock.epoch, step.draw.probability);
        writeln!(
            out,
            "{s:>6} {e:>5} {p:>11.3} {alpha:>7}  {site:<10} {pairs}"
        )?;
    }
    if let Some(note) = stand_in::note(scheduler.schedule()) {
        writeln!(out, "\n{note}")?;
    }
    if let Some(texts) = &scheduler.schedule().texts {
        let chains: Vec<String> = texts.ops.iter().map(ToString::to_string).collect();
        let (chains, p) = (chains.join(", "), texts.probability);
        writeln!(
            out,
            "\neach training text is changed with probability {p} when it is read: {chains}"
        )?;
    }
    let mixed = steps.iter().filter(|s| s.plan.is_some()).count();
    writeln!(out, "\n{mixed} of {} steps mix", steps.len())?;
    for site in scheduler.sites() {
        let count = steps.iter().filter(|s| s.draw.site == Some(*site)).count();
        writeln!(
            out,
            "{site:>12} {count:>6} steps, {:.1} %",
            100.0 * count as f64 / steps.len() as f64
        )?;
    }
    if let Some(path) = &args.plot {
        writeln!(out, "plot {}", path.display())?;
    }
    Ok(())
}

/// "0 + 5 at 0.83 (label 0.83)" for the first three outgoing rows, and what is done to all of them then.
pub fn first_pairs(plan: &MixPlan) -> String {
    let p = &plan.pairs;
    let pair = |r: usize| {
        let (own, partner) = (p.own()[r], p.partner()[r]);
        let (weight, label) = (p.weight()[r], p.label_weight()[r]);
        if weight == label {
            format!("{own}+{partner} at {weight:.2}")
        } else {
            format!("{own}+{partner} at {weight:.2}, label {label:.2}")
        }
    };
    // In the add-to mode the batch itself comes first.
    let mixed = (0..p.len()).filter(|&r| p.own()[r] != p.partner()[r]);
    let pairs = mixed.take(3).map(pair);
    pairs
        .chain(plan.residue.as_ref().map(residue))
        .collect::<Vec<_>>()
        .join("; ")
}

/// What is done after the blend, in a few words.
fn residue(residue: &Residue) -> String {
    match residue {
        Residue::Noise {
            additive,
            multiplicative,
            ..
        } => format!("noise {additive:.3} added, {multiplicative:.3} multiplied"),
        Residue::Neftune { alpha, .. } => format!("noise of {alpha}/√(tokens · width)"),
        Residue::Cutoff(cutoff) => {
            let cut: usize = cutoff.rows().iter().map(Vec::len).sum();
            match cutoff {
                Cutoff::Tokens(_) => format!("{cut} tokens cut off"),
                Cutoff::Dimensions(_) => format!("{cut} dimensions cut off"),
            }
        }
        other => format!("{other:?}"),
    }
}

fn list() -> Result<()> {
    let mut out = std::io::stdout().lock();
    for preset in presets() {
        writeln!(out, "{:<20} {}", preset.name, preset.summary)?;
    }
    Ok(())
}
