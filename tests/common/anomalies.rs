//! A table of few anomalies, made up.
#![allow(
    dead_code,
    reason = "each test binary uses a part of what is shared here"
)]

use anyhow::Result;

use super::program::Desk;

/// Rows of the table.
pub const ROWS: usize = 120;

/// Row `i`: an id, two numbers of which one is missing at times, a colour, a group and a class. One row in eight is
/// rare, and lies apart.
pub fn row(i: usize) -> [String; 6] {
    let rare = i % 8 == 3;
    let x = (i * 37 % 23) as f64 / 4.0 + if rare { 4.0 } else { 0.0 };
    let y = match i % 11 {
        5 => String::new(),
        _ => (i * 7 % 13).to_string(),
    };
    let colour = ["red", "green", "blue"][i % 3];
    let class = if rare { "rare" } else { "usual" };
    [
        format!("id{i}"),
        x.to_string(),
        y,
        colour.into(),
        format!("g{}", i % 20),
        class.into(),
    ]
}

/// The table as csv, each row changed by `change`.
pub fn table(change: impl Fn(usize, &mut [String; 6])) -> String {
    let line = |i: usize| {
        let mut row = row(i);
        change(i, &mut row);
        row.join(",") + "\n"
    };
    std::iter::once("id,x,y,colour,group,label\n".to_owned())
        .chain((0..ROWS).map(line))
        .collect()
}

/// A desk with the table in `t.csv`, and in `n.csv` one whose label is a number.
pub fn desk() -> Result<Desk> {
    let desk = Desk::new()?;
    desk.write("t.csv", table(|_, _| ()))?;
    desk.write(
        "n.csv",
        table(|i, row| row[5] = format!("{}", 3.0 + (i * 37 % 23) as f64 * 0.5)),
    )?;
    Ok(desk)
}

/// Settings under which a comparison takes a moment.
pub const QUICK: &str = "--ignore id,group --folds 3 --steps 12 --hidden 8 --width 8 --heads 2 --blocks 1 --batch 32 \
                         --threads 2 --quiet";
