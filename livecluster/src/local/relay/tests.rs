//! Tests of links that are cut.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::*;

/// The beginning of a HELLO of `edge-0`.
const HELLO: &[u8] = b"MRTP\0\0\0\x6c\x01\0\x01\0\x01\x01\0\x07cluster\0\x06edge-0";

/// Both ends of a link through a relay.
struct Link {
    relay: Relay,
    origin: TcpListener,
    dialled: SocketAddr,
}

impl Link {
    async fn new() -> Self {
        let origin = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let mut relay = Relay::default();
        let dialled = relay.open(&"origin-0".into(), origin.local_addr().expect("bound")).expect("a port");
        Self { relay, origin, dialled }
    }

    async fn dial(&self) -> TcpStream {
        let mut edge = TcpStream::connect(self.dialled).await.expect("connected");
        edge.write_all(HELLO).await.expect("sent");
        edge
    }

    /// The next connection that reaches the origin.
    async fn accept(&self) -> TcpStream {
        let (mut origin, _) = timeout(LIMIT, self.origin.accept()).await.expect("in time").expect("forwarded");
        assert_eq!(read(&mut origin, HELLO.len()).await, HELLO);
        origin
    }

    fn cut(&self, ways: Option<Ways>) {
        self.relay.set(&"edge-0".into(), &"origin-0".into(), ways);
    }
}

async fn read(stream: &mut TcpStream, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    timeout(LIMIT, stream.read_exact(&mut bytes)).await.expect("in time").expect("received");
    bytes
}

/// Whether nothing comes, not even an end.
async fn is_silent(stream: &mut TcpStream) -> bool {
    timeout(SILENCE, stream.read_u8()).await.is_err()
}

#[tokio::test]
async fn link_goes_through_both_ways_to_its_end() {
    let link = Link::new().await;
    let mut edge = link.dial().await;
    let mut origin = link.accept().await;

    edge.write_all(b"up").await.expect("sent");
    origin.write_all(b"down").await.expect("sent");
    assert_eq!(read(&mut origin, 2).await, b"up");
    assert_eq!(read(&mut edge, 4).await, b"down");

    drop(origin);
    assert_eq!(timeout(LIMIT, edge.read(&mut [0])).await.expect("in time").expect("an end"), 0);
}

#[tokio::test]
async fn link_that_is_cut_both_ways_tells_nobody_of_the_end_until_it_is_mended() {
    let link = Link::new().await;
    let mut edge = link.dial().await;
    let mut origin = link.accept().await;

    link.cut(Some(Ways::Both));
    edge.write_all(b"up").await.expect("sent");
    drop(edge);
    assert!(is_silent(&mut origin).await);

    link.cut(None);
    assert_eq!(read(&mut origin, 2).await, b"up");
    assert_eq!(timeout(LIMIT, origin.read(&mut [0])).await.expect("in time").expect("an end"), 0);
}

#[tokio::test]
async fn link_that_is_cut_one_way_goes_on_the_other() {
    for (ways, reaches_origin) in [(Ways::Up, false), (Ways::Down, true)] {
        let link = Link::new().await;
        let mut edge = link.dial().await;
        let mut origin = link.accept().await;

        link.cut(Some(ways));
        edge.write_all(b"x").await.expect("sent");
        origin.write_all(b"x").await.expect("sent");

        let (open, cut) = if reaches_origin { (&mut origin, &mut edge) } else { (&mut edge, &mut origin) };
        assert_eq!(read(open, 1).await, b"x", "{ways:?}");
        assert!(is_silent(cut).await, "{ways:?}");
    }
}

#[tokio::test]
async fn new_connection_of_a_cut_link_is_taken_and_waits() {
    let link = Link::new().await;
    link.cut(Some(Ways::Up));

    let mut edge = link.dial().await;
    assert!(timeout(SILENCE, link.origin.accept()).await.is_err());
    assert!(is_silent(&mut edge).await);

    link.cut(None);
    link.accept().await;
}

#[tokio::test]
async fn other_links_of_the_same_origin_are_not_cut() {
    let link = Link::new().await;
    link.relay.set(&"edge-1".into(), &"origin-0".into(), Some(Ways::Both));
    link.relay.set(&"edge-0".into(), &"origin-1".into(), Some(Ways::Both));

    link.dial().await;

    link.accept().await;
}

#[tokio::test]
async fn origin_that_starts_again_is_reached_at_the_same_address() {
    let mut link = Link::new().await;
    let here = link.origin.local_addr().expect("bound");

    assert_eq!(link.relay.open(&"origin-0".into(), here).expect("open"), link.dialled);

    link.relay.forget(&"origin-0".into());
    assert_ne!(link.relay.open(&"origin-0".into(), here).expect("open"), link.dialled);
}

/// How long anything may take.
const LIMIT: Duration = Duration::from_secs(20);

/// How long to wait for what shall not come.
const SILENCE: Duration = Duration::from_millis(50);
