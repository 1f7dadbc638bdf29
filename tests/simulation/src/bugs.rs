//! The bugs that are seeded into the rules and handlers to see whether they are found. Each is one line of the real
//! code, switched on for one run: `domain::seeded::bug` with its name.

/// A bug, by its name in the code, and what it does.
pub struct Bug {
    pub name: &'static str,
    pub what: &'static str,
}

/// Within how many seeds each has to be found.
pub const SEEDS_MAX: u64 = 200;

macro_rules! bugs {
    ($($name:ident: $what:literal,)*) => {
        /// Every seeded bug.
        pub const BUGS: &[Bug] = &[$(Bug { name: stringify!($name), what: $what }),*];
    };
}

bugs! {
    deposit_ignores_the_locker: "a deposit looks at its compartment alone, not at the locker",
    deposit_ignores_faults: "a deposit does not look at the faults of its compartment",
    deposit_goes_anywhere: "a deposit is recorded in a compartment that is not held for the order",
    deposit_does_not_hold_the_locker: "a deposit is committed whatever has become of the locker meanwhile",
    room_does_not_hold_the_locker: "a place is taken whatever has become of its locker meanwhile",
    cancelling_keeps_the_compartment: "a cancelled order keeps its compartment",
    collection_keeps_the_compartment: "a collected parcel keeps its compartment",
    choice_keeps_the_old_place: "who chooses another place keeps the old one as well",
    choice_ignores_the_epoch: "a link chooses for an order that has moved since",
    consent_is_assumed: "an order goes elsewhere without the customer having agreed",
    closing_forgets_what_is_inside: "a fault empties the compartment in the records",
    displaced_order_is_not_told: "an order gets another place and its customer is not told",
    displaced_order_stays: "an order keeps its place in a locker that closed",
    never_displaced: "a closure does not put what follows for people on the list",
    team_is_not_told: "the first step of the list is struck off without telling the team",
    impact_is_forgotten: "the next work order forgets what the last one owes people",
    list_is_struck_off_first: "the list is struck off before it has been worked off",
    deadline_runs_on: "a deadline is not stopped behind a shut door",
    deadline_resumes_short: "a deadline runs on without the time it stood still",
    booking_ignores_the_lifecycle: "an order is placed in a locker that people have taken out of service",
    service_displaces_nobody: "what people shut does not put what follows for people on the list",
    reopening_tells_nobody: "what people open again does not put the all-clear on the list",
    maintenance_never_ends: "a window of maintenance that is over leaves its locker shut",
    decommissioning_forgets_what_is_inside: "a compartment or locker goes for good with parcels in it",
    reachability_is_ignored: "who needs a reachable door gets any",
    nobody_escalates: "nobody is told where nobody reacts",
    escalation_comes_early: "a level is told after half its time",
    escalation_is_not_counted: "a level is told, and not counted",
    incident_repeats_itself: "a team is told of the same number of lockers again and again",
    incident_forgets_its_rest: "an incident is over, and nobody is called for what is left of it",
    recovery_reserves_nothing: "a parcel is fetched without a place reserved for it",
    taken_parcel_stays_inside: "a parcel that was taken out is inside as well",
    anyone_hands_over: "a parcel is taken over from who does not have it",
    abandoned_run_keeps_its_place: "a run that is given up keeps what was reserved",
    code_stays_the_same: "a parcel moves and the code of before opens its door",
    reconciling_forgets_what_was_inside: "a compartment in dispute forgets whose parcel is recorded there",
    extension_is_not_told: "support puts a deadline off without telling the customer",
    extensions_are_not_bounded: "support puts a deadline off as often as it likes",
    held_call_is_forgotten: "a team that was not called is not called either when nothing helps from afar",
    any_remote_answer_counts: "an answer counts although nobody waits for it any more",
    restart_reopens_the_locker: "a locker that was restarted is open without having proven it",
    what_is_shelved_escalates: "what is put aside is waited for all the same",
    what_comes_back_calls_nobody: "what was put aside is back, and nobody is called",
    two_openings_prove_a_repair: "one opening less proves a repair",
    openings_of_an_earlier_repair_count: "openings made for an earlier repair prove a later one",
    returning_clears_every_fault: "a locker that comes back has no faults any more",
    report_from_before_the_repair_counts: "a report sent before the proven repair breaks the unit anew",
    one_report_is_enough: "what has to be stable is a fault by its first report",
    two_reports_of_one_person_confirm: "a person who reports something twice is two signals",
    a_late_all_clear_of_a_device_counts: "a device's word that something is gone counts although it saw it later",
    a_device_clears_what_it_has_reported: "a closed door reopens by the device's word alone",
    suspicions_are_never_judged: "what is suspected is never looked at again",
    fault_joins_a_finished_work_order: "a new fault is added to a work order that is verified",
    old_session_ends_a_new_one: "the end of an old session ends a newer one",
    grace_is_never_over: "a locker whose grace is over is not found",
    silence_is_never_found: "a connected locker that says nothing is not found",
    silence_of_the_disconnected_is_a_fault: "a locker that is off the network is closed for its silence as well",
    old_heartbeat_counts: "a heartbeat that comes late replaces a later one",
    heartbeat_reopens_the_locker: "a locker is open again once its heartbeats are good again",
    unopened_door_is_forgotten: "a door that stays shut after a command is not found",
    openings_are_not_heard: "a door that opened is awaited all the same",
    events_are_applied_twice: "the history entry does not guard against duplicates",
    checks_are_left_out: "what has to stay unchanged is not checked by the commit",
    conflict_is_success: "a commit that lost against another is taken for one that was made",
    notice_is_sent_without_a_claim: "a notice is sent without being claimed",
    superseded_notice_is_sent: "a notice is sent although there is a newer one",
    newer_notice_does_not_wait: "a notice does not wait for the older one that is on its way",
    unknown_outcome_is_sent: "a notice of which nobody knows whether it was sent is down as sent",
    failed_message_is_acknowledged: "a message that could not be stored is acknowledged",
    quarantine_is_forgotten: "a message that is not understood is acknowledged and kept nowhere",
    stream_failure_is_success: "a stream batch that could not be dealt with does not come again",
    shadow_ignores_its_version: "a device is told what was true before by whoever is late",
    receipt_is_forgotten: "a complaint gets no receipt",
    alibi_is_ignored: "a delivery explained by the locker counts for the driver",
    party_decides_the_case: "who is a party decides the case",
    anothers_order_is_shown: "an order is shown to whoever asks",
}
