//! The functions as Lambda takes them: each built, and packed as `bootstrap` in a zip of its own.

use std::fs;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, anyhow, bail};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::process::ProcessGroup;
use crate::progress::Step;
use crate::workspace::Workspace;

/// How many of the compiler's last lines are shown when it fails.
const LINES_SHOWN_MAX: usize = 200;

/// One function, packed.
#[derive(Debug, Clone)]
pub struct Package {
    /// The name of the binary, such as `fault_intake`.
    pub name: String,
    /// Where its zip is.
    pub zip: PathBuf,
    /// The size of the zip.
    pub size_bytes: u64,
}

impl Package {
    /// What template.yaml calls the function: `fault_intake` is `FaultIntakeFunction`.
    pub fn logical_id(&self) -> String {
        logical_id(&self.name)
    }
}

/// The logical id of the function with this binary.
pub fn logical_id(name: &str) -> String {
    let mut id: String = name
        .split('_')
        .flat_map(|word| {
            let mut letters = word.chars();
            letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters)
        })
        .collect();
    id.push_str("Function");
    id
}

/// Builds every function in the release profile and packs those that changed. Tells the step what is compiled.
pub async fn build(workspace: &Workspace, step: &Step) -> Result<Vec<Package>> {
    let names = names(&workspace.root.join("functions/src/bin"))?;
    compile(workspace, step).await?;
    let packing: Vec<_> = names
        .into_iter()
        .map(|name| {
            let binary = workspace.target.join("release").join(&name);
            let zip = workspace.target.join("local/packages").join(format!("{name}.zip"));
            tokio::task::spawn_blocking(move || pack(name, &binary, zip))
        })
        .collect();
    let mut packages = Vec::new();
    for package in packing {
        let package = package.await.context("packing a function was interrupted")??;
        step.tell(&format!("packed {}", package.name));
        packages.push(package);
    }
    Ok(packages)
}

/// The names of the binaries, sorted.
fn names(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.file_stem().and_then(|stem| stem.to_str());
            names.push(name.ok_or_else(|| anyhow!("{} is no name for a function", path.display()))?.to_owned());
        }
    }
    if names.is_empty() {
        bail!("there is no function in {}: each is one file there", folder.display());
    }
    names.sort();
    Ok(names)
}

async fn compile(workspace: &Workspace, step: &Step) -> Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    // What cargo tells this process about its own package would make build scripts run again, and with them
    // everything that depends on those, whenever another package asks for the same build.
    for (name, _) in std::env::vars_os() {
        let told_by_cargo = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_", "CARGO_PRIMARY_"];
        if name.to_str().is_some_and(|name| told_by_cargo.iter().any(|prefix| name.starts_with(prefix))) {
            command.env_remove(name);
        }
    }
    command
        .args(["build", "--release", "--package", "functions", "--bins", "--color", "never"])
        .current_dir(&workspace.root)
        .env("CARGO_TARGET_DIR", &workspace.target)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut cargo = ProcessGroup::spawn(&mut command)?;
    let messages = cargo.take_messages().context("cargo has no messages")?;
    let mut lines = BufReader::new(messages).lines();
    let mut said = Vec::new();
    while let Some(line) = lines.next_line().await? {
        step.tell(line.trim());
        said.push(line);
    }
    if !cargo.wait().await?.success() {
        let shown = said.split_off(said.len().saturating_sub(LINES_SHOWN_MAX)).join("\n");
        bail!("the functions do not build:\n{shown}");
    }
    Ok(())
}

/// Packs one binary, unless its zip is newer.
fn pack(name: String, binary: &Path, zip: PathBuf) -> Result<Package> {
    let built = fs::metadata(binary).with_context(|| format!("{} was not built", binary.display()))?;
    let packed = fs::metadata(&zip).ok();
    let fresh = match &packed {
        Some(packed) => packed.modified()? > built.modified()?,
        None => false,
    };
    if !fresh {
        let bytes = zip_bootstrap(&fs::read(binary)?)?;
        let folder = zip.parent().ok_or_else(|| anyhow!("{} has no folder", zip.display()))?;
        fs::create_dir_all(folder)?;
        // Written beside and renamed, so that an interrupted run leaves no half of a zip.
        let draft = zip.with_extension(format!("zip.{}", std::process::id()));
        fs::write(&draft, bytes).with_context(|| format!("cannot write {}", draft.display()))?;
        fs::rename(&draft, &zip)?;
    }
    let size_bytes = fs::metadata(&zip)?.len();
    Ok(Package { name, zip, size_bytes })
}

/// The same bytes for the same binary, so that an unchanged function is an unchanged function to Lambda too.
fn zip_bootstrap(binary: &[u8]) -> Result<Vec<u8>> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o755);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file("bootstrap", options)?;
    zip.write_all(binary)?;
    Ok(zip.finish()?.into_inner())
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn the_logical_id_is_the_name_in_camel_case() {
        assert_eq!(logical_id("fault_intake"), "FaultIntakeFunction");
        assert_eq!(logical_id("sweeps"), "SweepsFunction");
    }

    #[test]
    fn the_same_binary_is_packed_into_the_same_bytes() {
        let binary: Vec<u8> = (0..100_000_u32).map(|byte| (byte % 251) as u8).collect();
        let first = zip_bootstrap(&binary).unwrap();
        assert_eq!(first, zip_bootstrap(&binary).unwrap());

        let mut archive = zip::ZipArchive::new(Cursor::new(first)).unwrap();
        assert_eq!(archive.len(), 1);
        let mut file = archive.by_name("bootstrap").unwrap();
        assert_eq!(file.unix_mode().map(|mode| mode & 0o777), Some(0o755));
        let mut unpacked = Vec::new();
        file.read_to_end(&mut unpacked).unwrap();
        assert_eq!(unpacked, binary);
    }
}
