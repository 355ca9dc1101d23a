//! A server that asks its client to connect anew.

use super::*;
use crate::command::{answer, status};
use crate::session::BadTcUrl;

/// Of a client that says that it obeys.
fn connected() -> Pair {
    let options = Options { reconnects: true, ..Options::new("live", "rtmp://host/live") };
    let mut pair = Pair::with(Config::default(), options);
    pair.drive();
    pair.events();
    pair.server.accept_connect(pair.now).unwrap();
    pair.seen();
    pair
}

/// Where the client is led by an information object of this content.
fn led(content: &[(&'static str, Value)]) -> Vec<Result<String, BadTcUrl>> {
    let mut pair = connected();
    let code = ("code", status::CONNECT_RECONNECT_REQUEST.into());
    let object = Value::object(content.iter().cloned().chain([code]));
    let mut bytes = Vec::new();
    let request = answer::command(0, "onStatus", 0.0, [Value::Null, object]);
    crate::chunk::Chunked::new(3, &request, pair.server.chunk_size()).write(&mut bytes);
    pair.client.handle_input(&bytes).unwrap();
    let seen = pair.seen().into_iter();
    let urls = seen.filter_map(|seen| match seen {
        Seen::Reconnect { tc_url, .. } => Some(tc_url),
        _ => None,
    });
    urls.collect()
}

#[test]
fn client_that_reconnects_is_asked_and_told_where_to() {
    for (asked, expected) in
        [(None, "rtmp://host/live"), (Some("//other/live"), "rtmp://other/live"), (Some("/stage"), "rtmp://host/stage")]
    {
        let mut pair = connected();

        assert!(pair.server.request_reconnect(asked, "Draining."));

        let tc_url = Ok(expected.to_owned());
        assert_eq!(pair.seen(), [Seen::Reconnect { tc_url, description: "Draining.".to_owned() }]);
    }
}

#[test]
fn client_goes_on_when_it_was_asked() {
    let mut pair = connected();
    pair.client.publish("cam");
    pair.events();
    pair.server.start_publish(1);
    pair.seen();

    pair.server.request_reconnect(None, "Draining.");
    pair.client.send(&message(Kind::AUDIO, 1, &[0xAF, 1]));

    assert!(matches!(pair.events()[..], [Event::Media(_)]));
}

#[test]
fn url_of_any_type_or_none_does_no_harm() {
    let here = || Ok("rtmp://host/live".to_owned());

    assert_eq!(led(&[]), [here()]);
    assert_eq!(led(&[("tcUrl", Value::Null)]), [here()]);
    assert_eq!(led(&[("tcUrl", 5.0.into())]), [here()]);
    assert_eq!(led(&[("tcUrl", Value::object([("a", 1.0)]))]), [here()]);
    let bad = "file:///etc/passwd";
    assert_eq!(led(&[("tcUrl", bad.into())]), [Err(BadTcUrl::Scheme(bad.to_owned()))]);
}

#[test]
fn client_that_did_not_say_so_takes_a_request_for_a_status() {
    let mut pair = Pair::connected();
    let request = answer::reconnect(Some("rtmp://other/live"), "Draining.");
    let mut bytes = Vec::new();
    crate::chunk::Chunked::new(3, &request, pair.server.chunk_size()).write(&mut bytes);

    pair.client.handle_input(&bytes).unwrap();

    assert_eq!(pair.seen().iter().map(code).collect::<Vec<_>>(), [status::CONNECT_RECONNECT_REQUEST]);
}
