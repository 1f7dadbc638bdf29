//! Attribute values in DynamoDB's own JSON, `{"S": "text"}`: how streams write items, and inputs stored ones.

use aws::store::Item;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Map, Value, json};

/// The item that a typed JSON object means; nothing where it is none. Numbers may be any text: what a table keeps
/// was once written by something.
pub fn read_item(value: &Value) -> Option<Item> {
    value.as_object()?.iter().map(|(name, value)| Some((name.clone(), read_value(value)?))).collect()
}

fn read_value(value: &Value) -> Option<AttributeValue> {
    let (kind, value) = value.as_object().filter(|fields| fields.len() == 1)?.iter().next()?;
    let text = || Some(value.as_str()?.to_owned());
    let texts = || value.as_array()?.iter().map(|text| Some(text.as_str()?.to_owned())).collect::<Option<Vec<_>>>();
    Some(match kind.as_str() {
        "S" => AttributeValue::S(text()?),
        "N" => AttributeValue::N(text()?),
        "B" => AttributeValue::B(Blob::new(text()?)),
        "BOOL" => AttributeValue::Bool(value.as_bool()?),
        "NULL" => AttributeValue::Null(value.as_bool()?),
        "SS" => AttributeValue::Ss(texts()?),
        "NS" => AttributeValue::Ns(texts()?),
        "L" => AttributeValue::L(value.as_array()?.iter().map(read_value).collect::<Option<_>>()?),
        "M" => AttributeValue::M(read_item(value)?),
        _ => return None,
    })
}

/// The typed JSON object of an item; nothing where it has something that no item of ours has.
pub fn write_item(item: &Item) -> Option<Value> {
    let fields: Option<Map<String, Value>> =
        item.iter().map(|(name, value)| Some((name.clone(), write_value(value)?))).collect();
    fields.map(Value::Object)
}

fn write_value(value: &AttributeValue) -> Option<Value> {
    Some(match value {
        AttributeValue::S(text) => json!({ "S": text }),
        AttributeValue::N(number) => json!({ "N": number }),
        AttributeValue::Bool(bool) => json!({ "BOOL": bool }),
        AttributeValue::Null(null) => json!({ "NULL": *null }),
        AttributeValue::L(values) => json!({ "L": values.iter().map(write_value).collect::<Option<Vec<_>>>()? }),
        AttributeValue::M(fields) => json!({ "M": write_item(fields)? }),
        _ => return None,
    })
}
