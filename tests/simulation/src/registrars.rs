//! IoT Core's registry and SNS's topics, as far as registering needs them: each request is a call to AWS that can go
//! wrong like any other.

use std::collections::HashMap;
use std::rc::Rc;

use aws::store::Unavailable;
use aws_sdk_iot::config::StalledStreamProtectionConfig;
use aws_sdk_iot::config::http::{HttpRequest, HttpResponse};
use aws_sdk_iot::config::retry::RetryConfig;
use aws_sdk_iot::config::timeout::TimeoutConfig;
use aws_sdk_iot::config::{BehaviorVersion, Credentials, IdentityCache, Region};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use functions::registry::Registrars;
use functions::registry::devices::Devices;
use functions::registry::topics::Topics;
use send_wrapper::SendWrapper;

use crate::invocation::Invocation;

#[derive(Clone)]
struct FarEnd(SendWrapper<Rc<Invocation>>);

impl std::fmt::Debug for FarEnd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FarEnd")
    }
}

impl HttpConnector for FarEnd {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let by = self.0.clone();
        HttpConnectorFuture::new(SendWrapper::new(async move {
            let body = String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned();
            let path = request.uri().trim_start_matches("http://aws").to_owned();
            let method = request.method().to_owned();
            let about = || format!("{method} {path} {body}");
            let (asked, at) = (body.clone(), path.clone());
            let verb = method.clone();
            let answered: Result<(u16, String), Unavailable> = by
                .call("register", &about, move |by| {
                    Ok(answer(by, &verb, at.split('?').next().unwrap_or_default(), &asked))
                })
                .await;
            match answered {
                Ok((status, body)) => {
                    let status = status.try_into().expect("a status of HTTP");
                    Ok(HttpResponse::new(status, SdkBody::from(body)))
                }
                Err(unavailable) => Err(ConnectorError::timeout(unavailable.into())),
            }
        }))
    }
}

fn answer(by: &Rc<Invocation>, method: &str, path: &str, body: &str) -> (u16, String) {
    let fields: HashMap<&str, &str> = body.split('&').filter_map(|field| field.split_once('=')).collect();
    let field = |name: &str| fields.get(name).copied().unwrap_or_default();
    by.world.trace.borrow_mut().add(path);
    match field("Action") {
        "" => (200, iot(by, method, path)),
        action => (200, sns(action, field("Name"))),
    }
}

fn iot(by: &Rc<Invocation>, method: &str, path: &str) -> String {
    match (method, path) {
        ("GET", _) => r#"{"principals":[]}"#.to_owned(),
        ("POST", "/keys-and-certificate") => {
            let id = format!("{:064x}", by.world.number());
            format!(
                r#"{{"certificateArn":"arn:aws:iot:eu-central-1:123456789012:cert/{id}","certificateId":"{id}",
                    "certificatePem":"PEM","keyPair":{{"PublicKey":"public","PrivateKey":"private"}}}}"#
            )
        }
        _ => "{}".to_owned(),
    }
}

fn sns(action: &str, name: &str) -> String {
    let result = match action {
        "CreateTopic" => format!("<TopicArn>arn:aws:sns:eu-central-1:123456789012:{name}</TopicArn>"),
        "Subscribe" => "<SubscriptionArn>pending confirmation</SubscriptionArn>".to_owned(),
        _ => "<EndpointArn>arn:aws:sns:eu-central-1:123456789012:endpoint/GCM/sim/1</EndpointArn>".to_owned(),
    };
    format!(
        "<{action}Response xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><{action}Result>{result}</{action}Result>\
         <ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></{action}Response>"
    )
}

/// What registering takes, in one invocation.
pub fn of(by: &Rc<Invocation>) -> Registrars {
    let connector = SharedHttpConnector::new(FarEnd(SendWrapper::new(by.clone())));
    let http: SharedHttpClient = http_client_fn(move |_, _| connector.clone());
    // No clocks and no timers of the SDK's own: what goes wrong here goes wrong by our plan.
    let iot = aws_sdk_iot::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::new("key", "secret", None, None, "simulation"))
        .identity_cache(IdentityCache::no_cache())
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .endpoint_url("http://aws")
        .http_client(http.clone())
        .build();
    let sns = aws_sdk_sns::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::new("key", "secret", None, None, "simulation"))
        .identity_cache(IdentityCache::no_cache())
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .endpoint_url("http://aws")
        .http_client(http)
        .build();
    let devices = Devices::new(aws_sdk_iot::Client::from_conf(iot), "locker-policy".to_owned(), "sim");
    let platform = Some("arn:aws:sns:eu-central-1:123456789012:app/GCM/sim".to_owned());
    Registrars { devices, topics: Topics::new(aws_sdk_sns::Client::from_conf(sns), "sim".to_owned(), platform) }
}
