//! One truthful view for support.

use aws::clients::Clients;
use aws::start::serve;
use aws::store::dynamodb::{DynamoDb, Tables};
use domain::Timestamp;
use functions::support_view;
use std::convert::Infallible;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let environment = aws::start::begin();
    let clients = Clients::new(&environment)?;
    let store = DynamoDb::new(clients.dynamodb(), Tables::new(&environment)?);
    serve(async |request| Ok::<_, Infallible>(support_view::handle(&store, &request, Timestamp::now()).await)).await
}
