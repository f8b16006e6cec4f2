//! What the schedule tests share: a text task, a model's sites, and schedules checked against them.
#![allow(dead_code)] // every test file is a program of its own and uses a part of this

#[path = "../common/pvalues.rs"]
pub mod pvalues;

use candle_mixup::schedule::{
    Clock, Curve, Cycle, Domain, Moment, Per, Piece, Rows, Schedule, Scheduler, Step, Task,
    TaskKind,
};
use candle_mixup::{MixPlan, Site};

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

/// The same from a schedule.
pub fn checked(schedule: Schedule, steps: u64, steps_per_epoch: u64) -> Scheduler {
    let task = task(steps, steps.div_ceil(steps_per_epoch) as u32);
    schedule.check(&SITES, &task).expect("a good schedule")
}

/// The plan of a step for the batch, with classes and neighbours known.
pub fn plan(scheduler: &Scheduler, clock: Clock, batch: &[u32]) -> Option<MixPlan> {
    let (classes, neighbours) = (classes(), neighbours());
    let rows = Rows {
        batch,
        classes: Some(&classes),
        neighbours: Some(&neighbours),
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
