//! How people and teams are reached: a topic each, with everything they subscribed.

use aws::store::Unavailable;
use aws_sdk_sns::Client;
use aws_sdk_sns::error::{DisplayErrorContext, SdkError};
use domain::id::{PersonId, RegionId, TeamId};

/// SNS's topics and subscriptions.
#[derive(Debug)]
pub struct Topics {
    client: Client,
    /// What the names of this deployment's topics begin with.
    name_prefix: String,
    /// The platform application of the customers' app, where there is one.
    push_platform_arn: Option<String>,
}

/// How a person is reached.
#[derive(Debug)]
pub struct Reached {
    pub topic_arn: String,
    pub push_endpoint_arn: Option<String>,
}

fn unavailable<E: std::error::Error + 'static, R: std::fmt::Debug + 'static>(error: SdkError<E, R>) -> Unavailable {
    Unavailable(DisplayErrorContext(error).to_string())
}

impl Topics {
    /// The topics through this client.
    pub fn new(client: Client, name_prefix: String, push_platform_arn: Option<String>) -> Self {
        Self { client, name_prefix, push_platform_arn }
    }

    /// A team's topic, with its e-mail address. Made where it is missing.
    ///
    /// # Errors
    /// [`Unavailable`]: to be tried again.
    pub async fn of_team(&self, region: &RegionId, team: &TeamId, email: &str) -> Result<String, Unavailable> {
        let topic_arn = self.topic(&format!("{}-team-{region}-{team}", self.name_prefix)).await?;
        self.subscribe(&topic_arn, "email", email).await?;
        Ok(topic_arn)
    }

    /// A person's topic, with the e-mail address and, where there is a token, the app. Made where it is missing.
    ///
    /// # Errors
    /// [`Unavailable`]: to be tried again.
    pub async fn of_person(
        &self,
        person: &PersonId,
        email: &str,
        push_token: Option<&str>,
    ) -> Result<Reached, Unavailable> {
        let topic_arn = self.topic(&format!("{}-person-{person}", self.name_prefix)).await?;
        self.subscribe(&topic_arn, "email", email).await?;
        let mut push_endpoint_arn = None;
        if let (Some(token), Some(platform)) = (push_token, &self.push_platform_arn) {
            let made = self
                .client
                .create_platform_endpoint()
                .platform_application_arn(platform)
                .token(token)
                .send()
                .await
                .map_err(unavailable)?;
            let endpoint = made.endpoint_arn.ok_or_else(|| Unavailable("an endpoint without a name".to_owned()))?;
            self.subscribe(&topic_arn, "application", &endpoint).await?;
            push_endpoint_arn = Some(endpoint);
        }
        Ok(Reached { topic_arn, push_endpoint_arn })
    }

    async fn topic(&self, name: &str) -> Result<String, Unavailable> {
        let made = self.client.create_topic().name(name).send().await.map_err(unavailable)?;
        made.topic_arn.ok_or_else(|| Unavailable("a topic without a name".to_owned()))
    }

    async fn subscribe(&self, topic_arn: &str, protocol: &str, endpoint: &str) -> Result<(), Unavailable> {
        self.client
            .subscribe()
            .topic_arn(topic_arn)
            .protocol(protocol)
            .endpoint(endpoint)
            .send()
            .await
            .map(drop)
            .map_err(unavailable)
    }
}
