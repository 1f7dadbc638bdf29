//! The far ends: what IoT Core and SNS answer when all is well. Nothing of what they are asked for is kept.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aws::publisher::{PublishError, Publisher};
use aws::shadow::{DesireError, Desired, IotShadow, Looked, Shadow};
use aws::store::Unavailable;
use aws_sdk_iot::config::http::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_types::body::SdkBody;
use domain::id::LockerId;
use functions::registry::Registrars;
use functions::registry::devices::Devices;
use functions::registry::topics::Topics;
use messages::Rendered;
use serde_json::{Value, json};

/// IoT Core's registry and SNS, behind the SDK's own clients.
#[derive(Debug, Clone, Copy)]
struct FarEnds;

/// Each SDK crate has a configuration type of its own, with the same setters.
macro_rules! client {
    ($sdk:ident, $http:expr) => {
        $sdk::Client::from_conf(
            $sdk::Config::builder()
                .behavior_version($sdk::config::BehaviorVersion::latest())
                .region($sdk::config::Region::new("eu-central-1"))
                .credentials_provider($sdk::config::Credentials::new("key", "secret", None, None, "fuzz"))
                .endpoint_url("http://far-end")
                .http_client($http)
                .build(),
        )
    };
}

/// What registering takes, with healthy services at the far ends.
pub fn registrars() -> Registrars {
    let connector = SharedHttpConnector::new(FarEnds);
    let http: SharedHttpClient = http_client_fn(move |_, _| connector.clone());
    let devices = Devices::new(client!(aws_sdk_iot, http.clone()), "locker-policy".to_owned(), "fuzz");
    let platform = Some("arn:aws:sns:eu-central-1:123456789012:app/GCM/fuzz".to_owned());
    Registrars { devices, topics: Topics::new(client!(aws_sdk_sns, http), "fuzz".to_owned(), platform) }
}

impl HttpConnector for FarEnds {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = std::str::from_utf8(request.body().bytes().unwrap_or_default()).unwrap_or_default();
        let action = body.split('&').find_map(|field| field.strip_prefix("Action="));
        let answer = match action {
            Some(action) => sns(action),
            None => iot(request.method(), request.uri()).to_owned(),
        };
        HttpConnectorFuture::ready(Ok(HttpResponse::new(
            200.try_into().expect("200 is a status"),
            SdkBody::from(answer),
        )))
    }
}

fn iot(method: &str, uri: &str) -> &'static str {
    if method == "GET" {
        r#"{"principals":[]}"#
    } else if uri.contains("/keys-and-certificate") {
        r#"{"certificateArn":"arn:aws:iot:eu-central-1:123456789012:cert/c1","certificateId":"c1",
            "certificatePem":"PEM","keyPair":{"PublicKey":"public","PrivateKey":"private"}}"#
    } else {
        "{}"
    }
}

fn sns(action: &str) -> String {
    let result = match action {
        "CreateTopic" => "<TopicArn>arn:aws:sns:eu-central-1:123456789012:topic</TopicArn>",
        "Subscribe" => "<SubscriptionArn>pending confirmation</SubscriptionArn>",
        _ => "<EndpointArn>arn:aws:sns:eu-central-1:123456789012:endpoint/GCM/fuzz/1</EndpointArn>",
    };
    format!(
        "<{action}Response xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><{action}Result>{result}</{action}Result>\
         <ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></{action}Response>"
    )
}

/// People who receive everything.
#[derive(Debug, Clone, Copy)]
pub struct Mailbox;

impl Publisher for Mailbox {
    async fn publish(&self, _topic_arn: &str, _text: &Rendered) -> Result<String, PublishError> {
        Ok("published".to_owned())
    }
}

/// The shadow of one device, behind the SDK's own client: a device may have written it as it likes.
#[derive(Debug, Clone)]
struct OwnShadow {
    desired: Value,
    updates: Arc<Mutex<Vec<Value>>>,
}

impl HttpConnector for OwnShadow {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let document = json!({ "version": 7, "state": { "desired": self.desired } });
        if request.method() == "POST" {
            let update = serde_json::from_slice(request.body().bytes().unwrap_or_default()).expect("an update is JSON");
            self.updates.lock().expect("nobody panics with it").push(update);
        }
        HttpConnectorFuture::ready(Ok(HttpResponse::new(
            200.try_into().expect("200 is a status"),
            SdkBody::from(document.to_string()),
        )))
    }
}

/// A device whose shadow has this as what it was asked for, and what it is asked for from now on.
pub fn own_shadow(desired: Value) -> (IotShadow, Arc<Mutex<Vec<Value>>>) {
    let updates = Arc::default();
    let connector = SharedHttpConnector::new(OwnShadow { desired, updates: Arc::clone(&updates) });
    let http: SharedHttpClient = http_client_fn(move |_, _| connector.clone());
    (IotShadow::new(client!(aws_sdk_iotdataplane, http)), updates)
}

/// The shadows of all devices, with how often each was written.
#[derive(Debug, Default)]
pub struct Shadows {
    told: RefCell<BTreeMap<LockerId, Looked>>,
}

impl Shadow for Shadows {
    async fn look(&self, locker: &LockerId) -> Result<Option<Looked>, Unavailable> {
        Ok(self.told.borrow().get(locker).cloned())
    }

    async fn desire(&self, locker: &LockerId, desired: &Desired, at: Option<i64>) -> Result<(), DesireError> {
        let mut told = self.told.borrow_mut();
        if at.is_some() && at != told.get(locker).map(|known| known.version) {
            return Err(DesireError::Changed);
        }
        let known = told.entry(locker.clone()).or_default();
        known.version += 1;
        known.desired.closed.extend(desired.closed.clone());
        known.desired.test_openings.extend(desired.test_openings.clone());
        known.desired.remote_recoveries.extend(desired.remote_recoveries.clone());
        Ok(())
    }
}
