//! Images under the scheduler: what grains, boxes and several blends draw.

mod scheduling;

use candle_mixup::random::{Purpose, Stream};
use candle_mixup::schedule::{BoxRule, Clock, Rows, Schedule, Scheduler};
use candle_mixup::{Blend, Boxes, Error, Frame, MixPlan, PixelBox, Site};
use scheduling::{IMAGE_SITES, image_task, task};

const FRAME: Frame = Frame {
    height: 6,
    width: 9,
};

fn checked(json: &str) -> Scheduler {
    let schedule = Schedule::from_json(json).expect("good JSON");
    schedule
        .check(&IMAGE_SITES, &image_task(2000, 200))
        .expect("a good schedule")
}

fn plan(scheduler: &Scheduler, step: u64, n: u32) -> Option<MixPlan> {
    let batch: Vec<u32> = (10..10 + n).collect();
    scheduler
        .plan(Clock::at(step, 2000, 10), Rows::new(&batch))
        .expect("a plan")
}

fn boxes(plan: &MixPlan) -> &Boxes {
    match &plan.blend {
        Blend::Box(boxes) => boxes,
        other => panic!("no boxes: {other:?}"),
    }
}

#[test]
fn weights_are_the_shares_that_boxes_leave() {
    let (corrected, drawn) = (
        checked(r#"{"sites": "input", "blend": "box"}"#),
        checked(r#"{"sites": "input", "blend": {"box": {"corrected": false}}}"#),
    );
    let mut apart = 0;
    for step in 0..200 {
        let Some(plan_of) = plan(&corrected, step, 7) else {
            panic!("mixed at every step");
        };
        assert_eq!(
            (plan_of.site, boxes(&plan_of).frame()),
            (Site::Input, FRAME)
        );
        for (r, &weight) in plan_of.pairs.weight().iter().enumerate() {
            assert_eq!(weight, boxes(&plan_of).kept(r));
        }
        assert_eq!(plan_of.pairs.weight(), plan_of.pairs.label_weight());
        let other = plan(&drawn, step, 7).expect("the same draws");
        assert_eq!(boxes(&plan_of), boxes(&other));
        assert_eq!(plan_of.pairs.weight(), other.pairs.weight());
        // λ leaves at least what a box inside the border would, rounding down, so a label of λ is at most the share.
        let labels = other.pairs.label_weight().iter().zip(other.pairs.weight());
        for (r, (label, kept)) in labels.enumerate() {
            if other.pairs.own()[r] != other.pairs.partner()[r] {
                assert!(label <= kept, "{label} {kept}");
                apart += usize::from(label < kept);
            }
        }
    }
    assert!(apart > 1000, "only {apart} labels differ");
}

#[test]
fn grains_share_lambda_and_box() {
    let scheduler = |grain: &str, partner: &str| {
        checked(&format!(
            r#"{{"sites": "input", "blend": "box", "grain": "{grain}", "partner": "{partner}"}}"#
        ))
    };
    for (partner, mate) in [
        ("flip", [6usize, 5, 4, 3, 2, 1, 0]),
        ("halves", [3, 4, 5, 0, 1, 2, 6]),
    ] {
        let (batch, pair, row) = (
            scheduler("batch", partner),
            scheduler("pair", partner),
            scheduler("row", partner),
        );
        let (mut shared, mut differ) = (0, 0);
        for step in 0..100 {
            let Some(paired) = plan(&pair, step, 7) else {
                continue;
            };
            for (r, &mate) in mate.iter().enumerate() {
                assert_eq!(paired.pairs.partner()[r] as usize, mate);
                assert_eq!(boxes(&paired).boxes()[r], boxes(&paired).boxes()[mate]);
                assert_eq!(paired.pairs.weight()[r], paired.pairs.weight()[mate]);
            }
            shared += usize::from(boxes(&paired).boxes()[0] != boxes(&paired).boxes()[1]);
            if let Some(one) = plan(&batch, step, 7) {
                let mixed = (0..7).filter(|&r| one.pairs.own()[r] != one.pairs.partner()[r]);
                assert!(mixed.clone().count() == 6, "the odd one stays plain");
                let of: Vec<PixelBox> = mixed.map(|r| boxes(&one).boxes()[r]).collect();
                assert!(of.iter().all(|b| *b == of[0]));
            }
            if let Some(own) = plan(&row, step, 7) {
                differ += usize::from(boxes(&own).boxes()[0] != boxes(&own).boxes()[mate[0]]);
            }
        }
        assert!(shared > 80 && differ > 80, "{shared} {differ}");
    }
}

#[test]
fn a_pair_is_mixed_or_left_together() {
    let scheduler = checked(
        r#"{"sites": "input", "partner": "flip", "grain": "pair", "apply": "pair", "probability": 0.5}"#,
    );
    let mut mixed = 0;
    for step in 0..500 {
        let Some(plan) = plan(&scheduler, step, 6) else {
            continue;
        };
        let on = |r: usize| plan.pairs.own()[r] != plan.pairs.partner()[r];
        for r in 0..3 {
            assert_eq!(on(r), on(5 - r));
            mixed += usize::from(on(r));
        }
    }
    // 1,500 tosses: four standard errors are 78.
    assert!((672..=828).contains(&mixed), "{mixed}");
}

#[test]
fn each_batch_draws_one_blend_by_its_share_with_the_law_of_its_own() {
    let scheduler = checked(
        r#"{"sites": "input", "grain": "batch", "blend": {"either": [
            {"blend": "linear", "share": 0.75, "weight": {"constant": 0.25}},
            {"blend": {"box": {"corrected": false}}, "share": 0.25, "weight": {"uniform": [0.4, 0.6]}}
        ]}}"#,
    );
    let (mut linear, mut cut) = (0, 0);
    for step in 0..2000 {
        let plan = plan(&scheduler, step, 8).expect("mixed at every step");
        let mixed = (0..8).filter(|&r| plan.pairs.own()[r] != plan.pairs.partner()[r]);
        let label = mixed.map(|r| plan.pairs.label_weight()[r]).next();
        let label = label.expect("some row is mixed");
        match plan.blend {
            Blend::Linear => {
                linear += 1;
                assert_eq!(label, 0.25);
            }
            _ => {
                cut += 1;
                assert!((0.4..0.6).contains(&label), "{label}");
            }
        }
    }
    // Four standard errors of 2,000 draws are 77.
    assert!((1423..=1577).contains(&linear), "{linear} {cut}");
}

#[test]
fn a_blend_whose_alpha_is_nought_makes_plain_steps() {
    let scheduler = checked(
        r#"{"sites": "input", "blend": {"either": [{"blend": "linear", "weight": {"beta": 0}}, "box"]}}"#,
    );
    let mixed = (0..400).filter(|&step| plan(&scheduler, step, 8).is_some());
    let mixed = mixed.count();
    assert!((160..=240).contains(&mixed), "{mixed}");
    let plain = scheduler.trace(10, 8);
    assert_eq!(
        plain.iter().take(400).filter(|p| p.mixed > 0.0).count(),
        mixed,
        "a trace foresees it"
    );
}

#[test]
fn what_images_cannot_serve_is_refused() {
    let refused = |json: &str, part: &str| {
        let schedule = Schedule::from_json(json).expect("JSON");
        let error = schedule
            .check(&IMAGE_SITES, &image_task(100, 10))
            .expect_err(json);
        assert!(error.to_string().contains(part), "{json}: {error}");
        assert!(error.is_usage());
    };
    refused(
        r#"{"blend": "columns", "sites": "input"}"#,
        "needs the features of a table",
    );
    refused(
        r#"{"blend": "box", "sites": ["input", "hidden1"]}"#,
        "mixes at input, not at hidden1",
    );
    refused(
        r#"{"grain": "pair"}"#,
        r#"the grain "pair" takes partners by flip or halves, not by "shuffle""#,
    );
    refused(r#"{"apply": "pair", "partner": "roll"}"#, "flip or halves");
    refused(
        r#"{"blend": {"either": [{"blend": "box", "share": 0}]}, "sites": "input"}"#,
        "blend.either.share must be above 0",
    );
    refused(
        r#"{"blend": {"either": [{"blend": "box", "weight": {"beta": -1}}]}, "sites": "input"}"#,
        "blend.either.weight.beta",
    );
    refused(
        r#"{"blend": {"either": [{"blend": {"either": ["linear"]}}]}, "sites": "input"}"#,
        "not lists themselves",
    );
    refused(
        r#"{"blend": {"box": {"sides": [0.1, 0.15]}}, "sites": "input"}"#,
        "shares of 6 pixels that leave a side to choose",
    );
    let text = Schedule::from_json(r#"{"blend": "box"}"#).expect("JSON");
    let error = text
        .check(&scheduling::SITES, &task(100, 10))
        .expect_err("texts are no images");
    assert!(error.to_string().contains("needs images"), "{error}");
    let mut odd = task(100, 10);
    odd.image = Some(FRAME);
    let error = Schedule::default().check(&scheduling::SITES, &odd);
    assert!(matches!(error, Err(Error::Conflict(_))));
}

#[test]
fn boxes_have_a_stream_of_their_own() {
    let with = |blend: &str| {
        let json = format!(r#"{{"sites": "input", "blend": "{blend}", "grain": "batch"}}"#);
        let plan = plan(&checked(&json), 3, 5).expect("a plan");
        (plan.pairs.partner().to_vec(), plan)
    };
    let ((linear, summed), (cut, boxed)) = (with("linear"), with("box"));
    assert_eq!(linear, cut, "who is mixed with whom does not depend on how");
    let lambda = summed.pairs.weight()[0];
    let mut stream = Stream::new(42, Purpose::Box, 3);
    let side = |extent: usize| (extent as f64 * (1.0 - lambda).sqrt()).floor() as usize;
    assert!(side(6) > 0);
    let centre = [stream.below(6), stream.below(9)];
    let mixed = (0..5).find(|&r| boxed.pairs.partner()[r] != r as u32);
    assert_eq!(
        boxes(&boxed).boxes()[mixed.expect("a mixed row")],
        BoxRule::around(lambda, FRAME, centre)
    );
}
