//! Cases are worked on and decided; customers see their own.

use aws::clients::Clients;
use aws::start::serve;
use aws::store::dynamodb::{DynamoDb, Tables};
use domain::Timestamp;
use functions::complaints;
use std::convert::Infallible;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let environment = aws::start::begin();
    let clients = Clients::new(&environment)?;
    let store = DynamoDb::new(clients.dynamodb(), Tables::new(&environment)?);
    let support = environment.require_parsed("SUPPORT_HOURS")?;
    serve(async |request| Ok::<_, Infallible>(complaints::handle(&store, &support, &request, Timestamp::now()).await))
        .await
}
