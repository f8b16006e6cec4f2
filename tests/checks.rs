//! Everything that `check` refuses, and what it lets pass.

mod scheduling;

use std::sync::Arc;

use candle_mixup::schedule::{
    Basis, Clock, Curve, Cycle, Domain, Features, Law, Moment, Piece, Rows, Schedule, Step, Task,
    TaskKind,
};
use candle_mixup::{Error, Site};
use scheduling::{SITES, TABLE_SITES, checked, features, preset, scheduler, table_task, task};

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

fn with(json: &str) -> Schedule {
    Schedule::from_json(json).expect("good JSON")
}

#[test]
fn check_names_the_rule_that_a_task_cannot_serve() {
    let values = Task {
        kind: TaskKind::Regression,
        class_counts: Vec::new(),
        ..table_task(100, 10)
    };
    let mut flat = table_task(100, 10);
    if let Some(features) = &mut flat.features {
        (features.tokens, features.token_width, features.basis) = (Vec::new(), 0, None);
    }
    let bare = Task {
        features: None,
        image: None,
        ..table_task(100, 10)
    };
    let table = table_task(100, 10);
    for (json, task, words) in [
        (
            r#"{"blend": "columns"}"#,
            &bare,
            ["\"columns\"", "features of a table"],
        ),
        (
            r#"{"blend": "columns", "sites": "hidden"}"#,
            &table,
            ["\"columns\"", "not at hidden1"],
        ),
        (
            r#"{"blend": "feature-mask", "sites": "pooled"}"#,
            &table,
            ["feature-mask", "pooled"],
        ),
        (
            r#"{"blend": "hidden-mask"}"#,
            &table,
            ["hidden-mask", "not at input"],
        ),
        (
            r#"{"blend": "hidden-mask", "sites": "embedding"}"#,
            &flat,
            ["hidden-mask", "features are tokens"],
        ),
        (
            r#"{"blend": "principal"}"#,
            &flat,
            ["principal", "principal directions"],
        ),
        (
            r#"{"blend": "principal", "sites": "embedding"}"#,
            &table,
            ["principal", "at input"],
        ),
        (
            r#"{"partner": {"kernel": {}}}"#,
            &table,
            ["kernel", "has classes"],
        ),
        (
            r#"{"partner": {"class-nearest": {}}}"#,
            &values,
            ["class-nearest", "one class a row"],
        ),
        (
            r#"{"mode": "balance", "partner": "uniform"}"#,
            &values,
            ["the mode \"balance\"", "one class a row"],
        ),
        (
            r#"{"mode": "balance"}"#,
            &table,
            ["balance", "not by \"shuffle\""],
        ),
        (
            r#"{"class_smoothing": {}}"#,
            &values,
            ["class_smoothing", "one class a row"],
        ),
        (
            r#"{"class_smoothing": {}, "smoothing": 0.1}"#,
            &table,
            ["smoothing and class_smoothing", "exclude each other"],
        ),
    ] {
        let error = with(json).check(&TABLE_SITES, task).expect_err(json);
        assert!(matches!(error, Error::Conflict(_)), "{error}");
        let text = error.to_string();
        assert!(
            words.iter().all(|word| text.contains(word)),
            "{json}: {text}"
        );
    }
    with(r#"{"blend": "columns", "sites": "embedding"}"#)
        .check(&TABLE_SITES, &flat)
        .expect("a flat embedding has features");
}

#[test]
fn check_refuses_numbers_of_blends_and_pairings_out_of_range() {
    let values = Task {
        kind: TaskKind::Regression,
        class_counts: Vec::new(),
        ..table_task(100, 10)
    };
    let table = table_task(100, 10);
    for (json, task, words) in [
        (
            r#"{"blend": {"principal": {"share": 0}}}"#,
            &table,
            ["share", "above 0", "0"],
        ),
        (
            r#"{"blend": {"principal": {"share": 1.5}}}"#,
            &table,
            ["share", "[0, 1]", "1.5"],
        ),
        (
            r#"{"blend": {"either": []}}"#,
            &table,
            ["either", "at least one", "none"],
        ),
        (
            r#"{"blend": {"either": ["linear", {"either": ["linear"]}]}}"#,
            &table,
            ["either", "not lists", "linear"],
        ),
        (
            r#"{"partner": {"kernel": {"bandwidth": 0}}}"#,
            &values,
            ["kernel.bandwidth", "positive and finite", "0"],
        ),
        (
            r#"{"partner": {"kernel": {"bandwidth": -2}}}"#,
            &values,
            ["kernel.bandwidth", "positive and finite", "-2"],
        ),
        (
            r#"{"partner": {"blocks": {"k": 0}}}"#,
            &table,
            ["blocks.k", "at least 1", "0"],
        ),
        (
            r#"{"partner": {"class-nearest": {"k": 0}}}"#,
            &table,
            ["class-nearest.k", "at least 1", "0"],
        ),
        (
            r#"{"class_smoothing": {"head": 2}}"#,
            &table,
            ["head", "[0, 1]", "2"],
        ),
        (
            r#"{"class_smoothing": {"shape": {"exp": {"q": 0}}}}"#,
            &table,
            ["q", "positive", "0"],
        ),
    ] {
        let error = with(json).check(&TABLE_SITES, task).expect_err(json);
        assert!(matches!(error, Error::Setting { .. }), "{error}");
        let text = error.to_string();
        assert!(
            words.iter().all(|word| text.contains(word)),
            "{json}: {text}"
        );
    }
}

#[test]
fn check_refuses_impossible_features() {
    let refused = |change: &dyn Fn(&mut Features)| {
        let mut task = table_task(100, 10);
        task.features.iter_mut().for_each(change);
        let error = preset("mixup").check(&TABLE_SITES, &task);
        error.expect_err("impossible features").to_string()
    };
    let basis = |change: &dyn Fn(&mut Basis)| {
        let mut basis = features().basis.expect("a basis").as_ref().clone();
        change(&mut basis);
        refused(&move |f: &mut Features| f.basis = Some(Arc::new(basis.clone())))
    };
    for (text, words) in [
        (
            refused(&|f| f.widths[2] = 0),
            "features.widths must be at least 1",
        ),
        (
            refused(&|f| f.widths.clear()),
            "features must be at least one",
        ),
        (
            refused(&|f| f.information.truncate(2)),
            "features.information must be 6 numbers",
        ),
        (
            refused(&|f| f.information[0] = f64::NAN),
            "features.information must be finite",
        ),
        (
            refused(&|f| f.information[0] = -1.0),
            "features.information must be finite",
        ),
        (
            refused(&|f| f.tokens.truncate(2)),
            "features.tokens must be 6 numbers",
        ),
        (
            refused(&|f| f.tokens[1] = 0),
            "features.tokens must be at least 1",
        ),
        (
            refused(&|f| f.token_width = 0),
            "features.token_width must be at least 1",
        ),
        (basis(&|b| b.cells = 0), "principal directions"),
        (
            basis(&|b| b.directions.truncate(3)),
            "principal directions: expected 4 of 4 cells",
        ),
        (
            basis(&|b| b.directions[1] = f32::NAN),
            "principal direction must be finite",
        ),
        (
            basis(&|b| b.variances[1] = 9.0),
            "principal variance must be",
        ),
        (
            basis(&|b| b.variances[3] = -1.0),
            "principal variance must be",
        ),
        (
            basis(&|b| (b.cells, b.directions) = (16, vec![0.0; 64])),
            "features.basis.cells must be at most the 12 cells",
        ),
    ] {
        assert!(text.contains(words), "{text}");
    }
    let text = Task {
        domain: Domain::Text,
        ..table_task(100, 10)
    };
    let error = preset("mixup").check(&TABLE_SITES, &text);
    assert!(matches!(error, Err(Error::Conflict(_))));
}

#[test]
fn smoothing_by_class_is_resolved_against_the_counts() {
    let json = r#"{"probability": 0, "sites": [], "class_smoothing": {"shape": "linear"}}"#;
    let scheduler = checked(with(json), 100, 10);
    let smoothing = scheduler.class_smoothing().expect("it was asked for");
    let of = |n: f64| 0.1 + 0.3 * (n - 4.0) / 32.0;
    for (epsilon, n) in smoothing.epsilon().iter().zip([4.0, 8.0, 16.0, 36.0]) {
        assert!((epsilon - of(n)).abs() < 1e-15);
    }
    assert!(
        checked(preset("mixup"), 100, 10)
            .class_smoothing()
            .is_none()
    );
}
