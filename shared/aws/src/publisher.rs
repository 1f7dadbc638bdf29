//! The port to people: one publish reaches everything a person or a team has subscribed.

use aws_sdk_sns::error::{DisplayErrorContext, ProvideErrorMetadata};
use messages::Rendered;
use serde_json::json;

use crate::store::Unavailable;

/// Why nothing was published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// It will not be, however often it is tried.
    #[error("it cannot be sent: {0}")]
    Final(String),
    /// Nobody knows whether it was. Trying again is right.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Who tells people.
#[allow(async_fn_in_trait, reason = "handlers run on one thread, so no future has to be Send")]
pub trait Publisher {
    /// Publishes to a topic, with a text of its own for each kind of subscription. Returns the message's id.
    async fn publish(&self, topic_arn: &str, text: &Rendered) -> Result<String, PublishError>;
}

/// Amazon SNS.
#[derive(Debug, Clone)]
pub struct Sns {
    client: aws_sdk_sns::Client,
}

impl Sns {
    /// The publisher through this client.
    pub fn new(client: aws_sdk_sns::Client) -> Self {
        Self { client }
    }
}

/// The texts of one message, by kind of subscription, as SNS takes them.
pub fn structured(text: &Rendered) -> String {
    let android = json!({ "notification": { "title": text.subject, "body": text.push } });
    let apple = json!({ "aps": { "alert": { "title": text.subject, "body": text.push } } });
    json!({
        "default": text.push,
        "email": text.email,
        "GCM": android.to_string(),
        "APNS": apple.to_string(),
        "APNS_SANDBOX": apple.to_string(),
    })
    .to_string()
}

/// The answers of SNS after which trying again is pointless: the topic is gone, or the message is not one.
const FINAL_CODES: [&str; 6] = [
    "NotFound",
    "NotFoundException",
    "InvalidParameter",
    "InvalidParameterException",
    "EndpointDisabled",
    "ValidationException",
];

impl Publisher for Sns {
    async fn publish(&self, topic_arn: &str, text: &Rendered) -> Result<String, PublishError> {
        let sent = self
            .client
            .publish()
            .topic_arn(topic_arn)
            .subject(&text.subject)
            .message_structure("json")
            .message(structured(text))
            .send()
            .await;
        match sent {
            Ok(answer) => Ok(answer.message_id.unwrap_or_default()),
            Err(error) => match error.code() {
                Some(code) if FINAL_CODES.contains(&code) => Err(PublishError::Final(code.to_owned())),
                _ => Err(Unavailable(DisplayErrorContext(error).to_string()).into()),
            },
        }
    }
}
