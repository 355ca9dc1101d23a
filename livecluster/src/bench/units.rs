//! Quantities on the command line and in a report: with their unit, always.

use std::time::Duration;

/// Reads a bitrate of 10 kb/s to 1 Gb/s, in bits a second: `1500k`, `1.5M`.
pub fn parse_bitrate(text: &str) -> Result<u64, String> {
    let bits = scaled(text, &[("k", 1e3), ("M", 1e6), ("G", 1e9)], "1500k or 1.5M")?;
    if !(10e3..=1e9).contains(&bits) {
        return Err("not in 10k..=1G".to_owned());
    }
    Ok(bits.round() as u64)
}

/// Reads a bitrate of audio, 32 kb/s to 256 kb/s, or 0 for none.
pub fn parse_audio_bitrate(text: &str) -> Result<u64, String> {
    if text == "0" {
        return Ok(0);
    }
    match parse_bitrate(text)? {
        bits @ 32_000..=256_000 => Ok(bits),
        _ => Err("neither 0 nor in 32k..=256k".to_owned()),
    }
}

/// Reads a duration of 100 ms to 24 h: `500ms`, `30s`, `2m`, `1h`.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let units = [("ms", 1e-3), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];
    let seconds = scaled(text, &units, "30s or 2m")?;
    if !(0.1..=86_400.0).contains(&seconds) {
        return Err("not in 100ms..=24h".to_owned());
    }
    Ok(Duration::from_secs_f64(seconds))
}

/// Reads a rate of 0.1 to 100 000 a second: `500/s`.
pub fn parse_rate(text: &str) -> Result<f64, String> {
    let rate = scaled(text.trim_end_matches("/s"), &[("", 1.0)], "500/s")?;
    if !(0.1..=100_000.0).contains(&rate) {
        return Err("not in 0.1/s..=100000/s".to_owned());
    }
    Ok(rate)
}

/// A number of bytes, for people: `5.61 GB`.
pub fn bytes(bytes: u64) -> String {
    let scales = [(1e9, "GB"), (1e6, "MB"), (1e3, "kB")];
    let bytes = bytes as f64;
    match scales.iter().find(|(scale, _)| bytes >= *scale) {
        Some((scale, unit)) => format!("{:.2} {unit}", bytes / scale),
        None => format!("{bytes} B"),
    }
}

/// A number of things, for people: `2 045 000`.
pub fn count(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// Megabits a second, to three places.
pub fn megabits_per_second(bytes: u64, time: Duration) -> f64 {
    if time.is_zero() {
        return 0.0;
    }
    thousandths(bytes as f64 * 8.0 / 1e6 / time.as_secs_f64())
}

/// Seconds, to three places.
pub fn seconds(time: Duration) -> f64 {
    thousandths(time.as_secs_f64())
}

/// Milliseconds, to three places.
pub fn milliseconds(time: Duration) -> f64 {
    thousandths(time.as_secs_f64() * 1e3)
}

fn thousandths(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}

/// A number and one of `units`. The unit is what follows the digits.
fn scaled(text: &str, units: &[(&str, f64)], example: &str) -> Result<f64, String> {
    let end = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.');
    let (number, unit) = text.split_at(end.unwrap_or(text.len()));
    let scale = units.iter().find(|(name, _)| *name == unit);
    match (number.parse::<f64>(), scale) {
        (Ok(number), Some((_, scale))) => Ok(number * scale),
        _ => Err(format!("not a quantity like {example}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bitrates_have_a_unit() {
        assert_eq!(parse_bitrate("1500k"), Ok(1_500_000));
        assert_eq!(parse_bitrate("1.5M"), Ok(1_500_000));
        assert_eq!(parse_audio_bitrate("0"), Ok(0));
        for wrong in ["1500", "fast", "", "k", "1.5.2M", "-1M", "1 M"] {
            let error = parse_bitrate(wrong).unwrap_err();
            assert_eq!(error, "not a quantity like 1500k or 1.5M", "{wrong}");
        }
    }

    #[test]
    fn durations_have_a_unit() {
        assert_eq!(parse_duration("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(parse_duration("2m"), Ok(Duration::from_secs(120)));
        assert_eq!(parse_duration("500ms"), Ok(Duration::from_millis(500)));
        assert!(parse_duration("30").is_err());
    }

    #[test]
    fn rates_may_leave_their_unit_out() {
        assert_eq!(parse_rate("500/s"), Ok(500.0));
        assert_eq!(parse_rate("0.5"), Ok(0.5));
        assert!(parse_rate("5/m").is_err());
    }

    #[test]
    fn quantities_beyond_their_limit_are_refused() {
        assert_eq!(parse_bitrate("2G"), Err("not in 10k..=1G".to_owned()));
        assert_eq!(parse_duration("0s"), Err("not in 100ms..=24h".to_owned()));
        assert_eq!(parse_rate("0"), Err("not in 0.1/s..=100000/s".to_owned()));
        assert!(parse_audio_bitrate("1M").is_err());
    }

    #[test]
    fn people_read_numbers_in_groups() {
        assert_eq!(count(0), "0");
        assert_eq!(count(123_456), "123 456");
        assert_eq!(count(2_045_000), "2 045 000");
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(5_612_000_000), "5.61 GB");
        assert_eq!(megabits_per_second(125_000, Duration::from_secs(2)), 0.5);
    }
}
