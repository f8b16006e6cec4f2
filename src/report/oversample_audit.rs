//! The sections of an oversampling page that say what became of the table.

use super::html::{self, Cell};
use super::oversample_input::OversampleReport;
use super::oversample_page::{Palette, distance};
use super::plot::{self, Along, Frame, Layer, Mark, Steps, Style};
use crate::compare::number::{number, signed};
use crate::error::Result;
use crate::oversample::{
    AuditedColumn, ClassDistances, Coverage, Move, Nearest, Points, Projection, Spread,
};

/// Moves that are drawn.
const CURVES: usize = 6;

/// The rows in two dimensions, before and after.
pub(super) fn projection(report: &OversampleReport, palette: &Palette) -> Result<String> {
    let Some(projection) = &report.audit.projection else {
        return Ok(html::note("No column varies: there is nothing to draw."));
    };
    let title = |i: usize| match projection.shares.get(i) {
        Some(share) => format!("component {} ({:.1} % of variance)", i + 1, 100.0 * share),
        None => "at random, to spread the points".into(),
    };
    let points = |of: fn(&crate::oversample::Cloud) -> &Points| {
        let clouds = projection.classes.iter();
        clouds.flat_map(move |c| of(c).points.iter().copied())
    };
    let all: Vec<[f64; 2]> = points(|c| &c.real)
        .chain(points(|c| &c.synthetic))
        .collect();
    let frame = Frame::around(&all, [title(0), title(1)]);
    let far = all.iter().filter(|p| frame.leaves_out(p)).count();
    let real = layers(projection, palette, Mark::Dot);
    let before = plot::scatter("Real rows, projected", &frame, &real)?;
    let both: Vec<Layer<'_>> = real
        .into_iter()
        .chain(layers(projection, palette, Mark::Diamond))
        .collect();
    let after = plot::scatter("Real and synthetic rows, projected", &frame, &both)?;
    let figures = [
        html::figure("before: real rows", &before),
        html::figure("after: real rows, and synthetic ones over them", &after),
    ];
    Ok(html::note(&projection_words(report, projection, far))
        + &legend(report, projection, palette)
        + &html::plots("", &figures))
}

/// Larger classes below.
fn layers<'a>(projection: &'a Projection, palette: &Palette, mark: Mark) -> Vec<Layer<'a>> {
    let mut clouds: Vec<_> = projection.classes.iter().collect();
    clouds.sort_by_key(|c| std::cmp::Reverse(c.real.rows));
    let layer = |c: &&'a crate::oversample::Cloud| Layer {
        points: match mark {
            Mark::Dot => &c.real.points,
            Mark::Diamond => &c.synthetic.points,
        },
        style: palette.of(c.class),
        mark,
    };
    let layers = clouds.iter().map(layer);
    layers.filter(|l| !l.points.is_empty()).collect()
}

fn projection_words(report: &OversampleReport, projection: &Projection, far: usize) -> String {
    let columns = html::counted(projection.columns, "column");
    let mut text = format!(
        "The first two principal components of {columns}, computed from {}: numbers standardised by the mean and standard \
         deviation of all real rows, a category as one column for each of its values, divided by √2. Both plots have the \
         same axes.",
        html::counted(projection.rows, "real row")
    );
    if projection.shares.len() < 2 {
        text += " The rows lie on one line, so that there is only one component.";
    }
    if projection.constant > 0 {
        let constant = html::counted(projection.constant, "constant column");
        text += &format!(" Left out: {constant}.");
    }
    if projection.merged > 0 {
        let merged = html::counted(projection.merged, "column");
        text += &format!(" In {merged} only the 24 most frequent categories count.");
    }
    let drawn = |of: fn(&crate::oversample::Cloud) -> &Points| {
        let classes = || projection.classes.iter().map(of);
        let drawn: usize = classes().map(|p| p.points.len()).sum();
        format!("{drawn} of {}", classes().map(|p| p.rows).sum::<usize>())
    };
    text += &format!(
        " Drawn are {} real and {} synthetic rows, a sample of seed {} in which rare classes are thinned less.",
        drawn(|c| &c.real),
        drawn(|c| &c.synthetic),
        report.audit.seed
    );
    if far > 0 {
        text += &format!(
            " {} beyond the axes, drawn on the edge.",
            match far {
                1 => "1 point lies".into(),
                n => format!("{n} points lie"),
            }
        );
    }
    if report.audit.coverage == Coverage::GrownClasses {
        text += " Rows of classes that did not grow were not in memory: they are neither drawn, nor part of the axes.";
    }
    text
}

/// The classes with a colour, and the others together.
fn legend(report: &OversampleReport, projection: &Projection, palette: &Palette) -> String {
    let entry = |style: Style, name: &str, grown: bool| {
        let mut swatch = plot::mark_swatch(style, Mark::Dot);
        if grown {
            swatch += &plot::mark_swatch(style, Mark::Diamond);
        }
        format!("<li>{swatch} {}</li>\n", html::escape(name))
    };
    let shown = |c: &u32| projection.classes.iter().find(|cloud| cloud.class == *c);
    let mut items = String::new();
    for class in palette.coloured.iter().filter(|c| shown(c).is_some()) {
        items += &entry(palette.of(*class), &report.class(*class), true);
    }
    let others: Vec<_> = projection
        .classes
        .iter()
        .filter(|c| !palette.coloured.contains(&c.class))
        .collect();
    let grown = others.iter().any(|c| !c.synthetic.points.is_empty());
    items += &match &others[..] {
        [] => String::new(),
        [only] => entry(Style::of(0), &report.class(only.class), grown),
        many => entry(
            Style::of(0),
            &format!("{} other classes", many.len()),
            grown,
        ),
    };
    items += "<li class=\"soft\">dot: real row, diamond: synthetic row</li>\n";
    format!("<ul class=\"legend\">\n{items}</ul>\n")
}

/// How near real and synthetic rows lie to real ones.
pub(super) fn distances(report: &OversampleReport, palette: &Palette) -> Result<String> {
    let classes = &report.audit.distances;
    if classes.is_empty() {
        return Ok(html::note("No class grew."));
    }
    let header = ["class", "rows", "asked", "median", "copies", "intruders"].map(String::from);
    let rows = classes.iter().flat_map(|c| {
        let name = report.class(c.class);
        let real = c.real.as_ref().map(|n| row(&format!("{name}, real"), n));
        let real = real.unwrap_or_else(|| lone(&name));
        [real, row(&format!("{name}, synthetic"), &c.synthetic)]
    });
    let table = html::table(1, &header, rows);
    let mut figures = Vec::new();
    for class in classes
        .iter()
        .filter(|c| palette.coloured.contains(&c.class))
    {
        figures.extend(curves(report, class, palette.of(class.class))?);
    }
    Ok(html::note(&distance_words(report)) + &table + &html::plots("small", &figures))
}

fn row(name: &str, nearest: &Nearest) -> Vec<Cell> {
    let percent = |share: f64| format!("{:.1} %", 100.0 * share);
    let cells = [
        name.to_string(),
        nearest.rows.to_string(),
        nearest.asked.to_string(),
        number(nearest.median),
        percent(nearest.copies),
        nearest.intruders.map_or("-".into(), percent),
    ];
    cells.map(Cell::from).into_iter().collect()
}

/// The only row of a class has no other to be near to.
fn lone(name: &str) -> Vec<Cell> {
    let cells = [&format!("{name}, real"), "1", "0", "-", "-", "-"];
    cells.map(Cell::from).into_iter().collect()
}

fn distance_words(report: &OversampleReport) -> String {
    let mut text = format!(
        "From each row to the nearest other real row of its class, in the distance of the settings ({}).",
        distance(&report.oversampler)
    );
    let mismatches = report.audit.distances.iter().filter_map(|c| c.mismatch);
    if let Some(mismatch) = mismatches.reduce(f64::max) {
        text += &match report.numbers.is_empty() {
            true => " Each category in which two rows differ adds 1 to the square of the distance."
                .into(),
            false => format!(
                " Each category in which two rows differ adds the square of the class's median standard deviation (at \
                 most {}).",
                number(mismatch)
            ),
        };
    }
    text += &format!(
        " Asked is a sample of seed {}; among all real rows their nearest is sought. Copies are equal to a real row in \
         every column. Intruders lie nearer to a row of another class than to any of their own.",
        report.audit.seed
    );
    text += match report.audit.coverage {
        Coverage::Whole => {
            " Synthetic rows much nearer than real ones to each other add little that is new; many more intruders among \
             them than among the real rows mean that the class was grown into others."
        }
        Coverage::GrownClasses => {
            " Rows of classes that did not grow were not in memory, so intruders could not be counted."
        }
    };
    text
}

fn curves(
    report: &OversampleReport,
    class: &ClassDistances,
    style: Style,
) -> Result<Option<String>> {
    let name = report.class(class.class);
    let real = class.real.as_ref().map(|n| Steps {
        percentiles: &n.percentiles,
        style: None,
    });
    let synthetic = Steps {
        percentiles: &class.synthetic.percentiles,
        style: Some(style),
    };
    let steps: Vec<Steps<'_>> = real.into_iter().chain([synthetic]).collect();
    let label = format!("Distance to the nearest real row of {name}");
    let svg = plot::ecdf(&label, "distance", Along::Distances, &steps)?;
    let caption = format!("{name}: real rows (text colour) and synthetic ones (coloured)");
    Ok(svg.map(|svg| html::figure(&caption, &svg)))
}

/// The columns whose distribution moved.
pub(super) fn moved(report: &OversampleReport, palette: &Palette) -> Result<String> {
    let moved = &report.audit.moved;
    if moved.spreads.is_empty() {
        return Ok(html::note("No class grew."));
    }
    let mut sentences: Vec<String> = Vec::new();
    for spread in moved.spreads.iter().take(CURVES) {
        sentences.extend(spread_words(report, spread));
    }
    if moved.spreads.len() > CURVES {
        let more = moved.spreads.len() - CURVES;
        sentences.push(format!("{more} more classes grew; see the table."));
    }
    let mut figures = Vec::new();
    let numbers = moved.largest.iter().filter(|m| !m.real.is_empty());
    for one in numbers.filter(|m| m.distance > 0.0).take(CURVES) {
        figures.extend(move_curves(report, one, palette)?);
    }
    Ok(html::list(&sentences)
        + &html::note(&moved_words(report))
        + &move_table(report)
        + &html::plots("small", &figures))
}

/// What became of the spread of a class, in a sentence.
fn spread_words(report: &OversampleReport, spread: &Spread) -> Option<String> {
    let ratio = spread.ratio?;
    let name = report.class(spread.class);
    let what = match ratio {
        r if r < 0.99 => "the method drew the class together: new rows lie between real ones",
        r if r > 1.01 => "the method spread the class out",
        _ => "the spread was kept",
    };
    Some(format!(
        "{name}: {what}. The standard deviation fell by more than 1 % in {} of {}, rose in {}; median ratio {}.",
        spread.narrower,
        html::counted(spread.numbers, "numeric column"),
        spread.wider,
        number(ratio)
    ))
}

fn moved_words(report: &OversampleReport) -> String {
    let moved = &report.audit.moved;
    let sampled = |rows: [usize; 2]| rows[1] < rows[0];
    let cut = moved
        .spreads
        .iter()
        .any(|s| sampled(s.real) || sampled(s.synthetic));
    let sample = match cut {
        true => format!(
            " Computed from at most {} real and {} synthetic rows of a class (seed {}).",
            crate::oversample::REAL_ROWS,
            crate::oversample::SYNTHETIC_ROWS,
            report.audit.seed
        ),
        false => String::new(),
    };
    format!(
        "The real rows of a class against its real and synthetic rows together; the {} largest of {}. Move: the \
         Kolmogorov-Smirnov distance of numbers, the total variation of categories; 0 is unmoved, 1 is the most. Shift: of \
         the mean, in standard deviations of the real rows. Ratio: of the standard deviations; below 1 the column was \
         drawn together, as interpolation does.{sample}",
        moved.largest.len(),
        html::counted(moved.compared, "comparison"),
    )
}

fn move_table(report: &OversampleReport) -> String {
    let header = ["class", "column", "kind", "move", "shift", "ratio"].map(String::from);
    let rows = report.audit.moved.largest.iter().map(|m| {
        let kind = match m.column {
            AuditedColumn::Number(_) => "number",
            AuditedColumn::Category(_) => "category",
        };
        let cells = [
            report.class(m.class),
            report.column(m.column),
            kind.into(),
            number(m.distance),
            m.shift.map_or("-".into(), signed),
            m.ratio.map_or("-".into(), number),
        ];
        cells.map(Cell::from).into_iter().collect()
    });
    html::table(3, &header, rows)
}

fn move_curves(report: &OversampleReport, one: &Move, palette: &Palette) -> Result<Option<String>> {
    let (class, column) = (report.class(one.class), report.column(one.column));
    let steps = [
        Steps {
            percentiles: &one.real,
            style: None,
        },
        Steps {
            percentiles: &one.all,
            style: Some(palette.of(one.class)),
        },
    ];
    let label = format!("{column} of {class} before and after");
    let svg = plot::ecdf(&label, "value", Along::Values, &steps)?;
    let caption =
        format!("{column}, {class}: real rows (text colour), with synthetic ones (coloured)");
    Ok(svg.map(|svg| html::figure(&caption, &svg)))
}
