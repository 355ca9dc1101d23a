//! Numbers that nobody can guess.

use std::fmt::Write;

/// So many random bytes, in hexadecimal.
pub fn hex<const LEN: usize>() -> anyhow::Result<String> {
    let mut bytes = [0; LEN];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("random numbers: {error}"))?;
    let mut text = String::with_capacity(LEN * 2);
    for byte in bytes {
        write!(text, "{byte:02x}")?;
    }
    Ok(text)
}
