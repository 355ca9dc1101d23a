//! The connection of a publisher with its stream, and the other one that it opens when it is asked to move.

use std::time::Duration;

use bytes::Bytes;
use livecluster_rtmp::Message;
use livecluster_rtmp::command::{request, status};
use livecluster_rtmp::message::Kind;
use livecluster_rtmp::session::ClientEvent as Event;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use crate::bench::connection::{Connection, Lost};
use crate::bench::place::{Asked, Place, open_any};

/// A connection with a stream.
#[derive(Debug)]
pub struct Stream {
    connection: Connection,
    stream_id: u32,
    place: Place,
    /// At most one, once it was asked to move.
    others: JoinSet<(Connection, Place)>,
}

impl Stream {
    /// Creates one.
    pub async fn create(mut connection: Connection, place: Place) -> Result<Self, Lost> {
        let stream_id = connection.create_stream().await?;
        Ok(Self { connection, stream_id, place, others: JoinSet::new() })
    }

    /// Where it is.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Publishes on it under a name.
    pub async fn publish(&mut self, name: &str) -> Result<(), Lost> {
        self.connection.client.call(self.stream_id, "publish", [name.into(), "live".into()]);
        let published = self.connection.wait(|event| matches!(event, Event::Published { .. }).then_some(()));
        timeout(PUBLISH_TIMEOUT, published).await.map_err(|_| Lost::Timeout)?
    }

    /// Reads once, unless it is `due` before that: then it returns false.
    pub async fn read_until(&mut self, due: Instant) -> Result<bool, Lost> {
        tokio::select! {
            biased;
            () = sleep_until(due) => return Ok(false),
            read = self.connection.read() => read?,
        };
        self.take_events()?;
        self.connection.flush().await?;
        Ok(true)
    }

    /// An error if the server has ended the stream.
    fn take_events(&mut self) -> Result<(), Lost> {
        while let Some(event) = self.connection.client.poll_event() {
            match event {
                Event::Refused { status, .. } => return Err(Lost::Refused(status.code)),
                Event::Reconnect { tc_url, .. } => self.connection.asked = Some(tc_url),
                _ => {}
            }
        }
        Ok(())
    }

    /// Where the server has asked it to go.
    pub fn take_asked(&mut self) -> Option<Asked> {
        self.connection.asked.take()
    }

    /// Opens a connection to one of these, while this one goes on.
    pub fn open_another(&mut self, places: Vec<Place>) {
        self.others.abort_all();
        self.others = JoinSet::new();
        self.others.spawn(async move { open_any(&places).await });
    }

    /// The stream on that connection, if it is open.
    pub async fn take_other(&mut self) -> Option<Self> {
        let (connection, place) = self.others.try_join_next()?.ok()?;
        match timeout(CREATE_TIMEOUT, Self::create(connection, place.clone())).await {
            Ok(Ok(other)) => Some(other),
            // It was closed for doing nothing, or is lost.
            _ => {
                let here = Ok(place.target().tc_url());
                self.open_another(place.follow(&here).unwrap_or_default());
                None
            }
        }
    }

    /// Sends a message, at a time from the start of the stream.
    pub async fn send(&mut self, kind: Kind, time: Duration, payload: Vec<u8>) -> Result<(), Lost> {
        let message = Message {
            kind,
            // 5.3.1: timestamps wrap around.
            timestamp: time.as_millis() as u32,
            stream_id: self.stream_id,
            payload: Bytes::from(payload),
        };
        let chunks = self.connection.client.send_media(&message);
        chunks.write(self.connection.queue());
        self.connection.flush().await
    }

    /// Ends the stream that it publishes under a name, and waits until the server says that all of it is safe, or has had
    /// the time to.
    pub async fn end(&mut self, name: &str) {
        let client = &mut self.connection.client;
        client.call(0, "FCUnpublish", [name.into()]);
        client.send(&request::delete_stream(self.stream_id));
        let is_safe = |event: &Event| match event {
            Event::Status { status, .. } => (status.code == status::UNPUBLISH_SUCCESS).then_some(()),
            _ => None,
        };
        let _ = timeout(END_TIMEOUT, self.connection.wait(is_safe)).await;
    }

    /// Ends it for good.
    pub async fn close(mut self) -> Result<(), Lost> {
        let delete = request::delete_stream(self.stream_id);
        self.connection.client.send(&delete);
        self.connection.close().await
    }
}

/// From `createStream` to its answer, on a connection that is open: what is sent on the other one waits for it.
const CREATE_TIMEOUT: Duration = Duration::from_secs(2);
/// From `publish` to its answer.
const PUBLISH_TIMEOUT: Duration = Duration::from_secs(10);
/// From the end of a stream to the word that it is safe. An edge waits 5 s for that itself.
const END_TIMEOUT: Duration = Duration::from_secs(6);
