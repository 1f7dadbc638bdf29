//! Where a document is, such as a photo of a broken lock. It is kept where it is: nothing here ever opens it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The longest address, in bytes. Signed addresses of object stores are longer; they run out, so they refer to nothing.
pub const REFERENCE_LENGTH_MAX: usize = 500;

/// The address of a document: `https://host/path` or `s3://bucket/key`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Reference(String);

/// Not an address that a document can be found under.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a reference is an https or s3 address without a password, of at most {REFERENCE_LENGTH_MAX} characters")]
pub struct InvalidReference;

impl Reference {
    /// The address as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whoever reads a note opens what it refers to: only what is plainly an address, and never one that carries a password
/// or could end an attribute or a line.
fn is_valid(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("s3://"));
    let Some((place, path)) = rest.and_then(|rest| rest.split_once('/')) else { return false };
    let in_place = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':');
    let in_path = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'<' | b'>' | b'\\' | b'`');
    text.len() <= REFERENCE_LENGTH_MAX
        && !place.is_empty()
        && place.bytes().all(in_place)
        && place.as_bytes()[0].is_ascii_alphanumeric()
        && !path.is_empty()
        && path.bytes().all(in_path)
}

impl TryFrom<String> for Reference {
    type Error = InvalidReference;
    fn try_from(text: String) -> Result<Self, InvalidReference> {
        if is_valid(&text) { Ok(Self(text)) } else { Err(InvalidReference) }
    }
}

impl FromStr for Reference {
    type Err = InvalidReference;
    fn from_str(text: &str) -> Result<Self, InvalidReference> {
        text.to_owned().try_into()
    }
}

impl From<Reference> for String {
    fn from(reference: Reference) -> String {
        reference.0
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_a_document_reads_back_as_written() {
        for text in ["https://photos.example.org/mz-03/7.jpg", "s3://repairs/2026/11/lock%207.jpg?versionId=a+b"] {
            assert_eq!(text.parse::<Reference>().unwrap().to_string(), text);
            assert_eq!(serde_json::to_value(text.parse::<Reference>().unwrap()).unwrap(), text);
        }
    }

    #[test]
    fn what_is_no_address_of_a_document_is_refused() {
        let long = format!("https://a.example/{}", "x".repeat(REFERENCE_LENGTH_MAX));
        for text in [
            "",
            "photo.jpg",
            "http://photos.example.org/7.jpg",
            "file:///etc/passwd",
            "javascript://a/b",
            "https://",
            "https:///7.jpg",
            "https://photos.example.org",
            "https://user:secret@photos.example.org/7.jpg",
            "https://-a/7.jpg",
            "s3://repairs/",
            "s3://repairs/a b",
            "https://a/\"><script>",
            "https://a/b\nc",
            "https://ä.example/7.jpg",
            &long,
        ] {
            assert_eq!(text.parse::<Reference>(), Err(InvalidReference), "{text}");
        }
    }
}
