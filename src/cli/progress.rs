//! Progress bars on stderr: none when it is not a terminal or with `--quiet`.

use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use candle_mixup::oversample::Progress;
use candle_mixup::train::{StepEvent, Watcher};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::interrupt::Interrupt;

/// All bars of one command.
#[derive(Debug, Clone)]
pub struct Bars(Option<MultiProgress>);

impl Bars {
    /// Bars, unless `quiet` or stderr is not a terminal.
    pub fn new(quiet: bool) -> Self {
        let shown = !quiet && std::io::stderr().is_terminal();
        Self(shown.then(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(8))))
    }

    /// A bar over `total` units.
    pub fn bar(&self, total: u64, unit: &str, name: &str) -> ProgressBar {
        let Some(bars) = &self.0 else {
            return ProgressBar::hidden();
        };
        let bar = bars.add(ProgressBar::new(total));
        let template = format!(
            "{{prefix:16}} [{{bar:24}}] {{pos}}/{{len}} {unit}  {{per_sec}}  {{msg}}  {{eta}} left"
        );
        if let Ok(style) = ProgressStyle::with_template(&template) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_prefix(name.to_string());
        bar.enable_steady_tick(Duration::from_millis(500));
        bar
    }

    /// A count without an end.
    pub fn counter(&self, unit: &str, name: &str) -> ProgressBar {
        let Some(bars) = &self.0 else {
            return ProgressBar::hidden();
        };
        let bar = bars.add(ProgressBar::no_length());
        let template = format!("{{prefix:16}} {{pos}} {unit}  {{per_sec}}");
        if let Ok(style) = ProgressStyle::with_template(&template) {
            bar.set_style(style);
        }
        bar.set_prefix(name.to_string());
        bar
    }
}

/// Shows one run's steps, and passes Ctrl-C on to it.
#[derive(Debug)]
pub struct RunBar {
    bar: ProgressBar,
    interrupt: Interrupt,
    loss: Option<f64>,
}

impl RunBar {
    /// A bar of `steps` steps.
    pub fn new(bars: &Bars, steps: u64, name: &str, interrupt: Interrupt) -> Self {
        Self {
            bar: bars.bar(steps, "steps", name),
            interrupt,
            loss: None,
        }
    }
}

impl RunBar {
    /// Sets how many steps there are.
    pub fn set_length(&mut self, steps: u64) {
        self.bar.set_length(steps);
    }
}

impl Drop for RunBar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

impl Watcher for RunBar {
    fn step(&mut self, event: &StepEvent) {
        let loss = self
            .loss
            .map_or(event.loss, |old| 0.9 * old + 0.1 * event.loss);
        self.loss = Some(loss);
        let mixed = event
            .mixed
            .map_or_else(|| "plain".to_string(), |site| format!("mixing at {site}"));
        self.bar.set_position(event.clock.step + 1);
        self.bar.set_message(format!("loss {loss:.3}  {mixed}"));
    }

    fn stop(&self) -> bool {
        self.interrupt.asked()
    }
}

/// A bar on stderr for each piece of work, and Ctrl-C.
#[derive(Debug)]
pub struct WorkBar {
    bars: Bars,
    interrupt: Interrupt,
    bar: Mutex<ProgressBar>,
}

impl WorkBar {
    /// No bar yet; work begins them.
    pub fn new(bars: &Bars, interrupt: Interrupt) -> Self {
        Self {
            bars: bars.clone(),
            interrupt,
            bar: Mutex::new(ProgressBar::hidden()),
        }
    }

    fn with(&self, work: impl FnOnce(&mut ProgressBar)) {
        // A thread that panicked while it moved a bar leaves nothing that matters behind.
        let mut bar = self.bar.lock().unwrap_or_else(PoisonError::into_inner);
        work(&mut bar);
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.with(|bar| bar.finish_and_clear());
    }
}

impl Progress for WorkBar {
    fn begin(&self, work: &str, total: u64) {
        self.with(|bar| {
            bar.finish_and_clear();
            *bar = self.bars.bar(total, "rows", work);
        });
    }

    fn advance(&self, units: u64) {
        self.with(|bar| bar.inc(units));
    }

    fn stop(&self) -> bool {
        self.interrupt.asked()
    }
}
