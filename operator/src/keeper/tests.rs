//! Tests of the keeper, on an API server in memory, with parts that only report.

use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::Api;
use kube::api::{DeleteParams, PostParams};
use livecluster_mrtmp::frame::Streams;
use livecluster_mrtmp::id::BootId;
use livecluster_mrtmp::link::Secrets;
use livecluster_mrtmp::route::{Origin, State as OriginState};
use livecluster_test_api::{Line, Server, State};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::*;
use crate::lease::Lead;
use crate::routing::Wish;
use crate::store::{KEY, Own};

/// A keeper that runs.
struct Running {
    line: Line,
    words: mpsc::Sender<Word>,
    observations: mpsc::Sender<Observation>,
    leads: watch::Sender<Lead>,
    shown: watch::Receiver<Shown>,
    task: JoinHandle<()>,
}

impl Running {
    fn start(server: &Server, leads: bool) -> Self {
        let (client, line) = server.connect("ns");
        let owner = OwnerReference { uid: "uid".to_owned(), ..OwnerReference::default() };
        let own = Own { name: NAME.to_owned(), owner, labels: BTreeMap::new() };
        let store = Store::new(Api::default_namespaced(client), own);
        let (leads, leadership) = watch::channel(lead(leads));
        let (observations, observed) = mpsc::channel(64);
        let generation = Arc::<AtomicU64>::default();
        let secrets = Secrets::new(vec![b"the secret of these tests, long enough".to_vec()]).expect("long enough");
        let watches =
            Watches::new("uid".to_owned(), "operator-0".into(), secrets, generation.clone(), observations.clone());
        let keeper = Keeper::new(
            "uid".to_owned(),
            store,
            Leadership::new(leadership),
            watches.expect("random numbers"),
            observed,
            generation,
        );
        let (words, told) = mpsc::channel(64);
        let shown = keeper.subscribe();
        Self { line, words, observations, leads, shown, task: tokio::spawn(keeper.run(told)) }
    }

    /// Two origins are wanted, and both have told that they have no streams.
    async fn with_two_origins(server: &Server, leads: bool) -> Self {
        let running = Self::start(server, leads);
        running.want(Applications::default()).await;
        for origin in ["o-0", "o-1"] {
            running.see(origin, Event::Started).await;
            running.see(origin, Event::LinkUp(BootId(7))).await;
            let nothing = Streams { complete: true, generation: 0, streams: Vec::new() };
            running.see(origin, Event::Streams(nothing)).await;
        }
        running
    }

    async fn want(&self, applications: Applications) {
        let wanted =
            |name: &str| (Name::from(name), DesiredOrigin { address: format!("{name}:1950"), wish: Wish::Active });
        self.tell(Word::Want([wanted("o-0"), wanted("o-1")].into(), applications)).await;
    }

    async fn tell(&self, word: Word) {
        self.words.send(word).await.expect("it runs");
    }

    async fn see(&self, origin: &str, event: Event) {
        let observation = Observation { part: Part::Origin(origin.into()), event };
        self.observations.send(observation).await.expect("it runs");
    }

    /// Until it shows something.
    async fn until(&mut self, what: impl Fn(&Shown) -> bool) {
        let shown = timeout(Duration::from_secs(60), self.shown.wait_for(|shown| what(shown))).await;
        assert!(shown.is_ok_and(|shown| shown.is_ok()), "{:?}", self.shown.borrow());
    }

    async fn until_active(&mut self, names: &[&str]) {
        self.until(|shown| shown.document.as_ref().is_some_and(|document| active(document) == names)).await;
    }
}

fn lead(leads: bool) -> Lead {
    Lead { until: leads.then(forever), firm_until: None }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn forever() -> Instant {
    now() + Duration::from_secs(1_000_000)
}

fn active(document: &Document) -> Vec<&str> {
    let active = document.origins.iter().filter(|origin| origin.state == OriginState::Active);
    active.map(|origin| &*origin.name).collect()
}

fn maps(server: &Server) -> Api<ConfigMap> {
    Api::default_namespaced(server.connect("ns").0)
}

async fn stored(server: &Server) -> File {
    let object = maps(server).get(NAME).await.expect("there");
    File::parse(&object.data.expect("data")[KEY]).expect("a document")
}

/// As somebody else would write it.
async fn put(server: &Server, file: &File) {
    let mut object = maps(server).get(NAME).await.expect("there");
    object.data = Some([(KEY.to_owned(), file.to_json())].into());
    maps(server).replace(NAME, &PostParams::default(), &object).await.expect("written");
}

const NAME: &str = "demo-routes";

#[tokio::test(start_paused = true)]
async fn first_document_is_written_when_all_origins_have_told_what_they_have() {
    let server = Server::default();

    let mut keeper = Running::with_two_origins(&server, true).await;

    keeper.until_active(&["o-0", "o-1"]).await;
    assert_eq!(active(&stored(&server).await.document), ["o-0", "o-1"]);
}

#[tokio::test(start_paused = true)]
async fn origin_that_is_gone_leaves_the_document_at_once() {
    let server = Server::default();
    let mut keeper = Running::with_two_origins(&server, true).await;
    keeper.until_active(&["o-0", "o-1"]).await;
    let before = (time::Instant::now(), stored(&server).await.document.generation);

    keeper.tell(Word::Gone(Part::Origin("o-0".into()))).await;
    keeper.until_active(&["o-1"]).await;

    assert!(before.0.elapsed() < Duration::from_millis(50));
    assert!(stored(&server).await.document.generation > before.1);
}

#[tokio::test(start_paused = true)]
async fn who_stands_by_sees_everything_and_writes_when_it_leads() {
    let server = Server::default();
    let mut standby = Running::with_two_origins(&server, false).await;
    time::sleep(Duration::from_secs(60)).await;
    assert_eq!(standby.line.asked(), Vec::<String>::new());

    standby.leads.send_replace(lead(true));

    standby.until_active(&["o-0", "o-1"]).await;
}

#[tokio::test(start_paused = true)]
async fn new_leader_goes_on_from_what_is_stored() {
    let server = Server::default();
    let mut first = Running::with_two_origins(&server, true).await;
    let mut second = Running::with_two_origins(&server, false).await;
    first.until_active(&["o-0", "o-1"]).await;
    let mut file = stored(&server).await;
    file.document.generation += 1_000_000;
    put(&server, &file).await;

    first.leads.send_replace(lead(false));
    second.leads.send_replace(lead(true));
    second.until_active(&["o-0", "o-1"]).await;
    assert_eq!(stored(&server).await, file);
    second.tell(Word::Gone(Part::Origin("o-0".into()))).await;
    second.until_active(&["o-1"]).await;

    assert!(stored(&server).await.document.generation > file.document.generation);
}

#[tokio::test(start_paused = true)]
async fn leader_decides_again_on_what_somebody_else_wrote() {
    let server = Server::default();
    let mut keeper = Running::with_two_origins(&server, true).await;
    keeper.until_active(&["o-0", "o-1"]).await;
    let mut file = stored(&server).await;
    file.document.generation += 1_000_000;
    let stranger = Origin { name: "o-9".into(), address: "o-9:1950".to_owned(), state: OriginState::Active };
    file.document.origins.push(stranger);
    put(&server, &file).await;

    keeper.tell(Word::Gone(Part::Origin("o-0".into()))).await;

    keeper.until(|shown| shown.document.as_ref().is_some_and(|document| document.origin("o-9").is_some())).await;
    let document = stored(&server).await.document;
    assert!(document.origin("o-0").is_none());
    assert!(document.origin("o-9").is_some(), "nothing tells that it is gone");
    assert!(document.generation > file.document.generation);
}

#[tokio::test(start_paused = true)]
async fn document_that_was_deleted_or_broken_by_hand_is_written_anew() {
    for text in [None, Some("{")] {
        let server = Server::default();
        let mut keeper = Running::with_two_origins(&server, true).await;
        keeper.until_active(&["o-0", "o-1"]).await;
        let generation = stored(&server).await.document.generation;
        keeper.see("o-0", Event::Generation(generation)).await;
        let mut object = maps(&server).get(NAME).await.expect("there");
        match text {
            None => drop(maps(&server).delete(NAME, &DeleteParams::default()).await.expect("deleted")),
            Some(text) => {
                object.data = Some([(KEY.to_owned(), text.to_owned())].into());
                maps(&server).replace(NAME, &PostParams::default(), &object).await.expect("broken");
            }
        }

        keeper.tell(Word::Look).await;

        let is_newer = |shown: &Shown| shown.document.as_ref().is_some_and(|document| document.generation > generation);
        keeper.until(is_newer).await;
        assert_eq!(active(&stored(&server).await.document), ["o-0", "o-1"]);
    }
}

#[tokio::test(start_paused = true)]
async fn applications_come_into_force_without_another_generation() {
    let server = Server::default();
    let mut keeper = Running::with_two_origins(&server, true).await;
    keeper.until_active(&["o-0", "o-1"]).await;
    let before = stored(&server).await;
    let listed = Applications::Listed { names: ["live".to_owned()].into() };
    keeper.shown.mark_unchanged();

    keeper.want(listed.clone()).await;
    time::sleep(Duration::from_secs(1)).await;

    assert_eq!(stored(&server).await, File { applications: listed, ..before });
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_written_is_written_when_the_api_is_back() {
    let server = Server::default();
    let mut keeper = Running::with_two_origins(&server, true).await;
    keeper.until_active(&["o-0", "o-1"]).await;

    keeper.line.set(State::Broken);
    keeper.tell(Word::Gone(Part::Origin("o-0".into()))).await;
    keeper.until(|shown| shown.failure.is_some()).await;
    time::sleep(Duration::from_secs(20)).await;
    keeper.line.set(State::Up);

    keeper.until_active(&["o-1"]).await;
    keeper.until(|shown| shown.failure.is_none()).await;
}
