//! Where the program under test is.
//!
//! Cargo builds a package's binaries for that package's own tests only. So the first test of a process looks whether the
//! binary beside it is newer than all that it was made of, which Cargo lists in a file; if not, it lets Cargo build it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::SystemTime;

/// The path of `livecluster`, of the profile of these tests.
pub fn livecluster() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(find_or_build).clone()
}

/// The target directory of these tests.
pub fn target() -> PathBuf {
    let profile = profile_directory();
    profile.parent().expect("a target directory").to_owned()
}

fn find_or_build() -> PathBuf {
    let path = profile_directory().join("livecluster");
    if is_fresh(&path) != Some(true) {
        build();
    }
    path
}

/// This program is `target/PROFILE/deps/NAME`.
fn profile_directory() -> PathBuf {
    let program = std::env::current_exe().expect("this program's path");
    let profile = program.parent().and_then(Path::parent);
    profile.expect("a directory of the profile").to_owned()
}

fn is_fresh(binary: &Path) -> Option<bool> {
    let made = modified(binary)?;
    let list = std::fs::read_to_string(binary.with_extension("d")).ok()?;
    let (_, sources) = list.split_once(": ")?;
    let workspace = ["Cargo.toml", "Cargo.lock"].map(|name| workspace().join(name));
    let sources = sources.split_whitespace().map(PathBuf::from);
    let mut all = sources.chain(workspace);
    Some(all.all(|source| modified(&source).is_some_and(|changed| changed <= made)))
}

fn modified(path: &Path) -> Option<SystemTime> {
    path.metadata().ok()?.modified().ok()
}

fn build() {
    let directory = profile_directory();
    let profile = match directory.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(profile) => profile,
    };
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--package", "livecluster"])
        .args(["--profile", profile, "--target-dir"])
        .arg(target())
        .current_dir(workspace())
        .status()
        .expect("cargo runs");
    assert!(status.success(), "livecluster can't be built");
}

fn workspace() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package)
}
