//! What may be done at a door now, each direction by itself, and why not.

use serde::{Deserialize, Serialize};

use crate::compartment::{Compartment, Service};
use crate::fault::{Closure, FaultCode, OpenFaults, Unit};
use crate::locker::Locker;
use crate::service::Lifecycle;

/// One reason why a door may not be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "because", rename_all = "snake_case")]
pub enum Why {
    /// A fault of that unit.
    Fault { unit: Unit, code: FaultCode },
    /// What that unit may have, not certain yet: what was promised goes on.
    Suspicion { unit: Unit, code: FaultCode },
    /// People decided so about the locker.
    Lifecycle { lifecycle: Lifecycle },
    /// People decided so about the compartment.
    Service { service: Service },
}

/// Whether something may be done, and every reason why not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permission {
    pub allowed: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub why_not: Vec<Why>,
}

/// What the states of a locker and of one of its compartments permit. Who holds the compartment is another question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permissions {
    /// Promising it to a new order.
    pub booking: Permission,
    /// Putting in what has its place there.
    pub deposit: Permission,
    /// Taking out what is inside.
    pub pickup: Permission,
}

/// What may be done at a door now.
pub fn permissions(locker: &Locker, compartment: &Compartment) -> Permissions {
    let (lifecycle, service) = (locker.service.lifecycle, compartment.service);
    let unit = Unit::Compartment(compartment.number);
    let of_unit = |unit: Unit, faults: &OpenFaults| -> Vec<(Why, Closure)> {
        faults.keys().map(|code| (Why::Fault { unit, code: *code }, code.closes())).collect()
    };
    let mut closing =
        vec![(Why::Lifecycle { lifecycle }, lifecycle.closes()), (Why::Service { service }, service.closes())];
    closing.extend(of_unit(Unit::Locker, &locker.faults));
    closing.extend(of_unit(unit, &compartment.faults));
    let suspected = compartment.suspicions.keys().filter(|code| code.closes() > Closure::Nothing);
    closing.extend(suspected.map(|code| (Why::Suspicion { unit, code: *code }, Closure::Nothing)));
    let permission = |forbids: &dyn Fn(&Why, Closure) -> bool| {
        let why_not: Vec<Why> =
            closing.iter().filter(|(why, closure)| forbids(why, *closure)).map(|(it, _)| *it).collect();
        Permission { allowed: why_not.is_empty(), why_not }
    };
    Permissions {
        booking: permission(&|why, closure| match why {
            Why::Fault { .. } => closure > Closure::Nothing,
            Why::Lifecycle { lifecycle } => !lifecycle.takes_bookings(),
            Why::Service { service } => *service != Service::InService,
            Why::Suspicion { .. } => true,
        }),
        deposit: permission(&|_, closure| closure > Closure::Nothing),
        pickup: permission(&|_, closure| closure == Closure::DepositsAndPickups),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::LockerService;
    use crate::suspicion::{Signal, Suspicion};
    use crate::testing::*;

    fn allowed() -> Permission {
        Permission { allowed: true, why_not: vec![] }
    }

    fn not(why_not: &[Why]) -> Permission {
        Permission { allowed: false, why_not: why_not.to_vec() }
    }

    #[test]
    fn an_open_door_permits_everything() {
        let expected = Permissions { booking: allowed(), deposit: allowed(), pickup: allowed() };
        assert_eq!(permissions(&locker(), &compartment(7).faulted(FaultCode::DisplayFault)), expected);
    }

    #[test]
    fn a_draining_door_permits_what_was_promised_and_no_booking() {
        let draining = Compartment { service: Service::Draining, ..compartment(7) };
        let booking = not(&[Why::Service { service: Service::Draining }]);
        assert_eq!(permissions(&locker(), &draining), Permissions { booking, deposit: allowed(), pickup: allowed() });
    }

    #[test]
    fn a_door_says_each_reason_in_the_direction_it_forbids() {
        let shut = Locker { service: LockerService::new(Lifecycle::Maintenance), ..locker() };
        let fault = Why::Fault { unit: unit(7), code: FaultCode::DoorNotClosing };
        let people = Why::Lifecycle { lifecycle: Lifecycle::Maintenance };
        let expected =
            Permissions { booking: not(&[people, fault]), deposit: not(&[people, fault]), pickup: not(&[people]) };
        assert_eq!(permissions(&shut, &compartment(7).faulted(FaultCode::DoorNotClosing)), expected);
    }

    fn suspected(compartment: Compartment, code: FaultCode) -> Compartment {
        let signals = [Signal::Device].into();
        let suspicion = Suspicion { since: at(0), last_at: at(0), signals, judged_at: at(60), vendor_text: None };
        Compartment { suspicions: [(code, suspicion)].into(), ..compartment }
    }

    #[test]
    fn a_suspected_door_keeps_what_was_promised_and_promises_nothing() {
        let booking = not(&[Why::Suspicion { unit: unit(7), code: FaultCode::DoorForced }]);
        let expected = Permissions { booking, deposit: allowed(), pickup: allowed() };
        assert_eq!(permissions(&locker(), &suspected(compartment(7), FaultCode::DoorForced)), expected);
    }

    #[test]
    fn what_is_permitted_is_what_the_rules_do() {
        for service in [Service::InService, Service::Draining, Service::Blocked, Service::Decommissioned] {
            for code in FaultCode::ALL {
                let door = Compartment { service, ..compartment(7) };
                let (sick, dark) = (door.clone().faulted(code), locker().faulted(code));
                let doubtful = suspected(door.clone(), code);
                for (locker, door) in [(locker(), sick), (dark, door), (locker(), doubtful)] {
                    let permitted = permissions(&locker, &door);
                    let deposit = locker.closed_to_deposits().is_none() && door.open_for_deposits();
                    let rules = (locker.bookable() && door.bookable(), deposit, door.open_for_pickups(&locker));
                    let said = (permitted.booking.allowed, permitted.deposit.allowed, permitted.pickup.allowed);
                    assert_eq!(said, rules, "{service} {code}");
                }
            }
        }
    }
}
