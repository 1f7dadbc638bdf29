//! The store on Amazon DynamoDB.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, Get, Put, TransactGetItem, TransactWriteItem};

use super::{CommitError, Item, Page, Query, Range, Store, Unavailable, VERSION, Write};
use crate::environment::{Environment, InvalidEnvironment};
use crate::keys::{Key, Table};

/// The store on Amazon DynamoDB.
#[derive(Debug, Clone)]
pub struct DynamoDb {
    client: Client,
    tables: Tables,
}

/// What the tables are called in this deployment. A function knows only those it uses.
#[derive(Debug, Clone, Default)]
pub struct Tables {
    pub network: String,
    pub orders: String,
    pub cases: String,
    pub people: String,
}

impl Tables {
    /// Reads the names that the template gives.
    ///
    /// # Errors
    /// [`InvalidEnvironment::Missing`] names the variable that is not there.
    pub fn new(environment: &Environment) -> Result<Self, InvalidEnvironment> {
        Ok(Self {
            network: environment.require("NETWORK_TABLE")?.to_owned(),
            orders: environment.require("ORDERS_TABLE")?.to_owned(),
            cases: environment.require("CASES_TABLE")?.to_owned(),
            people: environment.require("PEOPLE_TABLE")?.to_owned(),
        })
    }

    fn name(&self, table: Table) -> &str {
        match table {
            Table::Network => &self.network,
            Table::Orders => &self.orders,
            Table::Cases => &self.cases,
            Table::People => &self.people,
        }
    }

    /// Which of them a stream's ARN belongs to.
    pub fn of_stream(&self, stream_arn: &str) -> Option<Table> {
        let name = stream_arn.split("table/").nth(1)?.split('/').next()?;
        [Table::Network, Table::Orders, Table::Cases, Table::People].into_iter().find(|table| self.name(*table) == name)
    }
}

impl DynamoDb {
    /// The store in these tables.
    pub fn new(client: Client, tables: Tables) -> Self {
        Self { client, tables }
    }

    fn put(&self, write: Write) -> Put {
        let (key, item, condition, version) = match write {
            Write::Create { key, item } => (key, item, "attribute_not_exists(pk)", None),
            Write::Replace { key, item, version } => (key, item, "version = :version", Some(version)),
            Write::Check { .. } => unreachable!("a check puts nothing"),
        };
        Put::builder()
            .table_name(self.tables.name(key.table))
            .set_item(Some(item))
            .condition_expression(condition)
            .set_expression_attribute_values(version.map(version_value))
            .build()
            .expect("table and item are set")
    }

    fn action(&self, write: Write) -> TransactWriteItem {
        match write {
            Write::Create { .. } | Write::Replace { .. } => TransactWriteItem::builder().put(self.put(write)).build(),
            Write::Check { key, version } => {
                let check = ConditionCheck::builder()
                    .table_name(self.tables.name(key.table))
                    .set_key(Some(primary_key(&key)))
                    .condition_expression("version = :version")
                    .set_expression_attribute_values(Some(version_value(version)))
                    .build()
                    .expect("table, key and condition are set");
                TransactWriteItem::builder().condition_check(check).build()
            }
        }
    }
}

fn primary_key(key: &Key) -> Item {
    Item::from([
        ("pk".to_owned(), AttributeValue::S(key.pk.clone())),
        ("sk".to_owned(), AttributeValue::S(key.sk.clone())),
    ])
}

fn version_value(version: u64) -> Item {
    Item::from([(format!(":{VERSION}"), AttributeValue::N(version.to_string()))])
}

fn unavailable<E: std::error::Error + 'static, R: std::fmt::Debug + 'static>(error: SdkError<E, R>) -> Unavailable {
    Unavailable(DisplayErrorContext(error).to_string())
}

/// How often a read is tried while commits are under way over its items.
const READ_ATTEMPTS_MAX: u32 = 5;

impl Store for DynamoDb {
    async fn read(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, Unavailable> {
        if let [key] = keys {
            let get = self
                .client
                .get_item()
                .table_name(self.tables.name(key.table))
                .set_key(Some(primary_key(key)))
                .consistent_read(true);
            let answer = Box::pin(get.send()).await.map_err(unavailable)?;
            return Ok(vec![answer.item]);
        }
        let gets: Vec<TransactGetItem> = keys
            .iter()
            .map(|key| {
                let get = Get::builder()
                    .table_name(self.tables.name(key.table))
                    .set_key(Some(primary_key(key)))
                    .build()
                    .expect("table and key are set");
                TransactGetItem::builder().get(get).build()
            })
            .collect();
        let mut attempt = 0;
        loop {
            attempt += 1;
            let read = self.client.transact_get_items().set_transact_items(Some(gets.clone()));
            match Box::pin(read.send()).await {
                Ok(answer) => {
                    let items = answer.responses.unwrap_or_default();
                    if items.len() != keys.len() {
                        return Err(Unavailable(format!("asked for {} items, got {}", keys.len(), items.len())));
                    }
                    return Ok(items.into_iter().map(|it| it.item.filter(|item| !item.is_empty())).collect());
                }
                Err(error) if attempt < READ_ATTEMPTS_MAX && error.code() == Some("TransactionCanceledException") => {
                    self.back_off(attempt).await;
                }
                Err(error) => return Err(unavailable(error)),
            }
        }
    }

    async fn commit(&self, mut writes: Vec<Write>) -> Result<(), CommitError> {
        if writes.len() == 1 && !matches!(writes[0], Write::Check { .. }) {
            let put = self.put(writes.remove(0));
            let put = self
                .client
                .put_item()
                .table_name(put.table_name)
                .set_item(Some(put.item))
                .set_condition_expression(put.condition_expression)
                .set_expression_attribute_values(put.expression_attribute_values);
            return match Box::pin(put.send()).await {
                Ok(_) => Ok(()),
                Err(error) => match error.code() {
                    Some("ConditionalCheckFailedException") => Err(CommitError::Changed(vec![0])),
                    Some("TransactionConflictException") => Err(CommitError::Contended),
                    _ => Err(unavailable(error).into()),
                },
            };
        }
        let actions = writes.into_iter().map(|write| self.action(write)).collect();
        let transaction = self.client.transact_write_items().set_transact_items(Some(actions));
        match Box::pin(transaction.send()).await {
            Ok(_) => Ok(()),
            Err(error) => Err(canceled(&error).unwrap_or_else(|| unavailable(error).into())),
        }
    }

    async fn query(&self, query: &Query) -> Result<Page, Unavailable> {
        let (partition, sort) = query.index.map_or(("pk", "sk"), |index| index.attributes());
        let (condition, bounds): (&str, Vec<(&str, &String)>) = match &query.range {
            Range::All => ("#p = :p", vec![]),
            Range::Prefix(prefix) => ("#p = :p AND begins_with(#s, :a)", vec![(":a", prefix)]),
            Range::From(from) => ("#p = :p AND #s >= :a", vec![(":a", from)]),
            Range::UpTo(to) => ("#p = :p AND #s <= :a", vec![(":a", to)]),
            Range::Between(from, to) => ("#p = :p AND #s BETWEEN :a AND :b", vec![(":a", from), (":b", to)]),
        };
        let mut request = self
            .client
            .query()
            .table_name(self.tables.name(query.table))
            .set_index_name(query.index.map(|index| index.name().to_owned()))
            .consistent_read(query.index.is_none())
            .key_condition_expression(condition)
            .expression_attribute_names("#p", partition)
            .expression_attribute_values(":p", AttributeValue::S(query.partition.clone()))
            .limit(i32::try_from(query.limit).unwrap_or(i32::MAX))
            .scan_index_forward(!query.backwards)
            .set_exclusive_start_key(query.after.clone());
        if !bounds.is_empty() {
            request = request.expression_attribute_names("#s", sort);
        }
        for (name, value) in bounds {
            request = request.expression_attribute_values(name, AttributeValue::S(value.clone()));
        }
        let answer = Box::pin(request.send()).await.map_err(unavailable)?;
        Ok(Page { items: answer.items.unwrap_or_default(), next: answer.last_evaluated_key })
    }

    async fn back_off(&self, attempt: u32) {
        let ceiling_ms = (10u64 << attempt.min(6)).min(500);
        tokio::time::sleep(Duration::from_millis(fastrand::u64(0..=ceiling_ms))).await;
    }
}

/// What a cancelled transaction says about each of its actions, in their order. Nothing, where it was not
/// cancelled or for a reason that only time can mend.
fn canceled<R>(error: &SdkError<TransactWriteItemsError, R>) -> Option<CommitError> {
    let service = error.as_service_error()?;
    if service.code() == Some("TransactionInProgressException") {
        return Some(CommitError::Contended);
    }
    let TransactWriteItemsError::TransactionCanceledException(canceled) = service else { return None };
    let reasons: Vec<&str> =
        canceled.cancellation_reasons().iter().map(|reason| reason.code().unwrap_or("None")).collect();
    let changed: Vec<usize> =
        reasons.iter().enumerate().filter(|(_, code)| **code == "ConditionalCheckFailed").map(|(at, _)| at).collect();
    if !changed.is_empty() {
        return Some(CommitError::Changed(changed));
    }
    reasons.contains(&"TransactionConflict").then_some(CommitError::Contended)
}
