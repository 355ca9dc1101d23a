//! What an operator shows over HTTP.

use livecluster_node::http::Pages;
use livecluster_node::metrics::{Description, Metrics};
use prometheus::IntGauge;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::controller;
use crate::lease::Leadership;

/// The pages of an operator. It is ready from the start, leader or not, and never asks the API for that.
#[derive(Debug)]
pub(super) struct OperatorPages {
    name: String,
    leadership: Leadership,
    registry: Metrics,
    leader: IntGauge,
}

impl OperatorPages {
    pub fn new(name: String, leadership: Leadership) -> Self {
        let registry = Metrics::new(ROLE);
        let leader = leader(&registry);
        Self { name, leadership, registry, leader }
    }

    /// Where all figures are.
    pub fn registry(&self) -> &Metrics {
        &self.registry
    }

    fn leads(&self) -> bool {
        self.leadership.may_act(Instant::now().into_std())
    }
}

/// What the metrics of an operator are.
pub fn metrics() -> Vec<Description> {
    let registry = Metrics::new(ROLE);
    leader(&registry);
    controller::describe(&registry);
    registry.descriptions()
}

fn leader(registry: &Metrics) -> IntGauge {
    registry.gauge("operator_leader", "1: this operator leads; 0: it stands by.")
}

const ROLE: &str = "operator";

impl Pages for OperatorPages {
    fn metrics(&self) -> String {
        self.leader.set(self.leads().into());
        self.registry.render()
    }

    fn unready(&self) -> Option<String> {
        None
    }

    fn status(&self) -> Value {
        json!({"name": self.name, "pid": std::process::id(), "leads": self.leads()})
    }
}
