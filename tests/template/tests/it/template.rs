//! Reads the documents these tests compare.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde_json::{Map, Value, json};

/// The folder with template.yaml.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// A file of the repository.
pub fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A YAML file as JSON, with CloudFormation's short forms written out: `!GetAtt A.Arn` is `{"Fn::GetAtt": "A.Arn"}`.
pub fn yaml(path: &str) -> Value {
    long_form(serde_yaml_ng::from_str(&read(path)).unwrap_or_else(|error| panic!("{path}: {error}")))
}

fn long_form(value: serde_yaml_ng::Value) -> Value {
    use serde_yaml_ng::Value as Yaml;
    match value {
        Yaml::Tagged(tagged) => {
            let name = tagged.tag.to_string();
            let name = match name.trim_start_matches('!') {
                name @ ("Ref" | "Condition") => name.to_owned(),
                name => format!("Fn::{name}"),
            };
            json!({ name: long_form(tagged.value) })
        }
        Yaml::Mapping(fields) => Value::Object(
            fields
                .into_iter()
                .map(|(key, value)| {
                    let key = match key {
                        Yaml::String(key) => key,
                        other => panic!("a key that is not a text: {other:?}"),
                    };
                    (key, long_form(value))
                })
                .collect(),
        ),
        Yaml::Sequence(items) => Value::Array(items.into_iter().map(long_form).collect()),
        plain @ (Yaml::Null | Yaml::Bool(_) | Yaml::Number(_) | Yaml::String(_)) => {
            serde_json::to_value(plain).unwrap()
        }
    }
}

/// template.yaml.
pub struct Template(Value);

/// One trigger of a function.
pub struct Trigger {
    pub function: String,
    pub kind: String,
    pub properties: Value,
}

/// One route of the HTTP API.
pub struct Route {
    /// The logical id of the function behind it.
    pub function: String,
    /// Such as `GET /orders/{order_id}`.
    pub key: String,
    /// `JWT`, `AWS_IAM` or `NONE`.
    pub authorization: String,
    pub scopes: Vec<String>,
}

impl Template {
    pub fn read() -> Self {
        Self(yaml("template.yaml"))
    }

    /// The properties of every resource of a type, by logical id.
    pub fn all(&self, kind: &str) -> BTreeMap<&str, &Value> {
        self.resources()
            .iter()
            .filter(|(_, resource)| resource["Type"] == kind)
            .map(|(id, resource)| (id.as_str(), &resource["Properties"]))
            .collect()
    }

    /// The properties of one resource.
    pub fn get(&self, id: &str) -> &Value {
        self.resources().get(id).map(|it| &it["Properties"]).unwrap_or_else(|| panic!("no resource {id}"))
    }

    pub fn functions(&self) -> BTreeMap<&str, &Value> {
        self.all("AWS::Serverless::Function")
    }

    /// A property of a function, its own or that of all.
    pub fn of_function(&self, id: &str, property: &str) -> &Value {
        match &self.get(id)[property] {
            Value::Null => &self.0["Globals"]["Function"][property],
            own => own,
        }
    }

    /// What starts functions by itself, without anyone waiting for an answer.
    pub fn triggers(&self) -> Vec<Trigger> {
        let mut triggers = Vec::new();
        for (function, properties) in self.functions() {
            for event in properties["Events"].as_object().into_iter().flat_map(Map::values) {
                triggers.push(Trigger {
                    function: function.to_owned(),
                    kind: text(&event["Type"]).to_owned(),
                    properties: event["Properties"].clone(),
                });
            }
        }
        assert!(!triggers.is_empty());
        triggers
    }

    pub fn routes(&self) -> Vec<Route> {
        let routes: Vec<Route> = self
            .all("AWS::ApiGatewayV2::Route")
            .into_values()
            .map(|route| {
                let integration = text(&route["Target"]["Fn::Sub"]);
                let integration = integration.trim_start_matches("integrations/${").trim_end_matches('}');
                Route {
                    function: target(&self.get(integration)["IntegrationUri"]).to_owned(),
                    key: text(&route["RouteKey"]).to_owned(),
                    authorization: text(&route["AuthorizationType"]).to_owned(),
                    scopes: texts(&route["AuthorizationScopes"]).into_iter().map(str::to_owned).collect(),
                }
            })
            .collect();
        assert!(!routes.is_empty());
        routes
    }

    /// The statements of a function's own role.
    pub fn statements(&self, function: &str) -> Vec<&Value> {
        let role = self.get(target(&self.get(function)["Role"]));
        let policies = role["Policies"].as_array().unwrap();
        policies.iter().flat_map(|it| statements(&it["PolicyDocument"])).collect()
    }

    fn resources(&self) -> &Map<String, Value> {
        self.0["Resources"].as_object().unwrap()
    }
}

/// The statements of a policy, those under a condition included.
pub fn statements(policy: &Value) -> Vec<&Value> {
    let all = policy["Statement"].as_array().unwrap().iter();
    all.map(|it| it.get("Fn::If").map_or(it, |choice| &choice[1])).collect()
}

/// The logical id that `!Ref X` or `!GetAtt X.Arn` names.
pub fn target(reference: &Value) -> &str {
    match (&reference["Ref"], &reference["Fn::GetAtt"]) {
        (Value::String(id), _) => id,
        (_, Value::String(attribute)) => attribute.split('.').next().unwrap(),
        _ => panic!("not a reference: {reference}"),
    }
}

/// A text.
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value}"))
}

/// A text or a list of texts; nothing is an empty list.
pub fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(items) => items.iter().map(text).collect(),
        one => vec![text(one)],
    }
}

/// `FaultIntakeFunction` is `fault_intake`.
pub fn binary(function: &str) -> String {
    let name = function.strip_suffix("Function").unwrap_or_else(|| panic!("{function} does not end with Function"));
    snake_case(name)
}

/// `FaultIntake` is `fault_intake`.
pub fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}
