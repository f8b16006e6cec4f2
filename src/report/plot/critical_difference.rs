//! Mean ranks on a line, with a bar over those that do not differ (Demšar 2006, figure 1).

use plotters::element::PathElement;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::canvas::{Area, INK, Outcome, Style, draw, font};
use crate::error::Result;
use crate::report::shortened::shortened;

const WIDTH: i32 = 1160;
/// Room for the names on either side.
const SIDE: i32 = 330;
/// Display columns of an arm's name; longer names are cut in the middle.
const COLUMNS: usize = 17;
/// From the top to the axis.
const AXIS: i32 = 150;
/// Between two bars, and between two names.
const BAR: i32 = 22;
const NAME: i32 = 44;

/// Arms by their mean ranks.
pub(in crate::report) struct RankLine {
    /// Name, mean rank and colour of every arm.
    pub(in crate::report) arms: Vec<(String, f64, Style)>,
    /// Mean ranks as far apart as this differ.
    pub(in crate::report) critical_difference: f64,
    /// The lowest and highest mean rank of each clique, a set of arms that do not differ.
    pub(in crate::report) cliques: Vec<(f64, f64)>,
}

/// The diagram, best arm on the left, or `None` for fewer than two arms.
pub(in crate::report) fn critical_difference(
    name: &str,
    ranks: &RankLine,
) -> Result<Option<String>> {
    let mut arms: Vec<_> = ranks.arms.iter().filter(|a| a.1.is_finite()).collect();
    if arms.len() < 2 {
        return Ok(None);
    }
    arms.sort_by(|a, b| a.1.total_cmp(&b.1));
    let bars = AXIS + 24 + BAR * ranks.cliques.len() as i32;
    let height = bars + 30 + NAME * arms.len().div_ceil(2) as i32;
    draw(name, (WIDTH as u32, height as u32), |area| {
        axis(area, ranks.arms.len())?;
        ruler(area, ranks)?;
        for (i, &&(ref name, rank, style)) in arms.iter().enumerate() {
            let below = bars + NAME * level(i, arms.len());
            label(
                area,
                &(name, rank, style),
                below,
                side(i, arms.len()),
                ranks.arms.len(),
            )?;
        }
        // Bars lie over the lines that lead to the names.
        for (i, &(low, high)) in ranks.cliques.iter().enumerate() {
            let y = AXIS + 24 + BAR * i as i32;
            let ends = [
                place(low, ranks.arms.len()) - 6,
                place(high, ranks.arms.len()) + 6,
            ];
            stroke(area, &[(ends[0], y), (ends[1], y)], 9)?;
        }
        Ok(())
    })
    .map(Some)
}

/// Where a mean rank of `count` arms lies: rank 1 at the left end.
fn place(rank: f64, count: usize) -> i32 {
    let room = f64::from(WIDTH - 2 * SIDE);
    SIDE + (room * (rank - 1.0) / (count as f64 - 1.0)).round() as i32
}

/// The better half has its names on the left.
fn side(i: usize, count: usize) -> HPos {
    match i < count.div_ceil(2) {
        true => HPos::Right,
        false => HPos::Left,
    }
}

/// The outermost names stand highest, so that no two lines cross.
fn level(i: usize, count: usize) -> i32 {
    match i < count.div_ceil(2) {
        true => i as i32,
        false => (count - 1 - i) as i32,
    }
}

fn stroke(area: &Area<'_>, points: &[(i32, i32)], width: u32) -> Outcome {
    area.draw(&PathElement::new(points.to_vec(), INK.stroke_width(width)))?;
    Ok(())
}

fn axis(area: &Area<'_>, count: usize) -> Outcome {
    stroke(
        area,
        &[
            (place(1.0, count), AXIS),
            (place(count as f64, count), AXIS),
        ],
        3,
    )?;
    let every = count.div_ceil(12);
    for rank in (1..=count).step_by(every) {
        let x = place(rank as f64, count);
        stroke(area, &[(x, AXIS - 12), (x, AXIS)], 3)?;
        let style = font(12.0).pos(Pos::new(HPos::Center, VPos::Bottom));
        area.draw(&Text::new(rank.to_string(), (x, AXIS - 18), style))?;
    }
    Ok(())
}

/// The critical difference in the units of the axis, no longer than the axis.
fn ruler(area: &Area<'_>, ranks: &RankLine) -> Outcome {
    let critical = ranks.critical_difference;
    if !critical.is_finite() {
        return Ok(());
    }
    let count = ranks.arms.len();
    let longest = count as f64 - 1.0;
    let (left, right) = (place(1.0, count), place(1.0 + critical.min(longest), count));
    let y = AXIS - 84;
    stroke(area, &[(left, y), (right, y)], 4)?;
    stroke(area, &[(left, y - 9), (left, y + 9)], 4)?;
    let mut text = format!("critical difference {critical:.2}");
    match critical > longest {
        true => text += ", longer than the axis",
        false => stroke(area, &[(right, y - 9), (right, y + 9)], 4)?,
    }
    let style = font(12.0).pos(Pos::new(HPos::Left, VPos::Bottom));
    area.draw(&Text::new(text, (left, y - 14), style))?;
    Ok(())
}

/// A line from the arm's place on the axis to its name beside the diagram.
fn label(
    area: &Area<'_>,
    (name, rank, style): &(&String, f64, Style),
    y: i32,
    side: HPos,
    count: usize,
) -> Outcome {
    let x = place(*rank, count);
    let (end, text) = match side {
        HPos::Right => (SIDE - 24, SIDE - 34),
        _ => (WIDTH - SIDE + 24, WIDTH - SIDE + 34),
    };
    let y = y + 20;
    let colour = style.colour;
    let path = PathElement::new(vec![(x, AXIS), (x, y), (end, y)], colour.stroke_width(3));
    area.draw(&path)?;
    area.draw(&Circle::new((x, AXIS), 8, colour.filled()))?;
    let words = format!("{} {rank:.2}", shortened(name, COLUMNS));
    let style = font(13.0).pos(Pos::new(side, VPos::Center));
    area.draw(&Text::new(words, (text, y), style))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_rise_with_the_rank() {
        let places: Vec<i32> = (10..=70).map(|r| place(f64::from(r) / 10.0, 7)).collect();
        assert!(places.is_sorted_by(|a, b| a < b));
        assert_eq!((places[0], places[60]), (SIDE, WIDTH - SIDE));
    }

    #[test]
    fn drawn_points_rise_with_the_rank_whatever_the_order_of_the_arms() {
        let arm = |i: usize| {
            (
                format!("arm {i}"),
                [3.5, 1.25, 4.0, 1.5, 4.75][i],
                Style::of(i),
            )
        };
        let ranks = RankLine {
            arms: (0..5).map(arm).collect(),
            critical_difference: 1.0,
            cliques: vec![(1.25, 1.5), (3.5, 4.0)],
        };
        let svg = critical_difference("ranks", &ranks).expect("drawn");
        let svg = svg.expect("five arms");
        let places: Vec<i32> = svg
            .split("cx=\"")
            .skip(1)
            .filter_map(|s| s.split('"').next()?.parse().ok())
            .collect();
        let wanted = [1.25, 1.5, 3.5, 4.0, 4.75].map(|rank| place(rank, 5));
        assert_eq!(places, wanted);
        let one = RankLine {
            arms: vec![arm(0)],
            ..ranks
        };
        assert_eq!(critical_difference("one", &one).expect("drawn"), None);
    }

    #[test]
    fn no_two_names_of_a_side_share_a_level() {
        for count in 2..12 {
            let mut seen: Vec<(bool, i32)> = (0..count)
                .map(|i| (matches!(side(i, count), HPos::Left), level(i, count)))
                .collect();
            seen.sort_unstable();
            seen.dedup();
            assert_eq!(seen.len(), count);
        }
    }
}
