//! Tests of the commands on a cluster in a fixed state: what is printed is what docs/kubectl.md shows.

mod answers;
mod checks;
mod state;

use clap::Parser;
use livecluster_test_api::Server;

use super::{Answer, Failed, Kubernetes, Output, Plugin};

/// What a command prints, as a person with all rights gets it.
async fn print(at: &Kubernetes, line: &str) -> Result<Answer, Failed> {
    let words = line.strip_prefix("kubectl livecluster").expect("a command of the plugin");
    let words = ["kubectl-livecluster"].into_iter().chain(words.split_whitespace());
    let Plugin { args } = Plugin::try_parse_from(words).expect("it is understood");
    let output = Output::plain(args.form.output);
    args.command.answer(at, output, state::now()).await
}

/// A command and what it printed.
async fn shown(at: &Kubernetes, line: &str) -> String {
    let text = match print(at, line).await {
        Ok(answer) => answer.text,
        Err(failed) => format!("livecluster: {failed}"),
    };
    text.trim_end().to_owned()
}

#[tokio::test]
async fn document_shows_what_commands_print() {
    let server = Server::default();
    let at = state::media(&server).await;
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/kubectl.md");
    let document = std::fs::read_to_string(path).expect("it is there");

    let mut made = String::new();
    let mut rest = document.as_str();
    let mut samples = 0;
    while let Some((before, after)) = rest.split_once(SAMPLE) {
        let (sample, after) = after.split_once("```").expect("an end");
        let (line, _) = sample.split_once('\n').expect("a line");
        made += &format!("{before}{SAMPLE}{line}\n{}\n```", shown(&at, line).await);
        (rest, samples) = (after, samples + 1);
    }
    made += rest;

    assert!(samples >= 4, "{samples} samples");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        return std::fs::write(path, made).expect("it is written");
    }
    let line = made.lines().zip(document.lines()).position(|(now, then)| now != then);
    assert!(made == document, "docs/kubectl.md differs, first in line {line:?}; if that is meant: {UPDATE}");
}

#[tokio::test]
async fn answers_for_programs_hold_what_tables_show() {
    let server = Server::default();
    let at = state::media(&server).await;
    for command in ["status", "where live/alice", "doctor"] {
        let json = shown(&at, &format!("kubectl livecluster {command} -o json")).await;
        let yaml = shown(&at, &format!("kubectl livecluster {command} --output yaml")).await;

        let parsed: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        let word = command.split(' ').next().expect("a word");
        assert_eq!(parsed["format"], format!("kubectl_livecluster_{word}/v1"));
        assert_eq!(livecluster_operator::yaml::document(&parsed).expect("YAML").trim_end(), yaml);
    }
}

#[tokio::test]
async fn wide_tables_show_more() {
    let server = Server::default();
    let at = state::media(&server).await;

    let (plain, wide) =
        (shown(&at, "kubectl livecluster status").await, shown(&at, "kubectl livecluster status -o wide").await);

    assert!(!plain.contains("10.0.1.7:1936") && wide.contains("10.0.1.7:1936"), "{wide}");
    assert!(!plain.contains("worker-2") && wide.contains("worker-2"), "{wide}");
}

/// A sample in the document.
const SAMPLE: &str = "```console\n$ ";

const UPDATE: &str = "UPDATE_GOLDEN=1 cargo test --package livecluster document_shows";
