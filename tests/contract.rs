//! What holds for every preset, whatever it does.

mod scheduling;

use candle_mixup::schedule::{
    Clock, Domain, LabelRule, Mode, Pairing, Rows, Schedule, Scheduler, Task, presets,
};
use candle_mixup::{Error, MixPlan, Site};
use scheduling::{SITES, checked, classes, neighbours, plan, run_for, task};

/// Long enough for the paper's epochs: 1,000 of one step each.
const STEPS: u64 = 1000;
const BATCH: [u32; 9] = [9, 3, 40, 12, 1, 63, 22, 30, 17];

/// Every preset, and a few schedules that reach what no preset does.
fn schedules() -> Vec<Schedule> {
    let written = [
        r#"{"name": "outside", "partner": "uniform", "label": {"remix": {}}, "grain": "batch"}"#,
        r#"{"name": "balanced", "partner": "class-balanced", "weight": {"beta": [1, 3]}, "mode": "add-to"}"#,
        r#"{"name": "near", "partner": {"nearest": {}}, "weight": {"beta": [60, 1.5]}, "fold": true}"#,
        r#"{"name": "swapped", "sites": "input", "blend": {"principal": {"share": 0.99, "swap": true}}}"#,
        r#"{"name": "added masks", "sites": "embedding", "blend": {"hidden-mask": {"label": "realised"}}, "mode": "add-to"}"#,
        r#"{"name": "some added", "mode": "balance", "partner": "same-class", "apply": "row", "probability": 0.5}"#,
        r#"{"name": "balanced masks", "sites": "input", "blend": "columns", "mode": "balance", "partner": "uniform", "label": {"mamix": {}}}"#,
        r#"{"name": "near", "sites": "input", "partner": {"kernel": {"bandwidth": 0.5, "exclude_self": true}}}"#,
        r#"{"name": "boxes added", "sites": "input", "blend": {"box": {"corrected": false, "margin": 0.2}}, "mode": "add-to", "partner": "uniform"}"#,
        r#"{"name": "pairs of boxes", "sites": "input", "blend": "box", "partner": "flip", "grain": "pair", "apply": "pair", "probability": 0.7}"#,
        r#"{"name": "sides", "sites": "input", "blend": {"box": {"sides": [0.2, 0.8]}}, "partner": "halves", "grain": "batch", "label": {"remix": {}}}"#,
        r#"{"name": "timm", "sites": "input", "blend": {"either": [{"blend": "linear", "weight": {"beta": 0.8}}, {"blend": "box", "share": 2}]}}"#,
        r#"{"name": "rows", "apply": "row", "probability": 0.4, "label": {"mamix": {}}, "sites": "hidden"}"#,
    ];
    let presets = presets().iter().map(|p| small(p.name));
    let for_images = ["cutmix", "mixup-cutmix"]
        .map(|name| Schedule::preset_for(name, Domain::Image).expect("a preset for images"));
    presets
        .chain(for_images)
        .chain(
            written
                .iter()
                .map(|json| Schedule::from_json(json).expect("good JSON")),
        )
        .collect()
}

/// A preset, with blocks that a batch of nine rows is larger than.
fn small(name: &str) -> Schedule {
    let mut schedule = Schedule::preset(name).expect("a preset");
    if let Pairing::Blocks { k } = &mut schedule.partner {
        *k = 2;
    }
    schedule
}

fn clock(step: u64) -> Clock {
    Clock::at(step, STEPS, 1)
}

fn plans(scheduler: &Scheduler) -> Vec<Option<MixPlan>> {
    (0..STEPS)
        .map(|step| plan(scheduler, clock(step), &BATCH))
        .collect()
}

fn mixed(schedule: &Schedule) -> Vec<MixPlan> {
    plans(&checked(schedule.clone(), STEPS, 1))
        .into_iter()
        .flatten()
        .collect()
}

#[test]
fn the_same_seed_repeats_and_another_differs() {
    for schedule in schedules() {
        let with = |seed| {
            let (sites, task) = run_for(&schedule, STEPS, STEPS as u32);
            let task = Task { seed, ..task };
            plans(&schedule.clone().check(&sites, &task).expect("good"))
        };
        assert_eq!(with(1), with(1), "{}", schedule.name);
        assert!(schedule.is_off() || with(1) != with(2), "{}", schedule.name);
        let own = Schedule {
            seed: Some(1),
            ..schedule.clone()
        };
        assert_eq!(
            plans(&checked(own, STEPS, 1)),
            with(1),
            "a schedule's own seed goes first"
        );
    }
}

#[test]
fn any_thread_and_any_order_draw_the_same() {
    for schedule in schedules() {
        let scheduler = checked(schedule, STEPS, 1);
        let forward = plans(&scheduler);
        let backward: Vec<_> = std::thread::scope(|scope| {
            let step = |step| plan(&scheduler, clock(step), &BATCH);
            let thread = scope.spawn(move || (0..STEPS).rev().map(step).collect());
            thread.join().expect("no panic")
        });
        assert!(forward.iter().eq(backward.iter().rev()));
    }
}

#[test]
fn every_plan_can_be_carried_out() {
    for schedule in schedules() {
        let plans = mixed(&schedule);
        assert_eq!(plans.is_empty(), schedule.is_off(), "{}", schedule.name);
        let sites = checked(schedule.clone(), STEPS, 1).sites().to_vec();
        for plan in plans {
            let n = BATCH.len();
            let (rows, m) = (n + plan.loaded.len(), plan.pairs.len());
            plan.pairs.check_rows(rows).expect("rows in range");
            let balances = schedule.mode == Mode::Balance;
            assert!(
                balances || plan.pairs.own().iter().all(|o| (*o as usize) < n),
                "loaded rows are partners only"
            );
            for row in n as u32..rows as u32 {
                let named = plan.pairs.partner().contains(&row) || plan.pairs.own().contains(&row);
                assert!(named, "no row is loaded in vain");
            }
            assert!(
                plan.loaded
                    .iter()
                    .all(|row| (*row as usize) < scheduling::ROWS)
            );
            let weights = plan.pairs.weight().iter().chain(plan.pairs.label_weight());
            assert!(weights.into_iter().all(|w| (0.0..=1.0).contains(w)));
            assert!(
                sites.contains(&plan.site)
                    && (balances || plan.residue.is_some() || !plan.pairs.is_plain())
            );
            let expected = match schedule.mode {
                Mode::Replace => n,
                Mode::AddTo => 2 * n,
                Mode::Balance => balanced_rows(),
            };
            assert_eq!(m, expected, "{}", schedule.name);
            let kept = if balances { n } else { m };
            let own = (0..kept).map(|r| (r % n) as u32);
            assert!(
                own.eq(plan.pairs.own()[..kept].iter().copied()),
                "each row is there, in its place"
            );
            if schedule.mode != Mode::Replace {
                let first = |column: &[f64]| column[..n].iter().all(|w| *w == 1.0);
                assert!(first(plan.pairs.weight()) && first(plan.pairs.label_weight()));
                assert_eq!(plan.pairs.partner()[..n], plan.pairs.own()[..n]);
            }
        }
    }
}

/// Four classes, each as often as the most frequent one of the batch.
fn balanced_rows() -> usize {
    let classes = classes();
    let count = |class: u32| {
        BATCH
            .iter()
            .filter(|r| classes[**r as usize] == class)
            .count()
    };
    4 * (0..4).map(count).max().expect("four classes")
}

#[test]
fn a_plan_saved_as_json_is_the_plan() {
    for schedule in schedules() {
        for plan in mixed(&schedule).into_iter().take(20) {
            let json = serde_json::to_string(&plan).expect("plain data");
            assert_eq!(
                serde_json::from_str::<MixPlan>(&json).expect("own JSON"),
                plan
            );
        }
    }
}

#[test]
fn labels_follow_their_rule() {
    let (classes, counts) = (classes(), task(1, 1).class_counts);
    // Where a mask or a box has the say of the label, its own tests look at it.
    let linear = |s: &Schedule| !s.blend.needs_features() && !s.blend.needs_images();
    let by_rule = |s: &Schedule| s.label != LabelRule::Same || linear(s);
    for schedule in schedules().into_iter().filter(by_rule) {
        let lead = if schedule.mode == Mode::Balance {
            BATCH.len()
        } else {
            0
        };
        for plan in mixed(&schedule).into_iter().take(100) {
            let row = |i: u32| {
                let i = i as usize;
                BATCH
                    .get(i)
                    .copied()
                    .unwrap_or_else(|| plan.loaded[i - BATCH.len()])
            };
            let count = |i: u32| counts[classes[row(i) as usize] as usize];
            for r in lead..plan.pairs.len() {
                let (o, p) = (plan.pairs.own()[r], plan.pairs.partner()[r]);
                let (w, l) = (plan.pairs.weight()[r], plan.pairs.label_weight()[r]);
                let expected = match schedule.label {
                    // A row of weight 1 that is its own partner was not mixed, and keeps its label in any case.
                    _ if o == p && w == 1.0 => l,
                    rule => rule.weight(w, count(o), count(p)),
                };
                assert_eq!(l, expected, "{}", schedule.name);
            }
        }
    }
}

#[test]
fn presets_are_what_their_table_says() {
    let preset = |name| {
        let schedule = Schedule::preset(name).expect("a preset");
        let scheduler = checked(schedule.clone(), STEPS, 1);
        let (first, sites) = (scheduler.alpha(clock(0)), scheduler.sites().to_vec());
        (schedule, first, sites)
    };
    let hidden = [Site::Hidden(1), Site::Hidden(2), Site::Hidden(3)];
    for (name, alpha, sites) in [
        ("mixup", Some(0.4), &[Site::Embedding][..]),
        ("uniform", None, &[Site::Embedding]),
        ("samplepairing", None, &[Site::Embedding]),
        ("samplepairing-paper", None, &[Site::Embedding]),
        ("sentence", None, &[Site::Pooled]),
        ("tmix", Some(16.0), &hidden[1..]),
        ("manifold", Some(2.0), &SITES[..4]),
        ("regmixup", Some(10.0), &[Site::Embedding]),
        ("mwh", Some(0.5), &[Site::Embedding]),
        ("hidden", Some(2.0), &hidden),
    ] {
        let (schedule, first, found) = preset(name);
        assert_eq!((first, &found[..]), (alpha, sites), "{name}");
        assert_eq!(schedule.fold, name == "tmix");
        assert_eq!(schedule.mode == Mode::AddTo, name == "regmixup");
        assert_eq!(
            (schedule.partner, schedule.smoothing),
            (Pairing::Shuffle, 0.0)
        );
    }
    for plan in mixed(&preset("samplepairing").0) {
        assert!(plan.pairs.weight().iter().all(|w| *w == 0.5));
        assert!(plan.pairs.label_weight().iter().all(|w| *w == 1.0));
    }
    for plan in mixed(&preset("tmix").0) {
        assert!(plan.pairs.weight().iter().all(|w| *w >= 0.5));
    }
    assert_eq!(presets().len(), 36);
}

#[test]
fn one_or_two_rows_work() {
    for schedule in schedules() {
        let scheduler = checked(schedule.clone(), STEPS, 1);
        for step in 0..STEPS {
            assert_eq!(plan(&scheduler, clock(step), &[]), None);
            let one = plan(&scheduler, clock(step), &[7]);
            assert!(
                one.is_none()
                    || schedule.mode == Mode::AddTo && schedule.partner.leaves_batch()
                    || schedule.mode == Mode::Balance
                    || schedule.has_residue()
                    || schedule.partner == Pairing::Reordered
            );
            if let Some(plan) = plan(&scheduler, clock(step), &[7, 9]) {
                plan.pairs
                    .check_rows(2 + plan.loaded.len())
                    .expect("rows in range");
            }
        }
    }
}

#[test]
fn a_row_twice_in_the_batch_is_found_at_its_first_place() {
    let schedule =
        Schedule::from_json(r#"{"partner": {"nearest": {"k": 1, "p": 1}}}"#).expect("good JSON");
    let scheduler = checked(schedule, 10, 1);
    // The neighbour of row r is row r + 1: rows 6 and 8 lie outside.
    let plan = plan(&scheduler, Clock::at(0, 10, 1), &[4, 5, 5, 7]).expect("mixed");
    assert_eq!(plan.loaded, [6, 8]);
    assert_eq!(plan.pairs.partner(), [1, 4, 4, 5]);
}

#[test]
fn what_a_schedule_needs_and_does_not_get_is_an_error() {
    let (classes, neighbours) = (classes(), neighbours());
    for (json, class, near) in [
        (r#"{"partner": "same-class"}"#, None, None),
        (r#"{"partner": "class-balanced"}"#, None, None),
        (r#"{"label": {"remix": {}}}"#, None, None),
        (
            r#"{"partner": {"nearest": {"p": 1}}}"#,
            Some(&classes[..]),
            None,
        ),
        (
            r#"{"partner": {"class-nearest": {}}}"#,
            Some(&classes[..]),
            None,
        ),
        (
            r#"{"partner": {"class-nearest": {}}}"#,
            None,
            Some(&neighbours[..]),
        ),
        (
            r#"{"sites": "input", "partner": {"kernel": {}}}"#,
            None,
            None,
        ),
        (
            r#"{"sites": "input", "partner": {"blocks": {"k": 2}}}"#,
            None,
            None,
        ),
        (r#"{"mode": "balance", "partner": "uniform"}"#, None, None),
    ] {
        let scheduler = checked(Schedule::from_json(json).expect("good JSON"), STEPS, 1);
        let rows = Rows {
            classes: class,
            neighbours: near,
            ..Rows::new(&BATCH)
        };
        let error = scheduler.plan(clock(0), rows).expect_err(json);
        assert!(matches!(error, Error::Conflict(_)), "{error}");
    }
    let plan = |json, classes, neighbours| {
        let scheduler = checked(Schedule::from_json(json).expect("good JSON"), STEPS, 1);
        scheduler.plan(
            clock(0),
            Rows {
                classes,
                neighbours,
                ..Rows::new(&BATCH)
            },
        )
    };
    let short = plan(r#"{"partner": "same-class"}"#, Some(&classes[..20]), None);
    assert!(
        matches!(short, Err(Error::Shape { .. })),
        "row 63 has no class"
    );
    let strange = vec![9; 64];
    let strange = plan(r#"{"label": {"mamix": {}}}"#, Some(&strange), None);
    assert!(
        matches!(strange, Err(Error::Shape { .. })),
        "class 9 has no count"
    );
    let many = plan(
        r#"{"partner": {"nearest": {"k": 6, "p": 1}}}"#,
        None,
        Some(&neighbours),
    );
    assert!(
        matches!(many, Err(Error::Setting { .. })),
        "five neighbours are known"
    );
}

#[test]
fn a_row_is_never_its_own_neighbour() {
    let schedule = Schedule::from_json(r#"{"partner": {"nearest": {"k": 1, "p": 1}}}"#);
    let scheduler = checked(schedule.expect("good JSON"), 10, 1);
    // Equal rows may put a row first in its own list.
    let neighbours = vec![vec![0, 1], vec![1, 0]];
    let rows = Rows {
        neighbours: Some(&neighbours),
        ..Rows::new(&[0, 1])
    };
    let plan = scheduler.plan(Clock::at(0, 10, 1), rows).expect("a plan");
    assert_eq!(plan.expect("mixed").pairs.partner(), [1, 0]);
}
