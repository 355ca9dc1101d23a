//! Files that hold what the code gives.

use std::fs;
use std::path::Path;

/// Compares a file with what it should hold, or writes it if UPDATE_GOLDEN=1 says so. `command` is how a person does that.
pub fn check(file: &Path, text: &str, command: &str) {
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        file.parent().map_or(Ok(()), fs::create_dir_all).expect("a directory");
        return fs::write(file, text).expect("it is written");
    }
    let held = fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().zip(held.lines()).position(|(now, then)| now != then);
    assert!(
        held == text,
        "{} differs, first in line {:?}; if that is meant: {command}",
        file.display(),
        line.map(|at| at + 1)
    );
}
