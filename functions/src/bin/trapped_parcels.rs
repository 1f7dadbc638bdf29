//! Parcels behind doors that cannot be opened.

use aws::clients::Clients;
use aws::start::serve;
use aws::store::dynamodb::{DynamoDb, Tables};
use domain::Timestamp;
use functions::trapped_parcels;
use std::convert::Infallible;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let environment = aws::start::begin();
    let clients = Clients::new(&environment)?;
    let store = DynamoDb::new(clients.dynamodb(), Tables::new(&environment)?);
    serve(async |request| Ok::<_, Infallible>(trapped_parcels::handle(&store, &request, Timestamp::now()).await)).await
}
