//! A client library that nobody here wrote publishes, and another of it plays.

use std::collections::VecDeque;

use livecluster_rtmp::Message;
use livecluster_rtmp::message::Kind;
use livecluster_tests::local::{Cluster, Frame, LIMIT, Options, Pace, Part};
use rml_rtmp::handshake::{Handshake, HandshakeProcessResult, PeerType};
use rml_rtmp::sessions::{
    ClientSession, ClientSessionConfig, ClientSessionEvent, ClientSessionResult, PublishRequestType,
};
use rml_rtmp::time::RtmpTimestamp;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// `rml_rtmp`'s client over a socket.
struct Independent {
    socket: TcpStream,
    session: ClientSession,
    events: VecDeque<ClientSessionEvent>,
}

impl Independent {
    async fn connect(edge: &Part) -> Self {
        let address = edge.rtmp.expect("an edge");
        let mut socket = TcpStream::connect(address).await.expect("a connection");
        let rest = shake_hands(&mut socket).await;
        let config =
            ClientSessionConfig { tc_url: Some(format!("rtmp://{address}/live")), ..ClientSessionConfig::new() };
        let (session, results) = ClientSession::new(config).expect("a session");
        let mut client = Self { socket, session, events: VecDeque::new() };
        client.take(results).await;
        let results = client.session.handle_input(&rest).expect("RTMP");
        client.take(results).await;
        let request = client.session.request_connection("live".to_owned());
        client.take(vec![request.expect("a request")]).await;
        client.expect(|event| event == ClientSessionEvent::ConnectionRequestAccepted).await;
        client
    }

    async fn publish(&mut self, name: &str) {
        let request = self.session.request_publishing(name.to_owned(), PublishRequestType::Live);
        self.take(vec![request.expect("a request")]).await;
        self.expect(|event| event == ClientSessionEvent::PublishRequestAccepted).await;
    }

    async fn play(&mut self, name: &str) {
        let request = self.session.request_playback(name.to_owned());
        self.take(vec![request.expect("a request")]).await;
        self.expect(|event| event == ClientSessionEvent::PlaybackRequestAccepted).await;
    }

    async fn send_all(&mut self, messages: &[Message]) {
        for message in messages {
            let time = RtmpTimestamp::new(message.timestamp);
            let payload = message.payload.clone();
            let packet = match message.kind {
                Kind::VIDEO => self.session.publish_video_data(payload, time, false),
                _ => self.session.publish_audio_data(payload, time, false),
            };
            self.take(vec![packet.expect("a packet")]).await;
        }
    }

    async fn take(&mut self, results: Vec<ClientSessionResult>) {
        for result in results {
            match result {
                ClientSessionResult::OutboundResponse(packet) => {
                    let sent = self.socket.write_all(&packet.bytes).await;
                    sent.expect("the edge takes it");
                }
                ClientSessionResult::RaisedEvent(event) => self.events.push_back(event),
                ClientSessionResult::UnhandleableMessageReceived(_) => {}
            }
        }
    }

    async fn event(&mut self) -> ClientSessionEvent {
        let mut input = vec![0; 4096];
        loop {
            if let Some(event) = self.events.pop_front() {
                return event;
            }
            let len = self.socket.read(&mut input).await.expect("bytes");
            assert!(len > 0, "the edge has closed the connection");
            let results = self.session.handle_input(&input[..len]).expect("RTMP");
            self.take(results).await;
        }
    }

    async fn expect(&mut self, mut is_it: impl FnMut(ClientSessionEvent) -> bool) {
        let found = async { while !is_it(self.event().await) {} };
        timeout(LIMIT, found).await.expect("the event comes");
    }
}

/// Returns what came behind the handshake.
async fn shake_hands(socket: &mut TcpStream) -> Vec<u8> {
    let mut handshake = Handshake::new(PeerType::Client);
    let mut output = handshake.generate_outbound_p0_and_p1().expect("bytes");
    let mut input = vec![0; 4096];
    loop {
        socket.write_all(&output).await.expect("the edge takes it");
        let len = socket.read(&mut input).await.expect("bytes");
        assert!(len > 0, "the edge has closed the connection");
        match handshake.process_bytes(&input[..len]).expect("a handshake") {
            HandshakeProcessResult::InProgress { response_bytes } => output = response_bytes,
            HandshakeProcessResult::Completed { response_bytes, remaining_bytes } => {
                let sent = socket.write_all(&response_bytes).await;
                sent.expect("the edge takes it");
                return remaining_bytes;
            }
        }
    }
}

/// What a viewer was given, as one of our own would have got it.
fn frame_of(event: ClientSessionEvent) -> Option<Frame> {
    let (kind, payload) = match event {
        ClientSessionEvent::VideoDataReceived { data, .. } => (Kind::VIDEO, data),
        ClientSessionEvent::AudioDataReceived { data, .. } => (Kind::AUDIO, data),
        _ => return None,
    };
    Some(Frame::of(&Message { kind, timestamp: 0, stream_id: 1, payload }))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_independent_client_publishes_another_plays() {
    let cluster = Cluster::start(Options::default()).await;
    let mut publisher = Independent::connect(&cluster.edges[0]).await;
    let mut viewer = Independent::connect(&cluster.edges[1]).await;
    publisher.publish("alice").await;
    // Frames of several chunks.
    let pace = Pace { bytes: 10_000, ..Pace::default() };
    let [_, video, audio] = pace.headers(1);
    let frames = (0..100).flat_map(|number| pace.frame(1, number));
    let messages: Vec<_> = [video, audio].into_iter().chain(frames).collect();
    let sent: Vec<_> = messages.iter().map(Frame::of).collect();
    let (before, after) = messages.split_at(4);

    publisher.send_all(before).await;
    viewer.play("alice").await;
    publisher.send_all(after).await;

    let mut came = Vec::new();
    while came.last() != sent.last() {
        let event = timeout(LIMIT, viewer.event()).await.expect("media comes");
        came.extend(frame_of(event));
    }
    // It began at the latest keyframe that there was.
    let (headers, frames) = came.split_at(2);
    assert_eq!(headers, &sent[..2]);
    assert!(matches!(frames[0], Frame::Keyframe(_)), "{:?}", frames[0]);
    let start = sent.iter().position(|frame| *frame == frames[0]);
    assert_eq!(frames, &sent[start.expect("a frame that was sent")..]);
}
