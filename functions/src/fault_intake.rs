//! A locker reports faults over IoT Core.
//! Trigger: the rule `FaultReported` in template.yaml. Samples: events/fault-intake.

use std::collections::BTreeSet;

use aws::apply::{Applied, apply};
use aws::batch::{BatchAnswer, DeviceMessage, QueueBatch};
use aws::metric::{self, Metric};
use aws::store::Store;
use domain::fault::{FaultCode, FaultReport, ReportedFault, Unit};
use domain::locker::report_faults;
use domain::suspicion::Signal;
use domain::{StateKey, Timestamp};
use serde::Deserialize;

use crate::device::{self, DeviceFailure, Received};
use crate::fault_scene;

/// How many faults one message may name: more than any cabinet has columns.
const FAULTS_MAX: usize = 50;

/// The longest text of a vendor that is kept, in characters.
const VENDOR_TEXT_CHARS_MAX: usize = 256;

#[derive(Debug, Deserialize)]
struct FaultMessage {
    /// What the device sees.
    #[serde(default)]
    faults: Vec<FaultEntry>,
    /// What it has seen, and sees no more.
    #[serde(default)]
    gone: Vec<FaultEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FaultEntry {
    unit: Unit,
    code: String,
    #[serde(default)]
    text: Option<String>,
}

impl FaultEntry {
    /// A code that is not published is kept in the vendor's words.
    fn reported(self) -> ReportedFault {
        let code = FaultCode::from_name(&self.code);
        let vendor_text = match code {
            Some(_) => self.text,
            None => Some(self.text.map_or(self.code.clone(), |text| format!("{}: {text}", self.code))),
        };
        ReportedFault {
            unit: self.unit,
            code: code.unwrap_or(FaultCode::VendorOther),
            vendor_text: vendor_text.map(|text| text.chars().take(VENDOR_TEXT_CHARS_MAX).collect()),
        }
    }
}

/// Records what a batch of messages reports. Two round trips to the store for each.
pub async fn handle<S: Store>(store: &S, batch: QueueBatch, now: Timestamp) -> BatchAnswer {
    device::each_message(store, "fault_intake", batch, now, async |message| report(store, &message, now).await).await
}

async fn report<S: Store>(store: &S, message: &DeviceMessage, now: Timestamp) -> Result<(), DeviceFailure> {
    let received = device::read::<FaultMessage>(message)?;
    let cause = received.cause(StateKey::Locker(received.locker.clone()), now);
    let Received { locker, event, at, body, .. } = received;
    let named = body.faults.len() + body.gone.len();
    if named == 0 || named > FAULTS_MAX {
        return Err(DeviceFailure::Quarantine(format!("names {named} faults, not 1 to {FAULTS_MAX}")));
    }
    let faults: Vec<ReportedFault> = body.faults.into_iter().map(FaultEntry::reported).collect();
    let gone = body.gone.into_iter().map(FaultEntry::reported).map(|it| (it.unit, it.code));
    let gone: BTreeSet<(Unit, FaultCode)> = gone.collect();
    if let Some(fault) = faults.iter().find(|it| gone.contains(&(it.unit, it.code))) {
        return Err(DeviceFailure::Quarantine(format!("{} {} is seen and gone at once", fault.unit, fault.code)));
    }
    let gone = gone.into_iter().collect();
    let report = FaultReport { locker, event, received_at: at, signal: Signal::Device, faults, gone };
    let applied = apply(store, &cause, async |view| {
        let names = fault_scene::names(&report.locker, report.units());
        let scene = fault_scene::take(&mut view.read(&names).await?, &names);
        Ok(report_faults(scene, &report, now)?)
    })
    .await?;
    match applied {
        Applied::Before(_) => metric::count(Metric::EventsIgnored, 1),
        Applied::Now(outcome) => {
            metric::count(Metric::FaultsRaised, outcome.raised.len() as u64);
            metric::count(Metric::FaultsRepeated, outcome.repeated.len() as u64);
            metric::count(Metric::FaultsSuspected, outcome.suspected.len() as u64);
            metric::count(Metric::EventsIgnored, outcome.outdated.len() as u64);
            if !outcome.unknown.is_empty() {
                let units: Vec<String> = outcome.unknown.iter().map(Unit::to_string).collect();
                metric::count(Metric::SecurityRejections, 1);
                return Err(DeviceFailure::Quarantine(format!("the locker has no compartment {}", units.join(", "))));
            }
        }
    }
    Ok(())
}
