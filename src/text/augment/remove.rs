//! Words that go, with the white space that was theirs.

use super::desk::{Desk, Drawn, Scene};
use super::edit::Edit;
use super::unchanged::Unchanged;
use super::units::{Fate, Units};
use crate::random::Stream;
use crate::schedule::share;
use crate::text::words::{TextSpan, is_blank, is_opening};

/// The longest run that `drop` takes (nlpaug).
const LONGEST_RUN: usize = 10;

/// Each free word with a probability, as long as `min_keep` remain; where fewer would, random ones come back.
pub(super) fn delete(scene: &Scene<'_>, desk: &mut Desk, stream: &mut Stream) -> Drawn {
    let m = scene.units.free.len();
    if m == 0 {
        return Err(scene.nothing_free());
    }
    let most = m.saturating_sub(scene.settings.min_keep);
    if most == 0 && scene.rate > 0.0 {
        return Err(Unchanged::TooShort);
    }
    let gone = &mut desk.order;
    gone.clear();
    gone.extend((0..m as u32).filter(|_| stream.unit() < scene.rate));
    if gone.len() > most {
        while gone.len() > most {
            gone.swap_remove(stream.below(gone.len()));
        }
        gone.sort_unstable();
    }
    let mut at = 0;
    for &k in gone.iter() {
        let unit = scene.units.free[k as usize] as usize;
        at = leave_out(scene, &mut desk.edit, at, unit, unit);
    }
    desk.edit.own(at, scene.text.len());
    Ok(1.0)
}

/// One run of units.
pub(super) fn drop_run(scene: &Scene<'_>, desk: &mut Desk, stream: &mut Stream) -> Drawn {
    let units = scene.units;
    if scene.rate == 0.0 {
        return Err(Unchanged::NothingDrawn);
    }
    let may_go = |fate| fate != Fate::Kept;
    let movable = (0..units.len()).filter(|&i| may_go(units.fate(i))).count();
    if movable == 0 {
        return Err(scene.nothing_free());
    }
    let most = LONGEST_RUN.min(movable.saturating_sub(scene.settings.min_keep));
    if most == 0 {
        return Err(Unchanged::TooShort);
    }
    let asked = (scene.rate * movable as f64 - 1e-9).ceil() as usize;
    let n = asked.clamp(1, most).min(units.longest_run(may_go));
    let start = if movable == units.len() {
        stream.below(units.len() - n + 1)
    } else {
        desk.candidates.clear();
        units.movable_runs(n, may_go, &mut desk.candidates);
        desk.candidates[stream.below(desk.candidates.len())] as usize
    };
    let at = leave_out(scene, &mut desk.edit, 0, start, start + n - 1);
    desk.edit.own(at, scene.text.len());
    Ok(1.0)
}

/// One window, with the punctuation that belongs to its first and last unit; all that must stay is inside it.
pub(super) fn crop(scene: &Scene<'_>, desk: &mut Desk, stream: &mut Stream) -> Drawn {
    let units = scene.units;
    let length = units.len();
    if length == 0 {
        return Err(Unchanged::NoWords);
    }
    let mut w = share(scene.rate, length)
        .max(scene.settings.min_keep)
        .max(1);
    let (mut first, mut last) = (0, length.saturating_sub(w));
    if let Some((kept, kept_end)) = units.kept_ends() {
        w = w.max(kept_end + 1 - kept);
        first = (kept_end + 1).saturating_sub(w);
        last = kept.min(length.saturating_sub(w));
    }
    if w >= length {
        let bound = units.kept_ends().is_some();
        return Err(if bound {
            Unchanged::Protected
        } else {
            Unchanged::TooShort
        });
    }
    let start = first + stream.below(last - first + 1);
    desk.edit.own(
        window_start(scene.text, units, start),
        window_end(scene.text, units, start + w - 1),
    );
    Ok(1.0)
}

/// Where a window begins whose first unit this is.
fn window_start(text: &str, units: &Units, unit: usize) -> usize {
    if unit == 0 {
        return 0;
    }
    let before = units.spans[unit - 1].range().end;
    let gap = &text[before..units.spans[unit].range().start];
    before + gap.trim_end_matches(is_opening).len()
}

/// Where a window ends whose last unit this is.
fn window_end(text: &str, units: &Units, unit: usize) -> usize {
    let end = units.spans[unit].range().end;
    let Some(next) = units.spans.get(unit + 1) else {
        return text.len();
    };
    let closes = |c: char| !c.is_whitespace() && (matches!(c, '"' | '\'') || !is_opening(c));
    let gap = &text[end..next.range().start];
    end + gap.find(|c| !closes(c)).unwrap_or(gap.len())
}

/// Some of the sentences; those that hold what must stay are among them.
pub(super) fn sentences(scene: &Scene<'_>, desk: &mut Desk, stream: &mut Stream) -> Drawn {
    let text = scene.text;
    let mut all = std::mem::take(&mut desk.spans);
    scene.finder.sentences(text, &mut all);
    join_across(scene.units, &mut all);
    let drawn = some_of(scene, desk, &all, stream);
    desk.spans = all;
    drawn
}

fn some_of(scene: &Scene<'_>, desk: &mut Desk, all: &[TextSpan], stream: &mut Stream) -> Drawn {
    if all.len() < 2 {
        let none = scene.units.len() == 0;
        return Err(if none {
            Unchanged::NoWords
        } else {
            Unchanged::TooShort
        });
    }
    let units = scene.units;
    let kept = (0..units.len()).filter(|&i| units.fate(i) == Fate::Kept);
    let mut kept = kept.map(|i| units.spans[i]).peekable();
    let mut must = |sentence: &TextSpan| {
        let mut held = false;
        while let Some(unit) = kept.next_if(|unit| unit.start < sentence.end) {
            held |= unit.end > sentence.start;
        }
        held
    };
    let optional = &mut desk.candidates;
    optional.clear();
    optional.extend((0..all.len() as u32).filter(|&i| !must(&all[i as usize])));
    let (m, held) = (optional.len(), all.len() - optional.len());
    let wanted = share(scene.rate, all.len()).max(1).max(held);
    if wanted >= all.len() {
        return Err(if held > 0 {
            Unchanged::Protected
        } else {
            Unchanged::TooShort
        });
    }
    desk.choose(m, wanted - held, stream);
    let (optional, chosen) = (&desk.candidates, &desk.order);
    let stays = |i: &usize| match optional.binary_search(&(*i as u32)) {
        Ok(k) => chosen.binary_search(&(k as u32)).is_ok(),
        Err(_) => true,
    };
    let last = (0..all.len()).rev().find(stays).unwrap_or(0);
    for i in (0..=last).filter(stays) {
        let sentence = all[i];
        let range = sentence.range();
        let trims = i == last && i + 1 < all.len();
        let end = if trims {
            let trimmed = range.start + sentence.of(scene.text).trim_end().len();
            trimmed.max(last_unit_end(units, range.end))
        } else {
            range.end
        };
        desk.edit.own(range.start, end);
    }
    Ok(1.0)
}

/// Where the last unit ends that ends by `by`.
fn last_unit_end(units: &Units, by: usize) -> usize {
    let behind = units.spans.partition_point(|unit| unit.range().end <= by);
    behind
        .checked_sub(1)
        .map_or(0, |last| units.spans[last].range().end)
}

/// Joins sentences that a unit connects: one that is bound, or an address.
fn join_across(units: &Units, sentences: &mut Vec<TextSpan>) {
    let mut units = units.spans.iter().peekable();
    sentences.dedup_by(|next, last| {
        let border = last.end;
        while units.next_if(|unit| unit.end <= border).is_some() {}
        let joins = units.peek().is_some_and(|unit| unit.start < border);
        if joins {
            last.end = next.end;
        }
        joins
    });
}

/// Goes on to the units `first..=last`, and passes them over; `at` is how far the text was taken. White space goes from
/// one side, and never out of another unit: from before them or, where a line or a bracket begins there, from behind.
fn leave_out(scene: &Scene<'_>, edit: &mut Edit, at: usize, first: usize, last: usize) -> usize {
    let (text, spans) = (scene.text, &scene.units.spans);
    let (start, end) = (spans[first].range().start, spans[last].range().end);
    let before = first.checked_sub(1).map_or(0, |i| spans[i].range().end);
    let bound = at.max(before);
    let gap = &text[bound..start];
    let taken = bound + gap.trim_end_matches(is_blank).len();
    let begins = |c: char| is_opening(c) || !is_blank(c) && c.is_whitespace();
    let at_start = taken == 0 || text[..taken].ends_with(begins);
    if taken < start && !at_start {
        edit.own(at, taken);
        return end;
    }
    edit.own(at, start);
    let bare = gap.is_empty() && text[..bound].ends_with(is_blank);
    if at_start || bare {
        let next = spans
            .get(last + 1)
            .map_or(text.len(), |next| next.range().start);
        let behind = &text[end..next];
        return next - behind.trim_start_matches(is_blank).len();
    }
    end
}
