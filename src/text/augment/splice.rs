//! Two texts that become one, and the share of it that is the text's own.

use super::desk::{Desk, Drawn, Scene};
use super::unchanged::Unchanged;
use super::units::{Fate, Units};
use crate::random::Stream;
use crate::schedule::share;

/// A run of the text's units replaced by as long a run of the partner's.
pub(super) fn splice(scene: &Scene<'_>, desk: &mut Desk, stream: &mut Stream) -> Drawn {
    let (other, theirs) = scene.partner.ok_or(Unchanged::NoPartner)?;
    let units = scene.units;
    let movable = (0..units.len()).filter(|&i| may_go(units.fate(i))).count();
    if scene.rate == 0.0 {
        return Err(Unchanged::NothingDrawn);
    }
    if movable == 0 {
        return Err(scene.nothing_free());
    }
    let w = share(scene.rate, movable)
        .max(1)
        .min(units.longest_run(may_go));
    if theirs.len() < w {
        return Err(Unchanged::PartnerTooShort);
    }
    let own = start_of(units, w, movable == units.len(), desk, stream);
    let from = stream.below(theirs.len() - w + 1);
    let place = units.spans[own].range().start..units.spans[own + w - 1].range().end;
    desk.edit.own(0, place.start);
    desk.edit.partner(
        theirs.spans[from].range().start,
        theirs.spans[from + w - 1].range().end,
    );
    desk.edit.own(place.end, scene.text.len());
    debug_assert!(theirs.spans[from + w - 1].range().end <= other.len());
    let left = units.words_in(0..own) + units.words_in(own + w..units.len());
    Ok(share_of(left, theirs.words_in(from..from + w)))
}

/// The share of the text's own words, `own` of them beside one or more `brought` ones: always below 1.
fn share_of(own: usize, brought: usize) -> f64 {
    own as f64 / (own + brought) as f64
}

fn may_go(fate: Fate) -> bool {
    fate != Fate::Kept
}

/// Where a run of `w` units begins that may all go, uniform.
fn start_of(units: &Units, w: usize, all: bool, desk: &mut Desk, stream: &mut Stream) -> usize {
    if all {
        return stream.below(units.len() - w + 1);
    }
    desk.candidates.clear();
    units.movable_runs(w, may_go, &mut desk.candidates);
    desk.candidates[stream.below(desk.candidates.len())] as usize
}

/// The partner behind the text, both cut where together they are longer than `max_words`: the longer one first.
pub(super) fn concat(scene: &Scene<'_>, desk: &mut Desk) -> Drawn {
    let (other, theirs) = scene.partner.ok_or(Unchanged::NoPartner)?;
    let units = scene.units;
    if units.len() == 0 {
        return Err(Unchanged::NoWords);
    }
    if theirs.len() == 0 {
        return Err(Unchanged::PartnerTooShort);
    }
    let (all, more) = (
        units.words_in(0..units.len()),
        theirs.words_in(0..theirs.len()),
    );
    let most = scene.settings.max_words.unwrap_or(usize::MAX);
    let least = units.kept_ends().map_or(1, |(_, last)| last + 1);
    let (own, partner) = cut(all, more, most);
    let (own, partner) = (units.within(own), theirs.within(partner));
    if own < least || partner == 0 {
        return Err(Unchanged::Protected);
    }
    desk.edit.own(0, end_of(scene.text, units, own));
    desk.edit.fresh(&scene.settings.separator);
    desk.edit.partner(0, end_of(other, theirs, partner));
    Ok(share_of(
        units.words_in(0..own),
        theirs.words_in(0..partner),
    ))
}

/// How many of `a` and of `b` words are kept where no more than `most` may be: the longer is cut first.
fn cut(a: usize, b: usize, most: usize) -> (usize, usize) {
    if a.saturating_add(b) <= most {
        return (a, b);
    }
    let half = most / 2;
    match (a.min(b) <= half, a <= b) {
        (true, true) => (a, most - a),
        (true, false) => (most - b, b),
        (false, _) => (most - half, half),
    }
}

/// Where the first `n` units of a text end; all of them with what stands behind.
fn end_of(text: &str, units: &Units, n: usize) -> usize {
    if n == units.len() {
        text.len()
    } else {
        units.spans[n - 1].range().end
    }
}
