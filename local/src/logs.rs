//! What the functions say. MiniStack keeps it in CloudWatch Logs; it is copied from there into one file.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::aws::Aws;
use crate::deployment::STACK;
use crate::environment::tail;
use crate::progress::Progress;

const EVERY: Duration = Duration::from_secs(1);
/// An invocation's lines carry the time of its end and may appear a little later.
const LATE_BY_MAX_MS: i64 = 5_000;
/// What is left out: Lambda's own lines about each invocation, and metrics, which are for CloudWatch.
const LEFT_OUT: [&str; 4] = ["START RequestId", "END RequestId", "REPORT RequestId", "{\"_aws\""];

/// Copies what the functions say, every second, for as long as it is held.
#[derive(Debug)]
pub struct Logs {
    file: PathBuf,
    finish: oneshot::Sender<()>,
    copying: JoinSet<()>,
}

impl Logs {
    /// Begins to copy what the functions say into a file, and onto the screen if so wished.
    pub fn follow(aws: Aws, file: PathBuf, print: bool, progress: Progress) -> Result<Self> {
        // There from the start, since functions that work well may say nothing for long.
        std::fs::write(&file, "").with_context(|| format!("cannot write {}", file.display()))?;
        let from_ms = Timestamp::now().as_millisecond();
        let follower = Follower { aws, file: file.clone(), print, from_ms, copied: HashMap::new() };
        let (finish, finishing) = oneshot::channel();
        let mut copying = JoinSet::new();
        copying.spawn(follower.copy_every_second(progress, finishing));
        Ok(Self { file, finish, copying })
    }

    /// Copies what is left and ends. Answers with the last lines, for an error.
    pub async fn finish(mut self) -> String {
        // Nobody listens where copying has ended by itself.
        self.finish.send(()).ok();
        self.copying.join_next().await;
        format!("The end of what the functions said, {}:\n{}", self.file.display(), tail(&self.file))
    }
}

struct Follower {
    aws: Aws,
    file: PathBuf,
    print: bool,
    from_ms: i64,
    /// Streams that were copied, and when they ended: MiniStack makes one for every invocation.
    copied: HashMap<String, i64>,
}

impl Follower {
    async fn copy_every_second(mut self, progress: Progress, mut finishing: oneshot::Receiver<()>) {
        let mut works = true;
        loop {
            let last = tokio::select! {
                () = tokio::time::sleep(EVERY) => false,
                _ = &mut finishing => true,
            };
            match self.copy().await {
                Ok(()) => works = true,
                Err(error) if works => {
                    works = false;
                    progress.warn(&format!("what the functions say cannot be read: {error:#}"));
                }
                Err(_) => {}
            }
            if last {
                return;
            }
        }
    }

    /// Copies what is new.
    async fn copy(&mut self) -> Result<()> {
        let mut lines: Vec<(i64, String)> = Vec::new();
        let prefix = format!("/aws/lambda/{STACK}-");
        let body = json!({"logGroupNamePrefix": prefix});
        let groups = self.aws.json("logs", "Logs_20140328.DescribeLogGroups", &body).await?;
        for group in groups["logGroups"].as_array().into_iter().flatten() {
            let group = group["logGroupName"].as_str().context("a log group without a name")?;
            let body = json!({"logGroupName": group, "startTime": self.from_ms});
            let found = self.aws.json("logs", "Logs_20140328.FilterLogEvents", &body).await?;
            let function = group.trim_start_matches(&prefix);
            let mut streams = HashMap::new();
            for event in found["events"].as_array().into_iter().flatten() {
                let text = |name: &str| event[name].as_str().unwrap_or_default();
                let (stream, at) = (text("logStreamName"), event["timestamp"].as_i64().unwrap_or_default());
                if self.copied.contains_key(stream) {
                    continue;
                }
                streams.insert(stream.to_owned(), at);
                let message = text("message").trim_end();
                if !message.is_empty() && !LEFT_OUT.iter().any(|start| message.starts_with(start)) {
                    let clock = Timestamp::from_millisecond(at)?.strftime("%H:%M:%S%.3f");
                    lines.push((at, format!("{clock} {function}  {}", readable(message))));
                }
            }
            self.copied.extend(streams);
        }
        let latest = self.copied.values().copied().max().unwrap_or(self.from_ms);
        self.from_ms = self.from_ms.max(latest - LATE_BY_MAX_MS);
        self.copied.retain(|_, at| *at >= self.from_ms);
        lines.sort();
        self.write(&lines).await
    }

    async fn write(&self, lines: &[(i64, String)]) -> Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        let text: String = lines.iter().map(|(_, line)| format!("{line}\n")).collect();
        if self.print {
            eprint!("{text}");
        }
        let mut file = tokio::fs::OpenOptions::new().create(true).append(true).open(&self.file).await?;
        file.write_all(text.as_bytes()).await?;
        file.flush().await.with_context(|| format!("cannot write {}", self.file.display()))
    }
}

/// A line of structured logging as a person reads it; any other line as it is.
fn readable(line: &str) -> String {
    let event: Value = serde_json::from_str(line).unwrap_or_default();
    match (event["level"].as_str(), event.pointer("/fields/message").and_then(Value::as_str)) {
        (Some(level), Some(message)) => format!("{level}  {message}"),
        _ => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_structured_line_is_shown_as_its_sentence_and_any_other_as_it_is() {
        let line = r#"{"level":"WARN","fields":{"message":"a notice may not have been sent","error":"x"}}"#;
        assert_eq!(readable(line), "WARN  a notice may not have been sent");
        for line in ["thread 'main' panicked", "{}", "[1]", r#"{"errorType":"Runtime.ExitError"}"#] {
            assert_eq!(readable(line), line);
        }
    }
}
