//! Lockers, teams and people are registered.

use aws::clients::Clients;
use aws::start::serve;
use aws::store::dynamodb::{DynamoDb, Tables};
use domain::Timestamp;
use functions::registry::devices::Devices;
use functions::registry::topics::Topics;
use functions::registry::{self, Registrars};
use std::convert::Infallible;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let environment = aws::start::begin();
    let clients = Clients::new(&environment)?;
    let store = DynamoDb::new(clients.dynamodb(), Tables::new(&environment)?);
    let name_prefix = environment.require("NAME_PREFIX")?.to_owned();
    let push_platform_arn = environment.get("PUSH_PLATFORM_ARN").map(str::to_owned);
    let devices = Devices::new(clients.iot(), environment.require("DEVICE_POLICY_NAME")?.to_owned(), &name_prefix);
    let registrars = Registrars { devices, topics: Topics::new(clients.sns(), name_prefix, push_platform_arn) };
    serve(async |request| Ok::<_, Infallible>(registry::handle(&store, &registrars, &request, Timestamp::now()).await))
        .await
}
