//! Tests of the watch links.

use livecluster_mrtmp::frame::{Heartbeat, Links, Streams};
use tokio::net::TcpListener;
use tokio::time::timeout;

use super::*;

const SECRET: &[u8] = b"the secret of these tests, long enough";

fn config(name: &str, role: Role) -> Arc<Config> {
    let secrets = Secrets::new(vec![SECRET.to_vec()]).expect("long enough");
    Arc::new(Config::new(
        "uid".to_owned(),
        name.into(),
        role,
        BootId(7),
        secrets,
    ))
}

/// A part that sends what is in it.
struct Part0(Vec<Frame>);

impl Endpoint for Part0 {
    type Error = std::convert::Infallible;

    fn handle_frame(&mut self, _: Frame, _: Instant) -> Result<(), Self::Error> {
        Ok(())
    }

    fn poll_frame(&mut self, _: Instant) -> Option<Frame> {
        self.0.pop()
    }

    fn generation(&self) -> u64 {
        5
    }
}

async fn serve(listener: TcpListener, frames: Vec<Frame>) {
    let (stream, _) = listener.accept().await.expect("a link");
    let opening = Opening {
        nonce: [1; 32],
        number: 0,
        generation: 5,
    };
    let accepted = io::accept(stream, config("origin-0", Role::Origin), opening).await;
    let connection = accepted.expect("the same secret");
    connection
        .run(
            &mut Part0(frames),
            &Notify::new(),
            sleep(Duration::from_millis(1)),
        )
        .await;
}

#[tokio::test]
async fn reports_of_a_part_become_observations() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let (sender, mut observations) = mpsc::channel(16);
    let watch = Watch {
        config: config(NAME, Role::Operator),
        generation: Arc::default(),
        observations: sender,
    };
    let streams = Streams {
        complete: true,
        generation: 5,
        streams: Vec::new(),
    };
    let part = Part::Origin("origin-0".into());

    let server = tokio::spawn(serve(listener, vec![Frame::Streams(streams.clone())]));
    let watching = tokio::spawn(watch.run(part.clone(), "origin-0".into(), address));

    let mut events = Vec::new();
    while events.last() != Some(&Event::LinkDown) {
        let next = timeout(Duration::from_secs(10), observations.recv()).await;
        let observation = next.expect("in time").expect("an observation");
        assert_eq!(observation.part, part);
        events.push(observation.event);
    }
    events.retain(|event| *event != Event::Generation(5));
    assert_eq!(
        events,
        [
            Event::LinkUp(BootId(7)),
            Event::Streams(streams),
            Event::LinkDown
        ]
    );
    server.await.expect("no panic");
    watching.abort();
}

#[test]
fn generation_is_told_when_it_grows() {
    let (sender, mut observations) = mpsc::channel(16);
    let watch = Watch {
        config: config(NAME, Role::Operator),
        generation: Arc::default(),
        observations: sender,
    };
    let part = Part::Origin("origin-0".into());
    let mut reports = Reports {
        watch: &watch,
        part: &part,
        generation: 0,
    };
    let heartbeat = |generation| {
        Frame::Heartbeat(Heartbeat {
            generation,
            ..Heartbeat::default()
        })
    };

    for generation in [0, 3, 3, 4] {
        reports
            .handle_frame(heartbeat(generation), Instant::now())
            .expect("room");
    }

    let mut told = || {
        observations
            .try_recv()
            .ok()
            .map(|observation| observation.event)
    };
    assert_eq!(
        [told(), told(), told()],
        [Some(Event::Generation(3)), Some(Event::Generation(4)), None]
    );
}

#[test]
fn link_whose_reports_are_not_looked_at_is_closed() {
    let (sender, _observations) = mpsc::channel(1);
    let watch = Watch {
        config: config(NAME, Role::Operator),
        generation: Arc::default(),
        observations: sender,
    };
    let part = Part::Edge("edge-0".into());
    let mut reports = Reports {
        watch: &watch,
        part: &part,
        generation: 0,
    };
    let links = || {
        Frame::Links(Links {
            origins: Vec::new(),
            connections: 0,
        })
    };

    assert!(reports.handle_frame(links(), Instant::now()).is_ok());
    assert!(reports.handle_frame(links(), Instant::now()).is_err());
}
