//! The frames that PROTOCOL.md shows, field by field.

use std::sync::Arc;

use bytes::Bytes;
use livecluster_mrtmp::frame::*;
use livecluster_mrtmp::id::*;

use super::key;

/// The route generation of all examples.
pub const GENERATION: u64 = 1_763_839_200_123;

/// Each with its name there.
pub fn frames() -> Vec<(&'static str, Frame)> {
    [link_frames(), publication_frames(), media_frames(), subscription_frames(), reports()].concat()
}

fn link_frames() -> Vec<(&'static str, Frame)> {
    let heartbeat = Heartbeat { sent: 1_500_000, echo: 1_498_200, generation: GENERATION };
    vec![("heartbeat", Frame::Heartbeat(heartbeat)), ("goaway", Frame::GoAway(GoAway { reason: "rollout".into() }))]
}

fn publication_frames() -> Vec<(&'static str, Frame)> {
    let (channel, publication, client, key) = (Channel(1), publication(5), ClientId(9), key("live/alice"));
    let generation = GENERATION;
    let edge = Name::from("demo-edge-1");
    let publish = Publish { channel, publication, client, key: key.clone(), generation, asks: asks() };
    let refused =
        Refused { channel, code: "NetStream.Publish.BadName".into(), description: "live/alice is taken".into() };
    let map = vec![(edge.clone(), 98), ("demo-edge-2".into(), 131)];
    let (oldest, next, ended) = (60, 131, Some(130));
    let resume = Resume { channel, publication, client, key, generation, grant: grant(), oldest, next, ended, map };
    let stable = Stable { channel, next: 131, edges: vec![(edge.clone(), Some(122)), ("demo-edge-2".into(), None)] };
    vec![
        ("publish", Frame::Publish(publish)),
        ("accepted", Frame::Accepted(Accepted { channel, grant: grant() })),
        ("refused", Frame::Refused(refused)),
        ("not-owner", Frame::NotOwner(NotOwner { of: Asked::Group(Group(2)), generation })),
        ("resume", Frame::Resume(resume)),
        ("have", Frame::Have(Have { channel, next: 98 })),
        ("nothing", Frame::Nothing(Nothing { channel })),
        ("revoked", Frame::Revoked(Revoked { channel, last: 118 })),
        ("withdraw", Frame::Withdraw(Withdraw { channel })),
        ("subscriber", Frame::Subscriber(Subscriber { channel, edge, next: 90 })),
        ("stable", Frame::Stable(stable)),
        ("trim", Frame::Trim(Trim { channel, oldest })),
        ("probe", Frame::Probe(Probe { channel })),
        ("probed", Frame::Probed(Probed { channel, silent: true })),
    ]
}

fn media_frames() -> Vec<(&'static str, Frame)> {
    let payload = Bytes::from_static(&[0x17, 1, 0, 0, 0, 0, 0, 0, 1, 0x41]);
    let media = Media { id: 1, sequence: 98, timestamp: 3920, kind: 9, payload };
    let payload = Bytes::from_static(&[0x17, 0, 0, 0, 0]);
    let header = Media { id: 2, sequence: 1, timestamp: 0, kind: 9, payload };
    vec![
        ("media", Frame::Media(media)),
        ("header", Frame::Header(header)),
        ("end", Frame::End(End { id: 1, sequence: 130 })),
    ]
}

fn subscription_frames() -> Vec<(&'static str, Frame)> {
    let (client, stream_id, group, key) = (ClientId(12), 1, Group(2), key("live/alice"));
    let generation = GENERATION;
    let play = Play { client, stream_id, key: key.clone(), generation, granted: false, asks: asks() };
    let code = "NetStream.Play.Failed".into();
    let from = From {
        group,
        publication: publication(5),
        term: term(),
        next: 98,
        cause: Cause::Continue,
        previous: Some((publication(4), 118)),
    };
    vec![
        ("play", Frame::Play(play)),
        ("join", Frame::Join(Join { client, stream_id })),
        (
            "play-refused",
            Frame::PlayRefused(PlayRefused { client, stream_id, code, description: "not allowed".into() }),
        ),
        ("leave", Frame::Leave(Leave { client, stream_id })),
        ("watch", Frame::Watch(Watch { group, key, generation, at: Some((publication(5), 98)) })),
        ("unwatch", Frame::Unwatch(Unwatch { group, moves: true })),
        ("from", Frame::From(from)),
        ("awaiting", Frame::Awaiting(Awaiting { group, held: true })),
        ("ack", Frame::Ack(Ack { group, publication: publication(5), next: 122 })),
        ("restated", Frame::Restated(Restated { streams: 1 })),
    ]
}

fn reports() -> Vec<(&'static str, Frame)> {
    let origin = Name::from("demo-origin-0");
    let alice = StreamState { origin: origin.clone(), publication: Some((publication(5), term())), held: false };
    let streams = vec![(key("live/alice"), Some(alice)), (key("live/bob"), None)];
    let origins = vec![(origin, Some(BootId(0x0a)), true), ("demo-origin-1".into(), None, false)];
    vec![
        ("streams", Frame::Streams(Streams { complete: true, generation: GENERATION, streams })),
        ("links", Frame::Links(Links { origins, connections: 5000 })),
    ]
}

fn publication(counter: u64) -> PublicationId {
    PublicationId { edge: BootId(0x0e), counter }
}

fn term() -> Term {
    Term { generation: GENERATION, counter: 1_763_839_201_000 }
}

fn grant() -> Grant {
    let identity = Bytes::from_static(b"k1");
    Grant { term: term(), identity, provisional: false, previous: Some((publication(4), 118)) }
}

fn asks() -> Arc<Client> {
    Arc::new(Client {
        app: "live".into(),
        tc_url: "rtmp://h/live".into(),
        query: "token=1".into(),
        address: "10.0.0.9:51000".into(),
    })
}
