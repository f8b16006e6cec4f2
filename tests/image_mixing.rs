//! Images under the scheduler: batches and targets as timm and torchvision make them, and what grains, boxes and
//! several blends draw. The reference arrays are written by `tests/data/image_reference.py`.

mod scheduling;

use candle_core::{Device, Tensor};
use candle_mixup::random::{Purpose, Stream};
use candle_mixup::schedule::{BoxRule, Clock, Rows, Schedule, Scheduler};
use candle_mixup::{
    Blend, Boxes, Error, Frame, MixPlan, Pairs, PixelBox, Site, cut_in_place, mix, mix_in_place,
    mix_targets, one_hot, smooth,
};
use scheduling::{IMAGE_SITES, image_task, task};
use serde::Deserialize;

#[derive(Deserialize)]
struct Reference {
    batches: Vec<Batch>,
    bytes: Vec<Bytes>,
}

/// A batch that another library mixed, and what it drew.
#[derive(Deserialize)]
struct Batch {
    name: String,
    dims: [usize; 4],
    mode: String,
    partner: String,
    smoothing: f64,
    corrected: bool,
    lambda: Vec<f64>,
    cutmix: Vec<bool>,
    /// In the order in which they were needed.
    boxes: Vec<[usize; 4]>,
    centre: Option<[usize; 2]>,
    mixed: Vec<f32>,
    targets: Vec<f32>,
}

#[derive(Deserialize)]
struct Bytes {
    dims: [usize; 4],
    lambda: f64,
    mixed: Vec<u8>,
}

fn reference() -> Reference {
    serde_json::from_str(include_str!("data/image_reference.json")).expect("reference arrays")
}

const CLASSES: usize = 3;

fn images(dims: [usize; 4]) -> Vec<f32> {
    let value = |i: usize| ((i * 7919) % 1009) as f32 / 1009.0;
    (0..dims.iter().product()).map(value).collect()
}

/// What each row draws.
struct Row {
    partner: u32,
    lambda: f64,
    /// The box, for CutMix.
    cut: Option<PixelBox>,
}

impl Batch {
    fn rows(&self) -> Vec<Row> {
        let n = self.dims[0];
        let mut boxes = self.boxes.iter().copied().map(PixelBox::from);
        let mut drawn: Vec<(f64, Option<PixelBox>)> = Vec::new();
        for (&lambda, &cut) in self.lambda.iter().zip(&self.cutmix) {
            let cut = cut && lambda != 1.0;
            drawn.push((lambda, cut.then(|| boxes.next().expect("a box"))));
        }
        assert!(boxes.next().is_none(), "{}: every box is used", self.name);
        let drawn = |r: usize| match self.mode.as_str() {
            "batch" => drawn[0],
            "pair" => drawn[r.min(n - 1 - r)],
            _ => drawn[r],
        };
        let partner = |r: usize| match self.partner.as_str() {
            "flip" => n - 1 - r,
            _ => (r + n - 1) % n,
        };
        let row = |r| {
            let (lambda, cut) = drawn(r);
            Row {
                partner: partner(r) as u32,
                lambda,
                cut,
            }
        };
        (0..n).map(row).collect()
    }
}

fn close(got: &[f32], expected: &[f32], what: &str) {
    assert_eq!(got.len(), expected.len(), "{what}");
    for (i, (a, b)) in got.iter().zip(expected).enumerate() {
        assert!((a - b).abs() < 1e-6, "{what}, {i}: {a} and not {b}");
    }
}

fn flat(x: &Tensor) -> Vec<f32> {
    x.flatten_all()
        .and_then(|x| x.to_vec1())
        .expect("f32 numbers")
}

/// The linear rows of a batch and its cut ones are two plans; each gives its own rows.
#[test]
fn batches_and_targets_are_those_of_timm_and_torchvision() {
    let batches = reference().batches;
    assert!(batches.len() >= 15);
    for batch in batches {
        let [n, channels, height, width] = batch.dims;
        let frame = Frame { height, width };
        let rows = batch.rows();
        let of_row = |r: &Row| r.cut.unwrap_or_default();
        let boxes = Boxes::new(frame, rows.iter().map(of_row).collect()).expect("boxes");
        let linear = |r: &Row| r.cut.is_none();
        let both = rows.iter().enumerate().map(|(r, row)| match linear(row) {
            true => (row.lambda, row.lambda),
            false if batch.corrected => (boxes.kept(r), boxes.kept(r)),
            false => (boxes.kept(r), row.lambda),
        });
        let (weight, label): (Vec<f64>, Vec<f64>) = both.unzip();
        let own: Vec<u32> = (0..n as u32).collect();
        let partner: Vec<u32> = rows.iter().map(|r| r.partner).collect();
        let pairs = Pairs::new(own, partner, weight, label).expect("pairs");

        let values = images(batch.dims);
        let x = Tensor::from_slice(&values, batch.dims.to_vec(), &Device::Cpu).expect("images");
        let (mut summed, mut cut) = (values.clone(), values);
        mix_in_place(&mut summed, channels * height * width, &pairs).expect("mixed");
        cut_in_place(&mut cut, channels, &pairs, &boxes).expect("cut");
        assert_eq!(
            flat(&mix(&x, &pairs, &Blend::Linear).expect("mixed")),
            summed
        );
        assert_eq!(
            flat(&mix(&x, &pairs, &Blend::Box(boxes)).expect("cut")),
            cut
        );
        let width = channels * height * width;
        for (r, row) in rows.iter().enumerate() {
            let mixed = if linear(row) { &summed } else { &cut };
            let at = r * width..(r + 1) * width;
            let what = format!("{}, row {r}", batch.name);
            close(&mixed[at.clone()], &batch.mixed[at], &what);
        }

        let classes: Vec<u32> = (0..n as u32).map(|i| i * 2 % CLASSES as u32).collect();
        let targets = one_hot(&classes, CLASSES, &Device::Cpu).expect("targets");
        let mixed = mix_targets(&targets, &pairs).expect("mixed targets");
        let mixed = smooth(&mixed, batch.smoothing).expect("smoothed targets");
        close(&flat(&mixed), &batch.targets, &batch.name);
    }
}

#[test]
fn boxes_stand_where_torchvision_puts_them() {
    let placed = reference().batches.into_iter().filter_map(|b| {
        let centre = b.centre?;
        let frame = Frame {
            height: b.dims[2],
            width: b.dims[3],
        };
        Some((BoxRule::around(b.lambda[0], frame, centre), b.boxes[0]))
    });
    let placed: Vec<_> = placed.collect();
    assert!(placed.len() >= 5);
    for (ours, theirs) in placed {
        assert_eq!(<[usize; 4]>::from(ours), theirs);
    }
}

#[test]
fn bytes_are_rounded_as_timm_rounds_them() {
    for Bytes {
        dims,
        lambda,
        mixed,
    } in reference().bytes
    {
        let (n, width) = (dims[0], dims[1..].iter().product::<usize>());
        let byte = |r: usize, i: usize| ((i * 31 + r * 57) % 256) as u8;
        let mut x: Vec<u8> = (0..n)
            .flat_map(|r| (0..width).map(move |i| byte(r, i)))
            .collect();
        let weight = vec![lambda; n];
        let partner = (0..n as u32).rev().collect();
        let pairs = Pairs::new((0..n as u32).collect(), partner, weight.clone(), weight);
        mix_in_place(&mut x, width, &pairs.expect("pairs")).expect("mixed");
        assert_eq!(x, mixed);
    }
}

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
            for r in 0..7 {
                assert_eq!(paired.pairs.partner()[r] as usize, mate[r]);
                assert_eq!(boxes(&paired).boxes()[r], boxes(&paired).boxes()[mate[r]]);
                assert_eq!(paired.pairs.weight()[r], paired.pairs.weight()[mate[r]]);
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
