//! What can be seen of an origin from outside: for status pages, metrics and limits.

use std::time::Instant;

use livecluster_mrtmp::id::{Name, PublicationId, Term};
use livecluster_mrtmp::route::Key;

use super::Core;
use super::link::LinkId;
use super::publication::Publication;
use super::stream::Stream;

/// A stream as a status page shows it.
#[derive(Debug, Clone)]
pub struct StreamStatus {
    /// Its key.
    pub key: Key,
    /// What is published now.
    pub current: Option<PublicationStatus>,
    /// Edges that watch.
    pub edges: usize,
    /// Viewers at all edges.
    pub viewers: usize,
    /// Bytes in the logs of all its publications.
    pub log_bytes: usize,
}

/// A publication as a status page shows it.
#[derive(Debug, Clone)]
pub struct PublicationStatus {
    /// Its identity.
    pub id: PublicationId,
    /// Its fence.
    pub term: Term,
    /// The publisher's edge.
    pub edge: Name,
    /// Its publisher can't be heard just now.
    pub held: bool,
    /// Payload bytes that came.
    pub bytes: u64,
    /// The first number that is missing here.
    pub next: u64,
    /// When something of it last came.
    pub fed_at: Instant,
}

impl Core {
    /// All streams, in the order of their keys.
    pub fn status(&self) -> Vec<StreamStatus> {
        self.streams.values().map(stream).collect()
    }

    /// Control frames that wait for a link.
    pub fn queued(&self, link: LinkId) -> usize {
        self.cx.links.queued(link)
    }
}

fn stream(stream: &Stream) -> StreamStatus {
    let logs = stream.publications.values().map(|one| one.log.bytes());
    StreamStatus {
        key: stream.key.clone(),
        current: stream.current().map(publication),
        edges: stream.edges(),
        viewers: stream.viewers(),
        log_bytes: logs.sum(),
    }
}

fn publication(publication: &Publication) -> PublicationStatus {
    PublicationStatus {
        id: publication.id,
        term: publication.grant.term,
        edge: publication.edge.clone(),
        held: publication.source.is_none(),
        bytes: publication.bytes,
        next: publication.next(),
        fed_at: publication.fed_at,
    }
}
