//! Curves over a run: the published schedules epoch by epoch, boundaries, ranges and joins.

mod scheduling;

use candle_mixup::schedule::{Clock, Curve, Moment, Piece};
use scheduling::{preset, some_curves};

/// Whether each epoch mixes at its first step, of so many epochs with so many steps each.
fn epochs_on(curve: &Curve, epochs: u64, steps_per_epoch: u64) -> Vec<bool> {
    (0..epochs)
        .map(|e| {
            let steps = (0..steps_per_epoch).map(|s| {
                let step = e * steps_per_epoch + s;
                curve.value(Clock::at(step, epochs * steps_per_epoch, steps_per_epoch))
            });
            let values: Vec<f64> = steps.collect();
            assert!(
                values.iter().all(|v| *v == values[0]),
                "epoch {e}: {values:?}"
            );
            values[0] == 1.0
        })
        .collect()
}

fn paper_rule(epoch: usize) -> bool {
    (100..800).contains(&epoch) && (epoch - 100) % 10 < 8
}

#[test]
fn sample_pairing_follows_the_paper_over_1000_epochs() {
    for steps_per_epoch in [1, 3, 7] {
        let on = epochs_on(
            &preset("samplepairing-paper").probability,
            1000,
            steps_per_epoch,
        );
        assert_eq!(on.iter().filter(|on| **on).count(), 560);
        assert!((0..1000).all(|e| on[e] == paper_rule(e)));
        assert!(!on[99] && on[100] && on[107] && !on[108] && !on[109] && on[110]);
        assert!(on[797] && !on[798] && !on[799] && !on[800]);
    }
}

#[test]
fn sample_pairing_keeps_its_shape_at_any_length() {
    for epochs in [10, 50, 100, 150, 1000, 12_345, 100_000] {
        let on = epochs_on(&preset("samplepairing").probability, epochs as u64, 1);
        for (e, on) in on.iter().enumerate() {
            // In exact arithmetic, in thousandths of the run times the number of epochs.
            let at = e * 1000;
            let rule =
                (100 * epochs..800 * epochs).contains(&at) && at % (100 * epochs) < 80 * epochs;
            assert_eq!(*on, rule, "epoch {e} of {epochs}");
        }
    }
    // At 100 epochs a cycle is the paper's: 8 epochs on and 2 off, seven times.
    let on = epochs_on(&preset("samplepairing").probability, 100, 4);
    assert_eq!(on.iter().filter(|on| **on).count(), 56);
    assert!((0..100).all(|e| on[e] == ((10..80).contains(&e) && (e - 10) % 10 < 8)));
}

#[test]
fn a_cycle_written_out_as_pieces_is_the_same_curve() {
    let mut pieces = vec![Piece::new(Moment::Share(0.1), Curve::Constant(0.0))];
    for k in 0..70 {
        let share = |epoch: u32| Moment::Share(f64::from(epoch) / 1000.0);
        pieces.push(Piece::new(share(108 + 10 * k), Curve::Constant(1.0)));
        pieces.push(Piece::new(share(110 + 10 * k), Curve::Constant(0.0)));
    }
    pieces.push(Piece::new(Moment::Share(1.0), Curve::Constant(0.0)));
    let (pieces, paper) = (
        Curve::Pieces(pieces),
        preset("samplepairing-paper").probability,
    );
    pieces
        .check("probability", 0.0..=1.0, 1000)
        .expect("rising");
    for step in 0..3000 {
        let clock = Clock::at(step, 3000, 3);
        assert_eq!(pieces.value(clock), paper.value(clock), "{clock:?}");
    }
}

#[test]
fn without_hesitation_over_100_epochs() {
    let curve = preset("mwh").probability;
    for steps_per_epoch in [1, 4] {
        let epoch = |e: u64, s: u64| {
            curve.value(Clock::at(
                e * steps_per_epoch + s,
                100 * steps_per_epoch,
                steps_per_epoch,
            ))
        };
        let mut sum = 0.0;
        for e in 0..100 {
            let expected = match e {
                0..60 => 1.0,
                60..90 => f64::from(u8::from(e % 2 == 0)),
                _ => (100 - e) as f64 / 10.0,
            };
            for s in 0..steps_per_epoch {
                assert!(
                    (epoch(e, s) - expected).abs() < 1e-12,
                    "epoch {e}: {}",
                    epoch(e, s)
                );
            }
            sum += epoch(e, 0);
        }
        let on = (0..90).filter(|e| epoch(*e, 0) == 1.0).count();
        assert_eq!(on, 75);
        assert!((sum - 80.5).abs() < 1e-9, "{sum}");
    }
}

#[test]
fn share_and_epoch_boundaries_are_the_same_step() {
    for (epoch, epochs, steps_per_epoch) in
        [(3u32, 10u32, 7), (1, 49, 3), (7, 30, 11), (29, 100, 13)]
    {
        let until = |moment| {
            Curve::Pieces(vec![
                Piece::new(moment, Curve::Constant(1.0)),
                Piece::new(Moment::Share(1.0), Curve::Constant(0.0)),
            ])
        };
        let share = until(Moment::Share(f64::from(epoch) / f64::from(epochs)));
        let whole = until(Moment::Epoch(epoch));
        let steps = u64::from(epochs) * steps_per_epoch;
        for step in 0..steps {
            let clock = Clock::at(step, steps, steps_per_epoch);
            let on = f64::from(u8::from(step < u64::from(epoch) * steps_per_epoch));
            assert_eq!(
                (share.value(clock), whole.value(clock)),
                (on, on),
                "{clock:?}"
            );
        }
    }
}

#[test]
fn range_bounds_every_value_and_is_attained() {
    for curve in some_curves() {
        let (low, high) = curve.range();
        let values: Vec<f64> = (0..1000)
            .map(|s| curve.value(Clock::at(s, 1000, 10)))
            .collect();
        assert!(values.iter().all(|v| (low..=high).contains(v)), "{curve:?}");
        let near = |end: f64| values.iter().any(|v| (v - end).abs() <= 0.0101);
        assert!(near(low) && near(high), "{curve:?}: {low} {high}");
    }
}

#[test]
fn a_join_of_one_piece_is_that_piece() {
    for curve in some_curves() {
        let join = Curve::Pieces(vec![Piece::new(Moment::Share(1.0), curve.clone())]);
        for step in 0..1000 {
            let clock = Clock::at(step, 1000, 7);
            assert_eq!(join.value(clock).to_bits(), curve.value(clock).to_bits());
        }
    }
}

#[test]
fn pieces_run_on_their_own_progress() {
    let curve = Curve::Pieces(vec![
        Piece::new(Moment::Share(0.5), Curve::linear(0.0, 1.0)),
        Piece::new(Moment::Share(1.0), Curve::linear(0.0, 1.0)),
    ]);
    let value = |step| curve.value(Clock::at(step, 100, 10));
    assert_eq!(
        [value(0), value(25), value(50), value(75)],
        [0.0, 0.5, 0.0, 0.5]
    );
    assert!((value(49) - 0.98).abs() < 1e-12);
    assert_eq!(
        Curve::linear(0.0, 1.0).value(Clock::at(99, 100, 10)),
        0.99,
        "not 1 at the last step"
    );
}

#[test]
fn warm_up_then_linear_rises_and_falls() {
    let curve = Curve::warm_up_then_linear(0.1);
    let value = |step| curve.value(Clock::at(step, 100, 10));
    assert_eq!([value(0), value(5), value(10)], [0.0, 0.5, 1.0]);
    assert!((value(55) - 0.5).abs() < 1e-15);
    assert_eq!(Curve::warm_up_then_linear(0.0), Curve::linear(1.0, 0.0));
    curve.check("rate", 0.0..=1.0, 10).expect("a good curve");
    assert!(
        Curve::warm_up_then_linear(1.5)
            .check("rate", 0.0..=1.0, 10)
            .is_err()
    );
}
