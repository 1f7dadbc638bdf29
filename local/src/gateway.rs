//! The API under an address of the runner: short, so that links in messages can be clicked, and known before
//! the API exists. Requests with a signature go to MiniStack itself, whose address they were signed for.

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

/// Passes requests on to the API.
#[derive(Debug, Clone)]
pub struct Gateway {
    http: reqwest::Client,
    api_url: Arc<OnceLock<String>>,
}

impl Gateway {
    /// A gateway to an API that is not deployed yet.
    pub fn new(http: reqwest::Client) -> Self {
        Self { http, api_url: Arc::default() }
    }

    /// Says where the API is.
    pub fn forward_to(&self, api_url: &str) {
        self.api_url.get_or_init(|| api_url.to_owned());
    }

    /// To be nested under the public path.
    pub fn routes(&self) -> Router {
        Router::new().fallback(pass_on).with_state(self.clone())
    }
}

async fn pass_on(
    State(gateway): State<Gateway>,
    method: Method,
    uri: Uri,
    mut headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(api_url) = gateway.api_url.get() else {
        return (StatusCode::SERVICE_UNAVAILABLE, "the network is still starting").into_response();
    };
    for own in [header::HOST, header::CONTENT_LENGTH, header::CONNECTION, header::TRANSFER_ENCODING] {
        headers.remove(own);
    }
    let request = gateway.http.request(method, format!("{api_url}{uri}")).headers(headers).body(body);
    match request.send().await {
        Ok(answer) => {
            let (status, mut headers) = (answer.status(), answer.headers().clone());
            for own in [header::CONTENT_LENGTH, header::CONNECTION, header::TRANSFER_ENCODING] {
                headers.remove(own);
            }
            match answer.bytes().await {
                Ok(body) => (status, headers, Body::from(body)).into_response(),
                Err(error) => unreachable_api(&error),
            }
        }
        Err(error) => unreachable_api(&error),
    }
}

fn unreachable_api(error: &reqwest::Error) -> Response {
    (StatusCode::BAD_GATEWAY, format!("the API does not answer: {error}")).into_response()
}
