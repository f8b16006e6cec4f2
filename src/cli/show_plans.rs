//! `mixup schedule --replay`: the saved plans of a run, printed.

use std::io::Write;
use std::path::Path;

use anyhow::Result;
use candle_mixup::train::Plans;
use candle_mixup::{Error, MixPlan};
use serde_json::json;

use super::schedule::{ScheduleArgs, first_pairs};

/// Prints saved plans: the first of them with their first pairs, and how often what site was mixed at.
pub fn print(path: &Path, args: &ScheduleArgs) -> Result<()> {
    let saved = Plans::read(path)?;
    let mut out = std::io::stdout().lock();
    if args.json {
        let steps = saved.steps();
        let steps: Vec<_> = steps
            .map(|(step, plan)| json!({"step": step, "plan": plan}))
            .collect();
        writeln!(out, "{}", json!({"header": saved.header(), "steps": steps}))?;
        return Ok(());
    }
    if let Some(step) = args.step {
        return Ok(write!(out, "{}", in_full(&saved, step)?)?);
    }
    let header = saved.header();
    writeln!(out, "{}\n", header.schedule.to_json())?;
    writeln!(
        out,
        "{} training rows, batches of {}, {} batches a step, seed {}\n",
        header.training_rows, header.batch, header.accumulate, header.seed
    )?;
    writeln!(out, "{}  first pairs", columns())?;
    for (step, plan) in saved.steps().take(args.show as usize) {
        writeln!(out, "{step:>6} {}", line(plan))?;
    }
    let mixed = saved.plans().iter().filter(|plan| plan.is_some()).count();
    writeln!(out, "\n{mixed} of {} passes mix", saved.plans().len())?;
    Ok(())
}

fn columns() -> String {
    format!(
        "{:>6} {:<10} {:>6} {:>7} {:>6} {:>6} {:>6}",
        "step", "site", "pairs", "loaded", "least", "mean", "most"
    )
}

/// The plan of one step with all that is in it.
fn in_full(saved: &Plans, step: u64) -> candle_mixup::Result<String> {
    let Some((_, plan)) = saved.steps().find(|(number, _)| *number == step) else {
        let last = saved.steps().last().map_or(0, |(number, _)| number);
        let expected = format!("the number of a saved pass, {last} at most");
        return Err(Error::setting("--step", expected, step));
    };
    let Some(plan) = plan else {
        return Ok(format!("step {step}: plain\n"));
    };
    let mut blend = json!({"blend": plan.blend, "loaded": plan.loaded});
    if let Some(residue) = &plan.residue {
        blend["residue"] = json!(residue);
    }
    Ok(format!(
        "step {step}: mixes at {}\n{blend}\n{}",
        plan.site, plan.pairs
    ))
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
