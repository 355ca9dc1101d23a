//! What is counted of route documents.

use std::fmt::Display;

use prometheus::{Gauge, IntCounterVec, IntGauge};
use tokio::time::Instant;

use super::{Lag, Refused, refused};
use crate::metrics::{Description, Metrics};

/// How often a document was refused, whether its source can be watched, and how far behind the others it is.
#[derive(Debug, Clone)]
pub struct Figures {
    metrics: Metrics,
    refused: IntCounterVec,
    lag: (Lag, Gauge),
}

/// Whether the source of the document can be watched. Said when it changes.
#[derive(Debug)]
pub(super) struct Watched {
    gauge: IntGauge,
    is_up: Option<bool>,
}

impl Figures {
    /// Nothing was refused yet, for any reason.
    pub(super) fn new(lag: Lag) -> Self {
        let metrics = Metrics::bare();
        let help = "Route documents that were not taken, by reason: the last good one stayed in force.";
        let refused = metrics.counter_vec("route_document_refused_total", help, &["reason"]);
        refused::REASONS.iter().for_each(|reason| refused.with_label_values(&[reason]).reset());
        let help = "For how long other parts have had a newer route document; 0: none has.";
        let length = metrics.seconds_gauge("route_lag_seconds", help);
        Self { metrics, refused, lag: (lag, length) }
    }

    pub(super) fn count(&self, refused: &Refused) {
        self.refused.with_label_values(&[refused.reason()]).inc();
    }

    /// In Prometheus' text format.
    pub fn render(&self) -> String {
        let (lag, length) = &self.lag;
        length.set(lag.length(Instant::now().into_std()).as_secs_f64());
        self.metrics.render()
    }
}

impl Watched {
    /// Not known yet.
    pub fn of(figures: &Figures) -> Self {
        let help = "1: the source of the route document is watched; 0: it can't be, and the last good one stays.";
        Self { gauge: figures.metrics.gauge("route_watch_up", help), is_up: None }
    }

    /// It tells what changes.
    pub fn set_up(&mut self) {
        if self.set(true) == Some(false) {
            tracing::info!("route document is watched again");
        }
    }

    /// It does not answer.
    pub fn set_down(&mut self, error: &dyn Display) {
        if self.set(false) != Some(false) {
            tracing::warn!(%error, "route document can't be watched, the last good one stays");
        }
    }

    /// What it was before.
    fn set(&mut self, is_up: bool) -> Option<bool> {
        self.gauge.set(is_up.into());
        self.is_up.replace(is_up)
    }
}

/// What is counted of route documents, whatever their source.
pub fn descriptions() -> Vec<Description> {
    let figures = Figures::new(Lag::default());
    Watched::of(&figures);
    figures.metrics.descriptions()
}
