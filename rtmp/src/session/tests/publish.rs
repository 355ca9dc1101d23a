//! Publishing, and what encoders send around it.

use super::*;
use crate::command::status;

fn publish(pair: &mut Pair, stream_id: u32, arguments: &[&str]) -> Vec<String> {
    pair.codes(stream_id, "publish", arguments.iter().map(|argument| Value::from(*argument)))
}

/// The codes of what the client sees now.
fn codes_of(pair: &mut Pair) -> Vec<String> {
    pair.seen().iter().map(code).collect()
}

#[test]
fn publisher_is_let_in_when_the_owner_says_so() {
    let mut pair = Pair::connected();
    pair.client.publish("cam?key=1");

    let expected = Event::Publish { stream_id: 1, name: "cam".to_owned(), query: "key=1".to_owned() };
    assert_eq!(pair.events(), [expected]);
    assert_eq!(pair.seen(), []);
    pair.server.start_publish(1);

    assert_eq!(pair.seen(), [Seen::Published { stream_id: 1 }]);
}

#[test]
fn publisher_that_is_refused_may_try_again() {
    let mut pair = Pair::connected();
    pair.client.publish("cam");
    pair.events();

    pair.server.refuse_publish(1, status::PUBLISH_BAD_NAME, "Taken.");

    assert_eq!(pair.seen().iter().map(code).collect::<Vec<_>>(), ["error NetStream.Publish.BadName"]);
    assert_eq!(publish(&mut pair, 1, &["other"]), [""; 0]);
    assert!(matches!(pair.events()[..], [Event::Publish { .. }]));
}

#[test]
fn publish_is_refused_with_a_code_of_its_own() {
    let mut pair = Pair::publishing();
    pair.call(0, "createStream", None);

    assert_eq!(publish(&mut pair, 1, &["other"]), ["error NetStream.Publish.BadName"]);
    assert_eq!(publish(&mut pair, 2, &[]), ["error NetStream.Failed"]);
    assert_eq!(publish(&mut pair, 2, &["?key=1"]), ["error NetStream.Failed"]);
    assert_eq!(publish(&mut pair, 2, &["cam", "record"]), ["error NetStream.Record.NoAccess"]);
    assert_eq!(publish(&mut pair, 2, &["cam", "append"]), ["error NetStream.Record.NoAccess"]);
    assert_eq!(publish(&mut pair, 9, &["cam"]), ["error NetStream.Failed"]);
    assert_eq!(pair.events(), []);
}

#[test]
fn encoder_that_announces_itself_is_answered() {
    let mut pair = Pair::connected();
    assert_eq!(pair.codes(0, "releaseStream", ["cam".into()]), ["_result"]);
    assert_eq!(pair.codes(0, "FCPublish", ["cam".into()]), ["_result"]);
    pair.client.publish("cam");
    pair.events();

    pair.server.start_publish(1);

    let seen = pair.seen();
    assert_eq!(seen[0], Seen::Called { name: "onFCPublish".to_owned() });
    assert_eq!(seen[1], Seen::Published { stream_id: 1 });
    assert_eq!(pair.codes(0, "FCUnpublish", ["cam".into()]), ["_result"]);
    assert_eq!(pair.events(), [Event::Close { stream_id: 1 }]);
    pair.server.confirm_unpublish(1);
    assert_eq!(codes_of(&mut pair), ["onFCUnpublish", status::UNPUBLISH_SUCCESS]);
}

#[test]
fn fc_unpublish_of_another_name_ends_nothing() {
    let mut pair = Pair::publishing();

    assert_eq!(pair.codes(0, "FCUnpublish", ["other".into()]), ["_result"]);
    assert_eq!(pair.events(), []);
}

#[test]
fn stream_that_is_closed_can_be_published_on_again() {
    let mut pair = Pair::publishing();

    assert_eq!(pair.codes(1, "closeStream", None), [""; 0]);
    assert_eq!(pair.codes(1, "closeStream", None), [""; 0]);
    assert_eq!(publish(&mut pair, 1, &["other"]), [status::UNPUBLISH_SUCCESS]);

    let events = pair.events();
    assert!(matches!(events[..], [Event::Close { stream_id: 1 }, Event::Publish { stream_id: 1, .. }]));
    pair.server.confirm_unpublish(1);
    assert_eq!(codes_of(&mut pair), [""; 0]);
}

#[test]
fn end_of_a_publication_is_answered_once_when_the_owner_confirms_it() {
    for (on, command, argument) in [(1, "closeStream", None), (0, "deleteStream", Some(1.0.into()))] {
        let mut pair = Pair::publishing();

        assert_eq!(pair.codes(on, command, argument), [""; 0]);
        assert_eq!(pair.events(), [Event::Close { stream_id: 1 }]);
        pair.server.confirm_unpublish(1);
        pair.server.confirm_unpublish(1);

        assert_eq!(codes_of(&mut pair), [status::UNPUBLISH_SUCCESS]);
    }
}

#[test]
fn encoder_that_ends_in_two_ways_is_answered_once() {
    let mut pair = Pair::publishing();

    assert_eq!(pair.codes(0, "FCUnpublish", ["cam".into()]), ["_result"]);
    assert_eq!(pair.codes(0, "deleteStream", [1.0.into()]), [""; 0]);
    assert_eq!(pair.events(), [Event::Close { stream_id: 1 }]);
    pair.server.confirm_unpublish(1);

    assert_eq!(codes_of(&mut pair), ["onFCUnpublish", status::UNPUBLISH_SUCCESS]);
}

#[test]
fn publications_that_wait_for_their_end_are_limited() {
    let mut pair = Pair::connected_with(Config { streams: 2, ..Config::default() });
    let mut told = Vec::new();
    for stream_id in 1..=3 {
        pair.client.publish("cam");
        pair.events();
        told.extend(pair.codes(0, "deleteStream", [f64::from(stream_id).into()]));
    }

    assert_eq!(told, [status::UNPUBLISH_SUCCESS]);
}

#[test]
fn stream_that_is_deleted_is_gone() {
    let mut pair = Pair::publishing();

    pair.call(0, "deleteStream", [1.0.into()]);
    pair.server.confirm_unpublish(1);
    pair.seen();
    assert_eq!(pair.events(), [Event::Close { stream_id: 1 }]);
    assert_eq!(publish(&mut pair, 1, &["cam"]), ["error NetStream.Failed"]);
}

#[test]
fn owner_ends_a_publisher_without_an_event() {
    let mut pair = Pair::publishing();

    pair.server.unpublished(1);
    pair.server.unpublished(1);

    assert_eq!(pair.seen().iter().map(code).collect::<Vec<_>>(), [status::UNPUBLISH_SUCCESS]);
    assert_eq!(pair.events(), []);
}

#[test]
fn answer_that_comes_too_late_does_nothing() {
    let mut pair = Pair::connected();
    pair.client.publish("cam");
    pair.events();
    pair.call(1, "closeStream", None);

    pair.server.start_publish(1);
    pair.server.refuse_publish(1, status::PUBLISH_BAD_NAME, "Taken.");

    assert_eq!(pair.seen(), []);
}

#[test]
fn streams_of_a_connection_are_limited() {
    let mut pair = Pair::connected();

    let answers: Vec<_> = (0..10).flat_map(|_| pair.codes(0, "createStream", None)).collect();

    assert_eq!(answers[..8], ["_result"; 8]);
    assert_eq!(answers[8..], ["error NetConnection.Call.Failed"; 2]);
    pair.call(0, "deleteStream", [3.0.into()]);
    assert_eq!(pair.codes(0, "createStream", None), ["_result"]);
}

#[test]
fn unknown_command_fails_if_it_wants_an_answer() {
    let mut pair = Pair::connected();

    assert_eq!(pair.codes(0, "chat.say", None), ["error NetConnection.Call.Failed"]);
    let silent = crate::command::answer::command(0, "chat.say", 0.0, [Value::Null]);
    pair.client.send(&silent);
    assert_eq!(pair.seen(), []);
}

#[test]
fn bandwidth_check_is_answered() {
    assert_eq!(Pair::connected().codes(0, "_checkbw", None), ["_result"]);
}
