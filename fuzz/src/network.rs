//! A network in memory with everything its handlers take.

use std::cell::Cell;
use std::rc::Rc;

use aws::keys::Key;
use aws::link::LinkSigner;
use aws::store::dynamodb::Tables;
use aws::store::{Item, Store, Write};
use domain::Timestamp;
use domain::calendar::Calendar;
use domain::notice::LinkPurpose;
use domain::pacing::Pacing;
use functions::notification_fan_out::Sender;
use functions::registry::Registrars;

use crate::far_ends::{Mailbox, Shadows, registrars};
use crate::store::Watched;
use crate::{at, run};

/// The secret that links are signed with.
pub const LINK_SECRET: &str = "a secret of thirty-two characters";

/// A network in memory.
pub struct Network {
    pub store: Watched,
    pub tables: Tables,
    pub sender: Sender<Mailbox>,
    pub shadows: Shadows,
    pub registrars: Rc<Registrars>,
    pub support: Calendar,
    /// The case that was opened in it, where one was.
    pub case: Option<String>,
    /// The work order that is open in it, where one is.
    pub work_order: Option<String>,
    now: Cell<Timestamp>,
}

/// The name a table has in the samples.
fn deployed(table: &str) -> String {
    format!("locker-care-{table}Table-A1B2C3D4E5F6")
}

impl Network {
    /// A network with nobody in it.
    pub fn empty() -> Self {
        thread_local! {
            // Making the SDK's clients takes longer than a thousand inputs.
            static REGISTRARS: Rc<Registrars> = Rc::new(registrars());
        }
        Self {
            store: Watched::default(),
            tables: Tables {
                network: deployed("Network"),
                orders: deployed("Orders"),
                cases: deployed("Cases"),
                people: deployed("People"),
            },
            sender: Sender { publisher: Mailbox, signer: signer(), public_url: "https://example.org".to_owned(), pacing: Pacing::default() },
            shadows: Shadows::default(),
            registrars: REGISTRARS.with(Rc::clone),
            support: "rheinland_pfalz Mon-Fri 08:00-18:00".parse().expect("a calendar"),
            case: None,
            work_order: None,
            now: Cell::new(at(0)),
        }
    }

    /// A network that keeps this.
    pub fn holding(items: &[(Key, Item)]) -> Self {
        let network = Self::empty();
        for chunk in items.chunks(aws::store::TRANSACTION_ACTIONS_MAX) {
            let writes = chunk.iter().map(|(key, item)| Write::Create { key: key.clone(), item: item.clone() });
            run(network.store.commit(writes.collect())).expect("an empty store takes any item once");
        }
        network.store.is_made();
        network
    }

    pub fn now(&self) -> Timestamp {
        self.now.get()
    }

    /// Lets time pass, to so many seconds after everything begins.
    pub fn wait_until(&self, second: i64) {
        self.now.set(at(second));
    }

    /// The token of a link that was sent when everything began.
    pub fn token(&self, purpose: &LinkPurpose) -> String {
        self.sender.signer.sign(purpose, at(0))
    }
}

/// Who signs links here.
pub fn signer() -> LinkSigner {
    LinkSigner::new(LINK_SECRET).expect("the secret is long enough")
}
