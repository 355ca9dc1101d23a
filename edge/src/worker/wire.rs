//! Bytes for a client's socket: answers, and messages in their chunks.

use std::sync::Arc;

use livecluster_rtmp::broadcast::Entry;
use livecluster_rtmp::chunk::Chunked;

/// Bytes for the socket.
#[derive(Debug)]
pub(super) enum Wire {
    Control(Vec<u8>),
    /// The same for all viewers.
    Shared(Arc<Entry>, Form),
    /// For this viewer.
    Own(Chunked),
}

/// In which form messages of a feed are sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form {
    pub chunk_size: usize,
    pub offset: u32,
}

impl Form {
    /// The message as all viewers of the feed get it.
    pub fn chunks(self, entry: &Entry) -> &Chunked {
        entry.chunks(self.offset, self.chunk_size)
    }

    /// The message as the viewers on this message stream get it.
    pub fn wire(self, stream_id: u32, entry: &Arc<Entry>) -> Wire {
        match stream_id {
            1 => Wire::Shared(Arc::clone(entry), self),
            stream_id => Wire::Own(entry.rechunk(stream_id, self.offset, self.chunk_size)),
        }
    }
}

impl Wire {
    pub fn len(&self) -> usize {
        match self {
            Self::Control(bytes) => bytes.len(),
            Self::Shared(entry, form) => form.chunks(entry).len(),
            Self::Own(chunks) => chunks.len(),
        }
    }

    pub fn slices(&self, offset: usize) -> impl Iterator<Item = &[u8]> {
        let (control, chunks) = match self {
            Self::Control(bytes) => (bytes.get(offset..), None),
            Self::Shared(entry, form) => (None, Some(form.chunks(entry))),
            Self::Own(chunks) => (None, Some(chunks)),
        };
        control.into_iter().chain(chunks.into_iter().flat_map(move |chunks| chunks.slices(offset)))
    }
}
