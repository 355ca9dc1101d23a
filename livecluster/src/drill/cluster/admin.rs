//! What people do to a running cluster, by its admin interface. Each waits until that is done.

use anyhow::Context;
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

use super::{Cluster, Part};
use crate::client;
use crate::local::Ways;

impl Cluster {
    /// Moves all streams away from an origin.
    pub async fn drain(&self, origin: &Part) -> anyhow::Result<()> {
        self.ask("/drain", json!({"origin": origin.name})).await
    }

    /// Lets an origin take streams again.
    pub async fn undrain(&self, origin: &Part) -> anyhow::Result<()> {
        self.ask("/undrain", json!({"origin": origin.name})).await
    }

    /// Drains an origin, replaces its process, and lets it take streams again.
    pub async fn restart(&self, origin: &Part) -> anyhow::Result<()> {
        self.ask("/restart", json!({"origin": origin.name})).await
    }

    /// Moves a stream, by its key.
    pub async fn move_stream(&self, stream: &str, origin: &str) -> anyhow::Result<()> {
        self.ask("/move", json!({"stream": stream, "origin": origin})).await
    }

    /// Starts origins, or ends those with the highest numbers, until there are so many.
    pub async fn scale(&self, origins: usize) -> anyhow::Result<()> {
        self.ask("/scale", json!({"role": "origins", "count": origins})).await
    }

    /// Lets the cluster decide on routes, or leave them as they are.
    pub async fn decide(&self, run: bool) -> anyhow::Result<()> {
        self.ask("/decisions", json!({"run": run})).await
    }

    /// Cuts the link between an edge and an origin these ways.
    pub async fn cut(&self, edge: &Part, origin: &Part, ways: Ways) -> anyhow::Result<()> {
        self.ask("/cut", json!({"edge": edge.name, "origin": origin.name, "ways": ways})).await
    }

    /// Lets all through again between these two.
    pub async fn mend(&self, edge: &Part, origin: &Part) -> anyhow::Result<()> {
        self.ask("/mend", json!({"edge": edge.name, "origin": origin.name})).await
    }

    async fn ask(&self, path: &'static str, asked: Value) -> anyhow::Result<()> {
        let (admin, what) = (self.admin, format!("{path} {asked}"));
        spawn_blocking(move || client::post(admin, path, &asked)).await?.context(what)?;
        Ok(())
    }
}
