//! Heartbeats of lockers.

use aws::clients::Clients;
use aws::start::serve;
use aws::store::dynamodb::{DynamoDb, Tables};
use domain::Timestamp;
use functions::heartbeat_intake;
use std::convert::Infallible;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let environment = aws::start::begin();
    let clients = Clients::new(&environment)?;
    let store = DynamoDb::new(clients.dynamodb(), Tables::new(&environment)?);
    serve(async |batch| Ok::<_, Infallible>(heartbeat_intake::handle(&store, batch, Timestamp::now()).await)).await
}
