//! Tells what edges have to whoever serves it to autoscalers.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use kube::ResourceExt;
use tokio::time;

use super::clusters::Clusters;
use super::follow::PodsOf;
use crate::metrics_api::{Edge, MetricsApi};

/// Goes on for ever. Edges that can't be asked are left out.
pub(super) async fn tell(scope: Option<String>, clusters: Arc<Clusters>, pods: PodsOf, metrics: Arc<MetricsApi>) {
    loop {
        let edges = edges(&clusters, &pods).await;
        let now = time::Instant::now().into_std();
        metrics.samples().put(scope.as_deref(), edges, now, SystemTime::now());
        time::sleep(PACE).await;
    }
}

async fn edges(clusters: &Clusters, pods: &PodsOf) -> Vec<Edge> {
    let all = pods.all().await;
    let place = |namespace: &str, name: &str| (namespace.to_owned(), name.to_owned());
    let labels = all.iter().map(|pod| (place(&pod.namespace().unwrap_or_default(), &pod.name_any()), pod.labels()));
    let labels: HashMap<_, _> = labels.collect();
    let told = clusters.connections().into_iter();
    let edges = told.filter_map(|(namespace, name, connections)| {
        let labels = (*labels.get(&place(&namespace, &name))?).clone();
        Some(Edge { namespace, name, labels, connections })
    });
    edges.collect()
}

/// Links tell at once what changes; one that falls silent is found out within seconds.
const PACE: Duration = Duration::from_secs(5);
