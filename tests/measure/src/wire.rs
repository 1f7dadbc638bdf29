//! DynamoDB's protocol, as far as the store speaks it, answered from the store in memory.

use anyhow::{Context, Result, anyhow, bail};
use aws::keys::{Index, Key, Table};
use aws::store::memory::Memory;
use aws::store::{CommitError, Item, Query, Range, Store, Write};
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use futures_util::FutureExt;
use serde_json::{Map, Value, json};

/// What every table is called here.
pub const TABLES: [(Table, &str); 4] =
    [(Table::Network, "network"), (Table::Orders, "orders"), (Table::Cases, "cases"), (Table::People, "people")];

/// What a request took, in the units DynamoDB bills on demand.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Units {
    /// Of 4 KB each, strongly consistent; half of one where it need not be; two in a transaction.
    pub read: f64,
    /// Of 1 KB each; two in a transaction. Every index entry that is written is one more.
    pub write: f64,
}

/// A write that was made, as a stream tells it.
#[derive(Debug, Clone)]
pub struct Change {
    pub key: Key,
    pub item: Value,
    pub is_new: bool,
}

/// An answer, what it took, and what it changed.
#[derive(Debug, Default)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
    pub units: Units,
    pub changes: Vec<Change>,
}

/// Answers a request.
///
/// # Errors
/// When it is none the store makes.
pub fn answer(store: &Memory, operation: &str, request: &Value) -> Result<Answer> {
    match operation {
        "GetItem" => {
            let found = read(store, &[key(request)?])?.remove(0);
            let units = Units { read: blocks(&found, 4_096), write: 0.0 };
            let body = found.map_or_else(|| json!({}), |item| json!({ "Item": to_json(&item) }));
            Ok(Answer { status: 200, body, units, ..Answer::default() })
        }
        "TransactGetItems" => {
            let gets = request["TransactItems"].as_array().context("a transaction of nothing")?;
            let keys = gets.iter().map(|it| key(&it["Get"])).collect::<Result<Vec<_>>>()?;
            let found = read(store, &keys)?;
            let read = found.iter().map(|it| 2.0 * blocks(it, 4_096)).sum();
            let responses: Vec<Value> = found
                .into_iter()
                .map(|it| it.map_or_else(|| json!({}), |item| json!({ "Item": to_json(&item) })))
                .collect();
            let units = Units { read, write: 0.0 };
            Ok(Answer { status: 200, body: json!({ "Responses": responses }), units, ..Answer::default() })
        }
        "Query" => query(store, request),
        "PutItem" => commit(store, vec![put(request)?], 1.0),
        "TransactWriteItems" => {
            let actions = request["TransactItems"].as_array().context("a transaction of nothing")?;
            let writes = actions.iter().map(|it| match (it.get("Put"), it.get("ConditionCheck")) {
                (Some(it), _) => put(it),
                (_, Some(it)) => {
                    Ok(Write::Check { key: key(it)?, version: version(it)?.context("a check of nothing")? })
                }
                _ => Err(anyhow!("no such action: {it}")),
            });
            commit(store, writes.collect::<Result<_>>()?, 2.0)
        }
        other => bail!("the store never asks for {other}"),
    }
}

fn read(store: &Memory, keys: &[Key]) -> Result<Vec<Option<Item>>> {
    store.read(keys).now_or_never().context("memory answers at once")?.map_err(|error| anyhow!(error.0))
}

/// How many blocks of this many bytes an item takes; one where there is none.
fn blocks(item: &Option<Item>, bytes: usize) -> f64 {
    item.as_ref().map_or(1, |it| size(it).div_ceil(bytes).max(1)) as f64
}

fn size(item: &Item) -> usize {
    aws::items::size_of(item)
}

fn commit(store: &Memory, writes: Vec<Write>, factor: f64) -> Result<Answer> {
    let before = read(store, &writes.iter().map(|it| it.key().clone()).collect::<Vec<_>>())?;
    let mut units = Units::default();
    let mut changes = Vec::new();
    for (write, before) in writes.iter().zip(&before) {
        match write {
            Write::Create { key, item } | Write::Replace { key, item, .. } => {
                units.write += factor * size(item).max(before.as_ref().map_or(0, size)).div_ceil(1_024) as f64;
                units.write += index_writes(before.as_ref(), item);
                let is_new = matches!(write, Write::Create { .. });
                changes.push(Change { key: key.clone(), item: to_json(item), is_new });
            }
            Write::Check { .. } => units.write += factor * blocks(before, 1_024),
        }
    }
    let count = writes.len();
    let outcome = store.commit(writes).now_or_never().context("memory answers at once")?;
    let refused = match outcome {
        Ok(()) => return Ok(Answer { status: 200, body: json!({}), units, changes }),
        Err(CommitError::Changed(at)) => at,
        Err(other) => bail!("memory refuses: {other}"),
    };
    let error = if factor > 1.0 {
        let reasons: Vec<Value> = (0..count)
            .map(|at| json!({ "Code": if refused.contains(&at) { "ConditionalCheckFailed" } else { "None" } }))
            .collect();
        json!({
            "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
            "Message": "Transaction cancelled", "CancellationReasons": reasons,
        })
    } else {
        json!({
            "__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
            "message": "The conditional request failed",
        })
    };
    Ok(Answer { status: 400, body: error, units, changes: Vec::new() })
}

/// The entries of indexes that a write makes, moves or takes out: all of an item is copied into each.
fn index_writes(before: Option<&Item>, after: &Item) -> f64 {
    let entry = |item: &Item, index: Index| {
        let (partition, sort) = index.attributes();
        Some((item.get(partition)?.as_s().ok()?.clone(), item.get(sort)?.as_s().ok()?.clone()))
    };
    Index::ALL
        .into_iter()
        .map(|index| {
            let (was, is) = (before.and_then(|it| entry(it, index)), entry(after, index));
            let each = size(after).div_ceil(1_024) as f64;
            match (was, is) {
                (None, None) => 0.0,
                (Some(was), Some(is)) if was != is => 2.0 * each,
                _ => each,
            }
        })
        .sum()
}

fn query(store: &Memory, request: &Value) -> Result<Answer> {
    let text = |name: &str| request["ExpressionAttributeValues"][name]["S"].as_str().unwrap_or_default().to_owned();
    let range = match request["KeyConditionExpression"].as_str().context("a query without a condition")? {
        "#p = :p" => Range::All,
        "#p = :p AND begins_with(#s, :a)" => Range::Prefix(text(":a")),
        "#p = :p AND #s >= :a" => Range::From(text(":a")),
        "#p = :p AND #s <= :a" => Range::UpTo(text(":a")),
        "#p = :p AND #s BETWEEN :a AND :b" => Range::Between(text(":a"), text(":b")),
        other => bail!("the store never asks for {other}"),
    };
    let index = match request["IndexName"].as_str() {
        None => None,
        Some(name) => Some(Index::ALL.into_iter().find(|it| it.name() == name).context("no such index")?),
    };
    let asked = Query {
        table: table(request)?,
        index,
        partition: text(":p"),
        range,
        limit: request["Limit"].as_u64().context("a query without a limit")? as usize,
        backwards: request["ScanIndexForward"] == json!(false),
        after: request.get("ExclusiveStartKey").map(from_json).transpose()?,
    };
    let page =
        store.query(&asked).now_or_never().context("memory answers at once")?.map_err(|error| anyhow!(error.0))?;
    let bytes: usize = page.items.iter().map(size).sum();
    let consistency = if index.is_some() { 0.5 } else { 1.0 };
    let units = Units { read: consistency * bytes.div_ceil(4_096).max(1) as f64, write: 0.0 };
    let items: Vec<Value> = page.items.iter().map(to_json).collect();
    let mut body = json!({ "Count": items.len(), "ScannedCount": items.len(), "Items": items });
    if let Some(next) = &page.next {
        body["LastEvaluatedKey"] = to_json(next);
    }
    Ok(Answer { status: 200, body, units, ..Answer::default() })
}

fn table(request: &Value) -> Result<Table> {
    let name = request["TableName"].as_str().context("a request without a table")?;
    let found = TABLES.into_iter().find(|(_, it)| *it == name);
    found.map(|(table, _)| table).with_context(|| format!("there is no table {name}"))
}

fn key(request: &Value) -> Result<Key> {
    key_in(table(request)?, &request["Key"])
}

fn key_in(table: Table, item: &Value) -> Result<Key> {
    let text =
        |name: &str| item[name]["S"].as_str().map(str::to_owned).with_context(|| format!("{item} has no {name}"));
    Ok(Key { table, pk: text("pk")?, sk: text("sk")? })
}

fn version(request: &Value) -> Result<Option<u64>> {
    let version = request["ExpressionAttributeValues"][":version"]["N"].as_str();
    version.map(str::parse).transpose().context("a version that is no number")
}

fn put(request: &Value) -> Result<Write> {
    let key = key_in(table(request)?, &request["Item"])?;
    let item = from_json(&request["Item"])?;
    Ok(match version(request)? {
        None => Write::Create { key, item },
        Some(version) => Write::Replace { key, item, version },
    })
}

/// An item as DynamoDB writes it.
pub fn to_json(item: &Item) -> Value {
    item.iter().map(|(name, value)| (name.clone(), value_to_json(value))).collect::<Map<_, _>>().into()
}

fn value_to_json(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::S(it) => json!({ "S": it }),
        AttributeValue::N(it) => json!({ "N": it }),
        AttributeValue::Bool(it) => json!({ "BOOL": it }),
        AttributeValue::Null(it) => json!({ "NULL": it }),
        AttributeValue::B(it) => json!({ "B": BASE64_STANDARD.encode(it) }),
        AttributeValue::L(it) => json!({ "L": it.iter().map(value_to_json).collect::<Vec<_>>() }),
        AttributeValue::M(it) => json!({ "M": to_json(it) }),
        other => unreachable!("items have no {other:?}"),
    }
}

fn from_json(item: &Value) -> Result<Item> {
    let attributes = item.as_object().context("an item that is no object")?;
    attributes.iter().map(|(name, value)| Ok((name.clone(), value_from_json(value)?))).collect()
}

fn value_from_json(value: &Value) -> Result<AttributeValue> {
    let (kind, inner) = value.as_object().and_then(|it| it.iter().next()).context("an empty value")?;
    let text = || inner.as_str().map(str::to_owned).context("a value that is no text");
    Ok(match kind.as_str() {
        "S" => AttributeValue::S(text()?),
        "N" => AttributeValue::N(text()?),
        "BOOL" => AttributeValue::Bool(inner.as_bool().context("no truth value")?),
        "NULL" => AttributeValue::Null(true),
        "B" => AttributeValue::B(BASE64_STANDARD.decode(text()?)?.into()),
        "L" => {
            let values = inner.as_array().context("no list")?;
            AttributeValue::L(values.iter().map(value_from_json).collect::<Result<_>>()?)
        }
        "M" => AttributeValue::M(from_json(inner)?),
        other => bail!("items have no {other}"),
    })
}
