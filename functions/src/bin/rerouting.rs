//! What incidents mean for people is worked off.

use aws::clients::Clients;
use aws::start::{report, serve};
use aws::store::dynamodb::{DynamoDb, Tables};
use domain::Timestamp;
use functions::rerouting;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let environment = aws::start::begin();
    let clients = Clients::new(&environment)?;
    let tables = Tables::new(&environment)?;
    let store = DynamoDb::new(clients.dynamodb(), tables.clone());
    serve(async |batch| rerouting::handle(&store, &tables, batch, Timestamp::now()).await.map_err(report)).await
}
