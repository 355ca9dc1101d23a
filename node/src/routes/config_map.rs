//! The route document in a ConfigMap.

use std::time::Duration;

use futures::stream::BoxStream;
use futures::{StreamExt, stream};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, Client, Config};
use tokio::time;

use super::figures::Watched;
use super::stored::Stored;
use super::{Args, Current, Refused};
use crate::Error;

/// Follows one ConfigMap.
#[derive(Debug)]
pub(super) struct ConfigMapReader {
    api: Api<ConfigMap>,
    name: String,
    current: Current,
    stored: Stored,
    watched: Watched,
    /// Whether a watch may begin with what there is. Older servers have to be asked for that first.
    streams_lists: bool,
    /// Whether the watch has told of the object since it began.
    is_there: bool,
    /// Before the next watch, if it has to be begun anew.
    pause: Duration,
}

/// What a watch tells.
type News = BoxStream<'static, watcher::Result<Event<ConfigMap>>>;

impl ConfigMapReader {
    /// With the rights of the pod that this process runs in.
    pub fn in_pod(name: &str, args: &Args, cluster: &str) -> Result<Self, Error> {
        let mut config = Config::incluster().map_err(|error| Error::Kubernetes(error.to_string()))?;
        config.connect_timeout = Some(REQUEST_LIMIT);
        let client = Client::try_from(config).map_err(|error| Error::Kubernetes(error.to_string()))?;
        Ok(Self::new(client, name, args, cluster))
    }

    /// In the namespace of this client.
    pub fn new(client: Client, name: &str, args: &Args, cluster: &str) -> Self {
        let current = Current::new(cluster);
        Self {
            api: Api::default_namespaced(client),
            name: name.to_owned(),
            stored: Stored::new(args),
            watched: Watched::of(&current.figures()),
            current,
            streams_lists: true,
            is_there: false,
            pause: FIRST_PAUSE,
        }
    }

    pub fn current(&self) -> &Current {
        &self.current
    }

    /// Reads the document whenever it changes. A watch can fall silent, as after the restore of an etcd: so the object is
    /// asked for when other parts show that there is a newer one.
    pub async fn run(mut self) {
        let mut patience = self.current.lag().patience();
        let mut news = self.watch(Duration::ZERO);
        // Whether the API has answered or not: what is in force then decides.
        let _ = time::timeout(START_LIMIT, self.begin(&mut news)).await;
        if self.current.is_first() {
            self.stored.restore(&mut self.current).await;
        }
        loop {
            tokio::select! {
                Some(event) = news.next() => { self.handle(event, &mut news).await; }
                () = patience.over() => self.look(&mut news).await,
            }
        }
    }

    /// Until it is known what there is, or that the API can't be asked.
    async fn begin(&mut self, news: &mut News) {
        while let Some(event) = news.next().await {
            if self.handle(event, news).await == Heard::All {
                return;
            }
        }
    }

    async fn handle(&mut self, event: watcher::Result<Event<ConfigMap>>, news: &mut News) -> Heard {
        match event {
            Ok(Event::Init) => self.is_there = false,
            Ok(Event::InitApply(object) | Event::Apply(object)) => self.take(&object).await,
            Ok(Event::InitDone) => {
                if !self.is_there {
                    self.miss();
                }
                self.watched.set_up();
                self.pause = FIRST_PAUSE;
                return Heard::All;
            }
            Ok(Event::Delete(_)) => self.miss(),
            Err(error) if self.streams_lists && is_unsupported(&error) => {
                self.streams_lists = false;
                *news = self.watch(Duration::ZERO);
            }
            // One that went on where it was would not tell that it is up again.
            Err(error) => {
                self.watched.set_down(&error);
                *news = self.watch(self.pause.mul_f64(chance()));
                self.pause = (self.pause * 2).min(LONGEST_PAUSE);
                return Heard::All;
            }
        }
        Heard::Some
    }

    /// Asks for the object itself: lists and watches may come from a cache that has fallen silent, too.
    async fn look(&mut self, news: &mut News) {
        tracing::info!("other parts have a newer route document: it is asked for");
        match time::timeout(REQUEST_LIMIT, self.api.get_opt(&self.name)).await {
            Ok(Ok(Some(object))) => self.take(&object).await,
            Ok(Ok(None)) => self.miss(),
            Ok(Err(error)) => self.watched.set_down(&error),
            Err(_) => self.watched.set_down(&"no answer"),
        }
        *news = self.watch(Duration::ZERO);
    }

    async fn take(&mut self, object: &ConfigMap) {
        self.is_there = true;
        let place = self.place();
        let Some(text) = object.data.as_ref().and_then(|data| data.get(KEY)) else {
            self.current.refuse(&Refused::Missing { place: format!("{place}, {KEY}") });
            return;
        };
        if self.current.offer(&place, text) {
            self.stored.keep(text).await;
        }
    }

    fn miss(&mut self) {
        // It is not written yet: a role that needs it says so on its page.
        if !self.current.is_first() {
            self.current.refuse(&Refused::Missing { place: self.place() });
        }
    }

    fn place(&self) -> String {
        format!("ConfigMap {}", self.name)
    }

    /// After a pause. Of this one object: the rights of a part reach no further.
    fn watch(&self, pause: Duration) -> News {
        let config = watcher::Config::default().fields(&format!("metadata.name={}", self.name));
        let config = if self.streams_lists { config.streaming_lists() } else { config };
        let news = watcher(self.api.clone(), config);
        stream::once(time::sleep(pause)).flat_map(move |()| stream::empty()).chain(news).boxed()
    }
}

/// What is known after an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heard {
    /// More is to come.
    Some,
    /// What there is, or that the API can't be asked.
    All,
}

/// Whether the server knows no watch that begins with what there is.
fn is_unsupported(error: &watcher::Error) -> bool {
    matches!(error, watcher::Error::WatchStartFailed(kube::Error::Api(status)) if matches!(status.code, 400 | 422))
}

/// From a half to one, so that not all parts come back at the same moment.
fn chance() -> f64 {
    let mut bytes = [u8::MAX];
    // Without random numbers they do.
    let _ = getrandom::fill(&mut bytes);
    let [byte] = bytes;
    0.5 + f64::from(byte) / 510.0
}

/// Under which key the document is.
const KEY: &str = "routes.json";

/// How long the API may take to answer.
const REQUEST_LIMIT: Duration = Duration::from_secs(5);

/// The pauses between watches that fail.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How long a start waits for the API before it takes what is stored.
const START_LIMIT: Duration = Duration::from_secs(1);

#[cfg(test)]
#[path = "config_map_tests.rs"]
mod tests;
