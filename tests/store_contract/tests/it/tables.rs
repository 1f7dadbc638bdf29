//! The tables as template.yaml defines them, made in a stand-in.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use aws::clients::Clients;
use aws::environment::Environment;
use aws::keys::{Index, Table};
use aws::store::dynamodb::{DynamoDb, Tables};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType,
    ScalarAttributeType,
};
use aws_smithy_types::timeout::TimeoutConfig;
use serde::Deserialize;
use serde_yaml_ng::Value;

use crate::process::Server;

/// How long a stand-in may take until it answers. It takes a second or two; a machine under load takes more.
const READY_WITHIN: Duration = Duration::from_secs(120);

/// The repository.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// A table of the template.
#[derive(Debug)]
pub struct Definition {
    pub table: Table,
    properties: Properties,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Properties {
    attribute_definitions: Vec<Attribute>,
    key_schema: Vec<KeyPart>,
    #[serde(default)]
    global_secondary_indexes: Vec<SecondaryIndex>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attribute {
    attribute_name: String,
    attribute_type: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct KeyPart {
    attribute_name: String,
    key_type: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SecondaryIndex {
    index_name: String,
    key_schema: Vec<KeyPart>,
    projection: ProjectionOf,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ProjectionOf {
    projection_type: String,
}

/// The four tables of template.yaml.
pub fn definitions() -> Vec<Definition> {
    let text = fs::read_to_string(root().join("template.yaml")).unwrap();
    let template: Value = serde_yaml_ng::from_str(&text).unwrap();
    [
        (Table::Network, "NetworkTable"),
        (Table::Orders, "OrdersTable"),
        (Table::Cases, "CasesTable"),
        (Table::People, "PeopleTable"),
    ]
    .into_iter()
    .map(|(table, name)| {
        let properties = template["Resources"][name]["Properties"].clone();
        let properties = serde_yaml_ng::from_value(properties).unwrap_or_else(|error| panic!("{name}: {error}"));
        Definition { table, properties }
    })
    .collect()
}

impl Definition {
    /// Whether the table has this index, over the attributes the code writes.
    pub fn has(&self, index: Index) -> bool {
        let (partition, sort) = index.attributes();
        self.properties.global_secondary_indexes.iter().any(|defined| {
            let names: Vec<&str> = defined.key_schema.iter().map(|part| part.attribute_name.as_str()).collect();
            defined.index_name == index.name() && names == [partition, sort]
        })
    }

    async fn create(&self, client: &Client) {
        let Properties { attribute_definitions, key_schema, global_secondary_indexes } = &self.properties;
        let attributes = attribute_definitions.iter().map(|it| {
            let kind = ScalarAttributeType::from(it.attribute_type.as_str());
            AttributeDefinition::builder().attribute_name(&it.attribute_name).attribute_type(kind).build().unwrap()
        });
        let indexes = global_secondary_indexes.iter().map(|it| {
            let projection = ProjectionType::from(it.projection.projection_type.as_str());
            GlobalSecondaryIndex::builder()
                .index_name(&it.index_name)
                .set_key_schema(Some(schema(&it.key_schema)))
                .projection(Projection::builder().projection_type(projection).build())
                .build()
                .unwrap()
        });
        let indexes: Vec<GlobalSecondaryIndex> = indexes.collect();
        client
            .create_table()
            .table_name(name(self.table))
            .billing_mode(BillingMode::PayPerRequest)
            .set_attribute_definitions(Some(attributes.collect()))
            .set_key_schema(Some(schema(key_schema)))
            .set_global_secondary_indexes((!indexes.is_empty()).then_some(indexes))
            .send()
            .await
            .unwrap();
    }
}

fn schema(parts: &[KeyPart]) -> Vec<KeySchemaElement> {
    let part = |it: &KeyPart| {
        let kind = KeyType::from(it.key_type.as_str());
        KeySchemaElement::builder().attribute_name(&it.attribute_name).key_type(kind).build().unwrap()
    };
    parts.iter().map(part).collect()
}

fn name(table: Table) -> String {
    format!("contract-{table:?}")
}

/// A client of a stand-in. It waits for as long as a busy machine takes.
fn client(port: u16) -> Client {
    let environment = Environment::of(&[
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_ENDPOINT_URL", &format!("http://127.0.0.1:{port}")),
    ]);
    let config = Clients::new(&environment).unwrap().dynamodb().config().to_builder();
    Client::from_conf(config.timeout_config(TimeoutConfig::disabled()).build())
}

/// Our store in a stand-in.
pub fn store(server: &Server) -> DynamoDb {
    let tables = Tables {
        network: name(Table::Network),
        orders: name(Table::Orders),
        cases: name(Table::Cases),
        people: name(Table::People),
    };
    DynamoDb::new(client(server.port), tables)
}

/// Waits until a stand-in answers, and makes the tables in it. From a thread of its own, since tests come with a
/// runtime each.
pub fn make_in(server: &Server) {
    let made = std::thread::scope(|scope| {
        let work = || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let client = client(server.port);
                let begun = Instant::now();
                while let Err(error) = client.list_tables().send().await {
                    assert!(begun.elapsed() < READY_WITHIN, "{}: {error:?}\n{}", server.name, server.last_words());
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                for definition in definitions() {
                    definition.create(&client).await;
                }
            });
        };
        scope.spawn(work).join()
    });
    if let Err(panic) = made {
        std::panic::resume_unwind(panic);
    }
}
