//! What goes wrong: by chance, at one chosen call, or not at all.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use crate::chance::seed_of;
use crate::invocation::{Fault, Invocation};

/// Of a thousand calls to AWS, so many go wrong.
pub const FAULTS_IN_A_THOUSAND: u32 = 20;

/// Of a thousand writes of a device's shadow: few are made, and what protects them is their version alone.
pub const SHADOW_FAULTS_IN_A_THOUSAND: u32 = 100;

/// Of a thousand messages, stream batches and requests, so many come twice.
pub const DUPLICATES_IN_A_THOUSAND: u32 = 150;

/// Which calls go wrong.
#[derive(Debug, Clone)]
pub enum Plan {
    Nothing,
    /// By chance; of the calls that would go wrong, only these do where any are named.
    Chance {
        only: Option<BTreeSet<u64>>,
    },
    /// One call of the run, counted from its beginning, and no other.
    At {
        call: u64,
        fault: Fault,
    },
}

/// A fault that struck.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Struck {
    pub id: u64,
    pub function: &'static str,
    pub call: &'static str,
    pub fault: Fault,
}

/// What goes wrong in one run.
#[derive(Debug)]
pub struct Trouble {
    plan: Plan,
    calls: Cell<u64>,
    calm: Cell<bool>,
    struck: RefCell<Vec<Struck>>,
    /// How many calls each function made, by what was asked.
    made: RefCell<BTreeMap<(&'static str, &'static str), u64>>,
    /// By what trigger, as the how manieth call of an invocation, what was asked.
    sites: RefCell<BTreeSet<Site>>,
}

/// A call as a part of what an invocation does: by what it was triggered, the how manieth call it is, what is asked.
pub type Site = (String, u32, &'static str);

/// Calls beyond this are told apart no more: the work is done in rounds.
const SITES_MAX: u32 = 12;

impl Trouble {
    /// Trouble by this plan.
    pub fn new(plan: Plan) -> Self {
        let (calls, calm) = (Cell::new(0), Cell::new(false));
        let (struck, made, sites) = (RefCell::default(), RefCell::default(), RefCell::default());
        Self { plan, calls, calm, struck, made, sites }
    }

    /// From now on nothing goes wrong by chance any more.
    pub fn stop(&self) {
        self.calm.set(true);
    }

    /// Whether things may still go wrong or come twice by chance.
    pub fn by_chance(&self) -> bool {
        matches!(self.plan, Plan::Chance { .. }) && !self.calm.get()
    }

    /// Whether a call goes wrong, and how.
    pub fn strike(&self, by: &Invocation, call: &'static str, number: u32, roll: u64) -> Option<Fault> {
        let nth = self.calls.get();
        self.calls.set(nth + 1);
        *self.made.borrow_mut().entry((by.function, call)).or_default() += 1;
        if matches!(self.plan, Plan::Nothing) && number < SITES_MAX {
            self.sites.borrow_mut().insert((by.trigger(), number, call));
        }
        let id = seed_of(by.id, number.to_le_bytes());
        let fault = match &self.plan {
            Plan::Nothing => None,
            Plan::Chance { only } => {
                let often = if call == "desire" { SHADOW_FAULTS_IN_A_THOUSAND } else { FAULTS_IN_A_THOUSAND };
                let strikes = !self.calm.get() && roll % 1_000 < u64::from(often);
                let which = (roll >> 32) % Fault::ALL.len() as u64;
                (strikes && only.as_ref().is_none_or(|only| only.contains(&id))).then(|| Fault::ALL[which as usize])
            }
            Plan::At { call, fault } => (*call == nth).then_some(*fault),
        };
        if let Some(fault) = fault {
            self.struck.borrow_mut().push(Struck { id, function: by.function, call, fault });
        }
        fault
    }

    /// How many calls were made.
    pub fn calls(&self) -> u64 {
        self.calls.get()
    }

    /// What struck, in its order.
    pub fn struck(&self) -> Vec<Struck> {
        self.struck.borrow().clone()
    }

    /// The calls as parts of what invocations do, in a run without trouble.
    pub fn sites(&self) -> BTreeSet<Site> {
        self.sites.borrow().clone()
    }

    /// How many calls each function made, by what was asked.
    pub fn made(&self) -> BTreeMap<(&'static str, &'static str), u64> {
        self.made.borrow().clone()
    }
}
