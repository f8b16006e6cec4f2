//! What the runs of a comparison come to: numbers and a page.

use anyhow::Result;
use candle_mixup::compare::{Comparison, Run};
use candle_mixup::linearity::ArmsLinearity;
use candle_mixup::metrics::{Metric, Scores};
use candle_mixup::report::{self, ArmDetail, CompareReport, History};
use candle_mixup::schedule::Schedule;
use candle_mixup::{Readings, files};
use serde_json::json;

use super::RESULT;
use super::grid::Grid;
use crate::cli::cell::Done;
use crate::cli::describe::{data_summary, draws, left_as_they_were, report_points, values};
use crate::cli::run_dir::RunDir;
use crate::cli::task::{Counted, Task};
use crate::cli::train::extend;

/// The arm that shows what softer targets alone give.
const CONTROL: &str = "smoothing";

impl<T: Task> Grid<T> {
    /// The comparison and the report; the comparison last, since it says that all has ended.
    pub fn write(&self, dir: &RunDir, cells: &[Done], seconds: f64) -> Result<()> {
        let comparison = self.comparison(cells)?;
        let arms = self.settings.arms.iter();
        let arms = arms
            .map(|(name, schedule)| self.detail(name, schedule, cells))
            .collect::<Result<Vec<_>>>()?;
        let page = report::compare_page(&CompareReport {
            title: format!("{} arms on {}", arms.len(), self.task.name()),
            version: self.settings.version.clone(),
            settings: serde_json::to_value(&self.settings)?,
            data: data_summary(&self.task, &self.rows[0]),
            comparison: comparison.clone(),
            arms,
            seconds,
        })?;
        files::write(dir.file("report.html"), page.as_bytes())?;
        let mut result = serde_json::to_value(&comparison)?;
        let more = json!({
            "settings": self.settings,
            "version": self.settings.version,
            "data": self.counts(),
            "details": cells.iter().map(Done::details).collect::<Vec<_>>(),
            "summary": comparison.summary(),
            "linearity": ArmsLinearity::of(&comparison),
            "seconds": seconds,
        });
        if let serde_json::Value::Object(more) = more {
            extend(&mut result, more.into_iter());
        }
        dir.write_json(RESULT, &result)
    }

    /// Says of which arms texts came out as they were though they were to be changed.
    pub fn tell_left_alone(&self, cells: &[Done]) {
        for (name, _) in &self.settings.arms {
            let mut readings = Readings::default();
            let own = cells.iter().filter(|c| c.arm == *name);
            own.for_each(|c| readings.add(&c.readings));
            if let Some(told) = left_as_they_were(&readings) {
                eprintln!("arm '{name}': {told}");
            }
        }
    }

    /// What the report shows of an arm's runs.
    fn detail(&self, name: &str, schedule: &Schedule, cells: &[Done]) -> Result<ArmDetail> {
        let own: Vec<&Done> = cells.iter().filter(|c| c.arm == name).collect();
        let (training, rows) = (self.training(0), &self.rows[0]);
        let built = self.task.build(&rows.kit, training.seed, 1.0)?;
        let scheduler = self.task.scheduler(schedule, &built, rows, &training)?;
        let history = |c: &&Done| History {
            seed: c.seed,
            points: report_points(&c.history),
        };
        let reliability: Vec<_> = own.iter().map(|c| c.test.reliability.clone()).collect();
        Ok(ArmDetail {
            name: name.into(),
            histories: own.iter().map(history).collect(),
            reliability: report::pool(&reliability),
            draws: draws(&scheduler, &training, rows.train.len()),
        })
    }

    /// What the rows are, for JSON.
    fn counts(&self) -> serde_json::Value {
        let first = &self.rows[0];
        let mut data = json!({
            "rows": self.task.len(), "fingerprint": self.settings.fingerprint,
            "training_rows": first.train.len(), "validation_rows": first.validation.len(),
            "test_rows": self.task.test().len(),
        });
        extend(&mut data, Counted::json(&self.task.counted(&first.kit)));
        let in_both: Vec<usize> = self.rows.iter().map(|r| r.in_both).collect();
        data["rows_in_training_and_test"] = in_both.into();
        data
    }

    fn comparison(&self, cells: &[Done]) -> Result<Comparison> {
        let runs = |name: &String| {
            let own = cells.iter().filter(|c| c.arm == *name);
            own.map(|c| {
                Ok(Run {
                    seed: c.seed,
                    fold: None,
                    test: values(&c.test),
                    linearity: c.linearity.as_ref().map(serde_json::to_value).transpose()?,
                })
            })
            .collect::<Result<Vec<_>>>()
        };
        let arms = self
            .settings
            .arms
            .iter()
            .map(|(name, _)| Ok((name.clone(), runs(name)?)))
            .collect::<Result<_>>()?;
        let metrics = metrics(self.task.main_metric(), &cells[0].test);
        Ok(Comparison::of(&metrics, arms)?.with_control(CONTROL))
    }
}

/// The metrics there are, the main one first.
pub fn metrics(main: Metric, scores: &Scores) -> Vec<Metric> {
    let others = scores.values.keys().copied().filter(|m| *m != main);
    std::iter::once(main).chain(others).collect()
}
