//! What queries in Prometheus' language ask for: as much of that language as the project's own queries use.

use std::collections::BTreeSet;

use serde_json::Value;

/// A metric that a query asks for, by these labels.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Asked {
    /// Its name.
    pub name: String,
    /// Those in braces after it.
    pub labels: Vec<String>,
}

/// The series that a query asks for: names of the project's metrics, and `up`.
pub fn series(query: &str) -> BTreeSet<Asked> {
    let words = words(query);
    let asked = words.iter().filter(|(word, _)| *word == "up" || word.starts_with("livecluster_"));
    let asked = asked.map(|(name, rest)| Asked { name: (*name).to_owned(), labels: matched(rest) });
    asked.collect()
}

/// The labels by which a query groups or joins.
pub fn grouped(query: &str) -> BTreeSet<String> {
    let lists = words(query).into_iter().filter(|(word, _)| GROUPING.contains(word)).map(|(_, rest)| rest);
    let lists = lists.filter_map(|rest| Some(rest.trim_start().strip_prefix('(')?.split_once(')')?.0));
    lists
        .flat_map(|list| list.split(','))
        .map(|label| label.trim().to_owned())
        .filter(|label| !label.is_empty())
        .collect()
}

/// The queries of all panels of a dashboard.
pub fn expressions(dashboard: &Value) -> Vec<String> {
    let panels = dashboard["panels"].as_array().into_iter().flatten();
    let targets = panels.flat_map(|panel| panel["targets"].as_array().into_iter().flatten());
    targets.filter_map(|target| Some(target["expr"].as_str()?.to_owned())).collect()
}

/// The labels in the braces that a text begins with.
fn matched(rest: &str) -> Vec<String> {
    let Some((inside, _)) = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')) else {
        return Vec::new();
    };
    let unquoted: String = inside.split('"').step_by(2).collect();
    let labels = unquoted.split(',').map(|matcher| matcher.trim_end_matches(['=', '!', '~']).trim().to_owned());
    labels.filter(|label| !label.is_empty()).collect()
}

/// Each word that is not in quotes, and what follows it.
fn words(query: &str) -> Vec<(&str, &str)> {
    let is_of_word = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | ':');
    let mut words = Vec::new();
    let (mut rest, mut quoted) = (query, false);
    while let Some(first) = rest.chars().next() {
        let len = rest.find(|letter| !is_of_word(letter)).unwrap_or(rest.len()).max(first.len_utf8());
        let (word, after) = rest.split_at(len);
        match first {
            '"' => quoted = !quoted,
            _ if !quoted && is_of_word(first) => words.push((word, after)),
            _ => {}
        }
        rest = after;
    }
    words
}

/// Words that a list of labels follows.
const GROUPING: [&str; 6] = ["by", "without", "on", "ignoring", "group_left", "group_right"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_and_groups_are_found_in_a_query() {
        let query = r#"sum by (pod, le) (rate(livecluster_a_bucket{role="livecluster_x,", pod=~"$pod"}[5m]))
            / on (namespace) group_left () livecluster_b > 0.5 unless up{component!="edge"}"#;

        let asked = |name: &str, labels: &[&str]| Asked {
            name: name.to_owned(),
            labels: labels.iter().map(|label| (*label).to_owned()).collect(),
        };
        let expected =
            [asked("livecluster_a_bucket", &["role", "pod"]), asked("livecluster_b", &[]), asked("up", &["component"])];
        assert_eq!(series(query), expected.into());
        assert_eq!(grouped(query), ["le", "namespace", "pod"].map(str::to_owned).into());
    }
}
