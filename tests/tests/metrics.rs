//! Metrics, what is written of them, and what rules and the dashboard ask of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use livecluster_tests::local::{Cluster, Options, Watched};
use livecluster_tests::metrics::{self, Asked};
use serde_json::Value;

fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

fn read(path: &str) -> String {
    fs::read_to_string(file(path)).expect("it is there")
}

#[test]
fn document_lists_each_metric_that_there_is_and_no_other() {
    let (path, document) = (file("docs/metrics.md"), metrics::document());
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        return fs::write(path, document).expect("it is written");
    }

    let written = read("docs/metrics.md");
    let missing: Vec<_> = document.lines().filter(|line| !written.lines().any(|other| other == *line)).collect();
    assert!(written == document, "docs/metrics.md lacks {missing:#?}, or has too much; its first line makes it anew");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_show_no_metric_that_is_not_listed() {
    let cluster = Cluster::start(Options::default()).await;
    Watched::start(&cluster, "alice").await.goes_on().await;
    let listed = listed();

    for part in cluster.edges.iter().chain(&cluster.origins) {
        let page = part.metrics().await;
        let shown: Vec<_> = page.lines().filter(|line| !line.starts_with('#')).collect();
        assert!(shown.len() > 20, "{shown:?}");
        for asked in shown.into_iter().flat_map(metrics::series) {
            assert_is_listed(&listed, &asked, &[]);
        }
    }
}

#[test]
fn rules_ask_for_what_there_is() {
    let listed = listed();
    let rules = rules();
    assert!(rules.len() > 10, "{rules:?}");

    for rule in rules {
        let query = rule["expr"].as_str().expect("a query");
        assert_asks_for_what_there_is(&listed, query);
        let (by, about) = (metrics::grouped(query), rule["annotations"].to_string());
        for label in about.split("$labels.").skip(1) {
            let label = label.split(|letter: char| !letter.is_ascii_alphanumeric()).next().expect("a label");
            assert!(by.contains(label), "{label} in the annotations of {query}");
        }
    }
}

#[test]
fn each_alert_has_a_runbook_and_each_runbook_an_alert() {
    let alerts = read("docs/alerts.md");
    let written: BTreeSet<_> = alerts.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    let rules = rules();
    let named: BTreeSet<_> = rules.iter().filter_map(|rule| rule["alert"].as_str()).collect();
    assert_eq!(written, named);

    for rule in &rules {
        let annotations = &rule["annotations"];
        let anchor = rule["alert"].as_str().map(str::to_lowercase).expect("a name");
        assert_eq!(annotations["runbook_url"], format!("docs/alerts.md#{anchor}"));
        for said in [&rule["labels"]["severity"], &annotations["summary"], &annotations["description"]] {
            assert!(said.as_str().is_some_and(|said| !said.is_empty()), "{rule}");
        }
    }
}

#[test]
fn runbooks_name_no_metric_that_there_is_not() {
    let (alerts, all) = (read("docs/alerts.md"), metrics::all());
    let words = alerts.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    let named: BTreeSet<_> = words.filter(|word| word.starts_with("livecluster_")).collect();
    assert!(named.len() > 5, "{named:?}");

    for name in named {
        assert!(all.keys().any(|metric| metric.name == name), "there is no metric {name}");
    }
}

#[test]
fn dashboard_asks_for_what_there_is() {
    let listed = listed();
    let dashboard: Value = serde_json::from_str(&read("charts/livecluster/files/dashboard.json")).expect("JSON");

    let variables = dashboard["templating"]["list"].as_array().expect("variables").iter();
    let variables = variables.filter_map(|variable| Some(variable["definition"].as_str()?.to_owned()));
    let queries: Vec<_> = metrics::expressions(&dashboard).into_iter().chain(variables).collect();
    assert!(queries.len() > 20, "{queries:?}");
    for query in queries {
        assert_asks_for_what_there_is(&listed, &query);
    }
}

/// The rules, as JSON.
fn rules() -> Vec<Value> {
    let file: Value = serde_saphyr::from_str(&read("charts/livecluster/files/rules.yaml")).expect("YAML");
    let groups = file["groups"].as_array().expect("groups");
    groups.iter().flat_map(|group| group["rules"].as_array().expect("rules")).cloned().collect()
}

/// The labels of each series.
fn listed() -> BTreeMap<String, BTreeSet<String>> {
    let mut listed = BTreeMap::<_, BTreeSet<_>>::new();
    for metric in metrics::all().into_keys() {
        let suffixes: &[&str] = if metric.kind == "histogram" { &["_bucket", "_sum", "_count"] } else { &[""] };
        for suffix in suffixes {
            let labels = listed.entry(format!("{}{suffix}", metric.name)).or_default();
            labels.extend(metric.labels.iter().cloned());
            labels.extend((*suffix == "_bucket").then(|| "le".to_owned()));
        }
    }
    listed.insert("up".to_owned(), BTreeSet::new());
    listed
}

fn assert_asks_for_what_there_is(listed: &BTreeMap<String, BTreeSet<String>>, query: &str) {
    let asked = metrics::series(query);
    assert!(!asked.is_empty(), "{query}");
    for asked in &asked {
        assert_is_listed(listed, asked, &OF_TARGETS);
    }
    let known: BTreeSet<_> = asked.iter().filter_map(|asked| listed.get(&asked.name)).flatten().collect();
    for label in metrics::grouped(query) {
        assert!(OF_TARGETS.contains(&&*label) || known.contains(&label), "no metric has {label}: {query}");
    }
}

fn assert_is_listed(listed: &BTreeMap<String, BTreeSet<String>>, asked: &Asked, more: &[&str]) {
    let labels = listed.get(&asked.name);
    let labels = labels.unwrap_or_else(|| panic!("there is no metric {}", asked.name));
    for label in &asked.labels {
        assert!(labels.contains(label) || more.contains(&&**label), "{} has no label {label}", asked.name);
    }
}

/// Labels that scraping adds.
const OF_TARGETS: [&str; 4] = ["namespace", "livecluster", "component", "pod"];
