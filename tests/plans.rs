//! Saved plans: whatever the blend, and when a run is taken up.

use std::path::Path;
use std::sync::Arc;

use candle_mixup::schedule::{Basis, Schedule};
use candle_mixup::train::{Length, PlanHeader, PlanLog, Plans, TrainSettings};
use candle_mixup::{
    Blend, Boxes, ColumnMask, Cutoff, Error, Frame, MixPlan, Pairs, PixelBox, Principal, Residue,
    Result, Site, Span, Spans,
};

/// Nine steps of four rows.
fn settings() -> TrainSettings {
    TrainSettings {
        length: Length::Steps(9),
        batch: 4,
        seed: 7,
        ..TrainSettings::default()
    }
}

fn header() -> PlanHeader {
    PlanHeader::new(&Schedule::default(), &settings(), 40)
}

/// Weights that decimal digits do not tell exactly.
fn plan(step: u64) -> Option<MixPlan> {
    let weight = vec![1.0 / (step + 3) as f64, 0.1 + 0.2];
    let pairs = Pairs::new(vec![0, 1], vec![1, 0], weight.clone(), weight).expect("in range");
    let cut = Boxes::new(
        Frame {
            height: 4,
            width: 5,
        },
        vec![PixelBox::from([0, 1, 2, 3]); 2],
    );
    (!step.is_multiple_of(3)).then(|| MixPlan {
        site: match step % 5 {
            4 => Site::Embedding,
            _ => Site::Hidden(2),
        },
        pairs,
        blend: match step % 5 {
            0 => Blend::Linear,
            4 => Blend::Span(spans()),
            1 => Blend::Box(cut.expect("inside")),
            2 => Blend::Columns(mask()),
            _ => Blend::Principal(Principal {
                basis: Arc::new(basis()),
                own: (step > 8).then(mask),
            }),
        },
        residue: match step % 7 {
            1 => Some(Residue::Noise {
                additive: 0.1 + 0.2,
                multiplicative: 1.0 / 3.0,
                key: u64::MAX - step,
                rows: None,
            }),
            4 => Some(Residue::Neftune {
                alpha: 5.0,
                key: step,
                rows: Some(vec![1]),
            }),
            5 => Some(Residue::Cutoff(Cutoff::Tokens(vec![vec![], vec![3, 4]]))),
            _ => None,
        },
        loaded: vec![39],
    })
}

fn spans() -> Spans {
    let spans = [[1, 4, 2], [7, 1, 1]].map(Span::from);
    Spans::new(vec![spans.to_vec(), vec![]]).expect("spans")
}

fn mask() -> ColumnMask {
    ColumnMask::new(vec![1, 3], vec![true, false, false, true]).expect("a mask")
}

fn basis() -> Basis {
    Basis {
        cells: 2,
        directions: vec![0.6, 0.8, -0.8, 0.6],
        variances: vec![1.0 / 3.0, 0.1],
    }
}

fn written(path: &Path, steps: std::ops::Range<u64>, sync: Option<u64>) -> Result<PlanLog> {
    let mut log = PlanLog::new(path, header());
    for step in steps {
        if sync == Some(step) {
            log.sync()?;
        }
        log.add(step, plan(step).as_ref())?;
    }
    Ok(log)
}

#[test]
fn plans_come_back_bit_for_bit() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("plans.jsonl.gz");
    written(&path, 0..13, None)?.finish()?;
    let read = Plans::read(folder.path())?;
    assert_eq!(read.header(), &header());
    let expected: Vec<_> = (0..13).map(plan).collect();
    assert_eq!(read.plans(), expected);
    assert!(
        read.check(&header(), &settings(), &[Site::Embedding, Site::Hidden(2)])
            .is_ok()
    );
    let elsewhere = read.check(&header(), &settings(), &[Site::Input]);
    assert!(
        matches!(elsewhere, Err(Error::File { .. })),
        "{elsewhere:?}"
    );
    Ok(())
}

#[test]
fn a_run_that_was_cut_off_is_taken_up_where_its_checkpoint_stood() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let whole = folder.path().join("whole.gz");
    written(&whole, 0..9, None)?.finish()?;
    let path = folder.path().join("plans.jsonl.gz");
    // The checkpoint stood before step 5; two more steps were saved, and then the run was killed.
    std::mem::forget(written(&path, 0..7, Some(5))?);
    written(&path, 5..9, None)?.finish()?;
    assert_eq!(Plans::read(&path)?.plans(), Plans::read(&whole)?.plans());
    Ok(())
}

#[test]
fn what_was_not_saved_from_the_start_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("plans.jsonl.gz");
    let missing = written(&path, 3..5, None).expect_err("no file");
    assert!(matches!(missing, Error::Io { .. }), "{missing}");
    std::mem::forget(written(&path, 0..2, Some(1)));
    let short = written(&path, 3..5, None).expect_err("too few plans");
    assert!(
        short.to_string().contains("--save-plans from the start"),
        "{short}"
    );
}

/// 40 rows by fours, three batches a step: ten passes an epoch have the numbers 0 to 9 and 12 to 21.
#[test]
fn numbers_that_no_pass_has_are_left_out_when_a_run_is_taken_up() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("plans.jsonl.gz");
    let by_threes = TrainSettings {
        accumulate: 3,
        ..settings()
    };
    let header = PlanHeader::new(&Schedule::default(), &by_threes, 40);
    let add = |log: &mut PlanLog, steps: std::ops::Range<u64>| {
        let mut steps = steps.filter(|step| step % 12 < 10);
        steps.try_for_each(|step| log.add(step, plan(step).as_ref()))
    };
    let mut cut_off = PlanLog::new(&path, header.clone());
    add(&mut cut_off, 0..15)?;
    cut_off.sync()?;
    add(&mut cut_off, 15..20)?;
    std::mem::forget(cut_off);
    let mut taken_up = PlanLog::new(&path, header);
    add(&mut taken_up, 15..24)?;
    taken_up.finish()?;
    let read = Plans::read(&path)?;
    let steps: Vec<u64> = read.steps().map(|(step, _)| step).collect();
    assert_eq!(steps, (0..10).chain(12..22).collect::<Vec<_>>());
    assert!(
        read.steps()
            .all(|(step, saved)| saved == plan(step).as_ref())
    );
    Ok(())
}

#[test]
fn a_run_that_was_cut_off_after_its_file_had_its_name_is_taken_up() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("plans.jsonl.gz");
    written(&path, 0..9, None)?.finish()?;
    let whole = Plans::read(&path)?;
    // The checkpoint stood before step 5.
    written(&path, 5..9, None)?.finish()?;
    assert_eq!(Plans::read(&path)?.plans(), whole.plans());
    // It stood after the last step.
    PlanLog::new(&path, header()).finish()?;
    assert_eq!(Plans::read(&path)?.plans(), whole.plans());
    Ok(())
}
