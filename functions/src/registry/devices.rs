//! A locker's identity in IoT Core: its thing, its certificate, what that may do.

use aws::store::Unavailable;
use aws_sdk_iot::Client;
use aws_sdk_iot::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_iot::types::CertificateStatus;
use domain::id::LockerId;
use serde::Serialize;

/// IoT Core's registry.
#[derive(Debug)]
pub struct Devices {
    client: Client,
    /// What every locker's certificate may do: act as its own thing and no other.
    policy: String,
    /// The group all lockers are in.
    group: String,
}

/// A locker's identity. The private key is told once, to who registered it, and kept nowhere.
#[derive(Debug, Serialize)]
pub struct DeviceIdentity {
    pub locker_id: LockerId,
    pub thing_name: String,
    pub certificate_id: String,
    pub certificate_pem: String,
    pub private_key: String,
}

fn unavailable<E: std::error::Error + 'static, R: std::fmt::Debug + 'static>(error: SdkError<E, R>) -> Unavailable {
    Unavailable(DisplayErrorContext(error).to_string())
}

/// Something that is already as it should be.
fn or_exists<T, E, R>(outcome: Result<T, SdkError<E, R>>) -> Result<(), Unavailable>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug + 'static,
{
    match outcome {
        Ok(_) => Ok(()),
        Err(error) if error.code() == Some("ResourceAlreadyExistsException") => Ok(()),
        Err(error) => Err(unavailable(error)),
    }
}

impl Devices {
    /// The registry through this client, with the policy's and the group's name of this deployment.
    pub fn new(client: Client, policy: String, name_prefix: &str) -> Self {
        Self { client, policy, group: format!("{name_prefix}-lockers") }
    }

    /// Gives a locker its thing and a new certificate. Earlier certificates, as a broken-off registration leaves
    /// them, stop working first: a locker has one identity.
    ///
    /// # Errors
    /// [`Unavailable`]: to be tried again.
    pub async fn enrol(&self, locker: &LockerId) -> Result<DeviceIdentity, Unavailable> {
        let thing = locker.as_str();
        or_exists(self.client.create_thing_group().thing_group_name(&self.group).send().await)?;
        or_exists(self.client.create_thing().thing_name(thing).send().await)?;
        self.client
            .add_thing_to_thing_group()
            .thing_group_name(&self.group)
            .thing_name(thing)
            .send()
            .await
            .map_err(unavailable)?;
        self.retire_certificates(thing).await?;
        let made = self.client.create_keys_and_certificate().set_as_active(true).send().await.map_err(unavailable)?;
        let missing = || Unavailable("the new certificate came without all of its parts".to_owned());
        let certificate_arn = made.certificate_arn.ok_or_else(missing)?;
        self.client
            .attach_policy()
            .policy_name(&self.policy)
            .target(&certificate_arn)
            .send()
            .await
            .map_err(unavailable)?;
        self.client
            .attach_thing_principal()
            .thing_name(thing)
            .principal(&certificate_arn)
            .send()
            .await
            .map_err(unavailable)?;
        Ok(DeviceIdentity {
            locker_id: locker.clone(),
            thing_name: thing.to_owned(),
            certificate_id: made.certificate_id.ok_or_else(missing)?,
            certificate_pem: made.certificate_pem.ok_or_else(missing)?,
            private_key: made.key_pair.and_then(|pair| pair.private_key).ok_or_else(missing)?,
        })
    }

    async fn retire_certificates(&self, thing: &str) -> Result<(), Unavailable> {
        let found = self.client.list_thing_principals().thing_name(thing).send().await.map_err(unavailable)?;
        for principal in found.principals.unwrap_or_default() {
            if let Some((_, certificate)) = principal.rsplit_once("cert/") {
                self.client
                    .update_certificate()
                    .certificate_id(certificate)
                    .new_status(CertificateStatus::Inactive)
                    .send()
                    .await
                    .map_err(unavailable)?;
            }
            self.client
                .detach_thing_principal()
                .thing_name(thing)
                .principal(&principal)
                .send()
                .await
                .map_err(unavailable)?;
        }
        Ok(())
    }
}
