//! The configuration of a function, read once when it starts.

use std::collections::HashMap;
use std::fmt::Display;
use std::str::FromStr;

/// A setting that the template should have given and did not, or gave in a form that cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEnvironment {
    #[error("the environment variable {0} is missing: see the function's Environment in template.yaml")]
    Missing(&'static str),
    #[error("the environment variable {name} has an unusable value: {problem}")]
    Unusable { name: &'static str, problem: String },
}

/// The environment variables of the process, as they were at the start.
#[derive(Debug, Clone)]
pub struct Environment(HashMap<String, String>);

impl Environment {
    /// What the process was started with.
    pub fn of_process() -> Self {
        Self(std::env::vars().collect())
    }

    /// A made-up environment, for tests.
    pub fn of(variables: &[(&str, &str)]) -> Self {
        Self(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    /// A variable that may be left out; one that is set to nothing counts as left out.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A variable that has to be there.
    ///
    /// # Errors
    /// [`InvalidEnvironment::Missing`]: the function must not start without it.
    pub fn require(&self, name: &'static str) -> Result<&str, InvalidEnvironment> {
        self.get(name).ok_or(InvalidEnvironment::Missing(name))
    }

    /// A variable that has to be there and to mean something.
    ///
    /// # Errors
    /// Both kinds of [`InvalidEnvironment`].
    pub fn require_parsed<T: FromStr<Err: Display>>(&self, name: &'static str) -> Result<T, InvalidEnvironment> {
        let text = self.require(name)?;
        text.parse().map_err(|problem| InvalidEnvironment::Unusable { name, problem: format!("'{text}': {problem}") })
    }

    /// A variable that has to be there and to be a whole number.
    ///
    /// # Errors
    /// Both kinds of [`InvalidEnvironment`].
    pub fn require_number(&self, name: &'static str) -> Result<i64, InvalidEnvironment> {
        let text = self.require(name)?;
        text.parse()
            .map_err(|_| InvalidEnvironment::Unusable { name, problem: format!("'{text}' is not a whole number") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_setting_stops_the_start_and_says_which() {
        let environment = Environment::of(&[("ORDERS_TABLE", "")]);
        let missing = environment.require("ORDERS_TABLE").unwrap_err();
        assert!(missing.to_string().contains("ORDERS_TABLE is missing"));
        let environment = Environment::of(&[("PRESENCE_GRACE_SECONDS", "soon")]);
        assert!(environment.require_number("PRESENCE_GRACE_SECONDS").unwrap_err().to_string().contains("'soon'"));
        let environment = Environment::of(&[("SUPPORT_HOURS", "texas Mon-Fri 08:00-18:00")]);
        let invalid = environment.require_parsed::<domain::calendar::Calendar>("SUPPORT_HOURS").unwrap_err();
        assert!(invalid.to_string().contains("SUPPORT_HOURS") && invalid.to_string().contains("'texas"), "{invalid}");
    }
}
