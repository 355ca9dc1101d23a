//! Tests of candidates at work, on an API server in memory and a stopped clock.

use livecluster_test_api::{Line, Server, State};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant as Clock, timeout};

use super::*;

/// A candidate that runs.
struct Running {
    leadership: Leadership,
    line: Line,
    end: oneshot::Sender<Ending>,
    task: JoinHandle<Result<(), Lost>>,
}

impl Running {
    fn start(server: &Server, identity: &str) -> Self {
        let (client, line) = server.connect("system");
        let api = Api::default_namespaced(client);
        let (candidate, leadership) = Candidate::new(api, "operator", identity.to_owned(), Timing::default());
        let (end, ended) = oneshot::channel();
        let task = tokio::spawn(candidate.run(async { ended.await.unwrap_or(Ending::Done) }));
        Self { leadership, line, end, task }
    }

    fn leads(&self) -> bool {
        self.leadership.may_act(now())
    }

    /// How long it takes until it leads.
    async fn until_leader(&mut self) -> Duration {
        let begin = Clock::now();
        timeout(Duration::from_secs(60), self.leadership.begun()).await.expect("it leads");
        begin.elapsed()
    }

    async fn end(self, ending: Ending) -> Result<(), Lost> {
        let _ = self.end.send(ending);
        self.task.await.expect("no panic")
    }
}

/// The clock jumps from one thing that is due to the next.
async fn seconds(seconds: u64) {
    time::sleep(Duration::from_secs(seconds)).await;
}

async fn stored(server: &Server) -> Lease {
    Api::<Lease>::default_namespaced(server.connect("system").0).get("operator").await.expect("a lease")
}

fn holder(lease: &Lease) -> String {
    Record::from(lease).holder
}

#[tokio::test(start_paused = true)]
async fn first_candidate_leads_at_once_and_goes_on() {
    let server = Server::default();
    let mut only = Running::start(&server, "a");

    assert!(only.until_leader().await < Duration::from_secs(1));
    for _ in 0..60 {
        seconds(1).await;
        assert!(only.leads());
    }

    let lease = stored(&server).await;
    assert_eq!(holder(&lease), "a");
    assert_eq!(lease.spec.expect("a spec").lease_transitions, Some(1));
}

#[tokio::test(start_paused = true)]
async fn standby_takes_a_released_lease_in_less_than_two_seconds() {
    let server = Server::default();
    let mut first = Running::start(&server, "a");
    first.until_leader().await;
    let mut second = Running::start(&server, "b");
    seconds(30).await;
    assert!(!second.leads());

    first.end(Ending::Done).await.expect("given back");

    assert!(second.until_leader().await < Duration::from_secs(2));
    assert_eq!(holder(&stored(&server).await), "b");
}

#[tokio::test(start_paused = true)]
async fn leader_that_is_cut_off_has_lost_before_another_one_leads() {
    for cut in [State::Broken, State::Silent, State::Deaf] {
        let server = Server::default();
        let mut first = Running::start(&server, "a");
        first.until_leader().await;
        let mut second = Running::start(&server, "b");
        seconds(5).await;

        first.line.set(cut);
        let leadership = first.leadership.clone();
        let lost = timeout(Duration::from_secs(11), first.task).await.expect("it ends").expect("no panic");

        assert_eq!(lost.expect_err("lost").lease, "operator", "{cut:?}");
        assert!(!leadership.may_act(now()), "{cut:?}");
        assert!(!second.leads(), "{cut:?}");
        assert!(second.until_leader().await <= Duration::from_secs(15), "{cut:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn leader_survives_an_outage_that_is_shorter_than_its_lease() {
    let server = Server::default();
    let mut first = Running::start(&server, "a");
    first.until_leader().await;
    seconds(5).await;

    first.line.set(State::Broken);
    seconds(6).await;
    first.line.set(State::Up);
    seconds(5).await;

    assert!(first.leads());
    assert!(!first.task.is_finished());
}

#[tokio::test(start_paused = true)]
async fn candidate_that_finds_no_api_waits() {
    let server = Server::default();
    let mut only = Running::start(&server, "a");
    only.line.set(State::Broken);

    seconds(3600).await;
    assert!(!only.task.is_finished());
    only.line.set(State::Up);

    assert!(only.until_leader().await < Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn leader_that_finds_another_holder_ends() {
    let server = Server::default();
    let mut first = Running::start(&server, "a");
    first.until_leader().await;
    let api = Api::<Lease>::default_namespaced(server.connect("system").0);
    let taken = record::claimed(stored(&server).await, "b", Duration::from_secs(15), Timestamp::now());

    api.replace("operator", &PostParams::default(), &taken).await.expect("taken");

    let lost = timeout(Duration::from_secs(3), first.task).await.expect("it ends").expect("no panic");
    assert!(lost.is_err());
    assert_eq!(holder(&stored(&server).await), "b");
}

#[tokio::test(start_paused = true)]
async fn standby_whose_watch_has_fallen_silent_leads_when_the_holder_is_gone() {
    let server = Server::default();
    let mut first = Running::start(&server, "a");
    first.until_leader().await;
    let backup = server.back_up();
    seconds(60).await;
    let mut second = Running::start(&server, "b");
    seconds(5).await;

    // An earlier state: the leader goes on from it, and the standby's watch waits for later versions.
    server.restore(backup);
    seconds(5).await;
    first.end(Ending::Done).await.expect("given back");

    assert!(second.until_leader().await < Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn candidate_that_does_not_lead_ends_and_leaves_the_lease_alone() {
    let server = Server::default();
    let mut first = Running::start(&server, "a");
    first.until_leader().await;
    let second = Running::start(&server, "b");
    seconds(5).await;

    second.end(Ending::Done).await.expect("ended");

    assert_eq!(holder(&stored(&server).await), "a");
}

#[tokio::test(start_paused = true)]
async fn lease_that_was_given_up_is_kept_for_a_while_by_whoever_has_it_next() {
    let server = Server::default();
    let mut first = Running::start(&server, "a");
    first.until_leader().await;
    assert!(first.leadership.may_give_up(now()));
    let mut second = Running::start(&server, "b");
    seconds(5).await;

    first.end(Ending::Blind).await.expect("given up");
    second.until_leader().await;

    assert!(!second.leadership.may_give_up(now()));
    seconds(290).await;
    assert!(second.leads() && !second.leadership.may_give_up(now()));
    seconds(20).await;
    assert!(second.leadership.may_give_up(now()));
}
