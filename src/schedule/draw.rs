//! Drawing a plan: partners, what λ becomes, and how much of its target each row keeps.

use super::blender::{Blended, Shares};
use super::clock::Clock;
use super::label::LabelRule;
use super::pairing::{Pairing, Partner, class_mates, class_of, orders};
use super::places::Places;
use super::scheduler::Scheduler;
use super::settings::Mode;
use super::task::Rows;
use crate::error::{Error, Result};
use crate::pairs::Pairs;
use crate::plan::{Blend, MixPlan, Reordered, Site};
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
        let shares = self.shares(clock, site, &lambda, &plain, lead)?;
        if self.schedule().partner == Pairing::Reordered {
            return self.reordered(clock, rows, site, &plain, &shares);
        }
        let (pairs, loaded) = self.pairs(rows, own, &chosen, &plain, &shares)?;
        // What is added changes the step even where it is not mixed.
        if self.schedule().mode != Mode::Balance && pairs.is_plain() {
            return Ok(None);
        }
        Ok(Some(MixPlan {
            site,
            pairs: Pairs::identity(lead).join(&pairs),
            blend: shares.blend,
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
            return Ok(None);
        }
        let orders = orders(rows, &mut self.stream(Purpose::Partner, clock))?;
        Ok(Some(MixPlan {
            site,
            pairs,
            blend: Blend::Reordered(Reordered { orders }),
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

    fn shares(
        &self,
        clock: Clock,
        site: Site,
        lambda: &[f64],
        plain: &[bool],
        lead: usize,
    ) -> Result<Shares> {
        let rows = Blended {
            lambda,
            plain,
            lead,
            leaders: &self.leaders(self.schedule().grain, lambda.len()),
            site,
            features: self.features.as_ref(),
        };
        let blender = &self.blend(clock).blender;
        blender.draw(&rows, &mut self.stream(blender.purpose(), clock))
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
