//! Customers say how it went.

use aws::clients::Clients;
use aws::link::LinkSigner;
use aws::start::serve;
use aws::store::dynamodb::{DynamoDb, Tables};
use domain::Timestamp;
use functions::feedback_submission;
use std::convert::Infallible;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let environment = aws::start::begin();
    let clients = Clients::new(&environment)?;
    let store = DynamoDb::new(clients.dynamodb(), Tables::new(&environment)?);
    let signer = LinkSigner::new(environment.require("LINK_SECRET")?).ok_or("LINK_SECRET is too short")?;
    let support = environment.require_parsed("SUPPORT_HOURS")?;
    serve(async |request| {
        Ok::<_, Infallible>(feedback_submission::handle(&store, &signer, &support, &request, Timestamp::now()).await)
    })
    .await
}
