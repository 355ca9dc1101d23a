//! Tests of the store, on an API server in memory.

use livecluster_mrtmp::route::Document;
use livecluster_test_api::{Line, Server, State};
use tokio::sync::watch;

use super::*;
use crate::lease::Lead;

fn own() -> Own {
    let owner = OwnerReference { uid: "uid".to_owned(), name: "demo".to_owned(), ..OwnerReference::default() };
    let labels = BTreeMap::from([("app.kubernetes.io/instance".to_owned(), "demo".to_owned())]);
    Own { name: "demo-routes".to_owned(), owner, labels }
}

fn store(server: &Server) -> (Store, Line) {
    let (client, line) = server.connect("ns");
    (Store::new(Api::default_namespaced(client), own()), line)
}

fn maps(server: &Server) -> Api<ConfigMap> {
    Api::default_namespaced(server.connect("ns").0)
}

fn file(generation: u64) -> File {
    let document = Document { cluster: "uid".to_owned(), generation, ..Document::default() };
    File { document, ..File::default() }
}

/// Whoever leads for so long from now on.
fn leader(time: Duration) -> Leadership {
    Leadership::new(watch::channel(Lead { until: Some(now() + time), firm_until: None }).1)
}

fn forever() -> Leadership {
    leader(Duration::from_secs(3600))
}

fn generation(stored: Stored) -> Option<u64> {
    match stored {
        Stored::Absent => None,
        Stored::File(file) => Some(file.document.generation),
        Stored::Broken(broken) => panic!("{broken}"),
    }
}

#[tokio::test]
async fn document_is_created_replaced_and_read() {
    let server = Server::default();
    let (mut store, _line) = store(&server);
    assert_eq!(generation(store.read().await.expect("read")), None);

    store.write(&file(1), &forever()).await.expect("created");
    store.write(&file(2), &forever()).await.expect("replaced");

    assert_eq!(generation(store.read().await.expect("read")), Some(2));
    let metadata = maps(&server).get("demo-routes").await.expect("there").metadata;
    assert_eq!(metadata.owner_references, Some(vec![own().owner]));
    assert_eq!(metadata.labels, Some(own().labels));
}

#[tokio::test]
async fn nothing_is_written_that_was_not_read() {
    let server = Server::default();
    let (mut store, line) = store(&server);

    let written = store.write(&file(1), &forever()).await;

    assert!(matches!(written, Err(Error::Conflict(_))), "{written:?}");
    assert!(line.asked().is_empty());
}

#[tokio::test]
async fn of_two_who_have_read_the_same_one_writes_and_the_other_decides_again() {
    let server = Server::default();
    let ((mut first, _one), (mut second, _two)) = (store(&server), store(&server));
    for round in [1, 3] {
        first.read().await.expect("read");
        second.read().await.expect("read");

        first.write(&file(round), &forever()).await.expect("written");
        let refused = second.write(&file(round + 1), &forever()).await;

        assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
        let again = second.write(&file(round + 1), &forever()).await;
        assert!(matches!(again, Err(Error::Conflict(_))), "it has to be read first: {again:?}");
        assert_eq!(generation(second.read().await.expect("read")), Some(round));
        second.write(&file(round + 1), &forever()).await.expect("written");
    }
}

#[tokio::test]
async fn document_that_was_deleted_by_hand_is_made_anew() {
    let server = Server::default();
    let (mut store, _line) = store(&server);
    store.read().await.expect("read");
    store.write(&file(1), &forever()).await.expect("written");

    maps(&server).delete("demo-routes", &Default::default()).await.expect("deleted");
    let refused = store.write(&file(2), &forever()).await;

    assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
    assert_eq!(generation(store.read().await.expect("read")), None);
    store.write(&file(2), &forever()).await.expect("written");
    assert_eq!(generation(store.read().await.expect("read")), Some(2));
}

#[tokio::test]
async fn what_was_broken_by_hand_is_told_and_put_right() {
    let of_another = File { document: Document { cluster: "other".to_owned(), ..Document::default() }, ..file(9) };
    for text in [Some("{".to_owned()), Some(of_another.to_json()), None] {
        let server = Server::default();
        let (mut store, _line) = store(&server);
        store.read().await.expect("read");
        store.write(&file(1), &forever()).await.expect("written");
        let mut object = maps(&server).get("demo-routes").await.expect("there");
        object.data = text.map(|text| BTreeMap::from([(KEY.to_owned(), text)]));
        object.metadata.annotations = Some(BTreeMap::from([("note".to_owned(), "by hand".to_owned())]));
        maps(&server).replace("demo-routes", &PostParams::default(), &object).await.expect("broken");

        let stored = store.read().await.expect("read");
        assert!(matches!(stored, Stored::Broken(_)), "{stored:?}");
        store.write(&file(2), &forever()).await.expect("written");

        assert_eq!(generation(store.read().await.expect("read")), Some(2));
        let annotations = maps(&server).get("demo-routes").await.expect("there").metadata.annotations;
        assert!(annotations.is_some_and(|annotations| annotations.contains_key("note")));
    }
}

#[tokio::test]
async fn object_of_somebody_else_is_left_alone() {
    let server = Server::default();
    let (mut store, line) = store(&server);
    let metadata = ObjectMeta { name: Some("demo-routes".to_owned()), ..ObjectMeta::default() };
    let foreign = ConfigMap { metadata, ..ConfigMap::default() };
    maps(&server).create(&PostParams::default(), &foreign).await.expect("made");

    let read = store.read().await;
    assert!(matches!(read, Err(Error::Foreign(_))), "{read:?}");
    line.asked();
    let written = store.write(&file(1), &forever()).await;

    assert!(matches!(written, Err(Error::Conflict(_))), "{written:?}");
    assert!(line.asked().is_empty());
}

#[tokio::test(start_paused = true)]
async fn who_leads_no_longer_writes_nothing() {
    let server = Server::default();
    let (mut store, line) = store(&server);
    store.read().await.expect("read");
    let leader = leader(Duration::from_secs(10));
    time::advance(Duration::from_secs(10)).await;
    line.asked();

    let written = store.write(&file(1), &leader).await;

    assert!(matches!(written, Err(Error::NotLeader)), "{written:?}");
    assert!(line.asked().is_empty());
}

#[tokio::test(start_paused = true)]
async fn write_without_an_answer_is_looked_up() {
    let server = Server::default();
    let (mut store, line) = store(&server);
    store.read().await.expect("read");

    line.set(State::Deaf);
    let written = store.write(&file(1), &forever()).await;
    assert!(matches!(written, Err(Error::Slow)), "{written:?}");
    line.set(State::Up);

    let again = store.write(&file(2), &forever()).await;
    assert!(matches!(again, Err(Error::Conflict(_))), "{again:?}");
    assert_eq!(generation(store.read().await.expect("read")), Some(1));
}

#[tokio::test]
async fn document_that_no_reader_would_take_is_not_written() {
    let server = Server::default();
    let (mut store, line) = store(&server);
    store.read().await.expect("read");
    line.asked();
    let mut large = file(1);
    large.document.cluster = "x".repeat(MAX_DOCUMENT_LEN);

    let written = store.write(&large, &forever()).await;

    assert!(matches!(written, Err(Error::TooLarge(_))), "{written:?}");
    assert!(line.asked().is_empty());
}
