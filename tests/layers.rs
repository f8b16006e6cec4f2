//! Imports point at the algebra: a file imports only from rows above its own. DESIGN is the code's order of layers.

use std::fs;
use std::path::{Path, PathBuf};

/// The layers from top to bottom. Modules of one row may import each other only inside a folder of their own.
const LAYERS: &[&[&str]] = &[
    &["error"],
    &["pairs"],
    &["plan"],
    &["blend"],
    &["targets"],
    &["loss", "metrics"],
    &["random", "files", "jacobi"],
    &["residue"],
    &["schedule", "tap", "source", "split", "data"],
    &["nn"],
    &["oversample"],
    &["text", "table", "image", "detect"],
    &["train", "compare"],
    &["linearity"],
    &["report"],
];

fn files(folder: &Path, all: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("src is there") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            files(&path, all);
        } else {
            all.push(path);
        }
    }
}

/// The top-level module of a file under `src`.
fn module(path: &Path) -> String {
    let inside = path.strip_prefix(src()).expect("under src");
    let first = inside.components().next().expect("a name").as_os_str();
    first.to_string_lossy().trim_end_matches(".rs").to_string()
}

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|row| row.contains(&module))
}

/// Modules named by `crate::NAME` in code, doc comments and tests left out.
fn imports(text: &str) -> Vec<String> {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = code.lines().filter(|l| !l.trim_start().starts_with("//"));
    let names = lines.flat_map(|line| {
        line.split("crate::")
            .skip(1)
            .map(str::to_string)
            .collect::<Vec<_>>()
    });
    let word = |rest: String| {
        rest.chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect::<String>()
    };
    names
        .map(word)
        .filter(|name| layer(name).is_some())
        .collect()
}

#[test]
fn every_file_imports_only_from_above() {
    let mut all = Vec::new();
    files(&src(), &mut all);
    let mut checked = 0;
    for path in all {
        let own = module(&path);
        if ["lib", "main", "tuning", "cli"].contains(&own.as_str()) {
            continue;
        }
        let depth = layer(&own).unwrap_or_else(|| panic!("{own} stands in no layer"));
        let text = fs::read_to_string(&path).expect("readable");
        for import in imports(&text).into_iter().filter(|import| *import != own) {
            let target = layer(&import).expect("filtered");
            assert!(
                target < depth,
                "{}: imports {import}, which is not above {own}",
                path.display()
            );
            checked += 1;
        }
    }
    assert!(
        checked > 50,
        "only {checked} imports were seen: the test has lost its way"
    );
}

#[test]
fn an_import_from_below_is_seen() {
    let found = imports(
        "use crate::train::Job;\n// use crate::text::X;\nfn f(x: crate::Pairs, y: crate::nn::Linear) {}",
    );
    assert_eq!(found, ["train", "nn"]);
    assert!(layer("train") > layer("nn"));
}
