//! The linters of AWS find nothing in template.yaml.
//!
//! They are Python programs, in an environment of their own under target/lint. It is made when missing, or when
//! requirements.txt has changed; after that no network is needed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use crate::template::{read, root};

/// What CloudFormation takes from a bucket.
const TEMPLATE_BYTES_MAX: usize = 1_000_000;

/// The folder with the linters' programs.
fn linters() -> &'static Path {
    static READY: OnceLock<PathBuf> = OnceLock::new();
    READY.get_or_init(|| {
        let home = root().join("target/lint");
        let wanted = read("tests/template/requirements.txt");
        let installed = home.join("installed.txt");
        if fs::read_to_string(&installed).is_ok_and(|it| it == wanted) {
            return home.join("bin");
        }
        eprintln!("installing {} into {}, once, about a minute", wanted.trim().replace('\n', " and "), home.display());
        fs::create_dir_all(&home).unwrap();
        run(Command::new("python3").args(["-m", "venv"]).arg(&home));
        let requirements = root().join("tests/template/requirements.txt");
        run(Command::new(home.join("bin/pip"))
            .args(["install", "--quiet", "--disable-pip-version-check", "--requirement"])
            .arg(requirements));
        fs::write(installed, wanted).unwrap();
        home.join("bin")
    })
}

fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?} says\n{said}{complained}");
    output
}

/// Runs a linter on the template. It needs a region to think of, and asks no one.
fn lint(program: &str, arguments: &[&str]) {
    let home = linters();
    run(Command::new(home.join(program))
        .args(arguments)
        .current_dir(root())
        .env("AWS_DEFAULT_REGION", "eu-central-1")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("SAM_CLI_TELEMETRY", "0")
        .env("HOME", home.parent().unwrap()));
}

#[test]
fn cfn_lint_finds_nothing() {
    lint("cfn-lint", &["template.yaml"]);
}

#[test]
fn sam_validate_finds_nothing() {
    lint("sam", &["validate"]);
}

#[test]
fn sam_validate_with_its_linter_finds_nothing() {
    lint("sam", &["validate", "--lint"]);
}

#[test]
fn the_template_is_small_enough_to_deploy() {
    assert!(read("template.yaml").len() < TEMPLATE_BYTES_MAX);
}
