//! Publishers and viewers of a run against a relay in the same process.

mod relay;

use clap::{Args, FromArgMatches};
use relay::{Faults, Relay};

use super::*;

/// Parses the options of a side as a person would type them.
fn parse<A: Args + FromArgMatches>(arguments: &[&str]) -> Result<A, clap::Error> {
    let command = A::augment_args(clap::Command::new("bench"));
    let arguments = ["bench"].iter().chain(arguments);
    A::from_arg_matches(&command.try_get_matches_from(arguments)?)
}

/// Two streams through a relay, for a second, with three viewers on each.
async fn run(faults: Faults) -> (publish::Report, play::Report) {
    let url = format!("{}/live/cam{{n}}", Relay::start(faults).await);
    let publish = ["--publishers=2", "--duration=1500ms", "--gop=200ms", &url];
    let play = ["--viewers=6", "--streams=2", "--duration=1s", "--max-lost=0", &url];
    let (publish, play) = (parse(&publish).unwrap(), parse(&play).unwrap());

    let (sent, seen) = tokio::join!(publish::publish(&publish), play::play(&play));
    (sent.unwrap(), seen.unwrap())
}

#[tokio::test]
async fn all_that_is_published_is_seen_in_order() {
    let (sent, seen) = run(Faults::None).await;

    assert_eq!((sent.published, sent.disconnects), (2, 0));
    assert_eq!((seen.connected, seen.watching, seen.disconnects), (6, 6, 0));
    assert!(seen.frames_checked > 100, "{seen:?}");
    assert_eq!(seen.frames_checked, seen.frames_received);
    assert_eq!((seen.frames_lost, seen.frames_repeated), (0, 0));
    assert_eq!((seen.frames_out_of_order, seen.frames_damaged), (0, 0));
    assert!(seen.latency_ms.is_some() && seen.first_keyframe_ms.is_some());
    assert!(seen.bounds_broken.is_empty());
}

#[tokio::test]
async fn frames_that_a_server_drops_are_lost_and_break_the_bound() {
    let (_, seen) = run(Faults::DropEveryTenth).await;

    assert!(seen.frames_lost > 0, "{seen:?}");
    assert_eq!((seen.frames_repeated, seen.frames_damaged), (0, 0));
    assert_eq!(seen.bounds_broken.len(), 1);
}

#[tokio::test]
async fn server_that_is_not_there_is_an_error_at_the_start() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("rtmp://{}/live/cam", free.local_addr().unwrap());
    drop(free);

    let error = play::play(&parse(&[&url]).unwrap()).await.unwrap_err();

    assert_eq!(error.to_string(), format!("can't reach {url}: connection refused"));
}

/// What a check of a relay says, when it sends for a second and waits as long.
async fn check(faults: Faults) -> Result<String, String> {
    let application = format!("{}/live", Relay::start(faults).await);
    let times = check::Times { duration: Duration::from_secs(1), patience: Duration::from_secs(1) };
    let checked = check::check(&application, times).await;
    checked.map(|passed| passed.to_string()).map_err(|failed| failed.to_string())
}

#[tokio::test]
async fn check_passes_where_all_frames_come() {
    let passed = check(Faults::None).await.unwrap();

    // 25 pictures, and 1024 samples in each of 44 frames of 44.1 kHz.
    assert!(passed.contains(": 69 frames came, each once and in order; half of them within "), "{passed}");
}

#[tokio::test]
async fn check_fails_with_what_is_wrong() {
    for (faults, expected) in [
        (Faults::DropEveryTenth, "of 69 frames that were sent 6 were lost, 1 at the end did not come within 1 s"),
        (Faults::RepeatEveryTenth, "of 69 frames that were sent 7 came twice"),
        (Faults::StopAfter(33), "of 69 frames that were sent 39 at the end did not come within 1 s"),
        (Faults::StopAfter(3), "of 69 frames that were sent none came within 1 s"),
        (Faults::IgnorePublish, "the publisher was not answered"),
    ] {
        let said = check(faults).await.unwrap_err();

        assert!(said.contains(expected), "{faults:?}: {said}");
    }
}

#[test]
fn options_are_refused_with_their_bounds() {
    let told = |arguments: &[&str]| {
        let error = parse::<play::Args>(arguments).unwrap_err().to_string();
        error.lines().next().unwrap_or_default().to_owned()
    };

    assert_eq!(
        told(&["rtmp://h/a/b", "--viewers", "0"]),
        "error: invalid value '0' for '--viewers <N>': 0 is not in 1..=60000"
    );
    assert_eq!(
        told(&["rtmp://h/a/b", "--duration", "30"]),
        "error: invalid value '30' for '--duration <DURATION>': not a quantity like 30s or 2m"
    );
    assert_eq!(
        told(&["http://h/a/b"]),
        "error: invalid value 'http://h/a/b' for '<rtmp://HOST:PORT/APP/STREAM{n}>...': it does not begin with rtmp://"
    );
}
