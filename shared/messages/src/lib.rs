//! What people read. Who must learn what is decided in the domain; here it is put into words.
//!
//! Every kind of notice has a folder in `texts/` with one file per language and channel. An e-mail's first line
//! is its subject, then comes an empty line, then the text; customers are greeted by the letter around it, and several
//! messages to one of them are one digest. The files directly in `texts/` choose the text of a message and name the
//! facts it may use; they are compiled in, and a kind without its texts, or a text that names a fact its message does
//! not have, does not compile. The pages behind one-time links are in `pages/`.

pub mod pages;
mod words;

use askama::Template;

use domain::case::Measure;
use domain::notice::Message;
use domain::order::REST_MIN;
use domain::pacing::Haste;
use domain::person::Language;
use domain::work_order::TEST_OPENINGS_REQUIRED;
use words::{english, german};

/// The longest subject. SNS demands less than 100 characters and does not say how it counts; counted in UTF-16
/// units, as here, a subject is never shorter than in characters.
pub const SUBJECT_LENGTH_MAX: usize = 99;

/// How much a phone shows of a push message.
pub const PUSH_LENGTH_MAX: usize = 178;

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

#[derive(Template)]
#[template(path = "de.letter.txt")]
struct GermanLetter<'a> {
    text: &'a Text,
}

#[derive(Template)]
#[template(path = "en.letter.txt")]
struct EnglishLetter<'a> {
    text: &'a Text,
}

#[derive(Template)]
#[template(path = "de.digest.txt")]
struct GermanDigest<'a> {
    texts: &'a [&'a Text],
}

#[derive(Template)]
#[template(path = "en.digest.txt")]
struct EnglishDigest<'a> {
    texts: &'a [&'a Text],
}

#[derive(Template)]
#[template(path = "de.digest.push.txt")]
struct GermanDigestPush<'a> {
    texts: &'a [&'a Text],
}

#[derive(Template)]
#[template(path = "en.digest.push.txt")]
struct EnglishDigestPush<'a> {
    texts: &'a [&'a Text],
}

/// One message in words, before it is a letter: by itself, or as one of several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// As it is written, however long.
    subject: String,
    body: String,
    push: String,
    /// Whether it is to a customer, who is greeted.
    greets: bool,
}

impl Text {
    /// The text as a part of a digest, without a greeting, which in German its first sentence continues.
    pub fn as_part(&self) -> String {
        let mut chars = self.body.chars();
        let body: String = chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default();
        format!("{}\n\n{body}", self.subject)
    }
}

fn failed(kind: &'static str) -> impl Fn(askama::Error) -> RenderError {
    move |source| RenderError { kind, source }
}

/// Puts a message into words. `link` is the address of its one-time link, for those that have one
/// ([`Message::link`]); the e-mail of such a message points to the app where there is none. `code` opens the door, for
/// those that tell it ([`Message::tells_the_code`]); it is in the e-mail's text only, where no lock screen shows it.
///
/// # Errors
/// [`RenderError`] where a value refuses to be written as text, which none of today's does.
pub fn write(
    message: &Message,
    language: Language,
    link: Option<&str>,
    code: Option<&str>,
) -> Result<Text, RenderError> {
    let (email, push) = match language {
        Language::German => (GermanEmail { message, link, code }.render(), GermanPush { message }.render()),
        Language::English => (EnglishEmail { message, link, code }.render(), EnglishPush { message }.render()),
    };
    let failed = failed(message.kind());
    let (email, push) = (email.map_err(&failed)?, push.map_err(&failed)?);
    let (subject, body) = email.trim().split_once('\n').unwrap_or((&email, ""));
    let greets = message.haste() != Haste::Call;
    Ok(Text { subject: subject.to_owned(), body: body.trim().to_owned(), push: push.trim().to_owned(), greets })
}

/// Makes one message of what has been put into words: a letter of its own, or of several a digest, in their order. What
/// would be said in the same words again is said once.
///
/// # Errors
/// [`RenderError`], as [`write`].
pub fn send_as_one(texts: &[Text], language: Language) -> Result<Rendered, RenderError> {
    let mut told: Vec<&Text> = Vec::new();
    for text in texts {
        if !told.contains(&text) {
            told.push(text);
        }
    }
    let [text] = told[..] else { return digest(&told, language) };
    let email = match language {
        _ if !text.greets => Ok(text.body.clone()),
        Language::German => GermanLetter { text }.render(),
        Language::English => EnglishLetter { text }.render(),
    };
    let email = email.map_err(failed("letter"))?.trim().to_owned();
    Ok(Rendered { subject: cut(&text.subject, SUBJECT_LENGTH_MAX), email, push: text.push.clone() })
}

fn digest(texts: &[&Text], language: Language) -> Result<Rendered, RenderError> {
    let (email, push) = match language {
        Language::German => (GermanDigest { texts }.render(), GermanDigestPush { texts }.render()),
        Language::English => (EnglishDigest { texts }.render(), EnglishDigestPush { texts }.render()),
    };
    let (email, push) = (email.map_err(failed("digest"))?, push.map_err(failed("digest"))?);
    let (subject, email) = email.trim().split_once('\n').unwrap_or((&email, ""));
    Ok(Rendered {
        subject: cut(subject, SUBJECT_LENGTH_MAX),
        email: email.trim().to_owned(),
        push: cut(push.trim(), PUSH_LENGTH_MAX),
    })
}

/// Puts a message that is sent by itself into words, as [`write`].
///
/// # Errors
/// [`RenderError`], as [`write`].
pub fn render(
    message: &Message,
    language: Language,
    link: Option<&str>,
    code: Option<&str>,
) -> Result<Rendered, RenderError> {
    send_as_one(&[write(message, language, link, code)?], language)
}

/// The line, or as much of it as fits before an ellipsis.
fn cut(line: &str, length_max: usize) -> String {
    let line = line.trim_end();
    if line.encode_utf16().count() <= length_max {
        return line.to_owned();
    }
    let mut length = 0;
    let fits = |c: &char| {
        length += c.len_utf16();
        length < length_max
    };
    let kept: String = line.chars().take_while(fits).collect();
    format!("{}…", kept.trim_end())
}
