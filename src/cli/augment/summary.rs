//! What was done, in words or as JSON.

use std::io::Write;

use anyhow::Result;
use serde_json::{Map, Value, json};

use super::Out;
use super::args::AugmentArgs;
use super::rows::Form;
use super::work::{ChainTally, Tally};

/// What was asked for.
pub struct Asked<'a> {
    pub args: &'a AugmentArgs,
    pub out: &'a Out,
    pub form: Form,
    pub chains: &'a [String],
    /// Words of `--synonyms` that no text has.
    pub never_found: usize,
}

/// Prints the summary: on stderr where the rows themselves go to stdout.
pub fn print(asked: &Asked<'_>, tally: &Tally, seconds: f64) -> Result<()> {
    let Asked { args, out, .. } = asked;
    let text = match args.print.json {
        true => {
            let mut told = as_json(asked, tally, seconds);
            if args.operations.synonyms.is_some() {
                told["synonyms_never_found"] = asked.never_found.into();
            }
            format!("{told:#}\n")
        }
        false => as_text(asked, tally, seconds),
    };
    match out {
        Out::Stdout if args.print.quiet => {}
        Out::Stdout => std::io::stderr().write_all(text.as_bytes())?,
        Out::File(_) => std::io::stdout().write_all(text.as_bytes())?,
    }
    Ok(())
}

fn as_json(asked: &Asked<'_>, tally: &Tally, seconds: f64) -> Value {
    let Asked {
        args, out, chains, ..
    } = asked;
    let operations: Map<String, Value> = chains
        .iter()
        .zip(&tally.chains)
        .map(|(name, chain)| {
            let ChainTally {
                outputs,
                unchanged,
                in_part,
            } = chain;
            let told = json!({ "outputs": outputs, "unchanged": unchanged, "in_part": in_part });
            (name.clone(), told)
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

fn as_text(asked: &Asked<'_>, tally: &Tally, seconds: f64) -> String {
    let Asked {
        args, out, chains, ..
    } = asked;
    let mut text = format!(
        "{}: {} rows, {} outputs\n",
        args.file, tally.rows, tally.outputs
    );
    let width = chains
        .iter()
        .map(|chain| chain.chars().count())
        .max()
        .unwrap_or(0);
    for (name, chain) in chains.iter().zip(&tally.chains) {
        text += &format!("  {name:<width$}  {} outputs", chain.outputs);
        for (reasons, words) in [
            (&chain.unchanged, "unchanged"),
            (&chain.in_part, "changed by some of the steps only"),
        ] {
            let n: u64 = reasons.values().sum();
            if n > 0 {
                let each = reasons.iter().map(|(reason, n)| format!("{reason} {n}"));
                let each: Vec<String> = each.collect();
                text += &format!(", {n} {words} ({})", each.join(", "));
            }
        }
        text += "\n";
    }
    if asked.never_found > 0 {
        text += &format!(
            "note: {} words of --synonyms are several words, or none, and are never found\n",
            asked.never_found
        );
    }
    if tally.missing > 0 {
        text += &format!(
            "note: {} outputs are missing, in {} rows: hundreds of draws gave no new text\n",
            tally.missing, tally.short_rows
        );
    }
    if asked.form == Form::Words {
        text += "note: tags are written as B-TYPE and I-TYPE, other columns not at all\n";
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
