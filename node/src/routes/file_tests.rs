//! Tests of the route document in a file.

use livecluster_mrtmp::route::File;

use super::*;

fn document(generation: u64) -> String {
    format!(
        r#"{{"version": 1, "cluster": "c", "generation": {generation}, "placement": "rendezvous-1",
            "origins": [{{"name": "o-0", "address": "127.0.0.1:1", "state": "active"}}], "streams": {{}}}}"#
    )
}

fn write(path: &Path, text: &str) {
    let next = path.with_extension("next");
    std::fs::write(&next, text).unwrap();
    std::fs::rename(&next, path).unwrap();
}

#[tokio::test]
async fn newer_document_comes_into_force_and_older_or_broken_ones_do_not() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("routes.json");
    write(&path, &document(5));
    let routes = FileReader::watch(path.clone(), Current::new("c")).unwrap();
    let mut current = routes.current.subscribe();
    let task = tokio::spawn(routes.run());
    assert_eq!(generation(&current.borrow_and_update()), Some(5));

    write(&path, &document(4));
    write(&path, "{");
    write(&path, &document(6));

    let newer = current.wait_for(|file| generation(file) != Some(5)).await.unwrap();
    assert_eq!(generation(&newer), Some(6));
    drop(newer);
    task.abort();
}

#[test]
fn document_that_is_not_written_yet_is_no_fault() {
    let (_directory, path, mut routes) = watched(None);

    routes.reload();

    assert!(refused(&routes).is_empty());
    write(&path, &document(5));
    routes.reload();
    assert_eq!(in_force(&routes), Some(5));
}

#[test]
fn last_good_document_stays_whatever_becomes_of_the_file_and_each_fault_is_told_once() {
    let (_directory, path, mut routes) = watched(Some(5));
    let other = document(9).replace(r#""cluster": "c""#, r#""cluster": "d""#);
    let truncated = document(9)[..80].to_owned();

    let faults: [(&str, &dyn Fn()); 5] = [
        ("cluster", &|| write(&path, &other)),
        ("malformed", &|| std::fs::write(&path, &truncated).unwrap()),
        ("missing", &|| std::fs::remove_file(&path).unwrap()),
        ("older", &|| write(&path, &document(4))),
        ("unreadable", &|| std::fs::write(&path, [0xff, 0xfe]).unwrap()),
    ];
    for (at, (reason, happen)) in faults.iter().enumerate() {
        happen();
        routes.reload();
        routes.reload();

        let told = faults[..=at].iter().map(|(reason, _)| (*reason).to_owned());
        let mut told: Vec<_> = told.collect();
        told.sort_unstable();
        assert_eq!(refused(&routes), told, "{reason}");
        assert_eq!(in_force(&routes), Some(5), "{reason}");
    }
    std::fs::write(&path, document(6)).unwrap();
    routes.reload();

    assert_eq!(in_force(&routes), Some(6));
}

#[test]
fn fault_that_comes_back_is_told_again() {
    let (_directory, path, mut routes) = watched(Some(5));

    for generation in [6, 7] {
        write(&path, "{");
        routes.reload();
        write(&path, &document(generation));
        routes.reload();
    }

    let page = routes.current.figures().render();
    assert!(page.contains("livecluster_route_document_refused_total{reason=\"malformed\"} 2"), "{page}");
}

#[tokio::test]
async fn directory_that_is_made_anew_is_found() {
    let (directory, path, routes) = watched(Some(5));
    let mut current = routes.current.subscribe();
    let task = tokio::spawn(routes.run());

    std::fs::remove_dir_all(directory.path()).unwrap();
    tokio::task::yield_now().await;
    std::fs::create_dir(directory.path()).unwrap();
    write(&path, &document(6));

    let newer = current.wait_for(|file| generation(file) == Some(6));
    tokio::time::timeout(Duration::from_secs(10), newer).await.expect("in time").unwrap();
    task.abort();
}

/// A directory, the document's place in it, and who reads it there.
fn watched(generation: Option<u64>) -> (tempfile::TempDir, PathBuf, FileReader) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("routes.json");
    if let Some(generation) = generation {
        write(&path, &document(generation));
    }
    let routes = FileReader::watch(path.clone(), Current::new("c")).unwrap();
    (directory, path, routes)
}

fn generation(file: &Option<Arc<File>>) -> Option<u64> {
    file.as_ref().map(|file| file.document.generation)
}

fn in_force(routes: &FileReader) -> Option<u64> {
    generation(&routes.current.subscribe().borrow())
}

/// The reasons for which documents were refused, in order.
fn refused(routes: &FileReader) -> Vec<String> {
    let page = routes.current.figures().render();
    let counts =
        page.lines().filter_map(|line| line.strip_prefix("livecluster_route_document_refused_total{reason=\""));
    counts.filter_map(|line| Some(line.strip_suffix("\"} 1")?.to_owned())).collect()
}

#[tokio::test]
async fn reading_the_document_is_not_a_change_of_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("routes.json");
    write(&path, &document(5));
    let changed = Arc::new(Notify::new());
    let _watcher = watch_directory(&path, Arc::clone(&changed)).unwrap();

    std::fs::read_to_string(&path).unwrap();
    let told = tokio::time::timeout(Duration::from_millis(100), changed.notified()).await;

    assert!(told.is_err());
}
