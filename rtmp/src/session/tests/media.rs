//! Media of publishers.

use super::*;

#[test]
fn media_arrives_as_it_was_sent() {
    let mut pair = Pair::publishing();
    let video = message(Kind::VIDEO, 1, &vec![7; 200_000]);
    let mut bytes = Vec::new();
    pair.client.poll_output(&mut bytes);
    pair.client.send_media(&video).write(&mut bytes);

    for piece in pair.split(&bytes) {
        pair.server.handle_input(piece, pair.now).unwrap();
    }

    assert_eq!(pair.events(), [Event::Media(video)]);
}

#[test]
fn media_of_a_stream_that_does_not_publish_is_ignored() {
    let mut pair = Pair::playing();

    pair.client.send(&message(Kind::VIDEO, 1, b"x"));
    pair.client.send(&message(Kind::AUDIO, 7, b"x"));
    pair.client.send(&message(Kind::AGGREGATE, 7, b"x"));
    pair.client.send(&message(Kind(99), 0, b"x"));

    assert_eq!(pair.events(), []);
    assert_eq!(pair.server.ignored(), 4);
}

#[test]
fn media_may_come_before_the_answer_to_publish() {
    let mut pair = Pair::connected();
    pair.client.publish("cam");
    pair.drive();
    pair.client.send(&message(Kind::VIDEO, 1, b"x"));

    assert!(matches!(pair.events()[..], [Event::Publish { .. }, Event::Media(_)]));
}

#[test]
fn metadata_loses_the_word_for_the_server() {
    let mut pair = Pair::publishing();

    pair.client.send(&message(Kind::DATA_AMF0, 1, b"\x02\0\x0d@setDataFrame\x02\0\x0aonMetaData"));
    pair.client.send(&message(Kind::DATA_AMF0, 1, b"\x02\0\x0d@setDataFrame"));
    pair.client.send(&message(Kind::DATA_AMF0, 0, b"\x02\0\x0aonMetaData"));

    let metadata = Event::Media(message(Kind::DATA_AMF0, 1, b"\x02\0\x0aonMetaData"));
    assert_eq!(pair.events(), [metadata.clone(), metadata]);
    assert_eq!(pair.server.ignored(), 1);
}

#[test]
fn aggregate_is_taken_apart() {
    let mut pair = Pair::publishing();
    let tag = |kind: u8, body: &[u8]| {
        let mut tag = vec![kind, 0, 0, body.len() as u8, 0, 0, 0, 0, 0, 0, 0];
        tag.extend_from_slice(body);
        tag.extend_from_slice(&[0; 4]);
        tag
    };
    let data = b"\x02\0\x0d@setDataFrame\x02\0\x0aonMetaData";
    let payload = [tag(9, b"v"), tag(18, data), tag(8, b"a")].concat();

    pair.client.send(&message(Kind::AGGREGATE, 1, &payload));
    pair.client.send(&message(Kind::AUDIO, 1, b"last"));

    let expected = [
        message(Kind::VIDEO, 1, b"v"),
        message(Kind::DATA_AMF0, 1, b"\x02\0\x0aonMetaData"),
        message(Kind::AUDIO, 1, b"a"),
        message(Kind::AUDIO, 1, b"last"),
    ];
    assert_eq!(pair.events(), expected.map(Event::Media));
}

#[test]
fn viewer_gets_media_between_the_answers() {
    let mut pair = Pair::playing();
    let video = message(Kind::VIDEO, 1, &vec![3; 100_000]);
    let mut bytes = Vec::new();
    let size = pair.server.chunk_size();

    pair.server.poll_output(&mut bytes);
    crate::chunk::Chunked::new(6, &video, size).write(&mut bytes);
    pair.server.notify_publish(1);
    pair.server.poll_output(&mut bytes);
    pair.client.handle_input(&bytes).unwrap();

    assert_eq!(pair.client.poll_event(), Some(Seen::Media(video)));
    assert!(matches!(pair.client.poll_event(), Some(Seen::Status { .. })));
}
