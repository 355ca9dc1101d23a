//! A client that was not written here.

use bytes::Bytes;
use rml_rtmp::sessions::{
    ClientSession, ClientSessionConfig, ClientSessionEvent, ClientSessionResult, PublishRequestType,
};
use rml_rtmp::time::RtmpTimestamp;

use super::*;
use crate::chunk::{Chunked, csid};
use crate::handshake::Handshake;

/// The client, behind the handshake with a server.
struct Independent {
    client: ClientSession,
    server: Server,
    now: Instant,
}

impl Independent {
    fn connected() -> Self {
        let now = Instant::now();
        let mut server = Server::new(Config::default(), now);
        let (mut handshake, mut up, mut down) = (Handshake::client(), Vec::new(), Vec::new());
        handshake.start(&mut up);
        server.handle_input(&up, now).unwrap();
        server.poll_output(&mut down);
        up.clear();
        handshake.read(&mut &down[..], &mut up).unwrap();
        server.handle_input(&up, now).unwrap();

        let (client, _) = ClientSession::new(ClientSessionConfig::new()).unwrap();
        let mut pair = Self { client, server, now };
        let request = pair.client.request_connection("live".to_owned()).unwrap();
        pair.send(vec![request]);
        assert!(matches!(pair.server.poll_event(), Some(Event::Connect(_))));
        pair.server.accept_connect(now).unwrap();
        assert!(pair.receive(&[]).contains(&ClientSessionEvent::ConnectionRequestAccepted));
        pair
    }

    /// Gives the server what the client wants to send, and returns the client's events.
    fn send(&mut self, results: Vec<ClientSessionResult>) -> Vec<ClientSessionEvent> {
        let mut events = Vec::new();
        for result in results {
            match result {
                ClientSessionResult::OutboundResponse(packet) => {
                    self.server.handle_input(&packet.bytes, self.now).unwrap();
                }
                ClientSessionResult::RaisedEvent(event) => events.push(event),
                ClientSessionResult::UnhandleableMessageReceived(_) => {}
            }
        }
        events
    }

    /// Gives the client what the server wants to send, then `media`, until there is no more.
    fn receive(&mut self, media: &[u8]) -> Vec<ClientSessionEvent> {
        let (mut events, mut media) = (Vec::new(), media.to_vec());
        loop {
            let mut down = Vec::new();
            self.server.poll_output(&mut down);
            down.append(&mut media);
            if down.is_empty() {
                return events;
            }
            let results = self.client.handle_input(&down).unwrap();
            events.extend(self.send(results));
        }
    }
}

#[test]
fn independent_client_publishes() {
    let mut pair = Independent::connected();
    let request = pair.client.request_publishing("cam".to_owned(), PublishRequestType::Live).unwrap();
    pair.send(vec![request]);
    pair.receive(&[]);
    assert!(matches!(pair.server.poll_event(), Some(Event::Publish { stream_id: 1, .. })));

    pair.server.start_publish(1);

    assert_eq!(pair.receive(&[]), [ClientSessionEvent::PublishRequestAccepted]);
    let payload = Bytes::from(vec![7; 5000]);
    let video = pair.client.publish_video_data(payload.clone(), RtmpTimestamp::new(40), false).unwrap();
    pair.send(vec![video]);
    assert_eq!(pair.server.poll_event(), Some(Event::Media(message(Kind::VIDEO, 1, &payload))));
}

#[test]
fn independent_client_plays() {
    let mut pair = Independent::connected();
    let request = pair.client.request_playback("cam".to_owned()).unwrap();
    pair.send(vec![request]);
    pair.receive(&[]);
    assert!(matches!(pair.server.poll_event(), Some(Event::Play { stream_id: 1, .. })));
    pair.server.start_play(1);
    assert!(pair.receive(&[]).contains(&ClientSessionEvent::PlaybackRequestAccepted));
    let audio = message(Kind::AUDIO, 1, &[9; 300]);
    let mut media = Vec::new();
    Chunked::new(csid(Kind::AUDIO), &audio, pair.server.chunk_size()).write(&mut media);

    let events = pair.receive(&media);

    let expected = ClientSessionEvent::AudioDataReceived { timestamp: RtmpTimestamp::new(40), data: audio.payload };
    assert_eq!(events, [expected]);
}
