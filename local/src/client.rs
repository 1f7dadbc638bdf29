//! Calls the API as the people and systems around the network do.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use serde_json::Value;

use crate::issuer::{Issuer, Role};
use crate::signing::{Credentials, signature_headers};

/// How long a token is good for: longer than anyone leaves the network running.
pub const TOKEN_VALID_FOR: Duration = Duration::from_secs(24 * 3600);

/// The API, and what it takes to be each of its callers.
#[derive(Clone)]
pub struct Api {
    inner: Arc<Inner>,
}

struct Inner {
    http: reqwest::Client,
    url: String,
    issuer: Issuer,
    order_system: Credentials,
}

/// What the API answered.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    /// The body; `null` where there is none, a text where it is no JSON.
    pub body: Value,
    pub headers: HeaderMap,
    /// From the call to the last byte of the answer. MiniStack's share is most of it.
    pub elapsed: Duration,
}

impl Answer {
    /// The body, where the status is this one; else an error with both.
    pub fn expect(self, status: u16) -> Result<Value> {
        if self.status != status {
            bail!("the API answered {} instead of {status}: {}", self.status, self.body);
        }
        Ok(self.body)
    }

    /// Why it was refused, such as `locker_unavailable`.
    pub fn reason(&self) -> Option<&str> {
        self.body.pointer("/error/reason")?.as_str()
    }
}

impl Api {
    /// The API at `url`, which must be the address requests are signed for: MiniStack's own.
    pub fn new(http: reqwest::Client, url: String, issuer: Issuer, order_system: Credentials) -> Self {
        Self { inner: Arc::new(Inner { http, url, issuer, order_system }) }
    }

    /// Its address, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.inner.url
    }

    /// The access key the order system signs with.
    pub fn order_system_credentials(&self) -> &Credentials {
        &self.inner.order_system
    }

    /// A token for one person in one role.
    pub fn token(&self, role: Role, person: &str) -> Result<String> {
        self.inner.issuer.token(role, person, TOKEN_VALID_FOR)
    }

    /// One person in one role.
    pub fn person(&self, role: Role, person: &str) -> Result<Caller> {
        Ok(self.bearer(self.token(role, person)?))
    }

    /// Who runs the network.
    pub fn operator(&self) -> Result<Caller> {
        self.person(Role::Operator, "operator")
    }

    /// A driver at a locker.
    pub fn courier(&self, driver: &str) -> Result<Caller> {
        self.person(Role::Courier, driver)
    }

    /// Somebody who waits for a parcel.
    pub fn customer(&self, person: &str) -> Result<Caller> {
        self.person(Role::Customer, person)
    }

    /// Somebody who repairs lockers.
    pub fn technician(&self, person: &str) -> Result<Caller> {
        self.person(Role::Technician, person)
    }

    /// Somebody who answers customers.
    pub fn support(&self, person: &str) -> Result<Caller> {
        self.person(Role::Support, person)
    }

    /// Whoever holds this token, good or not.
    pub fn bearer(&self, token: String) -> Caller {
        Caller { api: self.clone(), proof: Proof::Token(token) }
    }

    /// The order system, which signs its requests.
    pub fn order_system(&self) -> Caller {
        self.signing(self.inner.order_system.clone())
    }

    /// Whoever signs with this key, good or not.
    pub fn signing(&self, credentials: Credentials) -> Caller {
        Caller { api: self.clone(), proof: Proof::Signature(credentials) }
    }

    /// Somebody without any proof: who follows a link in a message.
    pub fn anyone(&self) -> Caller {
        Caller { api: self.clone(), proof: Proof::None }
    }
}

/// The API as one caller sees it.
#[derive(Clone)]
pub struct Caller {
    api: Api,
    proof: Proof,
}

#[derive(Clone)]
enum Proof {
    None,
    Token(String),
    Signature(Credentials),
}

impl Caller {
    /// Reads. `path` begins with a slash and may have a query.
    pub async fn get(&self, path: &str) -> Result<Answer> {
        self.send(Method::GET, path, &[], None).await
    }

    /// Acts.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Answer> {
        self.post_with(path, body, &[]).await
    }

    /// Acts, with headers such as `idempotency-key` or `if-match`.
    pub async fn post_with(&self, path: &str, body: &Value, headers: &[(&str, &str)]) -> Result<Answer> {
        let mut all = vec![("content-type", "application/json")];
        all.extend(headers);
        self.send(Method::POST, path, &all, Some(serde_json::to_vec(body)?)).await
    }

    /// Takes back.
    pub async fn delete(&self, path: &str) -> Result<Answer> {
        self.send(Method::DELETE, path, &[], None).await
    }

    /// Any request, with the bytes of its body as they are.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Vec<u8>>,
    ) -> Result<Answer> {
        let url: Url = format!("{}{path}", self.api.url()).parse().with_context(|| format!("{path} is no path"))?;
        let body = body.unwrap_or_default();
        let mut all = HeaderMap::new();
        for (name, value) in headers {
            all.insert(HeaderName::try_from(*name)?, HeaderValue::try_from(*value)?);
        }
        match &self.proof {
            Proof::None => {}
            Proof::Token(token) => {
                all.insert("authorization", HeaderValue::try_from(format!("Bearer {token}"))?);
            }
            Proof::Signature(credentials) => {
                let signature =
                    signature_headers(credentials, "execute-api", method.as_str(), url.as_str(), headers, &body)?;
                for (name, value) in signature {
                    all.insert(HeaderName::try_from(name)?, HeaderValue::try_from(value)?);
                }
            }
        }
        let begun = Instant::now();
        let request = self.api.inner.http.request(method.clone(), url).headers(all).body(body);
        let answer = request.send().await.with_context(|| format!("no answer to {method} {path}"))?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let text = answer.text().await.with_context(|| format!("half an answer to {method} {path}"))?;
        let elapsed = begun.elapsed();
        let body = match text.as_str() {
            "" => Value::Null,
            text => serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned())),
        };
        Ok(Answer { status, body, headers, elapsed })
    }
}
