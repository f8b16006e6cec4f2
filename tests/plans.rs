//! Saved plans: whatever the blend, and when a run is taken up.

use std::path::Path;

use candle_mixup::schedule::Schedule;
use candle_mixup::train::{PlanHeader, PlanLog, Plans};
use candle_mixup::{Blend, Boxes, Error, Frame, MixPlan, Pairs, PixelBox, Result, Site};

fn header() -> PlanHeader {
    PlanHeader::new(&Schedule::default(), 40, (4, 1), 7)
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
        site: Site::Hidden(2),
        pairs,
        blend: match step % 2 {
            0 => Blend::Linear,
            _ => Blend::Box(cut.expect("inside")),
        },
        loaded: vec![39],
    })
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
    written(&path, 0..9, None)?.finish()?;
    let read = Plans::read(folder.path())?;
    assert_eq!(read.header(), &header());
    let expected: Vec<_> = (0..9).map(plan).collect();
    assert_eq!(read.plans(), expected);
    assert!(read.check(&header(), &[Site::Hidden(2)]).is_ok());
    let elsewhere = read.check(&header(), &[Site::Input]);
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
