//! Tests of the process, on an API server in memory and a stopped clock.

use std::time::Duration;

use k8s_openapi::api::coordination::v1::Lease;
use livecluster_node::http::Pages;
use livecluster_test_api::{Line, Server, State};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use super::*;

/// An operator that runs, with a controller that tells what becomes of it.
struct Running {
    line: Line,
    pages: Arc<OperatorPages>,
    told: mpsc::Receiver<&'static str>,
    /// Dropped, the process is to end.
    shutdown: Option<oneshot::Sender<()>>,
    task: JoinHandle<Result<(), Error>>,
}

impl Running {
    /// `pause` is what the controller takes to end.
    async fn start(server: &Server, name: &str, pause: Duration) -> Self {
        let (client, line) = server.connect("system");
        let config = Config {
            name: name.to_owned(),
            http_listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            namespace: "system".to_owned(),
            watch_namespaces: Vec::new(),
            release: "live".to_owned(),
            network_policy: Vec::new(),
            image: "livecluster:test".to_owned(),
        };
        let operator = Operator::bind(&config, client).await.expect("a free port");
        let (tell, told) = mpsc::channel(4);
        let (shutdown, shut) = oneshot::channel::<()>();
        let pages = Arc::clone(&operator.pages);
        let controller = move |mut acting: Acting| async move {
            acting.leadership.clone().begun().await;
            tell.send("leads").await.expect("the test listens");
            acting.stopped().await;
            sleep(pause).await;
            assert!(acting.leadership.may_act(Instant::now().into_std()), "the lease is held until work has ended");
            tell.send("ended").await.expect("the test listens");
            Ending::Done
        };
        let task = tokio::spawn(operator.run(controller, async { drop(shut.await) }));
        Self { line, pages, told, shutdown: Some(shutdown), task }
    }

    async fn told(&mut self) -> Option<&'static str> {
        timeout(Duration::from_secs(60), self.told.recv()).await.expect("in time")
    }

    fn leads(&self) -> bool {
        self.pages.metrics().lines().any(|line| line == "livecluster_operator_leader 1")
    }
}

async fn holder(server: &Server) -> String {
    let leases = Api::<Lease>::default_namespaced(server.connect("system").0);
    let lease = leases.get(LEASE).await.expect("a lease");
    lease.spec.and_then(|spec| spec.holder_identity).unwrap_or_default()
}

#[tokio::test(start_paused = true)]
async fn lease_is_given_back_when_the_work_has_ended() {
    let server = Server::default();
    let mut operator = Running::start(&server, "operator-0", Duration::from_secs(20)).await;
    assert_eq!(operator.told().await, Some("leads"));
    assert!(operator.leads());
    assert!(holder(&server).await.starts_with("operator-0_"));

    drop(operator.shutdown.take());
    sleep(Duration::from_secs(19)).await;
    assert!(operator.leads());
    assert_eq!(operator.told().await, Some("ended"));

    operator.task.await.expect("no panic").expect("in good order");
    assert_eq!(holder(&server).await, "");
}

#[tokio::test(start_paused = true)]
async fn lost_lease_ends_the_process_with_an_error() {
    let server = Server::default();
    let mut operator = Running::start(&server, "operator-0", Duration::ZERO).await;
    assert_eq!(operator.told().await, Some("leads"));

    operator.line.set(State::Broken);
    let ended = timeout(Duration::from_secs(11), operator.task).await.expect("it ends").expect("no panic");

    assert!(matches!(ended, Err(Error::Lost(_))), "{ended:?}");
    assert_eq!(operator.told.recv().await, None);
}

#[tokio::test(start_paused = true)]
async fn standby_is_ready_and_goes_on_without_an_api() {
    let server = Server::default();
    let mut first = Running::start(&server, "operator-0", Duration::ZERO).await;
    assert_eq!(first.told().await, Some("leads"));
    let mut second = Running::start(&server, "operator-1", Duration::ZERO).await;
    second.line.set(State::Broken);

    sleep(Duration::from_secs(600)).await;
    assert!(!second.leads());
    assert_eq!(second.pages.unready(), None);
    second.line.set(State::Up);
    drop(first.shutdown.take());

    assert_eq!(second.told().await, Some("leads"));
}
