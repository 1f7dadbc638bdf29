//! Registers lockers, teams and people as an operator does, through the API.

use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::client::Api;
use crate::demo::{CUSTOMERS, DRIVERS, SITES, TEAMS};
use crate::device::{Broker, Device, Identity};
use crate::mailbox::Mailbox;
use crate::progress::Step;

/// How many are registered at the same time: more only wait for each other on a small machine.
const AT_ONCE: usize = 4;

/// Who and what the operator works with.
#[derive(Clone)]
pub struct Enrolment {
    pub api: Api,
    pub mailbox: Mailbox,
    pub broker: Broker,
}

impl Enrolment {
    /// Registers a locker (the body of `POST /lockers`) and connects its device.
    pub async fn locker(&self, registration: &Value) -> Result<Device> {
        let answer = self.api.operator()?.post("/lockers", registration).await?;
        let identity = Identity::from_answer(&answer.expect(201).context("cannot register a locker")?)?;
        let device = Device::start(&identity, &self.broker).await;
        device.with_context(|| format!("locker {} cannot connect", identity.locker_id))
    }

    /// Registers a team (the body of `POST /teams`). Its messages are found by its id.
    pub async fn team(&self, registration: &Value) -> Result<()> {
        self.mailbox.introduce(text(registration, "email")?, text(registration, "team_id")?);
        self.api.operator()?.post("/teams", registration).await?.expect(201).context("cannot register a team")?;
        Ok(())
    }

    /// Registers a person (the body of `POST /people`). Messages are found by the person's id.
    pub async fn person(&self, registration: &Value) -> Result<()> {
        let id = text(registration, "person_id")?;
        self.mailbox.introduce(text(registration, "email")?, id);
        if let Some(token) = registration["push_token"].as_str() {
            self.mailbox.introduce(token, id);
        }
        self.api.operator()?.post("/people", registration).await?.expect(201).context("cannot register a person")?;
        Ok(())
    }

    /// Registers the demonstration network: the first lockers of it, every team and everyone. Returns the devices.
    pub async fn demonstration(&self, lockers: usize, step: &Step) -> Result<Vec<Device>> {
        let turns = Arc::new(Semaphore::new(AT_ONCE));
        let mut work: JoinSet<Result<Option<Device>>> = JoinSet::new();
        for site in SITES.into_iter().take(lockers) {
            let (enrolment, turns) = (self.clone(), turns.clone());
            work.spawn(async move {
                let _turn = turns.acquire().await?;
                enrolment.locker(&site.registration()).await.map(Some)
            });
        }
        for team in TEAMS {
            let (enrolment, turns) = (self.clone(), turns.clone());
            work.spawn(async move {
                let _turn = turns.acquire().await?;
                enrolment.team(&team.registration()).await.map(|()| None)
            });
        }
        for person in CUSTOMERS.into_iter().chain(DRIVERS) {
            let (enrolment, turns) = (self.clone(), turns.clone());
            work.spawn(async move {
                let _turn = turns.acquire().await?;
                enrolment.person(&person.registration()).await.map(|()| None)
            });
        }
        let total = work.len();
        let mut devices = Vec::new();
        let mut done = 0;
        while let Some(registered) = work.join_next().await {
            devices.extend(registered.context("registering was interrupted")??);
            done += 1;
            step.tell(&format!("{done} of {total}"));
        }
        Ok(devices)
    }
}

fn text<'a>(registration: &'a Value, name: &str) -> Result<&'a str> {
    registration[name].as_str().ok_or_else(|| anyhow!("a registration without {name}"))
}
