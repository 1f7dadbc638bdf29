//! Everything that is due.

use aws::clients::Clients;
use aws::link::LinkSigner;
use aws::publisher::Sns;
use aws::start::{report, serve};
use aws::store::dynamodb::{DynamoDb, Tables};
use domain::Timestamp;
use functions::notification_fan_out::Sender;
use functions::sweeps;
use serde::de::IgnoredAny;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let environment = aws::start::begin();
    let clients = Clients::new(&environment)?;
    let store = DynamoDb::new(clients.dynamodb(), Tables::new(&environment)?);
    let signer = LinkSigner::new(environment.require("LINK_SECRET")?).ok_or("LINK_SECRET is too short")?;
    let public_url = environment.require("PUBLIC_URL")?.trim_end_matches('/').to_owned();
    let sender = Sender { publisher: Sns::new(clients.sns()), signer, public_url };
    serve(async |_: IgnoredAny| sweeps::handle(&store, &sender, Timestamp::now()).await.map_err(report)).await
}
