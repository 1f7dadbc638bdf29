//! What a person sees while the network starts: one line per step, with the time it took.

use std::io::IsTerminal;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// How often a long step says where it is when its lines are kept (a log, say).
const TELL_EVERY: Duration = Duration::from_secs(10);

/// Shows steps on a terminal as live lines, elsewhere as plain lines, or not at all.
#[derive(Clone)]
pub struct Progress {
    view: View,
}

#[derive(Clone)]
enum View {
    Silent,
    Lines,
    Live(MultiProgress),
}

impl Progress {
    /// Live lines on a terminal, plain lines elsewhere.
    pub fn shown() -> Self {
        let view = if std::io::stderr().is_terminal() { View::Live(MultiProgress::new()) } else { View::Lines };
        Self { view }
    }

    /// Says nothing unless something goes wrong.
    pub fn silent() -> Self {
        Self { view: View::Silent }
    }

    /// Begins a step.
    pub fn step(&self, title: &'static str) -> Step {
        let bar = match &self.view {
            View::Silent => None,
            View::Lines => {
                eprintln!("  {title} ...");
                None
            }
            View::Live(bars) => {
                let bar = bars.add(ProgressBar::new_spinner());
                if let Ok(style) = ProgressStyle::with_template("  {spinner} {msg}") {
                    bar.set_style(style);
                }
                bar.set_message(title);
                bar.enable_steady_tick(Duration::from_millis(100));
                Some(bar)
            }
        };
        Step { title, begun: Instant::now(), bar, progress: self.clone(), told: Arc::default() }
    }

    /// Says something that needs attention, whatever is shown otherwise.
    pub fn warn(&self, text: &str) {
        self.line(&format!("! {text}"), true);
    }

    fn line(&self, text: &str, always: bool) {
        match &self.view {
            View::Silent if !always => {}
            View::Silent | View::Lines => eprintln!("{text}"),
            View::Live(bars) => bars.suspend(|| eprintln!("{text}")),
        }
    }
}

/// One step under way.
#[derive(Clone)]
pub struct Step {
    title: &'static str,
    begun: Instant,
    bar: Option<ProgressBar>,
    progress: Progress,
    told: Arc<Mutex<Option<Instant>>>,
}

impl Step {
    /// Says where the step is.
    pub fn tell(&self, detail: &str) {
        match (&self.bar, &self.progress.view) {
            (Some(bar), _) => bar.set_message(format!("{}: {detail}", self.title)),
            (None, View::Lines) => {
                let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
                if told.unwrap_or(self.begun).elapsed() >= TELL_EVERY {
                    *told = Some(Instant::now());
                    eprintln!("  {}: {detail}", self.title);
                }
            }
            (None, View::Silent | View::Live(_)) => {}
        }
    }

    /// Ends the step with what came of it.
    pub fn done(self, summary: &str) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        let seconds = self.begun.elapsed().as_secs_f32();
        self.progress.line(&format!("  {}: {summary} ({seconds:.1} s)", self.title), false);
    }
}
