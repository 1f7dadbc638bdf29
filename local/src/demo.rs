//! The demonstration network: lockers all over Mainz, those who repair them, and those who use them.
//!
//! The places are real, the lockers and the people are not. Everything is registered through the API.

use serde_json::{Value, json};

/// The region all of it is in.
pub const REGION: &str = "mainz";

/// One site of the network.
#[derive(Debug, Clone, Copy)]
pub struct Site {
    pub id: &'static str,
    pub name: &'static str,
    pub latitude_e6: i32,
    pub longitude_e6: i32,
    pub compartments: u16,
}

const fn site(
    id: &'static str,
    name: &'static str,
    (latitude_e6, longitude_e6): (i32, i32),
    compartments: u16,
) -> Site {
    Site { id, name, latitude_e6, longitude_e6, compartments }
}

/// The lockers, the busiest first.
pub const SITES: [Site; 15] = [
    site("mz-01", "Mainz Hauptbahnhof", (50_001_300, 8_258_800), 60),
    site("mz-02", "Mainz Schillerplatz", (49_998_200, 8_267_300), 48),
    site("mz-03", "Mainz Domplatz", (49_998_900, 8_273_900), 48),
    site("mz-04", "Mainz Universität", (49_993_000, 8_241_700), 60),
    site("mz-05", "Mainz-Neustadt Goetheplatz", (50_010_900, 8_256_200), 54),
    site("mz-06", "Mainz Zollhafen", (50_014_600, 8_262_600), 36),
    site("mz-07", "Mainz-Oberstadt Volkspark", (49_986_400, 8_284_300), 36),
    site("mz-08", "Mainz-Gonsenheim Breite Straße", (50_003_600, 8_209_600), 42),
    site("mz-09", "Mainz-Bretzenheim Ortsmitte", (49_980_600, 8_240_800), 42),
    site("mz-10", "Mainz-Mombach Bahnhof", (50_017_200, 8_226_800), 30),
    site("mz-11", "Mainz-Hechtsheim Ortsmitte", (49_966_500, 8_272_700), 30),
    site("mz-12", "Mainz-Weisenau Ortsmitte", (49_978_900, 8_300_900), 24),
    site("mz-13", "Mainz-Finthen Ortsmitte", (49_987_900, 8_173_300), 24),
    site("mz-14", "Mainz-Laubenheim Bahnhof", (49_959_600, 8_313_600), 24),
    site("mz-15", "Mainz-Lerchenberg Einkaufszentrum", (49_962_300, 8_188_700), 30),
];

/// How a cabinet is built, from its first compartment on and again from the start: most parcels are small.
const COLUMN: [&str; 12] = ["S", "M", "S", "M", "L", "XS", "S", "M", "S", "L", "M", "XL"];

impl Site {
    /// The body of `POST /lockers`.
    pub fn registration(&self) -> Value {
        let sizes = (1..=self.compartments).zip(COLUMN.iter().cycle());
        let compartments: Vec<Value> = sizes.map(|(number, size)| json!({"number": number, "size": size})).collect();
        json!({
            "locker_id": self.id,
            "name": self.name,
            "position": {"latitude_e6": self.latitude_e6, "longitude_e6": self.longitude_e6},
            "region": REGION,
            "compartments": compartments,
        })
    }
}

/// Those who are called together.
#[derive(Debug, Clone, Copy)]
pub struct Team {
    pub id: &'static str,
    pub name: &'static str,
    pub skills: &'static [&'static str],
    pub duty: &'static str,
    pub language: &'static str,
}

/// The teams: each repairs something the others do not, and one answers complaints.
pub const TEAMS: [Team; 4] = [
    repairs("doors", "Türen und Schlösser", &["mechanics"], "german"),
    repairs("electronics", "Elektronik", &["electronics"], "german"),
    repairs("network", "Network on call", &["network", "electronics"], "english"),
    Team { id: "complaints", name: "Kundendienst", skills: &[], duty: "support", language: "german" },
];

const fn repairs(
    id: &'static str,
    name: &'static str,
    skills: &'static [&'static str],
    language: &'static str,
) -> Team {
    Team { id, name, skills, duty: "repair", language }
}

impl Team {
    /// Where the team reads its calls.
    pub fn email(&self) -> String {
        format!("{}@technik.example.com", self.id)
    }

    /// The body of `POST /teams`.
    pub fn registration(&self) -> Value {
        json!({
            "team_id": self.id,
            "region": REGION,
            "name": self.name,
            "skills": self.skills,
            "duty": self.duty,
            "language": self.language,
            "email": self.email(),
        })
    }
}

/// Somebody who is written to.
#[derive(Debug, Clone, Copy)]
pub struct Person {
    pub id: &'static str,
    pub language: &'static str,
    /// Whether the person has the app.
    pub app: bool,
    pub wishes: Wishes,
}

/// What a person wants done when an order loses its place.
#[derive(Debug, Clone, Copy)]
pub enum Wishes {
    /// Nothing was said: the person is asked.
    Unsaid,
    /// Another locker within this many metres will do.
    OtherLocker { within_m: u32 },
    /// Delivery to the door will do.
    Home,
    /// Another locker, but not this one.
    OtherLockerBut { within_m: u32, never: &'static str },
}

const fn person(id: &'static str, language: &'static str, app: bool, wishes: Wishes) -> Person {
    Person { id, language, app, wishes }
}

/// Those who wait for parcels.
pub const CUSTOMERS: [Person; 8] = [
    person("anna", "german", true, Wishes::OtherLocker { within_m: 3_000 }),
    person("ben", "english", true, Wishes::OtherLocker { within_m: 5_000 }),
    person("clara", "german", false, Wishes::Unsaid),
    person("david", "english", false, Wishes::Unsaid),
    person("emil", "german", true, Wishes::Home),
    person("fiona", "english", true, Wishes::OtherLockerBut { within_m: 4_000, never: "mz-02" }),
    person("greta", "german", true, Wishes::OtherLocker { within_m: 1_500 }),
    person("henry", "english", true, Wishes::Home),
];

/// Those who bring parcels.
pub const DRIVERS: [Person; 3] = [
    person("driver-ilse", "german", true, Wishes::Unsaid),
    person("driver-jonas", "german", true, Wishes::Unsaid),
    person("driver-kim", "english", true, Wishes::Unsaid),
];

impl Person {
    /// Where the person reads mail.
    pub fn email(&self) -> String {
        format!("{}@example.com", self.id)
    }

    /// What the person's app is reached by, where there is one.
    pub fn push_token(&self) -> Option<String> {
        self.app.then(|| format!("app-of-{}", self.id))
    }

    /// The body of `POST /people`.
    pub fn registration(&self) -> Value {
        // They never sleep: stories are played at any hour.
        let quiet_hours = json!({"from": "00:00", "until": "00:00"});
        let mut body = json!({
            "person_id": self.id, "language": self.language, "email": self.email(), "quiet_hours": quiet_hours,
        });
        if let Some(token) = self.push_token() {
            body["push_token"] = token.into();
        }
        let preferences = match self.wishes {
            Wishes::Unsaid => None,
            Wishes::OtherLocker { within_m } => Some((Some(within_m), false, vec![])),
            Wishes::Home => Some((None, true, vec![])),
            Wishes::OtherLockerBut { within_m, never } => Some((Some(within_m), false, vec![never])),
        };
        if let Some((within_m, home, never)) = preferences {
            body["preferences"] = json!({"other_locker_within_m": within_m, "home": home, "never": never});
        }
        body
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_locker_has_24_to_60_compartments_of_every_size() {
        for site in SITES {
            let body = site.registration();
            let compartments = body["compartments"].as_array().unwrap();
            assert!((24..=60).contains(&compartments.len()), "{}", site.name);
            let sizes: BTreeSet<_> = compartments.iter().map(|it| it["size"].as_str().unwrap()).collect();
            assert_eq!(sizes, BTreeSet::from(["XS", "S", "M", "L", "XL"]), "{}", site.name);
        }
    }

    #[test]
    fn every_id_is_used_once_and_every_locker_is_in_mainz() {
        let ids: BTreeSet<_> = SITES.iter().map(|site| site.id).collect();
        assert_eq!(ids.len(), SITES.len());
        for site in SITES {
            assert!((49_900_000..=50_040_000).contains(&site.latitude_e6), "{}", site.name);
            assert!((8_140_000..=8_340_000).contains(&site.longitude_e6), "{}", site.name);
        }
    }
}
