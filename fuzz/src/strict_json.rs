//! A second opinion on JSON from outside, which shares no code with `aws::http::read_json`: it looks at every value
//! as it is written, where a reader of one type sees only what that type asks for.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// How deep objects and arrays may be nested.
const DEPTH_MAX: usize = 16;

/// Why a text is not to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flaw {
    NotJson,
    NotAnObject,
    NestedTooDeeply,
    ControlCharacterInAValue,
    ControlCharacterInAName,
    SameNameTwice,
}

/// Reads a text, or says everything that is wrong with it.
///
/// # Errors
/// Every [`Flaw`] of the text.
pub fn read(bytes: &[u8]) -> Result<Map<String, Value>, BTreeSet<Flaw>> {
    let flaws = RefCell::default();
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = Judge { depth: 0, flaws: &flaws }.deserialize(&mut deserializer).ok();
    let value = value.filter(|_| deserializer.end().is_ok());
    let mut flaws = flaws.into_inner();
    match value {
        Some(Value::Object(fields)) if flaws.is_empty() => Ok(fields),
        Some(Value::Object(_)) => Err(flaws),
        Some(_) => {
            flaws.insert(Flaw::NotAnObject);
            Err(flaws)
        }
        None => {
            flaws.insert(Flaw::NotJson);
            Err(flaws)
        }
    }
}

/// Whether a name in it holds this text. Where it is no JSON, it has no names.
pub fn names_hold(bytes: &[u8], text: &str) -> bool {
    fn of(value: &Value, text: &str) -> bool {
        match value {
            Value::Object(fields) => fields.iter().any(|(name, value)| name.contains(text) || of(value, text)),
            Value::Array(values) => values.iter().any(|value| of(value, text)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
        }
    }
    // A name whose value is written twice is seen once, so flaws do not matter here.
    serde_json::from_slice(bytes).is_ok_and(|value| of(&value, text))
}

fn has_control_characters(text: &str) -> bool {
    text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
}

#[derive(Clone, Copy)]
struct Judge<'a> {
    /// How many objects and arrays are open.
    depth: usize,
    flaws: &'a RefCell<BTreeSet<Flaw>>,
}

impl Judge<'_> {
    fn blame(self, flaw: Flaw) {
        self.flaws.borrow_mut().insert(flaw);
    }

    fn within(self) -> Self {
        let depth = self.depth + 1;
        if depth > DEPTH_MAX {
            self.blame(Flaw::NestedTooDeeply);
        }
        Self { depth, ..self }
    }

    fn text(self, text: &str) -> Value {
        if has_control_characters(text) {
            self.blame(Flaw::ControlCharacterInAValue);
        }
        Value::from(text)
    }
}

impl<'de> DeserializeSeed<'de> for Judge<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Judge<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        if value.is_finite() { Ok(Value::from(value)) } else { Err(E::custom("a number without a value")) }
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(self.text(text))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let within = self.within();
        let mut values = Vec::new();
        while let Some(value) = access.next_element_seed(within)? {
            values.push(value);
        }
        Ok(Value::from(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let within = self.within();
        let mut fields = Map::new();
        while let Some(name) = access.next_key::<String>()? {
            if has_control_characters(&name) {
                self.blame(Flaw::ControlCharacterInAName);
            }
            let value = access.next_value_seed(within)?;
            if fields.insert(name, value).is_some() {
                self.blame(Flaw::SameNameTwice);
            }
        }
        Ok(Value::Object(fields))
    }
}
