//! What people read. Who must learn what is decided in the domain; here it is put into words.
//!
//! Every kind of notice has a folder in `texts/` with one file per language and channel. An e-mail's first line
//! is its subject, then comes an empty line, then the text. The files directly in `texts/` choose the text
//! of a message and name the facts it may use; they are compiled in, and a kind without its texts, or a text
//! that names a fact its message does not have, does not compile. The pages behind one-time links are in `pages/`.

pub mod pages;
mod words;

use askama::Template;

use domain::case::Measure;
use domain::notice::Message;
use domain::order::REST_MIN;
use domain::person::Language;
use domain::work_order::TEST_OPENINGS_REQUIRED;
use words::{english, german};

/// The longest subject. SNS demands less than 100 characters and does not say how it counts; counted in UTF-16
/// units, as here, a subject is never shorter than in characters.
pub const SUBJECT_LENGTH_MAX: usize = 99;

/// One message in the words of one language, for each channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// One line without control characters, at most [`SUBJECT_LENGTH_MAX`] long.
    pub subject: String,
    /// The whole e-mail as plain text.
    pub email: String,
    /// One or two short sentences for a phone's screen. Never carries the link.
    pub push: String,
}

/// A text that could not be put together, which its kind names. Trying again does not help.
#[derive(Debug, thiserror::Error)]
#[error("the text of '{kind}' cannot be written")]
pub struct RenderError {
    kind: &'static str,
    source: askama::Error,
}

#[derive(Template)]
#[template(path = "de.email.txt")]
struct GermanEmail<'a> {
    message: &'a Message,
    link: Option<&'a str>,
    code: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "de.push.txt")]
struct GermanPush<'a> {
    message: &'a Message,
}

#[derive(Template)]
#[template(path = "en.email.txt")]
struct EnglishEmail<'a> {
    message: &'a Message,
    link: Option<&'a str>,
    code: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "en.push.txt")]
struct EnglishPush<'a> {
    message: &'a Message,
}

/// Puts a message into words. `link` is the address of its one-time link, for those that have one
/// ([`Message::link`]); the e-mail of such a message points to the app where there is none. `code` opens the door, for
/// those that tell it ([`Message::tells_the_code`]); it is in the e-mail's text only, where no lock screen shows it.
///
/// # Errors
/// [`RenderError`] where a value refuses to be written as text, which none of today's does.
pub fn render(
    message: &Message,
    language: Language,
    link: Option<&str>,
    code: Option<&str>,
) -> Result<Rendered, RenderError> {
    let (email, push) = match language {
        Language::German => (GermanEmail { message, link, code }.render(), GermanPush { message }.render()),
        Language::English => (EnglishEmail { message, link, code }.render(), EnglishPush { message }.render()),
    };
    let failed = |source| RenderError { kind: message.kind(), source };
    let (email, push) = (email.map_err(failed)?, push.map_err(failed)?);
    let (subject, email) = email.trim().split_once('\n').unwrap_or((&email, ""));
    Ok(Rendered { subject: cut_subject(subject), email: email.trim().to_owned(), push: push.trim().to_owned() })
}

/// The subject, or as much of it as fits before an ellipsis.
fn cut_subject(line: &str) -> String {
    let line = line.trim_end();
    if line.encode_utf16().count() <= SUBJECT_LENGTH_MAX {
        return line.to_owned();
    }
    let mut length = 0;
    let fits = |c: &char| {
        length += c.len_utf16();
        length < SUBJECT_LENGTH_MAX
    };
    let kept: String = line.chars().take_while(fits).collect();
    format!("{}…", kept.trim_end())
}
