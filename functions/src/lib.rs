//! The Lambda functions: one module each, and beside it in `bin/` the binary that starts it.
//!
//! A handler parses what its trigger hands in, applies a rule, and answers. It takes the store, the other ports
//! and the time as arguments, so that tests and proofs drive the same code.

pub mod complaints;
pub mod deposit_authorisation;
pub mod device;
pub mod escalations;
pub mod expected_back;
pub mod fault_intake;
pub mod fault_reports;
mod fault_scene;
pub mod feedback_submission;
pub mod heartbeat_intake;
pub mod incidents;
pub mod locker_commands;
pub mod notification_fan_out;
pub mod order_choices;
pub mod order_placement;
pub mod overdue_cases;
pub mod parcel_events;
mod places;
pub mod presence;
pub mod registry;
pub mod rerouting;
pub mod support_view;
pub mod sweeps;
pub mod trapped_parcels;
pub mod work_orders;

/// Every HTTP route in code: the function it belongs to, and its key as the gateway names it.
pub fn routes() -> Vec<(&'static str, &'static str)> {
    let of =
        |function: &'static str, routes: &'static [&'static str]| routes.iter().map(move |route| (function, *route));
    of("registry", registry::ROUTES)
        .chain(of("order_placement", order_placement::ROUTES))
        .chain(of("deposit_authorisation", deposit_authorisation::ROUTES))
        .chain(of("fault_reports", fault_reports::ROUTES))
        .chain(of("order_choices", order_choices::ROUTES))
        .chain(of("work_orders", work_orders::ROUTES))
        .chain(of("feedback_submission", feedback_submission::ROUTES))
        .chain(of("complaints", complaints::ROUTES))
        .chain(of("support_view", support_view::ROUTES))
        .chain(of("trapped_parcels", trapped_parcels::ROUTES))
        .collect()
}
