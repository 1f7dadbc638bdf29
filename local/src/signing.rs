//! Signs requests as AWS wants them signed (SigV4).

use std::time::SystemTime;

use anyhow::{Context, Result};
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, sign,
};
use aws_sigv4::sign::v4;

/// The region the whole network runs in on this machine.
pub const REGION: &str = "eu-central-1";

/// An access key and its secret.
#[derive(Debug, Clone)]
pub struct Credentials {
    pub access_key: String,
    pub secret: String,
}

/// The headers to add to this very request; changing anything of it afterwards makes them wrong.
pub fn signature_headers(
    credentials: &Credentials,
    service: &str,
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<Vec<(String, String)>> {
    let identity =
        aws_credential_types::Credentials::new(&credentials.access_key, &credentials.secret, None, None, "the runner")
            .into();
    let mut settings = SigningSettings::default();
    let mut signed_body = SignableBody::Bytes(body);
    if service == "s3" {
        // S3 is the one service that encodes paths once, and wants to be told about the body. Its digest is left
        // out: over all the code it takes seconds in a build that is not optimised.
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        signed_body = SignableBody::UnsignedPayload;
    }
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(REGION)
        .name(service)
        .time(SystemTime::now())
        .settings(settings)
        .build()
        .context("cannot sign a request")?
        .into();
    let request =
        SignableRequest::new(method, url, headers.iter().copied(), signed_body).context("cannot sign a request")?;
    let (instructions, _) = sign(request, &parameters).context("cannot sign a request")?.into_parts();
    Ok(instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}
