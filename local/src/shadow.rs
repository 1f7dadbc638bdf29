//! How a locker follows its device shadow: what must be closed, which doors to try, and what to switch off and on again.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// What a unit that is open is closed to.
const NOTHING: &str = "nothing";

/// What a locker has made of its shadow so far.
#[derive(Debug, Default)]
pub struct Shadow {
    /// The test openings made already, by unit, as they were asked for.
    opened: BTreeMap<String, Value>,
    /// The attempts made already from afar, by fault, as they were asked for.
    restarted: BTreeMap<String, Value>,
}

/// What follows from a look at the shadow.
#[derive(Debug, Default, PartialEq)]
pub struct Reaction {
    /// What is closed now: unit to what it is closed to. Units that are open are not in it.
    pub closed: BTreeMap<String, String>,
    /// What to report, where it differs from what was reported.
    pub report: Option<Value>,
    /// The doors to try now, in order.
    pub openings: Vec<Opening>,
    /// What to switch off and on again now.
    pub restarts: Vec<Restart>,
}

/// One fault to mend from afar for one work order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restart {
    pub code: String,
    pub work_order_id: String,
    pub attempt: u64,
}

/// One door to try for one work order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    pub unit: String,
    pub work_order_id: String,
    /// Which of the reported repairs it is to prove.
    pub attempt: u64,
}

impl Shadow {
    /// Compares what is asked for with what is reported (the answer to a shadow get).
    pub fn look(&mut self, document: &Value) -> Reaction {
        let part = |pointer: &str| document.pointer(pointer).and_then(Value::as_object).cloned().unwrap_or_default();
        let desired = part("/state/desired/closed");
        let reported = part("/state/reported/closed");
        let mut reaction = Reaction::default();
        for (unit, closure) in &desired {
            match closure.as_str() {
                Some(NOTHING) | None => {}
                Some(closure) => {
                    reaction.closed.insert(unit.clone(), closure.to_owned());
                }
            }
        }
        if desired != reported {
            let mut closed: Map<String, Value> = desired;
            for (unit, _) in reported {
                // Null removes what is not asked for any more.
                closed.entry(unit).or_insert(Value::Null);
            }
            reaction.report = Some(json!({"state": {"reported": {"closed": closed}}}));
        }
        let asked = part("/state/desired/test_openings");
        self.opened.retain(|unit, _| asked.contains_key(unit));
        for (unit, request) in asked {
            if self.opened.get(&unit) == Some(&request) {
                continue;
            }
            let number = |name: &str| request[name].as_u64();
            if let (Some(work_order_id), Some(attempt), Some(times)) =
                (request["work_order_id"].as_str(), number("attempt"), number("times"))
            {
                let opening = Opening { unit: unit.clone(), work_order_id: work_order_id.to_owned(), attempt };
                reaction.openings.extend((0..times).map(|_| opening.clone()));
            }
            self.opened.insert(unit, request);
        }
        // Not forgotten with the session: a restart may have ended it.
        for (code, request) in part("/state/desired/remote_recoveries") {
            if self.restarted.get(&code) == Some(&request) {
                continue;
            }
            if let (Some(work_order_id), Some(attempt), Some("restart")) =
                (request["work_order_id"].as_str(), request["attempt"].as_u64(), request["command"].as_str())
            {
                let work_order_id = work_order_id.to_owned();
                reaction.restarts.push(Restart { code: code.clone(), work_order_id, attempt });
            }
            self.restarted.insert(code, request);
        }
        reaction
    }

    /// Begins a session. Openings still asked for were perhaps never heard of: they are made again.
    pub fn begin_session(&mut self) {
        self.opened.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(attempt: u64) -> Value {
        let request = json!({"work_order_id": "mz-03.2", "attempt": attempt, "times": 3});
        json!({"state": {"desired": {"test_openings": {"7": request}}}})
    }

    #[test]
    fn what_is_desired_is_applied_and_reported_and_what_is_not_any_more_is_removed() {
        let document = json!({"state": {
            "desired": {"closed": {"7": "deposits", "8": "nothing"}},
            "reported": {"closed": {"8": "deposits", "9": "deposits"}},
        }});
        let reaction = Shadow::default().look(&document);
        assert_eq!(reaction.closed, BTreeMap::from([("7".to_owned(), "deposits".to_owned())]));
        let closed = json!({"7": "deposits", "8": "nothing", "9": null});
        assert_eq!(reaction.report, Some(json!({"state": {"reported": {"closed": closed}}})));
    }

    #[test]
    fn nothing_is_reported_when_nothing_changed() {
        let closed = json!({"closed": {"7": "deposits"}});
        let document = json!({"state": {"desired": closed, "reported": closed}});
        assert_eq!(Shadow::default().look(&document).report, None);
        assert_eq!(Shadow::default().look(&json!({"state": {}})), Reaction::default());
    }

    #[test]
    fn an_attempt_from_afar_is_made_once_even_where_it_ends_the_session() {
        let asked = |attempt: u64| {
            let request = json!({"work_order_id": "mz-03.2", "command": "restart", "attempt": attempt});
            json!({"state": {"desired": {"remote_recoveries": {"reader_fault": request, "display_fault": null}}}})
        };
        let restart =
            |attempt| Restart { code: "reader_fault".to_owned(), work_order_id: "mz-03.2".to_owned(), attempt };
        let mut shadow = Shadow::default();
        assert_eq!(shadow.look(&asked(1)).restarts, [restart(1)]);
        shadow.begin_session();
        assert_eq!(shadow.look(&asked(1)).restarts, []);
        assert_eq!(shadow.look(&asked(2)).restarts, [restart(2)]);
    }

    #[test]
    fn test_openings_are_made_once_for_each_repair_and_again_after_a_lost_connection() {
        let mut shadow = Shadow::default();
        assert_eq!(shadow.look(&asked(1)).openings.len(), 3);
        assert_eq!(shadow.look(&asked(1)).openings, []);
        assert_eq!(shadow.look(&asked(2)).openings.len(), 3);

        shadow.begin_session();
        assert_eq!(shadow.look(&asked(2)).openings.len(), 3);
    }
}
