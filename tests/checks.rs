//! Everything that `check` refuses, and what it lets pass.

mod scheduling;

use candle_mixup::schedule::{
    Clock, Curve, Cycle, Domain, Law, Moment, Piece, Rows, Schedule, Step, Task, TaskKind,
};
use candle_mixup::{Error, Site};
use scheduling::{SITES, checked, preset, scheduler, task};

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
