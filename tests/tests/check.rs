//! `livecluster bench check`, as a person runs it and as `helm test` does, on real processes.

use livecluster_tests::local::{Cluster, Options, Run};
use rustix::process::Signal;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cluster_that_passes_a_stream_on_is_told_in_a_sentence_of_figures() {
    let cluster = Cluster::start(Options::default()).await;
    let application = cluster.edges[1].url("").trim_end_matches('/').to_owned();

    let Run { code, said } = Run::of(&["bench", "check", "--duration", "1s", &application]).await;

    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains(": 69 frames came, each once and in order; half of them within "), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cluster_without_an_origin_that_answers_is_told_in_a_sentence() {
    let cluster = Cluster::start(Options { arguments: &["--edge-arg=--hold-seconds=1"], ..Options::default() }).await;
    let application = cluster.edges[0].url("").trim_end_matches('/').to_owned();
    cluster.origins[0].signal(Signal::STOP);

    let Run { code, said } = Run::of(&["bench", "check", "--duration", "100ms", &application]).await;

    assert_eq!(code, Some(1), "{said}");
    assert!(said.starts_with(&format!("livecluster: the viewer at {application}/check-")), "{said}");
    assert!(said.ends_with(": refused with NetStream.Play.Failed\n"), "{said}");
}

#[tokio::test]
async fn nobody_there_is_told_in_a_sentence() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let application = format!("rtmp://{}/live", free.expect("a free port"));

    let Run { code, said } = Run::of(&["bench", "check", &application]).await;

    assert_eq!(code, Some(1), "{said}");
    assert!(said.starts_with(&format!("livecluster: can't reach {application}/check-")), "{said}");
    assert!(said.trim_end().ends_with(": connection refused"), "{said}");
}
