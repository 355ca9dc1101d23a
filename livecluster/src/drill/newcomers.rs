//! Encoders that come while a fault goes on, each with a stream that nobody has heard of yet.

use std::time::Duration;

use anyhow::{Context, bail};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::bench::connection::Lost;
use crate::bench::publish::Publisher;

/// Encoders that publish for a while. Dropped, they leave.
#[derive(Debug)]
pub struct Newcomers(JoinSet<Result<(), Lost>>);

impl Newcomers {
    /// They connect now.
    pub fn come(publishers: impl Iterator<Item = Publisher>) -> Self {
        let mut tasks = JoinSet::new();
        publishers.for_each(|publisher| drop(tasks.spawn(async move { publisher.publish().await })));
        Self(tasks)
    }

    /// Waits until each of them was let in, has sent all it had, and left.
    pub async fn until_served(self) -> anyhow::Result<()> {
        let served = timeout(LIMIT, self.serve()).await;
        served.with_context(|| format!("new encoders were not served within {LIMIT:?}"))?
    }

    async fn serve(mut self) -> anyhow::Result<()> {
        while let Some(served) = self.0.join_next().await {
            if let Err(lost) = served? {
                bail!("a new encoder: {lost}");
            }
        }
        Ok(())
    }
}

/// How long that may take, a second of media included.
const LIMIT: Duration = Duration::from_secs(30);

/// How long they publish.
pub const STAY: Duration = Duration::from_secs(1);
