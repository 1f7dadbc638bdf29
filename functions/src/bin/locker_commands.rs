//! Devices are told what is closed and what to try.

use aws::clients::Clients;
use aws::shadow::IotShadow;
use aws::start::{report, serve};
use aws::store::dynamodb::{DynamoDb, Tables};
use functions::locker_commands;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let environment = aws::start::begin();
    let clients = Clients::new(&environment)?;
    let tables = Tables::new(&environment)?;
    let store = DynamoDb::new(clients.dynamodb(), tables.clone());
    let shadow = IotShadow::new(clients.iot_data());
    serve(async |batch| locker_commands::handle(&store, &shadow, &tables, batch).await.map_err(report)).await
}
