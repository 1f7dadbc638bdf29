//! Notices reach people.

use aws::clients::Clients;
use aws::link::LinkSigner;
use aws::publisher::Sns;
use aws::start::{report, serve};
use aws::store::dynamodb::{DynamoDb, Tables};
use domain::Timestamp;
use functions::notification_fan_out::{self, Sender, pacing};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let environment = aws::start::begin();
    let clients = Clients::new(&environment)?;
    let tables = Tables::new(&environment)?;
    let store = DynamoDb::new(clients.dynamodb(), tables.clone());
    let signer = LinkSigner::new(environment.require("LINK_SECRET")?).ok_or("LINK_SECRET is too short")?;
    let public_url = environment.require("PUBLIC_URL")?.trim_end_matches('/').to_owned();
    let pacing = pacing(&environment)?;
    let sender = Sender { publisher: Sns::new(clients.sns()), signer, public_url, pacing };
    serve(async |batch| {
        notification_fan_out::handle(&store, &sender, &tables, batch, Timestamp::now()).await.map_err(report)
    })
    .await
}
