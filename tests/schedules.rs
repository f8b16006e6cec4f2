//! Curves, presets, JSON and everything that `check` refuses.

mod scheduling;

use candle_mixup::schedule::{
    Clock, Curve, Cycle, Domain, Law, Moment, Per, Piece, Rows, Schedule, Step, Task, TaskKind,
    presets,
};
use candle_mixup::{Error, Site};
use scheduling::{SITES, checked, scheduler, task};

fn preset(name: &str) -> Schedule {
    Schedule::preset(name).expect("a preset")
}

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
fn off_epoch_begins_with_the_first_step_of_the_epoch() {
    // 1003 steps of 10 are 101 epochs, the last of them short: shares of steps and of epochs differ.
    let schedule = Schedule {
        probability: Curve::off_from_epoch(37),
        weight: Law::Constant(0.5),
        partner: candle_mixup::schedule::Pairing::Flip,
        ..Schedule::default()
    };
    let scheduler = checked(schedule, 1003, 10);
    let mixes = |step| {
        let clock = Clock::at(step, 1003, 10);
        scheduler
            .plan(clock, Rows::new(&[0, 1, 2, 3]))
            .expect("a plan")
            .is_some()
    };
    assert!((0..370).all(mixes));
    assert!(!(370..1003).any(mixes));
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

fn some_curves() -> Vec<Curve> {
    vec![
        Curve::Constant(0.3),
        Curve::linear(0.2, 0.9),
        Curve::linear(1.0, 0.1),
        Curve::cosine(1.0, 0.1),
        Curve::Linear {
            from: 1.0,
            to: 0.0,
            per: Per::Epoch,
        },
        Curve::Steps {
            from: 1.0,
            then: vec![
                Step {
                    at: Moment::Share(0.5),
                    value: 0.1,
                },
                Step {
                    at: Moment::Epoch(80),
                    value: 0.7,
                },
            ],
        },
        Curve::Cycle(Cycle::Epochs {
            start: 3,
            on: 2,
            period: 5,
        }),
        Curve::warm_up(0.05, 0.8),
        Curve::warm_up_then_linear(0.1),
        Curve::Pieces(vec![
            Piece::new(Moment::Share(0.3), Curve::cosine(0.5, 0.25)),
            Piece::new(Moment::Epoch(70), Curve::linear(0.3, 0.6)),
            Piece::new(Moment::Share(1.0), Curve::warm_up(0.5, 0.9)),
        ]),
    ]
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

#[test]
fn probability_and_alpha_are_tossed_once() {
    // A library that passed the same p twice mixed 24.3 % of the rows (kornia).
    for apply in ["batch", "row"] {
        let json = format!(r#"{{"probability": 0.5, "apply": "{apply}", "partner": "flip"}}"#);
        let scheduler = scheduler(&json, 4000);
        let mut mixed = 0;
        for step in 0..4000 {
            let plan = scheduler
                .plan(Clock::at(step, 4000, 10), Rows::new(&[0, 1, 2, 3]))
                .expect("a plan");
            let rows = plan.map_or(0, |p| {
                (0..4)
                    .filter(|&r| p.pairs.own()[r] != p.pairs.partner()[r])
                    .count()
            });
            mixed += rows;
        }
        let share = f64::from(mixed as u32) / 16_000.0;
        assert!(
            (share - 0.5).abs() < 4.0 * (0.25f64 / 4000.0).sqrt(),
            "{apply}: {share}"
        );
    }
}

#[test]
fn alpha_0_on_the_way_is_a_plain_step() {
    let json = r#"{"weight": {"beta": {"steps": {"from": 0, "then": [{"at": {"epoch": 2}, "value": 1}]}}}}"#;
    let scheduler = scheduler(json, 40);
    for step in 0..40 {
        let clock = Clock::at(step, 40, 10);
        let plan = scheduler
            .plan(clock, Rows::new(&[0, 1, 2, 3, 4, 5, 6, 7]))
            .expect("a plan");
        assert_eq!(plan.is_some(), step >= 20);
        assert_eq!(
            scheduler.alpha(clock),
            Some(if step < 20 { 0.0 } else { 1.0 })
        );
    }
}

#[test]
fn every_preset_comes_back_from_its_json() {
    for p in presets() {
        let schedule = preset(p.name);
        assert_eq!(schedule.name, p.name);
        let json = schedule.to_json();
        assert_eq!(
            Schedule::from_json(&json).expect(p.name),
            schedule,
            "{json}"
        );
        assert!(json.lines().count() > 5, "printed for reading");
    }
}

#[test]
fn every_kind_of_value_comes_back_from_its_json() {
    for curve in some_curves() {
        let schedule = Schedule {
            probability: curve.clone(),
            weight: Law::beta_curve(curve),
            seed: Some(u64::MAX),
            ..Schedule::default()
        };
        assert_eq!(
            Schedule::from_json(&schedule.to_json()).expect("own JSON"),
            schedule
        );
    }
    for json in [
        r#"{"sites": ["first", "hidden2", "pooled"], "weight": {"beta": [60, 1.5]}, "fold": true, "grain": "batch"}"#,
        r#"{"sites": "upper-hidden", "weight": {"uniform": [0.2, 0.8]}, "partner": {"nearest": {"k": 3}}}"#,
        r#"{"weight": {"constant": 0.3}, "label": {"remix": {}}, "partner": "class-balanced", "mode": "add-to"}"#,
        r#"{"label": {"mamix": {"omega": -0.5}}, "partner": "same-class", "apply": "row", "blend": "linear"}"#,
        r#"{"label": "own", "weight": {"beta": [{"linear": {"from": 1, "to": 2}}, 3]}, "smoothing": 0.1}"#,
        r#"{"probability": {"cycle": {"share": {"on": 0.1, "period": 0.25}}}}"#,
    ] {
        let schedule = Schedule::from_json(json).expect(json);
        assert_eq!(
            Schedule::from_json(&schedule.to_json()).expect("own JSON"),
            schedule,
            "{json}"
        );
    }
}

#[test]
fn an_empty_object_is_the_default_and_numbers_are_constants() {
    assert_eq!(
        Schedule::from_json("{}").expect("empty"),
        Schedule::default()
    );
    let schedule =
        Schedule::from_json(r#"{"sites":["hidden1"],"weight":{"beta":[2,2]},"probability":1}"#)
            .expect("the brief form");
    assert_eq!(schedule.weight, Law::beta(2.0));
    assert_eq!(schedule.probability, Curve::Constant(1.0));
}

#[test]
fn unknown_fields_are_refused_at_every_level() {
    for (json, field) in [
        (r#"{"probabilty": 0.5}"#, "probabilty"),
        (r#"{"weight": {"beta": 1, "alpha": 2}}"#, ""),
        (r#"{"weight": {"gamma": 1}}"#, "gamma"),
        (r#"{"weight": {"beta": [1, 2, 3]}}"#, ""),
        (
            r#"{"weight": {"beta": {"linear": {"from": 1, "to": 2, "of": 3}}}}"#,
            "of",
        ),
        (
            r#"{"weight": {"beta": {"linear": {"from": 1, "to": 2}, "of": 3}}}"#,
            "",
        ),
        (r#"{"probability": {"linear": {"from": 1}}}"#, "to"),
        (
            r#"{"probability": {"cosine": {"from": 1, "to": 0, "x": 1}}}"#,
            "x",
        ),
        (
            r#"{"probability": {"linear": {"from": 1, "to": 0}, "x": 1}}"#,
            "x",
        ),
        (
            r#"{"probability": {"steps": {"from": 1, "then": [], "x": 1}}}"#,
            "x",
        ),
        (
            r#"{"probability": {"steps": {"from": 1, "then": [{"at": 0.5, "value": 0, "x": 1}]}}}"#,
            "x",
        ),
        (
            r#"{"probability": {"steps": {"from": 1, "then": [{"at": {"epoch": 1, "x": 1}, "value": 0}]}}}"#,
            "x",
        ),
        (
            r#"{"probability": {"cycle": {"epochs": {"on": 1, "period": 2, "x": 1}}}}"#,
            "x",
        ),
        (
            r#"{"probability": {"cycle": {"share": {"on": 0.1, "period": 0.2, "x": 1}}}}"#,
            "x",
        ),
        (
            r#"{"probability": {"pieces": [{"until": 1, "value": 0, "x": 1}]}}"#,
            "x",
        ),
        (
            r#"{"probability": {"pieces": [{"until": {"step": 1}, "value": 0}]}}"#,
            "step",
        ),
        (r#"{"partner": {"nearest": {"k": 1, "x": 1}}}"#, "x"),
        (r#"{"partner": "kernel"}"#, "kernel"),
        (r#"{"label": {"remix": {"kappa": 1, "x": 1}}}"#, "x"),
        (r#"{"label": {"mamix": {"x": 1}}}"#, "x"),
        (r#"{"mode": "add"}"#, "add"),
        (r#"{"sites": ["hidden0"]}"#, "hidden0"),
        (r#"{"sites": ["middle"]}"#, "middle"),
        (r#"{"blend": "box"}"#, "box"),
        (r#"{"seed": -1}"#, "-1"),
        (r#"{"probability": null}"#, "null"),
        (r#"{"#, ""),
    ] {
        let error = Schedule::from_json(json).expect_err(json);
        assert!(matches!(&error, Error::Json { .. }), "{json}: {error}");
        assert!(error.to_string().contains(field), "{json}: {error}");
        assert!(error.is_usage());
    }
}

fn refusal(schedule: Schedule) -> Error {
    schedule
        .check(&SITES, &task(100, 10))
        .expect_err("a bad schedule")
}

#[test]
fn check_refuses_numbers_out_of_range() {
    let weight = |weight| Schedule {
        weight,
        ..Schedule::default()
    };
    let probability = |probability| Schedule {
        probability,
        ..Schedule::default()
    };
    let smoothing = |smoothing| Schedule {
        smoothing,
        ..Schedule::default()
    };
    let with = |json| Schedule::from_json(json).expect("good JSON");
    let nan = f64::NAN;
    for (schedule, parts) in [
        (
            weight(Law::beta(-0.5)),
            ["weight.beta", "at least 0", "-0.5"],
        ),
        (weight(Law::beta(nan)), ["weight.beta", "finite", "NaN"]),
        (
            weight(Law::beta_of(1.0, f64::INFINITY)),
            ["weight.beta", "finite", "inf"],
        ),
        (
            weight(Law::beta_curve(Curve::linear(-1.0, 1.0))),
            ["linear.from", "at least 0", "-1"],
        ),
        (
            weight(Law::Constant(1.5)),
            ["weight.constant", "[0, 1]", "1.5"],
        ),
        (
            weight(Law::Constant(nan)),
            ["weight.constant", "[0, 1]", "NaN"],
        ),
        (
            weight(Law::Uniform(-0.1, 0.5)),
            ["weight.uniform", "[0, 1]", "-0.1"],
        ),
        (
            weight(Law::Uniform(0.0, 1.01)),
            ["weight.uniform", "[0, 1]", "1.01"],
        ),
        (
            weight(Law::Uniform(0.7, 0.3)),
            ["weight.uniform", "below", "[0.7, 0.3]"],
        ),
        (
            probability(Curve::Constant(1.01)),
            ["probability", "[0, 1]", "1.01"],
        ),
        (
            probability(Curve::Constant(-0.1)),
            ["probability", "[0, 1]", "-0.1"],
        ),
        (
            probability(Curve::Constant(nan)),
            ["probability", "[0, 1]", "NaN"],
        ),
        (
            probability(Curve::linear(0.0, 1.5)),
            ["probability.linear.to", "[0, 1]", "1.5"],
        ),
        (
            probability(Curve::cosine(nan, 0.0)),
            ["probability.cosine.from", "[0, 1]", "NaN"],
        ),
        (smoothing(1.0), ["smoothing", "below 1", "1"]),
        (smoothing(-0.1), ["smoothing", "[0, 1]", "-0.1"]),
        (smoothing(nan), ["smoothing", "[0, 1]", "NaN"]),
        (
            with(r#"{"partner": {"nearest": {"k": 0}}}"#),
            ["nearest.k", "at least 1", "0"],
        ),
        (
            with(r#"{"partner": {"nearest": {"p": 2}}}"#),
            ["nearest.p", "[0, 1]", "2"],
        ),
        (
            with(r#"{"label": {"remix": {"tau": 2}}}"#),
            ["remix.tau", "[0, 1]", "2"],
        ),
        (with(r#"{"sites": []}"#), ["sites", "at least one", "none"]),
        (with(r#"{"sites": "input"}"#), ["sites", "text", "input"]),
    ] {
        let error = refusal(schedule);
        assert!(matches!(error, Error::Setting { .. }), "{error}");
        let text = error.to_string();
        assert!(
            parts.iter().all(|part| text.contains(part)),
            "{text}: {parts:?}"
        );
    }
}

#[test]
fn check_refuses_malformed_curves() {
    let pieces = |ends: &[Moment]| {
        Curve::Pieces(
            ends.iter()
                .map(|end| Piece::new(*end, Curve::Constant(1.0)))
                .collect(),
        )
    };
    let share = Moment::Share;
    let cycle = |start, on, period| Curve::Cycle(Cycle::Share { start, on, period });
    let epochs = |on, period| {
        Curve::Cycle(Cycle::Epochs {
            start: 0,
            on,
            period,
        })
    };
    let steps = |ends: &[f64]| Curve::Steps {
        from: 1.0,
        then: ends
            .iter()
            .map(|at| Step {
                at: share(*at),
                value: 0.5,
            })
            .collect(),
    };
    for curve in [
        pieces(&[]),
        pieces(&[share(0.5)]),
        pieces(&[share(0.5), share(0.9)]),
        pieces(&[share(0.5), share(0.5), share(1.0)]),
        pieces(&[share(0.6), share(0.5), share(1.0)]),
        pieces(&[share(0.0), share(1.0)]),
        pieces(&[share(1.0), share(1.0)]),
        pieces(&[share(f64::NAN), share(1.0)]),
        pieces(&[share(0.5), share(f64::NAN)]),
        pieces(&[Moment::Epoch(5), share(0.5), share(1.0)]),
        pieces(&[Moment::Epoch(5), Moment::Epoch(4), share(1.0)]),
        pieces(&[Moment::Epoch(5), Moment::Epoch(10)]),
        steps(&[]),
        steps(&[0.5, 0.5]),
        steps(&[1.0]),
        cycle(0.0, 0.0, 0.1),
        cycle(0.0, 0.2, 0.1),
        cycle(1.0, 0.1, 0.1),
        cycle(-0.1, 0.1, 0.1),
        cycle(0.0, 0.1, f64::NAN),
        cycle(f64::NAN, 0.1, 0.2),
        cycle(0.0, 0.1, 1.5),
        epochs(0, 5),
        epochs(6, 5),
        epochs(0, 0),
        Curve::Pieces(vec![Piece::new(share(1.0), Curve::Constant(7.0))]),
    ] {
        let error = refusal(Schedule {
            probability: curve.clone(),
            ..Schedule::default()
        });
        assert!(matches!(error, Error::Setting { .. }), "{curve:?}: {error}");
    }
    for curve in [
        pieces(&[share(1.0)]),
        pieces(&[Moment::Epoch(4), share(0.5), Moment::Epoch(800), share(1.0)]),
        cycle(0.0, 0.1, 0.1),
        epochs(5, 5),
    ] {
        curve
            .check("probability", 0.0..=1.0, 10)
            .expect("a good curve");
    }
}

#[test]
fn check_names_the_sites_there_are() {
    for (site, sites) in [
        ("hidden4", &SITES[..]),
        ("pooled", &SITES[..1]),
        ("hidden", &[Site::Embedding, Site::Pooled][..]),
        ("upper-hidden", &[Site::Embedding][..]),
        ("first", &[Site::Pooled][..]),
    ] {
        let schedule =
            Schedule::from_json(&format!(r#"{{"sites": "{site}"}}"#)).expect("good JSON");
        let error = schedule.check(sites, &task(100, 10)).expect_err(site);
        assert!(matches!(error, Error::NoSite { .. }), "{error}");
        let text = error.to_string();
        assert!(
            text.contains(site) && sites.iter().all(|s| text.contains(&s.to_string())),
            "{text}"
        );
    }
}

#[test]
fn words_for_sites_fit_the_model() {
    let sites = |choice: &str, blocks: usize, domain| {
        let first = if domain == Domain::Text {
            Site::Embedding
        } else {
            Site::Input
        };
        let hidden = (1..=blocks).map(Site::Hidden);
        let model: Vec<Site> = [first]
            .into_iter()
            .chain(hidden)
            .chain([Site::Pooled])
            .collect();
        let task = Task {
            domain,
            ..task(100, 10)
        };
        let schedule =
            Schedule::from_json(&format!(r#"{{"sites": {choice}}}"#)).expect("good JSON");
        schedule
            .check(&model, &task)
            .expect("a good schedule")
            .sites()
            .to_vec()
    };
    let upper = |blocks| sites(r#""upper-hidden""#, blocks, Domain::Text);
    assert_eq!(upper(1), [Site::Hidden(1)]);
    assert_eq!(upper(3), [Site::Hidden(2), Site::Hidden(3)]);
    assert_eq!(upper(12), (7..=12).map(Site::Hidden).collect::<Vec<_>>());
    assert_eq!(sites(r#""first""#, 2, Domain::Text), [Site::Embedding]);
    assert_eq!(sites(r#""first""#, 2, Domain::Image), [Site::Input]);
    assert_eq!(
        sites(
            r#"["pooled", "hidden1", "hidden", "first"]"#,
            2,
            Domain::Table
        ),
        [Site::Input, Site::Hidden(1), Site::Hidden(2), Site::Pooled],
        "each once, in the model's order"
    );
}

#[test]
fn check_refuses_class_rules_without_classes() {
    for json in [
        r#"{"partner": "same-class"}"#,
        r#"{"partner": "class-balanced"}"#,
        r#"{"label": {"remix": {}}}"#,
        r#"{"label": {"mamix": {}}}"#,
        r#"{"smoothing": 0.1}"#,
    ] {
        let schedule = Schedule::from_json(json).expect("good JSON");
        let regression = Task {
            kind: TaskKind::Regression,
            class_counts: Vec::new(),
            ..task(100, 10)
        };
        let error = schedule.clone().check(&SITES, &regression).expect_err(json);
        assert!(matches!(error, Error::Conflict(_)), "{error}");
        if schedule.smoothing == 0.0 {
            let unknown = Task {
                class_counts: Vec::new(),
                ..task(100, 10)
            };
            assert!(matches!(
                schedule.clone().check(&SITES, &unknown),
                Err(Error::Conflict(_))
            ));
            let many = Task {
                kind: TaskKind::MultiLabel,
                ..task(100, 10)
            };
            assert!(matches!(
                schedule.clone().check(&SITES, &many),
                Err(Error::Conflict(_))
            ));
        }
        schedule
            .check(&SITES, &task(100, 10))
            .expect("fine with classes");
    }
}

#[test]
fn check_refuses_what_never_mixes() {
    let paper = || preset("samplepairing-paper");
    let never = |schedule: Schedule, epochs: u32| {
        matches!(
            schedule.check(&SITES, &task(u64::from(epochs) * 3, epochs)),
            Err(Error::NeverMixes { .. })
        )
    };
    assert!(never(paper(), 50));
    assert!(never(paper(), 100), "the last epoch of 100 is 99");
    assert!(!never(paper(), 101));
    let with = |json| Schedule::from_json(json).expect("good JSON");
    assert!(never(with(r#"{"weight": {"beta": 0}}"#), 10));
    assert!(never(with(r#"{"weight": {"constant": 1}}"#), 10));
    assert!(never(
        with(r#"{"weight": {"constant": 0}, "fold": true}"#),
        10
    ));
    assert!(!never(with(r#"{"weight": {"constant": 0}}"#), 10));
    assert!(never(
        with(r#"{"probability": {"pieces": [{"until": 1, "value": 0}]}}"#),
        10
    ));
    // On in the first half and α in the second.
    let apart = r#"{"probability": {"steps": {"from": 1, "then": [{"at": 0.5, "value": 0}]}},
        "weight": {"beta": {"steps": {"from": 0, "then": [{"at": 0.5, "value": 1}]}}}}"#;
    assert!(never(with(apart), 10));
    let text = paper()
        .check(&SITES, &task(150, 50))
        .expect_err("never")
        .to_string();
    assert!(
        text.contains("samplepairing-paper") && text.contains("50 epochs"),
        "{text}"
    );
}

#[test]
fn switched_off_is_allowed() {
    for name in ["none", "smoothing"] {
        let scheduler = checked(preset(name), 100, 10);
        assert_eq!(
            scheduler.smoothing(),
            if name == "none" { 0.0 } else { 0.1 }
        );
        assert!(scheduler.sites().is_empty());
        let plan = scheduler.plan(Clock::at(5, 100, 10), Rows::new(&[0, 1, 2]));
        assert_eq!(plan.expect("a plan"), None);
        // A model without the first site still trains plainly.
        preset(name)
            .check(&[Site::Hidden(1)], &task(100, 10))
            .expect("off");
    }
    scheduler(r#"{"probability": 0}"#, 100);
}

#[test]
fn check_refuses_an_impossible_run() {
    for broken in [
        Task {
            rows: 0,
            ..task(100, 10)
        },
        task(0, 0),
        task(100, 0),
        task(5, 10),
        Task {
            class_counts: vec![1.0, f64::NAN],
            ..task(100, 10)
        },
    ] {
        let error = preset("mixup")
            .check(&SITES, &broken)
            .expect_err("a bad run");
        assert!(matches!(error, Error::Setting { .. }), "{error}");
    }
    let counted = Task {
        kind: TaskKind::Regression,
        ..task(100, 10)
    };
    assert!(matches!(
        preset("mixup").check(&SITES, &counted),
        Err(Error::Conflict(_))
    ));
}

#[test]
fn preset_names_are_known_refused_or_guessed() {
    for name in [
        "pca",
        "featmix",
        "hiddenmix",
        "cutmix",
        "mixup-cutmix",
        "remix",
        "mamix",
        "cmixup",
        "kmixup",
    ] {
        let error = Schedule::preset(name).expect_err(name);
        assert!(matches!(&error, Error::Conflict(_)), "{error}");
        assert!(error.to_string().contains(name) && error.to_string().contains("tables or images"));
    }
    let error = Schedule::preset("manifodl").expect_err("misspelt");
    assert!(matches!(&error, Error::Unknown { .. }));
    assert!(
        error.to_string().contains("did you mean 'manifold'"),
        "{error}"
    );
}

#[test]
fn a_trace_shows_what_plan_draws() {
    for name in ["mwh", "manifold", "samplepairing", "hidden", "none"] {
        let scheduler = checked(preset(name), 300, 3);
        let trace = scheduler.trace(3, 8);
        assert_eq!(trace.len(), 300);
        for point in &trace {
            let clock = Clock::at(point.step, 300, 3);
            let plan = scheduler
                .plan(clock, Rows::new(&[0, 1, 2, 3, 4, 5, 6, 7]))
                .expect("a plan");
            assert_eq!(
                plan.as_ref().map(|p| p.site),
                point.site,
                "{name} {clock:?}"
            );
            assert_eq!(point.epoch, clock.epoch);
            if let (Some(plan), Some(weight)) = (plan, point.weight) {
                let mean = plan.pairs.weight().iter().sum::<f64>() / 8.0;
                assert!((mean - weight).abs() < 1e-12);
            }
        }
        let shares = scheduler.site_shares(&trace, 8);
        assert_eq!(shares.len(), scheduler.sites().len());
        let mixed = trace.iter().filter(|p| p.mixed > 0.0).count() as f64 / 300.0;
        let realised: f64 = shares.iter().map(|s| s.realised).sum();
        assert!((mixed - realised).abs() < 1e-12);
        for share in shares {
            assert!(
                (share.realised - share.expected).abs() < 0.12,
                "{name}: {share:?}"
            );
        }
    }
}
