//! Requests from API Gateway (HTTP API, payload format 2.0) and the answers to them.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use domain::Refusal;
use domain::fault::InvalidUnit;
use domain::id::{InvalidCompartmentNumber, InvalidId, PersonId};
use domain::reference::InvalidReference;
use serde::de::{DeserializeOwned, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use serde_path_to_error::Segment;

use crate::apply::{ApplyError, Stop};
use crate::link::InvalidLink;
use crate::rooms::Alternative;
use crate::store::Unavailable;

/// The largest request body, in bytes. The largest of ours, a locker of 999 compartments, has 40 KB.
pub const BODY_LENGTH_MAX: usize = 64 * 1024;

/// How deep a request body may be nested.
const DEPTH_MAX: usize = 16;

/// In how many seconds to try again after an answer that asks for it.
const RETRY_AFTER_SECONDS: u32 = 1;

/// A request.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Request {
    /// The route as the template names it, such as `POST /orders`.
    pub route_key: String,
    /// Header names are in lower case.
    #[serde(deserialize_with = "null_is_empty")]
    pub headers: HashMap<String, String>,
    #[serde(deserialize_with = "null_is_empty")]
    pub path_parameters: HashMap<String, String>,
    #[serde(deserialize_with = "null_is_empty")]
    pub query_string_parameters: HashMap<String, String>,
    body: Option<String>,
    is_base64_encoded: bool,
    request_context: RequestContext,
}

/// Gateways leave out what is empty, or send `null` for it.
fn null_is_empty<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<HashMap<String, String>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RequestContext {
    request_id: String,
    authorizer: Option<Authorizer>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Authorizer {
    jwt: Option<Jwt>,
    iam: Option<Iam>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Jwt {
    claims: HashMap<String, Value>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Iam {
    user_arn: String,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Response {
    pub status_code: u16,
    pub headers: HashMap<&'static str, String>,
    pub body: String,
}

/// Why a request was not done. Becomes an answer with a reason that programs can act on.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    #[error("{message}")]
    InvalidRequest { field: Option<String>, message: String },
    #[error("there is no such thing")]
    NotFound,
    #[error("the request body is larger than {BODY_LENGTH_MAX} bytes")]
    PayloadTooLarge,
    #[error("the request body has to be application/json")]
    UnsupportedMediaType,
    #[error("this Idempotency-Key was used for another request")]
    IdempotencyKeyReused,
    #[error(transparent)]
    Link(#[from] InvalidLink),
    #[error("{refusal}")]
    Refused { refusal: Refusal, alternatives: Vec<Alternative> },
    #[error("please try again")]
    Unavailable(#[from] Unavailable),
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Problem::Refused { refusal, alternatives: Vec::new() }
    }
}

impl From<ApplyError> for Problem {
    fn from(error: ApplyError) -> Self {
        match error {
            ApplyError::Refused(refusal) => refusal.into(),
            ApplyError::Reused => Problem::IdempotencyKeyReused,
            ApplyError::Unavailable(unavailable) => unavailable.into(),
        }
    }
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::Refused { refusal, .. } => Stop::Refused(refusal),
            Problem::Unavailable(unavailable) => Stop::Unavailable(unavailable),
            other => Stop::Unavailable(Unavailable(other.to_string())),
        }
    }
}

impl Problem {
    /// The request cannot be understood: `field` says where.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Problem::InvalidRequest { field: Some(field.into()), message: message.into() }
    }

    fn status(&self) -> u16 {
        match self {
            Problem::InvalidRequest { .. } | Problem::Link(InvalidLink::Altered) => 400,
            Problem::NotFound => 404,
            Problem::PayloadTooLarge => 413,
            Problem::UnsupportedMediaType => 415,
            Problem::IdempotencyKeyReused => 422,
            Problem::Link(InvalidLink::Expired) => 410,
            Problem::Refused { refusal, .. } => status_of(refusal),
            Problem::Unavailable(_) => 503,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Problem::InvalidRequest { .. } => "invalid_request",
            Problem::NotFound => "not_found",
            Problem::PayloadTooLarge => "payload_too_large",
            Problem::UnsupportedMediaType => "unsupported_media_type",
            Problem::IdempotencyKeyReused => "idempotency_key_reused",
            Problem::Link(InvalidLink::Altered) => "link_invalid",
            Problem::Link(InvalidLink::Expired) => "link_expired",
            Problem::Refused { .. } => "refused",
            Problem::Unavailable(_) => "unavailable",
        }
    }
}

fn status_of(refusal: &Refusal) -> u16 {
    match refusal {
        Refusal::UnknownLocker
        | Refusal::UnknownCompartment
        | Refusal::UnknownOrder
        | Refusal::UnknownWorkOrder
        | Refusal::UnknownFault
        | Refusal::UnknownCase
        | Refusal::UnknownPerson
        | Refusal::UnknownShop
        | Refusal::NoTeam
        | Refusal::UnknownWindow => 404,
        Refusal::LockerUnavailable { .. }
        | Refusal::NoRoom
        | Refusal::TooBig
        | Refusal::CompartmentClosed { .. }
        | Refusal::CompartmentOutOfService
        | Refusal::HeldByAnother
        | Refusal::OtherPlace
        | Refusal::OtherBundle
        | Refusal::WrongState { .. }
        | Refusal::TooLong
        | Refusal::TooSevere
        | Refusal::NotProven
        | Refusal::NotOneSite
        | Refusal::NotTrapped
        | Refusal::NotTheHolder
        | Refusal::AlreadyExists
        | Refusal::WindowOverlaps { .. }
        | Refusal::PlanFull
        | Refusal::NotEmpty { .. }
        | Refusal::NotTheOwner
        | Refusal::DriverNotHeard
        | Refusal::TooManyQuestions
        | Refusal::FinalAnswer
        | Refusal::NotTheSameMatter
        | Refusal::TooManyJoined => 409,
        Refusal::LinkUsed | Refusal::TooLate => 410,
        Refusal::InvalidRating => 400,
        Refusal::MissingEvidence => 422,
        Refusal::OwnCase | Refusal::FirstDecider => 403,
        Refusal::StaleVersion => 412,
    }
}

impl Response {
    /// An answer with a JSON body.
    pub fn json(status_code: u16, body: &impl Serialize) -> Self {
        let body = serde_json::to_string(body).expect("answers are maps with text keys");
        let headers = HashMap::from([("content-type", "application/json".to_owned())]);
        Self { status_code, headers, body }
    }
}

/// A page for people, not for programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    pub html: String,
    /// What is in the page's one `style` element: nothing else is let do anything.
    pub style: &'static str,
    /// As HTML names it.
    pub language: &'static str,
}

impl Response {
    /// An answer with a page. A browser runs nothing in it, loads nothing for it, tells nobody its address, shows it in no
    /// other page and keeps no copy.
    pub fn page(status_code: u16, page: Page) -> Self {
        let digest = ring::digest::digest(&ring::digest::SHA256, page.style.as_bytes());
        let style = BASE64_STANDARD.encode(digest.as_ref());
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        );
        let headers = HashMap::from([
            ("content-type", "text/html; charset=utf-8".to_owned()),
            ("content-language", page.language.to_owned()),
            ("content-security-policy", policy),
            ("referrer-policy", "no-referrer".to_owned()),
            ("x-content-type-options", "nosniff".to_owned()),
            ("cache-control", "no-store".to_owned()),
            ("vary", "accept, accept-language".to_owned()),
        ]);
        Self { status_code, headers, body: page.html }
    }

    /// Sends a browser on to another address, relative to that of the request, after a form has done its work.
    pub fn see_other(location: String) -> Self {
        let headers = HashMap::from([
            ("content-type", "text/html; charset=utf-8".to_owned()),
            ("location", location),
            ("cache-control", "no-store".to_owned()),
        ]);
        Self { status_code: 303, headers, body: String::new() }
    }
}

impl From<Problem> for Response {
    fn from(problem: Problem) -> Self {
        let mut error = match &problem {
            Problem::Refused { refusal, .. } => serde_json::to_value(refusal).expect("a refusal is a map"),
            other => json!({ "reason": other.reason() }),
        };
        error["message"] = Value::from(problem.to_string());
        match &problem {
            Problem::InvalidRequest { field: Some(field), .. } => error["field"] = Value::from(field.as_str()),
            Problem::Refused { alternatives, refusal } => {
                let lacks_room = matches!(
                    refusal,
                    Refusal::LockerUnavailable { .. }
                        | Refusal::NoRoom
                        | Refusal::TooBig
                        | Refusal::CompartmentClosed { .. }
                        | Refusal::CompartmentOutOfService
                        | Refusal::HeldByAnother
                        | Refusal::OtherPlace
                );
                if lacks_room {
                    error["alternatives"] = serde_json::to_value(alternatives).expect("alternatives are maps");
                }
            }
            _ => {}
        }
        let mut response = Response::json(problem.status(), &json!({ "error": error }));
        if let Problem::Unavailable(unavailable) = &problem {
            tracing::error!(error = %unavailable, "answered 503: {unavailable}");
            response.headers.insert("retry-after", RETRY_AFTER_SECONDS.to_string());
        }
        response
    }
}

impl Request {
    /// The gateway's name for this request.
    pub fn id(&self) -> &str {
        &self.request_context.request_id
    }

    /// The person the token is for. The gateway has checked the token and its scope.
    ///
    /// # Errors
    /// [`Problem::NotFound`] for a token without a usable subject: nothing of it is told.
    pub fn person(&self) -> Result<PersonId, Problem> {
        let jwt = self.request_context.authorizer.as_ref().and_then(|it| it.jwt.as_ref());
        jwt.and_then(|jwt| jwt.claims.get("sub")?.as_str()?.parse().ok()).ok_or(Problem::NotFound)
    }

    /// The system that signed the request, as IAM names it.
    ///
    /// # Errors
    /// [`Problem::NotFound`] where the gateway did not name one.
    pub fn system(&self) -> Result<&str, Problem> {
        let iam = self.request_context.authorizer.as_ref().and_then(|it| it.iam.as_ref());
        iam.map(|iam| iam.user_arn.as_str()).filter(|arn| !arn.is_empty()).ok_or(Problem::NotFound)
    }

    /// An identifier in the path. One that could never exist does not exist.
    ///
    /// # Errors
    /// [`Problem::NotFound`]
    pub fn path<T: std::str::FromStr>(&self, name: &str) -> Result<T, Problem> {
        self.path_parameters.get(name).and_then(|text| text.parse().ok()).ok_or(Problem::NotFound)
    }

    /// A value in the query string.
    ///
    /// # Errors
    /// [`Problem::InvalidRequest`] where it is there and cannot be read.
    pub fn query<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Problem> {
        let Some(text) = self.query_string_parameters.get(name) else { return Ok(None) };
        // Numbers and true or false are written as JSON writes them; everything else is a text.
        let value = match serde_json::from_str(text) {
            Ok(value @ (Value::Number(_) | Value::Bool(_))) => value,
            _ => Value::from(text.as_str()),
        };
        serde_json::from_value(value).map(Some).map_err(|error| Problem::invalid(name, without_input(&error)))
    }

    /// A value in the query string that has to be there.
    ///
    /// # Errors
    /// [`Problem::InvalidRequest`]
    pub fn query_required<T: DeserializeOwned>(&self, name: &str) -> Result<T, Problem> {
        self.query(name)?.ok_or_else(|| Problem::invalid(name, "is missing"))
    }

    /// The version the caller acts on, where it names one.
    ///
    /// # Errors
    /// [`Problem::InvalidRequest`] where it is not a number.
    pub fn if_match(&self) -> Result<Option<u64>, Problem> {
        let Some(text) = self.headers.get("if-match") else { return Ok(None) };
        let number = text.trim_matches('"').parse();
        number.map(Some).map_err(|_| Problem::invalid("if-match", "is the version that was read"))
    }

    /// The body's bytes.
    ///
    /// # Errors
    /// [`Problem::PayloadTooLarge`], [`Problem::InvalidRequest`]
    pub fn body_bytes(&self) -> Result<Vec<u8>, Problem> {
        let body = self.body.as_deref().unwrap_or_default();
        // Base64 writes three bytes as four characters.
        if body.len() > BODY_LENGTH_MAX * 4 / 3 + 4 {
            return Err(Problem::PayloadTooLarge);
        }
        let bytes = if self.is_base64_encoded {
            BASE64_STANDARD
                .decode(body)
                .map_err(|_| Problem::InvalidRequest { field: None, message: "the body is not base64".to_owned() })?
        } else {
            body.as_bytes().to_vec()
        };
        if bytes.len() > BODY_LENGTH_MAX { Err(Problem::PayloadTooLarge) } else { Ok(bytes) }
    }

    /// Whether who asks would rather have a page than JSON: browsers say so, programs do not.
    pub fn wants_page(&self) -> bool {
        let accept = self.headers.get("accept").map(String::as_str).unwrap_or_default().to_ascii_lowercase();
        match (accept.find("text/html"), accept.find("application/json")) {
            (Some(page), Some(json)) => page < json,
            (page, _) => page.is_some(),
        }
    }

    /// Whether the body is that of a form.
    pub fn is_form(&self) -> bool {
        self.content_type().is_some_and(|it| it.eq_ignore_ascii_case("application/x-www-form-urlencoded"))
    }

    fn content_type(&self) -> Option<&str> {
        self.headers.get("content-type").map(|it| it.split(';').next().unwrap_or_default().trim())
    }

    /// What a form says under a name. Those of our forms say nothing that has to be encoded; whatever is, is nothing.
    ///
    /// # Errors
    /// [`Problem::PayloadTooLarge`], [`Problem::InvalidRequest`]
    pub fn form_value(&self, name: &str) -> Result<Option<String>, Problem> {
        let body = String::from_utf8(self.body_bytes()?).unwrap_or_default();
        let mut values = body.split('&').filter_map(|it| it.split_once('=')).filter(|(key, _)| *key == name);
        let value = values.next().map(|(_, value)| value.to_owned());
        Ok(value.filter(|it| values.next().is_none() && !it.contains(['%', '+'])))
    }

    /// The body as what the route takes.
    ///
    /// # Errors
    /// [`Problem::UnsupportedMediaType`], [`Problem::PayloadTooLarge`], and [`Problem::InvalidRequest`] with the
    /// path of the field that is wrong. The input is not repeated.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        if !self.content_type().is_some_and(|it| it.eq_ignore_ascii_case("application/json")) {
            return Err(Problem::UnsupportedMediaType);
        }
        read_json(&self.body_bytes()?).map_err(|it| Problem::InvalidRequest { field: it.field, message: it.message })
    }
}

/// What is wrong with a JSON text, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", .field.as_ref().map(|field| format!("{field}: ")).unwrap_or_default())]
pub struct InvalidJson {
    pub field: Option<String>,
    pub message: String,
}

/// Reads a JSON object from outside: no duplicate or unknown fields, no control characters but line breaks and
/// tabs, no deep nesting, no number that has no value.
///
/// # Errors
/// [`InvalidJson`] names the field and never repeats the input.
pub fn read_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, InvalidJson> {
    let whole = |message: &str| InvalidJson { field: None, message: message.to_owned() };
    let found = RefCell::default();
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let inspected = Inspection { found: &found, path: String::new(), depth: 1 }.deserialize(&mut deserializer);
    let inspected = inspected.and_then(|shape| deserializer.end().map(|()| shape));
    let shape = inspected.map_err(|error| match (found.take(), error.classify()) {
        (Some(invalid), _) => invalid,
        (None, serde_json::error::Category::Eof) => whole("the JSON ends too early"),
        (None, _) => whole(&format!("not JSON: line {} column {}", error.line(), error.column())),
    })?;
    // Every message of ours is an object; `serde` would take an array of its fields as well.
    if shape != Shape::Object {
        return Err(whole("invalid type, expected an object"));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let mut field = String::new();
        for segment in error.path() {
            match segment {
                Segment::Seq { index } => field.push_str(&format!("[{index}]")),
                Segment::Map { key } => push_name(&mut field, key),
                Segment::Enum { variant } => push_name(&mut field, variant),
                Segment::Unknown => push_name(&mut field, "?"),
            }
        }
        InvalidJson { field: (!field.is_empty()).then_some(field), message: without_input(error.inner()) }
    })
}

/// What the types of the domain say of a value they do not take.
fn own_words() -> [String; 5] {
    [
        InvalidId.to_string(),
        InvalidUnit.to_string(),
        InvalidCompartmentNumber.to_string(),
        InvalidReference.to_string(),
        Refusal::InvalidRating.to_string(),
    ]
}

/// What `serde` says, without the values it quotes.
fn without_input(error: &serde_json::Error) -> String {
    let text = error.to_string();
    // Only what was read from a text has a position, and a value may look like one.
    let position = format!(" at line {} column {}", error.line(), error.column());
    let text = text.strip_suffix(&position).unwrap_or(&text);
    match text.split_once(": ") {
        Some((kind @ ("invalid type" | "invalid value" | "unknown variant" | "invalid length"), rest)) => {
            let expected = rest.rsplit_once("expected ").map(|(_, expected)| format!(", expected {expected}"));
            format!("{kind}{}", expected.unwrap_or_default())
        }
        _ if text.starts_with("unknown variant") => "unknown value".to_owned(),
        _ if text.starts_with("unknown field") => "unknown field".to_owned(),
        // These name fields of ours, and the words of our own types are fixed. Anybody else's may quote the value.
        _ if text.starts_with("missing field") || text.starts_with("duplicate field") => text.to_owned(),
        _ if own_words().iter().any(|own| own == text) => text.to_owned(),
        _ => "invalid value".to_owned(),
    }
}

/// The longest name that is repeated in a path, in characters. Longer ones are none of ours.
const NAME_CHARS_MAX: usize = 64;

/// Adds a field's name to a path, as far as it could be one of ours.
fn push_name(path: &mut String, name: &str) {
    if !path.is_empty() {
        path.push('.');
    }
    path.extend(name.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '?')).take(NAME_CHARS_MAX));
}

fn has_control_characters(text: &str) -> bool {
    text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
}

/// What a JSON value is, as far as that matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Object,
    Other,
}

/// Looks at every value of a text as it is written, those included that the type to be read passes over.
struct Inspection<'a> {
    found: &'a RefCell<Option<InvalidJson>>,
    path: String,
    depth: usize,
}

impl Inspection<'_> {
    fn refuse<E: serde::de::Error>(self, message: &str) -> E {
        let field = (!self.path.is_empty()).then_some(self.path);
        *self.found.borrow_mut() = Some(InvalidJson { field, message: message.to_owned() });
        E::custom(message)
    }

    fn within(&self, path: String) -> Self {
        Self { found: self.found, path, depth: self.depth + 1 }
    }

    fn check_depth<E: serde::de::Error>(&self) -> Result<(), E> {
        if self.depth > DEPTH_MAX {
            return Err(Self { found: self.found, path: String::new(), depth: 0 }.refuse("nested too deeply"));
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Inspection<'_> {
    type Value = Shape;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Shape, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Inspection<'_> {
    type Value = Shape;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Shape, E> {
        Ok(Shape::Other)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Shape, E> {
        Ok(Shape::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Shape, E> {
        Ok(Shape::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Shape, E> {
        Ok(Shape::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Shape, E> {
        Ok(Shape::Other)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Shape, E> {
        if has_control_characters(text) { Err(self.refuse("has control characters")) } else { Ok(Shape::Other) }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Shape, A::Error> {
        self.check_depth()?;
        let mut at = 0;
        while values.next_element_seed(self.within(format!("{}[{at}]", self.path)))?.is_some() {
            at += 1;
        }
        Ok(Shape::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Shape, A::Error> {
        self.check_depth()?;
        let mut names = HashSet::new();
        while let Some(name) = fields.next_key::<String>()? {
            let mut path = self.path.clone();
            push_name(&mut path, &name);
            let field = self.within(path);
            if has_control_characters(&name) {
                return Err(field.refuse("has control characters in its name"));
            }
            fields.next_value_seed(field)?;
            if names.contains(&name) {
                let mut shown = String::new();
                push_name(&mut shown, &name);
                return Err(self.refuse(&format!("duplicate field `{shown}`")));
            }
            names.insert(name);
        }
        Ok(Shape::Object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        name: String,
        inner: Vec<Inner>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        count: u8,
    }

    fn problem(text: &str) -> (Option<String>, String) {
        let invalid = read_json::<Sample>(text.as_bytes()).unwrap_err();
        (invalid.field, invalid.message)
    }

    #[test]
    fn a_wrong_field_is_named_by_its_path_and_not_repeated() {
        let (field, message) = problem(r#"{"name":"a","inner":[{"count":1},{"count":"secret"}]}"#);
        assert_eq!(field.as_deref(), Some("inner[1].count"));
        assert_eq!(message, "invalid type, expected u8");
        assert_eq!(problem(r#"{"name":"a","inner":[{"count":-1}]}"#).0.as_deref(), Some("inner[0].count"));
        assert_eq!(problem(r#"{"name":"a","inner":[],"secret":1}"#).1, "unknown field");
        assert_eq!(problem("{\"name\":\"\\u0000\",\"inner\":[]}").0.as_deref(), Some("name"));
    }

    /// Takes any object, and passes over what it does not know.
    #[derive(Debug, Deserialize)]
    struct Lenient {}

    #[test]
    fn what_a_type_passes_over_is_looked_at_too() {
        let problem = |text: &str| {
            let invalid = read_json::<Lenient>(text.as_bytes()).unwrap_err();
            (invalid.field.unwrap_or_default(), invalid.message)
        };
        let said = |field: &str, message: &str| (field.to_owned(), message.to_owned());
        let control = "has control characters";
        assert_eq!(problem("{\"x\":[1,{\"y\":\"\\u0007\"}]}"), said("x[1].y", control));
        assert_eq!(problem("{\"x\":{\"a\\u0007b\":1}}"), said("x.ab", "has control characters in its name"));
        assert_eq!(problem(r#"{"x":{"a":1,"b":2,"a":3}}"#), said("x", "duplicate field `a`"));
        let deep = format!("{{\"x\":{}{}}}", "[".repeat(16), "]".repeat(16));
        assert_eq!(problem(&deep), said("", "nested too deeply"));
    }

    #[derive(Debug, Deserialize)]
    struct Foreign {
        #[serde(rename = "at", deserialize_with = "refuse_in_its_own_words")]
        _at: u8,
        #[serde(rename = "counts", default)]
        _counts: HashMap<String, u8>,
    }

    fn refuse_in_its_own_words<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
        let text = String::deserialize(deserializer)?;
        Err(serde::de::Error::custom(format!("cannot take {text}")))
    }

    #[test]
    fn a_refusal_repeats_no_value_whoever_words_it() {
        let problem = |text: &str| read_json::<Foreign>(text.as_bytes()).unwrap_err();
        assert_eq!(problem(r#"{"at":"secret at line 1 column 2"}"#).message, "invalid value");
        let name = format!("{}<secret>", "n".repeat(64));
        let field = problem(&format!(r#"{{"counts":{{"{name}":"x"}},"at":1}}"#)).field;
        assert_eq!(field, Some(format!("counts.{}", "n".repeat(64))), "no more of a name than ours have");
    }

    #[test]
    fn what_is_no_json_or_hides_something_is_refused() {
        for text in
            ["", "{", "no", "{\"name\":1e999}", "\"\u{1}\"", "{\"name\":\"a\",\"name\":\"b\",\"inner\":[]}", "[]"]
        {
            assert!(read_json::<Sample>(text.as_bytes()).is_err(), "{text}");
        }
        assert!(read_json::<Sample>(b"{\"name\":\"\xff\",\"inner\":[]}").is_err());
        let deep = format!("{}{}", "[".repeat(17), "]".repeat(17));
        assert_eq!(read_json::<Value>(deep.as_bytes()).unwrap_err().message, "nested too deeply");
        assert!(read_json::<Value>(format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)).as_bytes()).is_err());
    }
}
