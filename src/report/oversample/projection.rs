//! The section of an oversampling page that shows the rows in two dimensions.

use super::input::{ClassCount, OversampleReport};
use super::names::short_class;
use super::page::{Palette, palette};
use crate::error::Result;
use crate::oversample::{Cloud, Coverage, Points, Projection};
use crate::report::html;
use crate::report::plot::{self, Frame, Layer, Mark, Style};

/// A projection, and what its words and colours need.
pub(in crate::report) struct Shown<'a> {
    pub(in crate::report) projection: &'a Projection,
    pub(in crate::report) classes: &'a [ClassCount],
    pub(in crate::report) numeric: usize,
    pub(in crate::report) categorical: usize,
    /// The seed of the sample that is drawn.
    pub(in crate::report) seed: u64,
    pub(in crate::report) coverage: Coverage,
}

/// The rows in two dimensions, before and after.
pub(super) fn section(report: &OversampleReport) -> Result<String> {
    match &report.audit.projection {
        None => Ok(html::note("No column varies: there is nothing to draw.")),
        Some(projection) => projected(&Shown {
            projection,
            classes: &report.classes,
            numeric: report.numbers.len(),
            categorical: report.categories.len(),
            seed: report.audit.seed,
            coverage: report.audit.coverage,
        }),
    }
}

/// Words, legend, and both plots.
pub(in crate::report) fn projected(shown: &Shown<'_>) -> Result<String> {
    let projection = shown.projection;
    let palette = &palette(shown.classes);
    let title = |i: usize| match projection.shares.get(i) {
        Some(share) => format!("component {} ({:.1} % of variance)", i + 1, 100.0 * share),
        None => "at random, to spread the points".into(),
    };
    let points = |of: fn(&Cloud) -> &Points| {
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
    Ok(html::note(&(axes_words(shown) + &points_words(shown, far)))
        + &legend(shown, palette)
        + &html::plots("", &figures))
}

/// Larger classes below.
fn layers<'a>(projection: &'a Projection, palette: &Palette, mark: Mark) -> Vec<Layer<'a>> {
    let mut clouds: Vec<_> = projection.classes.iter().collect();
    clouds.sort_by_key(|c| std::cmp::Reverse(c.real.rows));
    let layer = |c: &&'a Cloud| Layer {
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

fn axes_words(shown: &Shown<'_>) -> String {
    let projection = shown.projection;
    let mut text = format!(
        "The first two principal components of {}, computed from {}.",
        html::counted(projection.columns, "column"),
        html::counted(projection.rows, "real row")
    );
    if shown.numeric > 0 {
        text += " Numbers are standardised by the mean and standard deviation of all real rows.";
    }
    if shown.categorical > 0 {
        text += " Each value of a category is a column of its own, divided by √2.";
    }
    text += " Both plots have the same axes.";
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
    text
}

fn points_words(shown: &Shown<'_>, far: usize) -> String {
    let projection = shown.projection;
    let drawn = |of: fn(&Cloud) -> &Points| {
        let classes = || projection.classes.iter().map(of);
        let drawn: usize = classes().map(|p| p.points.len()).sum();
        format!("{drawn} of {}", classes().map(|p| p.rows).sum::<usize>())
    };
    let mut text = format!(
        " Drawn are {} real and {} synthetic rows, a sample of seed {} in which rare classes are thinned less.",
        drawn(|c| &c.real),
        drawn(|c| &c.synthetic),
        shown.seed
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
    if shown.coverage == Coverage::GrownClasses {
        text += " Rows of classes that did not grow were not in memory: they are neither drawn, nor part of the axes.";
    }
    text
}

/// The classes with a colour, and the others together.
fn legend(shown: &Shown<'_>, palette: &Palette) -> String {
    let projection = shown.projection;
    let entry = |style: Style, name: &str, grown: bool| {
        let mut swatch = plot::mark_swatch(style, Mark::Dot);
        if grown {
            swatch += &plot::mark_swatch(style, Mark::Diamond);
        }
        format!("<li>{swatch} {}</li>\n", html::escape(name))
    };
    let has_points = |c: &u32| projection.classes.iter().find(|cloud| cloud.class == *c);
    let mut items = String::new();
    for class in palette.coloured.iter().filter(|c| has_points(c).is_some()) {
        items += &entry(
            palette.of(*class),
            &short_class(shown.classes, *class),
            true,
        );
    }
    let others: Vec<_> = projection
        .classes
        .iter()
        .filter(|c| !palette.coloured.contains(&c.class))
        .collect();
    let grown = others.iter().any(|c| !c.synthetic.points.is_empty());
    items += &match &others[..] {
        [] => String::new(),
        [only] => entry(Style::of(0), &short_class(shown.classes, only.class), grown),
        many => entry(
            Style::of(0),
            &format!("{} other classes", many.len()),
            grown,
        ),
    };
    items += "<li class=\"soft\">dot: real row, diamond: synthetic row</li>\n";
    format!("<ul class=\"legend\">\n{items}</ul>\n")
}
