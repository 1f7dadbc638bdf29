//! Requests as API Gateway hands them in, and the answers as callers see them.

use std::sync::atomic::{AtomicU64, Ordering};

use aws::http::{Request, Response};
use serde_json::{Value, json};

/// A request that is being written.
#[derive(Debug, Clone)]
pub struct Call(Value);

static REQUESTS: AtomicU64 = AtomicU64::new(1);

/// A request to a route, with an id of its own.
pub fn call(route: &str) -> Call {
    let number = REQUESTS.fetch_add(1, Ordering::Relaxed);
    Call(json!({
        "routeKey": route,
        "headers": {},
        "pathParameters": {},
        "queryStringParameters": {},
        "requestContext": { "requestId": format!("request-{number}") },
        "isBase64Encoded": false,
    }))
}

impl Call {
    fn with(mut self, pointer: &str, name: &str, value: impl Into<Value>) -> Self {
        self.0.pointer_mut(pointer).unwrap()[name] = value.into();
        self
    }

    /// By a person with a token.
    pub fn by(self, person: &str) -> Self {
        self.with("/requestContext", "authorizer", json!({ "jwt": { "claims": { "sub": person } } }))
    }

    /// By the order system, which signs.
    pub fn by_order_system(self) -> Self {
        let arn = "arn:aws:iam::123456789012:user/order-system";
        self.with("/requestContext", "authorizer", json!({ "iam": { "userArn": arn } }))
    }

    /// The gateway's name for the request: the same name is the same request.
    pub fn named(self, name: &str) -> Self {
        self.with("/requestContext", "requestId", name)
    }

    pub fn path(self, name: &str, value: &str) -> Self {
        self.with("/pathParameters", name, value)
    }

    pub fn query(self, name: &str, value: &str) -> Self {
        self.with("/queryStringParameters", name, value)
    }

    pub fn header(self, name: &str, value: &str) -> Self {
        self.with("/headers", name, value)
    }

    /// With a JSON body.
    pub fn json(self, body: Value) -> Self {
        self.text(&body.to_string())
    }

    /// With a body that says it is JSON.
    pub fn text(self, body: &str) -> Self {
        self.header("content-type", "application/json").with("", "body", body)
    }

    /// With a body of some type.
    pub fn body(self, content_type: &str, body: &str) -> Self {
        self.header("content-type", content_type).with("", "body", body)
    }

    pub fn request(&self) -> Request {
        serde_json::from_value(self.0.clone()).unwrap()
    }
}

/// An answer, read.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
    pub retry_after: Option<String>,
}

impl From<Response> for Answer {
    fn from(response: Response) -> Self {
        let body = match response.headers["content-type"].as_str() {
            "application/json" => serde_json::from_str(&response.body).unwrap(),
            page => {
                assert_eq!(page, "text/html; charset=utf-8");
                response.body.into()
            }
        };
        Self { status: response.status_code, body, retry_after: response.headers.get("retry-after").cloned() }
    }
}

impl Answer {
    /// The reason of a refusal.
    pub fn reason(&self) -> &str {
        self.body["error"]["reason"].as_str().unwrap_or_default()
    }

    /// Which field was wrong.
    pub fn field(&self) -> &str {
        self.body["error"]["field"].as_str().unwrap_or_default()
    }

    /// The body of a success.
    #[track_caller]
    pub fn ok(self) -> Value {
        assert!((200..300).contains(&self.status), "{self:?}");
        self.body
    }

    /// A refusal with this status and reason.
    #[track_caller]
    pub fn refused(self, status: u16, reason: &str) -> Self {
        assert_eq!((self.status, self.reason()), (status, reason), "{self:?}");
        self
    }

    /// The names of the lockers that were offered instead, in their order.
    pub fn alternatives(&self) -> Vec<&str> {
        let offered = self.body["error"]["alternatives"].as_array().expect("alternatives");
        offered.iter().map(|it| it["locker_id"].as_str().unwrap()).collect()
    }
}

/// A request as a sample has it.
pub fn sampled(event: Value) -> Call {
    Call(event)
}
