//! `mixup schedule --replay`: the saved plans of a run, printed.

use std::io::Write;
use std::path::Path;

use anyhow::Result;
use candle_mixup::MixPlan;
use candle_mixup::train::Plans;
use serde_json::json;

use super::schedule::{ScheduleArgs, first_pairs};

/// Prints saved plans: the first of them with their first pairs, and how often what site was mixed at.
pub fn print(path: &Path, args: &ScheduleArgs) -> Result<()> {
    let saved = Plans::read(path)?;
    let mut out = std::io::stdout().lock();
    if args.json {
        let steps = saved.plans().iter().enumerate();
        let steps: Vec<_> = steps
            .map(|(step, plan)| json!({"step": step, "plan": plan}))
            .collect();
        writeln!(out, "{}", json!({"header": saved.header(), "steps": steps}))?;
        return Ok(());
    }
    let header = saved.header();
    writeln!(out, "{}\n", header.schedule.to_json())?;
    writeln!(
        out,
        "{} training rows, batches of {}, {} batches a step, seed {}\n",
        header.training_rows, header.batch, header.accumulate, header.seed
    )?;
    writeln!(
        out,
        "{:>6} {:<10} {:>6} {:>7} {:>6} {:>6} {:>6}  first pairs",
        "step", "site", "pairs", "loaded", "least", "mean", "most"
    )?;
    for (step, plan) in saved.plans().iter().enumerate().take(args.show as usize) {
        writeln!(out, "{step:>6} {}", line(plan.as_ref()))?;
    }
    let mixed = saved.plans().iter().filter(|plan| plan.is_some()).count();
    writeln!(out, "\n{mixed} of {} passes mix", saved.plans().len())?;
    Ok(())
}

fn line(plan: Option<&MixPlan>) -> String {
    let Some(plan) = plan else {
        return "plain".into();
    };
    let weights = plan.pairs.weight();
    let least = weights.iter().copied().fold(f64::INFINITY, f64::min);
    let most = weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mean = weights.iter().sum::<f64>() / weights.len() as f64;
    format!(
        "{:<10} {:>6} {:>7} {least:>6.3} {mean:>6.3} {most:>6.3}  {}",
        plan.site,
        plan.pairs.len(),
        plan.loaded.len(),
        first_pairs(plan)
    )
}
