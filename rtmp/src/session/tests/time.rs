//! Deadlines, on a clock that only tests move.

use super::*;
use crate::session::Phase;

/// Moves the clock to the deadline and lets it pass.
fn expire(pair: &mut Pair) -> Result<(), Error> {
    let deadline = pair.server.deadline().unwrap();
    assert!(pair.server.handle_timeout(deadline - Duration::from_millis(1)).is_ok());
    pair.now = deadline;
    pair.server.handle_timeout(deadline)
}

fn is_timeout(result: Result<(), Error>, phase: Phase) -> bool {
    matches!(result, Err(Error::Timeout(found)) if found == phase)
}

#[test]
fn client_that_does_not_finish_the_handshake_is_closed() {
    let mut pair = Pair::new(Config::default());
    let start = pair.now;
    pair.pass(Duration::from_secs(3));
    pair.server.handle_input(&[3, 0, 0], pair.now).unwrap();

    assert_eq!(pair.server.deadline(), Some(start + Duration::from_secs(5)));
    assert!(is_timeout(expire(&mut pair), Phase::Handshake));
}

#[test]
fn client_that_does_not_connect_is_closed() {
    let mut client = crate::handshake::Handshake::client();
    let mut pair = Pair::new(Config::default());
    let (mut up, mut down) = (Vec::new(), Vec::new());
    client.start(&mut up);
    pair.server.handle_input(&up, pair.now).unwrap();
    pair.server.poll_output(&mut down);
    up.clear();
    client.read(&mut &down[..], &mut up).unwrap();
    pair.pass(Duration::from_secs(4));
    pair.server.handle_input(&up, pair.now).unwrap();

    assert_eq!(pair.server.deadline(), Some(pair.now + Duration::from_secs(10)));
    assert!(is_timeout(expire(&mut pair), Phase::Connect));
}

#[test]
fn client_has_no_deadline_while_the_owner_decides() {
    let mut pair = Pair::new(Config::default());
    pair.drive();

    assert_eq!(pair.server.deadline(), None);
}

#[test]
fn client_that_only_connects_is_closed() {
    let mut pair = Pair::new(Config::default());
    pair.drive();
    pair.pass(Duration::from_secs(60));
    pair.server.accept_connect(pair.now).unwrap();
    let accepted = pair.now;
    pair.pass(Duration::from_secs(19));
    pair.server.handle_input(&[], pair.now).unwrap();

    assert_eq!(pair.server.deadline(), Some(accepted + Duration::from_secs(30)));
    assert!(is_timeout(expire(&mut pair), Phase::Idle));
}

#[test]
fn client_that_has_stopped_may_begin_again_for_a_while() {
    let mut pair = Pair::publishing();
    pair.pass(Duration::from_secs(600));
    pair.call(1, "closeStream", None);
    let closed = pair.now;
    pair.pass(Duration::from_secs(15));
    pair.call(0, "_checkbw", None);

    assert_eq!(pair.server.deadline(), Some(closed + Duration::from_secs(30)));
    pair.call(1, "publish", [Value::from("cam")]);
    assert!(expire(&mut pair).is_ok());
}

#[test]
fn silent_viewer_is_pinged_and_its_answer_counts() {
    let mut pair = Pair::playing();
    let heard = pair.now;

    assert_eq!(pair.server.deadline(), Some(heard + Duration::from_secs(20)));
    expire(&mut pair).unwrap();
    assert_eq!(pair.server.deadline(), Some(heard + Duration::from_secs(60)));
    pair.drive();

    assert_eq!(pair.server.deadline(), Some(heard + Duration::from_secs(40)));
}

#[test]
fn viewer_that_does_not_answer_a_ping_is_closed() {
    let mut pair = Pair::playing();

    expire(&mut pair).unwrap();

    assert!(is_timeout(expire(&mut pair), Phase::Ping));
}

#[test]
fn client_gives_up_a_server_that_is_silent() {
    let now = Instant::now();
    let mut client = Client::new(Options::new("live", "rtmp://host/live"), now);

    let deadline = client.deadline().unwrap();

    assert_eq!(deadline, now + Duration::from_secs(10));
    assert!(client.handle_timeout(now).is_ok());
    assert!(is_timeout(client.handle_timeout(deadline), Phase::Handshake));
}
