//! Lockers that come and go.

use aws::clients::Clients;
use aws::start::serve;
use aws::store::dynamodb::{DynamoDb, Tables};
use domain::{SignedDuration, Timestamp};
use functions::presence;
use std::convert::Infallible;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let environment = aws::start::begin();
    let clients = Clients::new(&environment)?;
    let store = DynamoDb::new(clients.dynamodb(), Tables::new(&environment)?);
    let grace = SignedDuration::from_secs(environment.require_number("PRESENCE_GRACE_SECONDS")?);
    serve(async |batch| Ok::<_, Infallible>(presence::handle(&store, batch, grace, Timestamp::now()).await)).await
}
