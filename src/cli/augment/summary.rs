//! What was done, in words or as JSON.

use std::io::Write;

use anyhow::Result;
use serde_json::{Map, Value, json};

use super::Out;
use super::args::AugmentArgs;
use super::work::Tally;

/// Prints the summary: on stderr where the rows themselves go to stdout.
pub fn print(
    args: &AugmentArgs,
    out: &Out,
    chains: &[String],
    tally: &Tally,
    seconds: f64,
) -> Result<()> {
    let text = match args.print.json {
        true => format!("{:#}\n", as_json(args, out, chains, tally, seconds)),
        false => as_text(args, out, chains, tally, seconds),
    };
    match out {
        Out::Stdout if args.print.quiet => {}
        Out::Stdout => std::io::stderr().write_all(text.as_bytes())?,
        Out::File(_) => std::io::stdout().write_all(text.as_bytes())?,
    }
    Ok(())
}

fn as_json(args: &AugmentArgs, out: &Out, chains: &[String], tally: &Tally, seconds: f64) -> Value {
    let operations: Map<String, Value> = chains
        .iter()
        .zip(&tally.chains)
        .map(|(name, (outputs, unchanged))| {
            (
                name.clone(),
                json!({ "outputs": outputs, "unchanged": unchanged }),
            )
        })
        .collect();
    let out = match out {
        Out::Stdout => Value::Null,
        Out::File(path) => path.to_string_lossy().into(),
    };
    json!({
        "rows": tally.rows,
        "outputs": tally.outputs,
        "kept": if args.output.keep { tally.rows } else { 0 },
        "shortfall": { "outputs": tally.missing, "rows": tally.short_rows },
        "operations": operations,
        "out": out,
        "seconds": seconds,
    })
}

fn as_text(
    args: &AugmentArgs,
    out: &Out,
    chains: &[String],
    tally: &Tally,
    seconds: f64,
) -> String {
    let mut text = format!(
        "{}: {} rows, {} outputs\n",
        args.file, tally.rows, tally.outputs
    );
    let width = chains
        .iter()
        .map(|chain| chain.chars().count())
        .max()
        .unwrap_or(0);
    for (name, (outputs, unchanged)) in chains.iter().zip(&tally.chains) {
        text += &format!("  {name:<width$}  {outputs} outputs");
        let same: u64 = unchanged.values().sum();
        if same > 0 {
            let reasons: Vec<String> = unchanged
                .iter()
                .map(|(reason, n)| format!("{reason} {n}"))
                .collect();
            text += &format!(", {same} unchanged ({})", reasons.join(", "));
        }
        text += "\n";
    }
    if tally.missing > 0 {
        text += &format!(
            "note: {} outputs could not be new, in {} rows; they are missing\n",
            tally.missing, tally.short_rows
        );
    }
    let kept = if args.output.keep { tally.rows } else { 0 };
    if let Out::File(path) = out {
        text += &format!(
            "texts  {} ({} rows, {seconds:.2} s)\n",
            path.display(),
            kept + tally.outputs
        );
    }
    text
}
