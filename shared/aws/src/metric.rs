//! Counts for CloudWatch, written to the log in its embedded format.

use std::sync::OnceLock;

use metrics_cloudwatch_embedded::{Builder, Collector};

/// The namespace of all metrics, named by the alarms in the template.
pub const NAMESPACE: &str = "LockerCare";

/// Something that is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    FaultsRaised,
    /// Reports of what is known: many from one locker are a device that does not stop.
    FaultsRepeated,
    FaultsSuspected,
    /// Lockers that were connected and said nothing.
    LockersSilent,
    /// Lockers that are not judged although they say nothing, since too many do at once.
    SilencesHeld,
    /// Messages kept for a person to look at.
    QuarantinedMessages,
    /// Somebody used another's name.
    SecurityRejections,
    OrdersRefused,
    DepositsRefused,
    /// Places that were held for parcels that have not come.
    ReservationsExpired,
    /// Parcels that nobody has collected in time.
    PickupsExpired,
    /// A device reports another thing closed than it was told.
    ShadowDelta,
    NoticesSent,
    NoticesFailed,
    /// Notices that have to wait: for the morning, or because their reader was written to a moment ago.
    NoticesHeld,
    /// Notices that were not sent because something newer had been said.
    NoticesSuperseded,
    /// Sendings of which nobody knows whether they happened.
    NoticesUnknown,
    /// Levels that were told that nobody reacts to a work order.
    WorkOrdersEscalated,
    /// Levels that were told that something promised to a complainant has not come.
    CasesOverdue,
    /// Levels that nobody was there to be told.
    EscalationsUnheard,
    /// What devices were asked to try from afar, by what they said came of it or that they said nothing.
    RemoteRecoveriesWorked,
    RemoteRecoveriesFailed,
    RemoteRecoveriesTimedOut,
    /// Events that came too late, or twice, or for something unknown: skipped without effect.
    EventsIgnored,
}

impl Metric {
    fn name(self) -> &'static str {
        match self {
            Metric::FaultsRaised => "FaultsRaised",
            Metric::FaultsRepeated => "FaultsRepeated",
            Metric::FaultsSuspected => "FaultsSuspected",
            Metric::LockersSilent => "LockersSilent",
            Metric::SilencesHeld => "SilencesHeld",
            Metric::QuarantinedMessages => "QuarantinedMessages",
            Metric::SecurityRejections => "SecurityRejections",
            Metric::OrdersRefused => "OrdersRefused",
            Metric::DepositsRefused => "DepositsRefused",
            Metric::ReservationsExpired => "ReservationsExpired",
            Metric::PickupsExpired => "PickupsExpired",
            Metric::ShadowDelta => "ShadowDelta",
            Metric::NoticesSent => "NoticesSent",
            Metric::NoticesFailed => "NoticesFailed",
            Metric::NoticesHeld => "NoticesHeld",
            Metric::NoticesSuperseded => "NoticesSuperseded",
            Metric::NoticesUnknown => "NoticesUnknown",
            Metric::WorkOrdersEscalated => "WorkOrdersEscalated",
            Metric::CasesOverdue => "CasesOverdue",
            Metric::EscalationsUnheard => "EscalationsUnheard",
            Metric::RemoteRecoveriesWorked => "RemoteRecoveriesWorked",
            Metric::RemoteRecoveriesFailed => "RemoteRecoveriesFailed",
            Metric::RemoteRecoveriesTimedOut => "RemoteRecoveriesTimedOut",
            Metric::EventsIgnored => "EventsIgnored",
        }
    }
}

static COLLECTOR: OnceLock<&'static Collector> = OnceLock::new();

/// Begins to count. Called once, at the start of the process.
pub fn start() {
    let collector = Builder::new().cloudwatch_namespace(NAMESPACE).init().expect("metrics are started once");
    COLLECTOR.get_or_init(|| collector);
}

/// Counts `times` more. Without effect where nobody counts, as in tests.
pub fn count(metric: Metric, times: u64) {
    if times > 0 {
        metrics::counter!(metric.name()).increment(times);
    }
}

/// Writes what was counted since the last time.
pub fn flush() {
    if let Some(collector) = COLLECTOR.get()
        && let Err(error) = collector.flush(std::io::stdout())
    {
        tracing::error!(%error, "metrics could not be written");
    }
}
