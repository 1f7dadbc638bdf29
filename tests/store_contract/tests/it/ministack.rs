//! MiniStack, the stand-in the network runs on locally, in the version that `local` pins.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::process::{Server, free_port, run, target};
use crate::tables::{self, root};

const PYTHON: &str = "install Python 3.10 or newer as python3, with its venv module, to run MiniStack";
const PIP: &str = "let pip reach PyPI once, to fetch MiniStack (PIP_INDEX_URL names a mirror, HTTPS_PROXY a proxy)";

/// Makes its environment where that is missing, starts it and makes the tables.
pub fn start() -> Server {
    let python = python();
    let (port, broker_port) = (free_port(), free_port());
    let folder = target().join("store-contract-ministack");
    fs::create_dir_all(&folder).unwrap();
    let mut command = Command::new(python);
    command
        .args(["-m", "ministack"])
        .env("TMPDIR", &folder)
        .env("PYTHONUNBUFFERED", "1")
        .env("MINISTACK_REGION", "eu-central-1")
        .env("MINISTACK_HOST", "127.0.0.1")
        .env("BIND_HOST", "127.0.0.1")
        .env("GATEWAY_PORT", port.to_string())
        .env("IOT_MTLS_PORT", broker_port.to_string())
        .env("SFTP_ENABLED", "0");
    let server = Server::start("ministack", port, &command);
    tables::make_in(&server);
    server
}

/// The Python that has it: the one `cargo run` has made for itself, or one of the same pins.
fn python() -> PathBuf {
    let pins = root().join("local/requirements.txt");
    let pinned = fs::read_to_string(&pins).unwrap();
    let is_current = |folder: &PathBuf| {
        let installed = fs::read_to_string(folder.join("installed-requirements.txt"));
        folder.join("bin/python").exists() && installed.is_ok_and(|installed| installed == pinned)
    };
    let own = target().join("store-contract-python");
    if let Some(folder) = [target().join("ministack"), own.clone()].iter().find(|folder| is_current(folder)) {
        return folder.join("bin/python");
    }
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&own), PYTHON);
    let python = own.join("bin/python");
    let install = ["-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--requirement"];
    run(Command::new(&python).args(install).arg(&pins), PIP);
    fs::write(own.join("installed-requirements.txt"), pinned).unwrap();
    python
}
