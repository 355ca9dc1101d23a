//! Links that are cut without anybody being told, and mended.

use livecluster_mrtmp::id::Name;
use livecluster_operator::routing::Part;
use serde::Serialize;

use super::origins::known;
use super::{Act, Handle, Refused};
use crate::local::relay::Ways;

/// A link, and how it is now.
#[derive(Debug, Serialize)]
pub struct Link {
    edge: String,
    origin: String,
    cut: Option<Ways>,
}

impl Handle {
    /// From now on nothing comes through between these two, or all again.
    pub async fn cut(&self, edge: Name, origin: Name, cut: Option<Ways>) -> Result<Link, Refused> {
        let now = self.look().await?;
        if !now.relays {
            return Err(Refused::NotRelaying);
        }
        known(&now, &origin)?;
        if !now.parts.iter().any(|(part, _)| *part == Part::Edge(edge.clone())) {
            return Err(Refused::NoEdge(edge));
        }
        let link = Link { edge: edge.to_string(), origin: origin.to_string(), cut };
        self.act(Act::Cut(edge, origin, cut)).await?;
        Ok(link)
    }
}
