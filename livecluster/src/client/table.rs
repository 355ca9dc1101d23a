//! The status of a cluster as tables.

use serde_json::Value;

/// The origins, then the edges.
pub fn of(status: &Value) -> String {
    let mut lines = columns(rows(status, "origins", ["name", "state", "streams", "pid", "link", "http"]));
    lines.push(String::new());
    lines.extend(columns(rows(status, "edges", ["name", "connections", "pid", "rtmp", "http"])));
    if status["decisions"] == false {
        lines.push("\nDecisions are stopped.".to_owned());
    }
    lines.join("\n")
}

/// The names in capitals, then a row for each part.
fn rows<const N: usize>(status: &Value, role: &str, names: [&str; N]) -> Vec<[String; N]> {
    let parts = status[role].as_array().into_iter().flatten();
    let rows = parts.map(|part| names.map(|name| cell(&part[name])));
    [names.map(str::to_uppercase)].into_iter().chain(rows).collect()
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn columns<const N: usize>(rows: Vec<[String; N]>) -> Vec<String> {
    let width =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(String::len).max().unwrap_or_default();
    let padded = |row: &[String; N]| {
        let cells = row.iter().enumerate().map(|(column, cell)| format!("{cell:<width$}", width = width(column)));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(padded).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let status = json!({
            "decisions": true,
            "origins": [
                {"name": "origin-0", "state": "active", "streams": 12, "pid": 7, "link": "127.0.0.1:1", "http": "127.0.0.1:2"},
                {"name": "origin-1", "state": null, "streams": null, "pid": 8, "link": "127.0.0.1:3", "http": "127.0.0.1:4"},
            ],
            "edges": [{"name": "edge-0", "connections": 5, "pid": 9, "rtmp": "127.0.0.1:5", "http": "127.0.0.1:6"}],
        });

        let expected = "\
NAME      STATE   STREAMS  PID  LINK         HTTP
origin-0  active  12       7    127.0.0.1:1  127.0.0.1:2
origin-1  -       -        8    127.0.0.1:3  127.0.0.1:4

NAME    CONNECTIONS  PID  RTMP         HTTP
edge-0  5            9    127.0.0.1:5  127.0.0.1:6";
        assert_eq!(of(&status), expected);
    }
}
