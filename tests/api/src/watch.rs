//! The lines of a watch.

use std::collections::VecDeque;
use std::convert::Infallible;

use futures::{Stream, stream};
use serde_json::{Value, json};
use tokio::sync::watch::Receiver;

use crate::Server;
use crate::request::{Target, Watch};

/// One JSON object a line, without end.
pub(crate) fn events(server: Server, target: Target, wish: Watch) -> impl Stream<Item = Result<String, Infallible>> {
    let changes = server.shared.changes.subscribe();
    let mut watcher = Watcher { since: wish.since, server, target, changes, lines: VecDeque::new() };
    if wish.initial {
        watcher.tell_what_there_is();
    }
    stream::unfold(watcher, |mut watcher| async move { Some((Ok(watcher.next().await), watcher)) })
}

struct Watcher {
    server: Server,
    target: Target,
    since: u64,
    changes: Receiver<u64>,
    lines: VecDeque<String>,
}

impl Watcher {
    fn tell_what_there_is(&mut self) {
        let (version, objects) = self.server.objects().initial(&self.target);
        self.lines.extend(objects.iter().map(|object| line("ADDED", object)));
        let end = json!({"metadata": {
            "resourceVersion": version.to_string(), "annotations": {"k8s.io/initial-events-end": "true"},
        }});
        self.lines.push_back(line("BOOKMARK", &end));
        self.since = version;
    }

    async fn next(&mut self) -> String {
        loop {
            if let Some(line) = self.lines.pop_front() {
                return line;
            }
            self.changes.mark_unchanged();
            let news = self.server.objects().since(&self.target, self.since);
            if news.is_empty() {
                // The server outlives its watches: they hold it.
                let _ = self.changes.changed().await;
            }
            self.since = news.last().map_or(self.since, |change| change.version);
            self.lines.extend(news.iter().map(|change| line(change.kind, &change.object)));
        }
    }
}

fn line(kind: &str, object: &Value) -> String {
    // Bookmarks have to say what they are of.
    let mut object = object.clone();
    if object["kind"].is_null() {
        object["kind"] = json!("ConfigMap");
        object["apiVersion"] = json!("v1");
    }
    format!("{}\n", json!({"type": kind, "object": object}))
}
