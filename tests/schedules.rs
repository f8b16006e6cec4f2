//! Schedules as JSON, presets by name, and what a schedule draws over a run.

mod scheduling;

use candle_mixup::Error;
use candle_mixup::schedule::{Clock, Curve, Domain, Law, Pairing, Rows, Schedule, presets};
use scheduling::{checked, preset, scheduler, some_curves};

#[test]
fn off_epoch_begins_with_the_first_step_of_the_epoch() {
    // 1003 steps of 10 are 101 epochs, the last of them short: shares of steps and of epochs differ.
    let schedule = Schedule {
        probability: Curve::off_from_epoch(37),
        weight: Law::Constant(0.5),
        partner: Pairing::Flip,
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
        r#"{"blend": "columns", "partner": {"kernel": {"bandwidth": 1.75, "exclude_self": true}}}"#,
        r#"{"blend": {"either": ["linear", "feature-mask"]}, "partner": {"kernel": {}}, "mode": "balance"}"#,
        r#"{"blend": {"hidden-mask": {"label": "realised"}}, "partner": {"blocks": {"k": 4}}}"#,
        r#"{"blend": {"principal": {"share": 0.5, "swap": true}}, "partner": {"class-nearest": {}}}"#,
        r#"{"class_smoothing": {"head": 0.3, "shape": {"exp": {"q": 2}}}}"#,
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
            .expect("the short form");
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
        (r#"{"partner": "kernels"}"#, "kernels"),
        (r#"{"partner": {"kernel": {"bandwidth": "wide"}}}"#, "wide"),
        (r#"{"partner": {"kernel": {"x": 1}}}"#, "x"),
        (r#"{"partner": {"blocks": {"x": 1}}}"#, "x"),
        (r#"{"partner": {"class-nearest": {"p": 1}}}"#, "p"),
        (r#"{"blend": {"principal": {"x": 1}}}"#, "x"),
        (r#"{"blend": {"hidden-mask": {"label": "both"}}}"#, "both"),
        (r#"{"blend": {"either": ["linear", "boxes"]}}"#, "boxes"),
        (
            r#"{"blend": {"either": [{"blend": "linear", "x": 1}]}}"#,
            "x",
        ),
        (r#"{"blend": {"box": {"x": 1}}}"#, "x"),
        (r#"{"class_smoothing": {"x": 1}}"#, "x"),
        (r#"{"label": {"remix": {"kappa": 1, "x": 1}}}"#, "x"),
        (r#"{"label": {"mamix": {"x": 1}}}"#, "x"),
        (r#"{"mode": "add"}"#, "add"),
        (r#"{"sites": ["hidden0"]}"#, "hidden0"),
        (r#"{"sites": ["middle"]}"#, "middle"),
        (r#"{"blend": "crop"}"#, "crop"),
        (r#"{"blend": {"span": {"width": 3}}}"#, "width"),
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

#[test]
fn preset_names_are_known_refused_or_guessed() {
    for preset in presets() {
        for domain in [Domain::Text, Domain::Table, Domain::Image] {
            let found = Schedule::preset_for(preset.name, domain);
            assert_eq!(found.is_ok(), preset.domains.contains(&domain));
        }
    }
    for (name, domain, words) in [
        ("cmixup", Domain::Text, "preset 'cmixup' is for tables"),
        (
            "cutmix",
            Domain::Text,
            "preset 'cutmix' is for tables or images",
        ),
        (
            "remix",
            Domain::Text,
            "preset 'remix' is for tables or images",
        ),
    ] {
        let error = Schedule::preset_for(name, domain).expect_err(name);
        assert!(matches!(&error, Error::Conflict(_)), "{error}");
        assert_eq!(error.to_string(), words);
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
