//! What the schedule tests share: a text task and a table task, models' sites, and schedules checked against them.
#![allow(dead_code)] // every test file is a program of its own and uses a part of this

#[path = "../common/pvalues.rs"]
pub mod pvalues;

use std::ops::Range;
use std::sync::Arc;

use candle_mixup::schedule::{
    Basis, Clock, Curve, Cycle, Domain, Features, Moment, Pairing, Per, Piece, Points, Rows,
    Schedule, Scheduler, SiteChoice, Step, Task, TaskKind,
};
use candle_mixup::{Frame, MixPlan, Site};

/// Rows of the training set.
pub const ROWS: usize = 64;

/// The sites of an encoder of three blocks.
pub const SITES: [Site; 5] = [
    Site::Embedding,
    Site::Hidden(1),
    Site::Hidden(2),
    Site::Hidden(3),
    Site::Pooled,
];

/// A text task of 64 rows in four classes of 4, 8, 16 and 36 rows.
pub fn task(steps: u64, epochs: u32) -> Task {
    Task {
        domain: Domain::Text,
        kind: TaskKind::SingleLabel,
        class_counts: vec![4.0, 8.0, 16.0, 36.0],
        rows: ROWS,
        steps,
        epochs,
        seed: 42,
        features: None,
        image: None,
    }
}

/// The class of each training row.
pub fn classes() -> Vec<u32> {
    let of = |class, rows| std::iter::repeat_n(class, rows);
    of(0, 4)
        .chain(of(1, 8))
        .chain(of(2, 16))
        .chain(of(3, 36))
        .collect()
}

/// The five rows next in number, for each training row.
pub fn neighbours() -> Vec<Vec<u32>> {
    let n = ROWS as u32;
    (0..n)
        .map(|r| (1..=5).map(|d| (r + d) % n).collect())
        .collect()
}

/// A schedule of so many steps, ten to an epoch, checked.
pub fn scheduler(json: &str, steps: u64) -> Scheduler {
    checked(Schedule::from_json(json).expect("good JSON"), steps, 10)
}

/// The same from a schedule: for a table where it needs one, for texts otherwise.
pub fn checked(schedule: Schedule, steps: u64, steps_per_epoch: u64) -> Scheduler {
    let epochs = steps.div_ceil(steps_per_epoch) as u32;
    let (sites, task) = run_for(&schedule, steps, epochs);
    schedule.check(&sites, &task).expect("a good schedule")
}

/// The sites of a transformer of three blocks for tables.
pub const TABLE_SITES: [Site; 6] = [
    Site::Input,
    Site::Embedding,
    Site::Hidden(1),
    Site::Hidden(2),
    Site::Hidden(3),
    Site::Pooled,
];

/// Cells of a row at the embedding of the table; at the input the features have half as many.
pub const CELLS: usize = 24;

/// Four numbers and two categories of four cells each, a token of four cells for each; the second feature says nothing.
pub fn features() -> Features {
    // A rotation in the first two cells and one in the last two: orthonormal rows.
    let directions = vec![
        0.6, 0.8, 0.0, 0.0, 0.0, 0.0, 0.8, -0.6, -0.8, 0.6, 0.0, 0.0, 0.0, 0.0, 0.6, 0.8,
    ];
    Features {
        widths: vec![1, 1, 1, 1, 4, 4],
        tokens: vec![1; 6],
        token_width: 4,
        information: vec![0.4, 0.0, 0.1, 0.2, 0.25, 0.05],
        basis: Some(Arc::new(Basis {
            cells: 4,
            directions,
            variances: vec![8.0, 1.0, 0.75, 0.25],
        })),
    }
}

/// The same rows as those of a table.
pub fn table_task(steps: u64, epochs: u32) -> Task {
    Task {
        domain: Domain::Table,
        features: Some(features()),
        image: None,
        ..task(steps, epochs)
    }
}

/// The same rows as those of a set of images, 6 pixels high and 9 wide.
pub fn image_task(steps: u64, epochs: u32) -> Task {
    Task {
        domain: Domain::Image,
        image: Some(Frame {
            height: 6,
            width: 9,
        }),
        ..task(steps, epochs)
    }
}

/// The sites of a model of images.
pub const IMAGE_SITES: [Site; 4] = [Site::Input, Site::Hidden(1), Site::Hidden(2), Site::Pooled];

/// The sites and the task that a schedule asks for.
pub fn run_for(schedule: &Schedule, steps: u64, epochs: u32) -> (Vec<Site>, Task) {
    if schedule.blend.needs_images() {
        return (IMAGE_SITES.to_vec(), image_task(steps, epochs));
    }
    let table = schedule.blend.needs_features()
        || schedule.sites.contains(&SiteChoice::At(Site::Input))
        || matches!(
            schedule.partner,
            Pairing::Kernel { .. } | Pairing::Blocks { .. }
        );
    if !table {
        let mut task = task(steps, epochs);
        if schedule.partner == Pairing::Reordered {
            task.kind = TaskKind::Tags;
        }
        return (SITES.to_vec(), task);
    }
    let mut task = table_task(steps, epochs);
    if matches!(schedule.partner, Pairing::Kernel { .. }) {
        task.kind = TaskKind::Regression;
        task.class_counts.clear();
    }
    (TABLE_SITES.to_vec(), task)
}

/// The target of each training row, in groups far apart.
pub fn targets() -> Vec<f32> {
    let target = |r: usize| (r % 8) as f32 + 0.01 * r as f32;
    (0..ROWS).map(target).collect()
}

/// Where each training row lies in the plane.
pub fn points() -> Vec<f32> {
    let point = |r: usize| [(r * 37 % 64) as f32, (r * r * 29 % 61) as f32];
    (0..ROWS).flat_map(point).collect()
}

/// Where the tokens of each training row's text stand: 3 to 22 of them behind a special one.
pub fn stretches() -> Vec<Vec<Range<usize>>> {
    let text = |r: usize| std::iter::once(1..4 + r * 7 % 20).collect();
    (0..ROWS).map(text).collect()
}

/// Numbers of a token at the embedding.
pub const TOKEN_WIDTH: usize = 12;

/// The words of each training row.
pub fn words() -> Vec<u32> {
    (0..ROWS).map(|r| 3 + (r % 5) as u32).collect()
}

/// The plan of a step for the batch, with all known of the training rows that a schedule may ask for.
pub fn plan(scheduler: &Scheduler, clock: Clock, batch: &[u32]) -> Option<MixPlan> {
    let (classes, neighbours, points) = (classes(), neighbours(), points());
    let stretches = stretches();
    let targets = scheduler.kernel_index(&targets(), 1).expect("an index");
    let rows = Rows {
        classes: Some(&classes),
        neighbours: Some(&neighbours),
        targets: targets.as_ref(),
        points: Some(Points {
            values: &points,
            width: 2,
        }),
        stretches: Some(&stretches),
        token_width: Some(TOKEN_WIDTH),
        words: Some(&words()),
        ..Rows::new(batch)
    };
    scheduler.plan(clock, rows).expect("a plan")
}

/// A preset that there is.
pub fn preset(name: &str) -> Schedule {
    Schedule::preset(name).expect("a preset")
}

/// A curve of each kind, with values in [0, 1].
pub fn some_curves() -> Vec<Curve> {
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
