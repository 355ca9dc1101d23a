//! Clients that send what they should not lose themselves, and nobody else.

use std::time::Duration;

use livecluster_rtmp::Message;
use livecluster_rtmp::amf0::Value;
use livecluster_rtmp::command::answer::command;
use livecluster_rtmp::message::Kind;
use livecluster_tests::local::raw::{self, Raw};
use livecluster_tests::local::{Client, Cluster, LIMIT, Options, Pace, Part, Publisher, Viewer, within};
use livecluster_tests::sim::Random;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

/// A cluster with a stream, and someone who watches it all along.
struct Scene {
    cluster: Cluster,
    publisher: Publisher,
    bystander: Viewer,
    memory: u64,
}

impl Scene {
    async fn set() -> Self {
        let cluster = Cluster::start(Options {
            edges: 1,
            arguments: &["--edge-arg=--handshake-seconds=2", "--edge-arg=--connect-seconds=2"],
            ..Options::default()
        })
        .await;
        let edge = &cluster.edges[0];
        let publisher = Publisher::start(edge, "alice", Pace::default()).await;
        let bystander = Viewer::start(edge, "alice").await;
        publisher.until_sent(10).await;
        Self { memory: edge.memory(), cluster, publisher, bystander }
    }

    fn edge(&self) -> &Part {
        &self.cluster.edges[0]
    }

    /// The bystander has missed nothing, all others are gone, and so is what they took.
    async fn end(self) {
        let edge = self.edge();
        within(LIMIT, "the hostile clients are gone", async || (edge.status().await["connections"] == 2).then_some(()))
            .await;
        within(LIMIT, "memory returns", async || (edge.memory() < self.memory + REMAINDER).then_some(())).await;
        let sent = self.publisher.sent();
        self.bystander.until(sent + 5).await;
        let seen = self.bystander.stop().await;
        assert!(seen.connected);
        seen.shown.assert_whole();
        assert_eq!(seen.statuses, []);
    }
}

/// Waits until so many clients were closed for this reason, and checks that it were no more.
async fn assert_disconnects(edge: &Part, reason: &str, count: usize) {
    let what = format!("{count} clients are closed: {reason}");
    within(LIMIT, &what, async || {
        let closed = edge.disconnects(reason).await;
        assert!(closed <= count as f64, "{closed} instead of {count}: {reason}");
        (closed == count as f64).then_some(())
    })
    .await;
}

/// What memory may be kept of hostile clients by the allocator of an edge.
const REMAINDER: u64 = 8 << 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_do_not_speak_rtmp_are_told_apart_and_closed() {
    let scene = Scene::set().await;
    let edge = scene.edge();
    let hello: [(&str, &[u8]); 5] = [
        ("tls", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
        ("http", b"GET / HTTP/1.1\r\nHost: edge\r\n\r\n"),
        ("http", b"POST /open/1 HTTP/1.1\r\n\r\n"),
        ("version", b"\x06 an encrypted handshake"),
        ("version", b"\x21 anything"),
    ];
    for (_, bytes) in hello {
        let mut raw = Raw::connect(edge).await;
        raw.send(bytes).await;
        raw.until_closed().await;
    }

    assert_disconnects(edge, "tls", 1).await;
    assert_disconnects(edge, "http", 2).await;
    assert_disconnects(edge, "version", 2).await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_dawdle_are_closed_in_time() {
    let scene = Scene::set().await;
    let edge = scene.edge();
    let mut dawdlers = Vec::new();
    for hello in [&b""[..], b"\x03", &[3; 1000], &[3; 1537], &[3; 3000]] {
        for _ in 0..4 {
            let mut raw = Raw::connect(edge).await;
            raw.send(hello).await;
            dawdlers.push(raw);
        }
    }
    for part_of_connect in [&b""[..], b"\x03\0\0\0\0\0\x40\x14\0\0\0\0\x02\0\x07conn"] {
        let mut raw = Raw::shake_hands(edge).await;
        raw.send(part_of_connect).await;
        dawdlers.push(raw);
    }

    let count = dawdlers.len();
    for raw in dawdlers {
        raw.until_closed().await;
    }

    assert_disconnects(edge, "timeout", count).await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_closes_the_connection_that_it_came_on() {
    let scene = Scene::set().await;
    let edge = scene.edge();
    let seed = u64::from(std::process::id());
    println!("seed {seed}");
    let mut random = Random::new(seed);
    for _ in 0..50 {
        let garbage: Vec<u8> = (0..100_000).map(|_| random.number().to_le_bytes()[0]).collect();
        let mut raw = Raw::shake_hands(edge).await;
        raw.send(&garbage).await;
        raw.until_closed().await;
    }

    scene.end().await;
}

/// What is wrong, and the bytes that follow the handshake.
fn broken_messages() -> [(&'static str, Vec<u8>); 10] {
    let command = |payload: &[u8]| raw::message(Kind::COMMAND_AMF0, payload.to_vec());
    let chunk_size = |payload: &[u8]| raw::message(Kind::SET_CHUNK_SIZE, payload.to_vec());
    let nested = [&b"\x02\0\x07connect\0\x3f\xf0\0\0\0\0\0\0"[..], &b"\x03\0\x01a".repeat(3500)];
    [
        ("nested objects", command(&nested.concat())),
        ("a command of nothing", command(b"")),
        ("a command without a name", command(b"\x05")),
        ("half a name", command(b"\x02\0\x0aa")),
        ("half a number", command(b"\x02\0\x01a\0\0")),
        ("a chunk size of 0", chunk_size(&[0; 4])),
        ("half a chunk size", chunk_size(&[0; 2])),
        ("a header that leaves all out", vec![0xc9, 1, 2, 3]),
        ("a message of 16 MB", b"\x03\0\0\0\xff\xff\xff\x14\0\0\0\0".to_vec()),
        ("another command before connect", raw::chunks(&create_stream(1))),
    ]
}

fn create_stream(transaction_id: u32) -> Message {
    command(0, "createStream", transaction_id.into(), [Value::Null])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broken_messages_close_the_connection_that_they_came_on() {
    let scene = Scene::set().await;
    let edge = scene.edge();
    let messages = broken_messages();
    let count = messages.len();

    for (what, bytes) in messages {
        println!("{what}");
        let mut raw = Raw::shake_hands(edge).await;
        raw.send(&bytes).await;
        raw.until_closed().await;
    }

    assert_disconnects(edge, "protocol", count).await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn client_that_asks_for_streams_without_end_is_closed() {
    let scene = Scene::set().await;
    let edge = scene.edge();
    let mut client = Client::connect(edge).await;

    for transaction_id in 10..100_000 {
        client.queue(&create_stream(transaction_id));
    }

    client.until_closed(LIMIT).await;
    assert_disconnects(edge, "protocol", 1).await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_plays_of_what_does_not_exist_leave_nothing_behind() {
    const CLIENTS: usize = 40;
    const PLAYS: usize = 250;
    let scene = Scene::set().await;
    let edge = scene.edge();
    let mut clients = JoinSet::new();
    for index in 0..CLIENTS {
        let mut client = Client::connect(edge).await;
        clients.spawn(async move {
            let stream_id = client.play(&format!("nothing-{index}")).await;
            // An edge takes 100 commands a second of a client.
            let mut ticks = interval(Duration::from_millis(20));
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            for number in 1..PLAYS {
                ticks.tick().await;
                let name = format!("nothing-{index}-{number}");
                client.call(stream_id, "play", [name.as_str().into()]).await;
            }
            assert!(client.is_answered().await, "client {index}");
        });
    }
    while let Some(ended) = clients.join_next().await {
        ended.expect("no panic");
    }

    within(LIMIT, "only the stream that exists is left", async || {
        let status = edge.status().await;
        let streams = status["streams"].as_array()?;
        (streams.iter().all(|stream| stream["key"] == "live/alice")).then_some(())
    })
    .await;
    scene.end().await;
}
