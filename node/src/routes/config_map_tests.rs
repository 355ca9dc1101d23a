//! Tests of the route document in a ConfigMap, on an API server in memory.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use kube::api::{DeleteParams, ObjectMeta, PostParams};
use livecluster_mrtmp::route::File;
use livecluster_test_api::{Line, Server, State};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::*;
use crate::routes::{Figures, Lag};

fn document(generation: u64) -> String {
    format!(
        r#"{{"version": 1, "cluster": "c", "generation": {generation}, "placement": "rendezvous-1",
            "origins": [{{"name": "o-0", "address": "127.0.0.1:1", "state": "active"}}], "streams": {{}}}}"#
    )
}

/// Whoever writes the document.
struct Writer(Api<ConfigMap>);

impl Writer {
    fn new(server: &Server) -> Self {
        Self(Api::default_namespaced(server.connect("ns").0))
    }

    async fn write(&self, text: &str) {
        let metadata = ObjectMeta { name: Some(NAME.to_owned()), ..ObjectMeta::default() };
        let data = Some(BTreeMap::from([(KEY.to_owned(), text.to_owned())]));
        let object = ConfigMap { metadata, data, ..ConfigMap::default() };
        let params = PostParams::default();
        let done = match self.0.get_opt(NAME).await.expect("an answer") {
            None => self.0.create(&params, &object).await,
            Some(_) => self.0.replace(NAME, &params, &object).await,
        };
        done.expect("written");
    }

    async fn delete(&self) {
        self.0.delete(NAME, &DeleteParams::default()).await.expect("deleted");
    }
}

/// A reader that runs.
struct Running {
    line: Line,
    lag: Lag,
    figures: Figures,
    current: watch::Receiver<Option<Arc<File>>>,
    task: JoinHandle<()>,
}

impl Running {
    fn start(server: &Server) -> Self {
        Self::start_with(server, None, None, State::Up)
    }

    fn start_with(server: &Server, cache: Option<&Path>, fallback: Option<&Path>, state: State) -> Self {
        let (client, line) = server.connect("ns");
        line.set(state);
        let args = Args {
            routes: format!("configmap:{NAME}").parse().expect("a source"),
            routes_cache: cache.map(Into::into),
            routes_fallback: fallback.map(Into::into),
        };
        let reader = ConfigMapReader::new(client, NAME, &args, "c");
        let (lag, figures, current) =
            (reader.current().lag(), reader.current().figures(), reader.current().subscribe());
        Self { line, lag, figures, current, task: tokio::spawn(reader.run()) }
    }

    /// How long it takes until this generation is in force.
    async fn until(&mut self, generation: u64) -> Duration {
        let begin = time::Instant::now();
        let reached = self.current.wait_for(|file| of(file) == Some(generation));
        time::timeout(Duration::from_secs(3600), reached).await.expect("in force").expect("it runs");
        begin.elapsed()
    }

    fn in_force(&self) -> Option<u64> {
        of(&self.current.borrow())
    }

    /// Until the page of metrics has this line.
    async fn until_shown(&self, line: &str) {
        let shown = async {
            while !self.figures.render().lines().any(|one| one == line) {
                time::sleep(Duration::from_millis(10)).await;
            }
        };
        let shown = time::timeout(Duration::from_secs(60), shown).await;
        assert!(shown.is_ok(), "{line}\n{}", self.figures.render());
    }

    async fn until_refused(&self, reason: &str) {
        self.until_shown(&format!("livecluster_route_document_refused_total{{reason=\"{reason}\"}} 1")).await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn of(file: &Option<Arc<File>>) -> Option<u64> {
    file.as_ref().map(|file| file.document.generation)
}

fn at_once() -> Duration {
    Duration::from_millis(100)
}

const NAME: &str = "demo-routes";

#[tokio::test(start_paused = true)]
async fn what_is_there_comes_into_force_and_so_does_each_change() {
    for server in [Server::default(), Server::without_streaming_lists()] {
        let writer = Writer::new(&server);
        writer.write(&document(5)).await;
        let mut reader = Running::start(&server);
        assert!(reader.until(5).await < at_once());

        writer.write(&document(6)).await;

        assert!(reader.until(6).await < at_once());
        reader.until_shown("livecluster_route_watch_up 1").await;
    }
}

#[tokio::test(start_paused = true)]
async fn document_that_is_not_written_yet_is_no_fault() {
    let server = Server::default();
    let mut reader = Running::start(&server);
    reader.until_shown("livecluster_route_watch_up 1").await;

    Writer::new(&server).write(&document(5)).await;

    assert!(reader.until(5).await < at_once());
    assert!(!reader.figures.render().contains("reason=\"missing\"} 1"));
}

#[tokio::test(start_paused = true)]
async fn last_good_document_stays_whatever_becomes_of_the_object() {
    let server = Server::default();
    let writer = Writer::new(&server);
    writer.write(&document(5)).await;
    let mut reader = Running::start(&server);
    reader.until(5).await;

    writer.write(&document(4)).await;
    reader.until_refused("older").await;
    writer.write("{").await;
    reader.until_refused("malformed").await;
    writer.write(&document(9).replace(r#""cluster": "c""#, r#""cluster": "d""#)).await;
    reader.until_refused("cluster").await;
    writer.delete().await;
    reader.until_refused("missing").await;
    assert_eq!(reader.in_force(), Some(5));

    writer.write(&document(6)).await;
    assert!(reader.until(6).await < at_once());
}

#[tokio::test(start_paused = true)]
async fn outage_of_the_api_changes_nothing_and_is_shown() {
    let server = Server::default();
    let writer = Writer::new(&server);
    writer.write(&document(5)).await;
    let mut reader = Running::start(&server);
    reader.until(5).await;

    reader.line.set(State::Broken);
    reader.until_shown("livecluster_route_watch_up 0").await;
    writer.write(&document(6)).await;
    time::sleep(Duration::from_secs(20)).await;
    assert_eq!(reader.in_force(), Some(5));
    reader.line.set(State::Up);

    assert!(reader.until(6).await < Duration::from_secs(60));
    reader.until_shown("livecluster_route_watch_up 1").await;
}

#[tokio::test(start_paused = true)]
async fn generation_that_others_have_is_asked_for_when_the_watch_is_silent() {
    let server = Server::default();
    let writer = Writer::new(&server);
    writer.write(&document(5)).await;
    let backup = server.back_up();
    for generation in 6..10 {
        writer.write(&document(generation)).await;
    }
    let mut reader = Running::start(&server);
    reader.until(9).await;
    reader.line.asked();

    // After this the API gives smaller versions than the watch has seen, and the watch waits for larger ones.
    server.restore(backup);
    writer.write(&document(10)).await;
    time::sleep(Duration::from_secs(200)).await;
    assert_eq!(reader.in_force(), Some(9));
    assert_eq!(reader.line.asked(), Vec::<String>::new());
    reader.lag.note(10, now());

    let took = reader.until(10).await;
    assert!(took >= Duration::from_secs(1) && took < Duration::from_millis(1500), "{took:?}");
    reader.until_shown("livecluster_route_lag_seconds 0").await;
    // And the watch is a new one.
    writer.write(&document(11)).await;
    assert!(reader.until(11).await < at_once());
}

#[tokio::test(start_paused = true)]
async fn lag_that_nobody_can_help_is_asked_about_ever_more_rarely_and_shown() {
    let server = Server::default();
    Writer::new(&server).write(&document(5)).await;
    let mut reader = Running::start(&server);
    reader.until(5).await;
    reader.line.asked();

    reader.lag.note(6, now());
    time::sleep(Duration::from_secs(120)).await;

    let gets = reader.line.asked().iter().filter(|asked| asked.starts_with("get ")).count();
    assert!((5..=9).contains(&gets), "{gets}");
    assert_eq!(reader.in_force(), Some(5));
    reader.until_shown("livecluster_route_lag_seconds 120").await;
}

#[tokio::test(start_paused = true)]
async fn start_without_the_api_takes_the_newer_of_cache_and_fallback() {
    for state in [State::Broken, State::Silent] {
        for (cached, mounted) in [(Some(7), Some(6)), (Some(6), Some(7)), (Some(7), None), (None, Some(7))] {
            // A reader that has ended may still be writing into the directory that it had.
            let directory = tempfile::tempdir().unwrap();
            let (cache, fallback) = (directory.path().join("cache.json"), directory.path().join("fallback.json"));
            for (path, generation) in [(&cache, cached), (&fallback, mounted)] {
                generation.into_iter().for_each(|generation| std::fs::write(path, document(generation)).unwrap());
            }
            let server = Server::default();
            let mut reader = Running::start_with(&server, Some(&cache), Some(&fallback), state);

            assert!(reader.until(7).await <= START_LIMIT + at_once(), "{state:?} {cached:?} {mounted:?}");
            Writer::new(&server).write(&document(8)).await;
            reader.line.set(State::Up);
            reader.until(8).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn broken_cache_is_told_and_the_fallback_used() {
    let directory = tempfile::tempdir().unwrap();
    let (cache, fallback) = (directory.path().join("cache.json"), directory.path().join("fallback.json"));
    std::fs::write(&cache, "{").unwrap();
    std::fs::write(&fallback, document(5)).unwrap();

    let mut reader = Running::start_with(&Server::default(), Some(&cache), Some(&fallback), State::Broken);

    reader.until(5).await;
    reader.until_refused("malformed").await;
}

#[tokio::test(start_paused = true)]
async fn document_in_force_is_kept_for_the_next_start() {
    let directory = tempfile::tempdir().unwrap();
    let cache = directory.path().join("cache.json");
    let server = Server::default();
    let writer = Writer::new(&server);
    writer.write(&document(5)).await;
    let mut first = Running::start_with(&server, Some(&cache), None, State::Up);
    first.until(5).await;
    writer.write(&document(6)).await;
    first.until(6).await;
    writer.write("{").await;
    first.until_refused("malformed").await;
    drop(first);

    let mut second = Running::start_with(&server, Some(&cache), None, State::Silent);

    second.until(6).await;
}

#[tokio::test(start_paused = true)]
async fn document_that_was_deleted_before_a_start_is_the_cached_one() {
    let directory = tempfile::tempdir().unwrap();
    let cache = directory.path().join("cache.json");
    std::fs::write(&cache, document(5)).unwrap();

    let mut reader = Running::start_with(&Server::default(), Some(&cache), None, State::Up);

    assert!(reader.until(5).await < at_once());
}

fn now() -> Instant {
    time::Instant::now().into_std()
}
