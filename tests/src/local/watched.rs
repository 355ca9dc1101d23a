//! A stream that somebody watches at every edge.

use super::{Cluster, Pace, Publisher, Viewer};

/// A publisher at the first edge and a viewer at each.
#[derive(Debug)]
pub struct Watched {
    publisher: Publisher,
    viewers: Vec<Viewer>,
}

impl Watched {
    /// Publishes it and begins to watch.
    pub async fn start(cluster: &Cluster, name: &str) -> Self {
        let publisher = Publisher::start(&cluster.edges[0], name, Pace::default()).await;
        let mut viewers = Vec::new();
        for edge in &cluster.edges {
            viewers.push(Viewer::start(edge, name).await);
        }
        Self { publisher, viewers }
    }

    /// Waits until all viewers have what was sent so far, and some more.
    pub async fn goes_on(&self) {
        let sent = self.publisher.sent();
        for viewer in &self.viewers {
            viewer.until(sent + 10).await;
        }
    }

    /// Panics unless each viewer is connected and was shown all since it came.
    pub async fn assert_whole(self) {
        self.publisher.stop().await;
        for viewer in self.viewers {
            let seen = viewer.stop().await;
            assert!(seen.connected && seen.statuses.is_empty(), "{:?}", seen.statuses);
            seen.shown.assert_whole();
        }
    }
}
