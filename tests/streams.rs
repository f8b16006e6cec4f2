//! Pinned streams: a seed is part of the interface, and a change of these numbers is value-breaking.

mod scheduling;

use candle_mixup::random::{Purpose, Stream};
use candle_mixup::schedule::{Clock, Schedule, presets};
use scheduling::{checked, plan, scheduler};

const BATCH: [u32; 6] = [9, 3, 40, 12, 1, 63];

#[test]
fn every_purpose_has_its_own_pinned_stream() {
    let purposes = [
        Purpose::Apply,
        Purpose::Site,
        Purpose::Weight,
        Purpose::Partner,
        Purpose::Split,
        Purpose::Order,
        Purpose::Init,
        Purpose::Dropout,
        Purpose::Bootstrap,
    ];
    let draws = purposes.map(|purpose| Stream::new(42, purpose, 7).next_u64());
    assert_eq!(draws, []);
}

#[test]
fn helpers_of_the_stream_are_pinned() {
    let mut stream = Stream::keyed(42, Purpose::Partner, 3, 7);
    assert_eq!(stream.unit(), 0.0);
    assert_eq!([(); 6].map(|()| stream.below(1000)), []);
    assert_eq!(stream.permutation(8), []);
}

/// λ of six rows at step 7.
fn weights(weight: &str) -> Vec<f64> {
    let scheduler = scheduler(&format!(r#"{{"weight": {weight}, "partner": "roll"}}"#), 10);
    let plan = plan(&scheduler, Clock::at(7, 10, 10), &BATCH);
    plan.expect("mixed").pairs.weight().to_vec()
}

#[test]
fn every_law_of_lambda_is_pinned() {
    assert_eq!(weights(r#"{"beta": 0.4}"#), []);
    assert_eq!(weights(r#"{"beta": 2}"#), []);
    assert_eq!(weights(r#"{"beta": 1}"#), []);
    assert_eq!(weights(r#"{"beta": [60, 1.5]}"#), []);
    assert_eq!(weights(r#"{"uniform": [0.25, 0.75]}"#), []);
}

/// Partners and loaded rows at step 7.
fn partners(partner: &str) -> (Vec<u32>, Vec<u32>) {
    let scheduler = scheduler(&format!(r#"{{"partner": {partner}}}"#), 10);
    let plan = plan(&scheduler, Clock::at(7, 10, 10), &BATCH).expect("mixed");
    (plan.pairs.partner().to_vec(), plan.loaded)
}

#[test]
fn every_pairing_is_pinned() {
    assert_eq!(partners(r#""shuffle""#), (vec![], vec![]));
    assert_eq!(partners(r#""derange""#), (vec![], vec![]));
    assert_eq!(partners(r#""same-class""#), (vec![], vec![]));
    assert_eq!(partners(r#""uniform""#), (vec![], vec![]));
    assert_eq!(partners(r#""class-balanced""#), (vec![], vec![]));
    assert_eq!(
        partners(r#"{"nearest": {"k": 3, "p": 0.5}}"#),
        (vec![], vec![])
    );
}

#[test]
fn sites_and_tosses_are_pinned() {
    let json = r#"{"sites": ["first", "hidden", "pooled"], "probability": 0.5}"#;
    let trace: String = scheduler(json, 40)
        .trace(10, 8)
        .iter()
        .map(|point| {
            point
                .site
                .map_or('-', |s| s.to_string().pop().expect("a name"))
        })
        .collect();
    assert_eq!(trace, "");
    let scheduler = scheduler(
        r#"{"apply": "row", "probability": 0.5, "partner": "derange"}"#,
        10,
    );
    let plan = plan(&scheduler, Clock::at(7, 10, 10), &BATCH).expect("mixed");
    let rows = plan.pairs.own().iter().zip(plan.pairs.partner());
    assert_eq!(rows.map(|(o, p)| o != p).collect::<Vec<_>>(), []);
}

#[test]
fn resuming_in_the_middle_equals_going_on() {
    for preset in presets() {
        let new = || checked(Schedule::preset(preset.name).expect("a preset"), 300, 3);
        let draw = |scheduler: &candle_mixup::schedule::Scheduler, step| {
            plan(scheduler, Clock::at(step, 300, 3), &BATCH)
        };
        let whole = new();
        let uninterrupted: Vec<_> = (0..300).map(|step| draw(&whole, step)).collect();
        for middle in [1, 137, 299] {
            let fresh = new();
            assert!((middle..300).all(|step| draw(&fresh, step) == uninterrupted[step as usize]));
        }
    }
}

#[test]
fn one_kind_of_draw_does_not_move_another() {
    let plan_of = |json: &str| {
        let plan = plan(&scheduler(json, 10), Clock::at(7, 10, 10), &BATCH).expect("mixed");
        (
            plan.site,
            plan.pairs.partner().to_vec(),
            plan.pairs.weight().to_vec(),
        )
    };
    let (site, partner, weight) = plan_of(r#"{"sites": ["first", "hidden"]}"#);
    let batch = plan_of(r#"{"sites": ["first", "hidden"], "grain": "batch"}"#);
    assert_eq!((batch.0, &batch.1), (site, &partner));
    assert_eq!(batch.2, [weight[0]; 6]);
    let tossed = plan_of(r#"{"sites": ["first", "hidden"], "probability": 0.999}"#);
    assert_eq!(tossed, (site, partner.clone(), weight.clone()));
    let elsewhere = plan_of(r#"{"sites": "pooled"}"#);
    assert_eq!((&elsewhere.1, &elsewhere.2), (&partner, &weight));
    let other_partner = plan_of(r#"{"sites": ["first", "hidden"], "partner": "roll"}"#);
    assert_eq!((other_partner.0, &other_partner.2), (site, &weight));
}
