//! The few calls the runner itself makes to AWS, which is MiniStack here. The functions use the AWS SDK; the
//! runner does without it, so that it builds quickly.

use anyhow::{Context, Result, bail};
use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::{Method, Response};
use serde_json::Value;

use crate::signing::{Credentials, signature_headers};
use crate::xml;

/// What the account's root may do, the runner may.
#[derive(Debug, Clone)]
pub struct Aws {
    http: reqwest::Client,
    url: String,
    credentials: Credentials,
}

impl Aws {
    /// Calls the stand-in at `url`.
    pub fn new(http: reqwest::Client, url: String, credentials: Credentials) -> Self {
        Self { http, url, credentials }
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A call of the query protocol (CloudFormation, IAM, SNS). Answers with the XML document.
    pub async fn query(&self, service: &str, version: &str, action: &str, fields: &[(&str, &str)]) -> Result<String> {
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("Action", action)
            .append_pair("Version", version)
            .extend_pairs(fields)
            .finish();
        let headers = [("content-type", "application/x-www-form-urlencoded; charset=utf-8")];
        let answer = self.send(service, Method::POST, "/", &headers, body.into_bytes()).await?;
        let (accepted, document) = (answer.status().is_success(), answer.text().await?);
        if !accepted {
            let reason = xml::text(&document, "Message").unwrap_or(document);
            bail!("{service} refused {action}: {reason}");
        }
        Ok(document)
    }

    /// A call of the JSON protocol, such as ("dynamodb", "DynamoDB_20120810.Query", ...).
    pub async fn json(&self, service: &str, target: &str, body: &Value) -> Result<Value> {
        let protocol = if service == "dynamodb" { "application/x-amz-json-1.0" } else { "application/x-amz-json-1.1" };
        let headers = [("content-type", protocol), ("x-amz-target", target)];
        let answer = self.send(service, Method::POST, "/", &headers, serde_json::to_vec(body)?).await?;
        let (accepted, text) = (answer.status().is_success(), answer.text().await?);
        if !accepted {
            bail!("{service} refused {target}: {text}");
        }
        serde_json::from_str(&text).with_context(|| format!("{target} was answered with something else than JSON"))
    }

    /// Stores an object; where `key` is empty, makes a bucket as the body says.
    pub async fn put(&self, bucket: &str, key: &str, body: Vec<u8>) -> Result<()> {
        let path = if key.is_empty() { format!("/{bucket}") } else { format!("/{bucket}/{key}") };
        let answer = self.send("s3", Method::PUT, &path, &[], body).await?;
        if !answer.status().is_success() {
            bail!("s3 refused to store {path}: {}", answer.text().await?);
        }
        Ok(())
    }

    /// Runs a function and waits for its answer. An error of the function is an error here.
    pub async fn invoke(&self, function: &str, event: &Value) -> Result<Value> {
        let path = format!("/2015-03-31/functions/{function}/invocations");
        let headers = [("content-type", "application/json")];
        let answer = self.send("lambda", Method::POST, &path, &headers, serde_json::to_vec(event)?).await?;
        let failed = !answer.status().is_success() || answer.headers().contains_key("x-amz-function-error");
        let text = answer.text().await?;
        if failed {
            bail!("{function} failed: {text}");
        }
        if text.is_empty() { Ok(Value::Null) } else { Ok(serde_json::from_str(&text)?) }
    }

    async fn send(
        &self,
        service: &str,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Result<Response> {
        let url = format!("{}{path}", self.url);
        let signature = signature_headers(&self.credentials, service, method.as_str(), &url, headers, &body)?;
        let mut request = self.http.request(method, &url).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        for (name, value) in &signature {
            request = request.header(HeaderName::try_from(name)?, HeaderValue::try_from(value)?);
        }
        if !headers.iter().any(|(name, _)| *name == "content-type") {
            request = request.header(CONTENT_TYPE, "application/octet-stream");
        }
        request.send().await.with_context(|| format!("{service} cannot be reached at {}", self.url))
    }
}
