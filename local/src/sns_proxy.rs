//! Stands between the functions and SNS: MiniStack's keeps e-mails and pushes to itself and takes what AWS
//! refuses, so what people receive is recorded here, and what AWS refuses is refused here.
//!
//! Requests go on as they came, `Host` included: it is part of what the functions signed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use anyhow::Result;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;

use crate::mailbox::{Delivery, Mailbox};
use crate::sns_publish::{Fields, Publication, Refused};
use crate::xml;

/// The proxy and what it has learned from the calls it saw.
#[derive(Debug, Clone)]
pub struct SnsProxy {
    http: reqwest::Client,
    ministack_url: Arc<OnceLock<String>>,
    mailbox: Mailbox,
    subscribers: Arc<Mutex<Subscribers>>,
}

/// Who is behind a topic.
#[derive(Debug, Default)]
struct Subscribers {
    /// Topic to (protocol, address).
    subscriptions: HashMap<String, Vec<(String, String)>>,
    /// Push endpoints by their ARN.
    endpoints: HashMap<String, Endpoint>,
}

#[derive(Debug, Clone)]
struct Endpoint {
    token: String,
    enabled: bool,
}

impl SnsProxy {
    /// Delivers into this mailbox.
    pub fn new(http: reqwest::Client, mailbox: Mailbox) -> Self {
        Self { http, ministack_url: Arc::default(), mailbox, subscribers: Arc::default() }
    }

    /// Says where MiniStack is, which is known only after the functions' environment names the proxy.
    pub fn forward_to(&self, ministack_url: &str) {
        self.ministack_url.get_or_init(|| ministack_url.to_owned());
    }

    /// What the functions reach as SNS.
    pub fn routes(&self) -> Router {
        Router::new().fallback(handle).with_state(self.clone())
    }

    /// Says what a phone's maker says of a phone that is gone: pushes to it are refused from now on.
    pub fn disable_endpoint(&self, token: &str) {
        for endpoint in self.subscribers().endpoints.values_mut() {
            if endpoint.token == token {
                endpoint.enabled = false;
            }
        }
    }

    /// What SNS would refuse of this request, though MiniStack takes it.
    fn examine(&self, fields: &Fields) -> Result<Option<Publication>, Refused> {
        let subscribers = self.subscribers();
        match action(fields) {
            "Publish" => {
                let target = target(fields);
                if subscribers.endpoints.get(target).is_some_and(|endpoint| !endpoint.enabled) {
                    return Err(Refused { code: "EndpointDisabled", message: "Endpoint is disabled".to_owned() });
                }
                Publication::read(fields).map(Some)
            }
            "Subscribe" if text(fields, "Protocol") == "application" => {
                if subscribers.endpoints.contains_key(text(fields, "Endpoint")) {
                    return Ok(None);
                }
                let message = "Invalid parameter: Application endpoint arn invalid".to_owned();
                Err(Refused { code: "InvalidParameter", message })
            }
            _ => Ok(None),
        }
    }

    /// Remembers what an accepted request changed.
    fn learn(&self, fields: &Fields, answer: &str) {
        let mut subscribers = self.subscribers();
        match action(fields) {
            "Subscribe" => {
                let address = (text(fields, "Protocol").to_owned(), text(fields, "Endpoint").to_owned());
                let known = subscribers.subscriptions.entry(text(fields, "TopicArn").to_owned()).or_default();
                if !known.contains(&address) {
                    known.push(address);
                }
            }
            "CreatePlatformEndpoint" => {
                if let Some(arn) = xml::text(answer, "EndpointArn") {
                    let token = text(fields, "Token").to_owned();
                    subscribers.endpoints.entry(arn).or_insert(Endpoint { token, enabled: true });
                }
            }
            "SetEndpointAttributes" => {
                let enabled = (1..)
                    .map_while(|number| fields.get(&format!("Attributes.entry.{number}.key")).map(|key| (number, key)))
                    .find(|(_, key)| *key == "Enabled")
                    .map(|(number, _)| text(fields, &format!("Attributes.entry.{number}.value")) == "true");
                let endpoint = subscribers.endpoints.get_mut(text(fields, "EndpointArn"));
                if let (Some(enabled), Some(endpoint)) = (enabled, endpoint) {
                    endpoint.enabled = enabled;
                }
            }
            "DeleteEndpoint" => {
                subscribers.endpoints.remove(text(fields, "EndpointArn"));
            }
            "DeleteTopic" => {
                subscribers.subscriptions.remove(text(fields, "TopicArn"));
            }
            _ => {}
        }
    }

    /// Fans a publication out to everyone behind the topic or endpoint.
    fn deliver(&self, target: &str, publication: &Publication) {
        let subscribers = self.subscribers();
        let subscriptions = match subscribers.subscriptions.get(target) {
            Some(subscriptions) => subscriptions.clone(),
            None if subscribers.endpoints.contains_key(target) => vec![("application".to_owned(), target.to_owned())],
            // A topic nobody was seen to subscribe to: shown under its own name.
            None => vec![("topic".to_owned(), target.rsplit(':').next().unwrap_or(target).to_owned())],
        };
        // One topic is one person's or one team's: whoever one address belongs to, all of them do.
        let name = subscriptions.iter().find_map(|(_, address)| self.mailbox.name_of(address));
        for (protocol, address) in subscriptions {
            let endpoint = subscribers.endpoints.get(&address);
            if endpoint.is_some_and(|endpoint| !endpoint.enabled) {
                continue;
            }
            // arn:aws:sns:region:account:endpoint/GCM/application/id
            let platform = address.split('/').nth(1).unwrap_or_default();
            let (subject, text) = match protocol.as_str() {
                "application" => publication.push(platform),
                way => (publication.subject.clone(), publication.text(way).to_owned()),
            };
            let address = endpoint.map(|endpoint| endpoint.token.clone()).unwrap_or(address);
            self.mailbox.deliver(Delivery {
                number: 0,
                at: Timestamp::now(),
                recipient: name.clone().unwrap_or_else(|| address.clone()),
                protocol,
                address,
                topic: target.to_owned(),
                subject,
                text,
            });
        }
    }

    fn subscribers(&self) -> MutexGuard<'_, Subscribers> {
        self.subscribers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn handle(State(proxy): State<SnsProxy>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let fields: Fields = form_urlencoded::parse(&body).into_owned().collect();
    let publication = match proxy.examine(&fields) {
        Ok(publication) => publication,
        Err(refused) => return refusal(&refused),
    };
    let Some(ministack_url) = proxy.ministack_url.get() else {
        return (StatusCode::SERVICE_UNAVAILABLE, "MiniStack is not started yet").into_response();
    };
    let mut request = proxy.http.post(format!("{ministack_url}{uri}")).body(body);
    for (name, value) in &headers {
        // The length and the kind of connection are this connection's own.
        if *name != header::CONTENT_LENGTH && *name != header::CONNECTION && *name != header::TRANSFER_ENCODING {
            request = request.header(name, value);
        }
    }
    let answer = async {
        let answer = request.send().await?;
        let (status, content_type) = (answer.status(), answer.headers().get(header::CONTENT_TYPE).cloned());
        Ok::<_, reqwest::Error>((status, content_type, answer.text().await?))
    };
    match answer.await {
        Ok((status, content_type, text)) => {
            if status.is_success() {
                proxy.learn(&fields, &text);
                if let Some(publication) = publication {
                    proxy.deliver(target(&fields), &publication);
                }
            }
            let mut response = (status, Body::from(text)).into_response();
            if let Some(content_type) = content_type {
                response.headers_mut().insert(header::CONTENT_TYPE, content_type);
            }
            response
        }
        Err(error) => (StatusCode::BAD_GATEWAY, format!("SNS cannot be reached: {error}")).into_response(),
    }
}

fn refusal(refused: &Refused) -> Response {
    let document = format!(
        "<ErrorResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><Error><Type>Sender</Type><Code>{}</Code>\
         <Message>{}</Message></Error><RequestId>{}</RequestId></ErrorResponse>",
        refused.code,
        xml::escape(&refused.message),
        uuid::Uuid::new_v4()
    );
    (StatusCode::BAD_REQUEST, [(header::CONTENT_TYPE, "text/xml")], document).into_response()
}

fn action(fields: &Fields) -> &str {
    text(fields, "Action")
}

/// The topic or endpoint of a Publish.
fn target(fields: &Fields) -> &str {
    let topic = text(fields, "TopicArn");
    if topic.is_empty() { text(fields, "TargetArn") } else { topic }
}

fn text<'a>(fields: &'a Fields, name: &str) -> &'a str {
    fields.get(name).map(String::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOPIC: &str = "arn:aws:sns:eu-central-1:000000000000:person-anna";
    const ENDPOINT: &str = "arn:aws:sns:eu-central-1:000000000000:endpoint/GCM/locker-care/1";

    fn fields(action: &str, fields: &[(&str, &str)]) -> Fields {
        let action = [("Action", action)];
        action.iter().chain(fields).map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn proxy() -> SnsProxy {
        let proxy = SnsProxy::new(reqwest::Client::new(), Mailbox::default());
        proxy.mailbox.introduce("anna@example.com", "anna");
        let endpoint = format!("<EndpointArn>{ENDPOINT}</EndpointArn>");
        proxy.learn(&fields("CreatePlatformEndpoint", &[("Token", "phone-1")]), &endpoint);
        for (protocol, address) in [("email", "anna@example.com"), ("application", ENDPOINT)] {
            let subscribe = [("TopicArn", TOPIC), ("Protocol", protocol), ("Endpoint", address)];
            assert_eq!(proxy.examine(&fields("Subscribe", &subscribe)), Ok(None));
            proxy.learn(&fields("Subscribe", &subscribe), "");
        }
        proxy
    }

    fn publish(proxy: &SnsProxy, target: &str) -> Result<Vec<(String, String, String)>, Refused> {
        let publish = fields("Publish", &[("TopicArn", target), ("Message", "text"), ("Subject", "subject")]);
        let publication = proxy.examine(&publish)?.unwrap();
        proxy.deliver(target, &publication);
        let mut newest = proxy.mailbox.newest_first();
        newest.reverse();
        Ok(newest.into_iter().map(|it| (it.recipient, it.protocol, it.address)).collect())
    }

    fn to_anna(protocol: &str, address: &str) -> (String, String, String) {
        ("anna".to_owned(), protocol.to_owned(), address.to_owned())
    }

    #[test]
    fn one_publish_reaches_every_subscription_of_the_person() {
        let expected = vec![to_anna("email", "anna@example.com"), to_anna("application", "phone-1")];
        assert_eq!(publish(&proxy(), TOPIC), Ok(expected));
    }

    #[test]
    fn a_disabled_endpoint_gets_nothing_through_a_topic_and_refuses_what_is_sent_to_it() {
        let proxy = proxy();
        proxy.disable_endpoint("phone-1");
        assert_eq!(publish(&proxy, TOPIC), Ok(vec![to_anna("email", "anna@example.com")]));
        assert_eq!(publish(&proxy, ENDPOINT).unwrap_err().code, "EndpointDisabled");

        let enable = [
            ("EndpointArn", ENDPOINT),
            ("Attributes.entry.1.key", "Token"),
            ("Attributes.entry.1.value", "phone-1"),
            ("Attributes.entry.2.key", "Enabled"),
            ("Attributes.entry.2.value", "true"),
        ];
        proxy.learn(&fields("SetEndpointAttributes", &enable), "");
        assert_eq!(publish(&proxy, TOPIC).unwrap().len(), 3);
    }

    #[test]
    fn an_endpoint_nobody_made_cannot_be_subscribed() {
        let subscribe = [("TopicArn", TOPIC), ("Protocol", "application"), ("Endpoint", "arn:aws:sns:none")];
        assert_eq!(proxy().examine(&fields("Subscribe", &subscribe)).unwrap_err().code, "InvalidParameter");
    }

    #[test]
    fn a_refused_message_reaches_nobody() {
        let proxy = proxy();
        let publish = fields("Publish", &[("TopicArn", TOPIC), ("Message", "")]);
        assert_eq!(proxy.examine(&publish).unwrap_err().message, "Invalid parameter: Empty message");
        assert_eq!(proxy.mailbox.count(), 0);
    }
}
