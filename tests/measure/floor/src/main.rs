//! The floor: what the same calls cost at the least.
//!
//! A function on bare sockets, with rustls and ring: no SDK, no runtime, no JSON. Its events are the
//! requests that a real function made (`Call::for_the_floor`); it signs each, sends it over one connection that it keeps,
//! reads the answer to its end, and answers `{}`.

use std::env;
use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, Write};
use std::net::TcpStream;
use std::sync::Arc;

use ring::{digest, hmac};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;
type Tls = BufReader<StreamOwned<ClientConnection, TcpStream>>;

fn main() -> Result<()> {
    let runtime = env::var("AWS_LAMBDA_RUNTIME_API")?;
    let mut aws = Aws::new()?;
    let mut lambda = BufReader::new(connect(&runtime)?);
    loop {
        let next = format!("GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nhost: {runtime}\r\n\r\n");
        lambda.get_mut().write_all(next.as_bytes())?;
        let (head, event) = read(&mut lambda)?;
        let id = header(&head, "lambda-runtime-aws-request-id").ok_or("an event without an id")?.to_owned();
        let mut rest = event.as_slice();
        while !rest.is_empty() {
            rest = aws.ask(rest)?;
        }
        let answer = format!(
            "POST /2018-06-01/runtime/invocation/{id}/response HTTP/1.1\r\nhost: {runtime}\r\ncontent-length: 2\r\n\r\n{{}}"
        );
        lambda.get_mut().write_all(answer.as_bytes())?;
        read(&mut lambda)?;
    }
}

fn connect(address: &str) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// The connection to AWS, opened with the first request, and what requests are signed with.
struct Aws {
    config: Arc<ClientConfig>,
    address: String,
    connection: Option<Tls>,
    key_id: String,
    secret: String,
    region: String,
}

impl Aws {
    fn new() -> Result<Self> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(env::var("AWS_CA_BUNDLE")?)? {
            roots.add(certificate?)?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let endpoint = env::var("AWS_ENDPOINT_URL")?;
        Ok(Self {
            config: Arc::new(config),
            address: endpoint.trim_start_matches("https://").to_owned(),
            connection: None,
            key_id: env::var("AWS_ACCESS_KEY_ID")?,
            secret: env::var("AWS_SECRET_ACCESS_KEY")?,
            region: env::var("AWS_REGION")?,
        })
    }

    /// Makes the first of these requests. Returns the rest.
    fn ask<'a>(&mut self, requests: &'a [u8]) -> Result<&'a [u8]> {
        let (line, rest) = cut(requests)?;
        let (target, rest) = cut(rest)?;
        let (content_type, rest) = cut(rest)?;
        let (length, rest) = cut(rest)?;
        let (body, rest) = rest.split_at_checked(length.parse()?).ok_or("a body cut short")?;
        let request = self.sign(line, target, content_type, body);
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => {
                let host = self.address.split(':').next().unwrap_or_default().to_owned();
                let client = ClientConnection::new(self.config.clone(), ServerName::try_from(host)?)?;
                none.insert(BufReader::new(StreamOwned::new(client, connect(&self.address)?)))
            }
        };
        let mut whole = request.into_bytes();
        whole.extend_from_slice(body);
        connection.get_mut().write_all(&whole)?;
        read(connection)?;
        Ok(rest)
    }

    /// The head of a request, signed (AWS Signature Version 4).
    fn sign(&self, line: &str, target: &str, content_type: &str, body: &[u8]) -> String {
        let (method, path) = line.split_once(' ').unwrap_or(("POST", "/"));
        let service = if target.starts_with("DynamoDB") {
            "dynamodb"
        } else if path == "/" {
            "sns"
        } else {
            "iotdata"
        };
        let (day, time) = now();
        let body_hash = hex(digest::digest(&digest::SHA256, body).as_ref());
        let mut headers = String::new();
        let mut signed = String::new();
        for (name, value) in
            [("content-type", content_type), ("host", &self.address), ("x-amz-date", &time), ("x-amz-target", target)]
        {
            if !value.is_empty() {
                let _ = writeln!(headers, "{name}:{value}");
                signed.push_str(if signed.is_empty() { "" } else { ";" });
                signed.push_str(name);
            }
        }
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let canonical = format!("{method}\n{path}\n{query}\n{headers}\n{signed}\n{body_hash}");
        let scope = format!("{day}/{}/{service}/aws4_request", self.region);
        let canonical_hash = hex(digest::digest(&digest::SHA256, canonical.as_bytes()).as_ref());
        let to_sign = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{canonical_hash}");
        let mut key = mac(format!("AWS4{}", self.secret).as_bytes(), day.as_bytes());
        for part in [self.region.as_str(), service, "aws4_request"] {
            key = mac(key.as_ref(), part.as_bytes());
        }
        let signature = hex(mac(key.as_ref(), to_sign.as_bytes()).as_ref());
        let mut head = format!("{line} HTTP/1.1\r\ncontent-length: {}\r\n", body.len());
        for header in headers.lines() {
            head.push_str(header);
            head.push_str("\r\n");
        }
        let _ = write!(
            head,
            "authorization: AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={signed}, Signature={signature}\r\n\r\n",
            self.key_id
        );
        head
    }
}

fn mac(key: &[u8], text: &[u8]) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The first line, and what follows it.
fn cut(text: &[u8]) -> Result<(&str, &[u8])> {
    let end = text.iter().position(|it| *it == b'\n').ok_or("a line without an end")?;
    Ok((std::str::from_utf8(&text[..end])?, &text[end + 1..]))
}

/// The day and the time as signatures have them.
fn now() -> (String, String) {
    let time = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
    (time[..8].to_owned(), time)
}

/// Reads an answer: its head, and its body.
fn read(stream: &mut impl BufRead) -> Result<(String, Vec<u8>)> {
    let mut head = String::new();
    loop {
        let begin = head.len();
        if stream.read_line(&mut head)? == 0 {
            return Err("the connection has ended".into());
        }
        if head.len() - begin <= 2 {
            break;
        }
    }
    let length = header(&head, "content-length").ok_or("an answer without a length")?.parse()?;
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok((head, body))
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}
