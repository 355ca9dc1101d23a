//! One publisher: sends the frames of its plan when they are due, and goes on elsewhere when the server asks it to.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use livecluster_rtmp::amf0::{self, Value};
use livecluster_rtmp::message::Kind;
use tokio::time::Instant;

use super::plan::{Frame, Medium, Plan};
use super::report::Sent;
use super::stream::Stream;
use crate::bench::clock::Clock;
use crate::bench::connection::Lost;
use crate::bench::mark::Mark;
use crate::bench::place::Place;
use crate::bench::{aac, h264, lock};

/// A publisher that has not connected yet.
#[derive(Debug)]
pub struct Publisher {
    /// Its number, in its marks and in its stream's name.
    pub number: u32,
    /// Where it publishes.
    pub place: Place,
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

    /// Publishes to the end, or until the connection is lost. One that it gave up for another is not.
    pub async fn publish(&self) -> Result<(), Lost> {
        let connection = self.place.open().await?;
        let mut stream = Stream::create(connection, self.place.clone()).await?;
        stream.publish(&self.name(&stream)).await?;
        lock(&self.sent).begin();
        let stream = self.send(stream).await?;
        lock(&self.sent).end();
        stream.close().await
    }

    fn name(&self, stream: &Stream) -> String {
        stream.place().target().stream(self.number)
    }

    /// Sends all frames, and returns the stream to which it has gone with the last of them.
    async fn send(&self, mut stream: Stream) -> Result<Stream, Lost> {
        self.send_headers(&mut stream, Duration::ZERO).await?;
        let (start, run) = (Instant::now(), self.clock.now().subsec_nanos());
        let mut moved = start;
        for frame in self.plan.frames_until(self.duration) {
            let due = start + frame.due;
            self.wait_until(due, &mut stream).await?;
            if frame.is_keyframe()
                && let Some(next) = self.go_over(&mut stream, frame.due).await?
            {
                (stream, moved) = (next, Instant::now());
            }
            let late = due.elapsed();
            // What was due while it moved is as old as it is.
            let kept = if due < moved { late } else { Duration::ZERO };
            let (kind, payload) = self.encode(&frame, run, kept);
            lock(&self.sent).count(payload.len(), late);
            stream.send(kind, frame.due, payload).await?;
        }
        stream.send(Kind::VIDEO, self.duration, h264::END.to_vec()).await?;
        Ok(stream)
    }

    /// Waits, and does meanwhile what the server asks.
    async fn wait_until(&self, due: Instant, stream: &mut Stream) -> Result<(), Lost> {
        loop {
            match stream.take_asked().map(|asked| stream.place().follow(&asked)) {
                Some(Ok(places)) => stream.open_another(places),
                Some(Err(why)) => lock(&self.sent).stay(why),
                None => {}
            }
            if !stream.read_until(due).await? {
                return Ok(());
            }
        }
    }

    /// In front of a keyframe: if it was asked to move and has another connection by now, it ends the stream here and
    /// publishes it there. Frames that are due meanwhile are sent when that is done; it takes 18 s at most.
    async fn go_over(&self, stream: &mut Stream, at: Duration) -> Result<Option<Stream>, Lost> {
        let Some(mut next) = stream.take_other().await else {
            return Ok(None);
        };
        stream.end(&self.name(stream)).await;
        next.publish(&self.name(&next)).await?;
        self.send_headers(&mut next, at).await?;
        lock(&self.sent).go_over(self.number, next.place().number());
        Ok(Some(next))
    }

    async fn send_headers(&self, stream: &mut Stream, at: Duration) -> Result<(), Lost> {
        let metadata = metadata(&self.plan);
        stream.send(Kind::DATA_AMF0, at, metadata).await?;
        let video = h264::configuration();
        stream.send(Kind::VIDEO, at, video).await?;
        if self.plan.has_audio() {
            let audio = aac::CONFIGURATION.to_vec();
            stream.send(Kind::AUDIO, at, audio).await?;
        }
        Ok(())
    }

    /// A frame that was `kept` back for so long says when it would have been sent.
    fn encode(&self, frame: &Frame, run: u32, kept: Duration) -> (Kind, Vec<u8>) {
        let mark = Mark {
            run,
            publisher: self.number,
            sequence: frame.sequence,
            length: frame.length,
            sent: self.clock.now().saturating_sub(kept),
        };
        match frame.medium {
            Medium::Picture { index } => (Kind::VIDEO, h264::frame(&mark, index)),
            Medium::Sound => (Kind::AUDIO, aac::frame(&mark)),
        }
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
