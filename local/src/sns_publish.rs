//! What SNS makes of one Publish: whether it takes it, and what each way of delivery says.

use std::collections::HashMap;

use serde_json::Value;

/// The longest subject of an e-mail, in characters.
pub const SUBJECT_CHARS_MAX: usize = 100;

/// The fields of a request of the query protocol.
pub type Fields = HashMap<String, String>;

/// An error as SNS answers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    pub code: &'static str,
    pub message: String,
}

fn invalid(message: &str) -> Refused {
    Refused { code: "InvalidParameter", message: format!("Invalid parameter: {message}") }
}

/// A message that SNS takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    pub subject: String,
    texts: HashMap<String, String>,
    text: String,
}

impl Publication {
    /// Reads a Publish as SNS does.
    ///
    /// # Errors
    /// What SNS refuses and MiniStack takes: an empty message; a structured one that is no JSON object or has
    /// no text for `default`; a subject that is too long or has control characters.
    pub fn read(fields: &Fields) -> Result<Self, Refused> {
        let field = |name: &str| fields.get(name).map(String::as_str).unwrap_or_default();
        let message = field("Message");
        if message.is_empty() {
            return Err(invalid("Empty message"));
        }
        if let Some(subject) = fields.get("Subject") {
            let too_long = subject.chars().count() > SUBJECT_CHARS_MAX;
            if subject.is_empty() || too_long || subject.chars().any(char::is_control) {
                return Err(invalid("Subject"));
            }
        }
        let mut texts = HashMap::new();
        let mut text = message.to_owned();
        if field("MessageStructure") == "json" {
            let Ok(Value::Object(entries)) = serde_json::from_str(message) else {
                return Err(invalid("Message Structure - JSON message body failed to parse"));
            };
            for (protocol, entry) in entries {
                // Entries that are not text are ignored.
                if let Value::String(entry) = entry {
                    texts.insert(protocol, entry);
                }
            }
            let Some(default) = texts.remove("default") else {
                return Err(invalid("Message Structure - No default entry in JSON message body"));
            };
            text = default;
        } else if !field("MessageStructure").is_empty() {
            return Err(invalid("MessageStructure"));
        }
        Ok(Self { subject: field("Subject").to_owned(), texts, text })
    }

    /// The text for one way of delivery: `email`, or the platform of an app such as `GCM`.
    pub fn text(&self, way: &str) -> &str {
        self.texts.get(way).unwrap_or(&self.text)
    }

    /// Title and body of a push, from the payload for the platform.
    pub fn push(&self, platform: &str) -> (String, String) {
        let payload = self.text(platform);
        let Ok(value) = serde_json::from_str::<Value>(payload) else {
            return (String::new(), payload.to_owned());
        };
        // FCM's own form, its older one, and Apple's.
        let shown = ["/fcmV1Message/message/notification", "/notification", "/aps/alert"]
            .into_iter()
            .find_map(|path| value.pointer(path));
        match shown {
            Some(shown) => {
                let text = |name: &str| shown[name].as_str().unwrap_or_default().to_owned();
                (text("title"), text("body"))
            }
            None => (String::new(), payload.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(fields: &[(&str, &str)]) -> Result<Publication, Refused> {
        Publication::read(&fields.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
    }

    fn refusal(fields: &[(&str, &str)]) -> String {
        let refused = read(fields).unwrap_err();
        assert_eq!(refused.code, "InvalidParameter");
        refused.message
    }

    #[test]
    fn an_empty_message_is_refused() {
        assert_eq!(refusal(&[]), "Invalid parameter: Empty message");
        assert_eq!(refusal(&[("Message", "")]), "Invalid parameter: Empty message");
    }

    #[test]
    fn a_subject_that_is_too_long_or_has_control_characters_is_refused() {
        let longest = "ä".repeat(SUBJECT_CHARS_MAX);
        assert_eq!(read(&[("Message", "m"), ("Subject", &longest)]).unwrap().subject, longest);
        for subject in [&*format!("{longest}a"), "two\nlines", "a\u{7}bell", ""] {
            assert_eq!(refusal(&[("Message", "m"), ("Subject", subject)]), "Invalid parameter: Subject", "{subject}");
        }
    }

    #[test]
    fn a_structured_message_must_be_an_object_with_a_text_for_default() {
        let refused = |message: &str| refusal(&[("Message", message), ("MessageStructure", "json")]);
        for message in ["plain text", "[]", "\"text\"", "null", "{"] {
            let expected = "Invalid parameter: Message Structure - JSON message body failed to parse";
            assert_eq!(refused(message), expected, "{message}");
        }
        for message in ["{}", r#"{"email": "text"}"#, r#"{"default": {"a": 1}}"#] {
            let expected = "Invalid parameter: Message Structure - No default entry in JSON message body";
            assert_eq!(refused(message), expected, "{message}");
        }
        assert_eq!(refusal(&[("Message", "m"), ("MessageStructure", "xml")]), "Invalid parameter: MessageStructure");
    }

    #[test]
    fn every_way_of_delivery_gets_its_own_text_and_the_others_the_default() {
        let push = r#"{"fcmV1Message": {"message": {"notification": {"title": "Title", "body": "Body"}}}}"#;
        let message = serde_json::json!({"default": "short", "email": "long", "sms": 5, "GCM": push}).to_string();
        let publication = read(&[("Message", &message), ("MessageStructure", "json")]).unwrap();
        assert_eq!(publication.text("email"), "long");
        assert_eq!(publication.text("sms"), "short");
        assert_eq!(publication.push("GCM"), ("Title".to_owned(), "Body".to_owned()));
        assert_eq!(publication.push("APNS"), (String::new(), "short".to_owned()));

        let plain = read(&[("Message", r#"{"default": "not structured"}"#)]).unwrap();
        assert_eq!(plain.text("email"), r#"{"default": "not structured"}"#);
    }
}
