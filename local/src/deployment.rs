//! Deploys template.yaml itself, as `sam deploy` would: code to a bucket, the template as it is but for where
//! the code is.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use serde_json::json;

use crate::aws::Aws;
use crate::functions::Package;
use crate::progress::Step;
use crate::signing::{Credentials, REGION};
use crate::xml;

/// What the stack is called, and what the names of its resources begin with.
pub const STACK: &str = "locker-care";
const BUCKET: &str = "locker-care-code";
const CLOUDFORMATION: (&str, &str) = ("cloudformation", "2010-05-15");
const IAM: (&str, &str) = ("iam", "2010-05-08");
/// The name of the attribute after which DynamoDB removes an item.
const EXPIRY: &str = "expires_at";

/// What the template says about the deployed stack.
#[derive(Debug, Clone)]
pub struct Outputs(BTreeMap<String, String>);

impl Outputs {
    /// One output of the template by its name.
    pub fn get(&self, name: &str) -> Result<&str> {
        self.0.get(name).map(String::as_str).ok_or_else(|| anyhow!("template.yaml has no output {name}"))
    }
}

/// Uploads the code and the template, creates the stack and waits for it.
pub async fn deploy(
    aws: &Aws,
    template: &str,
    packages: &[Package],
    parameters: &[(&str, String)],
    step: &Step,
) -> Result<Outputs> {
    let region = format!(
        "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
         <LocationConstraint>{REGION}</LocationConstraint></CreateBucketConfiguration>"
    );
    aws.put(BUCKET, "", region.into_bytes()).await?;
    for package in packages {
        step.tell(&format!("uploading {}", package.name));
        let zip = tokio::fs::read(&package.zip).await?;
        aws.put(BUCKET, &format!("{}.zip", package.name), zip).await?;
    }
    let template = place_code(template, packages)?;
    aws.put(BUCKET, "template.yaml", template.into_bytes()).await?;

    step.tell("creating the stack");
    let template_url = format!("{}/{BUCKET}/template.yaml", aws.url());
    let mut fields: Vec<(String, String)> =
        vec![("StackName".into(), STACK.into()), ("TemplateURL".into(), template_url)];
    for (number, capability) in (1..).zip(["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]) {
        fields.push((format!("Capabilities.member.{number}"), capability.into()));
    }
    for (number, (key, value)) in (1..).zip(parameters) {
        fields.push((format!("Parameters.member.{number}.ParameterKey"), (*key).into()));
        fields.push((format!("Parameters.member.{number}.ParameterValue"), value.clone()));
    }
    let fields: Vec<(&str, &str)> = fields.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    let (service, version) = CLOUDFORMATION;
    aws.query(service, version, "CreateStack", &fields).await?;
    let outputs = wait_for_stack(aws).await?;
    expire_items(aws, &outputs).await?;
    Ok(outputs)
}

async fn wait_for_stack(aws: &Aws) -> Result<Outputs> {
    let (service, version) = CLOUDFORMATION;
    loop {
        let document = aws.query(service, version, "DescribeStacks", &[("StackName", STACK)]).await?;
        match xml::text(&document, "StackStatus").as_deref() {
            Some("CREATE_COMPLETE") => {
                let keys = xml::texts(&document, "OutputKey");
                return Ok(Outputs(keys.into_iter().zip(xml::texts(&document, "OutputValue")).collect()));
            }
            Some("CREATE_IN_PROGRESS") => tokio::time::sleep(Duration::from_millis(100)).await,
            status => {
                let events = aws.query(service, version, "DescribeStackEvents", &[("StackName", STACK)]).await?;
                bail!("template.yaml cannot be deployed ({}):\n{}", status.unwrap_or("no status"), reasons(&events));
            }
        }
    }
}

/// The failed resources and why, the first one first.
fn reasons(events: &str) -> String {
    let mut reasons: Vec<String> = xml::blocks(events, "member")
        .into_iter()
        .filter(|event| xml::text(event, "ResourceStatus").is_some_and(|status| status.ends_with("FAILED")))
        .map(|event| {
            let text = |element| xml::text(event, element).unwrap_or_default();
            format!("  {}: {}", text("LogicalResourceId"), text("ResourceStatusReason"))
        })
        .collect();
    reasons.reverse();
    reasons.join("\n")
}

/// MiniStack 1.5.33 ignores the template's own `TimeToLiveSpecification`.
async fn expire_items(aws: &Aws, outputs: &Outputs) -> Result<()> {
    for table in ["NetworkTable", "OrdersTable", "CasesTable"] {
        let body = json!({
            "TableName": outputs.get(table)?,
            "TimeToLiveSpecification": {"AttributeName": EXPIRY, "Enabled": true},
        });
        aws.json("dynamodb", "DynamoDB_20120810.UpdateTimeToLive", &body).await?;
    }
    Ok(())
}

/// Makes the IAM user an order system would be given, allowed what the template's policy allows.
pub async fn admit_order_system(aws: &Aws, outputs: &Outputs) -> Result<Credentials> {
    const USER: &str = "order-system";
    let (service, version) = IAM;
    aws.query(service, version, "CreateUser", &[("UserName", USER)]).await?;
    let policy = [("UserName", USER), ("PolicyArn", outputs.get("OrderSystemPolicyArn")?)];
    aws.query(service, version, "AttachUserPolicy", &policy).await?;
    let document = aws.query(service, version, "CreateAccessKey", &[("UserName", USER)]).await?;
    let text = |element: &str| xml::text(&document, element).with_context(|| format!("no {element} for {USER}"));
    Ok(Credentials { access_key: text("AccessKeyId")?, secret: text("SecretAccessKey")? })
}

/// The platform application push endpoints belong to. Its credential is never used: nothing leaves this machine.
pub async fn create_push_platform(aws: &Aws) -> Result<String> {
    let fields = [
        ("Name", STACK),
        ("Platform", "GCM"),
        ("Attributes.entry.1.key", "PlatformCredential"),
        ("Attributes.entry.1.value", "none"),
    ];
    let document = aws.query("sns", "2010-03-31", "CreatePlatformApplication", &fields).await?;
    xml::text(&document, "PlatformApplicationArn").context("SNS names no platform application")
}

/// Writes for every function where its code is; everything else stays as it is, to the letter.
fn place_code(template: &str, packages: &[Package]) -> Result<String> {
    let mut missing: BTreeMap<String, &str> =
        packages.iter().map(|package| (package.logical_id(), package.name.as_str())).collect();
    let (mut section, mut resource) = ("", "");
    let mut placed = String::with_capacity(template.len());
    for line in template.split_inclusive('\n') {
        let indent = line.len() - line.trim_start_matches(' ').len();
        if let (0 | 2, Some((name, _))) = (indent, line.trim_start().split_once(':'))
            && !name.starts_with(['#', '-'])
        {
            if indent == 0 { (section, resource) = (name, "") } else { resource = name }
        }
        match line.split_once("CodeUri:") {
            Some((before, _)) if section == "Resources" && before.trim().is_empty() => {
                let name = missing.remove(resource).ok_or_else(|| {
                    anyhow!("template.yaml has {resource}, but functions/src/bin has no binary of that name")
                })?;
                placed.push_str(&format!("{before}CodeUri: s3://{BUCKET}/{name}.zip\n"));
            }
            Some((before, _)) if !before.contains('#') => {
                bail!("template.yaml names code outside a function: {}", line.trim())
            }
            _ => placed.push_str(line),
        }
    }
    if !missing.is_empty() {
        let missing: Vec<String> = missing.into_keys().collect();
        bail!("template.yaml has no CodeUri for {}", missing.join(", "));
    }
    Ok(placed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = "\
# CodeUri: in a comment
Resources:
  NetworkTable:
    Type: AWS::DynamoDB::Table
  FaultIntakeFunction:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: target/lambda/fault_intake/ # built by the Makefile
      Timeout: 10
Outputs:
  Nothing: {Value: none}
";

    fn package(name: &str) -> Package {
        Package { name: name.to_owned(), zip: "unused".into(), size_bytes: 0 }
    }

    #[test]
    fn only_the_place_of_the_code_changes() {
        let placed = place_code(TEMPLATE, &[package("fault_intake")]).unwrap();
        let expected = TEMPLATE.replace(
            "CodeUri: target/lambda/fault_intake/ # built by the Makefile",
            "CodeUri: s3://locker-care-code/fault_intake.zip",
        );
        assert_eq!(placed, expected);
    }

    #[test]
    fn a_function_without_a_binary_and_a_binary_without_a_function_are_both_named() {
        let error = place_code(TEMPLATE, &[]).unwrap_err();
        assert!(error.to_string().contains("FaultIntakeFunction"), "{error}");
        let error = place_code(TEMPLATE, &[package("fault_intake"), package("sweeps")]).unwrap_err();
        assert!(error.to_string().contains("SweepsFunction"), "{error}");
    }
}
