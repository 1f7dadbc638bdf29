//! How long it takes to find places for many orders at once, and how good they are.
//!
//!     cargo run --release --package domain --example plan_many

use std::time::{Duration, Instant};

use domain::plan::{Destination, Urgency, plan};

#[path = "../tests/it/plan/crowd.rs"]
mod crowd;

use crowd::{Breaks, crowd, now};

fn main() {
    println!(
        "  orders  lockers  breaks       bundles       time  per order  lockers   home  asked   m each  worse than the best"
    );
    for (breaks, bundled_percent) in
        [(Breaks::Anywhere, 0), (Breaks::Anywhere, 4), (Breaks::WholeTowns, 0), (Breaks::WholeTowns, 4)]
    {
        for (orders, lockers) in [(1_000, 1_500), (10_000, 5_000), (100_000, 15_000)] {
            let (seekers, sites) = crowd(lockers, orders, breaks, bundled_percent);
            let mut best = Duration::MAX;
            let mut plans = Vec::new();
            for _ in 0..3 {
                let started = Instant::now();
                plans.push(plan(&seekers, &sites, &[], now()));
                best = best.min(started.elapsed());
            }
            assert!(plans.iter().all(|it| *it == plans[0]), "the same orders give the same plan");
            let plan = &plans[0];
            let count = |is: fn(&Destination) -> bool| plan.places.iter().filter(|it| is(&it.to)).count();
            let in_lockers = count(|to| matches!(to, Destination::Locker { .. }));
            let worse = match plan.excess_m {
                0 => "nothing".to_owned(),
                metres => format!("at most {} of the most urgent asked", metres.div_ceil(Urgency::Soon.asked_m())),
            };
            println!(
                "{orders:>8} {lockers:>8}  {:<11} {:>6} % {:>7} ms {:>7.1} µs {in_lockers:>8} {:>6} {:>6} {:>8}  {worse}",
                format!("{breaks:?}"),
                bundled_percent,
                best.as_millis(),
                best.as_micros() as f64 / orders as f64,
                count(|to| *to == Destination::Home),
                count(|to| *to == Destination::Asked),
                plan.walking_m / in_lockers.max(1) as u64,
            );
        }
    }
}
