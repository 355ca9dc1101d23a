//! A play whose socket is full for a while.

use bytes::Bytes;
use livecluster_mrtmp::route::Key;
use livecluster_rtmp::Message;
use livecluster_rtmp::broadcast::{Broadcast, Limits};
use livecluster_rtmp::chunk::{self, Reader};
use livecluster_rtmp::message::Kind;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

use super::*;
use crate::core::Feed;
use crate::worker::group::GroupId;
use crate::worker::play::Watch;

const CONFIGURATION: &[u8] = &[0x17, 0, 0, 0, 0, 1];
const NEW_CONFIGURATION: &[u8] = &[0x17, 0, 0, 0, 0, 2];
const KEYFRAME: &[u8] = &[0x17, 1, 0, 0, 0];
const PICTURE: &[u8] = &[0x27, 1, 0, 0, 0];

/// What goes out to one viewer on stream 1, and the viewer.
struct Scene {
    out: Outgoing,
    socket: TcpStream,
    peer: TcpStream,
    /// Bytes of no message that are on their way.
    clog: usize,
    reader: Reader,
}

impl Scene {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let peer = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (socket, _) = listener.accept().await.unwrap();
        socket.writable().await.unwrap();
        let feed = Feed::new(Broadcast::starting_at(0, Limits::default()));
        let watch = Some(Watch::new(feed, GroupId(1)));
        let key = Key::of("live", "alice").unwrap();
        let play = Play { stream_id: 1, ticket: 1, key, asked_at: None, watch, wants: Wants::ALL };
        let out = Outgoing { plays: vec![play], ..Outgoing::default() };
        Self { out, socket, peer, clog: 0, reader: Reader::new(chunk::Limits::default()) }
    }

    fn wants(&mut self) -> &mut Wants {
        &mut self.out.plays[0].wants
    }

    /// The publisher sends video.
    fn push(&self, time: u32, payload: &'static [u8]) {
        let message =
            Message { kind: Kind::VIDEO, timestamp: time, stream_id: 1, payload: Bytes::from_static(payload) };
        let watch = self.out.plays[0].watch.as_ref().unwrap();
        watch.feed.log().push(message, Instant::now());
    }

    fn flush(&mut self) -> Written {
        self.out.flush(&self.socket, chunk::INITIAL_CHUNK_SIZE, Instant::now()).unwrap()
    }

    /// From now on the socket takes nothing.
    fn clog(&mut self) {
        while let Ok(len) = self.socket.try_write(&[0; 1 << 16]) {
            self.clog += len;
        }
        let written = self.flush();
        assert_eq!(written.bytes, 0);
        assert!(self.out.blocked_since.is_some());
        assert!(written.finished.is_empty());
    }

    /// The viewer reads again.
    async fn unclog(&mut self) -> Written {
        let mut clog = vec![0; std::mem::take(&mut self.clog)];
        self.peer.read_exact(&mut clog).await.unwrap();
        self.socket.writable().await.unwrap();
        self.flush()
    }

    /// What the viewer gets of so many messages: time and payload.
    async fn messages(&mut self, count: usize) -> Vec<(u32, Bytes)> {
        let (mut messages, mut buffer) = (Vec::new(), [0; 1024]);
        while messages.len() < count {
            let len = self.peer.read(&mut buffer).await.unwrap();
            let mut input = &buffer[..len];
            while let Some(message) = self.reader.read(&mut input).unwrap() {
                messages.push((message.timestamp, message.payload));
            }
        }
        messages
    }
}

fn message(time: u32, payload: &'static [u8]) -> (u32, Bytes) {
    (time, Bytes::from_static(payload))
}

#[tokio::test]
async fn video_goes_on_at_a_keyframe_though_the_socket_was_full_when_it_came() {
    let mut scene = Scene::new().await;
    scene.push(0, CONFIGURATION);
    scene.push(0, KEYFRAME);
    scene.flush();
    scene.messages(2).await;
    scene.wants().video.switch(false);
    scene.wants().video.switch(true);

    scene.push(40, PICTURE);
    scene.push(80, KEYFRAME);
    scene.clog();
    scene.push(120, PICTURE);
    scene.unclog().await;

    let expected = [message(80, CONFIGURATION), message(80, KEYFRAME), message(120, PICTURE)];
    assert_eq!(scene.messages(3).await, expected);
}

#[tokio::test]
async fn play_of_some_duration_gets_all_of_it_though_the_socket_was_full_at_its_end() {
    let mut scene = Scene::new().await;
    scene.wants().duration = Some((Duration::from_millis(100), None));
    scene.push(0, KEYFRAME);
    scene.flush();
    scene.messages(1).await;

    scene.push(50, PICTURE);
    scene.push(100, PICTURE);
    scene.clog();
    let written = scene.unclog().await;

    assert_eq!(written.finished, vec![1_u32]);
    assert_eq!(scene.messages(1).await, [message(50, PICTURE)]);
}

#[tokio::test]
async fn configuration_that_came_while_video_was_off_is_sent_when_it_is_on_again() {
    let mut scene = Scene::new().await;
    scene.push(0, CONFIGURATION);
    scene.push(0, KEYFRAME);
    scene.flush();
    scene.messages(2).await;

    scene.wants().video.switch(false);
    scene.push(40, NEW_CONFIGURATION);
    scene.push(40, KEYFRAME);
    assert_eq!(scene.flush().bytes, 0);
    scene.wants().video.switch(true);
    scene.push(80, PICTURE);
    scene.push(120, KEYFRAME);
    scene.flush();

    assert_eq!(scene.messages(2).await, [message(120, NEW_CONFIGURATION), message(120, KEYFRAME)]);
}
