//! One publisher: sends the frames of its plan when they are due.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use livecluster_rtmp::Message;
use livecluster_rtmp::amf0::{self, Value};
use livecluster_rtmp::command::request;
use livecluster_rtmp::message::Kind;
use livecluster_rtmp::session::ClientEvent as Event;
use tokio::time::{Instant, sleep_until};

use super::plan::{Frame, Medium, Plan};
use super::report::Sent;
use crate::bench::clock::Clock;
use crate::bench::connection::{Connection, Lost};
use crate::bench::mark::Mark;
use crate::bench::target::Target;
use crate::bench::{aac, h264, lock};

/// A publisher that has not connected yet.
#[derive(Debug)]
pub struct Publisher {
    /// Its number, in its marks and in its stream's name.
    pub number: u32,
    /// Where it publishes.
    pub target: Target,
    /// The address of that.
    pub address: SocketAddr,
    /// Tells when a frame is sent.
    pub clock: Clock,
    /// What it sends.
    pub plan: Plan,
    /// For how long.
    pub duration: Duration,
    /// Where it counts what it has sent.
    pub sent: Arc<Mutex<Sent>>,
}

impl Publisher {
    /// Publishes to the end.
    pub async fn run(self) {
        if let Err(lost) = self.publish().await {
            lock(&self.sent).lose(&lost);
        }
    }

    /// Publishes to the end, or until the connection is lost.
    pub async fn publish(&self) -> Result<(), Lost> {
        let mut connection = Connection::open(self.address, &self.target).await?;
        connection.client.publish(&self.target.stream(self.number));
        let published = |event: &Event| match event {
            Event::Published { stream_id } => Some(*stream_id),
            _ => None,
        };
        let stream_id = connection.wait(published).await?;
        lock(&self.sent).begin();
        let mut stream = Stream { connection, stream_id };
        self.send(&mut stream).await?;
        lock(&self.sent).end();
        stream.close().await
    }

    async fn send(&self, stream: &mut Stream) -> Result<(), Lost> {
        self.send_headers(stream).await?;
        let (start, run) = (Instant::now(), self.clock.now().subsec_nanos());
        for frame in self.plan.frames_until(self.duration) {
            let due = start + frame.due;
            stream.wait_until(due).await?;
            let late = due.elapsed();
            let (kind, payload) = self.encode(&frame, run);
            lock(&self.sent).count(payload.len(), late);
            stream.send(kind, frame.due, payload).await?;
        }
        stream.send(Kind::VIDEO, self.duration, h264::END.to_vec()).await
    }

    async fn send_headers(&self, stream: &mut Stream) -> Result<(), Lost> {
        let start = Duration::ZERO;
        let metadata = metadata(&self.plan);
        stream.send(Kind::DATA_AMF0, start, metadata).await?;
        let video = h264::configuration();
        stream.send(Kind::VIDEO, start, video).await?;
        if self.plan.has_audio() {
            let audio = aac::CONFIGURATION.to_vec();
            stream.send(Kind::AUDIO, start, audio).await?;
        }
        Ok(())
    }

    fn encode(&self, frame: &Frame, run: u32) -> (Kind, Vec<u8>) {
        let mark = Mark {
            run,
            publisher: self.number,
            sequence: frame.sequence,
            length: frame.length,
            sent: self.clock.now(),
        };
        match frame.medium {
            Medium::Picture { index } => (Kind::VIDEO, h264::frame(&mark, index)),
            Medium::Sound => (Kind::AUDIO, aac::frame(&mark)),
        }
    }
}

/// A connection with a stream that publishes.
struct Stream {
    connection: Connection,
    stream_id: u32,
}

impl Stream {
    /// Waits, and does meanwhile what the server asks.
    async fn wait_until(&mut self, due: Instant) -> Result<(), Lost> {
        loop {
            tokio::select! {
                biased;
                () = sleep_until(due) => return Ok(()),
                read = self.connection.read() => read?,
            };
            self.check()?;
            self.connection.flush().await?;
        }
    }

    /// An error if the server has ended the stream.
    fn check(&mut self) -> Result<(), Lost> {
        while let Some(event) = self.connection.client.poll_event() {
            if let Event::Refused { status, .. } = event {
                return Err(Lost::Refused(status.code));
            }
        }
        Ok(())
    }

    async fn send(&mut self, kind: Kind, time: Duration, payload: Vec<u8>) -> Result<(), Lost> {
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

    async fn close(mut self) -> Result<(), Lost> {
        let delete = request::delete_stream(self.stream_id);
        self.connection.client.send(&delete);
        self.connection.close().await
    }
}

/// `onMetaData`, as encoders send it.
fn metadata(plan: &Plan) -> Vec<u8> {
    let mut properties =
        vec![("width", 16.0), ("height", 16.0), ("framerate", f64::from(plan.fps())), ("videocodecid", 7.0)];
    if plan.has_audio() {
        properties.extend([("audiocodecid", 10.0), ("audiosamplerate", 44_100.0)]);
    }
    let values: [Value; 3] = ["@setDataFrame".into(), "onMetaData".into(), Value::ecma_array(properties)];
    let mut payload = Vec::new();
    for value in values {
        amf0::encode(&value, &mut payload).unwrap_or_default();
    }
    payload
}
