//! The page: what people received, and the lockers with their open faults. A view for developers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::response::Html;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::client::Api;
use crate::mailbox::Mailbox;

/// How many deliveries the page shows.
const DELIVERIES_SHOWN_MAX: usize = 200;
/// How long after its last request somebody is still taken to look at the page.
const LOOKING_FOR: Duration = Duration::from_secs(10);
/// Between two lockers, and while nobody looks.
const PAUSE: Duration = Duration::from_millis(150);

/// What the page shows.
#[derive(Clone)]
pub struct Page {
    mailbox: Mailbox,
    network: Arc<OnceLock<(Api, Vec<String>)>>,
    lockers: Arc<Mutex<BTreeMap<String, Value>>>,
    looked_at: Arc<Mutex<Option<Instant>>>,
}

impl Page {
    /// A page without lockers yet.
    pub fn new(mailbox: Mailbox) -> Self {
        Self { mailbox, network: Arc::default(), lockers: Arc::default(), looked_at: Arc::default() }
    }

    /// Says which lockers there are, and how to ask about them.
    pub fn show(&self, api: Api, lockers: Vec<String>) {
        self.network.get_or_init(|| (api, lockers));
    }

    /// The page and its data.
    pub fn routes(&self) -> Router {
        Router::new()
            .route("/", get(async || Html(include_str!("page.html"))))
            .route("/state.json", get(state))
            .with_state(self.clone())
    }

    /// Asks about one locker after the other, as long as somebody looks. Never returns.
    pub async fn refresh(self) {
        loop {
            tokio::time::sleep(PAUSE).await;
            let Some((api, lockers)) = self.network.get() else { continue };
            for locker in lockers {
                let looked_at = *self.looked_at.lock().unwrap_or_else(PoisonError::into_inner);
                if looked_at.is_none_or(|at| at.elapsed() > LOOKING_FOR) {
                    break;
                }
                let view = match ask(api, locker).await {
                    Ok(view) => view,
                    Err(error) => json!({"id": locker, "name": format!("{error:#}")}),
                };
                self.lockers.lock().unwrap_or_else(PoisonError::into_inner).insert(locker.clone(), view);
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn state(State(page): State<Page>) -> Json<Value> {
    *page.looked_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    let mut deliveries = page.mailbox.newest_first();
    deliveries.truncate(DELIVERIES_SHOWN_MAX);
    let lockers: Vec<Value> = page.lockers.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
    Json(json!({"delivered": page.mailbox.count(), "deliveries": deliveries, "lockers": lockers}))
}

/// What the page shows of a locker.
async fn ask(api: &Api, locker: &str) -> anyhow::Result<Value> {
    let answer = api.operator()?.get(&format!("/lockers/{locker}")).await?.expect(200)?;
    let mut faults = faults("locker", &answer["locker"]["faults"]);
    for compartment in answer["compartments"].as_array().into_iter().flatten() {
        faults.extend(self::faults(&compartment["number"].to_string(), &compartment["faults"]));
    }
    Ok(json!({
        "id": locker,
        "name": answer["locker"]["name"],
        "connected": answer["connected"],
        "heartbeat": answer["heartbeat"],
        "free": answer["free"],
        "faults": faults,
    }))
}

fn faults(unit: &str, open: &Value) -> Vec<Value> {
    let open = open.as_object().into_iter().flatten();
    open.map(|(code, fault)| {
        json!({
            "unit": unit,
            "code": code,
            "since": fault["raised_at"],
            "occurrences": fault["occurrences"],
            "work_order": fault["work_order"],
        })
    })
    .collect()
}
