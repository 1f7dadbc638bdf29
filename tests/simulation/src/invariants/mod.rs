//! The promises of the network, each a function of its own that is asked whenever something has happened that it is
//! about. Their numbers and sentences are those of the network's design.
//!
//! To add one: write the function beside its kin, with the sentence as its doc, and name it in the list for the moment
//! it is about. To add what it needs to know: [`crate::history::Committed`] for what a commit did,
//! [`crate::history::History`] for what is known, [`crate::world::World`] for what is really so.

pub mod cases;
pub mod doors;
pub mod escalations;
pub mod expiries;
pub mod faults;
pub mod figures;
pub mod heartbeats;
pub mod incidents;
pub mod model;
pub mod notices;
pub mod orders;
pub mod places;
pub mod presence;
pub mod recoveries;
pub mod remote_recoveries;
pub mod repairs;
pub mod service;
pub mod system;
pub mod visits;

use domain::Timestamp;

use crate::history::Committed;
use crate::triggers::{Answer, Message};
use crate::world::{Mail, World};

/// What holding something to a promise comes to: how it was broken, if it was.
pub type Verdict = Result<(), String>;

/// A promise, and the function that holds something to it.
pub struct Invariant<T: ?Sized> {
    pub name: &'static str,
    pub check: fn(&World, &T) -> Verdict,
}

macro_rules! invariants {
    ($($number:ident $family:ident::$check:ident,)*) => {
        &[$(Invariant { name: concat!(stringify!($number), " ", stringify!($check)), check: $family::$check }),*]
    };
}

/// Asked of every commit, at the moment it has been made.
pub const AT_COMMIT: &[Invariant<Committed>] = invariants! {
    I1 places::no_deposit_behind_a_closed_door,
    I2 places::one_reservation_per_compartment_and_one_place_per_order,
    I3 places::pointers_agree,
    I4 places::each_parcel_is_in_exactly_one_place,
    I4 recoveries::nobody_is_skipped_in_a_chain_of_custody,
    I4 recoveries::what_is_in_dispute_is_settled_by_a_person,
    I4 expiries::what_goes_back_is_brought_by_who_has_it,
    I3 recoveries::a_place_is_held_for_what_is_fetched,
    I18 recoveries::what_was_fetched_has_its_time,
    I18 expiries::nothing_is_over_before_its_time,
    I5 faults::nothing_reopens_without_evidence,
    I5 faults::nothing_is_a_fault_before_it_is_certain,
    I5 figures::that_nobody_comes_closes_nothing,
    I5 remote_recoveries::only_what_is_listed_is_tried_from_afar,
    I6 system::stale_or_duplicate_messages_change_nothing,
    I6 heartbeats::a_late_heartbeat_changes_nothing,
    I6 doors::a_door_that_opened_is_not_suspected,
    I6 repairs::each_repair_is_counted_once,
    I6 figures::no_opening_is_counted_twice,
    I7 faults::each_fault_belongs_to_one_work_order,
    I9 faults::only_legal_transitions,
    I9 service::a_window_that_is_over_gives_its_locker_back,
    I9 figures::a_door_is_due_for_its_wear,
    I9 incidents::an_incident_goes_its_way,
    I10 escalations::each_level_fires_once_and_never_early,
    I11 incidents::an_incident_tells_its_team_of_changes_alone,
    I11 visits::a_visit_is_led_by_one_that_is_called_for,
    I12 orders::an_order_is_placed_only_where_it_can_be,
    I12 orders::a_place_is_what_its_parcel_and_its_customer_need,
    I13 orders::a_new_state_and_its_notice_are_one_commit,
    I13 orders::nobody_is_asked_for_what_works_again,
    I13 orders::nobody_goes_elsewhere_from_a_locker_with_room,
    I14 notices::the_ledger_goes_only_forward,
    I15 notices::a_notice_is_for_whom_it_concerns,
    I15 notices::what_cannot_wait_does_not,
    I15 repairs::nothing_is_expected_in_the_past,
    I15 repairs::who_hears_of_a_delay_waits,
    I17 orders::a_choice_moves_an_order_whole,
    I17 orders::an_undone_choice_leads_back,
    I2 orders::a_shop_takes_what_it_has_room_for,
    I18 orders::a_deadline_is_put_off_within_bounds,
    I19 presence::an_old_session_ends_nothing,
    I19 heartbeats::only_a_connected_locker_is_silent,
    I20 cases::a_complaint_has_owner_clock_and_receipt,
    I20 cases::promises_fall_into_working_hours,
    I20 cases::dangers_go_before_everything,
    I10 cases::each_overdue_level_is_told_once_and_never_early,
    I20 cases::clocks_stand_still_while_the_customer_is_waited_for,
    I20 cases::silence_closes_in_time_and_says_so,
    I20 cases::a_case_is_reopened_in_time_and_by_whose_it_is,
    I20 cases::only_one_customers_cases_are_joined,
    I20 cases::what_a_customer_adds_is_looked_through,
    I21 cases::a_driver_is_heard_told_and_answered_by_somebody_else,
    I22 cases::only_a_decision_that_stands_charges_a_delivery,
    I21 cases::no_measure_without_evidence_and_a_person,
    I22 cases::a_lockers_fault_never_counts_against_a_driver,
    I24 system::what_a_locker_says_changes_only_what_is_its_own,
    I26 figures::a_day_is_what_happened_in_it,
    I27 system::no_commit_is_too_large,
};

/// Asked whenever something is published to people.
pub const AT_SENDING: &[Invariant<Mail>] = invariants! {
    I14 notices::a_burst_is_one_message,
    I15 notices::nobody_is_woken_without_need,
    I16 notices::a_superseded_notice_is_never_sent_after_the_newer_one,
};

/// Asked whenever a queue is told that a message has been dealt with.
pub const AT_ACKNOWLEDGEMENT: &[Invariant<Message>] = invariants! {
    I8 system::accepted_means_recorded,
};

/// Asked after every sweep that did not fail, with the time it ran at.
pub const AT_SWEEP: &[Invariant<Timestamp>] = invariants! {
    I10 escalations::no_level_is_more_than_two_sweeps_late,
    I10 cases::nothing_promised_is_more_than_two_sweeps_overdue_in_silence,
    I11 remote_recoveries::no_call_waits_longer_than_it_may,
    I19 presence::a_silent_locker_is_found,
    I19 heartbeats::a_connected_locker_that_says_nothing_is_found,
    I19 doors::a_door_that_stays_shut_is_found,
    I19 expiries::what_is_over_is_found,
};

/// Asked of every answer to a request.
pub const AT_ANSWER: &[Invariant<Answer>] = invariants! {
    I1 places::no_deposit_is_allowed_behind_a_closed_door,
    I8 orders::an_acknowledged_order_exists,
    I12 orders::a_refused_order_is_told_where_else,
    I17 orders::a_used_or_expired_link_changes_nothing,
    I20 cases::an_acknowledged_complaint_exists,
    I22 cases::counters_equal_the_fold,
    I24 system::nobody_sees_what_is_anothers,
    I24 system::anybody_learns_what_is_public_alone,
    I26 figures::figures_equal_the_fold,
};

/// Asked once everything has come to rest.
pub const AT_END: &[Invariant<()>] = invariants! {
    I11 faults::the_team_was_told_of_every_change,
    I9 service::no_window_is_left_behind,
    I10 repairs::no_estimate_is_left_behind,
    I11 incidents::nobody_is_left_in_an_incident,
    I11 service::no_call_waits_for_a_locker_that_serves,
    I11 visits::nobody_is_left_in_a_visit,
    I13 orders::everybody_has_been_dealt_with,
    I14 notices::every_notice_was_sent_or_has_failed,
    I16 notices::the_latest_notice_was_not_held_back,
    I18 orders::no_deadline_ran_behind_a_shut_door,
    I19 presence::what_is_known_of_connections_is_so,
    I19 heartbeats::every_silence_was_found,
    I20 cases::every_decided_complaint_was_answered,
    I24 system::devices_are_told_what_is_so,
    I25 system::no_personal_data_but_in_the_people_table,
    I26 model::the_final_state_is_the_models,
    I26 repairs::what_is_known_of_repairs_is_the_fold_over_them,
};

/// What is promised, by number: the sentence, and what is missing where it cannot be held to yet.
pub const PROMISES: [(u8, &str, Option<&str>); 28] = [
    (
        1,
        "no deposit is authorised or recorded if at that commit the compartment or its locker is closed, or the compartment is held by another order",
        None,
    ),
    (2, "at most one live reservation per compartment, at most one place per order", None),
    (3, "the pointers order to compartment and compartment to order agree", None),
    (4, "each parcel is in exactly one place; closing a compartment never forgets what is inside", None),
    (5, "a compartment reopens only by closing its last blocking work order with evidence, never by a heartbeat", None),
    (6, "stale or duplicate messages change nothing", None),
    (7, "each accepted fault belongs to exactly one work order; at most one open fault per (locker, unit, code)", None),
    (8, "accepted means recorded: a message acknowledged is in the table or in quarantine", None),
    (9, "only legal transitions; a later fault opens a new work order", None),
    (10, "each escalation level fires exactly once, never early, at most two sweeps late", None),
    (11, "the team is told once per change of a work order", None),
    (
        12,
        "an order for an unavailable locker is refused with alternatives or placed elsewhere by consent, never silently accepted",
        None,
    ),
    (13, "each affected order gets its new state and its notice in one commit, or by a job that always finishes", None),
    (
        14,
        "per (person, consequence, channel): delivered at least once or a recorded final failure; at most once plus the sends whose outcome was unknown, which are counted",
        None,
    ),
    (
        15,
        "no notice about something not committed, or to someone unaffected, opted out or erased",
        Some("opting out and erasure; the rest is held to"),
    ),
    (16, "a superseded notice is never sent after the newer one", None),
    (
        17,
        "choosing an alternative: the first valid choice wins; the new place and the release of the old one in one commit; a used or expired link changes nothing",
        None,
    ),
    (18, "a customer's pickup deadline never runs while the compartment cannot be opened", None),
    (
        19,
        "an old session's disconnect never marks a locker offline; a silent locker is found within its deadline plus two sweeps; reconnecting clears no fault but network_lost",
        None,
    ),
    (
        20,
        "each complaint acknowledged with a 2xx exists with owner, state and due time; the same key gives one; each gets a receipt and a final answer",
        None,
    ),
    (
        21,
        "no measure without valid evidence and a named, authorised person's decision, who is neither the complainant nor the subject; the driver is told and may contest",
        None,
    ),
    (
        22,
        "a driver's counters equal the fold over the deliveries and complaints that count; excluded ones never do",
        None,
    ),
    (
        23,
        "a suspension ends once, on time; a suspended driver is assigned nothing",
        Some("there are no suspensions yet"),
    ),
    (24, "locker A never affects locker B; customer A never sees customer B's data", None),
    (
        25,
        "no personal data in logs, subjects, topics or dead letters; none anywhere after erasure",
        Some("erasure; the rest is held to"),
    ),
    (26, "the final state equals the reference model's", None),
    (27, "no transaction above 100 actions or 4 MB, no item above 400 KB: large work is chunked", None),
    (
        28,
        "what is in a dead-letter queue is a permanent failure, alarmed, and can be replayed without doubling any effect",
        Some("that it is alarmed is held to by the template's tests; replaying is, by I6 and by everything at the end"),
    ),
];

/// Says that something is not as promised.
fn broken<T>(what: impl Into<String>) -> Result<T, String> {
    Err(what.into())
}

/// Says it where the condition does not hold.
fn holds(condition: bool, what: impl FnOnce() -> String) -> Verdict {
    if condition { Ok(()) } else { Err(what()) }
}
