//! Drawing a plan: partners, what λ becomes, and how much of its target each row keeps.

use super::blender::{Blended, Shares, Stretches, Texts};
use super::clock::Clock;
use super::label::LabelRule;
use super::pairing::{Pairing, Partner, class_mates, class_of, orders};
use super::places::Places;
use super::residue_draw::Changed;
use super::residue_rule::ResidueRule;
use super::scheduler::Scheduler;
use super::settings::Mode;
use super::task::Rows;
use crate::error::{Error, Result};
use crate::pairs::Pairs;
use crate::plan::{Blend, MixPlan, Reordered, Residue, Site};
use crate::random::Purpose;

impl Scheduler {
    /// The plan of the batch, in which the training rows `own` are mixed: the batch's own, or those that are added.
    pub(super) fn plan_of(
        &self,
        clock: Clock,
        rows: Rows<'_>,
        own: &[u32],
    ) -> Result<Option<MixPlan>> {
        let n = own.len();
        let (Some(applied), Some(lambda)) = (self.applied(clock, n), self.weights(clock, n)) else {
            return Ok(None);
        };
        let plain: Vec<bool> = (0..n)
            .map(|r| !applied[r] || self.stays_plain(r, n))
            .collect();
        let mixed = Rows { batch: own, ..rows };
        let chosen = self.partners(clock, mixed)?;
        let site = self.site(clock);
        let lead = match self.schedule().mode {
            Mode::Replace => 0,
            Mode::AddTo | Mode::Balance => rows.batch.len(),
        };
        let drawn = Blended {
            lambda: &lambda,
            plain: &plain,
            lead,
            leaders: &self.leaders(self.schedule().grain, n),
            site,
            features: self.features.as_ref(),
            texts: self.texts(clock, rows, own, &chosen)?,
        };
        let shares = self.shares(clock, &drawn)?;
        let residue = self.residue(clock, rows, own, &applied, lead)?;
        if self.schedule().partner == Pairing::Reordered {
            return self.reordered(clock, rows, site, &plain, &shares, residue);
        }
        let (pairs, loaded) = self.pairs(rows, own, &chosen, &plain, &shares)?;
        // What is added changes the step even where it is not mixed.
        if pairs.is_plain() && self.schedule().mode == Mode::Replace {
            return Ok(residue.map(|residue| MixPlan::of_residue(site, n, residue)));
        }
        if pairs.is_plain() && self.schedule().mode == Mode::AddTo && residue.is_none() {
            return Ok(None);
        }
        Ok(Some(MixPlan {
            site,
            pairs: Pairs::identity(lead).join(&pairs),
            blend: shares.blend,
            residue,
            loaded,
        }))
    }

    /// Every row with itself, loaded once more with its words in another order.
    fn reordered(
        &self,
        clock: Clock,
        rows: Rows<'_>,
        site: Site,
        plain: &[bool],
        shares: &Shares,
        residue: Option<Residue>,
    ) -> Result<Option<MixPlan>> {
        let n = rows.batch.len() as u32;
        let partner = (0..n)
            .zip(plain)
            .map(|(r, plain)| if *plain { r } else { n + r });
        let label = plain.iter().zip(&shares.label).map(|(plain, &label)| {
            let own = *plain || self.schedule().label == LabelRule::Own;
            if own { 1.0 } else { label }
        });
        let pairs = Pairs::new(
            (0..n).collect(),
            partner.collect(),
            shares.weight.clone(),
            label.collect(),
        )?;
        if pairs.is_plain() {
            return Ok(residue.map(|residue| MixPlan::of_residue(site, n as usize, residue)));
        }
        let orders = orders(rows, &mut self.stream(Purpose::Partner, clock))?;
        Ok(Some(MixPlan {
            site,
            pairs,
            blend: Blend::Reordered(Reordered { orders }),
            residue,
            loaded: rows.batch.to_vec(),
        }))
    }

    fn partners(&self, clock: Clock, mixed: Rows<'_>) -> Result<Vec<Partner>> {
        let mut stream = self.stream(Purpose::Partner, clock);
        match (self.schedule().mode, self.schedule().partner) {
            (Mode::Balance, Pairing::SameClass) => class_mates(mixed, &mut stream),
            (_, pairing) => pairing.partners(mixed, self.training_rows, &mut stream),
        }
    }

    fn shares(&self, clock: Clock, rows: &Blended<'_>) -> Result<Shares> {
        let blender = &self.blend(clock).blender;
        blender.draw(rows, |key| self.keyed(blender.purpose(), key, clock))
    }

    /// Where the texts of each mixed row and of its partner stand, if the blend asks for them.
    fn texts<'a>(
        &self,
        clock: Clock,
        rows: Rows<'a>,
        own: &[u32],
        chosen: &[Partner],
    ) -> Result<Vec<Texts<'a>>> {
        if !self.blend(clock).moves_all() {
            return Ok(Vec::new());
        }
        let both = own.iter().zip(chosen).enumerate();
        let texts = both.map(|(r, (&row, partner))| {
            let partner = match *partner {
                Partner::Place(place) if place as usize == r => return Ok(None),
                Partner::Place(place) => own[place as usize],
                Partner::Row(partner) => partner,
            };
            if partner == row {
                return Ok(None);
            }
            Ok(Some((stretches(rows, row)?, stretches(rows, partner)?)))
        });
        texts.collect()
    }

    /// What is done to the rows that the step's toss has taken.
    fn residue(
        &self,
        clock: Clock,
        rows: Rows<'_>,
        own: &[u32],
        applied: &[bool],
        lead: usize,
    ) -> Result<Option<Residue>> {
        let Some(rule) = self.schedule().residue.filter(|rule| !rule.is_zero()) else {
            return Ok(None);
        };
        let asked = own.iter().filter(|_| rule.needs_stretches());
        let texts = asked.map(|&row| stretches(rows, row));
        let changed = Changed {
            lead,
            applied,
            stretches: &texts.collect::<Result<Vec<_>>>()?,
            width: width(rule, rows)?,
        };
        let residue = rule.draw(&changed, |key| self.keyed(Purpose::Residue, key, clock));
        Ok((!residue.is_zero()).then_some(residue))
    }

    /// The mixed rows' pairs, and the training rows to load for them.
    fn pairs(
        &self,
        rows: Rows<'_>,
        own: &[u32],
        chosen: &[Partner],
        plain: &[bool],
        shares: &Shares,
    ) -> Result<(Pairs, Vec<u32>)> {
        let n = own.len();
        let mut places = Places::of(rows.batch);
        let (mut owns, mut partners) = (Vec::with_capacity(n), Vec::with_capacity(n));
        let mut label_weight = Vec::with_capacity(n);
        for r in 0..n {
            let place = match self.schedule().mode {
                Mode::Balance => places.of_row(own[r]),
                Mode::Replace | Mode::AddTo => r as u32,
            };
            owns.push(place);
            if plain[r] {
                partners.push(place);
                label_weight.push(1.0);
                continue;
            }
            let (partner, row) = match chosen[r] {
                Partner::Place(place) => (place, own[place as usize]),
                Partner::Row(row) => (places.of_row(row), row),
            };
            partners.push(partner);
            let weights = (shares.weight[r], shares.label[r]);
            label_weight.push(self.label_weight(weights, rows, own[r], row)?);
        }
        let pairs = Pairs::new(owns, partners, shares.weight.clone(), label_weight)?;
        Ok((pairs, places.loaded))
    }

    /// Whether the pairing leaves this row out: the odd one of halves and mirrors.
    fn stays_plain(&self, r: usize, n: usize) -> bool {
        match self.schedule().partner {
            Pairing::Halves => n % 2 == 1 && r == n - 1,
            Pairing::Flip => n % 2 == 1 && r == n / 2,
            _ => false,
        }
    }

    /// The label weight by the rule, from what the blend says of weight and label.
    fn label_weight(
        &self,
        (weight, label): (f64, f64),
        rows: Rows<'_>,
        own: u32,
        partner: u32,
    ) -> Result<f64> {
        let rule = self.schedule().label;
        match rule {
            LabelRule::Same => Ok(label),
            LabelRule::Own => Ok(1.0),
            _ => Ok(rule.weight(
                weight,
                self.count_of(class_of(rows, own)?)?,
                self.count_of(class_of(rows, partner)?)?,
            )),
        }
    }

    fn count_of(&self, class: u32) -> Result<f64> {
        let count = self.class_counts.get(class as usize).copied();
        count.ok_or_else(|| Error::Shape {
            what: "class counts".into(),
            expected: format!("a count for class {class}"),
            got: format!("{} counts", self.class_counts.len()),
        })
    }
}

impl MixPlan {
    /// A plan that mixes nothing.
    fn of_residue(site: Site, rows: usize, residue: Residue) -> Self {
        Self {
            site,
            pairs: Pairs::identity(rows),
            blend: Blend::Linear,
            residue: Some(residue),
            loaded: Vec::new(),
        }
    }
}

/// Where the texts of a training row stand.
pub(super) fn stretches(rows: Rows<'_>, row: u32) -> Result<Stretches<'_>> {
    let Some(all) = rows.stretches else {
        let problem = "spans and cutoffs need to know where the tokens of the training rows stand";
        return Err(Error::Conflict(problem.into()));
    };
    let of_row = all.get(row as usize);
    of_row.map(Vec::as_slice).ok_or_else(|| Error::Shape {
        what: "stretches of the training rows".into(),
        expected: format!("those of row {row}"),
        got: format!("{} rows", all.len()),
    })
}

/// Numbers of a token, where the rule asks for them.
fn width(rule: ResidueRule, rows: Rows<'_>) -> Result<usize> {
    match rows.token_width {
        Some(width) => Ok(width),
        None if !rule.needs_width() => Ok(0),
        None => {
            let problem = "a cutoff of dimensions needs to know how many a token has";
            Err(Error::Conflict(problem.into()))
        }
    }
}
