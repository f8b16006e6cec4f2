//! `mixup preview`: what a training step makes of its images, as a contact sheet.

mod run;
mod shown;

use std::io::Write;

use anyhow::Result;
use candle_core::Tensor;
use candle_mixup::report::{ContactSheet, contact_sheet};
use candle_mixup::train::Pass;
use candle_mixup::{Error, files};
use serde_json::json;

use self::run::Run;
use self::shown::{Shown, round};
use super::args::PreviewArgs;

/// Draws the sheet.
pub fn preview(args: &PreviewArgs) -> Result<()> {
    if args.show == 0 {
        return Err(Error::setting("--show", "at least 1", 0).into());
    }
    if args.out.exists() && !args.force {
        let problem = format!(
            "--out {}: it exists; --force overwrites it",
            args.out.display()
        );
        return Err(Error::Conflict(problem).into());
    }
    let run = Run::new(args)?;
    let pass = run.pass(args.step)?;
    let shown = run.shown(&pass, args.show)?;
    let sheet = ContactSheet {
        title: run.title(&pass),
        shape: run.task.set().shape(),
        groups: shown.iter().map(Shown::group).collect(),
    };
    files::write(&args.out, &contact_sheet(&sheet)?)?;
    print(&run, &pass, &shown, args)
}

fn print(run: &Run, pass: &Pass<Tensor>, shown: &[Shown], args: &PreviewArgs) -> Result<()> {
    let mut out = std::io::stdout();
    let set = run.task.set();
    if args.json {
        let pairs = shown.iter().map(|s| {
            json!({
                "own": s.own, "partner": s.partner, "own_class": s.classes[0], "partner_class": s.classes[1],
                "weight": s.weight, "label_weight": s.label_weight, "box": s.cut,
            })
        });
        let result = json!({
            "out": args.out, "step": pass.clock.step, "epoch": pass.clock.epoch, "steps": run.steps(),
            "schedule": run.scheduler.schedule(), "pairs": pairs.collect::<Vec<_>>(),
        });
        return Ok(writeln!(out, "{result}")?);
    }
    writeln!(out, "{}\n", run.title(pass)[0])?;
    for s in shown {
        let names = [s.own, s.partner].map(|row| set.name(row));
        writeln!(
            out,
            "{} of {}, {} of {}: {}",
            round(s.weight),
            names[0],
            round(1.0 - s.weight),
            names[1],
            s.label()
        )?;
    }
    writeln!(out, "\nsheet {}", args.out.display())?;
    Ok(())
}
