//! What technicians go to first, and who is called for what.

use domain::id::TeamId;
use domain::priority::BlastRadius;
use domain::team::Duty;
use serde_json::{Value, json};

use crate::support::devices::*;
use crate::support::id;
use crate::support::network::Network;
use crate::support::requests::{Answer, call};

async fn register_team(network: &Network, team: &str, more: Value) {
    let mut body = json!({
        "team_id": team, "region": "mainz", "name": team, "skills": [], "language": "german",
        "email": format!("{team}@example.org"),
    });
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    network.call(call("POST /teams").by("op-1").json(body)).await.ok();
}

async fn list(network: &Network, technician: &str, team: Option<&str>) -> Answer {
    let request = call("GET /work-orders").by(technician).query("region", "mainz");
    network.call(team.into_iter().fold(request, |request, team| request.query("team", team))).await
}

fn listed(answer: Answer) -> Vec<(String, u64)> {
    let answer = answer.ok();
    let all = answer["work_orders"].as_array().unwrap();
    assert_eq!(answer["open"], all.len());
    all.iter().map(|it| (it["id"].as_str().unwrap().to_owned(), it["priority"].as_u64().unwrap())).collect()
}

#[tokio::test]
async fn the_worse_is_listed_first_and_of_equals_the_one_where_a_parcel_waits() {
    let network = Network::mainz().await;
    let (_, compartment) = network.deposit_order("anna", "M").await;
    network.happens("fault_intake", faults("mz-04", "m-1", &[("1", "lock_jammed")])).await;
    network.happens("fault_intake", faults("mz-03", "m-2", &[(&compartment.to_string(), "lock_jammed")])).await;
    network.happens("fault_intake", faults("mz-05", "m-3", &[("1", "tamper")])).await;
    let expected = [("mz-05.1", 1_000), ("mz-03.1", 570), ("mz-04.1", 500)];
    let expected: Vec<(String, u64)> = expected.into_iter().map(|(id, priority)| (id.to_owned(), priority)).collect();
    assert_eq!(listed(list(&network, "tech-4", None).await), expected);
    assert_eq!(listed(list(&network, "tech-4", Some("mechanics-1")).await), expected);
    // A deadline that comes nearer counts without anything being written.
    network.wait_until(60 * 3_600);
    assert_eq!(listed(list(&network, "tech-4", None).await)[1], ("mz-03.1".to_owned(), 620));
}

#[tokio::test]
async fn whoever_got_another_place_waits_no_more_and_what_is_inside_does() {
    let network = Network::mainz().await;
    let (_, inside) = network.deposit_order("anna", "M").await;
    network.place_order("cleo", "S").await;
    network.happens("fault_intake", faults("mz-03", "m-1", &[("locker", "power_loss")])).await;
    let work_order = network.work_order("mz-03").unwrap();
    assert_eq!(work_order.people_waiting, 2, "when the team was called");
    let deadline = network.order(network.compartment("mz-03", inside).order().unwrap().as_str()).pickup_deadline;
    let left = BlastRadius { orders_on_the_way: 0, parcels_inside: 1, nearest_deadline: deadline };
    assert_eq!((work_order.blast_radius, work_order.priority), (left, 1_070));
}

#[tokio::test]
async fn technicians_see_the_work_orders_of_their_own_team() {
    let network = Network::mainz().await;
    register_team(&network, "electronics-1", json!({ "skills": ["electronics"], "members": ["tech-9"] })).await;
    network.happens("fault_intake", faults("mz-03", "m-1", &[("7", "lock_jammed")])).await;
    network.happens("fault_intake", faults("mz-04", "m-2", &[("locker", "E-17")])).await;
    let ids = |answer| listed(answer).into_iter().map(|(id, _)| id).collect::<Vec<_>>();
    assert_eq!(ids(list(&network, "tech-9", None).await), ["mz-03.1", "mz-04.1"]);
    assert_eq!(ids(list(&network, "tech-4", None).await), ["mz-03.1"]);
    list(&network, "tech-4", Some("electronics-1")).await.refused(404, "not_found");
    list(&network, "tech-4", Some("nobody")).await.refused(404, "not_found");
    let nowhere = network.call(call("GET /work-orders").by("tech-4")).await;
    assert_eq!((nowhere.status, nowhere.field()), (400, "region"));
}

#[tokio::test]
async fn where_no_team_has_the_skill_the_call_says_so_and_operations_is_never_called() {
    let network = Network::mainz().await;
    register_team(&network, "a-first", json!({ "skills": ["electronics"], "duty": "operations", "lead": "lea" })).await;
    network.happens("fault_intake", faults("mz-03", "m-1", &[("locker", "E-17")])).await;
    let work_order = network.work_order("mz-03").unwrap();
    assert_eq!(work_order.team, Some((id("mainz"), id::<TeamId>("mechanics-1"))));
    assert_eq!(serde_json::to_value(&work_order.skills_missing).unwrap(), json!(["electronics"]));
    let sent = network.sender.publisher.sent();
    assert!(sent[0].1.email.contains("Elektronik"), "{}", sent[0].1.email);
    assert_eq!(serde_json::to_value(Duty::Operations).unwrap(), "operations");
}
