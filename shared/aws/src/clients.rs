//! The clients of AWS services, set up for a quick start.
//!
//! The SDK as it comes spends more than a hundred times as many instructions on its first call: it walks a chain
//! of credential sources, reads the system's root certificates and lets its cryptography gather entropy. A
//! Lambda function has its credentials in its environment and talks to Amazon's own endpoints only.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::tls;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;

use crate::environment::{Environment, InvalidEnvironment};

/// The roots that Amazon's endpoints are certified by (<https://www.amazontrust.com/repository/>).
const ROOTS: [&[u8]; 5] = [
    include_bytes!("../roots/Amazon_Root_CA_1.pem"),
    include_bytes!("../roots/Amazon_Root_CA_2.pem"),
    include_bytes!("../roots/Amazon_Root_CA_3.pem"),
    include_bytes!("../roots/Amazon_Root_CA_4.pem"),
    include_bytes!("../roots/Starfield_Services_Root_Certificate_Authority_-_G2.pem"),
];

/// A connection within a region takes a few milliseconds; one that takes a second is on its way nowhere.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// A transaction takes some 20 ms; ten times the slowest percentile is left for it.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(2);
/// All attempts together, well within the shortest function time-out (10 s).
const OPERATION_TIMEOUT: Duration = Duration::from_secs(6);
/// The first attempt and two more; whatever still fails is tried again by who called the function.
const ATTEMPTS_MAX: u32 = 3;

/// What every client is made from. One per process, made in `main`.
#[derive(Debug, Clone)]
pub struct Clients {
    region: String,
    credentials: SharedCredentialsProvider,
    http: SharedHttpClient,
    endpoint: Option<String>,
    sns_endpoint: Option<String>,
}

impl Clients {
    /// Reads Lambda's own variables. `AWS_ENDPOINT_URL` and `AWS_ENDPOINT_URL_SNS` lead elsewhere, as they do
    /// for every AWS SDK: to the stand-in on one's own machine; `AWS_CA_BUNDLE` names the certificates in a file that
    /// are trusted there instead of Amazon's.
    ///
    /// # Errors
    /// [`InvalidEnvironment`] names the variable that is not there, or cannot be used.
    pub fn new(environment: &Environment) -> Result<Self, InvalidEnvironment> {
        let credentials = Credentials::new(
            environment.require("AWS_ACCESS_KEY_ID")?,
            environment.require("AWS_SECRET_ACCESS_KEY")?,
            environment.get("AWS_SESSION_TOKEN").map(str::to_owned),
            None,
            "environment",
        );
        let endpoint = environment.get("AWS_ENDPOINT_URL").map(str::to_owned);
        Ok(Self {
            region: environment.require("AWS_REGION")?.to_owned(),
            credentials: SharedCredentialsProvider::new(credentials),
            http: http_client(environment)?,
            sns_endpoint: environment.get("AWS_ENDPOINT_URL_SNS").map(str::to_owned).or_else(|| endpoint.clone()),
            endpoint,
        })
    }

    /// DynamoDB.
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        let config = configure!(self, aws_sdk_dynamodb, &self.endpoint);
        aws_sdk_dynamodb::Client::from_conf(config)
    }

    /// SNS.
    pub fn sns(&self) -> aws_sdk_sns::Client {
        let config = configure!(self, aws_sdk_sns, &self.sns_endpoint);
        aws_sdk_sns::Client::from_conf(config)
    }

    /// IoT Core's registry: things, certificates, policies.
    pub fn iot(&self) -> aws_sdk_iot::Client {
        let config = configure!(self, aws_sdk_iot, &self.endpoint);
        aws_sdk_iot::Client::from_conf(config)
    }

    /// IoT Core's data plane: device shadows.
    pub fn iot_data(&self) -> aws_sdk_iotdataplane::Client {
        let config = configure!(self, aws_sdk_iotdataplane, &self.endpoint);
        aws_sdk_iotdataplane::Client::from_conf(config)
    }
}

/// Each SDK crate has a configuration type of its own, with the same setters.
macro_rules! configure {
    ($clients:expr, $sdk:ident, $endpoint:expr) => {{
        let mut config = $sdk::Config::builder()
            .behavior_version($sdk::config::BehaviorVersion::latest())
            .region($sdk::config::Region::new($clients.region.clone()))
            .credentials_provider($clients.credentials.clone())
            .http_client($clients.http.clone())
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS_MAX))
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(CONNECT_TIMEOUT)
                    .operation_attempt_timeout(ATTEMPT_TIMEOUT)
                    .operation_timeout(OPERATION_TIMEOUT)
                    .build(),
            );
        config.set_endpoint_url($endpoint.clone());
        config.build()
    }};
}
use configure;

fn http_client(environment: &Environment) -> Result<SharedHttpClient, InvalidEnvironment> {
    let unusable = |problem: String| InvalidEnvironment::Unusable { name: "AWS_CA_BUNDLE", problem };
    let trusted = match environment.get("AWS_CA_BUNDLE") {
        Some(path) => {
            let certificates = std::fs::read(path).map_err(|error| unusable(format!("{path}: {error}")))?;
            tls::TrustStore::empty().with_pem_certificate(certificates)
        }
        None => ROOTS.into_iter().fold(tls::TrustStore::empty(), |store, root| store.with_pem_certificate(root)),
    };
    let context =
        tls::TlsContext::builder().with_trust_store(trusted).build().map_err(|it| unusable(it.to_string()))?;
    Ok(aws_smithy_http_client::Builder::new()
        .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring))
        .tls_context(context)
        .build_https())
}
