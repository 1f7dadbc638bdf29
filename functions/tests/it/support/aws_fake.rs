//! The far ends: what IoT Core and SNS answer, what was published, what devices were told.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aws::publisher::{PublishError, Publisher};
use aws::shadow::{DesireError, Desired, Looked, Shadow};
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

/// IoT Core's registry and SNS, as far as registering needs them. Everything asked for is kept.
#[derive(Debug, Clone, Default)]
pub struct FakeAws {
    asked: Arc<Mutex<Vec<String>>>,
}

impl FakeAws {
    /// What was asked for: method and path, or the action and its name.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    fn answer(&self, request: &HttpRequest) -> String {
        let body = std::str::from_utf8(request.body().bytes().unwrap_or_default()).unwrap_or_default();
        let field = |name: &str| body.split('&').find_map(|it| it.strip_prefix(name)?.strip_prefix('=')).unwrap_or("");
        let path = request.uri().split('?').next().unwrap_or_default().trim_start_matches("http://fake");
        let (asked, answer) = match field("Action") {
            "" => (format!("{} {path}", request.method()), iot(request.method(), path)),
            action => (format!("{action} {}{}", field("Name"), field("Endpoint")), sns(action, field("Name"))),
        };
        self.asked.lock().unwrap().push(asked);
        answer
    }

    /// What registering takes, with these at the far ends.
    pub fn registrars(&self) -> Registrars {
        let connector = SharedHttpConnector::new(self.clone());
        let http: SharedHttpClient = http_client_fn(move |_, _| connector.clone());
        let devices = Devices::new(
            aws_sdk_iot::Client::from_conf(
                aws_sdk_iot::Config::builder()
                    .behavior_version(aws_sdk_iot::config::BehaviorVersion::latest())
                    .region(aws_sdk_iot::config::Region::new("eu-central-1"))
                    .credentials_provider(aws_sdk_iot::config::Credentials::new("key", "secret", None, None, "test"))
                    .endpoint_url("http://fake")
                    .http_client(http.clone())
                    .build(),
            ),
            "locker-policy".to_owned(),
            "test",
        );
        let sns = aws_sdk_sns::Client::from_conf(
            aws_sdk_sns::Config::builder()
                .behavior_version(aws_sdk_sns::config::BehaviorVersion::latest())
                .region(aws_sdk_sns::config::Region::new("eu-central-1"))
                .credentials_provider(aws_sdk_sns::config::Credentials::new("key", "secret", None, None, "test"))
                .endpoint_url("http://fake")
                .http_client(http)
                .build(),
        );
        let platform = Some("arn:aws:sns:eu-central-1:123456789012:app/GCM/test".to_owned());
        Registrars { devices, topics: Topics::new(sns, "test".to_owned(), platform) }
    }
}

impl HttpConnector for FakeAws {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = SdkBody::from(self.answer(&request));
        HttpConnectorFuture::ready(Ok(HttpResponse::new(200.try_into().unwrap(), body)))
    }
}

fn iot(method: &str, path: &str) -> String {
    match (method, path) {
        ("GET", _) => r#"{"principals":[]}"#,
        ("POST", "/keys-and-certificate") => {
            r#"{"certificateArn":"arn:aws:iot:eu-central-1:123456789012:cert/c1","certificateId":"c1",
                "certificatePem":"PEM","keyPair":{"PublicKey":"public","PrivateKey":"private"}}"#
        }
        _ => "{}",
    }
    .to_owned()
}

fn sns(action: &str, name: &str) -> String {
    let result = match action {
        "CreateTopic" => format!("<TopicArn>arn:aws:sns:eu-central-1:123456789012:{name}</TopicArn>"),
        "Subscribe" => "<SubscriptionArn>pending confirmation</SubscriptionArn>".to_owned(),
        _ => "<EndpointArn>arn:aws:sns:eu-central-1:123456789012:endpoint/GCM/test/1</EndpointArn>".to_owned(),
    };
    format!(
        "<{action}Response xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><{action}Result>{result}</{action}Result>\
         <ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></{action}Response>"
    )
}

/// How SNS behaves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sending {
    #[default]
    Works,
    /// Refused, however often it is tried.
    Refuses,
    /// No answer, so nobody knows whether it was sent.
    Silent,
}

/// What people received.
#[derive(Debug, Default)]
pub struct Mailbox {
    pub sending: Cell<Sending>,
    sent: RefCell<Vec<(String, Rendered)>>,
}

impl Mailbox {
    /// Everything that was published, oldest first: the topic's name and the texts.
    pub fn sent(&self) -> Vec<(String, Rendered)> {
        self.sent.borrow().clone()
    }
}

impl Publisher for Mailbox {
    async fn publish(&self, topic_arn: &str, text: &Rendered) -> Result<String, PublishError> {
        match self.sending.get() {
            Sending::Works => {
                let topic = topic_arn.rsplit(':').next().unwrap_or_default().to_owned();
                self.sent.borrow_mut().push((topic, text.clone()));
                Ok(format!("published-{}", self.sent.borrow().len()))
            }
            Sending::Refuses => Err(PublishError::Final("EndpointDisabled".to_owned())),
            Sending::Silent => Err(Unavailable("no answer".to_owned()).into()),
        }
    }
}

/// The shadows of all devices, as they were last asked for.
#[derive(Debug, Default)]
pub struct Shadows {
    pub broken: Cell<bool>,
    /// By locker, with how often each was written.
    desired: RefCell<BTreeMap<LockerId, (i64, Desired)>>,
}

impl Shadows {
    /// What a device has been told.
    pub fn of(&self, locker: &str) -> Desired {
        self.desired.borrow().get(&locker.parse().unwrap()).map(|(_, desired)| desired.clone()).unwrap_or_default()
    }
}

impl Shadow for Shadows {
    async fn look(&self, locker: &LockerId) -> Result<Option<Looked>, Unavailable> {
        let known = self.desired.borrow().get(locker).cloned();
        Ok(known.map(|(version, desired)| Looked { version, desired }))
    }

    async fn desire(&self, locker: &LockerId, desired: &Desired, at: Option<i64>) -> Result<(), DesireError> {
        if self.broken.get() {
            return Err(Unavailable("throttled".to_owned()).into());
        }
        let mut all = self.desired.borrow_mut();
        if at.is_some() && at != all.get(locker).map(|(version, _)| *version) {
            return Err(DesireError::Changed);
        }
        let (version, known) = all.entry(locker.clone()).or_default();
        *version += 1;
        known.closed.extend(desired.closed.clone());
        known.test_openings.extend(desired.test_openings.clone());
        known.remote_recoveries.extend(desired.remote_recoveries.clone());
        Ok(())
    }
}
