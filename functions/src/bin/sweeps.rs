//! Everything that is due.

use aws::clients::Clients;
use aws::link::LinkSigner;
use aws::publisher::Sns;
use aws::start::{report, serve};
use aws::store::dynamodb::{DynamoDb, Tables};
use domain::Timestamp;
use functions::notification_fan_out::{Sender, pacing};
use functions::sweeps::{self, Settings};
use serde::de::IgnoredAny;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let environment = aws::start::begin();
    let clients = Clients::new(&environment)?;
    let store = DynamoDb::new(clients.dynamodb(), Tables::new(&environment)?);
    let signer = LinkSigner::new(environment.require("LINK_SECRET")?).ok_or("LINK_SECRET is too short")?;
    let public_url = environment.require("PUBLIC_URL")?.trim_end_matches('/').to_owned();
    let serviced_after = environment.require_number("SERVICED_AFTER_OPENINGS")?;
    let serviced_after_openings = u32::try_from(serviced_after).map_err(|_| "SERVICED_AFTER_OPENINGS is below zero")?;
    let support = environment.require_parsed("SUPPORT_HOURS")?;
    let settings = Settings { serviced_after_openings, support };
    let pacing = pacing(&environment)?;
    let sender = Sender { publisher: Sns::new(clients.sns()), signer, public_url, pacing };
    serve(async |_: IgnoredAny| sweeps::handle(&store, &sender, &settings, Timestamp::now()).await.map_err(report))
        .await
}
