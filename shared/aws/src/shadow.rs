//! The port to devices: what a locker must keep closed and which doors it has to try, in its shadow.
//!
//! A shadow is state, not a message: a device that was away finds it when it comes back.

use std::collections::BTreeMap;

use aws_sdk_iotdataplane::error::{DisplayErrorContext, ProvideErrorMetadata};
use aws_sdk_iotdataplane::primitives::Blob;
use domain::fault::{Closure, FaultCode, RemoteCommand, Unit};
use domain::id::{LockerId, WorkOrderId};
use serde::{Deserialize, Serialize};

use crate::store::Unavailable;

/// Doors that have to be tried, and for which repair of which work order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestOpenings {
    pub work_order_id: WorkOrderId,
    /// The how manieth repair that was reported for it: a device tries each once.
    pub attempt: u32,
    pub times: u8,
}

/// What a device has to do from afar about a fault of the whole locker, and for which work order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteAttempt {
    pub work_order_id: WorkOrderId,
    pub command: RemoteCommand,
    /// A device makes each once.
    pub attempt: u8,
}

/// What is asked of a device. What is closed is always written out, `nothing` included: a device is told of a
/// value that changes, not of one that goes. A unit whose test openings are nothing has no door to try.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Desired {
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub closed: BTreeMap<Unit, Closure>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub test_openings: BTreeMap<Unit, Option<TestOpenings>>,
    /// By the fault it is to mend; nothing where it is not to be tried any more.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub remote_recoveries: BTreeMap<FaultCode, Option<RemoteAttempt>>,
}

/// A shadow as it was looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Looked {
    /// How often it had been written, by anybody.
    pub version: i64,
    /// What the device had been asked for so far.
    pub desired: Desired,
}

/// Why a device was not told.
#[derive(Debug, thiserror::Error)]
pub enum DesireError {
    /// The shadow was written meanwhile: what is true has to be read anew.
    #[error("the shadow has changed since it was looked at")]
    Changed,
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Who tells devices. Two who tell the same device, or one whose message comes late, must not leave it with what was
/// true before: a shadow is written at the version that was looked at, before what is true was read.
#[allow(async_fn_in_trait, reason = "handlers run on one thread, so no future has to be Send")]
pub trait Shadow {
    /// Looks at the shadow of a device; nothing where there is none yet.
    async fn look(&self, locker: &LockerId) -> Result<Option<Looked>, Unavailable>;

    /// Asks this of a device, now or when it is back, if its shadow is at that version still, where one is named. What
    /// is not named stays as it is.
    async fn desire(&self, locker: &LockerId, desired: &Desired, at: Option<i64>) -> Result<(), DesireError>;
}

/// AWS IoT Core's device shadows.
#[derive(Debug, Clone)]
pub struct IotShadow {
    client: aws_sdk_iotdataplane::Client,
}

impl IotShadow {
    /// The shadows through this client.
    pub fn new(client: aws_sdk_iotdataplane::Client) -> Self {
        Self { client }
    }
}

#[derive(Debug, Deserialize)]
struct ShadowDocument {
    version: i64,
    #[serde(default)]
    state: ShadowState,
}

#[derive(Debug, Default, Deserialize)]
struct ShadowState {
    #[serde(default)]
    desired: serde_json::Value,
}

impl From<ShadowDocument> for Looked {
    /// A device can write its own shadow: what it may have put there instead of ours counts as nothing.
    fn from(document: ShadowDocument) -> Self {
        let desired = serde_json::from_value(document.state.desired).unwrap_or_default();
        Self { version: document.version, desired }
    }
}

impl Shadow for IotShadow {
    async fn look(&self, locker: &LockerId) -> Result<Option<Looked>, Unavailable> {
        match self.client.get_thing_shadow().thing_name(locker.as_str()).send().await {
            Ok(answer) => {
                let document = answer.payload.unwrap_or_else(|| Blob::new("")).into_inner();
                let document: ShadowDocument = serde_json::from_slice(&document)
                    .map_err(|error| Unavailable(format!("the shadow of {locker} cannot be read: {error}")))?;
                Ok(Some(document.into()))
            }
            Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(None),
            Err(error) => Err(Unavailable(DisplayErrorContext(error).to_string())),
        }
    }

    async fn desire(&self, locker: &LockerId, desired: &Desired, at: Option<i64>) -> Result<(), DesireError> {
        let mut document = serde_json::json!({ "state": { "desired": desired } });
        if let Some(version) = at {
            document["version"] = version.into();
        }
        let payload = Blob::new(document.to_string());
        match self.client.update_thing_shadow().thing_name(locker.as_str()).payload(payload).send().await {
            Ok(_) => Ok(()),
            Err(error) if error.code() == Some("ConflictException") => Err(DesireError::Changed),
            Err(error) => Err(Unavailable(DisplayErrorContext(error).to_string()).into()),
        }
    }
}
