//! The port to devices: what a locker must keep closed and which doors it has to try, in its shadow.
//!
//! A shadow is state, not a message: a device that was away finds it when it comes back.

use std::collections::BTreeMap;

use aws_sdk_iotdataplane::error::DisplayErrorContext;
use aws_sdk_iotdataplane::primitives::Blob;
use domain::fault::{Closure, Unit};
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

/// What is asked of a device. What is closed is always written out, `nothing` included: a device is told of a
/// value that changes, not of one that goes. A unit whose test openings are nothing has no door to try.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Desired {
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub closed: BTreeMap<Unit, Closure>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub test_openings: BTreeMap<Unit, Option<TestOpenings>>,
}

/// Who tells devices.
#[allow(async_fn_in_trait, reason = "handlers run on one thread, so no future has to be Send")]
pub trait Shadow {
    /// Asks this of a device, now or when it is back. What is not named stays as it is.
    async fn desire(&self, locker: &LockerId, desired: &Desired) -> Result<(), Unavailable>;
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

impl Shadow for IotShadow {
    async fn desire(&self, locker: &LockerId, desired: &Desired) -> Result<(), Unavailable> {
        let document = serde_json::json!({ "state": { "desired": desired } }).to_string();
        self.client
            .update_thing_shadow()
            .thing_name(locker.as_str())
            .payload(Blob::new(document))
            .send()
            .await
            .map(drop)
            .map_err(|error| Unavailable(DisplayErrorContext(error).to_string()))
    }
}
